//! Rows that this build can't use, by reason.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy_session_journal::SaveId;

use super::loss::{NAMED_ROWS, RestoreLoss, RestoreLossReason};
use crate::saved::DecodeError;

/// The number of panics after which a type isn't tried again: each takes a while to be reported.
const PANICS: u32 = 16;

/// The reason why a row can't be used.
pub(super) enum Unusable {
    /// This build doesn't read its version.
    ByVersion(RestoreLossReason),
    /// Its value doesn't fit the type.
    ByValue(String),
}

impl Unusable {
    /// A row of an older version could not be migrated.
    pub(super) fn of_version(version: u32, error: &DecodeError) -> Self {
        Self::ByValue(format!("from version {version}: {error}"))
    }
}

impl From<DecodeError> for Unusable {
    fn from(error: DecodeError) -> Self {
        Self::ByValue(error.to_string())
    }
}

/// Rows of one type that can't be used.
#[derive(Default)]
pub(super) struct UnusableRows {
    by_version: Vec<(RestoreLossReason, u64)>,
    by_value: u64,
    named: Vec<SaveId>,
    first_error: Option<String>,
    panics: u32,
}

impl UnusableRows {
    /// Reads a row with the game's own code, catching panics.
    pub(super) fn try_reading<T>(
        &mut self,
        read: impl FnOnce() -> Result<T, Unusable>,
    ) -> Result<T, Unusable> {
        if self.panics >= PANICS {
            return Err(DecodeError::Panicked.into());
        }
        // A row is taken up at the very end of its decoding, or not at all.
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
            self.panics += 1;
            Err(DecodeError::Panicked.into())
        })
    }

    pub(super) fn add(&mut self, id: SaveId, reason: Unusable) {
        match reason {
            Unusable::ByVersion(reason) => {
                let known = self.by_version.iter_mut().find(|(known, _)| *known == reason);
                match known {
                    Some((_, rows)) => *rows += 1,
                    None => self.by_version.push((reason, 1)),
                }
            }
            Unusable::ByValue(error) => {
                self.by_value += 1;
                if self.named.len() < NAMED_ROWS {
                    self.named.push(id);
                }
                self.first_error.get_or_insert(error);
            }
        }
    }

    /// One loss for each reason.
    pub(super) fn into_losses(self, type_path: &str) -> impl Iterator<Item = RestoreLoss> {
        let ids = self.named;
        let by_value = self
            .first_error
            .map(|error| (RestoreLossReason::Undecodable { error, ids }, self.by_value));
        let losses = self.by_version.into_iter().chain(by_value);
        losses.map(move |(reason, rows)| RestoreLoss {
            type_path: type_path.to_owned(),
            rows,
            reason,
        })
    }
}
