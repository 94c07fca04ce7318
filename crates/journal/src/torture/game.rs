//! One process of the made-up game: what the plugin does on the main thread, and the real writer, which
//! is driven here instead of by a thread.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::World;
use super::content::{Bytes, Capture};
use super::events;
use super::events::AllEvents;
use super::opening::layout;
use crate::disk::process::{LastRun, ProcessGuard, ProcessOptions};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{Archives, ArchivesDisk, Disk, Layout, LocalStore};
use crate::format::{Begun, CheckpointKind, Commit, FrameKind, Lineage, TypeList};
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId, SessionId, SlotId, Ticket};
use crate::model::session::{
    FailureCause, GameClock, Leaving, NewSession, SessionMetadata, SessionStatus,
};
use crate::read::digest::DigestKeeper;
use crate::read::recovery::{Prepared, SlotEntry, Wanted};
use crate::write::{
    CheckpointOrder, EventStart, Leave, News, Order, Quota, Report, SlotDone, TakeUp, Versions,
    Worker,
};

/// One process, alive.
pub struct Game {
    /// The profile that is played.
    pub local: Arc<LocalStore>,
    process: ProcessGuard,
    worker: Worker<Bytes>,
    pub playing: Option<Playing>,
    /// The process before this one and its end, once it was reported.
    pub previous: Option<LastRun>,
    /// The slots of the profile, as they were reported, by name.
    pub slots: BTreeMap<String, Slot>,
    quota: Quota,
    /// The time that the writer has nothing to do, as it said last.
    rest: Duration,
}

/// The session that is being played.
pub struct Playing {
    pub session: SessionId,
    pub run: RunId,
    pub world: World,
    /// The last capture: its number, and the world as it was.
    captured: Option<(u64, World)>,
    counter: u64,
    pub needs_full: bool,
    pub name: String,
    pub play_time: Duration,
    /// The number of the next event.
    pub next_event: u64,
    /// The last event whose effect is in the world.
    pub events_through: u64,
}

/// A slot, as the game knows it.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub id: SlotId,
    pub session: SessionId,
}

/// A run that is to begin.
pub struct Beginning {
    pub run: RunId,
    pub metadata: SessionMetadata,
    pub lineage: Lineage,
    pub begun: Option<Begun>,
    pub newest_counter: u64,
    pub world: World,
    pub unknown_frames: Vec<(FrameKind, Vec<u8>)>,
    pub events: EventStart,
    pub next_event: u64,
    pub events_through: u64,
}

impl Beginning {
    /// The first run of a session.
    pub fn new(run: RunId, metadata: SessionMetadata, world: World) -> Self {
        Self {
            run,
            metadata,
            lineage: Lineage::default(),
            begun: None,
            newest_counter: 0,
            world,
            unknown_frames: Vec::new(),
            events: EventStart::default(),
            next_event: 1,
            events_through: 0,
        }
    }
}

impl Game {
    /// Starts a process.
    pub fn boot(disk: &SimulatedDisk, now: Timestamp) -> Self {
        Self::boot_on(Arc::new(disk.clone()), layout(), now)
    }

    /// Starts a process on any disk.
    pub fn boot_on(disk: Arc<dyn Disk>, layout: Layout, now: Timestamp) -> Self {
        Self::boot_with(LocalStore::new(disk, layout), now)
    }

    /// Starts a process that keeps archived sessions in a directory of their own.
    pub fn boot_with_archives(disk: &SimulatedDisk, root: &Path, now: Timestamp) -> Self {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let archives = Archives { disk: Arc::clone(&disk), root: root.to_owned() };
        let local = LocalStore::new(
            Arc::new(ArchivesDisk::new(disk).with_place(Some(root.to_owned()))),
            layout(),
        );
        Self::boot_with(local.with_archives(Some(archives)), now)
    }

    fn boot_with(local: LocalStore, now: Timestamp) -> Self {
        let local = Arc::new(local);
        let options = ProcessOptions { panics: false };
        let (process, dead) = ProcessGuard::begin(&local, "1.0", options, now);
        let versions = Versions::new("1.0", "none");
        let (shared, patience) = (Arc::clone(&local), Duration::ZERO);
        let worker = Worker::new(shared, Bytes, process.clone(), dead, versions, patience)
            .keeping_digests(vec![Box::new(DigestKeeper::new(AllEvents))]);
        let (slots, quota, rest) = (BTreeMap::new(), Quota::default(), Duration::ZERO);
        let (playing, previous) = (None, None);
        Self { local, process, worker, playing, previous, slots, quota, rest }
    }

    /// Sends an order, and returns the writer's reports.
    pub fn order(&mut self, order: Order<Bytes>, now: Moment) -> Vec<News> {
        self.worker.execute(order, now);
        self.rest = Duration::ZERO;
        self.news()
    }

    /// Sends an order, and leaves the writer's reports to [`Self::turn_and_report`].
    pub fn send(&mut self, order: Order<Bytes>, now: Moment) {
        self.worker.execute(order, now);
        self.rest = Duration::ZERO;
    }

    /// Lets the writer do the next piece of work, and takes all of its reports.
    pub fn turn_and_report(&mut self, now: Moment) -> Vec<Report<Bytes>> {
        self.rest = self.worker.turn(now);
        self.reports()
    }

    /// Takes the writer's reports.
    fn reports(&mut self) -> Vec<Report<Bytes>> {
        self.worker.reports().collect()
    }

    /// Lets the writer do the next piece of work.
    pub fn turn(&mut self, now: Moment) -> Vec<News> {
        self.process.frame_completed(now.wall);
        self.rest = self.worker.turn(now);
        self.news()
    }

    /// Returns true if the writer has nothing to do before time passes.
    pub fn is_idle(&self) -> bool {
        self.rest > Duration::ZERO
    }

    /// Reads a checkpoint, with the session's lock held from here on. Returns the writer's other reports as well.
    pub fn prepare(&mut self, wanted: Wanted, now: Moment) -> (Option<Prepared<u64>>, Vec<News>) {
        self.send(Order::Prepare { wanted, ticket: Ticket::new() }, now);
        self.worker.catch_up(now);
        let mut prepared = None;
        let mut others = Vec::new();
        for report in self.reports() {
            match report {
                Report::Prepared { prepared: ready, .. } => prepared = Some(*ready),
                report => others.push(report),
            }
        }
        (prepared, self.take_in(others))
    }

    /// Begins a run.
    pub fn take_up(&mut self, beginning: Beginning, now: Moment) -> Vec<News> {
        let Beginning { run, metadata, lineage, begun, newest_counter, world, .. } = beginning;
        let Beginning { unknown_frames, events, next_event, events_through, .. } = beginning;
        let (session, name) = (metadata.id, metadata.name.clone());
        let take_up = TakeUp { metadata, run, lineage, begun, start: (), unknown_frames, events };
        let mut news = self.order(Order::Quota(self.quota), now);
        news.extend(self.order(Order::TakeUp(Box::new(take_up)), now));
        let playing = Playing::new(session, run, name, world, newest_counter);
        self.playing = Some(Playing { next_event, events_through, ..playing });
        news
    }

    /// Captures the world, and hands the checkpoint over. Returns its id, and the reports.
    ///
    /// # Panics
    ///
    /// If no session is played.
    pub fn checkpoint(
        &mut self,
        kind: CheckpointKind,
        label: Option<String>,
        now: Moment,
    ) -> (Commit, Vec<News>) {
        let playing = self.playing.as_mut().expect("a session is played");
        let (commit, order) = playing.capture(kind, label, now);
        (commit, self.order(Order::Checkpoint(Box::new(order)), now))
    }

    /// Records that something happened, which is the one that has this id. Its number.
    ///
    /// # Panics
    ///
    /// If no session is played.
    pub fn record(&mut self, id: u64, now: Moment) -> (u64, Vec<News>) {
        let playing = self.playing.as_mut().expect("a session is played");
        let sequence = playing.next_event;
        playing.next_event += 1;
        let batch = events::batch(sequence, id, now.wall, playing.play_time);
        (sequence, self.order(Order::Events(batch), now))
    }

    pub fn leave(&mut self, status: SessionStatus, now: Moment) -> Vec<News> {
        let play_time = self.playing.as_ref().map_or(Duration::ZERO, |playing| playing.play_time);
        let leave =
            Leave { status, reason: None, leaving: Leaving::default(), time: now.wall, play_time };
        self.order(Order::Leave(leave), now)
    }

    /// The app is gone, and the writer works off what was captured.
    pub fn finish(&mut self, now: Moment) -> Vec<News> {
        self.process.exit_seen();
        self.worker.finish(now);
        self.news()
    }

    /// The app is gone, and says nothing of an exit. Returns the writer's reports.
    pub fn end(&mut self, now: Moment) -> Vec<Report<Bytes>> {
        self.worker.finish(now);
        self.reports()
    }

    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// Sets the quota from now on.
    pub fn keep_to(&mut self, quota: Quota, now: Moment) -> Vec<News> {
        self.quota = quota;
        self.order(Order::Quota(quota), now)
    }

    /// Lets the session's facts at the next checkpoint fail to be encoded.
    pub fn fail_to_encode(&mut self) -> Vec<News> {
        let Some(playing) = &self.playing else { return Vec::new() };
        let newest = playing.newest();
        let checkpoint = CheckpointId { counter: newest.counter + 1, ..newest };
        let cause = FailureCause::new(std::io::Error::other("no such thing"));
        self.worker.give_up_checkpoint(checkpoint, cause);
        self.news()
    }

    fn news(&mut self) -> Vec<News> {
        let reports = self.worker.reports().collect();
        self.take_in(reports)
    }

    /// Takes in what the main thread goes by, and hands on what is the same for every content.
    fn take_in(&mut self, reports: Vec<Report<Bytes>>) -> Vec<News> {
        let mut all = Vec::new();
        for report in reports {
            match report {
                Report::News(news) => {
                    self.follow(&news);
                    all.push(news);
                }
                Report::Content(drift) => {
                    panic!("{drift:?}: what is saved isn't what was captured")
                }
                Report::Prepared { .. } => {
                    panic!("a checkpoint was prepared that nobody asked for")
                }
                Report::WorkedOff { .. } => {}
            }
        }
        all
    }

    fn follow(&mut self, news: &News) {
        match news {
            News::NeedFull => {
                if let Some(playing) = &mut self.playing {
                    playing.needs_full = true;
                }
            }
            News::Left { .. } => self.playing = None,
            News::ProfileChanged { profile, .. } => {
                self.local = Arc::new(self.local.of_profile(profile));
                self.slots.clear();
            }
            News::Detected { slots, previous, .. } => {
                self.previous = previous.as_deref().cloned();
                if let Some(listing) = slots {
                    self.slots.clear();
                    listing.slots.iter().for_each(|entry| self.shelve(entry));
                }
            }
            News::Slot { order, result: Ok(done), .. } => match done {
                SlotDone::Written { entry, replaced } => {
                    self.slots.retain(|_, slot| slot.id != entry.id && Some(slot.id) != *replaced);
                    self.shelve(entry);
                }
                SlotDone::Deleted => {
                    if let crate::write::SlotOrder::Delete { slot: gone } = order {
                        self.slots.retain(|_, slot| slot.id != *gone);
                    }
                }
                SlotDone::Attached => {}
            },
            _ => {}
        }
    }

    fn shelve(&mut self, entry: &SlotEntry) {
        let slot = Slot { id: entry.id, session: entry.session.id };
        self.slots.insert(entry.name.clone(), slot);
    }
}

impl Playing {
    /// A run that begins, of a session whose newest checkpoint has this number.
    pub fn new(session: SessionId, run: RunId, name: String, world: World, counter: u64) -> Self {
        let (captured, play_time) = (None, Duration::ZERO);
        let (next_event, events_through) = (1, 0);
        Self {
            session,
            run,
            world,
            captured,
            counter,
            needs_full: true,
            name,
            play_time,
            next_event,
            events_through,
        }
    }

    /// Captures the world: the checkpoint's commit, as it should be read back, and the order.
    pub fn capture(
        &mut self,
        kind: CheckpointKind,
        label: Option<String>,
        now: Moment,
    ) -> (Commit, CheckpointOrder<Capture>) {
        self.counter += 1;
        self.play_time += Duration::from_secs(1);
        let full = std::mem::take(&mut self.needs_full);
        let base = self.captured.take().filter(|_| !full);
        let blocks = match &base {
            Some((_, before)) => self.world.since(before),
            None => self.world.full(),
        };
        // Like a game, it hands over what it noted if that changed, and with everything else.
        let is_noted_before =
            base.as_ref().is_some_and(|(_, before)| before.fields == self.world.fields);
        let fields = (!is_noted_before).then(|| self.world.fields.clone());
        let chapters = self.world.chapters_since(base.as_ref().map(|(_, before)| before));
        let base = base.map(|(counter, _)| counter);
        self.captured = Some((self.counter, self.world.clone()));
        let commit = Commit {
            counter: self.counter,
            base,
            kind,
            label: label.clone(),
            time: now.wall,
            play_time: self.play_time,
            entities: self.world.entity_count(),
            types: self.world.types().into_iter().collect(),
            carried: TypeList::default(),
            incomplete: Vec::new(),
            next_save_id: self.world.next_id(),
            summary: None,
            events_through: self.events_through,
            origin: None,
            without_world: false,
            after_failure: false,
            tape: None,
        };
        let is_tested = kind == CheckpointKind::Pause;
        let order = CheckpointOrder {
            counter: self.counter,
            base,
            kind,
            label,
            time: now.wall,
            play_time: self.play_time,
            fields,
            state_changes: None,
            chapters: chapters.into_order(),
            summary: None,
            clock: GameClock::default(),
            events_through: self.events_through,
            after_failure: false,
            tape: None,
            capture: self.world.captured(blocks),
            self_test: is_tested.then(|| self.world.captured(self.world.full())),
            handed_over: Instant::now(),
        };
        (commit, order)
    }

    /// The checkpoint that was captured last.
    pub fn newest(&self) -> CheckpointId {
        CheckpointId { run: self.run, counter: self.counter }
    }
}

/// The metadata of a session with this name.
pub fn metadata(id: SessionId, name: &str, now: Timestamp) -> SessionMetadata {
    NewSession::named(name).description(description_of(name)).begin(id, now)
}

/// The description of a session with this name.
pub fn description_of(name: &str) -> String {
    format!("The story of {name}")
}
