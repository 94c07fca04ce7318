//! The protocol under every mishap that a seed draws, and each of its sentences taken out in turn.
//!
//! Hosts run the code that ships, on a network, a store and clocks of a world in one thread: what they ask arrives late,
//! twice or never, hosts die, pause, lose their disks or get old ones back, the store is full, restarts, or is restored
//! from a backup. A [`Judge`] holds each acknowledgement, claim and comparison against what was promised.
//!
//! It fails when something acknowledged isn't read by a later owner, two owners are acknowledged what excludes each other, a
//! reader finds files that no machine ever had together, a fork isn't shown, a removed session is played or leaves files, or
//! a claim doesn't come to its end. K1 to K5, E3 and L2 aren't taken out: they have tests of their own, or define others. A5
//! is the network itself.
//!
//! | to | run |
//! | --- | --- |
//! | play 5,000 schedules, and take each sentence out until that is found | `cargo test -p bevy_session_journal --lib -- replica::simulator` |
//! | play 100,000 | `BEVY_SESSION_TORTURE=100000 cargo test --release -p bevy_session_journal --lib -- replica::simulator::schedules::no_schedule` |
//! | see after how many schedules each is found, in ten rows of seeds | `cargo test --release -p bevy_session_journal --lib -- --ignored ten_rows` |
//! | play one seed again, and see every step | `BEVY_SESSION_REPLICA_SEED=<seed> cargo test -p bevy_session_journal --lib -- replica::simulator::schedules::no_schedule` |
//!
//! In ten rows of seeds each of the 26 sentences and each of the lies A1 to A4 was found: half of the 300 by schedule 4, 278 by
//! the hundredth. D6 took 12 to 3,955, B1 93 to 1,568.

mod host;
mod judge;
mod machine;
mod network;
mod schedules;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::LazyLock;
use std::task::{Context, Waker};

use host::{Host, Owned};
use judge::{Counts, Judge};
use machine::Machine;
use network::{Answer, Event, Lie, Mishap, Network, Way};

use super::sentence::left_out;
use super::{
    Body, ClaimError, Claimant, Entry, Epoch, Key, Log, Owner, Position, Sentence, clear_removed,
    fetch,
};
use crate::deep::tell;
use crate::model::ids::SessionId;

const HOSTS: usize = 3;
/// Steps in which mishaps happen, at least.
const STEPS: u64 = 200;
/// Steps in which everything that is still under way ends.
const QUIET_STEPS: u64 = 4_000;
/// Milliseconds until no host can believe any more that it owns an epoch that another has sealed.
const QUIET: u64 = 2_000;

/// The part that is left out of the protocol, or of the store's contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Planted {
    Nothing,
    Without(Sentence),
    Store(Lie),
}

struct Schedule {
    network: Rc<RefCell<Network>>,
    judge: Rc<RefCell<Judge>>,
    session: SessionId,
    seats: Vec<Seat>,
}

/// The seat of a host: its disk stays, its processes come and go.
struct Seat {
    host: Host,
    process: Option<Pin<Box<dyn Future<Output = ()>>>>,
    is_paused: bool,
    /// The disk as it was once.
    old_disk: Option<Machine>,
}

/// Tells a step of the one seed that is played, if one is.
fn trace(step: impl FnOnce() -> String) {
    static IS_WANTED: LazyLock<bool> = LazyLock::new(|| schedules::only_seed().is_some());
    if *IS_WANTED {
        tell(&step());
    }
}

/// Plays a seed; what was reached, and what didn't hold.
fn play(seed: u64, planted: Planted) -> (Counts, Option<String>) {
    let (sentence, lie) = match planted {
        Planted::Nothing => (None, None),
        Planted::Without(sentence) => (Some(sentence), None),
        Planted::Store(lie) => (None, Some(lie)),
    };
    left_out::set(sentence);
    let mut schedule = Schedule::new(seed, lie);
    schedule.run();
    left_out::set(None);
    let judge = schedule.judge.borrow();
    (judge.counts, judge.violation.clone())
}

impl Schedule {
    fn new(seed: u64, lie: Option<Lie>) -> Self {
        let network = Rc::new(RefCell::new(Network::new(seed, HOSTS + 1, lie)));
        let judge = Rc::new(RefCell::new(Judge::default()));
        let session = SessionId::from(uuid::Uuid::from_u128(u128::from(seed)));
        let compacts = *network.borrow_mut().random.pick(&[3, 8, 24]).unwrap_or(&8);
        let removes = network.borrow_mut().random.one_in(3);
        let seats = (0..=HOSTS).map(|host| {
            let random = &mut network.borrow_mut().random;
            let (speed, offset) = (700 + random.below(600), random.below(7_200_000));
            let way = Way { network: Rc::clone(&network), host };
            let (machine, owned, judge) = (Rc::default(), Rc::default(), Rc::clone(&judge));
            let host =
                Host { way, session, judge, machine, owned, speed, offset, compacts, removes };
            Seat { host, process: None, is_paused: false, old_disk: None }
        });
        let seats = seats.collect();
        Self { network, judge, session, seats }
    }

    fn run(&mut self) {
        for host in 0..HOSTS {
            self.happen(Mishap::Restart(host));
        }
        let steps = STEPS + self.network.borrow_mut().random.below(STEPS * 3);
        // A store that goes back breaks every promise, so it does in few schedules.
        if self.network.borrow_mut().random.one_in(8) {
            let mut network = self.network.borrow_mut();
            let (backed_up, lost) = (network.random.below(600), network.random.below(300));
            network.schedule(backed_up, Event::Happens(Mishap::BackUp));
            network.schedule(backed_up + lost, Event::Happens(Mishap::GoesBack));
        }
        for _ in 0..steps {
            if self.network.borrow_mut().random.one_in(24) {
                self.draw_mishap();
            }
            // Of a session that was removed nothing is left to do.
            let goes_on = self.step();
            if self.judge.borrow().violation.is_some() {
                return;
            }
            if !goes_on {
                break;
            }
        }
        self.calm_down();
        let calm = self.network.borrow().now;
        while self.network.borrow().now < calm + QUIET && self.step() {
            if self.judge.borrow().violation.is_some() {
                return;
            }
        }
        self.look_at_owners();
        self.take_over_at_last();
        self.look_at_store();
    }

    /// The next thing that happens.
    fn step(&mut self) -> bool {
        self.judge.borrow_mut().counts.steps += 1;
        let event = self.network.borrow_mut().next_event();
        let Some(event) = event else { return false };
        match event {
            Event::Arrives { host, call, request } => {
                self.network.borrow_mut().arrive(host, call, &request);
            }
            Event::Answered { call, answer } => self.answer(call, answer),
            Event::GivesUp { call } => self.answer(call, Answer::Fault),
            Event::Wakes { host } => self.go_on(host),
            Event::Happens(mishap) => self.happen(mishap),
        }
        if let Some(epoch) = self.network.borrow().sealed_twice {
            self.judge.borrow_mut().violate(format!("{epoch} is sealed by one who knew its seal"));
        }
        true
    }

    fn answer(&mut self, call: u64, answer: Answer) {
        let host = self.network.borrow_mut().answer(call, answer);
        if let Some(host) = host {
            self.go_on(host);
        }
    }

    fn go_on(&mut self, host: usize) {
        let seat = &mut self.seats[host];
        let Some(process) = seat.process.as_mut().filter(|_| !seat.is_paused) else { return };
        let is_over = process.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        if is_over {
            seat.process = None;
            *seat.host.owned.borrow_mut() = None;
        }
    }

    fn draw_mishap(&mut self) {
        let network = Rc::clone(&self.network);
        let mut network = network.borrow_mut();
        let host = network.random.below(HOSTS as u64) as usize;
        let long = (20 + network.random.below(400)) * (1 + network.random.below(3));
        let (mishap, end) = match network.random.below(10) {
            0..=2 => (Mishap::Crash(host), Some(Mishap::Restart(host))),
            3..=5 => (Mishap::Pause(host), Some(Mishap::Resume(host))),
            6..=7 => (Mishap::CutOff(host), Some(Mishap::Reconnect(host))),
            8 => (Mishap::Full, Some(Mishap::Room)),
            _ => (Mishap::StoreRestarts, None),
        };
        network.schedule(0, Event::Happens(mishap));
        end.into_iter().for_each(|end| network.schedule(long, Event::Happens(end)));
    }

    fn happen(&mut self, mishap: Mishap) {
        trace(|| format!("{} {mishap:?}", self.network.borrow().now));
        match mishap {
            Mishap::Crash(host) => self.crash(host),
            Mishap::Restart(host) => {
                let seat = &mut self.seats[host];
                if seat.process.is_none() {
                    seat.process = Some(Box::pin(seat.host.clone().run()));
                    self.go_on(host);
                }
            }
            Mishap::Pause(host) => self.seats[host].is_paused = true,
            Mishap::Resume(host) => {
                self.seats[host].is_paused = false;
                self.go_on(host);
            }
            Mishap::CutOff(host) => self.network.borrow_mut().is_cut_off[host] = true,
            Mishap::Reconnect(host) => self.network.borrow_mut().is_cut_off[host] = false,
            Mishap::Full => self.network.borrow_mut().is_full = true,
            Mishap::Room => self.network.borrow_mut().is_full = false,
            Mishap::StoreRestarts => self.network.borrow_mut().restart_store(),
            Mishap::BackUp => self.network.borrow_mut().back_up(),
            Mishap::GoesBack => {
                let mut network = self.network.borrow_mut();
                network.go_back();
                self.judge.borrow_mut().is_void |= network.has_gone_back;
            }
        }
    }

    fn crash(&mut self, host: usize) {
        let seat = &mut self.seats[host];
        seat.process = None;
        *seat.host.owned.borrow_mut() = None;
        self.network.borrow_mut().forget_calls(host);
        self.judge.borrow_mut().counts.crashes += 1;
        let mut machine = seat.host.machine.borrow_mut();
        match self.network.borrow_mut().random.below(12) {
            0 => *machine = Machine::default(),
            1 => seat.old_disk = Some(machine.clone()),
            2 => *machine = seat.old_disk.clone().unwrap_or_default(),
            _ => {}
        }
    }

    /// From now on everything works, and no host plays.
    fn calm_down(&mut self) {
        {
            let mut network = self.network.borrow_mut();
            (network.is_quiet, network.is_full) = (true, false);
            network.is_cut_off.fill(false);
        }
        for host in 0..HOSTS {
            self.happen(Mishap::Resume(host));
            self.happen(Mishap::Restart(host));
        }
    }

    /// No host believes to own a session that another owns, or that is gone.
    fn look_at_owners(&mut self) {
        let owned: Vec<Owned> =
            self.seats.iter().filter_map(|seat| seat.host.owned.borrow().clone()).collect();
        let network = self.network.borrow();
        let session = self.session;
        if owned.len() > 1 {
            let epochs: Vec<Epoch> = owned.iter().map(|owned| owned.claim.epoch).collect();
            self.judge.borrow_mut().violate(format!("{epochs:?} are all owned at the end"));
        }
        for Owned { claim, acknowledged } in owned {
            let Some((position, bytes)) = acknowledged else { continue };
            let key = |position| Key::Entry { session, epoch: claim.epoch, position };
            let mut before = Position::FIRST.up_to(position);
            let is_there = before.all(|position| network.store.contains_key(&key(position)))
                && network.store.get(&key(position)).is_some_and(|found| **found == *bytes);
            if !is_there {
                let mut judge = self.judge.borrow_mut();
                judge.is_void = false;
                judge.violate("an owner doesn't know that what it was acknowledged is gone");
                judge.is_void = network.has_gone_back;
            }
        }
    }

    /// A host that knows nothing claims the session at the end, and finds everything.
    fn take_over_at_last(&mut self) {
        let seat = &mut self.seats[HOSTS];
        let host = seat.host.clone();
        let is_done = Rc::new(RefCell::new(false));
        let done = Rc::clone(&is_done);
        seat.process = Some(Box::pin(async move {
            take_over(&host).await;
            *done.borrow_mut() = true;
        }));
        self.go_on(HOSTS);
        for _ in 0..QUIET_STEPS {
            if *is_done.borrow() || self.judge.borrow().violation.is_some() || !self.step() {
                break;
            }
        }
        if !*is_done.borrow() {
            self.judge.borrow_mut().violate("a claim doesn't come to its end");
        }
    }

    fn look_at_store(&mut self) {
        let network = self.network.borrow();
        let mut judge = self.judge.borrow_mut();
        let mut claims = BTreeMap::new();
        let (mut is_removed, mut left) = (false, None);
        for (key, bytes) in &network.store {
            match *key {
                Key::Claim { epoch, .. } => {
                    if let Some(other) = claims.insert(bytes, epoch) {
                        judge.violate(format!("one claim stands in {other} and {epoch}"));
                    }
                }
                Key::Entry { .. } => match Entry::decode(*key, bytes).map(|(it, _)| it.body) {
                    Ok(Body::Seal { .. }) => judge.counts.seals += 1,
                    Ok(Body::Tombstone) => is_removed = true,
                    _ => left = Some(*key),
                },
            }
        }
        if let Some(key) = left.filter(|_| is_removed) {
            judge.violate(format!("{key} is left of a removed session"));
        }
        judge.counts.deletions += network.deleted;
    }
}

async fn take_over(host: &Host) {
    let mut log = Log::new(host.session);
    let mut claimant = Claimant::new(host.session, &host.way);
    let claim = loop {
        match claimant.claim(&host.way, &mut log).await {
            Ok(claim) => break claim,
            Err(ClaimError::Outrun) => claimant = Claimant::new(host.session, &host.way),
            Err(ClaimError::Removed) => {
                while clear_removed(&host.way, &log).await.is_err() {}
                return;
            }
            Err(ClaimError::Store(_)) => host.way.sleep(10).await,
        }
    };
    let mut machine = Machine::default();
    machine.begin_fetching();
    let read = match Owner::new(host.way.clone(), claim, log.clone(), 1) {
        Ok(_) => fetch(&host.way, &log, &mut machine).await.map_err(|error| format!("{error:?}")),
        Err(error) => Err(format!("{error:?}")),
    };
    let mut judge = host.judge.borrow_mut();
    match read {
        Err(error) => judge.violate(format!("the log can't be read at the end: {error}")),
        Ok(_) => match machine.fetched_world() {
            Some((link, files)) => judge.read(claim.epoch, link, files),
            None => judge.violate("a file isn't whole at the end"),
        },
    }
}
