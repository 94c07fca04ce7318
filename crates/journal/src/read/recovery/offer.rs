//! The offer after a crash, for the game or its player to accept or decline.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fork, Proposal, SlotEntry, VersionFit};
use crate::disk::process::HowItEnded;
use crate::format::{CheckpointKind, Validity};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{
    CheckpointSummary, Fields, Leaving, ProcessDeath, RestoreFrom, SessionMetadata, SessionStatus,
};

/// The offer to recover a session that crashed.
///
/// A session that was continued in two places that never saw each other is a fork: it is offered once for each of them.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct RecoveryOffer {
    /// The metadata of the session, with its name.
    pub session: SessionMetadata,
    /// The end of the last process that played it, or died while it restored it.
    pub cause: HowItEnded,
    /// The ends of the processes before, the oldest first, if `cause` is that of one that died while it restored the
    /// session: the one that played it, then others that restored it.
    pub causes_before: Vec<HowItEnded>,
    /// The time at which the process is known to have lived last; `None` if its record is missing.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub died_at: Option<Timestamp>,
    /// The play that is in no checkpoint.
    pub unsaved: UnsavedPlay,
    /// Play time at the newest checkpoint.
    pub play_time: Duration,
    /// Custom fields as of the newest checkpoint.
    pub fields: Fields,
    /// The newest checkpoint that is intact.
    pub newest: CheckpointId,
    /// The fit of this build of the game with that one.
    pub fit: VersionFit,
    /// The proposal to preselect: the newest checkpoint, or one that leads out of a crash loop.
    pub proposed: Proposal,
    /// The number of times in a row that the game died soon after this session was restored: within
    /// `SessionSettings::probation` of play. A clean end, or as much play, begins a new count.
    pub deaths_in_a_row: u32,
    /// The checkpoints to choose from, newest first: the newest five, then one a minute, every one
    /// that is proposed or has a name, and the last one before another build of the game
    /// took over or the world collapsed.
    pub checkpoints: Vec<OfferedCheckpoint>,
    /// The session's slots, the one that was captured last first: another way out, by
    /// [`RestoreFrom::Slot`](crate::RestoreFrom::Slot).
    pub slots: Vec<SlotEntry>,
    /// The ways out that the game adds, by `recovery_option`.
    pub options: Vec<OfferedOption>,
    /// True if the same session is offered a second time, because it was continued in two places.
    pub forked: bool,
    /// The checkpoint at which it parted then, and the play since on each side.
    pub fork: Option<Fork>,
    /// What of it is in the replica and not on this machine; `None` if the offer is of what this machine has.
    pub elsewhere: Option<Elsewhere>,
    /// The directory of the session's files, for a report: the first one, if the game has a second place for data.
    pub directory: PathBuf,
}

/// A session that is offered, or one side of a forked one, as an answer to the offer names it.
///
/// It is made of a session's id, which stands for all sides of a fork, or of an offer, which stands for its own side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfferedSession {
    /// The session.
    pub session: SessionId,
    /// The newest checkpoint of the [side](super::ForkedLine::newest) of a fork; `None` for all of the session.
    pub line: Option<CheckpointId>,
}

impl From<SessionId> for OfferedSession {
    fn from(session: SessionId) -> Self {
        Self { session, line: None }
    }
}

impl From<&RecoveryOffer> for OfferedSession {
    fn from(offer: &RecoveryOffer) -> Self {
        Self { session: offer.session.id, line: offer.fork.as_ref().map(|fork| fork.own.newest) }
    }
}

impl RecoveryOffer {
    /// What to restore, as is [proposed](Self::proposed); `None` if a new session is to be started. Of a session that is
    /// offered twice it is a checkpoint of this offer's side.
    #[must_use]
    pub fn restore_from(&self) -> Option<RestoreFrom> {
        self.restore_by(self.proposed)
    }

    /// The same by another proposal for its side.
    #[doc(hidden)]
    #[must_use]
    pub fn restore_by(&self, proposal: Proposal) -> Option<RestoreFrom> {
        match proposal {
            Proposal::Newest if self.forked => Some(self.restore_at(self.newest)),
            Proposal::Older(checkpoint) => Some(self.restore_at(checkpoint)),
            proposal => proposal.restore_from(),
        }
    }

    /// What to restore for one of [`checkpoints`](Self::checkpoints): of a forked session, that checkpoint on this offer's
    /// side.
    #[must_use]
    pub fn restore_at(&self, checkpoint: CheckpointId) -> RestoreFrom {
        let side = OfferedSession::from(self).line;
        side.map_or(RestoreFrom::Checkpoint(checkpoint), |newest| RestoreFrom::OnSide {
            checkpoint,
            newest,
        })
    }

    /// The ends of the processes that held the session since it was played, the oldest first, for the session's log.
    #[must_use]
    pub fn deaths(&self) -> Vec<ProcessDeath> {
        let ends = self.causes_before.iter().chain([&self.cause]);
        ends.map(|end| ProcessDeath::new(end.name(), end.panic().cloned())).collect()
    }
}

/// What of an offered session is in a replica and not on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum Elsewhere {
    /// All of it. Recovering fetches it.
    All,
    /// What was played since this machine had it. Recovering fetches the rest.
    Newer,
    /// What another machine has played since both had the same, while this one went on as well. The offer is of what this
    /// machine has: recovering it makes that a session of its own, and the other one stays in the replica.
    Fork,
}

/// A way out of a crash that the game adds to checkpoints and slots.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct OfferedOption {
    /// The game's id for it, for `ExternalCommands::take_option`.
    pub id: String,
    /// The text for the player.
    pub label: String,
    /// True if it is to be preselected, in the place of [`RecoveryOffer::proposed`](RecoveryOffer::proposed).
    pub is_proposed: bool,
}

impl OfferedOption {
    #[doc(hidden)]
    #[must_use]
    pub fn new(id: String, label: String, is_proposed: bool) -> Self {
        Self { id, label, is_proposed }
    }
}

/// The play that a crash took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct UnsavedPlay {
    /// Time between the newest checkpoint and the death, pauses included; `None` if the death
    /// can't be dated.
    pub time: Option<Duration>,
    /// Checkpoints that had been acknowledged and are gone or damaged. Always 0 unless the disk or
    /// another program lost them.
    pub acknowledged: u64,
}

/// A checkpoint to choose from.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct OfferedCheckpoint {
    /// Its identity, for [`RecoveryOffer::restore_at`].
    pub id: CheckpointId,
    /// The time at which it was taken, by the clock of the machine that took it.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub time: Timestamp,
    /// The time between it and the session's last sign of life.
    pub age: Duration,
    /// Play time at its moment.
    pub play_time: Duration,
    /// The reason for which it was taken.
    pub kind: CheckpointKind,
    /// The game's label for it.
    pub label: Option<String>,
    /// Its own bytes on disk.
    pub bytes: u64,
    /// The number of entities in it.
    pub entities: u64,
    /// The fit of this build of the game with it. After a failed update, the older build finds the last checkpoint of
    /// its own by this.
    pub fit: VersionFit,
    /// True if something of the game's own code failed since the checkpoint before, and the game continued: the world
    /// may be in the middle of a step.
    pub after_failure: bool,
    /// The state of its data, as far as it is known.
    pub validity: Validity,
    /// Custom fields and states at that moment.
    pub summary: CheckpointSummary,
    /// True if it has an attachment named `thumbnail`, for `AttachmentCommands::read`.
    pub thumbnail: bool,
}

/// A session on this machine, as a Continue list shows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct SessionEntry {
    /// Its metadata, with its name.
    pub session: SessionMetadata,
    /// Its status. A session that is [`SessionStatus::Active`] or [`SessionStatus::Paused`] and not
    /// [`in_use`](Self::in_use) was left by a crash, or may be played on another machine.
    pub status: SessionStatus,
    /// True if a process plays it now.
    pub in_use: bool,
    /// True if its crash was declined.
    pub declined: bool,
    /// Its newest checkpoint, if it has one.
    pub newest: Option<CheckpointId>,
    /// The fit of this build of the game with it. Unless it is [`VersionFit::Exact`], a game may want to say so before
    /// the session is resumed.
    pub fit: VersionFit,
    /// Play time at the newest checkpoint.
    pub play_time: Duration,
    /// Custom fields and states at the newest checkpoint.
    pub summary: CheckpointSummary,
    /// The time at which it was written last.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub updated: Timestamp,
    /// The newest checkpoint on its line with an attachment named `thumbnail`, for `AttachmentCommands::read`.
    pub thumbnail: Option<CheckpointId>,
    /// The cause of its being left, with the game's words about it; `None` if it is played, or was left by a crash, or
    /// by an exit that was too slow to write it. The time of that is [`updated`](Self::updated).
    pub left: Option<Leaving>,
    /// True if it was continued in two places that never saw each other.
    pub forked: bool,
    /// True if there is no world to restore: only its summary was kept when it was archived, or it is a
    /// [draft](SessionMetadata::draft).
    pub without_world: bool,
    /// Bytes of its journal, of its attachments and of its slots.
    pub bytes: u64,
    /// Bytes of its journal and of its attachments.
    #[doc(hidden)]
    pub journal_bytes: u64,
}

impl SessionEntry {
    /// The time at which it ended for good: was completed, abandoned or failed, as [`status`](Self::status) says. `None`
    /// of a session that can still be continued, also if it was closed. A copy of a session that had ended has the time
    /// of that end, which is before the copy was [created](SessionMetadata::created).
    #[must_use]
    pub fn ended(&self) -> Option<Timestamp> {
        self.status.has_ended().then_some(self.updated)
    }

    /// A session that has just been started here.
    #[doc(hidden)]
    pub fn begun(session: &SessionMetadata) -> Self {
        Self {
            session: session.clone(),
            status: SessionStatus::Active,
            in_use: true,
            declined: false,
            newest: None,
            fit: VersionFit::Exact,
            play_time: Duration::ZERO,
            summary: CheckpointSummary::default(),
            updated: session.started,
            bytes: 0,
            journal_bytes: 0,
            thumbnail: None,
            forked: false,
            without_world: false,
            left: None,
        }
    }

    /// A draft that was written just now, as this checkpoint of this many bytes.
    pub(crate) fn drafted(
        session: SessionMetadata,
        newest: CheckpointId,
        summary: CheckpointSummary,
        bytes: u64,
    ) -> Self {
        Self {
            status: SessionStatus::Closed,
            in_use: false,
            newest: Some(newest),
            summary,
            bytes,
            journal_bytes: bytes,
            without_world: true,
            left: Some(Leaving::default()),
            ..Self::begun(&session)
        }
    }

    /// Returns true if the session was left by a crash, or may be played on another machine. This includes one whose
    /// crash was declined; see [`declined`](Self::declined).
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.status.is_running() && !self.in_use
    }

    /// Returns true if a Continue button or `start_or_continue` resumes it: not while it is played, after it has ended,
    /// without a checkpoint or its world, in the trash, or if its crash was declined. `recover` takes a declined one
    /// too, and one in the trash. A [draft](SessionMetadata::draft) begins.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        let is_unwanted = self.declined || self.session.place.is_in_trash();
        let has_world = self.newest.is_some() && !self.without_world;
        let has_begin = has_world || self.session.draft;
        !self.in_use && !is_unwanted && !self.status.has_ended() && has_begin
    }
}
