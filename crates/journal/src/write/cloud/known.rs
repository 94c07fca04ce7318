//! What is known here of a session: the checkpoints that need not be brought here.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use tracing::warn;

use super::DEVICE;
use crate::disk::{Erasure, LocalStore, StoredSession};
use crate::format::SegmentHeader;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::write::cloud_news::CloudError;
use crate::write::filing::refuse_to_guess;

/// The newest checkpoint that is known of each run.
#[derive(Default)]
pub(super) struct Known(BTreeMap<RunId, u64>);

impl Known {
    /// The checkpoints that are known here of a session, or were when it was deleted here. Of one that this device never
    /// had, it is nothing.
    pub(super) fn of(local: &LocalStore, session: SessionId) -> Result<Self, CloudError> {
        let refused = |error| CloudError::here_at(&forgotten_file(local, session), error);
        let stored = match local.store.open_session(session) {
            Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => {
                return Self::forgotten(local, session).map_err(refused);
            }
            stored => stored.map_err(CloudError::here)?,
        };
        if stored.newer_format().is_some() {
            return Err(CloudError::NewerBuild);
        }
        // A file that can't be read now may have what the folder's has.
        refuse_to_guess(stored.index()).map_err(CloudError::Session)?;
        Self::with_forgotten(local, &stored).map_err(refused)
    }

    /// The checkpoints of a session, and those that were known when it was deleted here before.
    fn with_forgotten(local: &LocalStore, stored: &StoredSession) -> io::Result<Self> {
        let mut known = match Self::forgotten(local, stored.id()) {
            // A damaged note of a session that is here again says nothing that its files don't say; it is written anew.
            Err(error) if error.kind() == ErrorKind::InvalidData => Self::default(),
            known => known?,
        };
        for (run, counter) in stored.index().known() {
            let most = known.0.entry(run).or_insert(counter);
            *most = counter.max(*most);
        }
        Ok(known)
    }

    fn forgotten(local: &LocalStore, session: SessionId) -> io::Result<Self> {
        forgotten(local, session).map(|known| Self(known.unwrap_or_default()))
    }

    pub(super) fn has(&self, checkpoint: &CheckpointId) -> bool {
        self.0.get(&checkpoint.run).is_some_and(|most| *most >= checkpoint.counter)
    }

    /// Returns true if anything is known of a run.
    pub(super) fn has_run(&self, run: RunId) -> bool {
        self.0.contains_key(&run)
    }
}

/// The note of the checkpoints that were known of a session when it was deleted here.
fn forgotten_file(local: &LocalStore, session: SessionId) -> PathBuf {
    local.store.layout().state.join(format!("cloud-forgotten-{session}"))
}

/// What the note says; `None` if the session was never deleted here.
fn forgotten(local: &LocalStore, session: SessionId) -> io::Result<Option<BTreeMap<RunId, u64>>> {
    const MOST: usize = 16 << 20;
    let bytes = match local.store.disk().read(&forgotten_file(local, session), MOST) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let invalid = |error| io::Error::new(ErrorKind::InvalidData, error);
    rmp_serde::from_slice(&bytes).map(Some).map_err(invalid)
}

/// Returns true if a session was deleted here, and nothing of it has come back since.
pub(super) fn is_forgotten(local: &LocalStore, session: SessionId) -> bool {
    let is_gone = || match local.store.open_session(session) {
        Ok(stored) => stored.segments().is_empty() || stored.index().is_forgotten(),
        Err(error) => error.io_kind() == Some(ErrorKind::NotFound),
    };
    matches!(forgotten(local, session), Ok(Some(_))) && is_gone()
}

/// Notes the checkpoints of a session that is about to be deleted, so that its files in the folder don't bring it back.
/// What another device plays after that does.
pub(in crate::write) fn note_forgotten(local: &LocalStore, stored: &StoredSession) {
    let disk = local.store.disk();
    let device = disk.read(&local.store.layout().state.join(DEVICE), 64);
    // A device that has nothing to do with a folder has no number.
    if device.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return;
    }
    // What was deleted here before and came back by another device's play has left files in the folder as well.
    let noted = Known::with_forgotten(local, stored)
        .and_then(|known| rmp_serde::to_vec(&known.0).map_err(io::Error::other))
        .and_then(|bytes| disk.replace(&forgotten_file(local, stored.id()), &bytes));
    if let Err(error) = noted {
        warn!(session = %stored.id(), %error, "the session may be brought back by the cloud's folder");
    }
}

/// Returns true if a file is of a session whose player was erased.
pub(super) fn is_erased(erasures: &[Erasure], header: &SegmentHeader) -> bool {
    let (session, player) = (header.session, header.metadata.player.as_deref());
    erasures.iter().any(|erasure| {
        let is_named = erasure.sessions.contains(&session);
        let was_away = erasure.away.contains(&session);
        (is_named && player.is_none_or(|player| erasure.may_be_of(player)))
            || (was_away && player.is_some_and(|player| erasure.is_of(player)))
    })
}
