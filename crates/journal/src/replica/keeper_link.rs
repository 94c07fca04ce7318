//! The main thread's end of the line to what keeps sessions in a replica.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded, unbounded};

use super::{Keeper, MirrorKeeper, MirrorOrder, MirrorReport, ReplicaOrder, ReplicaReport};
use crate::model::clock::{self, Clock, Moment};

/// Orders that may wait in the channel. Further ones wait on the main thread, in order.
const CHANNEL: usize = 64;
/// Turns that a driven keeper gets while it is waited for.
const TURNS: usize = 10_000;

/// What takes orders, does a piece of its work in each turn, and reports.
pub trait Driven: Send + 'static {
    /// The name of its thread.
    const THREAD: &'static str;
    /// An order.
    type Order: Send + 'static;
    /// A report.
    type Report: Send + 'static;

    /// Takes an order.
    fn execute(&mut self, order: Self::Order, now: Moment);

    /// Does what there is to do, and says how long there is nothing.
    fn turn(&mut self, now: Moment) -> Duration;

    /// Takes the reports.
    fn reports(&mut self) -> impl Iterator<Item = Self::Report>;

    /// Returns true if an order says all that the one before it says.
    fn replaces(order: &Self::Order, before: &Self::Order) -> bool;
}

impl Driven for Keeper {
    const THREAD: &'static str = "session replica";
    type Order = ReplicaOrder;
    type Report = ReplicaReport;

    fn execute(&mut self, order: ReplicaOrder, now: Moment) {
        Self::execute(self, order, now);
    }

    fn turn(&mut self, now: Moment) -> Duration {
        Self::turn(self, now)
    }

    fn reports(&mut self) -> impl Iterator<Item = ReplicaReport> {
        Self::reports(self)
    }

    /// A newer checkpoint has what an older one has.
    fn replaces(order: &ReplicaOrder, before: &ReplicaOrder) -> bool {
        matches!((order, before), (ReplicaOrder::Saved(new, _), ReplicaOrder::Saved(old, _)) if new == old)
    }
}

impl Driven for MirrorKeeper {
    const THREAD: &'static str = "session mirror";
    type Order = MirrorOrder;
    type Report = MirrorReport;

    fn execute(&mut self, order: MirrorOrder, now: Moment) {
        Self::execute(self, &order, now);
    }

    fn turn(&mut self, now: Moment) -> Duration {
        Self::turn(self, now)
    }

    fn reports(&mut self) -> impl Iterator<Item = MirrorReport> {
        Self::reports(self)
    }

    fn replaces(order: &MirrorOrder, before: &MirrorOrder) -> bool {
        matches!((order, before), (MirrorOrder::Replicated(new, _), MirrorOrder::Replicated(old, _)) if new == old)
    }
}

/// The line to what keeps sessions in a replica.
pub type KeeperLink = Link<Keeper>;
/// The line to what mirrors them.
pub type MirrorLink = Link<MirrorKeeper>;

/// The main thread's end of the line. Nothing here waits for a store but [`Self::wait_for_report`].
pub struct Link<K: Driven> {
    driver: Driver<K>,
}

enum Driver<K: Driven> {
    /// The main loop drives it, one turn per frame.
    Inline { keeper: Box<K>, reports: VecDeque<K::Report> },
    /// A thread drives it.
    Thread {
        orders: Sender<K::Order>,
        overflow: VecDeque<K::Order>,
        reports: Receiver<K::Report>,
        thread: JoinHandle<()>,
    },
}

impl<K: Driven> fmt::Debug for Link<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Link").finish_non_exhaustive()
    }
}

impl<K: Driven> Link<K> {
    /// A keeper that is driven by [`Self::turn`].
    #[must_use]
    pub fn inline(keeper: K) -> Self {
        Self { driver: Driver::Inline { keeper: Box::new(keeper), reports: VecDeque::new() } }
    }

    /// A keeper on a thread of its own. The thread ends some time after the link is dropped.
    ///
    /// # Errors
    ///
    /// If the operating system has no thread to give.
    pub fn thread(keeper: K, clock: Clock) -> io::Result<Self> {
        let (order_sender, order_receiver) = bounded(CHANNEL);
        let (report_sender, report_receiver) = unbounded();
        let thread = thread::Builder::new()
            .name(K::THREAD.into())
            .spawn(move || drive(keeper, clock, &order_receiver, &report_sender))?;
        let overflow = VecDeque::new();
        let (orders, reports) = (order_sender, report_receiver);
        Ok(Self { driver: Driver::Thread { orders, overflow, reports, thread } })
    }

    /// Sends an order. Orders are carried out one after the other.
    pub fn send(&mut self, order: K::Order, now: Moment) {
        match &mut self.driver {
            Driver::Inline { keeper, .. } => keeper.execute(order, now),
            Driver::Thread { overflow, .. } => {
                // This stays small even if the store hangs.
                if overflow.back().is_some_and(|before| K::replaces(&order, before)) {
                    overflow.pop_back();
                }
                overflow.push_back(order);
                self.push_overflow();
            }
        }
    }

    /// Once a frame: sends what had to wait, and gives a driven keeper its turn.
    pub fn turn(&mut self, now: Moment) {
        self.push_overflow();
        if let Driver::Inline { keeper, reports } = &mut self.driver {
            keeper.turn(now);
            reports.extend(keeper.reports());
        }
    }

    /// The next report, if there is one.
    pub fn report(&mut self) -> Option<K::Report> {
        match &mut self.driver {
            Driver::Inline { reports, .. } => reports.pop_front(),
            Driver::Thread { reports, .. } => reports.try_recv().ok(),
        }
    }

    /// The next report, waiting for it until `deadline`. Only an exit waits.
    pub fn wait_for_report(&mut self, deadline: Instant, now: Moment) -> Option<K::Report> {
        if let Driver::Inline { .. } = self.driver {
            for _ in 0..TURNS {
                if let Some(report) = self.report() {
                    return Some(report);
                }
                self.turn(now);
            }
            return None;
        }
        loop {
            self.push_overflow();
            let Driver::Thread { reports, .. } = &self.driver else { return None };
            let wait = deadline.saturating_duration_since(clock::instant());
            match reports.recv_timeout(wait.min(Duration::from_millis(5))) {
                Ok(report) => return Some(report),
                Err(RecvTimeoutError::Timeout) if wait > Duration::ZERO => {}
                Err(_) => return None,
            }
        }
    }

    /// Returns true if the keeper is gone: its thread panicked.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        match &self.driver {
            Driver::Inline { .. } => false,
            Driver::Thread { thread, .. } => thread.is_finished(),
        }
    }

    fn push_overflow(&mut self) {
        let Driver::Thread { orders, overflow, .. } = &mut self.driver else { return };
        while let Some(order) = overflow.pop_front() {
            if let Err(TrySendError::Full(order) | TrySendError::Disconnected(order)) =
                orders.try_send(order)
            {
                overflow.push_front(order);
                return;
            }
        }
    }
}

/// The keeper's thread.
fn drive<K: Driven>(
    mut keeper: K,
    clock: Clock,
    orders: &Receiver<K::Order>,
    reports: &Sender<K::Report>,
) {
    let now = || clock.moment(Duration::ZERO);
    let mut rest = Duration::ZERO;
    loop {
        match orders.recv_timeout(rest) {
            Ok(order) => keeper.execute(order, now()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        for order in orders.try_iter() {
            keeper.execute(order, now());
        }
        rest = keeper.turn(now());
        for report in keeper.reports() {
            // The receiver may be gone.
            let _ = reports.send(report);
        }
    }
}
