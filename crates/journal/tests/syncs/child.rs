//! The process that is watched: it plays a session whose world is one number.

use std::convert::Infallible;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::disk::process::{ProcessGuard, ProcessOptions};
use bevy_session_journal::internal::disk::{Layout, LocalStore, RealDisk};
use bevy_session_journal::internal::format::{
    Block, Commit, EventBatch, Lineage, ReadError, Record, TypeRows, Values,
};
use bevy_session_journal::internal::model::clock::{Clock, Moment};
use bevy_session_journal::internal::model::session::GameClock;
use bevy_session_journal::internal::read::recovery::{Decode, KnownTypes, ReadProgress};
use bevy_session_journal::internal::write::{
    CheckpointOrder, Content, Encoded, EventStart, Everything, News, Order, Report, SlotDone,
    SlotOrder, TakeUp, Versions, Worker,
};
use bevy_session_journal::{
    Attachment, CheckpointId, CheckpointKind, NewSession, RunId, SaveId, SaveSlot, SessionId,
    SessionMetadata, VersionFit,
};

use super::trace::REPORT;

/// Turns that the writer gets for anything.
const MANY_TURNS: usize = 1000;

/// Does each thing once, and says when it is reported.
pub fn play(directory: &Path) {
    let mut game = Game::begin(directory);
    game.checkpoint(CheckpointKind::Opening);
    game.work_until(|news| matches!(news, News::Saved(_)));
    say("checkpoint");

    let renamed = Record::Metadata(Box::new(metadata(game.session, "Renamed")));
    game.order(Order::Write(renamed));
    game.rest();
    say("record");

    let attachment = Attachment::new("note".to_owned(), b"beside it".to_vec());
    let (session, checkpoint) = (game.session, game.newest());
    let order = SlotOrder::Attach { session, checkpoint, attachment };
    game.order(Order::Slot { order, ticket: None });
    game.work_until(|news| matches!(news, News::Slot { result: Ok(SlotDone::Attached), .. }));
    say("attachment");

    let slot = SaveSlot::manual("Boss".to_owned());
    let order = SlotOrder::Save { slot, session, checkpoint };
    game.order(Order::Slot { order, ticket: None });
    game.work_until(|news| matches!(news, News::Slot { result: Ok(SlotDone::Written { .. }), .. }));
    say("slot");

    // A named checkpoint is gathered once the generation that it was written in is to go. Of pruning, which comes next
    // and syncs the directory as well, nothing is seen before the report.
    for kind in [CheckpointKind::Manual; 3].into_iter().chain([CheckpointKind::Auto; 5]) {
        game.checkpoint(kind);
        if game.rest_or_gather() {
            break;
        }
    }
    say("archive");
}

fn say(what: &str) {
    // In one call, so that it is one line of the log.
    std::io::stderr().write_all(format!("{REPORT}{what}\n").as_bytes()).unwrap();
}

fn metadata(id: SessionId, name: &str) -> SessionMetadata {
    NewSession::named(name).begin(id, Clock::system().moment(Duration::ZERO).wall)
}

struct Game {
    worker: Worker<Numbers>,
    /// The session's directory.
    directory: PathBuf,
    clock: Clock,
    session: SessionId,
    run: RunId,
    counter: u64,
}

impl Game {
    fn begin(directory: &Path) -> Self {
        // A directory above the game's own that isn't there either.
        let (data, state) = (directory.join("above/data"), directory.join("state"));
        let layout = Layout { data, state, profile: "default".to_owned() };
        let (session, run) = (SessionId::random(), RunId::random());
        let directory = layout.session(session);
        let local = Arc::new(LocalStore::new(Arc::new(RealDisk), layout));
        let clock = Clock::system();
        let now = clock.moment(Duration::ZERO).wall;
        let options = ProcessOptions { panics: false };
        let (process, dead) = ProcessGuard::begin(&local, "1.0", options, now);
        let versions = Versions::new("1.0", "");
        let worker = Worker::new(local, Numbers, process, dead, versions, Duration::ZERO);
        let mut game = Self { worker, directory, clock, session, run, counter: 0 };
        let (metadata, lineage) = (metadata(session, "Watched"), Lineage::default());
        let (unknown_frames, events) = (Vec::new(), EventStart::default());
        let take_up =
            TakeUp { metadata, run, lineage, begun: None, start: (), unknown_frames, events };
        game.order(Order::TakeUp(Box::new(take_up)));
        game
    }

    fn now(&self) -> Moment {
        self.clock.moment(Duration::ZERO)
    }

    fn order(&mut self, order: Order<Numbers>) {
        let now = self.now();
        self.worker.execute(order, now);
    }

    fn newest(&self) -> CheckpointId {
        CheckpointId { run: self.run, counter: self.counter }
    }

    /// Takes a full checkpoint.
    fn checkpoint(&mut self, kind: CheckpointKind) {
        self.counter += 1;
        let order = CheckpointOrder {
            counter: self.counter,
            base: None,
            kind,
            label: None,
            time: self.now().wall,
            play_time: Duration::from_secs(self.counter),
            fields: None,
            chapters: None,
            summary: None,
            state_changes: None,
            clock: GameClock::default(),
            events_through: 0,
            after_failure: false,
            tape: None,
            capture: self.counter,
            self_test: None,
            handed_over: Instant::now(),
        };
        self.order(Order::Checkpoint(Box::new(order)));
    }

    /// Lets the writer work until it has nothing to do.
    fn rest(&mut self) {
        assert!(!self.rest_or_gather(), "nothing is to be gathered yet");
    }

    /// Lets the writer work until it has nothing to do, or an archive is in its place. Returns true if one is.
    fn rest_or_gather(&mut self) -> bool {
        for _ in 0..MANY_TURNS {
            let now = self.now();
            let rest = self.worker.turn(now);
            self.worker.reports().for_each(drop);
            let is_gathered = self.has_archive();
            if is_gathered || rest > Duration::ZERO {
                return is_gathered;
            }
        }
        panic!("the writer has been busy for {MANY_TURNS} turns");
    }

    fn has_archive(&self) -> bool {
        let mut files = self.directory.read_dir().unwrap().map(|file| file.unwrap().path());
        files.any(|file| file.extension().is_some_and(|extension| extension == "archive"))
    }

    /// Lets the writer work until it reports something.
    fn work_until(&mut self, is_it: impl Fn(&News) -> bool) {
        for _ in 0..MANY_TURNS {
            let now = self.now();
            self.worker.turn(now);
            let mut reports = self.worker.reports();
            if reports.any(|report| matches!(&report, Report::News(news) if is_it(news))) {
                return;
            }
        }
        panic!("it isn't reported in {MANY_TURNS} turns");
    }
}

/// A world of one number.
struct Numbers;

const PATH: &str = "watched::Number";

impl KnownTypes for Numbers {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

impl Decode for Numbers {
    type Image = ();

    fn decode(
        &self,
        _: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        _: &ReadProgress,
    ) -> Result<(), ReadError> {
        for block in blocks {
            block?;
        }
        Ok(())
    }
}

impl Content for Numbers {
    type Capture = u64;
    type Start = ();
    type Run = ();
    type Order = Infallible;
    type Events = Infallible;
    type Report = Infallible;

    fn schema(&self) -> u64 {
        0
    }

    fn begin(&self, (): ()) {}

    fn execute(&self, (): &mut (), order: Infallible) -> Vec<Infallible> {
        match order {}
    }

    fn encode_events(&self, (): &mut (), events: Infallible) -> (EventBatch, Vec<Infallible>) {
        match events {}
    }

    fn encode(&self, (): &mut (), capture: u64, blocks: &mut dyn FnMut(Block)) -> Encoded<Self> {
        self.encode_beside(&(), capture).blocks.into_iter().for_each(blocks);
        Encoded {
            entities: 0,
            types: Vec::new(),
            carried: Vec::new(),
            incomplete: Vec::new(),
            next_save_id: SaveId::FIRST,
            has_drifted: false,
            needs_full: false,
            emptied: None,
            reports: Vec::new(),
        }
    }

    fn encode_beside(&self, (): &(), capture: u64) -> Everything {
        let mut values = Values::default();
        values.push(SaveId::WORLD, &capture.to_le_bytes());
        let blocks = vec![Block::values(PATH.into(), 0, values)];
        Everything { blocks, incomplete: Vec::new() }
    }

    fn compare(&self, _: Vec<Block>, _: Vec<Block>, _: &[String]) -> Option<Infallible> {
        None
    }
}
