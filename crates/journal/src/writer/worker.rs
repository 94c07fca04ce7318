//! Carries out orders, one after the other.

mod events;
mod listing;
mod playing;
mod preparing;
mod reporting;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::reporting::WaitingReports;
use super::chores::Chores;
use super::context::{Versions, of_this_machine};
use super::retention::Quota;
use super::run_journal::RunJournal;
use super::self_test::SelfTest;
use super::session_attachments::SessionAttachments;
use super::slices::SLICE_TIME;
use super::slot_work::SlotWork;
use super::trials::Trials;
use super::{Content, News, Order, Report, Surroundings};
use crate::clock::{self, Moment};
use crate::digest::KeepDigests;
use crate::ids::SessionId;
use crate::journal::Record;
use crate::process::{DeadProcess, ProcessGuard};
use crate::recovery::{self, ReadProgress, SessionFinder};
use crate::session::SessionContext;
use crate::store::{LocalStore, SessionLock};

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Turns that what was captured last gets once the app is gone.
const LAST_TURNS: usize = 4;

/// The writer's state. A thread or the main loop drives it.
pub struct Worker<C: Content> {
    local: Arc<LocalStore>,
    content: C,
    process: ProcessGuard,
    finder: SessionFinder,
    trials: Trials,
    versions: Versions,
    /// Sessions that were read to be taken up, and their locks.
    prepared: HashMap<SessionId, Option<SessionLock>>,
    playing: Option<(RunJournal, C::Run)>,
    slots: SlotWork,
    session_attachments: SessionAttachments,
    chores: Chores,
    /// What is to be done with other sessions once the listing that is under way has ended.
    filing: VecDeque<Order<C>>,
    waiting_reports: WaitingReports,
    /// Whether what lies around was looked for; once a process and profile is enough.
    swept: bool,
    quota: Quota,
    reports: Vec<Report<C>>,
    last_beat: Duration,
    /// Whether the records of dead processes that held the session were dealt with.
    settled: bool,
    /// When a full capture was last asked for because a type could not be written.
    asked_for_full: Option<Duration>,
    /// Whether it was reported that power cuts aren't covered.
    reported_power_cuts: bool,
    /// The newest checkpoint that is to be tested.
    self_test: Option<SelfTest>,
}

impl<C: Content> fmt::Debug for Worker<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl<C: Content> Worker<C> {
    pub fn new(
        local: Arc<LocalStore>,
        content: C,
        process: ProcessGuard,
        dead: Vec<DeadProcess>,
        versions: Versions,
        lock_patience: Duration,
    ) -> Self {
        let finder = SessionFinder::new(Arc::clone(&local), dead, lock_patience)
            .begun(process.began())
            .of_version(versions.game().to_owned());
        let trials = Trials::new(Arc::clone(&local), process.clone());
        Self {
            local,
            content,
            process,
            finder,
            trials,
            versions,
            prepared: HashMap::new(),
            playing: None,
            slots: SlotWork::default(),
            session_attachments: SessionAttachments::default(),
            chores: Chores::default(),
            filing: VecDeque::new(),
            waiting_reports: WaitingReports::default(),
            swept: false,
            quota: Quota::default(),
            reports: Vec::new(),
            last_beat: Duration::ZERO,
            settled: false,
            asked_for_full: None,
            reported_power_cuts: false,
            self_test: None,
        }
    }

    /// Tells the game's slots from those of other games.
    pub fn of_game(mut self, game: String) -> Self {
        self.finder = self.finder.of_game(game);
        self
    }

    /// Shows what the index says for so long after it was written, before anything was looked at.
    pub fn trusting_index(mut self, trust: Duration) -> Self {
        self.finder = self.finder.trusting_index(trust);
        self
    }

    /// Keeps for the program what it makes of each session.
    pub fn keeping_digests(mut self, keepers: Vec<Box<dyn KeepDigests>>) -> Self {
        keepers.into_iter().for_each(|keeper| self.chores.digests.add(keeper));
        self
    }

    /// The content of the run that is being played.
    pub fn content(&self) -> Option<&C::Run> {
        self.playing.as_ref().map(|(_, content)| content)
    }

    /// How much has been read of the checkpoint that is being read.
    pub fn progress(&self) -> ReadProgress {
        self.finder.progress().clone()
    }

    /// What there is to report.
    pub fn reports(&mut self) -> impl Iterator<Item = Report<C>> {
        self.reports.drain(..)
    }

    /// Executes one order. What takes a disk is left to [`turn`](Self::turn), unless the order
    /// itself asks for it.
    pub fn execute(&mut self, order: Order<C>, now: Moment) {
        // Beside play its turn comes between checkpoints.
        if order.is_filing() && self.playing.is_some() {
            self.filing.push_back(order);
            return;
        }
        if order.is_about_sessions() {
            self.finish_listings(now);
            self.finish_filing(now);
        }
        self.carry_out(order, now);
    }

    /// Does a slice of what was asked of other sessions, in its order: all of it where none is played.
    fn carry_out_filing(&mut self, now: Moment) {
        let begun = clock::instant();
        while self.may_file()
            && let Some(order) = self.filing.pop_front()
        {
            self.file_away(order, now);
            if self.playing.is_some() && begun.elapsed() >= SLICE_TIME {
                return;
            }
        }
    }

    /// Does all that was asked of other sessions.
    fn finish_filing(&mut self, now: Moment) {
        while let Some(order) = self.filing.pop_front() {
            self.file_away(order, now);
        }
    }

    fn file_away(&mut self, order: Order<C>, now: Moment) {
        self.let_go_of_others();
        self.carry_out(order, now);
    }

    /// Whether other sessions may be changed now: after a listing that is under way, which would keep checkpoints waiting
    /// if it were finished at once, and, while a run is left, after its last checkpoint and its end.
    fn may_file(&self) -> bool {
        !self.is_leaving() && !self.chores.is_listing_under_way()
    }

    fn carry_out(&mut self, order: Order<C>, now: Moment) {
        self.note_changes(&order);
        match order {
            Order::Detect { ticket } => self.detect(ticket, now),
            Order::Refresh => self.refresh(),
            Order::Prepare { wanted, ticket } => {
                // A rewind reads what this very run has written.
                self.turn(now);
                self.prepare(wanted, ticket, now);
            }
            Order::PrepareWorld { order, ticket } => self.prepare_world(&order, ticket),
            Order::TakeUp(take_up) => self.take_up(*take_up, now),
            Order::Checkpoint(checkpoint) => self.checkpoint(*checkpoint, now),
            Order::Write(record) => self.write_record(record),
            Order::Content(order) => {
                if let Some((_, run)) = &mut self.playing {
                    let reports = self.content.execute(run, order);
                    self.reports.extend(reports.into_iter().map(Report::Content));
                }
            }
            Order::Events(events) => self.record_events(events, now),
            Order::ReadEvents { query, ticket } => self.read_events(*query, ticket, now),
            Order::ValidateEvents { session, ticket } => self.validate_events(session, ticket, now),
            Order::Digest { order, ticket } => self.digest(order, ticket, now),
            Order::Release(session) => {
                self.trials.give_up(session);
                drop(self.prepared.remove(&session));
            }
            Order::Leave(leave) => self.leave(leave, now),
            Order::Decline { session, ticket } => self.decline(session, ticket, now),
            Order::Forget { session, ticket } => self.forget(session, ticket, now),
            Order::Draft { order, ticket } => self.draft(*order, ticket, now),
            Order::Shelve { session, how, ticket } => self.shelve(session, how, ticket, now),
            Order::Edit { session, update, ticket } => self.edit(session, update, ticket, now),
            Order::Copy { session, name, ticket } => self.copy(session, name, ticket),
            Order::EditMany { order, ticket } => self.chores.edit_many(*order, ticket),
            Order::Slot { order, ticket } => self.slots.add(order, ticket),
            Order::SessionAttachment { order, ticket } => {
                self.session_attachments.add(order, ticket);
            }
            Order::ReadAttachment { of, name, ticket } => {
                let result = recovery::read_attachment(&mut self.finder, of, &name);
                self.report([News::AttachmentRead { of, name, result, ticket }]);
            }
            Order::Describe { order, ticket } => self.describe(*order, ticket, now),
            Order::UseProfile { profile, ticket } => self.use_profile(profile, ticket, now),
            Order::EndTrial(session) => self.trials.end(session),
            Order::SetAside(session) => self.trials.set_aside(session),
            Order::Quota(quota) => self.set_quota(quota),
            Order::KeepIndex(is_kept) => self.finder.keep_index(is_kept),
            Order::Measure => self.measure(),
            Order::Beat => self.beat(now),
        }
    }

    fn set_quota(&mut self, quota: Quota) {
        self.quota = quota;
        if !quota.removes {
            self.chores.stop_sweeping_shelf();
        }
        if let Some((journal, _)) = &mut self.playing {
            journal.set_quota(quota);
        }
    }

    fn measure(&mut self) {
        let played = self.playing.as_ref().map(|(journal, _)| journal.session());
        let surroundings = Surroundings::of(&self.local.store, played);
        self.report([News::Measured(surroundings)]);
    }

    fn write_record(&mut self, record: Record) {
        if let Some((journal, _)) = &mut self.playing {
            journal.record(record);
        }
    }

    /// Does the next piece of work that takes a disk, and says how long there is none.
    pub fn turn(&mut self, now: Moment) -> Duration {
        let beat_is_due = now.elapsed.saturating_sub(self.last_beat) >= HEARTBEAT;
        if beat_is_due || self.process.exit_is_news() {
            self.beat(now);
        }
        self.write_journal(now);
        self.begin_waiting_reports(now);
        collect_news(&mut self.reports, |news| self.slots.turn(&mut self.finder, now, news));
        let store = &self.local.store;
        collect_news(&mut self.reports, |news| self.session_attachments.turn(store, news));
        let was_playing = self.playing.is_some();
        self.note_if_left(now);
        // An exit waits for that, and for nothing that comes after it.
        if was_playing && self.playing.is_none() {
            return Duration::ZERO;
        }
        self.do_chore(now);
        self.carry_out_filing(now);
        self.write_index_between_runs(now);
        let next_beat = HEARTBEAT.saturating_sub(now.elapsed.saturating_sub(self.last_beat));
        let journal = self.playing.as_ref().and_then(|(journal, _)| journal.wake(now));
        let chores = (!self.chores.is_done() && !self.is_leaving()).then_some(Duration::ZERO);
        let attachments = self.session_attachments.wake();
        let filing = (!self.filing.is_empty() && self.may_file()).then_some(Duration::ZERO);
        [journal, self.slots.wake(), attachments, chores, filing]
            .into_iter()
            .flatten()
            .fold(next_beat, Duration::min)
    }

    fn is_leaving(&self) -> bool {
        self.playing.as_ref().is_some_and(|(journal, _)| journal.is_leaving())
    }

    /// Writes what was captured, once the app is gone. There is no end mark: only the app knows
    /// whether this is one.
    pub fn finish(&mut self, now: Moment) {
        if self.process.is_exiting() {
            self.trials.give_up_all();
        }
        if let Some((journal, _)) = &mut self.playing {
            journal.begin_last_turn();
        }
        // More than once, if room could be made on a full disk.
        for _ in 0..LAST_TURNS {
            self.turn(now);
        }
        self.finish_listings(now);
        self.finish_filing(now);
        self.begin_all_reports(now);
        self.chores.stop_sweeping();
        self.chores.stop_digesting();
        while self.slots.wake() == Some(Duration::ZERO)
            || self.session_attachments.wake().is_some()
            || !self.chores.is_done()
        {
            self.turn(now);
            // The end of the run isn't waited for any more.
            self.chore_step(now);
        }
        self.beat(now);
        // Last, since nothing hangs on it.
        self.finder.write_index(now.wall);
        self.chores.digests.write(&self.finder, now.wall);
    }

    fn beat(&mut self, now: Moment) {
        self.last_beat = now.elapsed;
        self.process.beat(&self.local, now.wall);
        let Some((journal, _)) = &mut self.playing else { return };
        let mut news = Vec::new();
        journal.check_hold(now, &mut news);
        self.take_in(news);
    }

    /// Lets go of a session that is being thinned, since it may be the one that is wanted.
    fn let_go_of_others(&mut self) {
        if let Some((journal, _)) = &mut self.playing {
            journal.let_go_of_others();
        }
    }

    /// Lets go of a session that is being thinned, put away or copied, since something else is wanted of it. What is
    /// done with others goes on.
    fn let_go_of(&mut self, session: SessionId) {
        self.let_go_of_others();
        self.chores.let_go(session, &self.local.store);
    }

    /// Takes in what the journal reports, and what that means for slots.
    fn take_in(&mut self, news: Vec<News>) {
        let mut consequences = Vec::new();
        self.slots.note(&news, &mut consequences);
        if let Some((journal, _)) = &self.playing {
            self.session_attachments.note(&news, journal.session());
        }
        self.waiting_reports.note(&news);
        self.report(news.into_iter().chain(consequences));
    }

    fn report(&mut self, news: impl IntoIterator<Item = News>) {
        self.reports.extend(news.into_iter().map(Report::News));
    }

    fn context(&self, game: SessionContext) -> SessionContext {
        let game = SessionContext { game: self.finder.slots().game().to_owned(), ..game };
        of_this_machine(&self.versions, game)
    }
}

/// Does a piece of work, and reports what it says.
fn collect_news<C: Content, T>(
    reports: &mut Vec<Report<C>>,
    work: impl FnOnce(&mut Vec<News>) -> T,
) -> T {
    let mut news = Vec::new();
    let done = work(&mut news);
    reports.extend(news.into_iter().map(Report::News));
    done
}
