//! Carries out orders, one after the other.

mod events;
mod jobs;
mod playing;
mod preparing;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::archiving::Archive;
use super::auditing::Auditor;
use super::cleanup::CleanUp;
use super::cloud::CloudTurns;
use super::cloud_folder::CloudFolder;
use super::consents::Consents;
use super::context::{Versions, of_this_machine};
use super::editing_many::EditingMany;
use super::erasing::ErasePlayer;
use super::exporting_player::ExportPlayer;
use super::filing_jobs::Filing;
use super::jobs::{Holds, Jobs, Tools, Urgency};
use super::run_journal::RunJournal;
use super::self_test::SelfTest;
use super::session_attachments::AttachToSession;
use super::session_copying::CopySession;
use super::slot_work::SlotWork;
use super::trials::Trials;
use super::{Content, News, Order, Report, Surroundings};
use crate::disk::process::{DeadProcess, ProcessGuard};
use crate::disk::{LocalStore, SessionLock};
use crate::format::Record;
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::model::session::{SessionContext, SessionStatus, ShelfMove};
use crate::read::digest::{KeepDigests, Keepers};
use crate::read::recovery::{self, OfferedSession, ReadProgress, SessionFinder};
use crate::write::retention::Quota;

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// What was reported, and isn't at once again.
#[derive(Default)]
struct Said {
    /// The time at which a full capture was last asked for because a type could not be written.
    asked_for_full: Option<Duration>,
    /// True if it was reported that power cuts aren't covered.
    power_cuts: bool,
}

/// What was done, and isn't due at once again.
#[derive(Default)]
struct Done {
    /// True if leftovers were looked for; once a process and profile is enough.
    swept: bool,
    /// True if the records of dead processes that held the session were dealt with.
    settled: bool,
    /// The time of the last heartbeat.
    beat: Duration,
}

/// The files about players, beside those of their sessions.
#[derive(Default)]
struct PlayerRecords {
    audit: Auditor,
    consents: Consents,
}

/// The writer's state. A thread or the main loop drives it.
pub struct Worker<C: Content> {
    local: Arc<LocalStore>,
    content: C,
    process: ProcessGuard,
    finder: SessionFinder,
    trials: Trials,
    records: PlayerRecords,
    versions: Versions,
    /// Sessions that were read to be resumed, and their locks.
    prepared: HashMap<SessionId, Option<SessionLock>>,
    playing: Option<(RunJournal, C::Run)>,
    /// The jobs beside the checkpoints.
    jobs: Jobs,
    /// Orders that come after what jobs do now, in the order in which they were given.
    waiting: VecDeque<Order<C>>,
    /// The digests that the program keeps of each session.
    digests: Keepers,
    quota: Quota,
    reports: Vec<Report<C>>,
    done: Done,
    said: Said,
    /// The newest checkpoint that is to be tested.
    self_test: Option<SelfTest>,
    /// The turns of the folder of a file cloud.
    cloud: CloudTurns,
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
            records: PlayerRecords::default(),
            versions,
            prepared: HashMap::new(),
            playing: None,
            jobs: Jobs::default(),
            waiting: VecDeque::new(),
            digests: Keepers::default(),
            quota: Quota::default(),
            reports: Vec::new(),
            done: Done::default(),
            said: Said::default(),
            self_test: None,
            cloud: CloudTurns::default(),
        }
    }

    /// Tells the game's slots from those of other games.
    pub fn of_game(mut self, game: String) -> Self {
        self.finder = self.finder.of_game(game);
        self
    }

    /// Shows the index for this time after it was written, before any session is looked at.
    pub fn trusting_index(mut self, trust: Duration) -> Self {
        self.finder = self.finder.trusting_index(trust);
        self
    }

    /// Puts sessions into the folder of a file cloud, and brings here what other devices have put there.
    pub fn with_cloud(mut self, folder: Option<CloudFolder>) -> Self {
        self.cloud = CloudTurns::of(folder);
        self
    }

    /// Keeps for the program what it makes of each session.
    pub fn keeping_digests(mut self, keepers: Vec<Box<dyn KeepDigests>>) -> Self {
        keepers.into_iter().for_each(|keeper| self.digests.add(keeper));
        self
    }

    /// The content of the run that is being played.
    pub fn content(&self) -> Option<&C::Run> {
        self.playing.as_ref().map(|(_, content)| content)
    }

    /// The progress of the checkpoint that is being read.
    pub fn progress(&self) -> ReadProgress {
        self.finder.progress().clone()
    }

    /// Takes the reports.
    pub fn reports(&mut self) -> impl Iterator<Item = Report<C>> {
        self.reports.drain(..)
    }

    #[expect(clippy::too_many_lines, reason = "a table: one row for each order")]
    fn carry_out(&mut self, order: Order<C>, now: Moment) {
        match order {
            Order::Detect { ticket } => self.detect(ticket, now),
            Order::Refresh => self.refresh(),
            Order::Prepare { wanted, ticket } => {
                // A rewind reads what this very run has written.
                self.work(now);
                self.prepare(wanted, ticket, now);
            }
            Order::PrepareWorld { order, ticket } => self.prepare_world(&order, ticket),
            Order::TakeUp(take_up) => self.take_up(*take_up, now),
            Order::Checkpoint(checkpoint) => self.checkpoint(*checkpoint, now),
            Order::Write(record) => {
                let is_pause = is_pause(&record);
                self.write_record(record);
                let played = self.playing.as_ref().filter(|_| is_pause);
                let played = played.map(|(journal, _)| (journal.session(), journal.run()));
                if let Some(job) = played.and_then(|played| self.cloud.keep_paused(played)) {
                    self.jobs.add(job);
                }
            }
            Order::Content(order) => {
                let run = self.playing.as_mut().map(|(_, run)| run);
                let reports = run.map(|run| self.content.execute(run, order)).unwrap_or_default();
                self.reports.extend(reports.into_iter().map(Report::Content));
            }
            Order::Events(events) => self.record_events(events, now),
            Order::ReadEvents { query, ticket } => self.read_events(*query, ticket, now),
            Order::ValidateEvents { session, ticket } => self.validate_events(session, ticket, now),
            Order::Digest { order, ticket } => self.digest(order, ticket, now),
            Order::Release(session) => self.release(session),
            Order::Leave(leave) => self.leave(leave, now),
            Order::Decline { decline: OfferedSession { session, line }, ticket } => {
                self.file_as(session, Filing::Decline(line), ticket, now);
            }
            Order::Forget { session, ticket } => self.file_as(session, Filing::Forget, ticket, now),
            Order::Shelve { session, how: ShelfMove::Archive(what), ticket } => {
                self.jobs.add(Archive::new(session, what, ticket));
            }
            Order::Shelve { session, how, ticket } => {
                self.file_as(session, Filing::Shelve(how), ticket, now);
            }
            Order::Edit { session, update, ticket } => {
                self.file_as(session, Filing::Edit(update), ticket, now);
            }
            Order::Draft { order, ticket } => self.draft(order, ticket, now),
            Order::Copy { session, name, ticket } => {
                let game_version = self.versions.game().to_owned();
                self.jobs.add(CopySession::new(session, name, game_version, ticket));
            }
            Order::EditMany { order, ticket } => {
                self.records.audit.note_many(&order, ticket);
                self.jobs.add(EditingMany::new(*order, ticket));
            }
            Order::ExportPlayer { player, path, ticket } => {
                self.jobs.add(ExportPlayer::new(player, path, ticket, &self.local));
            }
            Order::ErasePlayer { player, ticket } => {
                self.jobs.add(ErasePlayer::new(player, ticket, &self.local));
            }
            Order::AskedBy { player, ticket } => self.records.audit.note_asker(ticket, player),
            Order::ReadAudit { limit, ticket } => {
                let result = self.records.audit.read(&self.local.store, limit);
                self.report([News::AuditRead { result, ticket }]);
            }
            Order::CleanUp { rules, ticket } => {
                CleanUp::ask(&mut self.jobs, *rules, self.quota, ticket, &self.local);
            }
            Order::Slot { order, ticket } => self.jobs.add(SlotWork::new(order, ticket)),
            Order::SessionAttachment { order, ticket } => {
                self.jobs.add(AttachToSession(order, ticket));
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
            Order::KeepAudit(is_kept) => self.records.audit.switch(is_kept),
            Order::KeepConsent { profile, consent } => {
                self.records.consents.keep(profile, *consent);
                self.records.consents.write(&self.local);
            }
            Order::KeepIndex(is_kept) => self.finder.keep_index(is_kept),
            Order::Measure => self.measure(),
            Order::Beat => self.beat(now),
        }
    }

    fn set_quota(&mut self, quota: Quota) {
        self.quota = quota;
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

    /// Does the next piece of work that takes a disk, and carries out what waited for it. Returns the time for which
    /// there is none.
    pub fn turn(&mut self, now: Moment) -> Duration {
        let was_playing = self.playing.is_some();
        let rest = self.work(now);
        // What waits comes after the report that the run was left.
        let has_left = was_playing && self.playing.is_none();
        if has_left || self.carry_out_waiting(now) { Duration::ZERO } else { rest }
    }

    fn work(&mut self, now: Moment) -> Duration {
        let beat_is_due = now.elapsed.saturating_sub(self.done.beat) >= HEARTBEAT;
        if beat_is_due || self.process.exit_is_news() {
            self.beat(now);
        }
        self.write_journal(now);
        self.slice(&Urgency::RUN, now);
        self.slice(&Urgency::SAVING, now);
        let was_playing = self.playing.is_some();
        self.note_if_left(now);
        // An exit waits for that, and for nothing that comes after it.
        if was_playing && self.playing.is_none() {
            return Duration::ZERO;
        }
        self.do_long_job(now);
        self.do_brief_jobs(now);
        self.write_index_between_runs(now);
        let next_beat = HEARTBEAT.saturating_sub(now.elapsed.saturating_sub(self.done.beat));
        let journal = self.playing.as_ref().and_then(|(journal, _)| journal.wake(now));
        let among = if self.is_leaving() { Urgency::WHILE_LEAVING } else { Urgency::ALL };
        [journal, self.jobs.wake(&among)].into_iter().flatten().fold(next_beat, Duration::min)
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
        self.finish_waiting(now);
        self.finish_looking(now);
        self.work_off(&Urgency::BRIEF, now);
        // Nothing more will be written that a job could wait for.
        collect_news(&mut self.reports, |news| self.jobs.give_up_waiting(news));
        self.jobs.drop_all(&(Urgency::Kept..=Urgency::Spare));
        while self.jobs.wake(&Urgency::BESIDE_RUN) == Some(Duration::ZERO) {
            self.work(now);
            // The end of the run isn't waited for any more.
            self.slice(&Urgency::LONG, now);
        }
        self.beat(now);
        self.records.consents.write_last(&self.local);
        self.records.audit.write(&self.local.store);
        // Last, since nothing hangs on it.
        self.finder.write_index(now.wall);
        self.digests.write(&self.finder, now.wall);
    }

    fn beat(&mut self, now: Moment) {
        self.done.beat = now.elapsed;
        self.process.beat(&self.local, now.wall);
        self.records.consents.write(&self.local);
        let Some((journal, _)) = &mut self.playing else { return };
        let mut news = Vec::new();
        journal.check_hold(now, &mut news);
        self.take_in(news);
    }

    /// Lets the job that holds a session release it, since it is needed otherwise. Jobs on other sessions continue.
    fn let_go_of(&mut self, session: SessionId) {
        self.jobs.cancel_spare(&mut self.finder);
        self.jobs.cancel(Holds::Session(session), &mut self.finder);
    }

    /// Does a slice of the first job of such urgency that needn't wait. Returns true if there was one.
    fn slice(&mut self, among: &RangeInclusive<Urgency>, now: Moment) -> bool {
        let mut news = Vec::new();
        let Self { jobs, finder, digests, content, trials, records, process, quota, cloud, .. } =
            self;
        let run = self.playing.as_mut().map(|(journal, _)| journal);
        let (types, quota) = (&*content, *quota);
        let news_of = &mut news;
        let mut tools = Tools {
            finder,
            digests,
            types,
            trials,
            auditor: &mut records.audit,
            process,
            run,
            quota,
            cloud: cloud.folder(),
            now,
            news: news_of,
        };
        let was_done = jobs.slice(among, &mut tools);
        // Before anybody hears of what was done.
        self.records.consents.note(&news);
        self.records.audit.note(&news, now.wall);
        self.records.audit.write(&self.local.store);
        // The upkeep of the run may find that nothing more of it is saved, and others wait for that.
        self.take_in(news);
        was_done
    }

    /// Does all that is to be done of such urgency and needn't wait.
    fn work_off(&mut self, among: &RangeInclusive<Urgency>, now: Moment) {
        while self.slice(among, now) {}
    }

    /// Takes in what the journal reports, and what that means for jobs.
    fn take_in(&mut self, news: Vec<News>) {
        let mut consequences = Vec::new();
        let played = self.playing.as_ref().map(|(journal, _)| journal.session());
        self.jobs.note(&news, played, &mut consequences);
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

/// Returns true if the session stands still from here on.
fn is_pause(record: &Record) -> bool {
    matches!(record, Record::Status { status: SessionStatus::Paused, .. })
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
