//! The steps from one session to another, or to an earlier moment of the same one, and their state.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::{
    EndReason, Fields, Leaving, Move, NewSession, RestoreFrom, RestoreReason, RunId, SessionId,
    SessionMetadata, Ticket,
};

use crate::content::Prepared;
use crate::external_saves::{ExternalRequestId, ExternalSave};
use crate::lifecycle::CurrentSession;
use crate::lifecycle::requests::SessionRequest;
use crate::restore::{Leftovers, RestoreManner, WorldKept};

/// The transition that the writer was asked for.
pub(crate) enum Transition {
    /// To start a session.
    Opening {
        metadata: Box<SessionMetadata>,
        fields: Fields,
        run: RunId,
        /// The highest checkpoint number that the session has used; for a draft, the draft's.
        newest_counter: u64,
        /// The request that this answers.
        ticket: Ticket,
    },
    /// To read a checkpoint.
    Preparing(Box<Preparing>),
    /// Nothing: the game has to reach the state to which the checkpoint belongs.
    Restoring(Box<Restoring>),
    /// Nothing: the game's systems for the session's end are running.
    Ending(Box<Ending>),
    /// To end the run; then, if a checkpoint was read meanwhile, to continue from that.
    Leaving(Box<LeavingSession>),
    /// To switch to the sessions of another profile.
    ChangingProfile,
    /// Nothing: the game has to load one of its own backups.
    LoadingBackup(Box<LoadingBackup>),
}

/// A checkpoint that is being read.
#[derive(Clone)]
pub(crate) struct Preparing {
    /// The request.
    pub ticket: Ticket,
    pub session: SessionId,
    pub from: RestoreFrom,
    pub reason: RestoreReason,
    /// The manner in which it is restored, if its session is played then.
    pub manner: RestoreManner,
    pub asked_at: Instant,
    pub becomes: Becomes,
    /// The session to start if nothing can be restored, for a request to start or continue.
    pub otherwise: Option<NewSession>,
    /// The number of times left to try what is offered instead of a damaged checkpoint.
    pub tries_left: u32,
    /// The backup that the game is to load, instead of a restore of the world.
    pub backup: Option<Box<WantedBackup>>,
}

/// The use of a checkpoint that is being read.
#[derive(Clone)]
pub(crate) enum Becomes {
    /// Its session continues with it.
    ItsSession,
    /// A new session begins with it, and the other one stays as it is.
    Branch(Box<NewSession>),
    /// It is the world of a file, with which a new session begins.
    World,
}

impl Transition {
    /// The request for the restore that is under way, if its checkpoint was read.
    pub(in crate::lifecycle) fn restores_for(&self) -> Option<Ticket> {
        match self {
            Self::Restoring(restoring) => Some(restoring.ticket()),
            _ => None,
        }
    }
}

/// A checkpoint that was read, to continue from.
pub(crate) struct Taken {
    pub preparing: Preparing,
    pub prepared: Prepared,
}

impl Preparing {
    /// Returns true if this undoes what a cancelled restore left behind. It can't be cancelled
    /// before the world has a level again. An undo by the player names neither checkpoint nor slot.
    pub(in crate::lifecycle) fn takes_cancellation_back(&self) -> bool {
        use RestoreFrom::{Checkpoint, Slot};

        matches!((self.reason, self.from), (RestoreReason::Undone, Checkpoint(_) | Slot(_)))
    }
}

/// A restore that has entered the saved states and waits for its gate.
pub(crate) struct Restoring {
    pub prepared: Prepared,
    pub preparing: Preparing,
    /// The session that was being played, in case the restore is cancelled.
    pub before: Option<CurrentSession>,
    /// The former resources and states of the world, in case the restore is cancelled.
    pub kept: WorldKept,
    /// Leftovers of the previous world that mustn't reach the restored one.
    pub leftovers: Leftovers,
    /// True if another state was entered in place of a saved one.
    pub through: bool,
    /// The time at which it began to wait.
    pub since: Duration,
    /// The time at which its waiting is next reported.
    pub report_at: Duration,
}

impl Restoring {
    /// The request for it.
    pub(in crate::lifecycle) fn ticket(&self) -> Ticket {
        self.preparing.ticket
    }
}

/// A session's end before its last checkpoint.
pub(crate) struct Ending {
    pub departure: Departure,
    /// The checkpoint to restore once the session was left.
    pub then: Option<Box<Taken>>,
    /// The hook whose turn it is.
    pub next: usize,
    /// The time until which hooks may run.
    pub until: Instant,
    /// The time until which the last checkpoint waits for the writer to have room, once no hook runs any more.
    pub room_until: Option<Instant>,
}

impl Ending {
    /// Returns true if a restore follows it.
    pub(in crate::lifecycle) fn is_for_restore(&self) -> bool {
        self.then.is_some()
    }
}

/// The way in which a session is left.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Departure {
    /// The reason if it ends for good; `None` if it is closed.
    pub end: Option<EndReason>,
    pub leaving: Leaving,
    /// The request, if it was for nothing else.
    pub ticket: Option<Ticket>,
}

impl Departure {
    /// The session can be continued.
    pub(in crate::lifecycle) fn close(leaving: impl Into<Leaving>) -> Self {
        Self { end: None, leaving: leaving.into(), ticket: None }
    }

    /// The session is over for good.
    pub(in crate::lifecycle) fn end(reason: EndReason, leaving: Leaving) -> Self {
        Self { end: Some(reason), leaving, ticket: None }
    }

    /// The same, as it was asked for.
    pub(in crate::lifecycle) fn asked_for(self, ticket: Ticket) -> Self {
        Self { ticket: Some(ticket), ..self }
    }

    pub(in crate::lifecycle) fn step(&self) -> Move {
        self.end.map_or(Move::Close, Move::End)
    }
}

/// A session that is being left, whose end the writer is writing.
pub(crate) struct LeavingSession {
    pub departure: Departure,
    /// The checkpoint of another session that was read meanwhile, to continue with.
    pub then: Option<Box<Taken>>,
    /// True if its last moment couldn't be captured.
    pub lacks_last: bool,
}

/// A backup that the game is to load once its session was read.
#[derive(Clone)]
pub(crate) struct WantedBackup {
    pub save: ExternalSave,
    /// The request to handle if it can't be loaded.
    pub otherwise: Option<SessionRequest>,
    /// The session to start with it, if the crashed one can't be read.
    pub instead: Option<NewSession>,
}

/// A backup that the game is loading.
pub(crate) struct LoadingBackup {
    /// The request to the plugin.
    pub ticket: Ticket,
    /// The request to the game.
    pub request: ExternalRequestId,
    pub session: SessionId,
    pub backup: WantedBackup,
    /// The session as it was read; `None` if it couldn't be.
    pub taken: Option<Box<Taken>>,
}

impl WantedBackup {
    /// With the session to start, if the crashed one can't be read.
    pub(in crate::lifecycle) fn like(mut self, session: NewSession) -> Self {
        self.instead = Some(session);
        self
    }
}
