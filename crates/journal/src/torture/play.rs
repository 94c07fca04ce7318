//! Plays a script on a simulated disk, and keeps the history.

mod copies;
mod drafts;
mod map;
mod slots;
mod stating;
pub mod taking_up;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::events::EventBooks;
use super::game::{self, Beginning};
use super::history::journal_begun;
use super::opening::{Key, PROFILES, key};
use super::world::{with_commit, with_notes};
use super::{Action, Fact, Game, History, Random, Script, World};
use crate::disk::simulated_disk::{Fault, FaultKind, SimulatedDisk};
use crate::format::CheckpointKind;
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId, SessionId, Ticket};
use crate::model::session::{RequestError, RestoreFrom, RestoreReason, SessionStatus};
use crate::write::{EventStart, News, Order, Quota};
use slots::Asked;

/// Turns after which a writer that still isn't idle is stuck.
const MANY_TURNS: usize = 4000;

/// A game on a disk, through all its processes.
pub struct Play {
    pub disk: SimulatedDisk,
    pub history: History,
    pub game: Game,
    random: Random,
    pub now: Moment,
    /// The world as it was at every checkpoint that was captured.
    worlds: HashMap<Key, (World, u64)>,
    /// The session that everything is about, in each profile: the one that was started last.
    sessions: [Option<SessionId>; PROFILES.len()],
    /// The profile that is played, by its place among all.
    profile: usize,
    numbers: u64,
    /// Failures that were reported to the game.
    pub failures: usize,
    /// The checkpoints that the player saved in this process, as far as they weren't reported as given up.
    pub saved_by_hand: Vec<CheckpointId>,
    /// The checkpoints that the player ever asked for by name.
    pub named: Vec<CheckpointId>,
    /// True if something was stated of the session that isn't known to be durable.
    has_stated: bool,
    /// True if the restored world may be any.
    trusts_no_file: bool,
    /// The requests about slots that weren't answered.
    asked: Vec<Asked>,
    /// The requests about the session's map that weren't answered, in order.
    asked_maps: VecDeque<u64>,
    /// The number of attachments so far.
    attachments: u32,
    /// The checkpoint that was put back last, and why nothing was, if that came later.
    pub restored: Option<CheckpointId>,
    pub refused: Option<RequestError>,
    /// Steps of the disk that the history knows.
    followed: usize,
    /// The books of events.
    events: EventBooks,
    /// The number of events so far.
    happened: u64,
    /// True if any of the last events may be missing: it wasn't appended, or a disk didn't keep it.
    may_miss_events: bool,
}

impl Play {
    /// A first process on an empty disk.
    pub fn new(disk: SimulatedDisk, seed: u64) -> Self {
        let now = Moment { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH };
        let game = Game::boot(&disk, now.wall);
        Self {
            disk,
            history: History::default(),
            game,
            random: Random::new(seed),
            now,
            worlds: HashMap::new(),
            sessions: [None; PROFILES.len()],
            profile: 0,
            numbers: seed << 16,
            failures: 0,
            saved_by_hand: Vec::new(),
            named: Vec::new(),
            has_stated: false,
            trusts_no_file: false,
            asked: Vec::new(),
            asked_maps: VecDeque::new(),
            attachments: 0,
            restored: None,
            refused: None,
            followed: 0,
            events: EventBooks::default(),
            happened: 0,
            may_miss_events: false,
        }
    }

    /// A first process on an empty disk that fails.
    pub fn with_fault(seed: u64, fault: Fault) -> Self {
        let disk = SimulatedDisk::default();
        disk.fail(fault);
        let mut play = Self::new(disk, seed);
        play.expect(fault);
        play
    }

    /// Plays a whole script.
    pub fn of(script: &Script) -> Self {
        let mut play = Self::new(SimulatedDisk::default(), script.seed);
        play.perform(&script.actions);
        play
    }

    /// Another process on a disk that a power cut left, with all that is known of what was before.
    pub fn after_power_cut(&self, disk: SimulatedDisk, position: usize) -> Self {
        let mut next = Self::new(disk, 0);
        next.history = self.history.of_the_past(position);
        next.random = self.random.clone();
        next.now = self.now;
        next.worlds = self.worlds.clone();
        next.sessions = self.sessions;
        next.numbers = self.numbers + 1000;
        next.attachments = self.attachments;
        next.events = self.events.clone();
        next.happened = self.happened;
        next.may_miss_events = true;
        next.note_of_all(Fact::ProcessEnded);
        next.detect();
        next
    }

    /// Another device on which a session is continued that this one has left.
    pub fn on_device(&self, number: usize, actions: &[Action]) -> Self {
        let disk = SimulatedDisk::from_image(&self.disk.image());
        let mut play = self.after_power_cut(disk, self.disk.position());
        play.be_device(number);
        play.perform(actions);
        play
    }

    /// Draws other numbers than the other devices do.
    pub fn be_device(&mut self, number: usize) {
        self.numbers += 0x10_0000 * number as u64;
        self.random = Random::new(self.numbers);
    }

    /// Like [`Self::perform`], on a disk with checkpoints that this play didn't write: then there is no world to
    /// continue with, and nothing is done.
    pub fn perform_if_known(&mut self, actions: &[Action]) {
        self.trusts_no_file = true;
        self.perform(actions);
    }

    pub fn perform(&mut self, actions: &[Action]) {
        actions.iter().for_each(|action| self.act(*action));
    }

    /// Takes a checkpoint of what is left when a session goes back, and waits until it is durable.
    pub fn capture_tail(&mut self) {
        self.checkpoint(CheckpointKind::Rewind);
        self.settle();
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Start => self.start(),
            Action::Auto => self.checkpoint_and_turn(CheckpointKind::Auto),
            Action::Manual => self.checkpoint_and_turn(CheckpointKind::Manual),
            Action::Burst => {
                self.checkpoint(CheckpointKind::Auto);
                self.checkpoint_and_turn(CheckpointKind::Auto);
            }
            Action::Full => {
                if let Some(playing) = &mut self.game.playing {
                    playing.needs_full = true;
                }
                self.checkpoint_and_turn(CheckpointKind::Auto);
            }
            Action::Pause => {
                self.status(SessionStatus::Paused);
                self.checkpoint_and_turn(CheckpointKind::Pause);
            }
            Action::Resume => self.status(SessionStatus::Active),
            Action::Rename => self.rename(),
            Action::Turn => self.turn(),
            Action::BeginMerge => {
                self.settle();
                self.pass(400);
                self.turn();
            }
            Action::Merge => {
                self.pass(400);
                self.settle();
            }
            Action::Settle => self.settle(),
            Action::List => self.detect(),
            Action::Crowd => self.crowd(true),
            Action::Widen => self.crowd(false),
            Action::CrowdOthers => self.keep_total(1),
            Action::SwitchProfile => self.switch_profile(),
            Action::Close => self.leave(SessionStatus::Closed),
            Action::End => self.leave(SessionStatus::Completed),
            Action::Kill => self.kill(),
            Action::Exit => self.exit(),
            Action::Recover => self.restore(|_, _| RestoreFrom::Latest, RestoreReason::Recovered),
            Action::RecoverOlder => self.restore(taking_up::older, RestoreReason::Recovered),
            Action::Rewind => self.rewind(),
            Action::Decline => self.set_aside(),
            Action::Forget => self.forget(),
            Action::SaveSlot => self.save_slot(false),
            Action::Overwrite => self.save_slot(true),
            Action::CopySlot => self.copy_slot(),
            Action::RenameSlot => self.rename_slot(),
            Action::DeleteSlot => self.delete_slot(),
            Action::LoadSlot => self.load_slot(),
            Action::Attach => self.attach(),
            Action::AttachMap => self.attach_map(),
            Action::DetachMap => self.detach_map(),
            Action::Report => self.report(),
        }
    }

    /// The digest of the world at a checkpoint.
    pub fn digest_of(&self, id: CheckpointId) -> Option<u64> {
        self.worlds.get(&key(id)).map(|(_, digest)| *digest)
    }

    /// Turns until the writer has nothing to do. Time passes, so that it tries again what failed.
    pub fn settle(&mut self) {
        // An idle writer is asked once more, since only then it looks whether a merge is due.
        let mut idle_turns = 0;
        for _ in 0..MANY_TURNS {
            self.turn();
            idle_turns = if self.game.is_idle() { idle_turns + 1 } else { 0 };
            if idle_turns == 2 {
                return;
            }
        }
        panic!("the writer has been busy for {MANY_TURNS} turns");
    }

    /// Lets seconds pass.
    pub fn pass(&mut self, seconds: u64) {
        self.now.elapsed += Duration::from_secs(seconds);
        let passed = SignedDuration::from_secs(seconds.cast_signed());
        self.now.wall = self.now.wall.saturating_add(passed).unwrap_or(self.now.wall);
    }

    /// From here on, an operation is to fail.
    pub fn fail(&mut self, fault: Fault) {
        self.disk.fail(fault);
        self.expect(fault);
    }

    /// Notes that an operation fails in this way.
    pub fn expect(&mut self, fault: Fault) {
        if matches!(fault.kind, FaultKind::NoSpace | FaultKind::Quota | FaultKind::ShortWrite) {
            self.note_of_all(Fact::DiskIsShort);
        }
    }

    /// Leaves room for this number of bytes on the disk.
    pub fn leave_room_for(&mut self, bytes: usize) {
        self.disk.leave_room_for(bytes);
        self.note_of_all(Fact::DiskIsShort);
    }

    /// The disk refuses everything for a while, and a save with it.
    pub fn fail_to_save(&mut self) {
        let at = self.disk.operations().len();
        self.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: true });
        self.perform(&[Action::Auto, Action::Turn, Action::Turn]);
        assert!(self.disk.heal().is_some(), "nothing was tried");
        self.pass(100);
    }

    /// The process is killed, and another one starts.
    pub fn kill(&mut self) {
        self.disk.kill_process();
        self.saved_by_hand.clear();
        self.asked.clear();
        self.asked_maps.clear();
        self.has_stated = false;
        self.pass(1);
        self.profile = 0;
        self.game = Game::boot(&self.disk, self.now.wall);
        self.note_of_all(Fact::ProcessEnded);
        self.detect();
    }

    /// The app exits: the session is left, and the writer works off everything.
    fn exit(&mut self) {
        let session = self.game.playing.as_ref().map(|playing| playing.session);
        if let Some(session) = session {
            self.checkpoint(CheckpointKind::Exit);
            self.note(session, Fact::Leaving);
            let news = self.game.leave(SessionStatus::Closed, self.now);
            self.take_news(Some(session), news);
        }
        let news = self.game.finish(self.now);
        self.take_news(session, news);
        self.kill();
    }

    /// Looks at all sessions.
    fn detect(&mut self) {
        self.order(Order::Detect { ticket: None });
    }

    /// The sessions of all profiles that everything is about.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.into_iter().flatten()
    }

    /// So much happens, and a checkpoint is taken.
    pub fn checkpoint_after_events(&mut self, kind: CheckpointKind, events: usize) {
        (0..events).for_each(|_| self.record());
        self.checkpoint_and_turn(kind);
    }

    /// Limits the bytes of a session's files of events.
    pub fn keep_events(&mut self, event_bytes: u64) {
        self.keep_to(Quota { event_bytes, ..self.game.quota() });
    }

    /// Limits the number of named checkpoints that are kept.
    pub fn keep_named(&mut self, named: usize) {
        self.keep_to(Quota { named, ..self.game.quota() });
    }

    /// Sets the time that sessions stay in the trash.
    pub fn keep_trash(&mut self, trash: Option<Duration>) {
        self.keep_to(Quota { trash, ..self.game.quota() });
    }

    /// Limits the bytes of all sessions together.
    pub fn keep_total(&mut self, total_bytes: u64) {
        self.keep_to(Quota { total_bytes, ..self.game.quota() });
        self.note_crowding();
    }

    fn crowd(&mut self, is_crowded: bool) {
        let session_bytes = if is_crowded { 0 } else { 1 << 30 };
        self.keep_to(Quota { session_bytes, ..self.game.quota() });
        self.note_crowding();
    }

    fn keep_to(&mut self, quota: Quota) {
        let news = self.game.keep_to(quota, self.now);
        self.take_news(self.played(), news);
    }

    /// Notes what there is room for: for the session that is played, and for the others.
    fn note_crowding(&mut self) {
        let Quota { session_bytes, total_bytes, .. } = self.game.quota();
        if let Some(session) = self.played() {
            self.note(session, Fact::Crowded(session_bytes == 0));
        }
        if total_bytes < Quota::default().total_bytes {
            let played = self.played();
            self.note_of_all(Fact::OthersCrowded { played });
        }
    }

    fn switch_profile(&mut self) {
        if self.played().is_some() {
            return;
        }
        self.settle();
        let next = (self.profile + 1) % PROFILES.len();
        self.order(Order::UseProfile { profile: PROFILES[next].to_owned(), ticket: Ticket::new() });
        self.profile = next;
    }

    fn start(&mut self) {
        if self.played().is_some() {
            return;
        }
        let session = SessionId::from(uuid::Uuid::from_u128(u128::from(self.number())));
        self.sessions[self.profile] = Some(session);
        let world = World::new(&mut self.random);
        self.note(session, Fact::Naming { name: "Play".to_owned() });
        let metadata = game::metadata(session, "Play", self.now.wall);
        let beginning = Beginning {
            unknown_frames: vec![super::unknown::frame(session)],
            events: EventStart { records: true, ..EventStart::default() },
            ..Beginning::new(RunId(self.number()), metadata, world)
        };
        self.events.begin();
        self.begin(session, beginning);
    }

    fn begin(&mut self, session: SessionId, beginning: Beginning) {
        let news = self.game.take_up(beginning, self.now);
        self.take_news(Some(session), news);
        self.note_crowding();
        self.checkpoint_and_turn(CheckpointKind::Opening);
    }

    fn checkpoint_and_turn(&mut self, kind: CheckpointKind) {
        self.checkpoint(kind);
        self.turn();
    }

    fn checkpoint(&mut self, kind: CheckpointKind) {
        self.pass(1);
        let number = self.random.below(100);
        let Some(playing) = &mut self.game.playing else { return };
        if kind != CheckpointKind::Opening {
            playing.world.change(&mut self.random);
        }
        let world = playing.world.clone();
        let (session, run) = (playing.session, playing.run);
        let number_of_events = playing.newest().counter % 4;
        if kind != CheckpointKind::Opening {
            (0..number_of_events).for_each(|_| self.record());
            if let Some(playing) = &mut self.game.playing {
                playing.events_through = playing.next_event - 1;
            }
        }
        let label = (kind == CheckpointKind::Manual).then(|| format!("save {number}"));
        let (commit, news) = self.game.checkpoint(kind, label, self.now);
        let id = CheckpointId { run, counter: commit.counter };
        let digest =
            with_notes(with_commit(world.digest(), &commit), &world.fields, &world.chapters);
        self.worlds.insert(key(id), (world, digest));
        let effects =
            self.events.capture(key(id), commit.events_through, kind == CheckpointKind::Opening);
        self.note(session, Fact::Effects { id, events: effects });
        let (is_full, is_named) = (commit.base.is_none(), commit.is_named());
        self.note(session, Fact::Captured { id, digest, is_full, is_named });
        if kind == CheckpointKind::Manual {
            self.saved_by_hand.push(id);
            self.named.push(id);
        }
        self.take_news(Some(session), news);
        // Events after a checkpoint come back after a crash.
        if number_of_events.is_multiple_of(2) {
            self.record();
        }
    }

    /// Something happens.
    fn record(&mut self) {
        self.happened += 1;
        let id = self.numbers << 24 | self.happened;
        let Some(playing) = &self.game.playing else { return };
        let (session, run) = (playing.session, playing.run);
        let (sequence, news) = self.game.record(id, self.now);
        self.events.record(run, sequence, id);
        self.take_news(Some(session), news);
    }

    pub fn turn(&mut self) {
        let session = self.played();
        let news = self.game.turn(self.now);
        self.take_news(session, news);
        let is_idle = self.game.is_idle() && self.failures == 0;
        if let Some(session) = session.filter(|_| is_idle)
            && std::mem::take(&mut self.has_stated)
        {
            self.note(session, Fact::Stated);
        }
    }

    /// Sends an order that is about no session in particular, or about the one that is played.
    fn order(&mut self, order: Order<super::content::Bytes>) -> Vec<News> {
        let session = self.played();
        let news = self.game.order(order, self.now);
        self.hear(session, &news);
        news
    }

    fn take_news(&mut self, session: Option<SessionId>, news: Vec<News>) {
        self.hear(session, &news);
    }

    /// Takes in what was reported while a session was played.
    fn hear(&mut self, session: Option<SessionId>, news: &[News]) {
        for news in news {
            match news {
                News::Saved(saved) => {
                    let session = session.expect("what is saved belongs to a session");
                    self.note(session, Fact::Acknowledged { id: saved.id });
                }
                News::Failed { retry_in, .. } => {
                    self.failures += 1;
                    session.into_iter().for_each(|session| self.note(session, Fact::SaveFailed));
                    if retry_in.is_none() {
                        self.saved_by_hand.clear();
                    }
                }
                News::NotPrepared { error, .. } => self.refused = Some(error.clone()),
                News::EventsFailed { .. } | News::EventsDropped { .. } => {
                    self.may_miss_events = true;
                    session.into_iter().for_each(|session| self.note(session, Fact::EventsLost));
                }
                News::Left { session, complete: true, .. } => self.note(*session, Fact::Left),
                News::Left { complete: false, .. } => self.saved_by_hand.clear(),
                News::Slot { order, result, .. } => self.hear_of_slot(order, result),
                News::SessionAttachment { order, result, .. } => self.hear_of_map(order, result),
                News::Described { order, result: Ok(bytes), .. } => {
                    let path = &order.path;
                    let report = super::reports::on(&self.disk.image()).remove(path);
                    let report = report.expect("a report that was written should be there");
                    assert_eq!(report.bytes, *bytes, "a report should be whole");
                    self.note_of_all(Fact::Reported { path: path.clone(), report });
                }
                _ => {}
            }
        }
    }

    /// The session that is being played.
    pub fn played(&self) -> Option<SessionId> {
        self.game.playing.as_ref().map(|playing| playing.session)
    }

    /// The session that everything in this profile is about.
    fn session(&self) -> Option<SessionId> {
        self.sessions[self.profile]
    }

    fn leave(&mut self, status: SessionStatus) {
        let Some(session) = self.played() else { return };
        self.checkpoint(CheckpointKind::Exit);
        self.note(session, Fact::Leaving);
        let news = self.game.leave(status, self.now);
        self.take_news(Some(session), news);
        for _ in 0..MANY_TURNS {
            if self.played().is_none() {
                return;
            }
            self.turn();
            self.now.elapsed += Duration::from_millis(100);
        }
        panic!("the session can't be left");
    }

    fn note(&mut self, session: SessionId, fact: Fact) {
        self.follow_disk();
        self.history.note(self.disk.position(), session, fact);
    }

    /// Notes what is about no session in particular.
    fn note_of_all(&mut self, fact: Fact) {
        self.note(SessionId::from(uuid::Uuid::nil()), fact);
    }

    /// Notes the journals that were begun since anything was noted.
    pub fn follow_disk(&mut self) {
        let steps = self.disk.steps_since(self.followed);
        for step in &steps {
            self.followed += 1;
            if let Some(session) = journal_begun(&step.what) {
                self.history.note(self.followed, session, Fact::JournalBegun);
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
