//! Plays a script on a simulated disk, and keeps the history.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::game::{self, Beginning};
use super::opening::{Key, key, read_checkpoint};
use super::world::with_commit;
use super::{Action, Fact, Game, History, Random, Script, World};
use crate::clock::Moment;
use crate::ids::{CheckpointId, RunId, SessionId};
use crate::journal::{CheckpointKind, Lineage, Record};
use crate::session::{RestoreFrom, RestoreReason, SaveSlot, SessionStatus};
use crate::store::simulated_disk::{Fault, FaultKind, SimulatedDisk};
use crate::writer::{News, SlotOrder};

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
    /// The session that everything is about: the one that was started last.
    session: Option<SessionId>,
    numbers: u64,
    /// Failures that were reported, as the game would be told of them.
    pub failures: usize,
    /// What the player saved in this process, as far as nobody said that it is given up.
    pub saved_by_hand: Vec<CheckpointId>,
    /// What the player ever asked for by name.
    pub named: Vec<CheckpointId>,
    /// Whether the session was given a name that isn't known to be durable.
    renamed: bool,
    /// Whether what is restored may be anything.
    trusts_nobody: bool,
    /// The slots that are being deleted.
    deleting: VecDeque<String>,
}

impl Play {
    /// A first process on an empty disk, or on what another play left.
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
            session: None,
            numbers: seed << 16,
            failures: 0,
            saved_by_hand: Vec::new(),
            named: Vec::new(),
            renamed: false,
            trusts_nobody: false,
            deleting: VecDeque::new(),
        }
    }

    /// Plays a whole script.
    pub fn of(script: &Script) -> Self {
        let mut play = Self::new(SimulatedDisk::default(), script.seed);
        play.perform(&script.actions);
        play
    }

    /// Another process on a disk that a power cut left, with all that is known of what was before.
    pub fn after_power_cut(&self, disk: SimulatedDisk, position: usize) -> Self {
        let game = Game::boot(&disk, self.now.wall);
        Self {
            game,
            disk,
            history: self.history.of_the_past(position),
            random: self.random.clone(),
            now: self.now,
            worlds: self.worlds.clone(),
            session: self.session,
            numbers: self.numbers + 1000,
            failures: 0,
            saved_by_hand: Vec::new(),
            named: Vec::new(),
            renamed: false,
            trusts_nobody: false,
            deleting: VecDeque::new(),
        }
    }

    /// Draws other numbers than the other devices do.
    pub fn be_device(&mut self, number: usize) {
        self.numbers += 0x10_0000 * number as u64;
        self.random = Random::new(self.numbers);
    }

    /// Like [`Self::perform`], on a disk where somebody else wrote what is restored: then there is no
    /// world to go on with, and nothing is done.
    pub fn perform_if_known(&mut self, actions: &[Action]) {
        self.trusts_nobody = true;
        self.perform(actions);
    }

    pub fn perform(&mut self, actions: &[Action]) {
        actions.iter().for_each(|action| self.act(*action));
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
            Action::Crowd => self.game.set_quota(0),
            Action::Widen => self.game.set_quota(1 << 30),
            Action::Close => self.leave(SessionStatus::Closed),
            Action::End => self.leave(SessionStatus::Completed),
            Action::Kill => self.kill(),
            Action::Recover => self.restore(|_, _| RestoreFrom::Latest, RestoreReason::Recovered),
            Action::RecoverOlder => self.restore(older, RestoreReason::Recovered),
            Action::Rewind if self.game.playing.is_some() => {
                self.settle();
                self.restore(older, RestoreReason::Rewound);
            }
            Action::Rewind => {}
            Action::Decline => self.decline(),
            Action::Forget => self.forget(),
            Action::SaveSlot => self.save_slot(false),
            Action::Overwrite => self.save_slot(true),
            Action::DeleteSlot => self.delete_slot(),
        }
    }

    /// What the world was at a checkpoint.
    pub fn digest_of(&self, id: CheckpointId) -> Option<u64> {
        self.worlds.get(&key(id)).map(|(_, digest)| *digest)
    }

    /// Turns until the writer has nothing to do. Time passes, so that it tries again what failed.
    pub fn settle(&mut self) {
        // An idle writer is asked once more, since only then it looks whether a merge is due.
        let mut idle_turns = 0;
        for _ in 0..MANY_TURNS {
            self.turn();
            idle_turns = if self.game.is_idle(self.now) { idle_turns + 1 } else { 0 };
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

    /// The disk refuses everything for a while, and a save with it.
    pub fn fail_to_save(&mut self) {
        let at = self.disk.operations().len();
        self.disk.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: true });
        self.perform(&[Action::Auto, Action::Turn, Action::Turn]);
        assert!(self.disk.heal().is_some(), "nothing was tried");
        self.pass(100);
    }

    /// The process is killed, and another one starts.
    pub fn kill(&mut self) {
        self.disk.kill_process();
        self.saved_by_hand.clear();
        self.pass(1);
        self.game = Game::boot(&self.disk, self.now.wall);
        self.game.detect(self.now.wall);
    }

    fn start(&mut self) {
        if self.game.playing.is_some() {
            return;
        }
        let session = SessionId::from(uuid::Uuid::from_u128(u128::from(self.number())));
        self.session = Some(session);
        let world = World::new(&mut self.random);
        self.note(session, Fact::Naming { name: "Play".to_owned() });
        let beginning = Beginning {
            run: RunId(self.number()),
            metadata: game::metadata(session, "Play", self.now.wall),
            lineage: Lineage::default(),
            newest_counter: 0,
            world,
        };
        let reports = self.game.take_up(beginning, None, self.now);
        self.take_reports(session, reports);
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
        let label = (kind == CheckpointKind::Manual).then(|| format!("save {number}"));
        let mut reports = Vec::new();
        let commit = playing.checkpoint(kind, label, self.now, &mut reports);
        let (session, run) = (playing.session, playing.run);
        let id = CheckpointId { run, counter: commit.counter };
        let digest = with_commit(playing.world.digest(), &commit);
        self.worlds.insert(key(id), (playing.world.clone(), digest));
        self.game.tell_slots(&mut reports);
        self.note(session, Fact::Captured { id, digest });
        if kind == CheckpointKind::Manual {
            self.saved_by_hand.push(id);
            self.named.push(id);
        }
        self.take_reports(session, reports);
    }

    pub fn turn(&mut self) {
        let session = self.game.playing.as_ref().map(|playing| playing.session);
        let turned = self.game.turn(self.now);
        let nobody = SessionId::from(uuid::Uuid::nil());
        self.take_reports(session.unwrap_or(nobody), turned.reports);
        let Some(session) = session else { return };
        if let Some((left, complete)) = turned.left {
            match complete {
                true => self.note(left, Fact::Left),
                false => self.saved_by_hand.clear(),
            }
        }
        if self.game.is_idle(self.now) && self.failures == 0 && std::mem::take(&mut self.renamed) {
            self.note(session, Fact::Named);
        }
    }

    fn take_reports(&mut self, session: SessionId, reports: Vec<News>) {
        for report in reports {
            match report {
                News::Saved(saved) => self.note(session, Fact::Acknowledged { id: saved.id }),
                News::Failed { retry_in, .. } => {
                    self.failures += 1;
                    if retry_in.is_none() {
                        self.saved_by_hand.clear();
                    }
                }
                News::Slot { order, result: Ok(_) } => self.note_slot(session, order),
                _ => {}
            }
        }
    }

    /// Something that was asked of slots was done.
    fn note_slot(&mut self, session: SessionId, order: SlotOrder) {
        match order {
            SlotOrder::Save { slot, checkpoint, .. } => {
                let name = slot.name().to_owned();
                self.note(session, Fact::SlotSaved { name, id: checkpoint });
            }
            SlotOrder::Delete { .. } => {
                if let Some(name) = self.deleting.pop_front() {
                    self.note(session, Fact::SlotDeleted { name });
                }
            }
            _ => {}
        }
    }

    fn save_slot(&mut self, overwrite: bool) {
        let name = self.slot_name();
        self.checkpoint(CheckpointKind::Manual);
        let Some(playing) = &self.game.playing else { return };
        let (session, checkpoint) = (playing.session, playing.newest());
        let slot = SaveSlot::manual(name.clone());
        let slot = if overwrite { slot.overwrite() } else { slot };
        self.note(session, Fact::SlotSaving { name, id: checkpoint });
        self.game.order_slot(SlotOrder::Save { slot, session, checkpoint });
        self.turn();
    }

    fn delete_slot(&mut self) {
        let name = self.slot_name();
        let slots = self.game.slots().into_iter();
        let Some((name, slot)) = slots.into_iter().find(|(known, _)| *known == name) else {
            return;
        };
        let nobody = SessionId::from(uuid::Uuid::nil());
        self.note(nobody, Fact::SlotDeleting { name: name.clone() });
        self.deleting.push_back(name);
        self.game.order_slot(SlotOrder::Delete { slot });
        // Whether it works out or not, it is known before anything else is asked for.
        self.settle();
        self.deleting.clear();
    }

    fn slot_name(&mut self) -> String {
        let names = ["Boss", "boss"];
        names[self.random.below(2) as usize].to_owned()
    }

    fn status(&mut self, status: SessionStatus) {
        let time = self.now.wall;
        let Some(playing) = &mut self.game.playing else { return };
        let play_time = playing.play_time();
        playing.record(Record::Status { status, time, play_time });
    }

    fn rename(&mut self) {
        let name = format!("Play {}", self.random.below(1000));
        let Some(playing) = &mut self.game.playing else { return };
        playing.name.clone_from(&name);
        let session = playing.session;
        let renamed = game::metadata(session, &name, Timestamp::UNIX_EPOCH);
        playing.record(Record::Metadata(Box::new(renamed)));
        self.note(session, Fact::Naming { name });
        self.renamed = true;
        self.turn();
    }

    fn leave(&mut self, status: SessionStatus) {
        let Some(playing) = &self.game.playing else { return };
        let session = playing.session;
        self.checkpoint(CheckpointKind::Exit);
        self.note(session, Fact::Leaving);
        if let Some(playing) = &mut self.game.playing {
            playing.leave(status, self.now);
        }
        for _ in 0..MANY_TURNS {
            if self.game.playing.is_none() {
                return;
            }
            self.turn();
            self.now.elapsed += Duration::from_millis(100);
        }
        panic!("the session can't be left");
    }

    fn restore(&mut self, choose: fn(&mut Self, SessionId) -> RestoreFrom, reason: RestoreReason) {
        let Some(session) = self.session else { return };
        if self.game.playing.is_some() && reason != RestoreReason::Rewound {
            return;
        }
        let from = choose(self, session);
        self.restore_from(from, reason);
    }

    /// Takes the session up from a checkpoint.
    pub fn restore_from(&mut self, from: RestoreFrom, reason: RestoreReason) {
        let Some(session) = self.session else { return };
        let wanted = game::wanted(session, from, reason);
        let failures = self.disk.failures();
        let Some((prepared, lock)) = self.game.prepare(wanted, self.now.wall) else {
            return;
        };
        let known = self.worlds.get(&key(prepared.checkpoint)).cloned();
        if known.is_none() && self.trusts_nobody {
            return;
        }
        let (mut world, digest) = known.expect("what is restored should have been there once");
        let is_half_blind = self.disk.failures() > failures && from != RestoreFrom::Latest;
        if let Ok(mut stored) = self.game.local.store.open_session(session) {
            let named = stored.index().checkpoints();
            let counts_on = named.iter().all(|info| info.id.counter <= prepared.newest_counter);
            assert!(counts_on || self.trusts_nobody || is_half_blind, "a number is used twice");
            let read = read_checkpoint(&mut stored, prepared.checkpoint);
            let is_true = read.is_none_or(|read| read == digest) || self.trusts_nobody;
            assert!(is_true, "a false state is restored");
        }
        world.skip_ids_to(game::next_id(&prepared));
        self.note(session, Fact::TakingUp);
        if is_half_blind {
            // A file that couldn't be read is one that the new run doesn't know of.
            self.note(session, Fact::TakenUpHalfBlind);
        }
        let beginning = Beginning {
            run: RunId(self.number()),
            metadata: prepared.metadata,
            lineage: prepared.lineage,
            newest_counter: prepared.newest_counter,
            world,
        };
        let reports = self.game.take_up(beginning, lock, self.now);
        self.take_reports(session, reports);
        self.checkpoint_and_turn(CheckpointKind::Opening);
    }

    fn decline(&mut self) {
        let (Some(session), None) = (self.session, &self.game.playing) else { return };
        self.note(session, Fact::TakingUp);
        if self.game.decline(session, self.now.wall).is_ok() {
            self.note(session, Fact::Declined);
        }
    }

    fn forget(&mut self) {
        let (Some(session), None) = (self.session, &self.game.playing) else { return };
        self.note(session, Fact::Forgetting);
        if self.game.forget(session, self.now.wall).is_ok() {
            self.note(session, Fact::Forgotten);
        }
    }

    fn note(&mut self, session: SessionId, fact: Fact) {
        self.history.note(self.disk.position(), session, fact);
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// A checkpoint that isn't the newest, if there is one.
fn older(play: &mut Play, session: SessionId) -> RestoreFrom {
    let Ok(stored) = play.game.local.store.open_session(session) else {
        return RestoreFrom::Latest;
    };
    let ids: Vec<CheckpointId> =
        stored.index().checkpoints().into_iter().skip(1).map(|info| info.id).collect();
    play.random.pick(&ids).map_or(RestoreFrom::Latest, |id| RestoreFrom::Checkpoint(*id))
}
