//! What the game is notified of. Each notification is triggered as an event, for observers that act in
//! the same frame, and written as a message, for systems and UI that read it when they run.

mod chapters;
mod clouds;
mod filing;
mod replicas;
mod restored_in_place;
mod slots;

use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{
    CheckpointError, CheckpointId, CheckpointKind, ContextPart, EndReason, FailureCause, Leaving,
    RecoveryError, RecoveryOffer, ReportError, RequestError, RestoreReason, SessionContext,
    SessionId, SlotEntry, StopReason, Ticket,
};

use super::CurrentSession;
use super::capture_budget::CaptureCost;
use super::hints::SessionHint;
use super::requests::Request;
use super::summary::SessionSummary;
use crate::capture::{DriftedType, SaveKey, TypeProblemReason};
use crate::external_saves::OfferedBackup;
use crate::monitoring::{Played, PlayedNow};
use crate::restore::{RestoreLoss, RestoreReport};

pub(crate) use chapters::register as register_chapter_notifications;
pub use chapters::{ChapterBegun, ChapterEnded};
pub(crate) use clouds::register as register_cloud_notifications;
pub use clouds::{CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken};
pub(crate) use filing::register as register_filing_notifications;
pub use filing::{
    ScenarioSaved, SessionCopied, SessionDrafted, SessionMoved, SessionUpdated, SessionsEdited,
};
pub(crate) use replicas::register as register_replica_notifications;
pub use replicas::{
    CheckpointReplicated, FenceReason, ReplicaBack, ReplicaLagging, ReplicaListed, ReplicaLost,
    SessionClaimed, SessionFenced, SessionForked, SessionReleased,
};
pub use restored_in_place::RestoredInPlace;
pub(crate) use restored_in_place::{notify_entities, register as register_restored_in_place};
pub(crate) use slots::register as register_slot_notifications;
pub use slots::{
    AttachmentRead, AttachmentSaved, SessionAttachmentRemoved, SessionAttachmentSaved, SlotCopied,
    SlotDeleted, SlotFailed, SlotImported, SlotRenamed, SlotSaved,
};

/// Declares the notifications and registers them, so that none can be declared and forgotten.
macro_rules! notifications {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$field_attribute:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$attribute])*
            #[derive(Event, Message, Clone, Debug)]
            #[non_exhaustive]
            pub struct $name { $($(#[$field_attribute])* pub $field: $type,)* }
        )*

        pub(crate) fn register(app: &mut App) {
            $(app.add_message::<$name>();)*
        }
    };
}

pub(super) use notifications;

notifications! {
    /// A session was started. It is in no file yet: its first checkpoint follows, as soon as no gate is
    /// closed.
    SessionStarted {
        /// The session.
        session: SessionId,
    }

    /// The session stands still.
    SessionPaused {
        /// The session.
        session: SessionId,
    }

    /// A paused session goes on.
    SessionResumed {
        /// The session.
        session: SessionId,
    }

    /// The session was left and can be continued.
    SessionClosed {
        /// The session.
        session: SessionId,
        /// What brought it about, and what the game says about it.
        leaving: Leaving,
        /// Whether its last checkpoint and its end are on disk. If not, what was acknowledged
        /// before is.
        complete: bool,
        /// What it came to.
        summary: SessionSummary,
    }

    /// The session ended for good.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// Why.
        reason: EndReason,
        /// What brought it about, and what the game says about it.
        leaving: Leaving,
        /// Whether its last checkpoint and its end are on disk.
        complete: bool,
        /// What it came to.
        summary: SessionSummary,
    }

    /// A checkpoint was copied out of the world. It isn't safe yet.
    ///
    /// Triggered before the capture is handed to the writer. If the writer is behind, an automatic
    /// checkpoint may be merged into the next one and never be saved under its own number.
    CheckpointCaptured {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why it was taken.
        kind: CheckpointKind,
        /// What it is called: as the game asked for it, or what in the game asks for it.
        label: Option<String>,
        /// The request for it, if there was one, as by
        /// [`SessionCommands::checkpoint`](crate::SessionCommands::checkpoint).
        ticket: Option<Ticket>,
        /// Whether it has everything, or what changed since the last one. The first one after a restore in place has
        /// everything, of which only that is copied which was written since.
        full: bool,
        /// Rows that were copied.
        rows: usize,
        /// Entities that are saved.
        entities: u64,
        /// Time that the main thread spent on it until now.
        capture_time: Duration,
    }

    /// More than nine of ten saved entities are gone since the last checkpoint, of at least 20. If that
    /// was not meant, it was a mistake: the checkpoint before this one is kept as long as there is
    /// room, and is among those that are offered.
    WorldCollapsed {
        /// The session.
        session: SessionId,
        /// The checkpoint that found them gone.
        checkpoint: CheckpointId,
        /// Saved entities before.
        before: u64,
        /// Saved entities now.
        after: u64,
    }

    /// A checkpoint is durable: no crash takes it away, and no power cut where
    /// [`SessionActivity::power_cuts_are_covered`](crate::SessionActivity::power_cuts_are_covered).
    CheckpointSaved {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why it was taken.
        kind: CheckpointKind,
        /// What it is called, as in [`CheckpointCaptured`].
        label: Option<String>,
        /// The request for it, as in [`CheckpointCaptured`].
        ticket: Option<Ticket>,
        /// Its bytes on disk.
        bytes: u64,
        /// Time from the hand-over to the end of the sync.
        write_time: Duration,
    }

    /// Checkpoints could not be written. What was acknowledged before is safe, and the game goes on.
    /// With a `retry_in` the writer tries the same again; otherwise the next checkpoint takes their
    /// place, unless the writer itself is gone. Of each checkpoint with a label that is lost for good there
    /// is one of these, at the latest when a newer checkpoint is durable or the session is left.
    CheckpointFailed {
        /// The session.
        session: SessionId,
        /// The checkpoint; the newest of them if there are several.
        checkpoint: CheckpointId,
        /// What it is called, as in [`CheckpointCaptured`].
        label: Option<String>,
        /// The request for it, as in [`CheckpointCaptured`].
        ticket: Option<Ticket>,
        /// What went wrong.
        error: CheckpointError,
        /// Time until the next try; `None` if the next checkpoint is the next try.
        retry_in: Option<Duration>,
    }

    /// Nothing is saved from here on, unless [`SavingResumed`] follows. The game goes on, and what was
    /// acknowledged is safe: the session can be continued or recovered from there.
    SavingStopped {
        /// The session that was being played or restored.
        session: Option<SessionId>,
        /// Why.
        reason: StopReason,
    }

    /// What is played is saved again, after [`SavingStopped`]: the session is this process's once more,
    /// and a full checkpoint follows.
    SavingResumed {
        /// The session.
        session: SessionId,
    }

    /// Automatic checkpoints have another pace: since the game is in another state
    /// ([`pace_session_in`](crate::SessionHooksExt::pace_session_in)), a condition holds or doesn't hold any more, settings or paces were
    /// changed, or an alert stretches them. [`CurrentPace`](crate::checkpoints::CurrentPace) says all of it.
    PaceChanged {
        /// The session.
        session: SessionId,
        /// Time between two of them from now on.
        interval: Duration,
        /// The paces that are in force, by name; empty if it is the settings alone.
        by: Vec<String>,
    }

    /// Automatic checkpoints come less often than they should, to keep to
    /// [`CurrentPace::max_bytes_per_second`](crate::checkpoints::CurrentPace::max_bytes_per_second),
    /// or as often again.
    AutosaveStretched {
        /// The session.
        session: SessionId,
        /// The interval from now on.
        interval: Duration,
    }

    /// An automatic checkpoint is due, and waits: the writer is not done with those before, since the
    /// disk or the processor is slow. What changes meanwhile is in the next one, so memory stays
    /// bounded and nothing is lost but time: a crash would cost more than the interval. Sent once,
    /// until a checkpoint is captured again.
    AutosaveDelayed {
        /// The session.
        session: SessionId,
        /// Captures that the writer isn't done with.
        captures: usize,
        /// Time since the last capture.
        since_captured: Duration,
    }

    /// A capture took more of the frame than
    /// [`SessionSettings::capture_budget`](crate::SessionSettings::capture_budget) allows. The log
    /// says so as well, once in each run, if it was an automatic checkpoint.
    CaptureOverBudget {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why it was taken.
        kind: CheckpointKind,
        /// Whether everything was copied, or what changed since the last one.
        full: bool,
        /// Time that the main thread spent on it.
        capture_time: Duration,
        /// What it may take.
        budget: Duration,
        /// The types that cost most, costliest first; at most five. Together they can exceed
        /// `capture_time`, since columns are copied side by side where that pays.
        costliest: Vec<CaptureCost>,
    }

    /// Something changed the world without a trace, such as a write through
    /// `bypass_change_detection`: the rows of a type are others in the journal than in the world.
    /// Their number is compared with every checkpoint, their values in the
    /// [self-test](crate::SessionSettings::self_test). A full checkpoint follows by itself.
    CheckpointDrifted {
        /// The session.
        session: SessionId,
        /// The types.
        types: Vec<DriftedType>,
    }

    /// Sessions can't be written where they are wanted, and are written below the
    /// [`fallback_directory`](crate::SessionPlugin::fallback_directory) in this process. Those of both
    /// places are found. Sent once, in the first frame; [`SessionPlace`](crate::library::SessionPlace) says it at any
    /// time. A player may want to know: files in the first place don't change from now on.
    DataPlaceChanged {
        /// Where sessions are wanted.
        wanted: PathBuf,
        /// Where they are written.
        used: PathBuf,
        /// Why they can't be where they are wanted.
        error: FailureCause,
    }

    /// A type can't be saved, as far as the game's set-up goes. Sent once, in the first frame.
    TypeNotSaved {
        /// The type.
        type_path: String,
        /// What is in the way.
        reason: TypeProblemReason,
    }

    /// Something keeps the plugin from doing what the game probably expects of it. Given once, and in the
    /// log as well; [`SessionHints`](crate::hints::SessionHints) has those that stand.
    HintGiven {
        /// What it is.
        hint: SessionHint,
    }

    /// The game's own code failed while a type was written. The other types were saved.
    TypeFailed {
        /// The session.
        session: SessionId,
        /// The type.
        type_path: String,
        /// What it said.
        message: String,
    }

    /// All sessions on this machine were looked at, and [`SessionCatalog`](crate::SessionCatalog)
    /// and [`RecoveryOffers`](crate::RecoveryOffers) are filled. Sent once, and again whenever
    /// they were looked at again; while a [`SessionWatch`](crate::library::SessionWatch) is followed, also when
    /// that has found something. What an index file says of sessions isn't enough for it.
    SessionsFound {
        /// How many sessions there are.
        sessions: usize,
        /// How many of them wait for an answer.
        offers: usize,
    }

    /// A session was left by a crash, and its newest checkpoint was read and is whole. Answer with
    /// [`recover`](crate::SessionCommands::recover) or
    /// [`decline`](crate::SessionCommands::decline), now or later. Sent where
    /// [`RecoveryPolicy::Ask`](crate::RecoveryPolicy::Ask) wants the player to be asked.
    RecoveryAvailable {
        /// What can be had back.
        offer: RecoveryOffer,
        /// Backups of the game's own, newest first, as far as they are known by now; those with a
        /// `failure` can't be loaded. [`RecoveryOffers::backups`](crate::RecoveryOffers::backups) may
        /// get more.
        backups: Vec<OfferedBackup>,
    }

    /// A session's files are damaged. They stay where they are.
    CorruptionDetected {
        /// The session.
        session: SessionId,
        /// The request that can't be granted for that, if there is one: what is offered instead is its answer.
        ticket: Option<Ticket>,
        /// The newest checkpoint that was committed and can't be read.
        lost: Option<CheckpointId>,
        /// The newest one that can; what is offered now.
        newest_intact: Option<CheckpointId>,
        /// Play time between the two, if both are known.
        lost_play_time: Option<Duration>,
        /// The damaged files.
        files: Vec<PathBuf>,
    }

    /// A session has committed checkpoints, and none of them can be restored. Its files stay where
    /// they are.
    RecoveryFailed {
        /// The session.
        session: SessionId,
        /// The request that came to nothing, if there was one.
        ticket: Option<Ticket>,
        /// Why.
        error: RecoveryError,
        /// The session's slots, which can still be loaded.
        slots: Vec<SlotEntry>,
    }

    /// A crashed session was set aside.
    RecoveryDeclined {
        /// The session.
        session: SessionId,
    }

    /// A session was deleted.
    SessionPurged {
        /// The session.
        session: SessionId,
    }

    /// The chosen checkpoint was read and decoded; nothing in the world has changed yet. An observer
    /// that doesn't like what it sees calls
    /// [`cancel_restore`](crate::SessionCommands::cancel_restore).
    RestorePrepared {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What this build of the game can't use of it.
        losses: Vec<RestoreLoss>,
    }

    /// A restore waits for its gate: a condition of
    /// [`restore_session_in`](crate::SessionHooksExt::restore_session_in) or
    /// [`restore_session_when`](crate::SessionHooksExt::restore_session_when) that doesn't come true. It goes on
    /// waiting. Sent after [`Patience::restore`](crate::checkpoints::Patience::restore), then
    /// after twice the time, and so on.
    RestoreStalled {
        /// The session.
        session: SessionId,
        /// The state or condition that it waits for.
        gate: String,
        /// For how long by now.
        waited: Duration,
    }

    /// A restore was cancelled.
    RestoreCancelled {
        /// The session.
        session: SessionId,
        /// The request for the restore.
        ticket: Ticket,
        /// Whether resources and states are as saved already. Entities are as they were in any case.
        began: bool,
    }

    /// Placed entities are back in the world, and got the values that had been kept for them.
    PlacedRestored {
        /// The session.
        session: SessionId,
        /// The entities.
        entities: Vec<Entity>,
        /// What came back, and what didn't.
        report: RestoreReport,
    }

    /// Two living entities have the same [`SaveKey`](crate::SaveKey). What is saved under it goes to
    /// the first one.
    DuplicateSaveKey {
        /// The key.
        key: SaveKey,
        /// The entity that has it.
        first: Entity,
        /// The entity that came with it later.
        second: Entity,
    }

    /// The world is about to be changed by a restore.
    RestoreStarted {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    }

    /// A checkpoint was put back into the world.
    SessionRestored {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why.
        reason: RestoreReason,
        /// The newest checkpoint of the line that was left; the restored one itself where nothing was.
        /// `None` if nothing but a slot was left of the session.
        left: Option<CheckpointId>,
        /// What came back, and what didn't.
        report: RestoreReport,
        /// Time from the request until now.
        elapsed: Duration,
    }

    /// A session that crashed was recovered, or one that was closed went back to an earlier checkpoint.
    /// Sent after [`SessionRestored`].
    SessionRecovered {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    }

    /// A session was taken up by another program or machine than the one that played it before: another
    /// graphics adapter, build or list of mods may be why it behaves differently. Sent after
    /// [`SessionRestored`].
    ContextChanged {
        /// The session.
        session: SessionId,
        /// What is different.
        parts: Vec<ContextPart>,
        /// What it was played with before.
        before: SessionContext,
        /// What it is played with now.
        now: SessionContext,
    }

    /// The sessions are those of another profile from now on. [`SessionsFound`] follows.
    ProfileChanged {
        /// The profile.
        profile: String,
    }

    /// A report is on disk.
    ReportWritten {
        /// The file, as the game named it.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    }

    /// The report that this start was to open, with `BEVY_SESSION=open:` or
    /// [`SessionPlugin::open`](crate::SessionPlugin::open), can't be opened. The game is in its title, and what is
    /// saved is kept in memory. Sent in the first frame.
    ReportNotOpened {
        /// The file, as it was named.
        path: PathBuf,
        /// Why.
        error: ReportError,
    }

    /// A session is in a file, for another machine.
    SessionExported {
        /// The session.
        session: SessionId,
        /// The file, as the game named it.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    }

    /// A request is done, the last word on it unless it came to nothing: see [`Ticket`]. What came of it is said by a
    /// notification of its own, before this one except for [`cancel_restore`](crate::SessionCommands::cancel_restore):
    /// whether an end is on the disk in [`SessionClosed::complete`], and what could not be read in the `result` of
    /// [`AttachmentRead`], [`EventsRead`](crate::events::EventsRead) and [`EventsValidated`](crate::events::EventsValidated). Checkpoints,
    /// slots, attachments and what is done with sessions that aren't played are durable then; what changes the session
    /// that is played, as a pause or a new name, is done in the game, and durable with the next checkpoint.
    RequestDone {
        /// The request.
        ticket: Ticket,
    }

    /// A request came to nothing. If it was not legal, it has changed nothing.
    RequestRejected {
        /// The request; `None` where it is one of many that another request consists of, such as
        /// [`edit_all`](crate::library::LibraryCommands::edit_all), and which gets an answer of its own.
        ticket: Option<Ticket>,
        /// The request, as it was made.
        request: Request,
        /// The player who asked, as the game calls them; `None` if the game itself did. See
        /// [`SessionCommands::by`](crate::SessionCommands::by).
        by: Option<String>,
        /// Why.
        error: RequestError,
    }
}

/// Notifies observers and message readers, as the plugin does with everything that it says.
pub fn notify<N>(world: &mut World, notification: N)
where
    N: Message + Clone,
    for<'a> N: Event<Trigger<'a>: Default>,
{
    follow_played(world);
    world.write_message(notification.clone());
    world.trigger(notification);
    // What observers ask for with commands is done before the plugin goes on: a world that is
    // spawned when a session starts belongs into its first checkpoint.
    world.flush();
}

/// Says what is played to threads that have no world, where the app has a place for that.
fn follow_played(world: &World) {
    let Some(now) = world.get_resource::<PlayedNow>() else { return };
    let played = world.get_resource::<CurrentSession>().map(|current| Played {
        session: Some(current.id()),
        chapter: current.chapters.current().map(|chapter| chapter.id),
    });
    now.set(played.unwrap_or_default());
}
