//! The work of a host: it waits, claims, compares, plays and sends, by the code that ships.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::judge::{Judge, Link};
use super::machine::{Happened, Machine};
use super::network::{Time, Way};
use crate::model::ids::SessionId;
use crate::replica::claim::owner_of;
use crate::replica::{
    CatchUp, Claim, ClaimError, Claimant, Clearing, CompareError, Epoch, FetchError, Log, Mark,
    Owner, Position, Reach, ReadError, Sentence, Source, Standing, Trouble, Watch, Watcher,
    clear_removed, compare, difference, fetch,
};

/// On each host's own clock.
const LEASE: Time = 250;
const RENEWAL: Time = 50;
const WINDOW: usize = 3;

/// The state of a host beyond its way to the store.
#[derive(Clone)]
pub struct Host {
    pub way: Way,
    pub session: SessionId,
    pub judge: Rc<RefCell<Judge>>,
    pub machine: Rc<RefCell<Machine>>,
    /// The session that it owns, as far as it knows.
    pub owned: Rc<RefCell<Option<Owned>>>,
    /// Thousandths of the true speed of time at which its clock goes.
    pub speed: u64,
    /// The time of its clock when the schedule began.
    pub offset: Time,
    /// Once in how many steps a compaction is begun.
    pub compacts: u64,
    /// True if the session is removed at some time.
    pub removes: bool,
}

/// The state of an owner as seen from outside.
#[derive(Clone)]
pub struct Owned {
    pub claim: Claim,
    pub acknowledged: Option<(Position, Vec<u8>)>,
}

/// The entries that an owner has sent, and their outcomes.
struct Books {
    epoch: Epoch,
    /// The last entry of a catching up.
    caught_up: Option<Position>,
    sent: VecDeque<(Position, Link)>,
}

/// The changes that are still to be sent.
#[derive(Default)]
struct Outbox {
    catch_up: (CatchUp, Machine),
    waiting: VecDeque<Happened>,
}

/// The end of a host's time as an owner.
enum Ended {
    Released,
    Fenced,
    Removed,
    Unreadable,
}

impl Host {
    pub fn now(&self) -> Duration {
        let now = self.way.network.borrow().now;
        Duration::from_millis(self.offset + now * self.speed / 1000)
    }

    fn one_in(&self, times: u64) -> bool {
        self.way.network.borrow_mut().random.one_in(times)
    }

    fn below(&self, limit: u64) -> u64 {
        self.way.network.borrow_mut().random.below(limit)
    }

    fn is_quiet(&self) -> bool {
        self.way.network.borrow().is_quiet
    }

    fn play(&self, run: u64) -> Happened {
        let random = &mut self.way.network.borrow_mut().random;
        self.machine.borrow_mut().play(run, random, &mut self.judge.borrow_mut())
    }

    /// Reports that the log makes no sense, which only a store that went back in time may cause.
    fn unreadable(&self, error: &ReadError) {
        self.judge.borrow_mut().violate(format!("the log can't be read: {error:?}"));
    }

    /// One process, from its start to its death.
    pub async fn run(self) {
        let run = self.way.random() as u64;
        let mut log = Log::new(self.session);
        let mut unclaimed = false;
        let mut resumes = !Sentence::C8EpochOnce.holds();
        loop {
            let Some(()) = self.wait(run, &mut log, &mut unclaimed).await else { return };
            let mark = self.machine.borrow().mark.clone();
            let resumed = match (&mark, std::mem::take(&mut resumes)) {
                (Some(mark), true) if log.refresh(&self.way).await.is_ok() => {
                    Owner::resume(self.way.clone(), mark.claim, log.clone(), WINDOW).ok()
                }
                _ => None,
            };
            let owner = match resumed {
                Some(owner) => owner,
                None => match self.claim(&mut log, unclaimed).await {
                    Some(owner) => owner,
                    None => continue,
                },
            };
            unclaimed = false;
            match self.own(run, owner).await {
                Ended::Removed | Ended::Unreadable => return,
                Ended::Fenced => self.judge.borrow_mut().counts.fenced += 1,
                Ended::Released => self.judge.borrow_mut().counts.releases += 1,
            }
            *self.owned.borrow_mut() = None;
            self.way.sleep(20 + self.below(100)).await;
        }
    }

    /// Waits until the session may be claimed; `None` if it is removed.
    async fn wait(&self, run: u64, log: &mut Log, unclaimed: &mut bool) -> Option<()> {
        let mut watcher = Watcher::default();
        let mut failures = 0;
        loop {
            self.way.sleep(if self.is_quiet() { 60 } else { 5 + self.below(20) }).await;
            if log.refresh(&self.way).await.is_err() {
                failures += 1;
                if failures > 2 && self.one_in(2) && !self.is_quiet() {
                    self.play(run);
                    *unclaimed = true;
                    self.judge.borrow_mut().counts.played_unclaimed += 1;
                }
                continue;
            }
            match watcher.look(log, self.now(), Duration::from_millis(LEASE)) {
                Watch::Removed => {
                    if clear_removed(&self.way, log).await.is_ok() {
                        return None;
                    }
                }
                Watch::Free => return Some(()),
                Watch::Lapsed => {
                    self.judge.borrow_mut().counts.take_overs += 1;
                    return Some(());
                }
                Watch::Held => {
                    let mark = self.machine.borrow().mark.as_ref().map(|mark| mark.claim);
                    let is_own = match owner_of(&self.way, self.session, log.highest()).await {
                        Ok(owner) => owner.is_some() && owner == mark.map(|claim| claim.id),
                        Err(_) => false,
                    };
                    // No other process holds the lock of this machine's disk.
                    if is_own {
                        return Some(());
                    }
                }
            }
        }
    }

    /// Claims the session and compares; `None` if nothing comes of it.
    async fn claim(&self, log: &mut Log, unclaimed: bool) -> Option<Owner<Way>> {
        let mut claimant = Claimant::new(self.session, &self.way);
        let claim = loop {
            match claimant.claim(&self.way, log).await {
                Ok(claim) => break claim,
                Err(ClaimError::Removed) => return None,
                Err(ClaimError::Outrun) => {
                    self.judge.borrow_mut().counts.races += 1;
                    return None;
                }
                Err(ClaimError::Store(_)) => self.way.sleep(5 + self.below(20)).await,
            }
        };
        let owner = match Owner::new(self.way.clone(), claim, log.clone(), WINDOW) {
            Ok(owner) => owner,
            Err(error) => {
                self.unreadable(&error);
                return None;
            }
        };
        let (there, files) = self.fetch(log).await?;
        {
            let mut judge = self.judge.borrow_mut();
            judge.counts.claims += 1;
            judge.read(claim.epoch, there, files);
        }
        self.settle_standing(log, owner, there, unclaimed).await
    }

    /// Fetches what the replica has; `None` if it can't be had.
    async fn fetch(&self, log: &Log) -> Option<(Link, u64)> {
        loop {
            let mut fetched = self.machine.borrow().clone();
            fetched.begin_fetching();
            match fetch(&self.way, log, &mut fetched).await {
                Ok(_) => {}
                Err(FetchError::Read(ReadError::Store(_))) => {
                    self.way.sleep(10).await;
                    continue;
                }
                // Another has claimed it meanwhile, and deleted the entry that was being read.
                Err(FetchError::Read(ReadError::Missing { .. }) | FetchError::Write { .. }) => {
                    return None;
                }
                Err(FetchError::Read(error)) => {
                    self.unreadable(&error);
                    return None;
                }
            }
            let world = fetched.fetched_world();
            if world.is_none() {
                self.judge.borrow_mut().violate("a file isn't whole");
            }
            *self.machine.borrow_mut() = fetched;
            return world;
        }
    }

    /// Compares this machine with the replica, and does what follows from that.
    async fn settle_standing(
        &self,
        log: &Log,
        owner: Owner<Way>,
        there: Link,
        unclaimed: bool,
    ) -> Option<Owner<Way>> {
        let (machine, claim) = (self.machine.borrow().clone(), owner.claim());
        let files = owner.files().clone();
        let compares = match unclaimed {
            true => Sentence::F1UnclaimedPlayIsCompared.holds(),
            false => Sentence::F2OldDiskIsCompared.holds(),
        };
        let standing = loop {
            if !compares {
                break Standing::ReplicaIsBehind;
            }
            match compare(&self.way, log, &machine, &files, machine.mark.as_ref(), claim.epoch)
                .await
            {
                Ok(standing) => break standing,
                Err(CompareError::There(ReadError::Store(_))) => self.way.sleep(10).await,
                Err(CompareError::There(_)) => return None,
                Err(CompareError::Here(error)) => panic!("{error}"),
            }
        };
        self.judge.borrow_mut().compare(machine.link, there, standing);
        if matches!(standing, Standing::MachineIsBehind | Standing::Forked) {
            // Of a fork this machine's own side is kept under another id.
            let mut machine = self.machine.borrow_mut();
            machine.take_fetched();
            let mut judge = self.judge.borrow_mut();
            judge.note_world(machine.link, machine.sum());
            judge.is_catching_up = false;
        }
        self.machine.borrow_mut().mark = Some(Mark::new(claim, &files));
        Some(owner)
    }

    /// Plays and sends until the epoch isn't this host's any more.
    async fn own(&self, run: u64, mut owner: Owner<Way>) -> Ended {
        let mut books =
            Books { epoch: owner.claim().epoch, caught_up: None, sent: VecDeque::new() };
        let mut outbox = Outbox { catch_up: self.catch_up(&owner).await, ..Outbox::default() };
        self.judge.borrow_mut().is_catching_up |= !outbox.catch_up.0.is_done();
        let mut renewed = self.now();
        loop {
            self.show(&owner);
            let step = self.step(run, &mut owner, &mut books, &mut outbox, &mut renewed);
            match step.await {
                Ok(Some(ended)) => return ended,
                Ok(None) | Err(Trouble::Store(_)) => {}
                Err(Trouble::Fenced | Trouble::Unreadable(ReadError::Missing { .. })) => {
                    return Ended::Fenced;
                }
                Err(Trouble::Ended) => panic!("nothing is sent behind the own seal"),
                Err(Trouble::WentBack) => {
                    if !self.way.network.borrow().has_gone_back {
                        self.judge
                            .borrow_mut()
                            .violate("a store is said to have gone back that hasn't");
                    }
                    self.judge.borrow_mut().counts.went_back += 1;
                    return Ended::Fenced;
                }
                Err(Trouble::Unreadable(error)) => {
                    self.unreadable(&error);
                    return Ended::Unreadable;
                }
            }
            self.book(&owner, &mut books);
            self.way.sleep(if self.is_quiet() { 20 } else { 1 + self.below(8) }).await;
        }
    }

    async fn step(
        &self,
        run: u64,
        owner: &mut Owner<Way>,
        books: &mut Books,
        outbox: &mut Outbox,
        renewed: &mut Duration,
    ) -> Result<Option<Ended>, Trouble> {
        let acts = !self.is_quiet();
        if acts && outbox.waiting.len() < 4 && self.one_in(2) {
            outbox.waiting.push_back(self.play(run));
        }
        if owner.can_send() && owner.has_room() {
            if self.now() >= *renewed + Duration::from_millis(RENEWAL) {
                *renewed = self.now();
                owner.renew("");
                owner.look_back().await?;
            } else {
                self.send(owner, books, outbox).await?;
            }
        }
        if acts && self.one_in(self.compacts) {
            owner.begin_compaction().await?;
        }
        if owner.is_compacting() {
            let epoch = owner.claim().epoch;
            let goes_on = owner.compact().await?;
            if owner.claim().epoch != epoch {
                self.machine.borrow_mut().mark = Some(Mark::new(owner.claim(), owner.files()));
            }
            self.judge.borrow_mut().counts.compactions += u64::from(!goes_on);
        } else if acts && self.one_in(80) {
            return self.release(owner, books).await.map(Some);
        } else if acts && self.removes && self.one_in(40) {
            return self.remove(owner, books).await.map(Some);
        }
        if owner.has_room() && self.one_in(2) {
            return Ok(None);
        }
        owner.settle().await?;
        Ok(None)
    }

    /// Sends what this machine had before, and then what happened since.
    async fn send(
        &self,
        owner: &mut Owner<Way>,
        books: &mut Books,
        outbox: &mut Outbox,
    ) -> Result<(), Trouble> {
        let (caught_up, then) = &mut outbox.catch_up;
        let (here, link) = (self.machine.borrow().as_of(then), then.link);
        match caught_up.next(&here) {
            Ok(Some((changes, payload))) => {
                let position = owner.send_changes(changes, &payload)?;
                if caught_up.is_done() {
                    books.caught_up = Some(position);
                    books.sent.push_back((position, link));
                }
            }
            Ok(None) => {
                let Some((changes, payload, link)) = outbox.waiting.pop_front() else {
                    return Ok(());
                };
                let position = owner.send_changes(changes, &payload)?;
                books.sent.push_back((position, link));
            }
            // A file was removed or replaced meanwhile.
            Err(_) => {
                owner.settle_all().await?;
                *outbox = Outbox { catch_up: self.catch_up(owner).await, ..Outbox::default() };
            }
        }
        Ok(())
    }

    async fn release(&self, owner: &mut Owner<Way>, books: &mut Books) -> Result<Ended, Trouble> {
        loop {
            match owner.release().await {
                Ok(()) => break,
                Err(Trouble::Store(_)) => self.way.sleep(10).await,
                Err(trouble) => return Err(trouble),
            }
        }
        self.acknowledge_all(books);
        Ok(Ended::Released)
    }

    async fn remove(&self, owner: &mut Owner<Way>, books: &mut Books) -> Result<Ended, Trouble> {
        loop {
            match owner.remove().await {
                Ok(true) => self.book(owner, books),
                Ok(false) => break,
                Err(Trouble::Store(_)) => self.way.sleep(10).await,
                Err(trouble) => return Err(trouble),
            }
        }
        let mut clearing = Clearing::new(owner.log().clone());
        loop {
            match clearing.step(&self.way).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => self.way.sleep(10).await,
            }
        }
        self.judge.borrow_mut().remove(owner.claim().epoch);
        Ok(Ended::Removed)
    }

    /// The steps that bring the replica to this machine's state, and that state.
    async fn catch_up(&self, owner: &Owner<Way>) -> (CatchUp, Machine) {
        let here = self.machine.borrow().clone();
        let differences = loop {
            match difference(&self.way, owner.log(), &here, owner.files()).await {
                Ok(differences) => break differences,
                Err(CompareError::There(ReadError::Store(_))) => self.way.sleep(10).await,
                // Its epoch is sealed, which it will find out.
                Err(_) => return (CatchUp::default(), here),
            }
        };
        let lengths = here.files().unwrap_or_default();
        (CatchUp::new(&|_| self.way.random() as u64, &differences, &lengths, owner.files()), here)
    }

    /// Hands out what is acknowledged by now.
    fn book(&self, owner: &Owner<Way>, books: &mut Books) {
        if owner.claim().epoch != books.epoch {
            // The seal of the epoch before came behind everything else of it.
            self.acknowledge_all(books);
            books.epoch = owner.claim().epoch;
        }
        let (epoch, acknowledged) = (books.epoch, owner.acknowledged_to());
        if books.caught_up.take_if(|position| *position <= acknowledged).is_some() {
            self.judge.borrow_mut().is_catching_up = false;
        }
        while let Some((_, link)) =
            books.sent.pop_front_if(|(position, _)| *position <= acknowledged)
        {
            self.judge.borrow_mut().acknowledge(epoch, link);
        }
    }

    fn acknowledge_all(&self, books: &mut Books) {
        if books.caught_up.take().is_some() {
            self.judge.borrow_mut().is_catching_up = false;
        }
        for (_, link) in books.sent.drain(..) {
            self.judge.borrow_mut().acknowledge(books.epoch, link);
        }
    }

    fn show(&self, owner: &Owner<Way>) {
        let acknowledged = owner.acknowledged().map(|(position, bytes)| (position, bytes.to_vec()));
        *self.owned.borrow_mut() = Some(Owned { claim: owner.claim(), acknowledged });
    }
}
