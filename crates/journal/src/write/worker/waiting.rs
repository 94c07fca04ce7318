//! Orders that come after what was asked before them: while a session is played, jobs do that between its checkpoints.

use std::collections::VecDeque;
use std::time::Duration;

use super::Worker;
use crate::model::clock::Moment;
use crate::model::session::RestoreFrom;
use crate::write::jobs::{Holds, Queue, Urgency};
use crate::write::{Content, Order, SlotOrder};

/// Turns that what was captured last gets once the app is gone.
const LAST_TURNS: usize = 4;

impl<C: Content> Worker<C> {
    /// Executes one order, or lets it wait for its turn. Work on the disk is left to [`turn`](Self::turn), unless the
    /// order itself asks for it.
    pub fn execute(&mut self, order: Order<C>, now: Moment) {
        if let Order::Release(session) = &order {
            // Nobody wants it any more, and nothing is to wait for it.
            let is_released = |waits: &Order<C>| matches!(waits, Order::Prepare { wanted, .. } if wanted.session == *session);
            self.waiting.retain(|waits| !is_released(waits));
        }
        match waits_behind(&self.waiting, &order) || self.comes_after_jobs(&order) {
            true => self.waiting.push_back(order),
            false => self.begin(order, now),
        }
    }

    /// Takes turns until no order waits any more, but for what waits until a run is left.
    pub fn catch_up(&mut self, now: Moment) {
        while !self.waiting.is_empty() && !self.is_leaving() {
            self.turn(now);
        }
    }

    /// Carries out the orders that have waited long enough. Returns true if there were any.
    pub(super) fn carry_out_waiting(&mut self, now: Moment) -> bool {
        let before = self.waiting.len();
        while let Some(order) = self.waiting.pop_front() {
            if self.comes_after_jobs(&order) {
                self.waiting.push_front(order);
                break;
            }
            self.begin(order, now);
        }
        self.waiting.len() < before
    }

    /// The app is gone: writes what was captured last, then carries out what waits. Nobody is there for whom a session
    /// could be read.
    pub(super) fn finish_waiting(&mut self, now: Moment) {
        self.waiting.retain(|order| !order.reads());
        // What is about the run that is played, such as its end, takes no disk.
        self.carry_out_waiting(now);
        loop {
            if let Some((journal, _)) = &mut self.playing {
                journal.begin_last_turn();
            }
            // More than once, if room could be made on a full disk.
            for _ in 0..LAST_TURNS {
                self.work(now);
            }
            if self.waiting.is_empty() {
                return;
            }
            while let Some(order) = self.waiting.pop_front() {
                self.begin(order, now);
            }
        }
    }

    /// Returns true if an order comes after what jobs do now. If nothing is played, no checkpoint can be kept waiting,
    /// and they are done with it.
    fn comes_after_jobs(&self, order: &Order<C>) -> bool {
        let is_of_others = order.leads_elsewhere() && !self.is_of_next_run(order);
        let is_busy =
            || self.jobs.looks_next() || self.jobs.wake(&Urgency::BRIEF) == Some(Duration::ZERO);
        is_of_others && self.playing.is_some() && (self.is_leaving() || is_busy())
    }

    /// Returns true if it leads to the next run of the session that is played: from a moment of its own, or a slot that
    /// no job is about.
    fn is_of_next_run(&self, order: &Order<C>) -> bool {
        let played = self.playing.as_ref().map(|(run, _)| run.session());
        match order {
            Order::TakeUp(take_up) => played == Some(take_up.metadata.id),
            Order::Prepare { wanted, .. } if !self.is_leaving() => {
                let slot_may_change = reads_slot(order) && self.jobs.has_queued(Queue::Slots);
                played == Some(wanted.session) && !slot_may_change
            }
            _ => false,
        }
    }

    fn begin(&mut self, order: Order<C>, now: Moment) {
        match &order {
            // A listing begins again with the session's next run: no checkpoint waits for its end.
            order @ Order::TakeUp(_) if self.is_of_next_run(order) => {
                self.jobs.cancel_spare(&mut self.finder);
                self.jobs.cancel(Holds::Sessions, &mut self.finder);
            }
            // Nothing of the session is captured until it is read.
            order if self.is_of_next_run(order) && self.jobs.cancel_listing(&mut self.finder) => {
                self.jobs.cancel_spare(&mut self.finder);
            }
            // Beside play a change of other sessions is a job.
            order if order.is_filing() && self.playing.is_some() => {}
            order if order.is_about_sessions() => {
                self.finish_looking(now);
                self.work_off(&Urgency::BRIEF, now);
            }
            _ => {}
        }
        self.carry_out(order, now);
    }
}

/// Returns true if an order restores from a slot.
fn reads_slot<C: Content>(order: &Order<C>) -> bool {
    matches!(order, Order::Prepare { wanted, .. } if matches!(wanted.from, RestoreFrom::Slot(_)))
}

/// Returns true if an order comes after another one that waits. Those of the run that is played don't, so that it is
/// written meanwhile, and what the player saves doesn't wait for a session that is to be read.
fn waits_behind<C: Content>(waiting: &VecDeque<Order<C>>, order: &Order<C>) -> bool {
    let passes = |before: &Order<C>| match order {
        Order::Beat => true,
        order if order.is_of_run() => !before.changes_run(),
        // An exit waits for what the player saves, and for another run.
        Order::Leave(_) => !before.changes_run() && !before.is_of_player(),
        Order::SessionAttachment { .. } => before.is_of_others(),
        // What it takes the place of may be what is to be read.
        Order::Slot { order: SlotOrder::Save { .. } | SlotOrder::Attach { .. }, .. } => {
            before.is_of_others() && !before.reads_slot()
        }
        _ => false,
    };
    !waiting.iter().all(passes)
}
