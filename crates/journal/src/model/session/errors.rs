//! The errors that a game gets.

use std::path::PathBuf;

use super::{AttachmentError, ChapterError, FailureCause, IllegalMove, SlotError};
use crate::model::ids::SessionId;
use crate::model::session::{Purpose, SessionFeature, WrittenBy};

/// The error of a request that changed nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum RequestError {
    /// A session is being played already, and the request doesn't replace it.
    #[error(
        "session {current} is being played already: close or end it first, or start with `replacing_current()`. In a \
         state that is entered for a restore as well, start only if `not(session_is_restoring)`"
    )]
    SessionRunning {
        /// The session that is being played.
        current: SessionId,
    },
    /// No session is being played.
    #[error("no session is being played")]
    NoSession,
    /// The session is in a status that has no such step.
    #[error(transparent)]
    IllegalMove(#[from] IllegalMove),
    /// There is no session with this id.
    #[error("there is no session with this id")]
    UnknownSession,
    /// No session or slot of this player is there.
    #[error("no data of this player is kept")]
    UnknownPlayer,
    /// Another process plays this session.
    #[error("another process plays this session")]
    SessionInUse,
    /// The replica gives no answer, and this machine has no session of the name that was asked for, or none but one
    /// that another machine has played on.
    #[error("the replica can't be reached, and may have the session or a newer copy of it")]
    ReplicaUnreachable,
    /// The session has no such checkpoint.
    #[error("the session has no such checkpoint")]
    UnknownCheckpoint,
    /// The checkpoint was one of this session, and retention has removed it.
    #[error("the checkpoint is no longer kept")]
    CheckpointPruned,
    /// The checkpoint is damaged, and others of the session are not. Nothing has changed.
    #[error("the checkpoint is damaged")]
    CheckpointDamaged,
    /// The session has gone back by no rewind, or has loaded no slot, that could be undone.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// The session has no checkpoint at all, or, for `external().recover`, was not left by a crash.
    #[error("the session has nothing to restore")]
    NothingToRestore,
    /// The game was started with `BEVY_SESSION=off`, or with
    /// `SessionMode::Off`.
    #[error("sessions are switched off for this start")]
    SessionsAreOff,
    /// Recovery is switched off: `SessionSettings::recovery` is
    /// `RecoveryPolicy::Never`.
    #[error("recovery is switched off")]
    RecoveryIsOff,
    /// The session was left behind by no crash, so there is nothing to decline.
    #[error("the session has no crash to decline")]
    NothingToDecline,
    /// The session isn't in the trash, so it can't be taken out of it.
    #[error("the session isn't in the trash")]
    NotInTrash,
    /// The session isn't in the archive, so it can't be taken out of it.
    #[error("the session isn't in the archive")]
    NotArchived,
    /// Nothing but its summary was kept when the session was archived: there is no world to restore.
    #[error("only the summary of this session was kept when it was archived")]
    ArchivedWithoutWorld,
    /// The session is a draft: it can be continued, which begins it, and has nothing to recover or to archive.
    #[error("the session is a draft that hasn't begun")]
    NotBegun,
    /// The session was continued in two places that never saw each other, so it is neither archived nor copied. Once
    /// all sides but one are declined, that one can be copied.
    #[error("the session was continued in two places: decline one side, and copy the other")]
    Forked,
    /// The session was left by a crash that waits for an answer. Recover or decline it first.
    #[error("the session crashed: recover or decline it first")]
    CrashUndecided,
    /// A text, or the custom fields together, are larger than the format allows.
    #[error("a text of {bytes} bytes is over the limit of {limit}")]
    TextTooLong {
        /// Its size in bytes.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// A session has more tags than the format allows.
    #[error("{tags} tags are over the limit of {limit}")]
    TooManyTags {
        /// The number of tags that there would be.
        tags: usize,
        /// The most that are allowed.
        limit: usize,
    },
    /// A session has more links than the format allows.
    #[error("{links} links are over the limit of {limit}")]
    TooManyLinks {
        /// The number of links that there would be.
        links: usize,
        /// The most that are allowed.
        limit: usize,
    },
    /// The restore would lose something, and
    /// `SessionSettings` refuses that.
    #[error("this build of the game would lose values of {}", types.join(", "))]
    WouldLose {
        /// The types. `RestorePrepared` has the details.
        types: Vec<String>,
    },
    /// The session is one of another game or studio, whose files are in the same place.
    #[error("the session is one of another game, {game}")]
    OtherGame {
        /// Studio and name of that game, as `Studio/Hop`.
        game: String,
    },
    /// It was asked of another session than the one that is being played now, which has taken its
    /// place meanwhile.
    #[error("the request is about session {asked_of}, which isn't being played any more")]
    OtherSession {
        /// The session that was being played when it was asked.
        asked_of: SessionId,
    },
    /// The session doesn't go back: what was played since its last checkpoint would be lost, since
    /// the writer is too far behind to take it. Ask again later.
    #[error("the writer is too far behind to keep what was played since the last checkpoint")]
    WriterBehind,
    /// The checkpoint waited for the game to let one be taken (`checkpoint_session_while`), and the session was
    /// left, or went back, before it did.
    #[error("no checkpoint could be taken before the session was left")]
    GateStayedShut,
    /// The game doesn't allow it, for the reason that it gives: see `guard_session_requests`.
    #[error("refused: {reason}")]
    Refused {
        /// The reason, in the game's words.
        reason: String,
    },
    /// Sessions are off for this start, since the operator's policies can't be read, see `SessionPlugin::policies`.
    #[error("sessions are off, as the policies can't be read: {error}")]
    PoliciesUnreadable {
        /// The error, with the file, the line and the column.
        error: String,
    },
    /// The feature that it needs was switched off, see `SessionSwitches`.
    #[error("{feature} are switched off")]
    SwitchedOff {
        /// The feature.
        feature: SessionFeature,
    },
    /// The player hasn't agreed to this use of their data, or has withdrawn the consent, see `Consent`.
    #[error("the player hasn't agreed to {purpose}")]
    ConsentNotGiven {
        /// The purpose.
        purpose: Purpose,
    },
    /// No session is started as long as an alert is raised that answers so: see `AlertResponse::RefuseSessions`.
    #[error("no session is started: {limit}")]
    LimitReached {
        /// The limit to raise, in a sentence without a full stop.
        limit: String,
    },
    /// A restore is under way. It continues, and everything else is as it was.
    #[error("a restore is under way")]
    RestoreUnderWay,
    /// This is the first process of the game on this machine that is known of.
    #[error("there is no record of an earlier process of the game")]
    NothingToReport,
    /// The file is there already. It was left as it is.
    #[error("{} is there already", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// The file of a scenario is named `KEY.scenario.ron`, with a key that has no point.
    #[error("{} isn't a scenario's file name: use KEY.scenario.ron", path.display())]
    NotAScenario {
        /// The file.
        path: PathBuf,
    },
    /// The game has added no such way out of a crash, or this crash has none.
    #[error("this crash has no recovery option {option:?}")]
    UnknownOption {
        /// The id that was asked for.
        option: String,
    },
    /// The game has named no such digester, see `digest_sessions`.
    #[error("no digester is called {name:?}")]
    UnknownDigest {
        /// The name that was asked for.
        name: String,
    },
    /// This machine and the replica have both played on with the session, and have both changed the same file of it, such
    /// as a slot. `recover` or `continue_session` makes a session of its own of what this machine has.
    #[error(
        "the session was continued both here and on another machine: recover it to keep what is here as a \
         session of its own"
    )]
    SessionForked,
    /// The game has cancelled it while it waited to know which machine has the session.
    #[error("the request was cancelled")]
    Cancelled,
    /// There is no restore to cancel.
    #[error("there is no restore to cancel")]
    NothingToCancel,
    /// A panic of the game's own code came through the plugin and was caught: nothing is saved any
    /// more, see [`StopReason::Panicked`].
    #[error("saving stopped after a panic")]
    SavingStopped,
    /// A newer release of this crate wrote the session, so a newer game, in a way that this one may
    /// show but not change: update the game. The session's files stay as they are.
    #[error("a newer release of the game wrote this session ({0}): update the game")]
    NewerFormat(WrittenBy),
    /// It can't be done with this slot.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// It can't be done with this attachment.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// It can't be done with this chapter.
    #[error(transparent)]
    Chapter(#[from] ChapterError),
    /// It can't be done with the game's own saves.
    #[error(transparent)]
    External(#[from] ExternalError),
    /// The session's files can't be used now; they were left as they are.
    #[error(transparent)]
    Store(FailureCause),
    /// The game exited before there was an answer. A request that the writer has already may still be carried out; one
    /// that waited for something else isn't.
    #[error("the game exits before there is an answer")]
    Exiting,
    /// The writer itself failed, and the request with it. Acknowledged checkpoints are safe.
    #[error("the writer itself failed")]
    WriterGone,
}

impl RequestError {
    /// Refuses what takes more bytes than the format allows.
    ///
    /// # Errors
    ///
    /// [`RequestError::TextTooLong`].
    #[doc(hidden)]
    pub fn refuse_longer(bytes: usize, limit: usize) -> Result<(), Self> {
        if bytes > limit { Err(Self::TextTooLong { bytes, limit }) } else { Ok(()) }
    }
}

/// The error of an operation on a game's own saves, which this package doesn't know.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum ExternalError {
    /// The game has named no save system of its own.
    #[error("the game has named no save system of its own")]
    NoProvider,
    /// It answers a request that was never made in this process.
    #[error("no such request was made")]
    UnknownRequest,
    /// It answers a request that was answered before. The first answer counts.
    #[error("the request was answered already")]
    AlreadyAnswered,
    /// It answers a request that is no longer waited for: its time was over, or it was cancelled.
    #[error("the answer came too late")]
    TooLate,
    /// No such backup is offered.
    #[error("no such backup is offered")]
    UnknownBackup,
    /// The game could not load this backup, now or before.
    #[error("the backup could not be loaded")]
    NotLoadable,
}

/// The error of writing checkpoints.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum CheckpointError {
    /// The disk refused an operation.
    #[error(transparent)]
    Disk(FailureCause),
    /// The session's directory vanished while the game was running. A full checkpoint into a new
    /// one follows.
    #[error("the session's directory vanished")]
    StoreVanished,
    /// The writer is too far behind to keep this moment.
    #[error("the writer is too far behind")]
    WriterBehind,
    /// The writer itself failed. Nothing is saved any more; what was acknowledged is safe.
    #[error("the writer itself failed")]
    WriterGone,
    /// Another process took the session over, see [`StopReason::LockLost`].
    #[error("another process took the session over")]
    LockLost,
    /// The game removed the `CurrentSession` resource, which names the session of a checkpoint. The changes are in the
    /// next one after it is back.
    #[error("the game removed the resource `CurrentSession`")]
    NoCurrentSession,
    /// Data of the session beside its entities, such as the custom fields, can't be encoded.
    #[error(transparent)]
    Encoding(FailureCause),
    /// The checkpoint is larger than the format allows.
    #[error(transparent)]
    TooLarge(FailureCause),
}

/// The reason that nothing is saved any more, see `SavingStopped`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum StopReason {
    /// One of the game's observers or hooks panicked in the middle of the plugin's work, and the game caught it and
    /// continues. Every request is rejected from here on, until there is a new app.
    #[error("a panic interrupted the plugin")]
    Panicked,
    /// The writer itself failed. Requests that need no writer are still answered.
    #[error("the writer itself failed")]
    WriterLost,
    /// Another process plays the session: its lock file, or the state directory with it, was deleted while the game was
    /// running, and that process took the session over. Nothing of this run is written from here on, so that no two
    /// processes write one session. If the lock becomes free and nothing was saved by the other one, saving is resumed,
    /// with a `SavingResumed`.
    #[error("another process took the session over")]
    LockLost,
    /// A restore was cancelled after it had left the states of the game, and the world from before can't be read. The
    /// world is no longer the session's, and nothing of it is written until a checkpoint is restored, with a
    /// `SavingResumed`.
    #[error("the world before a cancelled restore can't be read")]
    WorldLost,
}

impl StopReason {
    /// Returns true if it keeps only the session that is played from being saved: once that is left, others are saved.
    #[must_use]
    pub fn is_of_one_session(self) -> bool {
        matches!(self, Self::LockLost | Self::WorldLost)
    }
}

/// The reason that no checkpoint of a session can be restored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum RecoveryError {
    /// Every committed checkpoint is damaged.
    #[error("every committed checkpoint is damaged")]
    AllDamaged,
    /// A file was written by a newer release of this crate, so by a newer game: update the game. The
    /// session's files stay as they are.
    #[error("a newer release of the game wrote this session ({0}): update the game")]
    NewerFormat(WrittenBy),
    /// The files can't be read now. They may be readable later.
    #[error(transparent)]
    Unreadable(FailureCause),
}
