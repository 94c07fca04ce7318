//! The requests as methods of `Commands`.

use std::fmt::{self, Debug, Formatter};

use bevy::prelude::*;
use bevy_session_journal::{
    CheckpointKind, EndReason, Leaving, NewSession, OfferedSession, RestoreFrom, SessionId,
    SessionUpdate, Ticket,
};
use tracing::error;

use super::{
    AttachmentCommands, ChapterCommands, CurrentRequest, EventCommands, ExternalCommands,
    LibraryCommands, PlacedCommands, Request, RequestQueue, RewindTo, SessionRequest, SlotCommands,
};
use crate::lifecycle::CurrentSession;
use crate::restore::RestoreManner;

/// Adds the requests of this crate to [`Commands`].
pub trait SessionCommandsExt {
    /// Requests to the plugin, and about the session that is being played.
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
        SessionCommands { commands: self.reborrow(), by: None, manner: None }
    }
}

/// The requests that a game makes, from [`Commands::session`](SessionCommandsExt::session).
///
/// Requests are handled in order, in the same frame unless an earlier one, such as a restore, isn't
/// done. [`cancel_restore`](Self::cancel_restore) and answers don't wait. A request that isn't
/// allowed when it is handled changes nothing and is answered with
/// [`RequestRejected`](crate::RequestRejected). A request about the session that is being played is
/// never applied to another one that replaced it while the request waited.
///
/// The methods here are about the session that is played; [`slots`](Self::slots),
/// [`library`](Self::library), [`chapters`](Self::chapters), [`events`](Self::events) and others
/// return the methods of a topic.
///
/// Each method but [`begin`](crate::chapters::ChapterCommands::begin) and those of digests returns a
/// [`Ticket`], which its last answer also has:
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
    manner: Option<RestoreManner>,
}

impl Debug for SessionCommands<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCommands").finish_non_exhaustive()
    }
}

impl SessionCommands<'_, '_> {
    /// Makes the following requests for this player, by the game's name for them. Without it, the
    /// game itself makes them. It matters only to the game's
    /// [guards](crate::SessionHooksExt::guard_session_requests).
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

    /// Sets how the following requests restore, instead of the resource [`RestoreManner`]: rewinds,
    /// their undoing, and loads within the session that is being played. Other requests ignore it.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use std::time::Duration;
    ///
    /// fn step_back(mut commands: Commands) {
    ///     let to = RewindTo::Ago(Duration::from_secs(1));
    ///     commands.session().restoring(RestoreManner::InPlace).rewind(to);
    /// }
    /// # bevy::ecs::system::assert_is_system(step_back);
    /// ```
    #[must_use]
    pub fn restoring(mut self, manner: RestoreManner) -> Self {
        self.manner = Some(manner);
        self
    }

    /// Makes a request that was built elsewhere.
    pub fn request(&mut self, request: impl Into<Request>) -> Ticket {
        let (request, by) = (request.into(), (self.by.clone(), self.manner));
        let ticket = Ticket::new();
        self.commands.queue(move |world: &mut World| {
            let current = world.get_resource::<CurrentSession>().map(CurrentSession::id);
            match world.get_resource_mut::<RequestQueue>() {
                Some(mut queue) => queue.push_by(by, (ticket, request), current),
                None => error!("{request:?} was ignored: add `SessionPlugin` to the app"),
            }
        });
        ticket
    }

    /// Requests about save slots: save, load, rename, copy, delete, import.
    pub fn slots(&mut self) -> SlotCommands<'_, '_> {
        SlotCommands(self.reborrow())
    }

    /// Requests about all sessions of this profile, whether or not they are played, and about files
    /// made of them.
    pub fn library(&mut self) -> LibraryCommands<'_, '_> {
        LibraryCommands(self.reborrow())
    }

    /// Requests about the chapters of the session that is being played.
    pub fn chapters(&mut self) -> ChapterCommands<'_, '_> {
        ChapterCommands(self.reborrow())
    }

    /// Requests about the recorded events of sessions.
    pub fn events(&mut self) -> EventCommands<'_, '_> {
        EventCommands(self.reborrow())
    }

    /// Requests about attachments of checkpoints, slots and sessions.
    pub fn attachments(&mut self) -> AttachmentCommands<'_, '_> {
        AttachmentCommands(self.reborrow())
    }

    /// Requests about the game's own saves, and its own recovery options.
    pub fn external(&mut self) -> ExternalCommands<'_, '_> {
        ExternalCommands(self.reborrow())
    }

    /// Requests about placed entities.
    pub fn placed(&mut self) -> PlacedCommands<'_, '_> {
        PlacedCommands(self.reborrow())
    }

    fn reborrow(&mut self) -> SessionCommands<'_, '_> {
        let (by, manner) = (self.by.clone(), self.manner);
        SessionCommands { commands: self.commands.reborrow(), by, manner }
    }

    /// Starts a session. [`SessionStarted`](crate::SessionStarted) follows in one of the next frames.
    pub fn start(&mut self, session: NewSession) -> Ticket {
        self.request(SessionRequest::Start(session))
    }

    /// Resumes the newest session of this name and player that can be continued, recovering it if
    /// it crashed, or starts one: all that a server or jam game needs. If that session is played
    /// already, nothing happens. If another process plays it, the request waits up to two seconds
    /// for that to end, and is then rejected. If all of it is damaged, a new session is started; but if none is found and
    /// the sessions on this machine can't be listed, or one of them can't be read, the request waits as long, and is then
    /// rejected with [`Store`](crate::RequestError::Store), or [`NewerFormat`](crate::RequestError::NewerFormat) of one that
    /// a newer release wrote.
    ///
    /// With a [replica](crate::SessionPlugin::replica) that is the session which was played last on
    /// any machine. The request waits for up to two leases while another machine may play it, and is
    /// rejected with [`SessionInUse`](crate::RequestError::SessionInUse) then. It is rejected with
    /// [`ReplicaUnreachable`](crate::RequestError::ReplicaUnreachable) if the replica gives no answer
    /// for 15 seconds, and this machine has none of the name, or none but one that another has
    /// played on. If both have played on without each other, the side that was played last goes on,
    /// and the other one stays in the session, as [`RecoveryOffer::fork`](crate::RecoveryOffer::fork)
    /// shows; it is rejected with [`SessionForked`](crate::RequestError::SessionForked) if both have
    /// changed one file. [`cancel_restore`](Self::cancel_restore) ends the wait.
    ///
    /// The player isn't asked. If the game has panicked or hung twice in a row, each time soon after
    /// the session was restored, an older checkpoint is restored than those that it died on, and an
    /// older one still after each of the next two such deaths. It goes back no further; what it left
    /// is a branch. A process that was killed alone is no reason to go
    /// back.
    ///
    /// With [`RecoveryPolicy::Automatic`](crate::RecoveryPolicy::Automatic) the first death of any
    /// kind counts already, and after the third one a new session is started. With
    /// [`RecoveryPolicy::Never`](crate::RecoveryPolicy::Never) a crashed session is skipped. A newer
    /// backup of the game's own save system is loaded instead of a checkpoint.
    pub fn start_or_continue(&mut self, session: NewSession) -> Ticket {
        self.request(SessionRequest::StartOrContinue(session))
    }

    /// Resumes a session from its newest checkpoint. One that crashed is recovered at the checkpoint that its offer
    /// proposes, as by [`recover`](Self::recover).
    ///
    /// If another session is being played, it is closed first, as by [`close`](Self::close); the
    /// same is true of [`recover`](Self::recover) and [`load`](crate::slots::SlotCommands::load).
    /// It continues until the requested session was read and decoded, and if that fails, it
    /// continues as if nothing had been requested.
    pub fn continue_session(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Continue(session))
    }

    /// Pauses the session. A checkpoint is taken first if
    /// [`SessionSettings::autosave`](crate::SessionSettings::autosave) is on and no gate is closed.
    pub fn pause(&mut self) -> Ticket {
        self.request(CurrentRequest::Pause)
    }

    /// Resumes a paused session.
    pub fn resume(&mut self) -> Ticket {
        self.request(CurrentRequest::Resume)
    }

    /// Changes name, description, custom fields and other metadata of the session that is being
    /// played.
    pub fn update(&mut self, update: SessionUpdate) -> Ticket {
        self.request(CurrentRequest::Update(update))
    }

    /// Takes a checkpoint of this frame or, if a gate is closed, as soon as it opens.
    /// [`CheckpointSaved`](crate::CheckpointSaved) with its label follows when it is durable, or
    /// [`CheckpointFailed`](crate::CheckpointFailed). Both have the [`Ticket`] of the request.
    pub fn checkpoint(&mut self, label: impl Into<String>) -> Ticket {
        let (label, kind) = (label.into(), CheckpointKind::Manual);
        self.request(CurrentRequest::Checkpoint { label, kind })
    }

    /// Leaves the session, with the reason: a [`LeaveCause`](crate::LeaveCause), the game's own
    /// text, or both. It is stored in [`SessionEntry::left`](crate::library::SessionEntry::left). A
    /// last checkpoint is taken first, unless a gate is closed. The session can be continued later.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::ends::Leaving;
    ///
    /// # fn system(mut commands: Commands) {
    /// commands.session().close(LeaveCause::Player);
    /// commands.session().close("Resting in the inn");
    /// commands.session().close(Leaving::by(LeaveCause::Idle).saying("ten minutes without input"));
    /// # }
    /// ```
    pub fn close(&mut self, leaving: impl Into<Leaving>) -> Ticket {
        self.request(CurrentRequest::Close(leaving.into()))
    }

    /// Ends the session for good, with the reason, as for [`close`](Self::close): a cause, or "The
    /// reactor blew up". A last checkpoint is taken first, unless a gate is closed.
    ///
    /// Rejected with [`RestoreUnderWay`](crate::RequestError::RestoreUnderWay) while a load or rewind is under way: the
    /// moment in which it was asked for is being left.
    pub fn end(&mut self, reason: EndReason, leaving: impl Into<Leaving>) -> Ticket {
        self.request(CurrentRequest::End { reason, leaving: leaving.into() })
    }

    /// Recovers a crashed session, or rewinds the one that is being played to an earlier moment.
    ///
    /// If another session is being played, it is closed first, as by
    /// [`continue_session`](Self::continue_session). If it is this one, the play since its last
    /// checkpoint is saved first, as a checkpoint of kind [`Rewind`](CheckpointKind::Rewind),
    /// unless a gate is closed as in a menu: so the rewind can be undone. [`RestoreFrom::Latest`]
    /// is the checkpoint before that.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// // The oldest checkpoint of a dialog's list. `RecoveryOffers::accept` takes what is proposed.
    /// fn begin_again(offers: Res<RecoveryOffers>, mut commands: Commands) {
    ///     let Some(offer) = offers.offers().first() else { return };
    ///     let Some(oldest) = offer.checkpoints.last() else { return };
    ///     commands.session().recover(offer.session.id, offer.restore_at(oldest.id));
    /// }
    /// # bevy::ecs::system::assert_is_system(begin_again);
    /// ```
    pub fn recover(&mut self, session: SessionId, from: RestoreFrom) -> Ticket {
        self.request(SessionRequest::Recover(session, from))
    }

    /// Declines to recover a crashed session, or one side of a forked one. Its data is kept until retention
    /// removes it, and it isn't offered again unless it crashes again.
    ///
    /// An offer of a fork declines the side that it is about; once one side is left that was left in good order, there is
    /// nothing to ask any more. A session's id declines all sides.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// // The button "Not this one" of a dialog that shows the first offer.
    /// fn not_this_one(offers: Res<RecoveryOffers>, mut commands: Commands) {
    ///     if let Some(offer) = offers.offers().first() {
    ///         commands.session().decline(offer);
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(not_this_one);
    /// ```
    pub fn decline(&mut self, decline: impl Into<OfferedSession>) -> Ticket {
        self.request(SessionRequest::Decline(decline.into()))
    }

    /// Goes back to an earlier moment of the session that is being played.
    ///
    /// The play since the last checkpoint is captured first, as a checkpoint of kind
    /// [`Rewind`](CheckpointKind::Rewind), unless a gate of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) is closed.
    /// Everything after the moment is kept as a branch: [`RewindTo::BeforeRewind`] goes back to its
    /// end, and a crash never offers it. The session keeps
    /// [`max_branches`](crate::library::StorageSettings::max_branches) of them.
    ///
    /// With [`RewindTo::Ago`], if that checkpoint is damaged, the next older one that can be read
    /// is restored, or the oldest. [`SessionRestored`](crate::SessionRestored) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`NoSession`](crate::RequestError::NoSession),
    /// [`RestoreUnderWay`](crate::RequestError::RestoreUnderWay),
    /// [`WriterBehind`](crate::RequestError::WriterBehind),
    /// [`CheckpointPruned`](crate::RequestError::CheckpointPruned), or
    /// [`UnknownCheckpoint`](crate::RequestError::UnknownCheckpoint) for a checkpoint of another
    /// session.
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

    /// Cancels the restore that is under way, and leaves the world as it was before. Until
    /// [`RestoreStarted`](crate::recovery::RestoreStarted) nothing of the world has changed. After
    /// it, while the restore waits for its gate, resources and states are changed back. If a
    /// session is played and states were left for the restore, the session is restored to where it
    /// was left, by another restore with
    /// [`RestoreReason::Undone`](crate::recovery::RestoreReason::Undone), since the entities of
    /// those states are gone.
    pub fn cancel_restore(&mut self) -> Ticket {
        self.request(SessionRequest::CancelRestore)
    }
}
