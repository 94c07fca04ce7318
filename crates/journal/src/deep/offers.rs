//! Offers as they could be found, for tests of what is made of them.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::disk::process::HowItEnded;
use crate::format::{CheckpointKind, Validity};
use crate::model::ids::{CheckpointId, RunId, SlotId};
use crate::model::session::{CheckpointSummary, Fields, NewSession, SessionMetadata, SlotKind};
use crate::read::recovery::{
    Fork, ForkedLine, OfferedCheckpoint, Proposal, RecoveryOffer, SlotEntry, TimelineCheckpoint,
    TimelineLine, UnsavedPlay, VersionFit,
};

/// A campaign.
pub fn session() -> SessionMetadata {
    NewSession::named("Campaign").begin(Uuid::from_u128(1).into(), Timestamp::UNIX_EPOCH)
}

/// A checkpoint to choose, which was read and is good.
pub fn offered(id: CheckpointId, play_time: Duration) -> OfferedCheckpoint {
    OfferedCheckpoint {
        id,
        time: Timestamp::UNIX_EPOCH,
        age: Duration::ZERO,
        play_time,
        kind: CheckpointKind::Auto,
        after_failure: false,
        label: None,
        bytes: 0,
        entities: 0,
        fit: VersionFit::Exact,
        validity: Validity::Verified,
        summary: CheckpointSummary::default(),
        thumbnail: false,
    }
}

/// One side of a fork.
pub fn forked_line(newest: CheckpointId, played: Duration, is_from_here: bool) -> ForkedLine {
    ForkedLine { newest, played, is_from_here }
}

/// A fork without a checkpoint in common that is kept.
pub fn fork(parted: Option<Timestamp>, own: ForkedLine, others: Vec<ForkedLine>) -> Fork {
    Fork { common: None, parted, own, others }
}

/// An autosave on a timeline that follows the one before it of the same run.
pub fn on_timeline(run: u64, counter: u64, play_time: Duration) -> TimelineCheckpoint {
    let id = |counter| CheckpointId { run: RunId(run), counter };
    let (kind, time) = (CheckpointKind::Auto, Timestamp::UNIX_EPOCH);
    let parent = (counter > 1).then(|| id(counter - 1));
    TimelineCheckpoint { parent, ..TimelineCheckpoint::saved(id(counter), kind, time, play_time) }
}

/// The end of a line on a timeline.
pub fn timeline_line(end: CheckpointId, leaves_at: Option<CheckpointId>) -> TimelineLine {
    TimelineLine { end, is_branch: leaves_at.is_some(), leaves_at, begun: None }
}

/// A slot of the campaign.
pub fn slot(number: u64, checkpoint: CheckpointId) -> SlotEntry {
    SlotEntry {
        id: SlotId(number),
        name: "Boss".to_owned(),
        kind: SlotKind::Manual,
        session: session(),
        checkpoint,
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::ZERO,
        entities: 0,
        summary: CheckpointSummary::default(),
        game_version: String::new(),
        bytes: 0,
        thumbnail: false,
        protected: false,
        validity: Validity::Unread,
        path: PathBuf::new(),
    }
}

/// An offer of checkpoints, the newest first.
pub fn offer(checkpoints: Vec<OfferedCheckpoint>, newest: CheckpointId) -> RecoveryOffer {
    RecoveryOffer {
        session: session(),
        cause: HowItEnded::NotResponding,
        causes_before: Vec::new(),
        died_at: None,
        unsaved: UnsavedPlay::default(),
        play_time: Duration::ZERO,
        fields: Fields::default(),
        newest,
        fit: VersionFit::Exact,
        proposed: Proposal::Newest,
        deaths_in_a_row: 0,
        checkpoints,
        slots: Vec::new(),
        options: Vec::new(),
        forked: false,
        fork: None,
        elsewhere: None,
        directory: PathBuf::new(),
    }
}
