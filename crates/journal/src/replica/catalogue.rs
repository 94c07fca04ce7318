//! The catalogue of a store: a line about each session, for people.

use std::time::Duration;

use jiff::Timestamp;

use super::Epoch;
use crate::disk::SessionCard;
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::SessionStatus;

/// The line of a session in the catalogue of a store.
///
/// Its owner writes it beside each renewal of the lease, so a line that names a machine and is older than that is one of a machine
/// that is silent. Nothing is decided by it.
#[derive(Clone, PartialEq, Debug)]
pub struct CatalogueLine {
    /// The session.
    pub session: SessionId,
    /// The epoch of the owner that writes the line. A line of an older epoch never replaces one of a newer epoch.
    pub epoch: Epoch,
    /// The name of the machine that plays the session; `None` if none does.
    pub machine: Option<String>,
    /// A description of the session; `None` if it was removed.
    pub about: Option<CatalogueText>,
}

/// The description of a session in a catalogue, as its files say it.
#[derive(Clone, PartialEq, Debug)]
pub struct CatalogueText {
    /// Studio and name of the game, as `Studio/Hop`.
    pub game: String,
    /// The session's name.
    pub name: String,
    /// The player's name, if the game has one.
    pub player: Option<String>,
    /// The type of session, in the game's own words.
    pub session_type: String,
    /// The session's status when the machine last noted it.
    pub status: SessionStatus,
    /// The time at which it was started.
    pub started: Timestamp,
    /// Its newest checkpoint on the machine, and the time at which that was taken.
    pub checkpoint: Option<(CheckpointId, Timestamp)>,
    /// Play time at that checkpoint.
    pub play_time: Duration,
}

impl CatalogueLine {
    /// The line of a session that was removed in this epoch. It says nothing more of the session.
    #[must_use]
    pub fn removed(session: SessionId, epoch: Epoch) -> Self {
        Self { session, epoch, machine: None, about: None }
    }
}

impl From<SessionCard> for CatalogueText {
    fn from(card: SessionCard) -> Self {
        let SessionCard { metadata, status, newest_checkpoint, saved, play_time } = card;
        Self {
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
