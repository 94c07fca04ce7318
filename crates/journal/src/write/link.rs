//! The main thread's end of the line to the writer.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded, unbounded};
use tracing::error;

use super::{Content, News, Order, Report, SlotOrder, Worker};
use crate::model::clock::{self, Clock, Moment, deadline};

/// Orders that may wait in the channel. Further ones wait on the main thread, in order.
const CHANNEL: usize = 64;
/// The writer's stack. A game's own `Serialize` runs on it, and may go deep into a value that the
/// main thread, with its larger stack, could build. Memory is only taken as far as it is used.
const STACK: usize = 64 << 20;
/// Turns that a driven writer gets at the exit before its patience counts as over.
const EXIT_TURNS: usize = 10_000;

/// The main thread's end of the line to the writer. Sending never waits.
pub struct Link<C: Content> {
    driver: Driver<C>,
    /// Captures that were sent and whose buffers haven't come back.
    captures_in_flight: usize,
    /// Things to be done with slots that nothing was reported of.
    slots_in_flight: usize,
    /// The time that dropping the link waits for captures to be on disk.
    pub patience: Duration,
}

enum Driver<C: Content> {
    /// The main loop drives the writer, one turn per frame.
    Inline {
        worker: Box<Worker<C>>,
        /// The reports, each with the turn after which it is handed out.
        reports: VecDeque<(u64, Report<C>)>,
        /// The number of turns so far.
        turns: u64,
        /// The least number of turns that an answer takes.
        delay: u64,
        /// The moment of the last order or turn.
        newest: Option<Moment>,
        /// True while it works. If that panics, it does nothing more.
        is_working: bool,
    },
    /// A thread drives it.
    Thread {
        orders: Option<Sender<Order<C>>>,
        overflow: VecDeque<Order<C>>,
        reports: Receiver<Report<C>>,
        thread: Option<JoinHandle<()>>,
    },
}

impl<C: Content> fmt::Debug for Link<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl<C: Content> Link<C> {
    /// A writer that is driven by [`turn`](Self::turn). Each of its reports comes after `delay` further turns, as if it
    /// was busy.
    pub fn inline(worker: Worker<C>, delay: u64) -> Self {
        let (worker, reports) = (Box::new(worker), VecDeque::new());
        Self::new(Driver::Inline {
            worker,
            reports,
            turns: 0,
            delay,
            newest: None,
            is_working: false,
        })
    }

    /// A writer on a thread of its own.
    ///
    /// # Errors
    ///
    /// If the operating system has no thread to give.
    pub fn thread(worker: Worker<C>, clock: Clock) -> io::Result<Self> {
        let (order_sender, order_receiver) = bounded(CHANNEL);
        let (report_sender, report_receiver) = unbounded();
        let thread = thread::Builder::new()
            .name("session writer".into())
            .stack_size(STACK)
            .spawn(move || drive(worker, clock, &order_receiver, &report_sender))?;
        Ok(Self::new(Driver::Thread {
            orders: Some(order_sender),
            overflow: VecDeque::new(),
            reports: report_receiver,
            thread: Some(thread),
        }))
    }

    fn new(driver: Driver<C>) -> Self {
        Self { driver, captures_in_flight: 0, slots_in_flight: 0, patience: Duration::from_secs(3) }
    }

    /// Sends an order. Orders are carried out one after the other.
    pub fn send(&mut self, order: Order<C>, now: Moment) {
        if matches!(order, Order::Checkpoint(_)) {
            self.captures_in_flight += 1;
        }
        if matches!(order, Order::Slot { .. }) {
            self.slots_in_flight += 1;
        }
        match &mut self.driver {
            Driver::Inline { is_working: true, .. } => {}
            Driver::Inline { worker, newest, is_working, .. } => {
                (*newest, *is_working) = (Some(now), true);
                worker.execute(order, now);
                worker.catch_up(now);
                *is_working = false;
            }
            Driver::Thread { overflow, .. } => {
                overflow.push_back(order);
                self.push_overflow();
            }
        }
    }

    /// The content of the run that is being played, if the main loop drives the writer.
    pub fn content(&self) -> Option<&C::Run> {
        match &self.driver {
            Driver::Inline { worker, .. } => worker.content(),
            Driver::Thread { .. } => None,
        }
    }

    /// Captures that the writer hasn't worked off.
    pub fn captures_in_flight(&self) -> usize {
        self.captures_in_flight
    }

    /// Things to be done with slots that the writer isn't done with.
    pub fn slots_in_flight(&self) -> usize {
        self.slots_in_flight
    }

    /// Once a frame: sends what had to wait, and gives a driven writer its turn.
    pub fn turn(&mut self, now: Moment) {
        self.push_overflow();
        if let Driver::Inline { worker, turns, newest, is_working, .. } = &mut self.driver {
            (*newest, *is_working) = (Some(now), true);
            worker.turn(now);
            *is_working = false;
            *turns += 1;
            self.gather_reports();
        }
    }

    /// Of a driven writer: what was reported since the last turn comes after the delay.
    fn gather_reports(&mut self) {
        if let Driver::Inline { worker, reports, turns, delay, .. } = &mut self.driver {
            reports.extend(worker.reports().map(|report| (*turns + *delay, report)));
        }
    }

    /// The next report, if there is one.
    pub fn report(&mut self) -> Option<Report<C>> {
        self.gather_reports();
        let report = match &mut self.driver {
            Driver::Inline { reports, turns, .. } => {
                reports.pop_front_if(|(due, _)| *due <= *turns).map(|(_, report)| report)
            }
            Driver::Thread { reports, .. } => reports.try_recv().ok(),
        };
        self.count(report)
    }

    /// The next report, waiting for it until `deadline`. Only an exit waits.
    pub fn wait_for_report(&mut self, deadline: Instant, now: Moment) -> Option<Report<C>> {
        if let Driver::Inline { .. } = self.driver {
            for _ in 0..EXIT_TURNS {
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
                Ok(report) => return self.count(Some(report)),
                Err(RecvTimeoutError::Timeout) if wait > Duration::ZERO => {}
                Err(_) => return None,
            }
        }
    }

    /// Returns true if the writer is gone: its thread panicked.
    pub fn is_broken(&self) -> bool {
        match &self.driver {
            Driver::Inline { .. } => false,
            Driver::Thread { thread, .. } => thread.as_ref().is_none_or(JoinHandle::is_finished),
        }
    }

    fn count(&mut self, report: Option<Report<C>>) -> Option<Report<C>> {
        if matches!(report, Some(Report::WorkedOff { .. })) {
            self.captures_in_flight = self.captures_in_flight.saturating_sub(1);
        }
        let is_asked_for = |order: &SlotOrder| !matches!(order, SlotOrder::Refresh { .. });
        if matches!(&report, Some(Report::News(News::Slot { order, .. })) if is_asked_for(order)) {
            self.slots_in_flight = self.slots_in_flight.saturating_sub(1);
        }
        report
    }

    fn push_overflow(&mut self) {
        let Driver::Thread { orders: Some(orders), overflow, .. } = &mut self.driver else {
            return;
        };
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

impl<C: Content> Drop for Link<C> {
    /// Lets the writer finish what was captured, for a bounded time. Also runs while a panic
    /// unwinds, and then it is what saves the last capture.
    fn drop(&mut self) {
        let (orders, overflow, thread) = match &mut self.driver {
            Driver::Thread { orders, overflow, thread, .. } => (orders, overflow, thread),
            // A test that lets go of its app kills the game; only a panic leaves the writer its last turn.
            Driver::Inline { worker, newest: Some(now), is_working: false, .. }
                if thread::panicking() =>
            {
                // A second panic would end the process.
                let _ = catch_unwind(AssertUnwindSafe(|| worker.finish(*now)));
                return;
            }
            Driver::Inline { .. } => return,
        };
        let deadline = deadline(self.patience);
        if let Some(orders) = orders.take() {
            for order in overflow.drain(..) {
                if orders.send_deadline(order, deadline).is_err() {
                    error!("the writer is too far behind: the last captures weren't written");
                    return;
                }
            }
        }
        // The channel is closed now: the writer works off what is in it, and ends.
        let Some(thread) = thread.take() else { return };
        while !thread.is_finished() && clock::instant() < deadline {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

/// The writer's thread.
fn drive<C: Content>(
    mut worker: Worker<C>,
    clock: Clock,
    orders: &Receiver<Order<C>>,
    reports: &Sender<Report<C>>,
) {
    let now = || clock.moment(Duration::ZERO);
    let mut wake = Duration::ZERO;
    loop {
        match orders.recv_timeout(wake) {
            Ok(order) => worker.execute(order, now()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // Everything that waits is taken over before the next sync, so that captures which piled
        // up during the last one can be merged.
        while let Ok(order) = orders.try_recv() {
            worker.execute(order, now());
        }
        wake = worker.turn(now());
        for report in worker.reports() {
            // Nothing receives reports any more once the app is being dropped; the work continues.
            let _ = reports.send(report);
        }
    }
    worker.finish(now());
}
