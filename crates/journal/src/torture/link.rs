//! The line to the writer, with a thread at its end and without: what is sent is carried out in order, and
//! what was captured is durable when the line is dropped.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::content::Bytes;
use super::faults::check_history;
use super::game::{Playing, metadata};
use super::history::SlotChange;
use super::opening::{Depth, PROFILES, key, layout};
use super::world::{with_commit, with_notes};
use super::{Fact, History, Opened, Random, World, unknown};
use crate::disk::process::{ProcessGuard, ProcessOptions};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{Disk, LocalStore};
use crate::format::{CheckpointKind, Lineage};
use crate::model::clock::{Clock, Moment};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::{Leaving, SaveSlot, SessionStatus};
use crate::write::{
    EventStart, Leave, Link, News, Order, Report, SlotOrder, TakeUp, Versions, Worker,
};

/// More captures than the channel has room for, so that some wait on the main thread.
const MANY: usize = 200;
/// Longer than a busy machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(300);

/// A game at the other end of the line.
struct Line {
    disk: SimulatedDisk,
    link: Link<Bytes>,
    playing: Playing,
    random: Random,
    clock: Clock,
    history: History,
    captured: Vec<CheckpointId>,
    saved: Vec<CheckpointId>,
    slots: usize,
}

impl Line {
    /// Takes a new session up.
    fn begin(is_threaded: bool) -> Self {
        let (disk, clock) = (SimulatedDisk::default(), Clock::system());
        let now = clock.moment(Duration::ZERO);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let local = Arc::new(LocalStore::new(shared, layout()));
        let options = ProcessOptions { panics: false };
        let (process, dead) = ProcessGuard::begin(&local, "1.0", options, now.wall);
        let versions = Versions::new("1.0", "none");
        let worker = Worker::new(local, Bytes, process, dead, versions, Duration::ZERO);
        let mut link = match is_threaded {
            true => Link::thread(worker, clock).unwrap(),
            false => Link::inline(worker, 0),
        };
        link.patience = PATIENCE;
        let mut random = Random::new(97);
        let (session, run) = (SessionId::random(), RunId::random());
        let world = World::new(&mut random);
        let playing = Playing::new(session, run, "Play".to_owned(), world, 0);
        let (history, captured, saved) = (History::default(), Vec::new(), Vec::new());
        let mut line =
            Self { disk, link, playing, random, clock, history, captured, saved, slots: 0 };
        line.note(Fact::Naming { name: "Play".to_owned() });
        let metadata = metadata(session, "Play", now.wall);
        let unknown_frames = vec![unknown::frame(session)];
        let lineage = Lineage::default();
        let events = EventStart::default();
        let take_up =
            TakeUp { metadata, run, lineage, begun: None, start: (), unknown_frames, events };
        line.send(Order::TakeUp(Box::new(take_up)));
        line
    }

    fn now(&self) -> Moment {
        self.clock.moment(Duration::ZERO)
    }

    fn send(&mut self, order: Order<Bytes>) {
        let now = self.now();
        self.link.send(order, now);
    }

    fn note(&mut self, fact: Fact) {
        self.history.note(self.disk.position(), self.playing.session, fact);
    }

    /// Captures and sends, without looking at what is reported.
    fn capture(&mut self, kind: CheckpointKind) {
        self.capture_behind(kind, None);
    }

    /// Captures and sends, and the writer waits with that and all that comes later until the gate opens.
    fn close_gate(&mut self) -> Sender<Infallible> {
        let (sender, gate) = bounded(0);
        self.capture_behind(CheckpointKind::Opening, Some(gate));
        sender
    }

    fn capture_behind(&mut self, kind: CheckpointKind, gate: Option<Receiver<Infallible>>) {
        let now = self.now();
        self.playing.world.change(&mut self.random);
        let (commit, mut order) = self.playing.capture(kind, None, now);
        order.capture.gate = gate;
        let world = &self.playing.world;
        let digest =
            with_notes(with_commit(world.digest(), &commit), &world.fields, &world.chapters);
        let id = self.playing.newest();
        let (is_full, is_named) = (commit.base.is_none(), commit.is_named());
        self.note(Fact::Captured { id, digest, is_full, is_named });
        self.captured.push(id);
        self.send(Order::Checkpoint(Box::new(order)));
    }

    fn save_slot(&mut self) {
        let (session, checkpoint) = (self.playing.session, self.playing.newest());
        let name = format!("Slot {}", checkpoint.counter);
        let place = format!("{}/{name}", PROFILES[0]);
        let change = SlotChange::Save { name: place, id: checkpoint };
        self.note(Fact::SlotAsked { number: checkpoint.counter, change });
        let slot = SaveSlot::manual(name);
        let order = SlotOrder::Save { slot, session, checkpoint };
        self.send(Order::Slot { order, ticket: None });
        self.slots += 1;
    }

    fn leave(&mut self) {
        let (time, play_time) = (self.now().wall, self.playing.play_time);
        self.note(Fact::Leaving);
        let status = SessionStatus::Closed;
        self.send(Order::Leave(Leave {
            status,
            reason: None,
            leaving: Leaving::default(),
            time,
            play_time,
        }));
    }

    /// Takes in reports until one is what is waited for.
    fn wait_for(&mut self, is_it: impl Fn(&News) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.now();
            self.link.turn(now);
            let report = self.link.wait_for_report(deadline, now).expect("it should be reported");
            let Report::News(news) = report else { continue };
            match &news {
                News::Saved(saved) => {
                    self.saved.push(saved.id);
                    self.note(Fact::Acknowledged { id: saved.id });
                }
                News::Left { complete: true, .. } => self.note(Fact::Left),
                News::Slot { order: SlotOrder::Save { checkpoint, .. }, result, .. } => {
                    assert!(result.is_ok(), "{result:?}");
                    self.note(Fact::SlotChanged { number: checkpoint.counter });
                }
                _ => {}
            }
            if is_it(&news) {
                return;
            }
        }
    }

    /// The disk once the line is dropped, with the history and the session.
    fn end(self) -> (SimulatedDisk, History, SessionId) {
        drop(self.link);
        (self.disk, self.history, self.playing.session)
    }
}

#[test]
fn captured_checkpoints_are_durable_when_the_line_is_dropped() {
    let mut line = Line::begin(true);
    let gate = line.close_gate();
    (0..MANY).for_each(|_| line.capture(CheckpointKind::Manual));
    line.save_slot();
    let newest = line.playing.newest();
    drop(gate);
    let (disk, history, session) = line.end();
    let opened = Opened::of(&disk, Depth::Newest);
    let found = &opened.sessions[&session];
    assert!(found.restores(key(newest)), "{newest} was captured: {:?}", found.heads);
    assert_eq!(opened.slots.len(), 1, "what was asked for before the end is done");
    assert_eq!(check_history(&disk, &history, 0), Ok(()));
}

#[test]
fn orders_are_carried_out_in_sequence_and_pending_until_reported() {
    for is_threaded in [false, true] {
        let mut line = Line::begin(is_threaded);
        let gate = is_threaded.then(|| line.close_gate());
        for number in 0..MANY {
            line.capture(CheckpointKind::Manual);
            if number % 50 == 0 {
                line.save_slot();
            }
        }
        assert_eq!(line.link.slots_in_flight(), line.slots);
        drop(gate);
        let newest = line.playing.newest();
        line.wait_for(|news| matches!(news, News::Saved(saved) if saved.id == newest));
        while line.link.slots_in_flight() > 0 {
            line.wait_for(|news| matches!(news, News::Slot { .. }));
        }
        line.leave();
        line.wait_for(|news| matches!(news, News::Left { complete: true, .. }));
        assert_eq!(line.link.captures_in_flight(), 0);
        // Each was asked for by name, but for the first.
        let saved = line.saved.iter().filter(|id| id.counter > u64::from(is_threaded));
        let captured = line.captured.iter().filter(|id| id.counter > u64::from(is_threaded));
        assert!(saved.eq(captured), "{:?} of {:?}", line.saved, line.captured);
        let slots = line.slots;
        let (disk, history, _) = line.end();
        assert_eq!(check_history(&disk, &history, 0), Ok(()));
        assert_eq!(Opened::of(&disk, Depth::Newest).slots.len(), slots);
    }
}

#[test]
fn a_line_dropped_in_a_panic_saves_the_last_capture() {
    let mut line = Line::begin(true);
    line.capture(CheckpointKind::Opening);
    let (disk, session) = (line.disk.clone(), line.playing.session);
    let newest = line.playing.newest();
    let fell = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _line = line;
        // Without the hook, which would print it.
        std::panic::resume_unwind(Box::new("the game fell"));
    }));
    assert!(fell.is_err());
    let opened = Opened::of(&disk, Depth::Newest);
    assert!(opened.sessions[&session].restores(key(newest)));
}
