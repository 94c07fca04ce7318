//! The requests about sessions that needn't be played, and about files made of them.

use std::path::PathBuf;

use bevy_session_journal::{
    Archived, CheckpointId, DigestOrder, NewSession, Report, RetentionPreview, Scenario,
    SessionDigester, SessionEdit, SessionId, SessionQuery, SessionUpdate, ShelfMove, StartingWorld,
    Ticket, WorldOf,
};

use super::{CurrentRequest, Request, SessionCommands, SessionRequest};

/// Requests about all sessions of this profile, whether they are played or not, and about files made of them, from
/// [`SessionCommands::library`].
#[derive(Debug)]
pub struct LibraryCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl LibraryCommands<'_, '_> {
    /// Looks at all sessions on this machine again, as is done once at the start: after another
    /// process left one, say, or a cloud brought one. [`SessionsFound`](crate::SessionsFound)
    /// follows, and what still waits for an answer is offered again; in
    /// [development](crate::SessionPlugin::development) also what was stopped from outside.
    pub fn find(&mut self) -> Ticket {
        self.0.request(SessionRequest::Find)
    }

    /// Starts a session whose world is that of a file: one that [`export`](Self::export) wrote, or a report.
    ///
    /// The world is put back as by [`branch_off`](Self::branch_off): [`SessionRestored`](crate::SessionRestored)
    /// follows with [`BranchedOff`](crate::recovery::RestoreReason::BranchedOff). The session is a new one, which has
    /// nothing of the one that the file was made of but the world: not its name, player, fields, chapters and
    /// play time, and no recorded events. Nothing changes if the file can't be used, and
    /// [`RequestRejected`](crate::RequestRejected) says why, with [`SlotError::Report`](crate::slots::SlotError::Report).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::library::StartingWorld;
    /// use bevy_session::prelude::*;
    ///
    /// #[derive(Resource)]
    /// struct Ruins(StartingWorld);
    ///
    /// fn begin(ruins: Res<Ruins>, mut commands: Commands) {
    ///     commands.session().library().start_in(NewSession::named("Ruins").player("Ann"), ruins.0.clone());
    /// }
    /// # bevy::ecs::system::assert_is_system(begin);
    /// ```
    pub fn start_in(&mut self, session: NewSession, world: StartingWorld) -> Ticket {
        let session = Box::new(session);
        self.0.request(SessionRequest::StartIn { session, world })
    }

    /// Keeps a session for later without starting it: the evening that is planned with friends, the campaign that
    /// is set up. [`SessionDrafted`](crate::library::SessionDrafted) follows when that is durable.
    ///
    /// It is listed with [`draft`](crate::SessionMetadata::draft), and can be changed, deleted and brought back
    /// like others. [`continue_session`](crate::SessionCommands::continue_session) begins it:
    /// [`SessionStarted`](crate::SessionStarted) follows, as after [`start`](crate::SessionCommands::start), and the world is what the
    /// game makes of it. Any session that is played meanwhile goes on.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn plan_friday(mut commands: Commands) -> Result {
    ///     let friday = NewSession::named("Friday").player("Ann").tag("co-op");
    ///     commands.session().library().draft(friday.field("map", "harbour")?);
    ///     Ok(())
    /// }
    ///
    /// fn begin_friday(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     if let Some(planned) = catalog.sessions().iter().find(|entry| entry.session.draft) {
    ///         commands.session().continue_session(planned.session.id);
    ///     }
    /// }
    /// # App::new().add_systems(Startup, plan_friday);
    /// # bevy::ecs::system::assert_is_system(begin_friday);
    /// ```
    pub fn draft(&mut self, session: NewSession) -> Ticket {
        self.0.request(SessionRequest::Draft(Box::new(session)))
    }

    /// Makes a session of its own of a checkpoint of the one that is being played, be it on a branch: a
    /// second campaign that has the first half in common.
    ///
    /// The checkpoint is restored in full, with its custom fields below those that the new session sets,
    /// and its play time goes on. The session that was being played is closed with its last checkpoint, as
    /// by [`close`](crate::SessionCommands::close), and stays as it was.
    /// [`SessionRestored`](crate::SessionRestored) follows with
    /// [`BranchedOff`](crate::recovery::RestoreReason::BranchedOff) and the new session's id, or
    /// [`RequestRejected`](crate::RequestRejected) as for [`rewind`](crate::SessionCommands::rewind).
    pub fn branch_off(&mut self, checkpoint: CheckpointId, session: NewSession) -> Ticket {
        let session = Box::new(session);
        self.0.request(CurrentRequest::BranchOff { checkpoint, session })
    }

    /// Changes name, description, priority, custom fields and so on of any session, whether it is played
    /// or not. [`SessionUpdated`](crate::library::SessionUpdated) follows when that is durable, for the one that is
    /// played at once. The custom fields are those of its newest checkpoint; older ones keep theirs.
    ///
    /// A session that another process plays is refused with
    /// [`SessionInUse`](crate::RequestError::SessionInUse).
    pub fn update(&mut self, session: SessionId, update: SessionUpdate) -> Ticket {
        self.0.request(SessionRequest::Update(session, Box::new(update)))
    }

    /// Makes a session of its own out of one that isn't being played, with this name: the same world, progress and
    /// play time, to try something else in. [`SessionCopied`](crate::library::SessionCopied) follows when it is durable.
    ///
    /// The copy begins where the other one stands: at its newest checkpoint, or the newest that can be read. It has
    /// its fields, chapters and tags, and ends as it ended; a session that crashed is copied as one that was closed.
    /// Earlier checkpoints, slots and recorded events stay with the other one, and the copy isn't
    /// [pinned](crate::SessionMetadata::pinned). To go on in a copy of what is being played, use
    /// [`branch_off`](Self::branch_off).
    ///
    /// Of a session in the archive without its world nothing can be copied:
    /// [`ArchivedWithoutWorld`](crate::RequestError::ArchivedWithoutWorld). One that went on in two places is rejected
    /// with [`Forked`](crate::RequestError::Forked).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::library::SessionCopied;
    /// use bevy_session::prelude::*;
    ///
    /// fn try_something(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     if let Some(entry) = catalog.sessions().first() {
    ///         let name = format!("{} (copy)", entry.session.name);
    ///         commands.session().library().copy(entry.session.id, name);
    ///     }
    /// }
    ///
    /// fn play_the_copy(copied: On<SessionCopied>, mut commands: Commands) {
    ///     commands.session().continue_session(copied.session);
    /// }
    /// # bevy::ecs::system::assert_is_system(try_something);
    /// # App::new().add_observer(play_the_copy);
    /// ```
    pub fn copy(&mut self, session: SessionId, name: impl Into<String>) -> Ticket {
        self.0.request(SessionRequest::Copy { session, name: name.into() })
    }

    /// Puts a session that isn't being played into the trash. It stays listed, with its
    /// [`place`](crate::SessionMetadata::place), and isn't offered after a crash; whatever takes it up brings it
    /// back. [`SessionMoved`](crate::library::SessionMoved) follows when that is durable.
    ///
    /// What has lain in the trash for longer than [`StorageSettings::trash`](crate::library::StorageSettings::trash) is
    /// removed after a session was started or taken up. To remove one at once and for good, use
    /// [`purge`](Self::purge).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn delete_the_oldest(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     if let Some(oldest) = catalog.sessions().last() {
    ///         commands.session().library().delete(oldest.session.id);
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(delete_the_oldest);
    /// ```
    pub fn delete(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Delete))
    }

    /// Takes a session out of the trash again. [`SessionMoved`](crate::library::SessionMoved) follows when that is
    /// durable. One that isn't there is rejected with [`NotInTrash`](crate::RequestError::NotInTrash).
    ///
    /// If it was left by a crash, that is offered again when the sessions are looked at next.
    pub fn undelete(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Undelete))
    }

    /// Deletes a session that isn't being played at once and for good, with everything in it. Its slots stay.
    /// [`delete`](Self::delete) puts it into the trash instead.
    pub fn purge(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Purge(session))
    }

    /// Puts a session away that isn't being played: all its files become one, with its newest checkpoint or
    /// its summary alone. Earlier checkpoints, those that have a name included, and recorded events are
    /// gone after that; slots stay. [`SessionMoved`](crate::library::SessionMoved) follows when it is durable.
    ///
    /// Whatever takes the session up brings it back. One that was left by a crash that waits for an answer is
    /// rejected with [`CrashUndecided`](crate::RequestError::CrashUndecided), and one that went on in two
    /// places with [`Forked`](crate::RequestError::Forked).
    pub fn archive(&mut self, session: SessionId, what: Archived) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Archive(what)))
    }

    /// Takes a session out of the archive again. [`SessionMoved`](crate::library::SessionMoved) follows when that is
    /// durable. One that isn't there is rejected with [`NotArchived`](crate::RequestError::NotArchived), and
    /// one of which the summary alone was kept with
    /// [`ArchivedWithoutWorld`](crate::RequestError::ArchivedWithoutWorld).
    pub fn unarchive(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Unarchive))
    }

    /// Does one thing with each session that a query finds, on all its pages: renames, tags, archives or deletes
    /// them. The query is asked when the request is handled.
    ///
    /// It goes on beside everything else, a session at a time. Each is reported as if it had been asked for alone,
    /// and [`SessionsEdited`](crate::library::SessionsEdited) follows when all are done. What can't be done with one of
    /// them doesn't keep it from the others.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::library::{SessionQuery, SessionsEdited, ShelfMove};
    ///
    /// fn delete_all_of_ann(mut commands: Commands) {
    ///     commands.session().library().edit_all(SessionQuery::default().player("Ann"), ShelfMove::Delete);
    /// }
    ///
    /// fn say_so(edited: On<SessionsEdited>) {
    ///     info!("{} deleted, {} could not be", edited.edited, edited.refused.len());
    /// }
    /// # bevy::ecs::system::assert_is_system(delete_all_of_ann);
    /// # App::new().add_observer(say_so);
    /// ```
    pub fn edit_all(&mut self, query: SessionQuery, edit: impl Into<SessionEdit>) -> Ticket {
        self.0.request(SessionRequest::EditAll(Box::new(query), edit.into()))
    }

    /// Lets exactly the sessions go that a preview names, which is made with
    /// [`SessionCatalog::preview`](crate::SessionCatalog::preview): into the trash, or the archive. One that has
    /// gone on, was pinned or moved since then is passed over.
    ///
    /// It goes on beside everything else, as with [`edit_all`](Self::edit_all). If the game dies meanwhile, each
    /// session has gone or has not, and the next preview names the others again.
    pub fn prune(&mut self, preview: RetentionPreview) -> Ticket {
        self.0.request(SessionRequest::Prune(Box::new(preview)))
    }

    /// Cleans up now, as is done [every hour](crate::library::StorageSettings::cleanup): sessions that no rule of
    /// [`prune_sessions`](crate::rules::SessionRulesExt::prune_sessions) keeps go, those that have ended are archived where
    /// [`archive_ended_sessions`](crate::rules::SessionRulesExt::archive_ended_sessions) says so, crashes end that
    /// [waited for too long](crate::library::StorageSettings::unanswered_crashes), the trash is emptied of what has been
    /// there for long, and what processes left behind that died is removed.
    ///
    /// It goes on beside everything else, after whatever else is asked for.
    /// [`CleanupFinished`](crate::library::CleanupFinished) follows.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::library::CleanupFinished;
    ///
    /// fn clean_up(mut commands: Commands) {
    ///     commands.session().library().clean_up();
    /// }
    ///
    /// fn say_so(finished: On<CleanupFinished>) {
    ///     for session in &finished.done.sessions {
    ///         info!("{} is {:?}: {:?}", session.session, session.became, session.why);
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(clean_up);
    /// # App::new().add_observer(say_so);
    /// ```
    pub fn clean_up(&mut self) -> Ticket {
        self.0.request(SessionRequest::CleanUp)
    }

    /// Erases a player, by the id that [`NewSession::player`] was given: their sessions, wherever they are, and slots, and
    /// their name in logs, in the audit log and in sessions of others.
    ///
    /// A session of another player in which this one is named keeps its newest checkpoint, with other letters in the
    /// place of the name; its history and recorded events go. [`PlayerErased`](crate::players::PlayerErased) follows
    /// when that is durable, with what has to wait. A power cut in between leaves work for the next start, which
    /// goes on by itself.
    ///
    /// It is rejected with [`SessionRunning`](crate::RequestError::SessionRunning) or
    /// [`SessionInUse`](crate::RequestError::SessionInUse) if a session of theirs is played, and nothing has changed then.
    /// What was written to other places, such as reports, isn't known here.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::players::PlayerErased;
    ///
    /// fn erase_ann(mut commands: Commands) {
    ///     commands.session().library().erase_player("Ann");
    /// }
    ///
    /// fn say_so(erased: On<PlayerErased>) {
    ///     info!("{} files are gone, {} sessions wait", erased.receipt.files, erased.receipt.pending.len());
    /// }
    /// # bevy::ecs::system::assert_is_system(erase_ann);
    /// # App::new().add_observer(say_so);
    /// ```
    pub fn erase_player(&mut self, player: impl Into<String>) -> Ticket {
        self.0.request(SessionRequest::ErasePlayer(player.into()))
    }

    /// Writes all that is kept of a player into one file, an uncompressed tar archive of JSON and pictures that can be read
    /// without this crate: sessions with their newest checkpoint, recorded events and attachments, slots, and what the
    /// audit log says of the player. What each part is stands in `docs/guide/players-data.md`.
    ///
    /// [`PlayerExported`](crate::players::PlayerExported) follows, or [`RequestRejected`](crate::RequestRejected) with
    /// [`UnknownPlayer`](crate::RequestError::UnknownPlayer) or
    /// [`FileExists`](crate::RequestError::FileExists). Of a session that is played it holds what is on the disk.
    pub fn export_player(&mut self, player: impl Into<String>, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(SessionRequest::ExportPlayer { player: player.into(), path: path.into() })
    }

    /// Reads the newest entries of the profile's audit log: who read, exported, deleted, archived or erased what. They come
    /// with [`AuditRead`](crate::players::AuditRead).
    pub fn read_audit(&mut self, limit: usize) -> Ticket {
        self.0.request(Request::ReadAudit(limit))
    }

    /// Goes on with the sessions of another profile, whose name may be any text: of another player at
    /// this machine, say. The session that is being played is closed, as by [`close`](crate::SessionCommands::close).
    /// Then [`ProfileChanged`](crate::library::ProfileChanged) says that
    /// [`CurrentProfile`](crate::library::CurrentProfile) is this one, and the sessions of the profile are
    /// looked at as at the start: [`SessionCatalog`](crate::SessionCatalog) and
    /// [`RecoveryOffers`](crate::RecoveryOffers) are filled again, and
    /// [`SessionsFound`](crate::SessionsFound) is sent. The world stays as it is.
    ///
    /// While a restore is under way, the request is rejected with
    /// [`RequestError::RestoreUnderWay`](crate::RequestError::RestoreUnderWay).
    pub fn use_profile(&mut self, profile: impl Into<String>) -> Ticket {
        self.0.request(Request::UseProfile(profile.into()))
    }

    /// Writes a report: one file that a player can send, and that a developer can open with
    /// `BEVY_SESSION=open:report.tar` to be where the player was.
    ///
    /// It holds a checkpoint, complete in itself, the newest recorded events, what is known of program and machine,
    /// and what the [`Report`] asks for. [`Report::now`] takes a checkpoint of this frame first; where
    /// a gate is closed, it is about the newest one that was taken.
    /// [`Report::of_last_run`] also says how that ended, with message, place and
    /// backtrace of a panic; see [`PreviousRun`](crate::PreviousRun).
    ///
    /// The file is an uncompressed tar archive, described in `docs/FORMAT.md`. It is made off the main thread,
    /// in a directory that exists, and never in the place of another file. Apart from the checkpoint it has 16 MiB
    /// at most; what had no room is named in it. Home directories, the name of the user, e-mail and IP addresses are
    /// removed from its texts, private events are left out, and of personal ones the values. The checkpoint
    /// holds what the game saved, as it is: the session's name and the player's among it.
    ///
    /// [`ReportWritten`](crate::reports::ReportWritten) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with what is in the way:
    /// [`NoSession`](crate::RequestError::NoSession),
    /// [`NothingToReport`](crate::RequestError::NothingToReport),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::reports::Report;
    ///
    /// fn something_is_wrong(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
    ///     if keys.just_pressed(KeyCode::F8) {
    ///         let report = Report::now().note("The door ate my dog.").picture();
    ///         commands.session().library().report(report, "report.tar");
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(something_is_wrong);
    /// ```
    pub fn report(&mut self, report: Report, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(Request::Report { report, path: path.into() })
    }

    /// Writes the newest checkpoint of a session that can be read into a file, from which another machine can
    /// [import](crate::slots::SlotCommands::import) it. The session may be the one that is being played; then it is its
    /// newest checkpoint that is safe.
    ///
    /// Its name, player, custom fields and attachments go with it. Its history doesn't: no other
    /// checkpoints, no events, no logs.
    ///
    /// [`SessionExported`](crate::library::SessionExported) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`UnknownSession`](crate::RequestError::UnknownSession),
    /// [`NothingToRestore`](crate::RequestError::NothingToRestore),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says.
    pub fn export(&mut self, session: SessionId, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(Request::Export { session, path: path.into() })
    }

    /// Makes a scenario of a session or a slot: writes its file, whose name ends with `.scenario.ron`, and beside that
    /// the world with which sessions of it begin. Of the session that is played it is the world of this frame; where a
    /// gate is closed, that of the newest checkpoint.
    ///
    /// [`Scenario::like`] takes over what the session says of itself, from which the game chooses. The file of the world
    /// has nothing but the world: not the session's id, name, player, fields, chapters, play time and attachments, and
    /// nothing of the machine. What the game saved in components and resources is in it as it is.
    ///
    /// [`ScenarioSaved`](crate::library::ScenarioSaved) follows, or [`RequestRejected`](crate::RequestRejected) with
    /// [`NotAScenario`](crate::RequestError::NotAScenario), [`UnknownSession`](crate::RequestError::UnknownSession),
    /// [`NothingToRestore`](crate::RequestError::NothingToRestore),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says. No file takes the place of another, and
    /// both are there or none.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::scenarios::Scenario;
    ///
    /// fn make_a_scenario_of_this(current: Res<CurrentSession>, mut commands: Commands) {
    ///     let mut scenario = Scenario::like(current.metadata(), current.fields());
    ///     scenario.name = "Ruins".to_owned();
    ///     let path = "assets/scenarios/ruins.scenario.ron";
    ///     commands.session().library().save_as_scenario(current.id(), scenario, path);
    /// }
    /// # bevy::ecs::system::assert_is_system(make_a_scenario_of_this);
    /// ```
    pub fn save_as_scenario(
        &mut self,
        of: impl Into<WorldOf>,
        scenario: Scenario,
        path: impl Into<PathBuf>,
    ) -> Ticket {
        let (of, scenario, path) = (of.into(), Box::new(scenario), path.into());
        self.0.request(Request::SaveAsScenario { of, scenario, path })
    }

    /// Brings up to date what a [digester](crate::digests::SessionDigestsExt::digest_sessions) makes of each session,
    /// off the main thread. [`SessionsDigested`](crate::digests::SessionsDigested) follows, and
    /// [`SessionDigests`](crate::digests::SessionDigests) has the values from then on.
    ///
    /// The session that is played is read as it is now, without what has happened in this very frame. Others are what
    /// they were when they were looked at last, at the start or by [`find`](Self::find), and those
    /// that this process has changed since are looked at. So what another process has done since, and a copy or draft
    /// that was made since, comes with the next look.
    ///
    /// A digester that the game hasn't named is refused with
    /// [`RequestError::UnknownDigest`](crate::RequestError::UnknownDigest).
    pub fn digest<D: SessionDigester>(&mut self) {
        self.0.request(Request::Digest(DigestOrder::Refresh { name: D::NAME }));
    }

    /// Removes what a digester made of all sessions of the profile, also from the disk.
    /// [`SessionsDigested`](crate::digests::SessionsDigested) follows. What it was made of stays in the sessions, so that
    /// [`digest`](Self::digest) makes it again.
    pub fn remove_digests<D: SessionDigester>(&mut self) {
        self.0.request(Request::Digest(DigestOrder::Remove { name: D::NAME }));
    }
}
