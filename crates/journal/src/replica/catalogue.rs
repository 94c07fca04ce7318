//! The catalogue of a store: a line about each session, for people.

use std::time::Duration;

use jiff::Timestamp;

use super::Epoch;
use crate::disk::SessionCard;
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::SessionStatus;

/// The line of a session in the catalogue of a store.
///
/// It describes the session as it was when the newest run began or ended. While the session is played, its owner writes the line
/// beside each renewal of the lease, so one that names a machine and is older than a lease is one of a machine that is silent.
/// Nothing is decided by it.
#[derive(Clone, PartialEq, Debug)]
pub struct CatalogueLine {
    /// The session.
    pub session: SessionId,
    /// The epoch of the owner that writes the line. A line of an older epoch never replaces one of a newer epoch.
    pub epoch: Epoch,
    /// The name of the machine that plays the session; `None` if none does.
    pub machine: Option<String>,
    /// Studio and name of the game, as `Studio/Hop`.
    pub game: String,
    /// The session's name.
    pub name: String,
    /// The player's name, if the game has one.
    pub player: Option<String>,
    /// The type of session, in the game's own words.
    pub session_type: String,
    /// The session's status.
    pub status: SessionStatus,
    /// The time at which it was started.
    pub started: Timestamp,
    /// Its newest checkpoint, and the time at which that was taken.
    pub checkpoint: Option<(CheckpointId, Timestamp)>,
    /// Play time at that checkpoint.
    pub play_time: Duration,
}

impl CatalogueLine {
    /// The line of a session by its card, written by the owner of an epoch.
    pub(super) fn of(card: SessionCard, epoch: Epoch, machine: Option<String>) -> Self {
        let SessionCard { metadata, status, newest_checkpoint, saved, play_time } = card;
        Self {
            session: metadata.id,
            epoch,
            machine,
            game: metadata.context.game,
            name: metadata.name,
            player: metadata.player,
            session_type: metadata.session_type,
            status,
            started: metadata.started,
            checkpoint: newest_checkpoint.zip(saved),
            play_time,
        }
    }
}
