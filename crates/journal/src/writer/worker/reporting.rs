//! Writes reports: those of this moment once their checkpoint is durable.

use super::Worker;
use crate::clock::Moment;
use crate::ids::Ticket;
use crate::process::Logged;
use crate::report::{ReportOf, ReportOrder};
use crate::writer::reporting::Reporting;
use crate::writer::run_journal::RunJournal;
use crate::writer::{Content, News};

/// Reports that wait for their checkpoint.
#[derive(Default)]
pub(super) struct WaitingReports {
    orders: Vec<(ReportOrder, Ticket)>,
    /// Whether a checkpoint could not be written: what is on disk goes with them then.
    in_vain: bool,
}

impl WaitingReports {
    /// Takes in what became of checkpoints.
    pub(super) fn note(&mut self, news: &[News]) {
        let is_failure = |news: &News| matches!(news, News::Failed { .. } | News::SavingStopped(_));
        self.in_vain |= !self.orders.is_empty() && news.iter().any(is_failure);
    }
}

impl<C: Content> Worker<C> {
    /// Takes up a report: at once, or once the checkpoint is durable that it is about.
    pub(super) fn describe(&mut self, mut order: ReportOrder, ticket: Ticket, now: Moment) {
        order.context = self.context(order.context);
        self.waiting_reports.orders.push((order, ticket));
        self.begin_waiting_reports(now);
        if self.playing.is_none() {
            self.do_chore(now);
        }
    }

    /// Begins the reports whose checkpoints are durable, or will not be.
    pub(super) fn begin_waiting_reports(&mut self, now: Moment) {
        let in_vain = std::mem::take(&mut self.waiting_reports.in_vain);
        let journal = self.playing.as_ref().map(|(journal, _)| journal);
        let waits = |(order, _): &(ReportOrder, Ticket)| {
            !in_vain && journal.is_some_and(|journal| waits_for_checkpoint(journal, order))
        };
        let orders = std::mem::take(&mut self.waiting_reports.orders);
        let (waiting, ready): (Vec<_>, Vec<_>) = orders.into_iter().partition(waits);
        self.waiting_reports.orders = waiting;
        ready.into_iter().for_each(|(order, ticket)| self.begin_report(order, ticket, now));
    }

    /// Begins all of them: nothing more will be written.
    pub(super) fn begin_all_reports(&mut self, now: Moment) {
        for (order, ticket) in std::mem::take(&mut self.waiting_reports.orders) {
            self.begin_report(order, ticket, now);
        }
    }

    fn begin_report(&mut self, order: ReportOrder, ticket: Ticket, now: Moment) {
        let line = order.session.and_then(|session| self.hand_over_events(session, now));
        let logged = match &order.of {
            ReportOf::Now => self.process.logged(now.wall),
            ReportOf::LastRun(last) => self.finder.logged_by(last),
            ReportOf::Session | ReportOf::Scenario(_) => Logged::default(),
        };
        self.chores.report(Reporting::new(order, line, &logged, now.wall), ticket);
    }
}

/// Whether the checkpoint that a report is about is on its way to the disk.
fn waits_for_checkpoint(journal: &RunJournal, order: &ReportOrder) -> bool {
    let is_of_now = matches!(order.of, ReportOf::Now | ReportOf::Scenario(_));
    let checkpoint = order.checkpoint.filter(|_| is_of_now);
    checkpoint.is_some_and(|id| id.run == journal.run() && journal.is_on_its_way(id.counter))
}
