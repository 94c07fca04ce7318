//! The requests about the game's own saves and recovery options.

use bevy_session_journal::{OfferedSession, SessionId, Ticket};

use super::{ExternalRequest, SessionCommands, SessionRequest};
use crate::external_saves::{ExternalDone, ExternalRequestId};

/// Requests about the game's own saves, and its own recovery options, from
/// [`SessionCommands::external`].
#[derive(Debug)]
pub struct ExternalCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl ExternalCommands<'_, '_> {
    /// Answers [`ExternalSaveRequested`](crate::external::ExternalSaveRequested) or
    /// [`ExternalRestoreRequested`](crate::external::ExternalRestoreRequested): the game has saved,
    /// or loaded. A text alone is the details; see [`ExternalDone`] for the slot.
    /// [`ExternalOperationFinished`](crate::external::ExternalOperationFinished) follows.
    ///
    /// An answer to a request that isn't open is rejected with an
    /// [`ExternalError`](crate::external::ExternalError): if it was answered before, was given up,
    /// or was never made.
    pub fn done(&mut self, request: ExternalRequestId, done: impl Into<ExternalDone>) -> Ticket {
        let result = Ok(done.into());
        self.0.request(ExternalRequest::Answer { request, result })
    }

    /// Answers that the game could not save, or load. A backup that couldn't be loaded is marked
    /// with [`OfferedBackup::failure`](crate::external::OfferedBackup::failure), and can't be
    /// chosen again.
    pub fn failed(&mut self, request: ExternalRequestId, error: impl Into<String>) -> Ticket {
        let result = Err(error.into());
        self.0.request(ExternalRequest::Answer { request, result })
    }

    /// Resumes a crashed session from one of the game's own backups, instead of from a checkpoint;
    /// see [`RecoveryOffers::backups`](crate::RecoveryOffers::backups).
    ///
    /// The game is asked to load it, with
    /// [`ExternalRestoreRequested`](crate::external::ExternalRestoreRequested). When it has, the
    /// session continues with the loaded world, and [`SessionRecovered`](crate::SessionRecovered)
    /// follows: nothing of its checkpoints is restored into that world, and its name, custom fields
    /// and play time are those of the newest checkpoint. If it fails or isn't answered, the offer
    /// stays, and the backup is marked.
    pub fn recover(&mut self, session: SessionId, slot: impl Into<String>) -> Ticket {
        self.0.request(ExternalRequest::Recover { session, slot: slot.into() })
    }

    /// Takes a recovery option that the game has added with
    /// [`recovery_option`](crate::SessionHooksExt::recovery_option). Its system gets the offer;
    /// of a forked session, that of the side. All offers of the session are answered by it. If the
    /// option isn't available now, the request is rejected with
    /// [`UnknownOption`](crate::RequestError::UnknownOption), and the offers stay.
    pub fn take_option(
        &mut self,
        offered: impl Into<OfferedSession>,
        option: impl Into<String>,
    ) -> Ticket {
        let (offered, option) = (offered.into(), option.into());
        self.0.request(SessionRequest::TakeOption { offered, option })
    }
}
