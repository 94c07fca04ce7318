//! The requests by which a game answers for its own saves and ways out.

use bevy_session_journal::{SessionId, Ticket};

use super::{ExternalRequest, SessionCommands, SessionRequest};
use crate::external_saves::{ExternalDone, ExternalRequestId};

/// Requests about what the game does itself: its own saves, and its own ways out of a crash, from
/// [`SessionCommands::external`].
#[derive(Debug)]
pub struct ExternalCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl ExternalCommands<'_, '_> {
    /// Answers [`ExternalSaveRequested`](crate::external::ExternalSaveRequested) and
    /// [`ExternalRestoreRequested`](crate::external::ExternalRestoreRequested): the game has saved, or loaded. A text
    /// alone is the details; see [`ExternalDone`] for the slot.
    /// [`ExternalOperationFinished`](crate::external::ExternalOperationFinished) follows.
    ///
    /// An answer to a request that isn't open is rejected with an
    /// [`ExternalError`](crate::external::ExternalError): one that was answered before, whose time was over, or that
    /// was never made.
    pub fn done(&mut self, request: ExternalRequestId, done: impl Into<ExternalDone>) -> Ticket {
        let result = Ok(done.into());
        self.0.request(ExternalRequest::Answer { request, result })
    }

    /// Answers as [`done`](Self::done) does: the game could not save, or load. A
    /// backup that couldn't be loaded is marked with
    /// [`OfferedBackup::failure`](crate::external::OfferedBackup::failure), and can't be chosen again.
    pub fn failed(&mut self, request: ExternalRequestId, error: impl Into<String>) -> Ticket {
        let result = Err(error.into());
        self.0.request(ExternalRequest::Answer { request, result })
    }

    /// Goes on from a backup of the game's own, instead of from a checkpoint of the session that crashed;
    /// see [`RecoveryOffers::backups`](crate::RecoveryOffers::backups).
    ///
    /// The game is asked to load it, with
    /// [`ExternalRestoreRequested`](crate::external::ExternalRestoreRequested). When it has, the session goes on
    /// with the world that was loaded, and [`SessionRecovered`](crate::SessionRecovered) follows:
    /// nothing of its checkpoints is put into that world, and its name, custom fields and play time are
    /// those of the newest one. If it fails or isn't answered, the offer stays, and the backup is
    /// marked.
    pub fn recover(&mut self, session: SessionId, slot: impl Into<String>) -> Ticket {
        self.0.request(ExternalRequest::Recover { session, slot: slot.into() })
    }

    /// Takes a way out of a crash that the game has added with
    /// [`recovery_option`](crate::SessionHooksExt::recovery_option). The offer is answered by that. If there
    /// is no such way now, the request is rejected with
    /// [`UnknownOption`](crate::RequestError::UnknownOption), and the offer stays.
    pub fn take_option(&mut self, session: SessionId, option: impl Into<String>) -> Ticket {
        self.0.request(SessionRequest::TakeOption { session, option: option.into() })
    }
}
