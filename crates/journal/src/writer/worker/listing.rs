//! Looks at all sessions, and does what else lies beside the checkpoints.

use std::sync::Arc;
use std::time::Duration;

use super::{Worker, collect_news};
use crate::clock::Moment;
use crate::ids::Ticket;
use crate::writer::{Content, News, Report};

impl<C: Content> Worker<C> {
    /// Looks at all sessions: between the checkpoints, or at once if there are none.
    pub(super) fn detect(&mut self, ticket: Option<Ticket>, now: Moment) {
        self.chores.list(ticket);
        if self.playing.is_none() {
            self.do_chore(now);
        }
    }

    /// Looks what changed. Nobody waits for it.
    pub(super) fn refresh(&mut self) {
        let playing = self.playing.as_ref().map(|(journal, _)| journal.session());
        self.chores.refresh(playing);
    }

    /// Writes the index where no checkpoint can be kept waiting.
    pub(super) fn write_index_between_runs(&mut self, now: Moment) {
        if self.playing.is_none() && self.chores.is_done() {
            self.finder.write_index(now.wall);
            self.chores.digests.write(&self.finder, now.wall);
        }
    }

    pub(super) fn finish_listings(&mut self, now: Moment) {
        self.let_go_of_others();
        let Self { chores, finder, content, .. } = self;
        collect_news(&mut self.reports, |news| {
            chores.finish_listings(finder, content, now.wall, news);
        });
    }

    /// Does a slice of a chore, unless the run is to end.
    pub(super) fn do_chore(&mut self, now: Moment) {
        if self.is_leaving() {
            return;
        }
        if self.chores.is_asked_for() {
            // A listing would take it for one that is played.
            self.let_go_of_others();
        }
        self.chore_step(now);
        // Where nothing is played, no checkpoint can be kept waiting. What is done with many sessions takes so long
        // that somebody may want to play meanwhile.
        while self.playing.is_none()
            && self.chores.is_asked_for()
            && !self.chores.is_long()
            && !self.has_early_list()
        {
            self.chore_step(now);
        }
    }

    /// Whether there is a list to be shown before the files were looked at: it is handed over first.
    fn has_early_list(&self) -> bool {
        matches!(self.reports.last(), Some(Report::News(News::Remembered(_))))
    }

    pub(super) fn chore_step(&mut self, now: Moment) {
        let known = self.reports.len();
        let Self { chores, finder, content, .. } = self;
        collect_news(&mut self.reports, |news| chores.step(finder, content, now.wall, news));
        for report in self.reports.iter().skip(known) {
            if let Report::News(News::Forgotten { session, result: Ok(()), .. }) = report {
                self.trials.end(*session);
            }
        }
    }

    /// No session is being played or restored: the main thread sees to that.
    pub(super) fn use_profile(&mut self, profile: String, ticket: Ticket, now: Moment) {
        // What was asked of slots and sessions is done first, where they are.
        while self.slots.wake() == Some(Duration::ZERO) {
            self.turn(now);
        }
        while self.chores.has_filing() {
            self.chore_step(now);
        }
        self.chores.stop_sweeping();
        self.chores.digests.write(&self.finder, now.wall);
        let emptied = self.chores.digests.of_another_profile().into_iter();
        // Nobody is to see what another player's sessions say.
        self.report(emptied.map(|(name, digests, figures)| News::Digested {
            name,
            digests,
            figures,
            ticket: None,
        }));
        self.swept = false;
        self.local = Arc::new(self.local.of_profile(&profile));
        self.finder.move_to(Arc::clone(&self.local));
        self.prepared.clear();
        self.report([News::ProfileChanged { profile, ticket }]);
        self.detect(None, now);
    }
}
