//! The card of a session: what a person finds who looks into its directory.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Attempt;
use super::{DirectoryStore, StoreAction, StoreError};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{SessionMetadata, SessionStatus, milliseconds};

/// The content of `session.ron`.
///
/// It is written at leisure, for people, listings by other programs and the catalogue of a replica. Nothing is decided by it:
/// the journal is the only truth.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SessionCard {
    /// The session's description.
    pub metadata: SessionMetadata,
    /// Its status.
    pub status: SessionStatus,
    /// Its newest checkpoint.
    pub newest_checkpoint: Option<CheckpointId>,
    /// The time at which that was taken.
    pub saved: Option<Timestamp>,
    /// Play time, in milliseconds.
    #[serde(with = "milliseconds")]
    pub play_time: Duration,
}

impl SessionCard {
    /// Reads the card of a session; `None` if there is none that can be read.
    pub(crate) fn of(store: &DirectoryStore, session: SessionId) -> Option<Self> {
        const MOST: usize = 1 << 20;
        let bytes = store.disk().read(&store.layout().session_card(session), MOST).ok()?;
        ron::de::from_bytes(&bytes).ok()
    }

    /// The card as text.
    pub fn to_text(&self) -> Result<String, ron::Error> {
        let pretty = ron::ser::PrettyConfig::default();
        let card = ron::ser::to_string_pretty(self, pretty)?;
        Ok(format!(
            "// For people. Changes here have no effect: the journal is the truth.\n{card}\n"
        ))
    }
}

impl DirectoryStore {
    /// Writes the card that people find in a session's directory.
    ///
    /// # Errors
    ///
    /// [`StoreError`], which may be ignored: nothing depends on the card.
    pub fn write_session_card(&self, card: &SessionCard) -> Result<(), StoreError> {
        let path = self.layout().session_card(card.metadata.id);
        let text = card
            .to_text()
            .map_err(|error| StoreError::Content { path: path.clone(), source: Box::new(error) })?;
        self.disk().replace_unsynced(&path, text.as_bytes()).attempt(StoreAction::Replace, &path)
    }
}
