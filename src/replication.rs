//! The game's settings for a replica of its sessions on other machines.

use bevy_session_journal::replica::{KeeperOptions, MirrorOptions, Pace, ReplicaStore};
use std::sync::Arc;
use std::time::Duration;

/// The time that a checkpoint may wait for the replica, beside the time between two transfers.
const MAY_LAG: Duration = Duration::from_secs(30);

/// A replica of sessions beside this machine's disk, and its settings. See
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
    mirror: Option<Arc<dyn ReplicaStore>>,
    mirror_interval: Duration,
}

/// A store that sessions are kept in beside this machine's disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ReplicaTier {
    /// The replica, by which machines decide who owns a session.
    Replica,
    /// The [mirror](Replica::mirror) of the replica.
    Mirror,
}

/// The time that a process which mirrors a session may be silent before another one goes on in its place.
const MIRROR_LEASE: Duration = Duration::from_secs(300);

/// The action when another machine owns, in the replica, the session that is played here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum WhenFenced {
    /// It is closed here, with [`LeaveCause::Fenced`](crate::LeaveCause::Fenced): its players are
    /// on the other machine. For servers.
    #[default]
    Close,
    /// It continues as a separate session, which begins at this moment. For a player's devices, on
    /// which play goes on.
    GoOnAsFork,
}

impl Replica {
    /// Keeps sessions in this store, as a machine without a name, at the store's own
    /// [`Pace`](crate::replica::Pace): most have a lease of 10 seconds and send at once, and object
    /// storage has 90 seconds and sends every 30.
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
            mirror: None,
            mirror_interval: Duration::from_secs(60),
        }
    }

    /// Mirrors the replica in a second store, such as a bucket as the archive of a fleet. None by default.
    ///
    /// Every minute, a thread of its own reads what is new of the sessions that this process owns in the replica, and makes
    /// the mirror have the same files; when a session was left, once more. Each has claims and seals of its own, and
    /// [`CheckpointReplicated`](crate::replica::CheckpointReplicated) names the
    /// [tier](crate::replica::ReplicaTier). What isn't in the replica never gets there, and what is removed in the replica is
    /// removed there. A mirror that has what the replica has lost is left as it is
    /// ([`MirrorRefused`](crate::replica::MirrorRefused)); a game that is given it as its replica plays from it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use bevy_session::prelude::*;
    /// use bevy_session::replica::{MemoryReplica, Replica};
    ///
    /// let replica = Replica::new(MemoryReplica::default())
    ///     .machine("arena-3")
    ///     .mirror(MemoryReplica::default())
    ///     .mirror_every(Duration::from_secs(300));
    /// let plugin = SessionPlugin::new("Studio", "Arena").replica(replica);
    /// ```
    #[must_use]
    pub fn mirror(mut self, store: impl ReplicaStore + 'static) -> Self {
        self.mirror = Some(Arc::new(store));
        self
    }

    /// The time between two looks of the [mirror](Self::mirror) at a session in the replica. A minute by default,
    /// and a second at least.
    #[must_use]
    pub fn mirror_every(mut self, interval: Duration) -> Self {
        self.mirror_interval = interval.max(Duration::from_secs(1));
        self
    }

    /// The options for mirroring it, if there is a mirror.
    pub(crate) fn mirror_options(&self) -> Option<MirrorOptions> {
        Some(MirrorOptions {
            replica: self.store(),
            mirror: Arc::clone(self.mirror.as_ref()?),
            machine: self.machine.clone(),
            lease: MIRROR_LEASE,
            interval: self.mirror_interval,
        })
    }

    /// This machine's name. Other machines see which one owns a session. A process with another
    /// name counts as another machine, whatever computer it runs on. Empty by default.
    #[must_use]
    pub fn machine(mut self, name: impl Into<String>) -> Self {
        self.machine = name.into();
        self
    }

    /// The time without a sign of life from this machine after which another may take its session
    /// over. The lease is renewed three times as often. Defaults to the store's
    /// [`Pace`](crate::replica::Pace); 100 milliseconds at least.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(100));
        self
    }

    /// The least time between two transfers. Defaults to the store's
    /// [`Pace`](crate::replica::Pace); with zero, data is sent as soon as it is durable here. When a
    /// session is left, the rest of it is sent at once.
    #[must_use]
    pub fn send_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The time that a checkpoint may wait for the replica before
    /// [`ReplicaLagging`](crate::replica::ReplicaLagging) is sent. Defaults to 30 seconds more than
    /// the store's own time between two transfers. Waiting data takes no memory: it is read from the
    /// disk when it is sent.
    #[must_use]
    pub fn may_lag(mut self, time: Duration) -> Self {
        self.may_lag = time;
        self
    }

    /// The time that an exit waits for data that isn't replicated yet, once all is on this
    /// machine's disk. 5 seconds by default. It doesn't wait for a store that didn't answer when
    /// the session was left.
    #[must_use]
    pub fn exit_waits(mut self, time: Duration) -> Self {
        self.exit_waits = time;
        self
    }

    /// The action for a session that another machine owns. It is closed by default.
    #[must_use]
    pub fn when_fenced(mut self, what: WhenFenced) -> Self {
        self.when_fenced = what;
        self
    }

    /// This machine's name.
    pub(crate) fn name(&self) -> &str {
        &self.machine
    }

    /// The time after which an owner that has died has surely been silent for its lease.
    pub(crate) fn lease_patience(&self) -> Duration {
        self.lease.saturating_mul(2).saturating_add(Duration::from_secs(2))
    }

    pub(crate) fn store(&self) -> Arc<dyn ReplicaStore> {
        Arc::clone(&self.store)
    }

    pub(crate) fn keeper(&self, lock_patience: Duration) -> KeeperOptions {
        KeeperOptions {
            store: Arc::clone(&self.store),
            machine: self.machine.clone(),
            lease: self.lease,
            interval: self.interval,
            may_lag: self.may_lag,
            lock_patience,
            erases: true,
        }
    }
}
