//! Does the jobs beside the checkpoints.

use std::sync::Arc;
use std::time::Duration;

use super::Worker;
use crate::disk::ConsentFiles;
use crate::model::clock::{self, Moment};
use crate::model::ids::{SessionId, Ticket};
use crate::read::report::{ReportOf, ReportOrder};
use crate::write::filing_jobs::{FileSession, Filing};
use crate::write::jobs::{Job, Urgency, WaitsFor};
use crate::write::listing::ListSessions;
use crate::write::reporting::WriteReport;
use crate::write::run_journal::RunJournal;
use crate::write::slices::SLICE_TIME;
use crate::write::{Content, News, Report};

impl<C: Content> Worker<C> {
    /// Looks at all sessions: between the checkpoints, or at once if there are none.
    pub(super) fn detect(&mut self, ticket: Option<Ticket>, now: Moment) {
        let game = self.finder.slots().game();
        let news = self.cloud.take_in(&self.local, game, &self.content);
        self.report(news.into_iter().map(News::Cloud));
        self.jobs.add(ListSessions::all(ticket));
        self.do_long_job_if_idle(now);
    }

    /// Looks for changes, unless that is about to be done anyway. Nothing waits for it.
    pub(super) fn refresh(&mut self) {
        let is_about_to = |urgency| self.jobs.has(&(urgency..=urgency));
        if !is_about_to(Urgency::Looking) && !is_about_to(Urgency::Following) {
            let playing = self.playing.as_ref().map(|(journal, _)| journal.session());
            self.jobs.add(ListSessions::changed(playing));
        }
    }

    /// Writes a report: at once, or once the checkpoint is durable that it is about.
    pub(super) fn describe(&mut self, mut order: ReportOrder, ticket: Ticket, now: Moment) {
        order.context = self.context(order.context);
        let journal = self.playing.as_ref().map(|(journal, _)| journal);
        let is_of_now = matches!(order.of, ReportOf::Now | ReportOf::Scenario(_));
        let checkpoint = order.checkpoint.filter(|id| {
            let is_on_its_way =
                |run: &RunJournal| run.run() == id.run && run.is_on_its_way(id.counter);
            is_of_now && journal.is_some_and(is_on_its_way)
        });
        let waits_for = checkpoint.map_or(WaitsFor::Nothing, WaitsFor::Checkpoint);
        self.jobs.add(WriteReport::new(order, ticket, waits_for));
        self.do_long_job_if_idle(now);
    }

    /// Writes the index where no checkpoint can be kept waiting.
    pub(super) fn write_index_between_runs(&mut self, now: Moment) {
        if self.playing.is_none() && !self.jobs.has(&Urgency::LONG) {
            self.finder.write_index(now.wall);
            self.digests.write(&self.finder, now.wall);
        }
    }

    /// Finishes what a later order would change: looking at all sessions.
    pub(super) fn finish_looking(&mut self, now: Moment) {
        self.jobs.cancel_spare(&mut self.finder);
        while self.jobs.looks_next() {
            self.slice(&Urgency::LONG, now);
        }
    }

    /// Does a slice of what takes long, unless the run is to end.
    pub(super) fn do_long_job(&mut self, now: Moment) {
        if self.is_leaving() {
            return;
        }
        self.slice(&Urgency::LONG, now);
        // If nothing is played, no checkpoint can be kept waiting. A job on many sessions takes so long that the player
        // may want to play meanwhile.
        while self.playing.is_none()
            && !self.jobs.is_long(&Urgency::ASKED)
            && !is_early_list(self.reports.last())
            && self.slice(&Urgency::ASKED, now)
        {}
    }

    pub(super) fn do_long_job_if_idle(&mut self, now: Moment) {
        if self.playing.is_none() {
            self.do_long_job(now);
        }
    }

    /// Does something with one session that isn't played.
    pub(super) fn file_as(&mut self, session: SessionId, how: Filing, ticket: Ticket, now: Moment) {
        self.file(FileSession { session, how, ticket }, now);
    }

    /// Files something: between the checkpoints, or at once if there are none.
    pub(super) fn file(&mut self, job: impl Job + 'static, now: Moment) {
        self.jobs.add(job);
        if self.playing.is_none() {
            self.work_off(&Urgency::BRIEF, now);
        }
    }

    /// Does as much of what is brief as a slice may take: after what takes long, and, while a run is left, after its last
    /// checkpoint and its end.
    pub(super) fn do_brief_jobs(&mut self, now: Moment) {
        let begun = clock::instant();
        while !self.is_leaving() && self.slice(&Urgency::BRIEF, now) {
            if self.playing.is_some() && begun.elapsed() >= SLICE_TIME {
                return;
            }
        }
    }

    /// No session is being played or restored: the main thread sees to that.
    pub(super) fn use_profile(&mut self, profile: String, ticket: Ticket, now: Moment) {
        // Requests about slots and sessions are carried out first, in the profile where they are.
        while self.jobs.wake(&Urgency::SAVING) == Some(Duration::ZERO) {
            // What was ordered after this is about the other profile.
            self.work(now);
        }
        self.work_off(&(Urgency::Looking..=Urgency::Asked), now);
        // Cleanup jobs belong to the profile that was played.
        self.jobs.drop_all(&(Urgency::Spare..=Urgency::Spare));
        self.digests.write(&self.finder, now.wall);
        self.records.audit.leave(&self.local.store);
        let emptied = self.digests.of_another_profile().into_iter();
        // No player is to see another player's sessions.
        self.report(emptied.map(|(name, digests, figures)| News::Digested {
            name,
            digests,
            figures,
            ticket: None,
        }));
        self.done.swept = false;
        self.cloud.look_again();
        self.local = Arc::new(self.local.of_profile(&profile));
        self.finder.move_to(Arc::clone(&self.local));
        self.prepared.clear();
        // What the disk still refuses of their answers is newer.
        self.records.consents.write(&self.local);
        let mut consents = ConsentFiles::of(&self.local.store).read_for_use();
        self.records.consents.add_unwritten(&profile, &mut consents.players);
        self.report([News::ProfileChanged { profile, consents, ticket }]);
        self.detect(None, now);
    }
}

/// Returns true if the last report is a list to be shown before the files are looked at: it is handed over first.
fn is_early_list<C: Content>(report: Option<&Report<C>>) -> bool {
    matches!(report, Some(Report::News(News::Remembered(_))))
}
