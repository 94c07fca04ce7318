//! The search for a session by its name, in a replica.

use std::time::Duration;

use bevy_session_journal::Ticket;
use bevy_session_journal::replica::{ReplicaSession, Standing};

/// The time that a start waits for a replica that gives no answer, longer than a store tries.
pub(in crate::lifecycle) const UNANSWERED: Duration = Duration::from_secs(15);

/// The search for the session that a request names.
pub(crate) struct Search {
    pub(in crate::lifecycle) ticket: Ticket,
    pub(in crate::lifecycle) began: Duration,
    /// The number of the look at the replica that has to be answered.
    pub(in crate::lifecycle) look: u64,
    /// The time since which another machine has the session.
    pub(in crate::lifecycle) owned_since: Option<Duration>,
}

/// Returns true if the replica has what this machine has not.
pub(in crate::lifecycle) fn has_more(there: &ReplicaSession) -> bool {
    matches!(there.here, None | Some(Standing::MachineIsBehind | Standing::Forked))
}
