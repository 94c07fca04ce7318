//! The order of jobs, and their waiting for each other.

use std::sync::Arc;
use std::sync::Mutex;

use jiff::Timestamp;

use super::*;
use crate::disk::process::ProcessOptions;
use crate::disk::{Layout, LocalStore, MemoryDisk};
use crate::read::recovery::VersionFit;
use crate::write::Saved;

/// The log of what was done, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// A job of a number of slices.
#[derive(Clone)]
struct Test {
    name: &'static str,
    urgency: Urgency,
    waits_for: WaitsFor,
    queue: Option<Queue>,
    wants: Option<SessionId>,
    is_about: Option<SessionId>,
    holds: Holds,
    slices: u32,
    later: bool,
    log: Log,
}

impl Job for Test {
    fn urgency(&self) -> Urgency {
        self.urgency
    }

    fn waits_for(&self) -> WaitsFor {
        self.waits_for
    }

    fn queue(&self) -> Option<Queue> {
        self.queue
    }

    fn wants(&self) -> Option<SessionId> {
        self.wants
    }

    fn is_about(&self, session: SessionId) -> bool {
        self.is_about == Some(session)
    }

    fn slice(mut self: Box<Self>, _tools: &mut Tools<'_>) -> Slice {
        if self.later {
            return Slice::Later(self, Duration::from_millis(20));
        }
        self.log.lock().unwrap().push(self.name.to_owned());
        self.slices -= 1;
        if self.slices == 0 { Slice::Done } else { Slice::Going(self) }
    }

    fn holds(&self) -> Holds {
        self.holds
    }

    fn cancel(&mut self, _finder: &mut SessionFinder) {
        self.log.lock().unwrap().push(format!("{} cancelled", self.name));
        self.holds = Holds::Nothing;
    }

    fn in_vain(self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        self.log.lock().unwrap().push(format!("{} in vain", self.name));
        None
    }
}

struct NoTypes;

impl KnownTypes for NoTypes {
    fn fit(&self, _rows: &crate::format::TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

struct Bench {
    jobs: Jobs,
    log: Log,
    finder: SessionFinder,
    trials: Trials,
    process: ProcessGuard,
}

impl Bench {
    fn new() -> Self {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let local = Arc::new(LocalStore::new(Arc::new(MemoryDisk::default()), layout));
        let options = ProcessOptions { panics: false };
        let (process, _) = ProcessGuard::begin(&local, "1.0", options, Timestamp::UNIX_EPOCH);
        let trials = Trials::new(Arc::clone(&local), process.clone());
        let finder = SessionFinder::new(local, Vec::new(), Duration::ZERO);
        Self { jobs: Jobs::default(), log: Log::default(), finder, trials, process }
    }

    fn job(&self, name: &'static str, urgency: Urgency) -> Test {
        Test {
            name,
            urgency,
            waits_for: WaitsFor::Nothing,
            queue: None,
            wants: None,
            is_about: None,
            holds: Holds::Nothing,
            slices: 1,
            later: false,
            log: Arc::clone(&self.log),
        }
    }

    fn slice(&mut self, among: &RangeInclusive<Urgency>) -> bool {
        let mut tools = Tools {
            finder: &mut self.finder,
            digests: &mut Keepers::default(),
            types: &NoTypes,
            trials: &mut self.trials,
            auditor: &mut Auditor::default(),
            process: &self.process,
            run: None,
            quota: Quota::default(),
            cloud: None,
            now: Moment { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH },
            news: &mut Vec::new(),
        };
        self.jobs.slice(among, &mut tools)
    }

    /// The jobs that are done if nothing else comes.
    fn rest(&mut self) -> Vec<String> {
        while self.slice(&Urgency::ALL) {}
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

fn at(run: u64, counter: u64) -> CheckpointId {
    CheckpointId { run: RunId(run), counter }
}

fn saved(id: CheckpointId) -> News {
    News::Saved(Saved {
        id,
        kind: crate::format::CheckpointKind::Auto,
        label: None,
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::ZERO,
        bytes: 1,
        write_time: Duration::ZERO,
    })
}

#[test]
fn the_most_urgent_goes_first_and_of_equals_the_first() {
    let mut bench = Bench::new();
    let asked = Test { slices: 2, ..bench.job("page", Urgency::Asked) };
    for job in [
        bench.job("sweep", Urgency::Spare),
        asked,
        bench.job("report", Urgency::Asked),
        bench.job("list", Urgency::Looking),
    ] {
        bench.jobs.add(job);
    }
    assert_eq!(bench.rest(), ["list", "page", "page", "report", "sweep"]);
}

#[test]
fn a_waiting_job_is_overtaken_except_within_its_queue() {
    let mut bench = Bench::new();
    bench.jobs.begin_run(RunId(1), &mut Vec::new());
    let of_slots = |job: Test| Test { queue: Some(Queue::Slots), ..job };
    let waits_for = WaitsFor::Checkpoint(at(1, 7));
    bench.jobs.add(Test { waits_for, ..of_slots(bench.job("save", Urgency::Saving)) });
    bench.jobs.add(of_slots(bench.job("rename", Urgency::Saving)));
    bench.jobs.add(bench.job("attach", Urgency::Saving));
    assert_eq!(bench.rest(), ["attach"]);
    assert_eq!(bench.jobs.wake(&Urgency::ALL), None);
    let session = SessionId::random();
    bench.jobs.note(&[saved(at(1, 6))], Some(session), &mut Vec::new());
    assert_eq!(bench.rest(), [""; 0], "an earlier one is durable");
    bench.jobs.note(&[saved(at(1, 7))], Some(session), &mut Vec::new());
    assert_eq!(bench.rest(), ["save", "rename"]);
}

#[test]
fn reads_of_a_session_wait_for_its_pending_brief_changes() {
    let mut bench = Bench::new();
    let [one, other] = [SessionId::random(), SessionId::random()];
    let looks = Test { holds: Holds::Sessions, slices: 2, ..bench.job("list", Urgency::Following) };
    bench.jobs.add(looks);
    let waits_for = WaitsFor::Listing;
    bench.jobs.add(Test { wants: Some(one), waits_for, ..bench.job("rename", Urgency::Brief) });
    for (name, session) in [("archive", one), ("copy", other)] {
        bench.jobs.add(Test { is_about: Some(session), ..bench.job(name, Urgency::Asked) });
    }
    assert_eq!(bench.rest(), ["list", "list", "rename", "archive", "copy"]);
    bench.jobs.add(Test {
        wants: Some(one),
        waits_for: WaitsFor::FirstCheckpointOf(other),
        ..bench.job("rename", Urgency::Brief)
    });
    for (name, session) in [("archive", one), ("copy", other)] {
        bench.jobs.add(Test { is_about: Some(session), ..bench.job(name, Urgency::Asked) });
    }
    assert_eq!(bench.rest(), ["copy"]);
}

#[test]
fn jobs_waiting_for_a_lost_checkpoint_fail() {
    let mut bench = Bench::new();
    bench.jobs.begin_run(RunId(1), &mut Vec::new());
    let session = SessionId::random();
    bench.jobs.note(&[saved(at(1, 1))], Some(session), &mut Vec::new());
    for (name, counter) in [("saved", 1), ("lost", 2)] {
        let waits_for = WaitsFor::Checkpoint(at(1, counter));
        bench.jobs.add(Test { waits_for, ..bench.job(name, Urgency::Saving) });
    }
    let other = WaitsFor::FirstCheckpointOf(SessionId::random());
    bench.jobs.add(Test { waits_for: other, ..bench.job("attach", Urgency::Saving) });
    bench.jobs.note(&[News::NeedFull], Some(session), &mut Vec::new());
    assert_eq!(bench.rest(), ["lost in vain", "saved"]);
    bench.jobs.begin_run(RunId(2), &mut Vec::new());
    assert_eq!(bench.rest(), ["attach in vain"]);
}

#[test]
fn a_job_that_holds_a_session_is_cancelled_for_one_that_wants_it() {
    let mut bench = Bench::new();
    let (wanted, other) = (SessionId::random(), SessionId::random());
    for (name, session) in [("archive", wanted), ("copy", other)] {
        let holds = Holds::Session(session);
        bench.jobs.add(Test { holds, ..bench.job(name, Urgency::Asked) });
    }
    bench.jobs.add(Test { wants: Some(wanted), ..bench.job("rename", Urgency::Brief) });
    assert_eq!(bench.rest(), ["archive cancelled", "rename", "archive", "copy"]);
}

#[test]
fn a_spare_job_releases_its_session_before_other_work() {
    let mut bench = Bench::new();
    let holds = Holds::Session(SessionId::random());
    let thin = Test { holds, slices: 2, ..bench.job("thin", Urgency::Spare) };
    bench.jobs.add(thin);
    assert!(bench.slice(&Urgency::LONG));
    bench.jobs.add(bench.job("save", Urgency::Saving));
    bench.jobs.add(bench.job("list", Urgency::Looking));
    assert_eq!(bench.rest(), ["thin", "save", "thin cancelled", "list", "thin"]);
}

#[test]
fn a_change_waits_for_a_running_listing() {
    let mut bench = Bench::new();
    let list = Test { holds: Holds::Sessions, slices: 2, ..bench.job("list", Urgency::Following) };
    bench.jobs.add(list);
    bench.jobs.add(bench.job("page", Urgency::Asked));
    let waits_for = WaitsFor::Listing;
    bench.jobs.add(Test { waits_for, ..bench.job("rename", Urgency::Brief) });
    assert!(!bench.slice(&Urgency::BRIEF));
    assert_eq!(bench.rest(), ["list", "list", "rename", "page"]);
}

#[test]
fn upkeep_of_the_run_wakes_the_writer() {
    let mut bench = Bench::new();
    bench.jobs.add(bench.job("merge", Urgency::Run));
    assert_eq!(bench.jobs.wake(&Urgency::ALL), Some(Duration::ZERO));
    assert_eq!(bench.jobs.wake(&Urgency::BESIDE_RUN), None);
}

#[test]
fn a_job_that_retries_later_delays_no_other() {
    let mut bench = Bench::new();
    bench.jobs.add(Test { later: true, ..bench.job("locked", Urgency::Saving) });
    bench.jobs.add(bench.job("attach", Urgency::Saving));
    assert_eq!(bench.rest(), ["attach"]);
    assert_eq!(bench.jobs.wake(&Urgency::ALL), Some(Duration::from_millis(20)));
    assert!(bench.jobs.has(&Urgency::SAVING));
    bench.jobs.drop_all(&Urgency::SAVING);
    assert_eq!(bench.jobs.wake(&Urgency::ALL), None);
}
