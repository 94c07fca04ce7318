//! The requests about sessions that may not be played, and about files made of them.

use std::path::PathBuf;

use bevy_session_journal::{
    Archived, CheckpointId, DigestOrder, NewSession, Report, RetentionPreview, Scenario,
    SessionDigester, SessionEdit, SessionId, SessionQuery, SessionUpdate, ShelfMove, StartingWorld,
    Ticket, WorldOf,
};

use super::{CurrentRequest, Request, SessionCommands, SessionRequest};

/// Requests about all sessions of this profile, whether or not they are played, and about files
/// made of them, from [`SessionCommands::library`].
#[derive(Debug)]
pub struct LibraryCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl LibraryCommands<'_, '_> {
    /// Reads the list of all sessions on this machine again, as at the start: for example after
    /// another process left one, or a cloud synced one. [`SessionsFound`](crate::SessionsFound)
    /// follows, and crashed sessions without an answer are offered again; in
    /// [development](crate::SessionPlugin::development) also those that were stopped from outside.
    pub fn find(&mut self) -> Ticket {
        self.0.request(SessionRequest::Find)
    }

    /// Starts a session with the world of a file: one that [`export`](Self::export) wrote, or a
    /// report.
    ///
    /// The world is restored as by [`branch_off`](Self::branch_off):
    /// [`SessionRestored`](crate::SessionRestored) follows with
    /// [`BranchedOff`](crate::recovery::RestoreReason::BranchedOff). The session is a new one,
    /// which takes only the world from the file: not the name, player, fields, chapters, play time
    /// or recorded events. If the file can't be used, nothing changes, and
    /// [`RequestRejected`](crate::RequestRejected) has the reason in
    /// [`SlotError::Report`](crate::slots::SlotError::Report).
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

    /// Creates a session for later without starting it: an evening that is planned with friends, a
    /// campaign that is being set up. [`SessionDrafted`](crate::library::SessionDrafted) follows
    /// when it is durable.
    ///
    /// It is listed with [`draft`](crate::SessionMetadata::draft), and can be changed, deleted and
    /// undeleted like others. [`continue_session`](crate::SessionCommands::continue_session) begins
    /// it: [`SessionStarted`](crate::SessionStarted) follows, as after
    /// [`start`](crate::SessionCommands::start), and the game builds the world. A session that is
    /// played meanwhile continues.
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

    /// Creates a new session from a checkpoint of the one that is being played, even one on a
    /// branch: a second campaign that shares the first half.
    ///
    /// The checkpoint is restored in full. Its custom fields are kept, unless the new session sets
    /// them, and its play time continues. The session that was being played is closed with its last
    /// checkpoint, as by [`close`](crate::SessionCommands::close), and stays as it was.
    /// [`SessionRestored`](crate::SessionRestored) follows with
    /// [`BranchedOff`](crate::recovery::RestoreReason::BranchedOff) and the new session's id, or
    /// [`RequestRejected`](crate::RequestRejected) as for
    /// [`rewind`](crate::SessionCommands::rewind).
    pub fn branch_off(&mut self, checkpoint: CheckpointId, session: NewSession) -> Ticket {
        let session = Box::new(session);
        self.0.request(CurrentRequest::BranchOff { checkpoint, session })
    }

    /// Changes name, description, priority, custom fields and other metadata of any session,
    /// whether or not it is played. [`SessionUpdated`](crate::library::SessionUpdated) follows when
    /// that is durable; for the one that is played, at once. The custom fields are those of its
    /// newest checkpoint; older checkpoints keep theirs.
    ///
    /// If another process plays the session, the request is rejected with
    /// [`SessionInUse`](crate::RequestError::SessionInUse).
    pub fn update(&mut self, session: SessionId, update: SessionUpdate) -> Ticket {
        self.0.request(SessionRequest::Update(session, Box::new(update)))
    }

    /// Copies a session that isn't being played, under this name: the same world, progress and play
    /// time, to try something else. [`SessionCopied`](crate::library::SessionCopied) follows when
    /// it is durable.
    ///
    /// The copy begins at the original's newest checkpoint, or the newest that can be read. It has
    /// its fields, chapters and tags, and ended as it did; a crashed session is copied as a closed
    /// one. Earlier checkpoints, slots and recorded events stay with the original, and the copy
    /// isn't [pinned](crate::SessionMetadata::pinned). To continue in a copy of the played session,
    /// use [`branch_off`](Self::branch_off).
    ///
    /// A session that was archived without its world can't be copied:
    /// [`ArchivedWithoutWorld`](crate::RequestError::ArchivedWithoutWorld). One that diverged in
    /// two places is rejected with [`Forked`](crate::RequestError::Forked).
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

    /// Moves a session that isn't being played to the trash. It stays listed, with its
    /// [`place`](crate::SessionMetadata::place), and isn't offered after a crash; resuming it takes
    /// it out of the trash. [`SessionMoved`](crate::library::SessionMoved) follows when that is
    /// durable.
    ///
    /// A session that has been in the trash for longer than
    /// [`StorageSettings::trash`](crate::library::StorageSettings::trash) is removed after a
    /// session was started or resumed. To remove one at once and for good, use
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

    /// Takes a session out of the trash. [`SessionMoved`](crate::library::SessionMoved) follows
    /// when that is durable. If it isn't there, the request is rejected with
    /// [`NotInTrash`](crate::RequestError::NotInTrash).
    ///
    /// If it had crashed, it is offered again when the list of sessions is next read.
    pub fn undelete(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Undelete))
    }

    /// Deletes a session that isn't being played, at once and for good, with everything in it. Its
    /// slots stay. [`delete`](Self::delete) moves it to the trash instead.
    pub fn purge(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Purge(session))
    }

    /// Archives a session that isn't being played: its files become one, with its newest checkpoint
    /// or only its summary. Earlier checkpoints, including named ones, and recorded events are
    /// removed; slots stay. [`SessionMoved`](crate::library::SessionMoved) follows when it is
    /// durable.
    ///
    /// Resuming the session takes it out of the archive. A session with a crash that waits for an
    /// answer is rejected with [`CrashUndecided`](crate::RequestError::CrashUndecided), and one
    /// that diverged in two places with [`Forked`](crate::RequestError::Forked).
    pub fn archive(&mut self, session: SessionId, what: Archived) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Archive(what)))
    }

    /// Takes a session out of the archive. [`SessionMoved`](crate::library::SessionMoved) follows
    /// when that is durable. If it isn't there, the request is rejected with
    /// [`NotArchived`](crate::RequestError::NotArchived), and if only its summary was kept, with
    /// [`ArchivedWithoutWorld`](crate::RequestError::ArchivedWithoutWorld).
    pub fn unarchive(&mut self, session: SessionId) -> Ticket {
        self.0.request(SessionRequest::Shelve(session, ShelfMove::Unarchive))
    }

    /// Makes the same change to each session that a query finds, on all its pages: renames, tags,
    /// archives or deletes them. The query is evaluated when the request is handled.
    ///
    /// It runs in the background, one session at a time. Each change is notified like a single
    /// request, and [`SessionsEdited`](crate::library::SessionsEdited) follows when all are done. A
    /// failure for one session doesn't affect the others.
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

    /// Removes exactly the sessions of a preview, which
    /// [`SessionCatalog::preview`](crate::SessionCatalog::preview) makes: to the trash, or the
    /// archive. A session that was played, pinned or moved since then is skipped.
    ///
    /// It runs in the background, as with [`edit_all`](Self::edit_all). If the game dies meanwhile,
    /// each session is either moved or not, and the next preview names the rest again.
    pub fn prune(&mut self, preview: RetentionPreview) -> Ticket {
        self.0.request(SessionRequest::Prune(Box::new(preview)))
    }

    /// Writes everything that is kept of a player into one file, an uncompressed tar archive of
    /// JSON and pictures that can be read without this crate: sessions with their newest
    /// checkpoint, recorded events and attachments, and slots. `docs/guide/players-data.md` has
    /// each part. A session or slot is the player's if its
    /// [`player`](crate::SessionMetadata::player) is exactly this text.
    ///
    /// [`PlayerExported`](crate::library::PlayerExported) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`UnknownPlayer`](crate::RequestError::UnknownPlayer),
    /// [`FileExists`](crate::RequestError::FileExists) or the disk's error. No existing file is
    /// replaced. Of a session that is played, the file has what is on disk.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn export_ann(mut commands: Commands) {
    ///     commands.session().library().export_player("Ann", "ann.tar");
    /// }
    /// # bevy::ecs::system::assert_is_system(export_ann);
    /// ```
    pub fn export_player(&mut self, player: impl Into<String>, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(SessionRequest::ExportPlayer { player: player.into(), path: path.into() })
    }

    /// Removes everything that is kept of a player in this profile: sessions, in the trash and the
    /// archive as well, with all that belongs to them, slots, and what this machine's state says of
    /// them. A session or slot is the player's if its [`player`](crate::SessionMetadata::player) is
    /// exactly this text. Nothing else is changed, whatever it mentions. `docs/guide/players-data.md`
    /// says what remains and until when.
    ///
    /// [`PlayerErased`](crate::library::PlayerErased) follows once that is durable, with a receipt
    /// of what was removed and what remains, or [`RequestRejected`](crate::RequestRejected) with
    /// [`UnknownPlayer`](crate::RequestError::UnknownPlayer) or the disk's error; nothing has changed
    /// then. A session that is played, here or in another process, isn't interrupted: it is among
    /// what [remains](crate::library::Remaining::InUse), and the first cleanup after that removes it.
    /// A power cut or an exit in the middle interrupts it; the next start that plays, or the next
    /// cleanup, continues it. It can't be undone.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::library::PlayerErased;
    /// use bevy_session::prelude::*;
    ///
    /// fn erase_ann(mut commands: Commands) {
    ///     commands.session().library().erase_player("Ann");
    /// }
    ///
    /// fn say_so(erased: On<PlayerErased>) {
    ///     for remaining in &erased.receipt.remaining {
    ///         warn!("{remaining}");
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(erase_ann);
    /// # App::new().add_observer(say_so);
    /// ```
    pub fn erase_player(&mut self, player: impl Into<String>) -> Ticket {
        self.0.request(SessionRequest::ErasePlayer { player: player.into() })
    }

    /// Reads the newest entries of the profile's audit log, at most `limit`. A game keeps one that
    /// sets [`StorageSettings::audit`](crate::library::StorageSettings::audit).
    ///
    /// [`AuditRead`](crate::library::AuditRead) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with the disk's error.
    pub fn audit(&mut self, limit: usize) -> Ticket {
        self.0.request(SessionRequest::ReadAudit { limit })
    }

    /// Cleans up now, as is done [every hour](crate::library::StorageSettings::cleanup): by the
    /// rules that the game set, crashes end that nobody answered
    /// ([`unanswered_crashes`](crate::library::StorageSettings::unanswered_crashes)), sessions go
    /// that [`prune_sessions`](crate::rules::SessionRulesExt::prune_sessions) doesn't keep, and
    /// ended ones are archived
    /// ([`archive_ended_sessions`](crate::rules::SessionRulesExt::archive_ended_sessions)). Then
    /// the [trash](crate::library::StorageSettings::trash) is emptied of what has been there for
    /// long, and files that dead processes left behind are removed.
    ///
    /// It runs beside everything else, after all other requests; an exit doesn't wait for it.
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
    ///     for session in &finished.outcome.sessions {
    ///         info!("{} is {:?}: {:?}", session.session, session.change, session.reason);
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(clean_up);
    /// # App::new().add_observer(say_so);
    /// ```
    pub fn clean_up(&mut self) -> Ticket {
        self.0.request(SessionRequest::CleanUp)
    }

    /// Switches to another profile, whose name may be any text: for example another player at this
    /// machine. The session that is being played is closed, as by
    /// [`close`](crate::SessionCommands::close). Then
    /// [`ProfileChanged`](crate::library::ProfileChanged) is sent,
    /// [`CurrentProfile`](crate::library::CurrentProfile) is this one, and the sessions of the
    /// profile are read as at the start: [`SessionCatalog`](crate::SessionCatalog) and
    /// [`RecoveryOffers`](crate::RecoveryOffers) are filled again, and
    /// [`SessionsFound`](crate::SessionsFound) is sent. The world stays as it is.
    ///
    /// During a restore, the request is rejected with
    /// [`RequestError::RestoreUnderWay`](crate::RequestError::RestoreUnderWay).
    pub fn use_profile(&mut self, profile: impl Into<String>) -> Ticket {
        self.0.request(Request::UseProfile(profile.into()))
    }

    /// Writes a report: one file that a player can send, and that a developer can open with
    /// `BEVY_SESSION=open:report.tar` to be where the player was.
    ///
    /// It has a checkpoint, complete in itself, the newest recorded events, facts about program and
    /// machine, and what the [`Report`] asks for. [`Report::now`] takes a checkpoint of this frame
    /// first; if a gate is closed, it has the newest one that was taken. [`Report::of_last_run`]
    /// also has the end of that run, with message, place and backtrace of a panic; see
    /// [`PreviousRun`](crate::PreviousRun).
    ///
    /// The file is an uncompressed tar archive, described in `docs/FORMAT.md`. It is written off
    /// the main thread, to an existing directory, and never replaces another file. Apart from the
    /// checkpoint it has 16 MiB at most; it names what was left out. Home directories, the user's
    /// name, e-mail and IP addresses are removed from its texts, private events are left out, and
    /// so are the values of personal ones. The checkpoint is included as the game saved it, with
    /// the session's name and the player's.
    ///
    /// [`ReportWritten`](crate::reports::ReportWritten) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`NoSession`](crate::RequestError::NoSession),
    /// [`NothingToReport`](crate::RequestError::NothingToReport),
    /// [`ConsentNotGiven`](crate::RequestError::ConsentNotGiven), as long as the player doesn't agree
    /// to reports, [`FileExists`](crate::RequestError::FileExists), or the disk's error.
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

    /// Writes the newest readable checkpoint of a session to a file, from which another machine can
    /// [import](crate::slots::SlotCommands::import) it. For the session that is being played, it is
    /// its newest durable checkpoint.
    ///
    /// Its name, player, custom fields and attachments are included. Its history isn't: no other
    /// checkpoints, no events, no logs.
    ///
    /// [`SessionExported`](crate::library::SessionExported) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`UnknownSession`](crate::RequestError::UnknownSession),
    /// [`NothingToRestore`](crate::RequestError::NothingToRestore),
    /// [`FileExists`](crate::RequestError::FileExists), or the disk's error.
    pub fn export(&mut self, session: SessionId, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(Request::Export { session, path: path.into() })
    }

    /// Makes a scenario from a session or a slot: writes its file, whose name ends with
    /// `.scenario.ron`, and beside it the world with which its sessions begin. For the played
    /// session, that is the world of this frame or, if a gate is closed, of the newest checkpoint.
    ///
    /// [`Scenario::like`] copies the session's metadata, which the game can then change. The file
    /// of the world has only the world: not the session's id, name, player, fields, chapters, play
    /// time and attachments, and nothing about the machine. Components and resources are in it as
    /// the game saved them.
    ///
    /// [`ScenarioSaved`](crate::library::ScenarioSaved) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`NotAScenario`](crate::RequestError::NotAScenario),
    /// [`UnknownSession`](crate::RequestError::UnknownSession),
    /// [`NothingToRestore`](crate::RequestError::NothingToRestore),
    /// [`FileExists`](crate::RequestError::FileExists), or the disk's error. No existing file is
    /// replaced, and either both files are written or none.
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

    /// Updates a [digester](crate::digests::SessionDigestsExt::digest_sessions)'s values of all
    /// sessions, off the main thread. [`SessionsDigested`](crate::digests::SessionsDigested)
    /// follows, and [`SessionDigests`](crate::digests::SessionDigests) has the values from then on.
    ///
    /// The played session is read as it is now, without the events of this frame. Others are as of
    /// the last time that they were read, at the start or by [`find`](Self::find), and those that
    /// this process has changed since are read again. So changes by other processes, and copies or
    /// drafts made since, are included after the next reading.
    ///
    /// If the game hasn't declared the digester, the request is rejected with
    /// [`RequestError::UnknownDigest`](crate::RequestError::UnknownDigest).
    pub fn digest<D: SessionDigester>(&mut self) {
        self.0.request(Request::Digest(DigestOrder::Refresh { name: D::NAME }));
    }

    /// Removes a digester's values of all sessions of the profile, also from the disk.
    /// [`SessionsDigested`](crate::digests::SessionsDigested) follows. The sessions themselves
    /// don't change, so [`digest`](Self::digest) computes the values again.
    pub fn remove_digests<D: SessionDigester>(&mut self) {
        self.0.request(Request::Digest(DigestOrder::Remove { name: D::NAME }));
    }
}
