//! What a game asks for.

use std::fmt::{self, Debug, Formatter};
use std::path::PathBuf;

use bevy::prelude::*;
use serde::Serialize;
use tracing::error;

use super::RequestQueue;
use crate::capture::SaveKey;
use crate::journal::{CheckpointId, CheckpointKind, SessionId, SlotId};
use crate::session::{
    Attachment, AttachmentOf, EndReason, FieldError, Fields, NewSession, RestoreFrom, SaveSlot,
    SessionPriority,
};

/// One request of the game, as it was made.
///
/// Games make requests with the methods of [`SessionCommands`]; they meet this type again in
/// [`RequestRejected`](crate::RequestRejected).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Request {
    /// [`SessionCommands::start`].
    Start(NewSession),
    /// [`SessionCommands::start_or_continue`].
    StartOrContinue(NewSession),
    /// [`SessionCommands::pause`].
    Pause,
    /// [`SessionCommands::resume`].
    Resume,
    /// [`SessionCommands::update`].
    Update(SessionUpdate),
    /// [`SessionCommands::checkpoint`].
    Checkpoint {
        /// What the game calls the moment.
        label: String,
        /// Why it is taken.
        kind: CheckpointKind,
    },
    /// [`SessionCommands::close`].
    Close,
    /// [`SessionCommands::continue_session`].
    Continue(SessionId),
    /// [`SessionCommands::end`].
    End(EndReason),
    /// [`SessionCommands::recover`].
    Recover(SessionId, RestoreFrom),
    /// [`SessionCommands::decline`].
    Decline(SessionId),
    /// [`SessionCommands::forget`].
    Forget(SessionId),
    /// [`SessionCommands::find_sessions`].
    Find,
    /// [`SessionCommands::cancel_restore`].
    CancelRestore,
    /// [`SessionCommands::forget_key`].
    ForgetKey(SaveKey),
    /// [`SessionCommands::forget_keys`], with what the keys begin with.
    ForgetKeys(String),
    /// [`SessionCommands::save`] and [`SessionCommands::quick_save`].
    Save(SaveSlot),
    /// [`SessionCommands::load`].
    Load(SlotId),
    /// [`SessionCommands::quick_load`].
    QuickLoad,
    /// [`SessionCommands::copy_slot`].
    CopySlot {
        /// The slot.
        slot: SlotId,
        /// What the copy is to be called.
        name: String,
    },
    /// [`SessionCommands::rename_slot`].
    RenameSlot {
        /// The slot.
        slot: SlotId,
        /// What it is to be called.
        name: String,
    },
    /// [`SessionCommands::delete_slot`].
    DeleteSlot(SlotId),
    /// [`SessionCommands::attach`].
    Attach {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What is to be laid beside it.
        attachment: Attachment,
    },
    /// [`SessionCommands::read_attachment`].
    ReadAttachment {
        /// Where it is.
        of: AttachmentOf,
        /// What it is called.
        name: String,
    },
    /// [`SessionCommands::use_profile`].
    UseProfile(String),
    /// [`SessionCommands::write_crash_report`].
    WriteCrashReport(PathBuf),
}

/// Changes to the session that is being played. What isn't set stays as it is.
///
/// ```
/// use bevy_session::SessionUpdate;
///
/// let update = SessionUpdate::default()
///     .name("Chapter 2")
///     .field("current_mission", &"the bridge")?
///     .field("deaths", &3)?;
/// # Ok::<(), bevy_session::FieldError>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SessionUpdate {
    pub(crate) name: Option<String>,
    pub(crate) player: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) session_type: Option<String>,
    pub(crate) priority: Option<SessionPriority>,
    pub(crate) autosave: Option<bool>,
    pub(crate) recovery: Option<bool>,
    pub(crate) fields: Fields,
}

impl SessionUpdate {
    /// A new name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A new name of the player.
    #[must_use]
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.player = Some(player.into());
        self
    }

    /// A new description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// A new sort of session.
    #[must_use]
    pub fn session_type(mut self, session_type: impl Into<String>) -> Self {
        self.session_type = Some(session_type.into());
        self
    }

    /// A new priority.
    #[must_use]
    pub fn priority(mut self, priority: SessionPriority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Whether automatic checkpoints are taken from now on.
    #[must_use]
    pub fn autosave(mut self, autosave: bool) -> Self {
        self.autosave = Some(autosave);
        self
    }

    /// Whether the session is offered after a crash.
    #[must_use]
    pub fn recovery(mut self, recovery: bool) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Sets a custom field.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value can't be written.
    pub fn field<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, FieldError> {
        self.fields.set(name, value)?;
        Ok(self)
    }
}

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
        SessionCommands { commands: self.reborrow() }
    }
}

/// The requests that a game makes, from [`Commands::session`](SessionCommandsExt::session).
///
/// Requests are handled in order, at the end of the frame. One that isn't legal then changes
/// nothing and is answered with [`RequestRejected`](crate::RequestRejected).
pub struct SessionCommands<'w, 's> {
    commands: Commands<'w, 's>,
}

impl Debug for SessionCommands<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCommands").finish_non_exhaustive()
    }
}

impl SessionCommands<'_, '_> {
    /// Makes a request that was put together elsewhere.
    pub fn request(&mut self, request: Request) {
        self.commands.queue(move |world: &mut World| {
            match world.get_resource_mut::<RequestQueue>() {
                Some(mut queue) => queue.0.push_back(request),
                None => error!("{request:?} came to nothing: add `SessionPlugin` to the app"),
            }
        });
    }

    /// Starts a session. [`SessionStarted`](crate::SessionStarted) follows once its lock is held.
    pub fn start(&mut self, session: NewSession) {
        self.request(Request::Start(session));
    }

    /// Takes up the newest session of this name and player that can go on, recovering it if it
    /// crashed, or starts one: all that a server or jam game needs. While another process plays it,
    /// the request is rejected. Nobody is asked, whatever the policy is; only with
    /// [`RecoveryPolicy::Automatic`](crate::RecoveryPolicy::Automatic) does it go back, and at last
    /// start anew, where the game died again and again.
    pub fn start_or_continue(&mut self, session: NewSession) {
        self.request(Request::StartOrContinue(session));
    }

    /// Lets the session stand still, after a checkpoint.
    pub fn pause(&mut self) {
        self.request(Request::Pause);
    }

    /// Lets a paused session go on.
    pub fn resume(&mut self) {
        self.request(Request::Resume);
    }

    /// Changes name, description, custom fields and so on of the session that is being played.
    pub fn update(&mut self, update: SessionUpdate) {
        self.request(Request::Update(update));
    }

    /// Renames the session that is being played.
    pub fn rename(&mut self, name: impl Into<String>) {
        self.update(SessionUpdate::default().name(name));
    }

    /// Takes a checkpoint of this very frame. [`CheckpointSaved`](crate::CheckpointSaved) follows
    /// when it is durable.
    pub fn checkpoint(&mut self, label: impl Into<String>) {
        let label = label.into();
        self.request(Request::Checkpoint { label, kind: CheckpointKind::Manual });
    }

    /// Leaves the session, after a last checkpoint. It can be continued later.
    pub fn close(&mut self) {
        self.request(Request::Close);
    }

    /// Takes up a session that was closed.
    pub fn continue_session(&mut self, session: SessionId) {
        self.request(Request::Continue(session));
    }

    /// Ends the session for good, after a last checkpoint.
    pub fn end(&mut self, reason: EndReason) {
        self.request(Request::End(reason));
    }

    /// Puts the player back: into a crashed session, or, for the one that is being played, to an
    /// earlier moment of it.
    ///
    /// In the latter case a checkpoint of kind [`Rewind`](CheckpointKind::Rewind) is taken first of
    /// what was played since the last one, unless a gate is closed as in a menu: the way back can be
    /// taken back. [`RestoreFrom::Latest`] is the one before that.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn follow_the_proposal(crash: On<RecoveryAvailable>, mut commands: Commands) {
    ///     match crash.offer.proposed.restore_from() {
    ///         Some(from) => commands.session().recover(crash.offer.session.id, from),
    ///         None => commands.session().start(NewSession::named("A fresh start")),
    ///     }
    /// }
    /// # App::new().add_observer(follow_the_proposal);
    /// ```
    pub fn recover(&mut self, session: SessionId, from: RestoreFrom) {
        self.request(Request::Recover(session, from));
    }

    /// Sets a crashed session aside. Its data is kept until retention, and it isn't offered again
    /// unless it crashes again.
    pub fn decline(&mut self, session: SessionId) {
        self.request(Request::Decline(session));
    }

    /// Looks at all sessions on this machine anew, as is done once at the start: after another
    /// process left one, say, or a cloud brought one. [`SessionsFound`](crate::SessionsFound)
    /// follows, and what still waits for an answer is offered again; in
    /// [development](crate::SessionPlugin::development) also what was stopped from outside.
    pub fn find_sessions(&mut self) {
        self.request(Request::Find);
    }

    /// Gives up the restore that is under way. Until
    /// [`RestoreStarted`](crate::RestoreStarted) nothing of the world has changed; after it, while
    /// the restore waits for its gate, resources and states stay as saved.
    pub fn cancel_restore(&mut self) {
        self.request(Request::CancelRestore);
    }

    /// Forgets that the placed entity with this key is gone, and the values that were kept for it:
    /// the next one that comes with the key begins anew. For goblins that come back.
    pub fn forget_key(&mut self, key: impl Into<SaveKey>) {
        self.request(Request::ForgetKey(key.into()));
    }

    /// Forgets all keys that begin with this, as [`forget_key`](Self::forget_key) does: for a new
    /// round of a level that the game clears away by itself. What goes with a saved state, by
    /// `DespawnOnExit`, needs no such call.
    pub fn forget_keys(&mut self, prefix: impl Into<String>) {
        self.request(Request::ForgetKeys(prefix.into()));
    }

    /// Goes on with the sessions of another profile, whose name may be any text: of another player at
    /// this machine, say. The session that is being played is closed, with its last checkpoint, as
    /// by [`close`](Self::close). Then
    /// [`ProfileChanged`](crate::ProfileChanged) says that [`CurrentProfile`](crate::CurrentProfile)
    /// is this one, and the sessions of the profile are looked at as at the start:
    /// [`SessionCatalog`](crate::SessionCatalog) and
    /// [`RecoveryOffers`](crate::RecoveryOffers) are filled anew, and
    /// [`SessionsFound`](crate::SessionsFound) is sent. The world stays as it is.
    ///
    /// While a restore is under way, the request is rejected with
    /// [`RequestError::RestoreUnderWay`](crate::RequestError::RestoreUnderWay).
    pub fn use_profile(&mut self, profile: impl Into<String>) {
        self.request(Request::UseProfile(profile.into()));
    }

    /// Writes down all that is known of how the process before this one ended, in one file that a
    /// player can send: the end itself, with message, place and backtrace of a panic, versions and
    /// machine; the newest checkpoints of the session that was being played; and the files of the
    /// newest one. See [`PreviousRun`](crate::PreviousRun).
    ///
    /// The file is an uncompressed tar archive of 16 MiB at most, described in `docs/FORMAT.md`. It
    /// is made off the main thread, in a directory that exists, and never in the place of another
    /// file. The home directory and the name of the user are left out of all texts; the checkpoint
    /// holds what the game saved.
    ///
    /// [`CrashReportWritten`](crate::CrashReportWritten) follows. What is in the way is told with
    /// [`RequestRejected`](crate::RequestRejected):
    /// [`NothingToReport`](crate::RequestError::NothingToReport),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn player_wants_to_help(mut commands: Commands) {
    ///     commands.session().write_crash_report("crash-report.tar");
    /// }
    /// # bevy::ecs::system::assert_is_system(player_wants_to_help);
    /// ```
    pub fn write_crash_report(&mut self, path: impl Into<PathBuf>) {
        self.request(Request::WriteCrashReport(path.into()));
    }

    /// Deletes a session that isn't being played, with everything in it. Its slots stay.
    pub fn forget(&mut self, session: SessionId) {
        self.request(Request::Forget(session));
    }

    /// Saves into a slot: takes a checkpoint of this very frame, and makes a copy of it that is complete
    /// in itself. [`SlotSaved`](crate::SlotSaved) follows when that is durable, or
    /// [`SlotFailed`](crate::SlotFailed).
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
    pub fn save(&mut self, slot: SaveSlot) {
        self.request(Request::Save(slot));
    }

    /// Saves into the player's one quick slot, which is replaced. [`SlotSaved`](crate::SlotSaved)
    /// follows.
    pub fn quick_save(&mut self) {
        self.save(SaveSlot::quick());
    }

    /// Loads the quick slot of who plays; in a menu, the newest quick slot there is.
    pub fn quick_load(&mut self) {
        self.request(Request::QuickLoad);
    }

    /// Goes on from a slot, in the session that it was saved in. If another one is being played, that
    /// is closed first, with a last checkpoint. What the slot's session came to after it was saved
    /// stays reachable as after a rewind.
    ///
    /// Of a slot that is damaged, unknown or another player's nothing changes, and
    /// [`RequestRejected`](crate::RequestRejected) says so.
    pub fn load(&mut self, slot: SlotId) {
        self.request(Request::Load(slot));
    }

    /// Gives a slot another name. [`SlotRenamed`](crate::SlotRenamed) follows. A quick or exit slot
    /// becomes a manual one by it.
    pub fn rename_slot(&mut self, slot: SlotId, name: impl Into<String>) {
        self.request(Request::RenameSlot { slot, name: name.into() });
    }

    /// Copies a slot to another name, as a manual one. [`SlotCopied`](crate::SlotCopied) follows.
    pub fn copy_slot(&mut self, slot: SlotId, name: impl Into<String>) {
        self.request(Request::CopySlot { slot, name: name.into() });
    }

    /// Deletes a slot with all copies that a cloud may have made of its file.
    /// [`SlotDeleted`](crate::SlotDeleted) follows.
    pub fn delete_slot(&mut self, slot: SlotId) {
        self.request(Request::DeleteSlot(slot));
    }

    /// Lays bytes of the game's own beside a checkpoint of the session that is being played, such as a
    /// thumbnail or a list of mods. They go into the slots that are made of it, and go when it goes.
    /// The checkpoint may have been captured a few frames ago, and slots been made of it already.
    /// [`AttachmentSaved`](crate::AttachmentSaved) follows.
    ///
    /// The name is 1 to 40 of `a` to `z`, `0` to `9`, `_` and `-`; listings look for `thumbnail`. At most
    /// 1 MiB. What was attached under the same name is replaced. An automatic checkpoint that was
    /// merged into the next one since the disk is slow has nothing to attach to.
    pub fn attach(&mut self, checkpoint: CheckpointId, name: impl Into<String>, bytes: Vec<u8>) {
        let attachment = Attachment::new(name.into(), bytes);
        self.request(Request::Attach { checkpoint, attachment });
    }

    /// Reads an attachment. [`AttachmentRead`](crate::AttachmentRead) follows.
    pub fn read_attachment(&mut self, of: AttachmentOf, name: impl Into<String>) {
        self.request(Request::ReadAttachment { of, name: name.into() });
    }
}
