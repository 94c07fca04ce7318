//! Notifications. Each is triggered as an event, for observers that act in the same frame, and
//! written as a message, for systems and UI that read it when they run.

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
use super::capture_budget::{CaptureBudget, CaptureCost};
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
    AuditRead, CleanupFinished, PlayerErased, PlayerExported, ScenarioSaved, SessionCopied,
    SessionDrafted, SessionMoved, SessionUpdated, SessionsEdited,
};
pub(crate) use replicas::register as register_replica_notifications;
pub use replicas::{
    CheckpointReplicated, FenceReason, MirrorRefusal, MirrorRefused, ReplicaBack, ReplicaErased,
    ReplicaLagging, ReplicaListed, ReplicaLost, SessionClaimed, SessionFenced, SessionForked,
    SessionReleased,
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
    /// A session was started. No file has it yet: its first checkpoint follows, as soon as no gate
    /// is closed.
    SessionStarted {
        /// The session.
        session: SessionId,
    }

    /// The session was paused: play time stops, and no automatic checkpoints are taken.
    SessionPaused {
        /// The session.
        session: SessionId,
    }

    /// A paused session continues.
    SessionResumed {
        /// The session.
        session: SessionId,
    }

    /// The session was left and can be continued.
    SessionClosed {
        /// The session.
        session: SessionId,
        /// The cause, and the game's own reason.
        leaving: Leaving,
        /// True if its last checkpoint and its end are on disk. If not, everything that was
        /// acknowledged before still is.
        complete: bool,
        /// Figures of the run: play time, checkpoints and others.
        summary: SessionSummary,
    }

    /// The session ended for good.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// The reason.
        reason: EndReason,
        /// The cause, and the game's own reason.
        leaving: Leaving,
        /// True if its last checkpoint and its end are on disk.
        complete: bool,
        /// Figures of the run: play time, checkpoints and others.
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
        /// Its label: the name that the game gave, or the part of the game that asked for it.
        label: Option<String>,
        /// The request for it, if there was one, as by
        /// [`SessionCommands::checkpoint`](crate::SessionCommands::checkpoint).
        ticket: Option<Ticket>,
        /// True if it has everything, false if it has the changes since the last one. The first one
        /// after a restore in place has everything, but only values that were written since are
        /// copied.
        full: bool,
        /// Rows that were copied.
        rows: usize,
        /// Entities that are saved.
        entities: u64,
        /// Time that the main thread spent on it until now.
        capture_time: Duration,
    }

    /// More than nine of ten saved entities, of at least 20, are gone since the last checkpoint. In
    /// case that was a mistake, the checkpoint before this one is kept as long as there is room,
    /// and is among those that are offered.
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

    /// A checkpoint is durable: no crash loses it, and no power cut either if
    /// [`SessionActivity::power_cuts_are_covered`](crate::SessionActivity::power_cuts_are_covered).
    CheckpointSaved {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why it was taken.
        kind: CheckpointKind,
        /// Its label, as in [`CheckpointCaptured`].
        label: Option<String>,
        /// The request for it, as in [`CheckpointCaptured`].
        ticket: Option<Ticket>,
        /// Its bytes on disk.
        bytes: u64,
        /// Time from the hand-over to the end of the sync.
        write_time: Duration,
    }

    /// Checkpoints could not be written. What was acknowledged before is safe, and the game
    /// continues. With a `retry_in` the writer tries the same again; otherwise the next checkpoint
    /// takes their place, unless the writer itself is gone. Each labelled checkpoint that is lost
    /// for good gets its own notification, at the latest when a newer checkpoint is durable or the
    /// session is left.
    CheckpointFailed {
        /// The session.
        session: SessionId,
        /// The checkpoint; the newest of them if there are several.
        checkpoint: CheckpointId,
        /// Its label, as in [`CheckpointCaptured`].
        label: Option<String>,
        /// The request for it, as in [`CheckpointCaptured`].
        ticket: Option<Ticket>,
        /// The error.
        error: CheckpointError,
        /// Time until the next try; `None` if the next checkpoint is the next try.
        retry_in: Option<Duration>,
    }

    /// Nothing is saved from now on, unless [`SavingResumed`] follows. The game continues, and what
    /// was acknowledged is safe: the session can be continued or recovered from there.
    SavingStopped {
        /// The session that was being played or restored.
        session: Option<SessionId>,
        /// The reason.
        reason: StopReason,
    }

    /// The session is saved again, after [`SavingStopped`]: this process holds its lock again, and
    /// a full checkpoint follows.
    SavingResumed {
        /// The session.
        session: SessionId,
    }

    /// The autosave interval or its limits changed: the game entered another state
    /// ([`pace_session_in`](crate::SessionHooksExt::pace_session_in)), a condition began or ceased
    /// to hold, settings or paces were changed, or an alert restrains them.
    /// [`CurrentPace`](crate::checkpoints::CurrentPace) has the details.
    PaceChanged {
        /// The session.
        session: SessionId,
        /// The autosave interval from now on.
        interval: Duration,
        /// The share of a frame that a capture may take from now on.
        capture_budget: Option<CaptureBudget>,
        /// The paces that are in force, by name; empty if it is the settings alone.
        by: Vec<String>,
    }

    /// Automatic checkpoints are taken less often than the interval says, to stay below
    /// [`CurrentPace::max_bytes_per_second`](crate::checkpoints::CurrentPace::max_bytes_per_second),
    /// or they are back at that interval.
    AutosaveStretched {
        /// The session.
        session: SessionId,
        /// The interval from now on.
        interval: Duration,
    }

    /// An automatic checkpoint is due and waits: the writer hasn't finished the ones before, since
    /// the disk or the processor is slow. The next one includes what changes meanwhile, so memory
    /// stays bounded and nothing is lost, but a crash would cost more than the interval. Sent once,
    /// until a checkpoint is captured again.
    AutosaveDelayed {
        /// The session.
        session: SessionId,
        /// Captures that the writer hasn't finished.
        captures: usize,
        /// Time since the last capture.
        since_captured: Duration,
    }

    /// A capture took more of the frame than
    /// [`SessionSettings::capture_budget`](crate::SessionSettings::capture_budget) allows. If it
    /// was an automatic checkpoint, this is also logged, once in each run.
    CaptureOverBudget {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why it was taken.
        kind: CheckpointKind,
        /// True if everything was copied, false if only the changes since the last one.
        full: bool,
        /// Time that the main thread spent on it.
        capture_time: Duration,
        /// The time that it may take.
        budget: Duration,
        /// The types that cost most, costliest first; at most five. Together they can exceed
        /// `capture_time`, since columns are copied side by side where that pays.
        costliest: Vec<CaptureCost>,
    }

    /// The rows of a type in the journal differ from those in the world, since something changed
    /// the world without a trace, such as a write through `bypass_change_detection`. The number of
    /// rows is compared at every checkpoint, their values in the
    /// [self-test](crate::SessionSettings::self_test). The plugin takes a full checkpoint next.
    CheckpointDrifted {
        /// The session.
        session: SessionId,
        /// The types.
        types: Vec<DriftedType>,
    }

    /// Sessions can't be written to the usual directory, and are written below the
    /// [`fallback_directory`](crate::SessionPlugin::fallback_directory) in this process. Sessions
    /// in both places are found. Sent once, in the first frame;
    /// [`SessionPlace`](crate::library::SessionPlace) has it at any time. A player may want to
    /// know: files in the usual directory don't change from now on.
    DataPlaceChanged {
        /// The usual directory.
        wanted: PathBuf,
        /// The directory to which they are written.
        used: PathBuf,
        /// The error in the usual directory.
        error: FailureCause,
    }

    /// A type can't be saved, given the app's set-up. Sent once, in the first frame.
    TypeNotSaved {
        /// The type.
        type_path: String,
        /// The reason.
        reason: TypeProblemReason,
    }

    /// The plugin found a reason why it doesn't do what the game probably expects of it. Sent once,
    /// and logged as well; [`SessionHints`](crate::hints::SessionHints) has the hints that still
    /// hold.
    HintGiven {
        /// The hint, whose `Display` is a sentence.
        hint: SessionHint,
    }

    /// The game's own code failed while a type was written. The other types were saved.
    TypeFailed {
        /// The session.
        session: SessionId,
        /// The type.
        type_path: String,
        /// The message of the error or panic.
        message: String,
    }

    /// The files of all sessions on this machine were read, and
    /// [`SessionCatalog`](crate::SessionCatalog) and [`RecoveryOffers`](crate::RecoveryOffers) are
    /// filled. Sent once, and again whenever they were read again; while a
    /// [`SessionWatch`](crate::library::SessionWatch) is followed, also when that found a change.
    /// Reading an index file isn't enough for it.
    SessionsFound {
        /// The number of sessions.
        sessions: usize,
        /// The number of crashed sessions among them that are offered for recovery.
        offers: usize,
    }

    /// A session crashed, and its newest checkpoint was read and is intact. Answer with
    /// [`recover`](crate::SessionCommands::recover) or
    /// [`decline`](crate::SessionCommands::decline), now or later. Sent if
    /// [`RecoveryPolicy::Ask`](crate::RecoveryPolicy::Ask) is set, once for each crashed session:
    /// [`RecoveryOffers::offers`](crate::RecoveryOffers::offers) has all of them, the newest first.
    RecoveryAvailable {
        /// The offer: the session, and the checkpoints that can be restored.
        offer: RecoveryOffer,
        /// The game's own backups, newest first, as far as they are known by now; those with a
        /// `failure` can't be loaded. More may be added to
        /// [`RecoveryOffers::backups`](crate::RecoveryOffers::backups).
        backups: Vec<OfferedBackup>,
    }

    /// A session's files are damaged. They stay where they are.
    CorruptionDetected {
        /// The session.
        session: SessionId,
        /// The request that can't be fulfilled for that reason, if there is one: the offer is its
        /// answer.
        ticket: Option<Ticket>,
        /// The newest checkpoint that was committed and can't be read.
        lost: Option<CheckpointId>,
        /// The newest one that can, which is offered instead.
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
        /// The request that failed, if there was one.
        ticket: Option<Ticket>,
        /// The error.
        error: RecoveryError,
        /// The session's slots, which can still be loaded.
        slots: Vec<SlotEntry>,
    }

    /// The player declined to recover a crashed session, or one side of a forked one.
    RecoveryDeclined {
        /// The session.
        session: SessionId,
        /// The newest checkpoint of the side that was declined; `None` if it was the session.
        line: Option<CheckpointId>,
    }

    /// A session was deleted.
    SessionPurged {
        /// The session.
        session: SessionId,
    }

    /// The chosen checkpoint was read and decoded; nothing in the world has changed yet. An
    /// observer can still refuse it with
    /// [`cancel_restore`](crate::SessionCommands::cancel_restore).
    RestorePrepared {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The values that this build of the game can't use.
        losses: Vec<RestoreLoss>,
    }

    /// A restore waits for its gate: a condition of
    /// [`restore_session_in`](crate::SessionHooksExt::restore_session_in) or
    /// [`restore_session_when`](crate::SessionHooksExt::restore_session_when) that doesn't become
    /// true. It keeps waiting. Sent after
    /// [`Patience::restore`](crate::checkpoints::Patience::restore), then after twice the time, and
    /// so on.
    RestoreStalled {
        /// The session.
        session: SessionId,
        /// The state or condition that it waits for.
        gate: String,
        /// The time that it has waited so far.
        waited: Duration,
    }

    /// A restore was cancelled.
    RestoreCancelled {
        /// The session.
        session: SessionId,
        /// The request for the restore.
        ticket: Ticket,
        /// True if resources and states were already restored. Entities are unchanged in any case.
        began: bool,
    }

    /// Placed entities were spawned again and got the values that had been kept for them.
    PlacedRestored {
        /// The session.
        session: SessionId,
        /// The entities.
        entities: Vec<Entity>,
        /// The restored values, and the losses.
        report: RestoreReport,
    }

    /// Two entities have the same [`SaveKey`](crate::SaveKey). The values saved under it go to the
    /// first one.
    DuplicateSaveKey {
        /// The key.
        key: SaveKey,
        /// The entity that has it.
        first: Entity,
        /// The entity that came with it later.
        second: Entity,
    }

    /// A restore is about to change the world.
    RestoreStarted {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    }

    /// A checkpoint was restored into the world.
    SessionRestored {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The reason.
        reason: RestoreReason,
        /// The request.
        ticket: Ticket,
        /// The newest checkpoint of the branch that was left; the restored one itself if none was
        /// left. `None` if only a slot remained of the session.
        left: Option<CheckpointId>,
        /// The restored values, and the losses.
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

    /// A session was resumed in another environment than it was played in before: another graphics
    /// adapter, build or list of mods may explain why it behaves differently. Sent after
    /// [`SessionRestored`].
    ContextChanged {
        /// The session.
        session: SessionId,
        /// The parts that differ.
        parts: Vec<ContextPart>,
        /// The environment in which it was played before.
        before: SessionContext,
        /// The environment now.
        now: SessionContext,
    }

    /// Another profile's sessions are used from now on. [`SessionsFound`] follows.
    ProfileChanged {
        /// The profile.
        profile: String,
    }

    /// A report was written to disk.
    ReportWritten {
        /// The file, as the game named it.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    }

    /// The report that this start was to open, with `BEVY_SESSION=open:` or
    /// [`SessionPlugin::open`](crate::SessionPlugin::open), can't be opened. The game starts at its
    /// title screen, and sessions are saved only in memory. Sent in the first frame.
    ReportNotOpened {
        /// The file, as it was named.
        path: PathBuf,
        /// The error.
        error: ReportError,
    }

    /// A session was exported to a file, for another machine.
    SessionExported {
        /// The session.
        session: SessionId,
        /// The file, as the game named it.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    }

    /// A request is done: its last notification, unless it is rejected. See [`Ticket`]. A
    /// notification of the request's topic has the outcome, and comes before this one, except for
    /// [`cancel_restore`](crate::SessionCommands::cancel_restore): [`SessionClosed::complete`] says
    /// if an end is on disk, and the `result` of [`AttachmentRead`],
    /// [`EventsRead`](crate::events::EventsRead) and
    /// [`EventsValidated`](crate::events::EventsValidated) has what could not be read.
    ///
    /// Checkpoints, slots, attachments and changes of sessions that aren't played are durable by
    /// then. Changes of the played session, such as a pause or a new name, are made in the game,
    /// and durable with the next checkpoint.
    RequestDone {
        /// The request.
        ticket: Ticket,
    }

    /// A request failed. If it was not allowed, it has changed nothing.
    RequestRejected {
        /// The request; `None` if it is one part of another request, such as
        /// [`edit_all`](crate::library::LibraryCommands::edit_all), which gets its own answer.
        ticket: Option<Ticket>,
        /// The request, as it was made.
        request: Request,
        /// The name of the player who made the request; `None` if the game itself did. See
        /// [`SessionCommands::by`](crate::SessionCommands::by).
        by: Option<String>,
        /// The error.
        error: RequestError,
    }
}

/// Notifies observers and message readers, as the plugin does for each of its notifications.
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

/// Publishes the played session to threads that have no world, if the app has a place for that.
fn follow_played(world: &World) {
    let Some(now) = world.get_resource::<PlayedNow>() else { return };
    let played = world.get_resource::<CurrentSession>().map(|current| Played {
        session: Some(current.id()),
        chapter: current.chapters.current().map(|chapter| chapter.id),
    });
    now.set(played.unwrap_or_default());
}
