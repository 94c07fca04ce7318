//! The writer's work beside its checkpoints: a list of jobs.
//!
//! A [`Job`] is a file of its own. It says how urgent it is and what it waits for, and does a slice at a time, between
//! which checkpoints are written. A request that needs a session cancels the job that holds it ([`Jobs::cancel`]): such
//! a job leaves nothing behind, and begins again later.

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::time::Duration;

use super::News;
use super::auditing::Auditor;
use super::cloud_folder::CloudFolder;
use super::run_journal::RunJournal;
use super::trials::Trials;
use crate::disk::process::ProcessGuard;
use crate::format::EventStretch;
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::read::digest::Keepers;
use crate::read::recovery::{KnownTypes, SessionFinder};
use crate::write::retention::Quota;

/// Something that is done in slices.
pub(super) trait Job: Send {
    /// Its urgency.
    fn urgency(&self) -> Urgency;

    /// The condition that it waits for.
    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Nothing
    }

    /// Among which jobs it has its turn only after those that were asked for before.
    fn queue(&self) -> Option<Queue> {
        None
    }

    /// A session that other jobs release before this one does its slice.
    fn wants(&self) -> Option<SessionId> {
        None
    }

    /// Returns true if it reads or changes a session, so that it waits for every brief job that [wants](Self::wants)
    /// it.
    fn is_about(&self, _session: SessionId) -> bool {
        false
    }

    /// Does a slice.
    fn slice(self: Box<Self>, tools: &mut Tools<'_>) -> Slice;

    /// The resource that it holds between two slices.
    fn holds(&self) -> Holds {
        Holds::Nothing
    }

    /// Releases the resource that it holds. Work that it has begun is undone, and begun again with its next slice.
    fn cancel(&mut self, _finder: &mut SessionFinder) {}

    /// Called when the condition that it waits for can't come true any more. Returns the rest of the job that can be
    /// done without it.
    fn in_vain(self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        None
    }

    /// Returns true if it handles so many sessions that the player may want to play before its end.
    fn is_long(&self) -> bool {
        false
    }
}

/// The urgency of a job, the most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Urgency {
    /// It keeps the files of the session that is played in order, in the pauses between its checkpoints.
    Run,
    /// The player saves something: the end of a run waits for it.
    Saving,
    /// It is done in one slice, and doesn't wait behind what takes long.
    Brief,
    /// It is asked what there is, before anything else is done with it.
    Looking,
    /// The game or the player waits for it.
    Asked,
    /// It is looked what changed, so that a list is up to date.
    Following,
    /// Only the program waits for it: neither an exit nor a change of profile does.
    Kept,
    /// Nothing waits for it.
    Spare,
}

impl Urgency {
    /// The urgencies of jobs that take many slices, of which one is done in each turn.
    pub(super) const LONG: RangeInclusive<Self> = Self::Looking..=Self::Spare;
    /// The urgencies of those that the player or the game asked for.
    pub(super) const ASKED: RangeInclusive<Self> = Self::Looking..=Self::Kept;
    pub(super) const RUN: RangeInclusive<Self> = Self::Run..=Self::Run;
    pub(super) const SAVING: RangeInclusive<Self> = Self::Saving..=Self::Saving;
    /// The urgencies of jobs that run while a run is left.
    pub(super) const WHILE_LEAVING: RangeInclusive<Self> = Self::Run..=Self::Saving;
    /// The urgencies of jobs for others than the run.
    pub(super) const BESIDE_RUN: RangeInclusive<Self> = Self::Saving..=Self::Spare;
    pub(super) const BRIEF: RangeInclusive<Self> = Self::Brief..=Self::Brief;
    pub(super) const ALL: RangeInclusive<Self> = Self::Run..=Self::Spare;
}

/// The condition that a job waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WaitsFor {
    Nothing,
    /// This checkpoint, or one after it, is durable.
    Checkpoint(CheckpointId),
    /// A checkpoint of the session that is played is durable.
    FirstCheckpointOf(SessionId),
    /// No job looks at all sessions, since it would miss a change.
    Listing,
}

/// Jobs that are done in the order in which they were asked for, even if the first has to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Queue {
    Slots,
    SessionAttachments,
    CloudFiles,
    Cleanups,
}

/// The resource that a job holds between two slices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    Nothing,
    /// The lock of a session.
    Session(SessionId),
    /// The findings about all sessions.
    Sessions,
}

/// The outcome of a slice.
pub(super) enum Slice {
    /// There is more to do.
    Going(Box<dyn Job>),
    /// There is nothing to do until something else happens, such as the release of a lock. It tries again after this
    /// time, at the latest.
    Later(Box<dyn Job>, Duration),
    Done,
}

/// The tools of jobs.
pub(super) struct Tools<'a> {
    pub finder: &'a mut SessionFinder,
    pub digests: &'a mut Keepers,
    pub types: &'a dyn KnownTypes,
    pub trials: &'a mut Trials,
    pub auditor: &'a mut Auditor,
    pub process: &'a ProcessGuard,
    /// The run that is written.
    pub run: Option<&'a mut RunJournal>,
    pub quota: Quota,
    /// The folder of a file cloud, if there is one.
    pub cloud: Option<&'a CloudFolder>,
    pub now: Moment,
    pub news: &'a mut Vec<News>,
}

impl Tools<'_> {
    /// The session that is played now.
    pub(super) fn playing(&self) -> Option<SessionId> {
        self.run.as_ref().map(|run| run.session())
    }

    /// Returns true while the file is written that keeps room free for an exit.
    pub(super) fn makes_reserve(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.room.reserve.is_being_made())
    }

    /// Appends the events that a session has recorded so far, if it is played. Returns its line then.
    pub(super) fn hand_over_events(&mut self, session: SessionId) -> Option<Vec<EventStretch>> {
        let run = self.run.as_mut().filter(|run| run.session() == session)?;
        run.write_events(self.now, self.news);
        Some(run.event_line())
    }
}

/// The jobs to be done.
#[derive(Default)]
pub(super) struct Jobs {
    /// The most urgent first, and of equally urgent ones the one that was asked for first.
    list: Vec<Waiting>,
    /// The run that is written, or was last.
    run: Option<RunId>,
    /// Its newest durable checkpoint.
    durable: Option<CheckpointId>,
    /// The session of which a checkpoint became durable last.
    saved: Option<SessionId>,
}

/// How often a job lets go of its session for one that is more urgent. A list on the screen is looked up again and again;
/// beyond, it shows a session as in use that a job works on.
const MOST_YIELDS: u32 = 3;

/// A job, and in how much time it is worth a try.
struct Waiting {
    job: Box<dyn Job>,
    again_in: Duration,
    /// The number of times that it let go of its session for a more urgent one.
    yielded: u32,
}

impl Jobs {
    pub(super) fn add(&mut self, job: impl Job + 'static) {
        let job = Box::new(job);
        let place = self.list.partition_point(|other| other.job.urgency() <= job.urgency());
        self.list.insert(place, Waiting { job, again_in: Duration::ZERO, yielded: 0 });
    }

    /// Does a slice of the first job of such urgency that needn't wait. Returns true if there was one.
    pub(super) fn slice(&mut self, among: &RangeInclusive<Urgency>, tools: &mut Tools<'_>) -> bool {
        let mut from = 0;
        while let Some(place) = self.next(among, from) {
            let Waiting { job, yielded, .. } = self.list.remove(place);
            if (Urgency::Brief..Urgency::Spare).contains(&job.urgency()) {
                self.yield_to(tools.finder);
            }
            if let Some(session) = job.wants() {
                self.cancel(Holds::Session(session), tools.finder);
            }
            match job.slice(tools) {
                Slice::Going(job) => {
                    let again_in = Duration::ZERO;
                    self.list.insert(place, Waiting { job, again_in, yielded });
                }
                Slice::Later(job, again_in) => {
                    self.list.insert(place, Waiting { job, again_in, yielded });
                    from = place + 1;
                    continue;
                }
                Slice::Done => {}
            }
            return true;
        }
        false
    }

    /// The place of the next job of such urgency that needn't wait, from a place on. A look at all sessions is
    /// continued first.
    fn next(&self, among: &RangeInclusive<Urgency>, from: usize) -> Option<usize> {
        let is_looking = self.is_looking();
        let find = |is_meant: fn(&dyn Job) -> bool| {
            let mut jobs = self.list.iter().enumerate().skip(from);
            let found = jobs.find(|(place, Waiting { job, .. })| {
                among.contains(&job.urgency())
                    && is_meant(&**job)
                    && self.is_ready(&**job, *place, is_looking)
            });
            found.map(|(place, _)| place)
        };
        let looking = if is_looking { find(|job| job.holds() == Holds::Sessions) } else { None };
        looking.or_else(|| find(|_| true))
    }

    /// Returns true if a job at a place in the list waits for nothing.
    fn is_ready(&self, job: &dyn Job, place: usize, is_looking: bool) -> bool {
        let is_first = job.queue().is_none_or(|queue| {
            self.list.iter().take(place).all(|before| before.job.queue() != Some(queue))
        });
        let mut wanted = self.list.iter().take(place).filter_map(|before| before.job.wants());
        is_first
            && self.is_there(job.waits_for(), is_looking)
            && !wanted.any(|session| job.is_about(session))
    }

    /// Returns true if the condition that a job waits for has come true.
    fn is_there(&self, what: WaitsFor, is_looking: bool) -> bool {
        match what {
            WaitsFor::Nothing => true,
            // Checkpoints of an earlier run are on the disk, or never will be.
            WaitsFor::Checkpoint(id) if self.run != Some(id.run) => true,
            WaitsFor::Checkpoint(id) => {
                self.durable.is_some_and(|durable| durable.counter >= id.counter)
            }
            WaitsFor::FirstCheckpointOf(session) => self.saved == Some(session),
            WaitsFor::Listing => !is_looking,
        }
    }

    /// Time until a job of such urgency can continue; `None` if that depends on others.
    pub(super) fn wake(&self, among: &RangeInclusive<Urgency>) -> Option<Duration> {
        let jobs = self.list.iter().enumerate();
        let of_these = jobs.filter(|(_, waiting)| among.contains(&waiting.job.urgency()));
        let is_looking = self.is_looking();
        let ready =
            of_these.filter(|(place, waiting)| self.is_ready(&*waiting.job, *place, is_looking));
        ready.map(|(_, waiting)| waiting.again_in).min()
    }

    /// Returns true if there are jobs of such urgency, even if they wait.
    pub(super) fn has(&self, among: &RangeInclusive<Urgency>) -> bool {
        self.list.iter().any(|waiting| among.contains(&waiting.job.urgency()))
    }

    /// Returns true if a job of this queue is in the list.
    pub(super) fn has_queued(&self, queue: Queue) -> bool {
        self.list.iter().any(|waiting| waiting.job.queue() == Some(queue))
    }

    /// Returns true if a look at all sessions has begun, so that a change now would be missed.
    pub(super) fn is_looking(&self) -> bool {
        self.list.iter().any(|waiting| waiting.job.holds() == Holds::Sessions)
    }

    /// Returns true if the next job looks at all sessions.
    pub(super) fn looks_next(&self) -> bool {
        let first = self.next(&Urgency::LONG, 0).and_then(|place| self.list.get(place));
        first.is_some_and(|first| {
            first.job.urgency() == Urgency::Looking || first.job.holds() == Holds::Sessions
        })
    }

    /// Returns true if the next one of these handles many sessions.
    pub(super) fn is_long(&self, among: &RangeInclusive<Urgency>) -> bool {
        let next = self.next(among, 0).and_then(|place| self.list.get(place));
        next.is_some_and(|next| next.job.is_long())
    }

    /// Lets the job that holds this release it. The job begins again later.
    pub(super) fn cancel(&mut self, held: Holds, finder: &mut SessionFinder) {
        for Waiting { job, .. } in &mut self.list {
            if job.holds() == held {
                job.cancel(finder);
            }
        }
    }

    /// Drops the jobs of this queue about a session, since one that comes next does more.
    pub(super) fn drop_queued(
        &mut self,
        queue: Queue,
        session: SessionId,
        finder: &mut SessionFinder,
    ) {
        self.list.retain_mut(|Waiting { job, .. }| {
            let is_one = job.queue() == Some(queue) && job.is_about(session);
            if is_one {
                job.cancel(finder);
            }
            !is_one
        });
    }

    /// Lets a look at all sessions begin again later, so that nothing waits for its end. Returns false if it has begun
    /// again often enough, and is to come to its end first.
    pub(super) fn cancel_listing(&mut self, finder: &mut SessionFinder) -> bool {
        let looking = self.list.iter_mut().filter(|it| it.job.holds() == Holds::Sessions);
        for Waiting { job, yielded, .. } in looking {
            if *yielded >= MOST_YIELDS {
                return false;
            }
            *yielded += 1;
            job.cancel(finder);
        }
        true
    }

    /// Lets jobs that nobody waits for release the session that they hold: a look at it would take it for one that is
    /// played.
    pub(super) fn cancel_spare(&mut self, finder: &mut SessionFinder) {
        for Waiting { job, .. } in self.spare_holding() {
            job.cancel(finder);
        }
    }

    /// The same for a job that is to be done first, except by those that have let go often enough.
    fn yield_to(&mut self, finder: &mut SessionFinder) {
        for Waiting { job, yielded, .. } in self.spare_holding() {
            if *yielded < MOST_YIELDS {
                *yielded += 1;
                job.cancel(finder);
            }
        }
    }

    fn spare_holding(&mut self) -> impl Iterator<Item = &mut Waiting> {
        let spare = self.list.iter_mut().rev();
        let spare = spare.take_while(|it| it.job.urgency() >= Urgency::Kept);
        spare.filter(|it| it.job.holds() != Holds::Nothing)
    }

    /// Drops all jobs of such urgency.
    pub(super) fn drop_all(&mut self, among: &RangeInclusive<Urgency>) {
        self.list.retain(|waiting| !among.contains(&waiting.job.urgency()));
    }

    /// A run begins: no checkpoint of an older one becomes durable any more.
    pub(super) fn begin_run(&mut self, run: RunId, news: &mut Vec<News>) {
        self.give_up_waiting(news);
        self.run = Some(run);
        self.durable = None;
    }

    /// Takes in what became of the checkpoints of the session that is played.
    pub(super) fn note(&mut self, news: &[News], played: Option<SessionId>, more: &mut Vec<News>) {
        let mut is_lost = false;
        for report in news {
            match report {
                News::Saved(saved) => {
                    self.durable = Some(saved.id);
                    self.saved = played;
                }
                News::Failed { .. } | News::NeedFull => is_lost = true,
                _ => {}
            }
        }
        if is_lost {
            self.give_up(|what| matches!(what, WaitsFor::Checkpoint(_)), more);
        }
    }

    /// Nothing more of the run is saved: what waits for that waits in vain.
    pub(super) fn give_up_waiting(&mut self, news: &mut Vec<News>) {
        let is_of_run =
            |what| matches!(what, WaitsFor::Checkpoint(_) | WaitsFor::FirstCheckpointOf(_));
        self.give_up(is_of_run, news);
    }

    fn give_up(&mut self, waits_for: impl Fn(WaitsFor) -> bool, news: &mut Vec<News>) {
        let is_in_vain = |jobs: &Self, waiting: &Waiting| {
            let what = waiting.job.waits_for();
            waits_for(what) && !jobs.is_there(what, false)
        };
        if !self.list.iter().any(|waiting| is_in_vain(self, waiting)) {
            return;
        }
        for waiting in std::mem::take(&mut self.list) {
            if !is_in_vain(self, &waiting) {
                self.list.push(waiting);
            } else if let Some(job) = waiting.job.in_vain(news) {
                self.list.push(Waiting { job, again_in: Duration::ZERO, yielded: 0 });
            }
        }
    }
}
