//! The figures that alerts watch.

use bevy_session::hints::Code;
use bevy_session::monitoring::SessionOperation;

use super::level::AlertLevel;

/// The figure that an alert watches. There is one alert for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AlertMeasure {
    /// The share of an operation's tries that failed in the window.
    Errors(SessionOperation),
    /// The 95th percentile of an operation's durations in the window.
    P95(SessionOperation),
    /// The share of the sessions that was known from the index, since the process began.
    IndexHits,
    /// Locks of processes that are gone.
    StaleLocks,
    /// Bytes left on the disk.
    DiskLeft,
    /// For how long something was captured that isn't durable.
    CheckpointAge,
    /// The share of the sessions of the last 24 hours that was left by a crash.
    Crashes,
    /// Bytes of memory that the process takes.
    Memory,
    /// Bytes that the session that is played takes on disk, without its slots.
    SessionBytes,
    /// The play time of the session that is played, pauses excluded.
    PlayTime,
    /// Saved entities of the session that is played, as of its newest checkpoint.
    Entities,
    /// Processes of this game on this machine that died lately while they played the session that is played now, or before they
    /// played one: the larger of both numbers.
    Deaths,
    /// For how long a durable checkpoint has been missing in the replica.
    ReplicaLag,
}

/// On which side of a level something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Above,
    Below,
}

impl AlertMeasure {
    pub(super) fn raised_on(self) -> Side {
        match self {
            Self::IndexHits | Self::DiskLeft => Side::Below,
            _ => Side::Above,
        }
    }

    /// True if it is a figure of the session that is played.
    pub(super) fn is_of_session(self) -> bool {
        matches!(self, Self::SessionBytes | Self::PlayTime | Self::Entities)
    }

    /// Returns true if it rises because checkpoints can't be written.
    pub(super) fn is_of_disk(self) -> bool {
        let checkpoint = Self::Errors(SessionOperation::Checkpoint);
        self == checkpoint || matches!(self, Self::CheckpointAge | Self::DiskLeft)
    }

    pub(super) fn has_window(self) -> bool {
        matches!(self, Self::Errors(_) | Self::P95(_))
    }

    pub(super) fn is_sampled(self) -> bool {
        self.has_window() || matches!(self, Self::IndexHits | Self::Crashes)
    }

    /// The code of its alert.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Errors(_) => Code::ManyErrors,
            Self::P95(_) => Code::SlowOperation,
            Self::IndexHits => Code::IndexMisses,
            Self::StaleLocks => Code::StaleLocks,
            Self::DiskLeft => Code::DiskLow,
            Self::CheckpointAge => Code::CheckpointOld,
            Self::Crashes => Code::ManyCrashes,
            Self::Memory => Code::MemoryHigh,
            Self::SessionBytes => Code::SessionOversized,
            Self::PlayTime => Code::SessionLong,
            Self::Entities => Code::ManyEntities,
            Self::Deaths => Code::DiesOften,
            Self::ReplicaLag => Code::ReplicaLags,
        }
    }

    /// A sentence about the value and its level.
    pub(super) fn sentence(self, value: AlertLevel, level: AlertLevel) -> String {
        match self {
            Self::Errors(operation) => {
                format!("{value} of {} operations fail, more than {level}", operation.name())
            }
            Self::P95(operation) => {
                let name = operation.name();
                format!("95 of 100 {name} operations take up to {value}, more than {level}")
            }
            Self::IndexHits => {
                format!("the index knows {value} of the sessions, less than {level}")
            }
            Self::StaleLocks => {
                format!("{value} locks were left by processes that are gone, more than {level}")
            }
            Self::DiskLeft => format!("{value} bytes are left on the disk, less than {level}"),
            Self::CheckpointAge => {
                format!("a checkpoint of {value} ago isn't on disk yet, longer than {level}")
            }
            Self::Crashes => {
                format!("{value} of the sessions of the last day crashed, more than {level}")
            }
            Self::Memory => format!("the process takes {value} bytes of memory, more than {level}"),
            Self::SessionBytes => {
                format!("the session takes {value} bytes on disk, more than {level}")
            }
            Self::PlayTime => format!("the session was played for {value}, longer than {level}"),
            Self::Entities => {
                format!("the session has {value} saved entities, more than {level}")
            }
            Self::Deaths => format!("{value} processes died lately, more than {level}"),
            Self::ReplicaLag => format!("the replica is {value} behind, longer than {level}"),
        }
    }
}
