//! How the sessions of a game are kept on other machines as well: what the game chooses.

use bevy_session_journal::replica::{KeeperOptions, Pace, ReplicaStore};
use std::sync::Arc;
use std::time::Duration;

/// How long a checkpoint may wait once it is its turn.
const MAY_LAG: Duration = Duration::from_secs(30);

/// Where sessions are kept beside this machine's disk, and how. See
/// [`SessionPlugin::replica`](crate::SessionPlugin::replica).
///
/// ```
/// use std::time::Duration;
///
/// use bevy_session::prelude::*;
/// use bevy_session::replica::{MemoryReplica, Replica};
///
/// let replica = Replica::new(MemoryReplica::default())
///     .machine("arena-3")
///     .lease(Duration::from_secs(5));
/// let plugin = SessionPlugin::new("Studio", "Arena").replica(replica);
/// ```
#[derive(Clone, Debug)]
pub struct Replica {
    store: Arc<dyn ReplicaStore>,
    machine: String,
    lease: Duration,
    interval: Duration,
    may_lag: Duration,
    pub(crate) exit_waits: Duration,
    pub(crate) when_fenced: WhenFenced,
}

/// What becomes of a session that is played when another machine owns it in the replica.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum WhenFenced {
    /// It is closed here, with [`LeaveCause::Fenced`](crate::LeaveCause::Fenced): its players are on the other machine. For
    /// servers.
    #[default]
    Close,
    /// It goes on as a session of its own, which begins with this moment. For devices of a player, who goes on playing.
    GoOnAsFork,
}

impl Replica {
    /// Keeps sessions in this store, as a machine without a name, at the store's own [`Pace`](crate::replica::Pace): a lease
    /// of 10 seconds, and everything at once, or in object storage 90 seconds, and every 30 seconds.
    #[must_use]
    pub fn new(store: impl ReplicaStore + 'static) -> Self {
        let Pace { lease, interval } = store.pace();
        Self {
            store: Arc::new(store),
            machine: String::new(),
            lease,
            interval,
            may_lag: MAY_LAG + interval,
            exit_waits: Duration::from_secs(5),
            when_fenced: WhenFenced::default(),
        }
    }

    /// What this machine is called. Others see who owns a session, and a process of another name is another machine,
    /// whatever computer it runs on. Empty by default.
    #[must_use]
    pub fn machine(mut self, name: impl Into<String>) -> Self {
        self.machine = name.into();
        self
    }

    /// How long this machine may be silent before another takes its session over. It says three times as often that it
    /// is there. The store's [`Pace`](crate::replica::Pace) by default, 100 milliseconds at least.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(100));
        self
    }

    /// How often is sent at most. The store's [`Pace`](crate::replica::Pace) by default. With zero, what is durable here is sent at once;
    /// whatever it is, the rest is sent at once when a session is left.
    #[must_use]
    pub fn send_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long a checkpoint may wait for the replica before [`ReplicaLagging`](crate::replica::ReplicaLagging) says so. 30 seconds more
    /// than is waited between two batches by default. Whatever waits takes no memory: it is read from the disk when it is sent.
    #[must_use]
    pub fn may_lag(mut self, time: Duration) -> Self {
        self.may_lag = time;
        self
    }

    /// How long an exit waits for what isn't replicated yet, once all is on this machine's disk. 5 seconds by default. It
    /// doesn't wait for a store that gave no answer when the session was left.
    #[must_use]
    pub fn exit_waits(mut self, time: Duration) -> Self {
        self.exit_waits = time;
        self
    }

    /// What becomes of a session that another machine owns. It is closed by default.
    #[must_use]
    pub fn when_fenced(mut self, what: WhenFenced) -> Self {
        self.when_fenced = what;
        self
    }

    pub(crate) fn keeper(&self, lock_patience: Duration) -> KeeperOptions {
        KeeperOptions {
            store: Arc::clone(&self.store),
            machine: self.machine.clone(),
            lease: self.lease,
            interval: self.interval,
            may_lag: self.may_lag,
            lock_patience,
        }
    }
}
