//! Carries out orders, one after the other.

use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, debug_span, error, warn};

use super::about_session::add_about_session;
use super::chores::Chores;
use super::context::{Versions, of_this_machine};
use super::hold::Hold;
use super::pending::PendingCheckpoint;
use super::retention::Quota;
use super::run_journal::{RunIdentity, RunJournal};
use super::self_test::SelfTest;
use super::slot_work::SlotWork;
use super::sweeping::Sweeping;
use super::trials::Trials;
use super::{CheckpointOrder, Content, Leave, News, Order, Report, TakeUp, filing};
use crate::clock::{self, Moment};
use crate::crash_report::Describing;
use crate::ids::SessionId;
use crate::journal::Commit;
use crate::process::{DeadProcess, ProcessGuard};
use crate::recovery::ReadProgress;
use crate::recovery::{self, Machine, PrepareFailure, Wanted};
use crate::session::{CheckpointError, FailureCause, RequestError, SessionContext, SessionUpdate};
use crate::store::{LocalStore, SessionLock, with_sources};

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A type that fails again and again doesn't make every capture a full one.
const FULL_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Turns that what was captured last gets once the app is gone.
const LAST_TURNS: usize = 4;

/// The writer's state. A thread or the main loop drives it.
pub struct Worker<C: Content> {
    local: Arc<LocalStore>,
    content: C,
    process: ProcessGuard,
    machine: Machine,
    trials: Trials,
    versions: Versions,
    /// Sessions that were read to be taken up, and their locks.
    prepared: HashMap<SessionId, Option<SessionLock>>,
    playing: Option<(RunJournal, C::Run)>,
    slots: SlotWork,
    chores: Chores,
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
        let machine = Machine::new(Arc::clone(&local), dead, lock_patience);
        let trials = Trials::new(Arc::clone(&local), process.clone());
        Self {
            local,
            content,
            process,
            machine,
            trials,
            versions,
            prepared: HashMap::new(),
            playing: None,
            slots: SlotWork::default(),
            chores: Chores::default(),
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
        self.machine = self.machine.of_game(game);
        self
    }

    /// The content of the run that is being played.
    pub fn content(&self) -> Option<&C::Run> {
        self.playing.as_ref().map(|(_, content)| content)
    }

    /// How much has been read of the checkpoint that is being read.
    pub fn progress(&self) -> ReadProgress {
        self.machine.progress().clone()
    }

    /// What there is to report.
    pub fn reports(&mut self) -> impl Iterator<Item = Report<C>> {
        self.reports.drain(..)
    }

    /// Executes one order. What takes a disk is left to [`turn`](Self::turn), unless the order
    /// itself asks for it.
    pub fn execute(&mut self, order: Order<C>, now: Moment) {
        if order.is_about_sessions() {
            self.finish_listings(now);
        }
        match order {
            Order::Detect => self.detect(now),
            Order::Prepare(wanted) => {
                // A rewind reads what this very run has written.
                self.turn(now);
                self.prepare(wanted, now);
            }
            Order::TakeUp(take_up) => self.take_up(*take_up, now),
            Order::Checkpoint(checkpoint) => self.checkpoint(checkpoint, now),
            Order::Write(record) => {
                if let Some((journal, _)) = &mut self.playing {
                    journal.record(record);
                }
            }
            Order::Content(order) => {
                if let Some((_, run)) = &mut self.playing {
                    let reports = self.content.execute(run, order);
                    self.reports.extend(reports.into_iter().map(Report::Content));
                }
            }
            Order::Release(session) => {
                self.trials.give_up(session);
                drop(self.prepared.remove(&session));
            }
            Order::Leave(leave) => self.leave(leave, now),
            Order::Decline(session) => {
                let result = self.file(session, filing::decline, now);
                self.report([News::Declined { session, result }]);
            }
            Order::Forget(session) => {
                let result = self.file(session, filing::forget, now);
                self.report([News::Forgotten { session, result }]);
            }
            Order::Edit { session, update } => self.edit(session, update, now),
            Order::Slot(order) => self.slots.add(order),
            Order::ReadAttachment { of, name } => {
                let result = recovery::read_attachment(&mut self.machine, of, &name);
                self.report([News::AttachmentRead { of, name, result }]);
            }
            Order::Describe(order) => {
                let context = self.context(SessionContext::default());
                self.chores.describe(Describing::new(*order, context, now.wall));
            }
            Order::UseProfile(profile) => self.use_profile(profile, now),
            Order::EndTrial(session) => self.trials.end(session),
            Order::SetAside(session) => self.trials.set_aside(session),
            Order::Quota(quota) => {
                self.quota = quota;
                if let Some((journal, _)) = &mut self.playing {
                    journal.set_quota(self.quota);
                }
            }
            Order::Beat => self.beat(now),
        }
    }

    fn leave(&mut self, leave: Leave, now: Moment) {
        // An exit waits for no test.
        self.self_test = None;
        self.chores.restart_listings(&mut self.machine);
        if let Some((journal, _)) = &mut self.playing {
            journal.leave(leave, now);
        }
    }

    /// Sets a session aside or deletes it.
    fn file(
        &mut self,
        session: SessionId,
        how: impl FnOnce(&mut Machine, SessionId, Timestamp) -> Result<(), RequestError>,
        now: Moment,
    ) -> Result<(), RequestError> {
        self.let_go_of_others();
        how(&mut self.machine, session, now.wall)?;
        self.machine.settle(session);
        self.trials.end(session);
        Ok(())
    }

    /// Changes what a session says about itself. It stays what it is: its trial goes on, and a crash is
    /// still offered.
    fn edit(&mut self, session: SessionId, update: Box<SessionUpdate>, now: Moment) {
        self.let_go_of_others();
        let result = filing::edit(&mut self.machine, session, (*update).clone(), now.wall);
        self.report([News::Edited { session, update, result }]);
    }

    /// Does the next piece of work that takes a disk, and says how long there is none.
    pub fn turn(&mut self, now: Moment) -> Duration {
        let beat_is_due = now.elapsed.saturating_sub(self.last_beat) >= HEARTBEAT;
        if beat_is_due || self.process.exit_is_news() {
            self.beat(now);
        }
        self.write_journal(now);
        hear(&mut self.reports, |news| self.slots.turn(&mut self.machine, now, news));
        self.note_if_left(now);
        self.do_chore(now);
        let next_beat = HEARTBEAT.saturating_sub(now.elapsed.saturating_sub(self.last_beat));
        let journal = self.playing.as_ref().and_then(|(journal, _)| journal.wake(now));
        let chores = (!self.chores.is_done() && !self.is_leaving()).then_some(Duration::ZERO);
        [journal, self.slots.wake(), chores].into_iter().flatten().fold(next_beat, Duration::min)
    }

    fn write_journal(&mut self, now: Moment) {
        let Some((journal, _)) = &mut self.playing else { return };
        let mut news = Vec::new();
        journal.turn(now, &mut news);
        if !self.local.store.covers_power_cuts()
            && !std::mem::replace(&mut self.reported_power_cuts, true)
        {
            news.push(News::PowerCutsNotCovered);
        }
        let tested = self.self_test.take_if(|test| journal.has_saved(test.counter()));
        if journal.has_begun() && !std::mem::replace(&mut self.settled, true) {
            // Only now is what was left behind before of no use to anybody.
            self.machine.settle(journal.session());
            if !std::mem::replace(&mut self.swept, true) {
                let forgotten = self.machine.take_forgotten();
                let (store, host) = (&self.local.store, self.local.host.id);
                self.chores.sweep(Sweeping::new(store, host, journal.session(), forgotten));
            }
        }
        self.take_in(news);
        if let Some(test) = tested {
            self.test(test);
        }
    }

    /// Holds a durable checkpoint against what was captured at its moment.
    fn test(&mut self, test: SelfTest) {
        match test.run(&self.local.store, &self.content) {
            Ok(report) => self.reports.extend(report.map(Report::Content)),
            Err(failure) => {
                warn!(error = %with_sources(&failure), "a checkpoint can't be read back to test it");
                if failure.is_damage() {
                    self.report([News::NeedFull]);
                }
            }
        }
    }

    /// Does a slice of a chore, unless somebody waits for the run to be over.
    fn do_chore(&mut self, now: Moment) {
        if self.is_leaving() {
            return;
        }
        if self.chores.is_asked_for() {
            // A listing would take it for one that is played.
            self.let_go_of_others();
        }
        self.chore_step(now);
        // Where nothing is played, no checkpoint can be kept waiting.
        while self.playing.is_none() && self.chores.is_asked_for() {
            self.chore_step(now);
        }
    }

    fn chore_step(&mut self, now: Moment) {
        let Self { chores, machine, content, .. } = self;
        hear(&mut self.reports, |news| chores.step(machine, content, now.wall, news));
    }

    fn is_leaving(&self) -> bool {
        self.playing.as_ref().is_some_and(|(journal, _)| journal.is_leaving())
    }

    /// Notes that the run is over. Whoever waits for that also waits for the slots that are on their
    /// way.
    fn note_if_left(&mut self, now: Moment) {
        let Some((journal, _)) = &self.playing else { return };
        let Some(left) = journal.has_left(now) else { return };
        let (session, types) = (journal.session(), journal.type_bytes());
        hear(&mut self.reports, |news| self.slots.give_up_waiting(news));
        if !self.slots.is_done() {
            return;
        }
        self.playing = None;
        self.trials.left(session);
        if left.complete {
            self.process.release(session);
        } else {
            self.process.left_without_end(session);
            self.machine.note_left(session);
        }
        let (complete, bytes) = (left.complete, self.local.store.session_bytes(session).ok());
        self.report([News::Left { session, complete, bytes, types }]);
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
        self.chores.stop_sweeping();
        while self.slots.wake() == Some(Duration::ZERO) || !self.chores.is_done() {
            self.turn(now);
            // Nobody waits for the end of the run any more.
            self.chore_step(now);
        }
        self.beat(now);
    }

    fn beat(&mut self, now: Moment) {
        self.last_beat = now.elapsed;
        self.process.beat(&self.local, now.wall);
        let Some((journal, _)) = &mut self.playing else { return };
        let mut news = Vec::new();
        journal.check_hold(now, &mut news);
        self.take_in(news);
    }

    /// Looks at all sessions: between the checkpoints, or at once if there are none.
    fn detect(&mut self, now: Moment) {
        self.chores.list();
        if self.playing.is_none() {
            self.finish_listings(now);
        }
    }

    fn finish_listings(&mut self, now: Moment) {
        self.let_go_of_others();
        let Self { chores, machine, content, .. } = self;
        hear(&mut self.reports, |news| chores.finish_listings(machine, content, now.wall, news));
    }

    /// No session is being played or restored: the main thread sees to that.
    fn use_profile(&mut self, profile: String, now: Moment) {
        // What was asked of slots is done first.
        while self.slots.wake() == Some(Duration::ZERO) {
            self.turn(now);
        }
        self.chores.stop_sweeping();
        self.swept = false;
        self.local = Arc::new(self.local.of_profile(&profile));
        self.machine.move_to(Arc::clone(&self.local));
        self.prepared.clear();
        self.report([News::ProfileChanged { profile }]);
        self.detect(now);
    }

    fn prepare(&mut self, wanted: Wanted, now: Moment) {
        self.let_go_of_others();
        let session = wanted.session;
        let _span = debug_span!("prepare_restore", %session).entered();
        let is_playing =
            self.playing.as_ref().is_some_and(|(journal, _)| journal.session() == session);
        // It went on without this process, which must not take the place of what it hasn't seen.
        if self.playing.as_ref().is_some_and(|(journal, _)| is_playing && journal.is_lost()) {
            let error = RequestError::SessionInUse;
            return self.report([News::NotPrepared { error }]);
        }
        if !is_playing && !self.prepared.contains_key(&session) {
            match lock(&mut self.machine, session) {
                Ok(lock) => self.prepared.insert(session, lock),
                Err(error) => return self.report([News::NotPrepared { error }]),
            };
        }
        let begun = clock::instant();
        let prepared = recovery::prepare(&mut self.machine, &self.content, wanted, now.wall);
        debug!(elapsed = ?begun.elapsed(), "checkpoint read and decoded");
        let failure = match prepared {
            Ok(prepared) => {
                if let Some(trial) = prepared.trial.clone() {
                    let is_beside_another = self.playing.is_some() && !is_playing;
                    match is_beside_another {
                        true => self.trials.begin_after_leaving(trial),
                        false => self.trials.begin(trial),
                    }
                }
                return self.reports.push(Report::Prepared(Box::new(prepared)));
            }
            Err(failure) => failure,
        };
        self.prepared.remove(&session);
        self.report([match failure {
            PrepareFailure::Rejected(error) => News::NotPrepared { error },
            PrepareFailure::Damaged(found) => News::Damaged(found),
            PrepareFailure::Unrecoverable(error) => News::Unrecoverable { session, error },
        }]);
    }

    fn take_up(&mut self, mut take_up: TakeUp<C::Start>, now: Moment) {
        let session = take_up.metadata.id;
        hear(&mut self.reports, |news| self.slots.begin_run(take_up.run, news));
        let game = std::mem::take(&mut take_up.metadata.context);
        take_up.metadata.context = self.context(game);
        let context = Box::new(take_up.metadata.context.clone());
        self.trials.play(session, take_up.run);
        let hold = self.hold_for_run(session);
        let content = self.content.begin(take_up.start);
        let identity = RunIdentity {
            metadata: take_up.metadata,
            run: take_up.run,
            lineage: take_up.lineage,
            game_version: self.versions.game.clone(),
            schema: self.content.schema(),
            unknown_frames: take_up.unknown_frames,
        };
        let (local, process) = (Arc::clone(&self.local), self.process.clone());
        let journal = RunJournal::new(local, process, identity, hold, self.quota, now);
        self.playing = Some((journal, content));
        self.self_test = None;
        self.settled = false;
        self.report([News::TakenUp { session, context }]);
    }

    /// Lets go of a session that is being thinned, since it may be the one that is wanted.
    fn let_go_of_others(&mut self) {
        if let Some((journal, _)) = &mut self.playing {
            journal.let_go_of_others();
        }
    }

    /// The right to write a session that was prepared, or is being played. A new one has no lock yet.
    fn hold_for_run(&mut self, session: SessionId) -> Hold {
        match self.playing.take_if(|(journal, _)| journal.session() == session) {
            Some((journal, _)) => hear(&mut self.reports, |news| journal.into_hold(news)),
            None => self.prepared.remove(&session).flatten().into(),
        }
    }

    fn checkpoint(&mut self, order: CheckpointOrder<C::Capture>, now: Moment) {
        let Some((journal, content)) = &mut self.playing else { return };
        let _span = debug_span!(
            "encode_checkpoint",
            session = %journal.session(),
            checkpoint = order.counter
        )
        .entered();
        let encoded = self.content.encode(content, order.capture);
        self.reports.push(Report::WorkedOff { emptied: encoded.emptied });
        self.reports.extend(encoded.reports.into_iter().map(Report::Content));
        if let Some(capture) = order.self_test.filter(|_| !encoded.has_drifted) {
            let (session, id) = (journal.session(), journal.id(order.counter));
            let everything = self.content.encode_beside(content, capture);
            self.self_test = Some(SelfTest::new(session, id, everything, &encoded.incomplete));
        }
        let asked_lately = self
            .asked_for_full
            .is_some_and(|asked| now.elapsed.saturating_sub(asked) < FULL_AGAIN_AFTER);
        if !encoded.incomplete.is_empty() && !asked_lately {
            self.asked_for_full = Some(now.elapsed);
            self.reports.push(Report::News(News::NeedFull));
        }
        let mut blocks = encoded.blocks;
        let (fields, state_changes) = (order.fields.as_ref(), order.state_changes.as_ref());
        if let Err(error) = add_about_session(&mut blocks, fields, state_changes, &order.clock) {
            let cause = FailureCause::new(error);
            error!(error = %cause, "what is known of the session can't be encoded");
            let (checkpoint, error) = (journal.id(order.counter), CheckpointError::Encoding(cause));
            self.self_test = None;
            let failed = News::Failed { checkpoint, error, retry_in: None };
            // The encoder has gone on, so a difference to this checkpoint would be of no use.
            return self.take_in(vec![failed, News::NeedFull]);
        }
        let commit = Commit {
            counter: order.counter,
            base: order.base,
            kind: order.kind,
            label: order.label,
            time: order.time,
            play_time: order.play_time,
            entities: encoded.entities,
            types: encoded.types.into_iter().collect(),
            carried: encoded.carried.into_iter().collect(),
            incomplete: encoded.incomplete,
            next_save_id: encoded.next_save_id,
            summary: order.summary.map(Box::new),
            events_through: 0,
            origin: None,
        };
        let checkpoint = PendingCheckpoint { blocks, commit, handed_over: order.handed_over };
        let mut news = Vec::new();
        journal.checkpoint(checkpoint, &mut news);
        self.take_in(news);
    }

    /// Takes in what the journal reports, and what that means for slots.
    fn take_in(&mut self, news: Vec<News>) {
        let mut consequences = Vec::new();
        self.slots.note(&news, &mut consequences);
        self.report(news.into_iter().chain(consequences));
    }

    fn report(&mut self, news: impl IntoIterator<Item = News>) {
        self.reports.extend(news.into_iter().map(Report::News));
    }

    fn context(&self, game: SessionContext) -> SessionContext {
        of_this_machine(&self.versions, game)
    }
}

/// Does a piece of work, and reports what it says.
fn hear<C: Content, T>(reports: &mut Vec<Report<C>>, work: impl FnOnce(&mut Vec<News>) -> T) -> T {
    let mut news = Vec::new();
    let done = work(&mut news);
    reports.extend(news.into_iter().map(Report::News));
    done
}

/// Takes a session's lock, so that no other process plays it meanwhile. There is none to take on a
/// file system without locks.
fn lock(machine: &mut Machine, session: SessionId) -> Result<Option<SessionLock>, RequestError> {
    match machine.lock_session(session) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(RequestError::SessionInUse),
        Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
        Err(error) => {
            let cause = FailureCause::from(error);
            warn!(%session, error = %cause, "the session's lock can't be taken");
            Err(RequestError::Store(cause))
        }
    }
}
