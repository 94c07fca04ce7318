//! The requests as methods of `Commands`.

use std::fmt::{self, Debug, Formatter};

use bevy::prelude::*;
use tracing::error;

use super::{
    AttachmentRequest, CurrentRequest, Request, RequestQueue, SessionRequest, SlotRequest,
};
use crate::capture::SaveKey;
use crate::digest::{DigestOrder, SessionDigester};
use crate::external_saves::{ExternalDone, ExternalRequestId};
use crate::ids::Ticket;
use crate::journal::{CheckpointId, CheckpointKind, SessionId, SlotId};
use crate::lifecycle::{CurrentSession, ExternalRequest, RewindTo};
use crate::recovery::EventQuery;
use crate::session::{
    Attachment, AttachmentOf, EndReason, Leaving, NewSession, RestoreFrom, SaveSlot, SessionUpdate,
};

/// Gives [`Commands`] the requests that a game makes of its sessions.
pub trait SessionCommandsExt {
    /// What can be asked of the plugin, and of the session that is being played.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn new_game(mut commands: Commands) {
    ///     commands.session().start(NewSession::named("Campaign").player("Maverick"));
    /// }
    /// # bevy::ecs::system::assert_is_system(new_game);
    /// ```
    fn session(&mut self) -> SessionCommands<'_, '_>;
}

impl SessionCommandsExt for Commands<'_, '_> {
    fn session(&mut self) -> SessionCommands<'_, '_> {
        SessionCommands { commands: self.reborrow(), by: None }
    }
}

/// The requests that a game makes, from [`Commands::session`](SessionCommandsExt::session).
///
/// Requests are handled in order, in the same frame unless something before them, such as a restore,
/// isn't done. [`cancel_restore`](Self::cancel_restore) and answers don't wait. One that isn't legal
/// then changes nothing and is answered with [`RequestRejected`](crate::RequestRejected). What is asked
/// of the session that is being played is never done to another one that took its place while the
/// request waited.
///
/// Each method but [`begin_chapter`](Self::begin_chapter) returns a [`Ticket`], which the answers have as well:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
///
/// #[derive(Resource)]
/// struct BeforeTheDragon(Ticket);
///
/// fn save_moment(mut commands: Commands) {
///     let ticket = commands.session().checkpoint("before the dragon");
///     commands.insert_resource(BeforeTheDragon(ticket));
/// }
///
/// fn is_safe(saved: On<CheckpointSaved>, asked: Res<BeforeTheDragon>) {
///     if saved.ticket == Some(asked.0) {
///         info!("checkpoint {} is the one", saved.checkpoint);
///     }
/// }
/// # App::new().add_systems(Update, save_moment).add_observer(is_safe);
/// ```
pub struct SessionCommands<'w, 's> {
    commands: Commands<'w, 's>,
    by: Option<String>,
}

impl Debug for SessionCommands<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCommands").finish_non_exhaustive()
    }
}

impl SessionCommands<'_, '_> {
    /// Makes the requests that follow for this player, as the game calls them. Without it, the game itself asks. It
    /// means something only to the game's [guards](crate::SessionHooksExt::guard_requests).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn pause_was_pressed(mut commands: Commands) {
    ///     commands.session().by("Ben").pause();
    /// }
    /// # bevy::ecs::system::assert_is_system(pause_was_pressed);
    /// ```
    #[must_use]
    pub fn by(mut self, player: impl Into<String>) -> Self {
        self.by = Some(player.into());
        self
    }

    /// The same for a player, or for the game itself.
    #[cfg(feature = "ui")]
    pub(crate) fn asked_by(mut self, by: &Option<String>) -> Self {
        self.by.clone_from(by);
        self
    }

    /// Makes a request that was put together elsewhere.
    pub fn request(&mut self, request: impl Into<Request>) -> Ticket {
        let (request, by) = (request.into(), self.by.clone());
        let ticket = Ticket::new();
        self.commands.queue(move |world: &mut World| {
            let current = world.get_resource::<CurrentSession>().map(CurrentSession::id);
            match world.get_resource_mut::<RequestQueue>() {
                Some(mut queue) => queue.push_by(by, (ticket, request), current),
                None => error!("{request:?} came to nothing: add `SessionPlugin` to the app"),
            }
        });
        ticket
    }

    /// Starts a session. [`SessionStarted`](crate::SessionStarted) follows in one of the next frames.
    pub fn start(&mut self, session: NewSession) -> Ticket {
        self.request(SessionRequest::Start(session))
    }

    /// Takes up the newest session of this name and player that can go on, recovering it if it crashed,
    /// or starts one: all that a server or jam game needs. If that session is played already, nothing
    /// happens. If another process plays it, the request waits up to two seconds for it to end, and is
    /// rejected then. If nothing of it can be read, because it is damaged, a new session is started.
    ///
    /// The player isn't asked. With [`RecoveryPolicy::Never`](crate::RecoveryPolicy::Never) a crashed
    /// session is passed over. With [`RecoveryPolicy::Automatic`](crate::RecoveryPolicy::Automatic) it
    /// goes back, and at last starts a new one, where the game died again and again. A newer backup of
    /// the game's own is loaded instead of a checkpoint.
    pub fn start_or_continue(&mut self, session: NewSession) -> Ticket {
        self.request(SessionRequest::StartOrContinue(session))
    }

    /// Pauses the session. A checkpoint is taken first if
    /// [`SessionSettings::autosave`](crate::SessionSettings::autosave) is on and no gate is closed.
    pub fn pause(&mut self) -> Ticket {
        self.request(CurrentRequest::Pause)
    }

    /// Lets a paused session go on.
    pub fn resume(&mut self) -> Ticket {
        self.request(CurrentRequest::Resume)
    }

    /// Changes name, description, custom fields and so on of the session that is being played.
    pub fn update(&mut self, update: SessionUpdate) -> Ticket {
        self.request(CurrentRequest::Update(update))
    }

    /// Renames the session that is being played.
    pub fn rename(&mut self, name: impl Into<String>) -> Ticket {
        self.update(SessionUpdate::default().name(name))
    }

    /// Takes a checkpoint of this frame, or, where a gate is closed, as soon as it opens.
    /// [`CheckpointSaved`](crate::CheckpointSaved) with its label follows when it is durable, or
    /// [`CheckpointFailed`](crate::CheckpointFailed), and both have the [`Ticket`] of the request.
    pub fn checkpoint(&mut self, label: impl Into<String>) -> Ticket {
        let (label, kind) = (label.into(), CheckpointKind::Manual);
        self.request(CurrentRequest::Checkpoint { label, kind })
    }

    /// Leaves the session. A last checkpoint is taken first, unless a gate is closed. It can be
    /// continued later.
    pub fn close(&mut self) -> Ticket {
        self.close_because(Leaving::default())
    }

    /// Leaves the session as [`close`](Self::close) does, and says what brings that about: a
    /// [`LeaveCause`](crate::LeaveCause), the game's own words, or both. It is in
    /// [`SessionEntry::left`](crate::SessionEntry::left).
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::{LeaveCause, Leaving};
    ///
    /// # fn system(mut commands: Commands) {
    /// commands.session().close_because("Resting in the inn");
    /// commands.session().close_because(Leaving::by(LeaveCause::Idle).saying("ten minutes without input"));
    /// # }
    /// ```
    pub fn close_because(&mut self, leaving: impl Into<Leaving>) -> Ticket {
        self.request(CurrentRequest::Close(leaving.into()))
    }

    /// Takes up a session that was closed, at its newest checkpoint.
    ///
    /// If another session is being played, that is closed first, as by [`close`](Self::close): by this
    /// as by [`recover`](Self::recover) and [`load`](Self::load). It goes on until the one that is
    /// wanted was read and decoded, and if that fails, it goes on as if nothing had been asked.
    pub fn continue_session(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Continue(session))
    }

    /// Ends the session for good. A last checkpoint is taken first, unless a gate is closed.
    pub fn end(&mut self, reason: EndReason) -> Ticket {
        self.end_because(reason, Leaving::default())
    }

    /// Ends the session as [`end`](Self::end) does, and says what brings that about, as in
    /// [`close_because`](Self::close_because): "The reactor blew up".
    pub fn end_because(&mut self, reason: EndReason, leaving: impl Into<Leaving>) -> Ticket {
        self.request(CurrentRequest::End { reason, leaving: leaving.into() })
    }

    /// Changes name, description, priority, custom fields and so on of any session, whether it is played
    /// or not. [`SessionUpdated`](crate::SessionUpdated) follows when that is durable, for the one that is
    /// played at once. The custom fields are those of its newest checkpoint; older ones keep theirs.
    ///
    /// A session that another process plays is refused with
    /// [`SessionInUse`](crate::RequestError::SessionInUse).
    pub fn update_session(&mut self, session: SessionId, update: SessionUpdate) -> Ticket {
        self.request(SessionRequest::Update(session, Box::new(update)))
    }

    /// Puts the player back: into a crashed session, or, for the one that is being played, to an
    /// earlier moment of it.
    ///
    /// If another session is being played, that is closed first, as by
    /// [`continue_session`](Self::continue_session). If it is this one, a checkpoint of kind [`Rewind`](CheckpointKind::Rewind) is taken first of
    /// what was played since the last one, unless a gate is closed as in a menu: the way back can be
    /// taken back. [`RestoreFrom::Latest`] is the one before that.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn follow_the_proposal(crash: On<RecoveryAvailable>, mut commands: Commands) {
    ///     match crash.offer.proposed.restore_from() {
    ///         Some(from) => {
    ///             commands.session().recover(crash.offer.session.id, from);
    ///         }
    ///         None => {
    ///             commands.session().decline(crash.offer.session.id);
    ///             commands.session().start(NewSession::named("A fresh start"));
    ///         }
    ///     }
    /// }
    /// # App::new().add_observer(follow_the_proposal);
    /// ```
    pub fn recover(&mut self, session: SessionId, from: RestoreFrom) -> Ticket {
        self.request(SessionRequest::Recover(session, from))
    }

    /// Goes back to an earlier moment of the session that is being played.
    ///
    /// What was played since the last checkpoint is captured first, as a checkpoint of kind
    /// [`Rewind`](CheckpointKind::Rewind), unless a gate of
    /// [`checkpoint_while`](crate::SessionHooksExt::checkpoint_while) is closed. What came after the moment
    /// stays as a branch: [`undo_rewind`](Self::undo_rewind) goes back to its end, and a crash never
    /// offers it. The session keeps
    /// [`max_branches`](crate::SessionSettings::max_branches) of them.
    ///
    /// With [`RewindTo::Ago`], where the checkpoint that is meant is damaged, the next older one that can be
    /// read is restored, or the oldest. [`SessionRestored`](crate::SessionRestored) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`NoSession`](crate::RequestError::NoSession),
    /// [`RestoreUnderWay`](crate::RequestError::RestoreUnderWay),
    /// [`WriterBehind`](crate::RequestError::WriterBehind),
    /// [`CheckpointPruned`](crate::RequestError::CheckpointPruned), or
    /// [`UnknownCheckpoint`](crate::RequestError::UnknownCheckpoint) for one of another session.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use std::time::Duration;
    ///
    /// fn a_minute_back(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
    ///     if keys.just_pressed(KeyCode::Backspace) {
    ///         commands.session().rewind(RewindTo::Ago(Duration::from_secs(60)));
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(a_minute_back);
    /// ```
    pub fn rewind(&mut self, to: RewindTo) -> Ticket {
        self.request(CurrentRequest::Rewind(to))
    }

    /// Goes back to what the newest rewind on this line has left, also if the game was closed or has
    /// crashed since. What is left by this becomes a branch in turn. Once more takes back the rewind before
    /// that, until [`NothingToUndo`](crate::RequestError::NothingToUndo) says that there is none left.
    ///
    /// Whatever goes back within the session that is played counts as a rewind, so that a
    /// [`recover`](Self::recover) of it can be undone too. If retention has removed what was left, the
    /// request is rejected with [`CheckpointPruned`](crate::RequestError::CheckpointPruned).
    pub fn undo_rewind(&mut self) -> Ticket {
        self.request(CurrentRequest::UndoRewind)
    }

    /// Goes back to what the session had come to before the newest load of a slot on this line, as
    /// [`undo_rewind`](Self::undo_rewind) does for a rewind.
    pub fn undo_load(&mut self) -> Ticket {
        self.request(CurrentRequest::UndoLoad)
    }

    /// Makes a session of its own of a checkpoint of the one that is being played, be it on a branch: a
    /// second campaign that has the first half in common.
    ///
    /// The checkpoint is restored in full, with its custom fields below those that the new session sets,
    /// and its play time goes on. The session that was being played is closed with its last checkpoint, as
    /// by [`close`](Self::close), and stays as it was.
    /// [`SessionRestored`](crate::SessionRestored) follows with
    /// [`BranchedOff`](crate::RestoreReason::BranchedOff) and the new session's id, or
    /// [`RequestRejected`](crate::RequestRejected) as for [`rewind`](Self::rewind).
    pub fn branch_off(&mut self, checkpoint: CheckpointId, session: NewSession) -> Ticket {
        let session = Box::new(session);
        self.request(CurrentRequest::BranchOff { checkpoint, session })
    }

    /// Takes a way out of a crash that the game has added with
    /// [`recovery_option`](crate::SessionHooksExt::recovery_option). The offer is answered by that. If there
    /// is no such way now, the request is rejected with
    /// [`UnknownOption`](crate::RequestError::UnknownOption), and the offer stays.
    pub fn take_option(&mut self, session: SessionId, option: impl Into<String>) -> Ticket {
        self.request(SessionRequest::TakeOption { session, option: option.into() })
    }

    /// Sets a crashed session aside. Its data is kept until retention, and it isn't offered again
    /// unless it crashes again.
    pub fn decline(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Decline(session))
    }

    /// Looks at all sessions on this machine again, as is done once at the start: after another
    /// process left one, say, or a cloud brought one. [`SessionsFound`](crate::SessionsFound)
    /// follows, and what still waits for an answer is offered again; in
    /// [development](crate::SessionPlugin::development) also what was stopped from outside.
    pub fn find_sessions(&mut self) -> Ticket {
        self.request(SessionRequest::Find)
    }

    /// Gives up the restore that is under way, and leaves the world as it was before. Until
    /// [`RestoreStarted`](crate::RestoreStarted) nothing of the world has changed. After it, while the restore waits for
    /// its gate, resources and states become what they were. Where a session is played and states were left for the
    /// restore, the session comes back as it was left, by a restore of its own with
    /// [`RestoreReason::Undone`](crate::RestoreReason::Undone), since what belonged to those states is gone.
    pub fn cancel_restore(&mut self) -> Ticket {
        self.request(SessionRequest::CancelRestore)
    }

    /// Forgets that the placed entity with this key is gone, and the values that were kept for it:
    /// the next one that comes with the key begins as its level spawns it. For goblins that come back.
    pub fn forget_key(&mut self, key: impl Into<SaveKey>) -> Ticket {
        self.request(CurrentRequest::ForgetKey(key.into()))
    }

    /// Forgets all keys that begin with this, as [`forget_key`](Self::forget_key) does: for a new
    /// round of a level that the game clears away by itself. What goes with a saved state, by
    /// `DespawnOnExit`, needs no such call.
    pub fn forget_keys(&mut self, prefix: impl Into<String>) -> Ticket {
        self.request(CurrentRequest::ForgetKeys(prefix.into()))
    }

    /// Goes on with the sessions of another profile, whose name may be any text: of another player at
    /// this machine, say. The session that is being played is closed, as by [`close`](Self::close).
    /// Then [`ProfileChanged`](crate::ProfileChanged) says that
    /// [`CurrentProfile`](crate::CurrentProfile) is this one, and the sessions of the profile are
    /// looked at as at the start: [`SessionCatalog`](crate::SessionCatalog) and
    /// [`RecoveryOffers`](crate::RecoveryOffers) are filled again, and
    /// [`SessionsFound`](crate::SessionsFound) is sent. The world stays as it is.
    ///
    /// While a restore is under way, the request is rejected with
    /// [`RequestError::RestoreUnderWay`](crate::RequestError::RestoreUnderWay).
    pub fn use_profile(&mut self, profile: impl Into<String>) -> Ticket {
        self.request(Request::UseProfile(profile.into()))
    }

    /// Reads what happened in a session, off the main thread and a page at a time.
    /// [`EventsRead`](crate::EventsRead) follows, and [`SessionEvents`](crate::SessionEvents) has the page
    /// from then on.
    ///
    /// What has happened in this very frame isn't on it. References to entities in the values are the ids
    /// that they have in the session.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::EventQuery;
    ///
    /// fn show_the_last_ten(current: Res<CurrentSession>, mut commands: Commands) {
    ///     let query = EventQuery { limit: 10, ..EventQuery::of(current.id()) };
    ///     commands.session().read_events(query);
    /// }
    /// # bevy::ecs::system::assert_is_system(show_the_last_ten);
    /// ```
    pub fn read_events(&mut self, query: EventQuery) -> Ticket {
        self.request(Request::ReadEvents(Box::new(query)))
    }

    /// Looks at all that was recorded in a session, and says what of it is whole.
    /// [`EventsValidated`](crate::EventsValidated) follows.
    pub fn validate_events(&mut self, session: SessionId) -> Ticket {
        self.request(Request::ValidateEvents(session))
    }

    /// Brings up to date what a [digester](crate::SessionDigestsExt::digest_sessions) makes of each session,
    /// off the main thread. [`SessionsDigested`](crate::SessionsDigested) follows, and
    /// [`SessionDigests`](crate::SessionDigests) has the values from then on.
    ///
    /// The session that is played is read as it is now, without what has happened in this very frame. Others are what
    /// they were when they were looked at last, at the start or by [`find_sessions`](Self::find_sessions), and those
    /// that this process has changed since are looked at. So what another process has done since, and a copy or draft
    /// that was made since, comes with the next look.
    ///
    /// A digester that the game hasn't named is refused with
    /// [`RequestError::UnknownDigest`](crate::RequestError::UnknownDigest).
    pub fn digest_sessions<D: SessionDigester>(&mut self) {
        self.request(Request::Digest(DigestOrder::Refresh { name: D::NAME }));
    }

    /// Removes what a digester made of all sessions of the profile, also from the disk.
    /// [`SessionsDigested`](crate::SessionsDigested) follows. What it was made of stays in the sessions, so that
    /// [`digest_sessions`](Self::digest_sessions) makes it again.
    pub fn forget_digests<D: SessionDigester>(&mut self) {
        self.request(Request::Digest(DigestOrder::Forget { name: D::NAME }));
    }

    /// Answers [`ExternalSaveRequested`](crate::ExternalSaveRequested) and
    /// [`ExternalRestoreRequested`](crate::ExternalRestoreRequested): the game has saved, or loaded. A text
    /// alone is the details; see [`ExternalDone`] for the slot.
    /// [`ExternalOperationFinished`](crate::ExternalOperationFinished) follows.
    ///
    /// An answer to a request that isn't open is rejected with an
    /// [`ExternalError`](crate::ExternalError): one that was answered before, whose time was over, or that
    /// was never made.
    pub fn external_done(
        &mut self,
        request: ExternalRequestId,
        done: impl Into<ExternalDone>,
    ) -> Ticket {
        let result = Ok(done.into());
        self.request(ExternalRequest::Answer { request, result })
    }

    /// Answers as [`external_done`](Self::external_done) does: the game could not save, or load. A
    /// backup that couldn't be loaded is marked with
    /// [`OfferedBackup::failure`](crate::OfferedBackup::failure), and can't be chosen again.
    pub fn external_failed(
        &mut self,
        request: ExternalRequestId,
        error: impl Into<String>,
    ) -> Ticket {
        let result = Err(error.into());
        self.request(ExternalRequest::Answer { request, result })
    }

    /// Goes on from a backup of the game's own, instead of from a checkpoint of the session that crashed;
    /// see [`RecoveryOffers::backups`](crate::RecoveryOffers::backups).
    ///
    /// The game is asked to load it, with
    /// [`ExternalRestoreRequested`](crate::ExternalRestoreRequested). When it has, the session goes on
    /// with the world that was loaded, and [`SessionRecovered`](crate::SessionRecovered) follows:
    /// nothing of its checkpoints is put into that world, and its name, custom fields and play time are
    /// those of the newest one. If it fails or isn't answered, the offer stays, and the backup is
    /// marked.
    pub fn recover_external(&mut self, session: SessionId, slot: impl Into<String>) -> Ticket {
        self.request(ExternalRequest::Recover { session, slot: slot.into() })
    }

    /// Deletes a session that isn't being played at once and for good, with everything in it. Its slots stay.
    /// [`delete`](Self::delete) puts it into the trash instead.
    pub fn forget(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Forget(session))
    }

    /// Saves into a slot: takes a checkpoint of this frame, or, where a gate is closed, as soon as it
    /// opens, and makes a copy of it that is complete in itself. [`SlotSaved`](crate::SlotSaved)
    /// follows when that is durable, or [`SlotFailed`](crate::SlotFailed).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn save(mut commands: Commands) {
    ///     commands.session().save(SaveSlot::manual("Before the boss"));
    ///     // The player was asked, and wants the old one replaced:
    ///     commands.session().save(SaveSlot::manual("Autumn").overwrite());
    /// }
    /// # bevy::ecs::system::assert_is_system(save);
    /// ```
    pub fn save(&mut self, slot: SaveSlot) -> Ticket {
        self.request(SlotRequest::Save(slot))
    }

    /// Saves into the player's one quick slot, which is replaced. [`SlotSaved`](crate::SlotSaved)
    /// follows.
    pub fn quick_save(&mut self) -> Ticket {
        self.save(SaveSlot::quick())
    }

    /// Loads the quick slot of who plays; in a menu, the newest quick slot there is.
    pub fn quick_load(&mut self) -> Ticket {
        self.request(SlotRequest::QuickLoad)
    }

    /// Goes on from a slot, in the session that it was saved in. If another one is being played, that
    /// is closed first, as by [`continue_session`](Self::continue_session). What the slot's session came to after it was saved
    /// stays reachable as after a rewind.
    ///
    /// Of a slot that is damaged, unknown or another player's nothing changes, and
    /// [`RequestRejected`](crate::RequestRejected) says so.
    pub fn load(&mut self, slot: SlotId) -> Ticket {
        self.request(SlotRequest::Load(slot))
    }

    /// Gives a slot another name. [`SlotRenamed`](crate::SlotRenamed) follows. A quick or exit slot
    /// becomes a manual one by it.
    pub fn rename_slot(&mut self, slot: SlotId, name: impl Into<String>) -> Ticket {
        self.request(SlotRequest::Rename { slot, name: name.into() })
    }

    /// Copies a slot to another name, as a manual one. [`SlotCopied`](crate::SlotCopied) follows.
    pub fn copy_slot(&mut self, slot: SlotId, name: impl Into<String>) -> Ticket {
        self.request(SlotRequest::Copy { slot, name: name.into() })
    }

    /// Deletes a slot with all copies that a cloud may have made of its file.
    /// [`SlotDeleted`](crate::SlotDeleted) follows.
    pub fn delete_slot(&mut self, slot: SlotId) -> Ticket {
        self.request(SlotRequest::Delete(slot))
    }

    /// Lays bytes of the game's own beside a checkpoint of the session that is being played, such as a
    /// thumbnail or a list of mods. They go into the slots that are made of it, and go when it goes.
    /// The checkpoint may have been captured a few frames ago, and slots been made of it already.
    /// [`AttachmentSaved`](crate::AttachmentSaved) follows.
    ///
    /// The name is 1 to 40 of `a` to `z`, `0` to `9`, `_` and `-`; listings look for `thumbnail`. At most
    /// 1 MiB. What was attached under the same name is replaced. An automatic checkpoint that was
    /// merged into the next one since the disk is slow has nothing to attach to.
    pub fn attach(
        &mut self,
        checkpoint: CheckpointId,
        name: impl Into<String>,
        bytes: Vec<u8>,
    ) -> Ticket {
        let attachment = Attachment::new(name.into(), bytes);
        self.request(AttachmentRequest::Attach { checkpoint, attachment })
    }

    /// Attaches bytes of the game's own to the session that is being played, such as a map that players draw or the
    /// picture on a pin. They go with the session and not with its world: a rewind leaves them, and copies and the
    /// archive have them; slots, reports and sessions that branch off don't.
    /// [`SessionAttachmentSaved`](crate::SessionAttachmentSaved) follows once they are durable, and
    /// [`CurrentSession::attachments`](crate::CurrentSession::attachments) lists them.
    ///
    /// The name is 1 to 40 of `a` to `z`, `0` to `9`, `_` and `-`. At most 1 MiB. What is attached under the same name
    /// is its next version; how many are kept, and how much all may take, is
    /// [`SessionSettings::attachments`](crate::SessionSettings::attachments).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::AttachmentOf;
    ///
    /// fn save_map(session: Res<CurrentSession>, mut commands: Commands) {
    ///     commands.session().attach_to_session("map", vec![1, 2, 3]);
    ///     // What was drawn before the last time:
    ///     let before = session.attachments("map").rev().nth(1).map(|before| before.version);
    ///     let of = AttachmentOf::Session { session: session.id(), version: before };
    ///     commands.session().read_attachment(of, "map");
    /// }
    /// # bevy::ecs::system::assert_is_system(save_map);
    /// ```
    pub fn attach_to_session(&mut self, name: impl Into<String>, bytes: Vec<u8>) -> Ticket {
        self.request(AttachmentRequest::AttachToSession(Attachment::new(name.into(), bytes)))
    }

    /// Removes all versions of what was attached to the session that is being played.
    /// [`SessionAttachmentRemoved`](crate::SessionAttachmentRemoved) follows.
    pub fn detach(&mut self, name: impl Into<String>) -> Ticket {
        self.request(AttachmentRequest::Detach { name: name.into() })
    }

    /// Reads an attachment. [`AttachmentRead`](crate::AttachmentRead) follows.
    pub fn read_attachment(&mut self, of: AttachmentOf, name: impl Into<String>) -> Ticket {
        self.request(AttachmentRequest::Read { of, name: name.into() })
    }
}
