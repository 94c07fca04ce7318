//! The store and the way to it: what is asked arrives late, twice or never, and so do the answers.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::trace;
use crate::deep::Random;
use crate::model::ids::SessionId;
use crate::replica::owner::deliver;
use crate::replica::{
    Body, Created, Entry, Epoch, Key, Listing, Outcome, Position, Reach, StoreFault,
};

/// Milliseconds.
pub type Time = u64;
/// The time after which a host gives up waiting for an answer.
const PATIENCE: Time = 60;

/// A breach of the store's contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// A creation replaces what is there.
    Overwrites,
    /// A creation whose connection is cut leaves half of its bytes.
    Tears,
    /// Its last answers are gone after it was restarted.
    Forgets,
    /// Some of what was created is missing in listings for a while.
    ListsLate,
}

#[derive(Clone, Debug)]
pub enum Request {
    Create(Key, Arc<[u8]>),
    Read(Key),
    List(SessionId),
    Delete(Key),
}

#[derive(Debug)]
pub enum Answer {
    Created(Created),
    Read(Option<Vec<u8>>),
    Listed(Listing),
    Deleted,
    Fault,
}

#[derive(Debug)]
pub enum Event {
    Arrives { host: usize, call: u64, request: Request },
    Answered { call: u64, answer: Answer },
    GivesUp { call: u64 },
    Wakes { host: usize },
    Happens(Mishap),
}

/// A mishap of hosts or the store from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    Crash(usize),
    Restart(usize),
    Pause(usize),
    Resume(usize),
    CutOff(usize),
    Reconnect(usize),
    Full,
    Room,
    StoreRestarts,
    BackUp,
    GoesBack,
}

pub struct Network {
    pub now: Time,
    pub random: Random,
    queue: BinaryHeap<Reverse<(Time, u64)>>,
    events: BTreeMap<u64, Event>,
    next: u64,
    /// The hosts whose calls wait, and the answers.
    waiting: BTreeMap<u64, usize>,
    answers: BTreeMap<u64, Answer>,
    pub store: BTreeMap<Key, Arc<[u8]>>,
    /// The time at which each object came.
    created: BTreeMap<Key, Time>,
    backup: Option<BTreeMap<Key, Arc<[u8]>>>,
    pub is_cut_off: Vec<bool>,
    pub is_full: bool,
    /// From now on everything arrives soon, once.
    pub is_quiet: bool,
    pub lie: Option<Lie>,
    pub has_gone_back: bool,
    /// Objects that were deleted.
    pub deleted: u64,
    /// The times of the listings that are on their way, and of the newest that each host has.
    listings: BTreeMap<u64, Time>,
    listed: Vec<Time>,
    /// An epoch that a host wanted to seal though it had seen its seal.
    pub sealed_twice: Option<Epoch>,
}

impl Network {
    pub fn new(seed: u64, hosts: usize, lie: Option<Lie>) -> Self {
        Self {
            now: 0,
            random: Random::new(seed),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            next: 0,
            waiting: BTreeMap::new(),
            answers: BTreeMap::new(),
            store: BTreeMap::new(),
            created: BTreeMap::new(),
            backup: None,
            is_cut_off: vec![false; hosts],
            is_full: false,
            is_quiet: false,
            lie,
            has_gone_back: false,
            deleted: 0,
            listings: BTreeMap::new(),
            listed: vec![0; hosts],
            sealed_twice: None,
        }
    }

    pub fn schedule(&mut self, after: Time, event: Event) {
        self.next += 1;
        self.queue.push(Reverse((self.now + after, self.next)));
        self.events.insert(self.next, event);
    }

    /// The next event that means something, and moves the time to it.
    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            let Reverse((at, number)) = self.queue.pop()?;
            let event = self.events.remove(&number)?;
            let is_over = match &event {
                Event::Answered { call, .. } | Event::GivesUp { call } => {
                    !self.waiting.contains_key(call)
                }
                _ => false,
            };
            if !is_over {
                self.now = at;
                return Some(event);
            }
        }
    }

    fn delay(&mut self) -> Time {
        if !self.is_quiet && self.random.one_in(16) {
            return self.random.below(600);
        }
        1 + self.random.below(8)
    }

    fn is_lost(&mut self, host: usize) -> bool {
        !self.is_quiet && (self.is_cut_off[host] || self.random.one_in(24))
    }

    fn call(&mut self, host: usize, request: Request) -> u64 {
        if let Request::Create(Key::Entry { session, epoch, .. }, bytes) = &request
            && self.lie.is_none()
            && is_seal(bytes)
            && self.has_seen_seal(host, *session, *epoch)
        {
            self.sealed_twice = Some(*epoch);
        }
        self.next += 1;
        let call = self.next;
        self.waiting.insert(call, host);
        self.schedule(PATIENCE, Event::GivesUp { call });
        if !self.is_lost(host) {
            if !self.is_quiet && self.random.one_in(24) {
                let (after, request) = (self.delay(), request.clone());
                self.schedule(after, Event::Arrives { host, call, request });
            }
            let after = self.delay();
            self.schedule(after, Event::Arrives { host, call, request });
        }
        call
    }

    /// Returns true if an epoch had a seal when the newest listing was made that a host has.
    fn has_seen_seal(&self, host: usize, session: SessionId, epoch: Epoch) -> bool {
        let first = Key::Entry { session, epoch, position: Position::FIRST };
        let end = Key::Entry { session, epoch: epoch.next(), position: Position::FIRST };
        let mut entries = self.store.range(first..end);
        entries.any(|(key, bytes)| is_seal(bytes) && self.created[key] < self.listed[host])
    }

    /// A host's calls are of no use to anybody once it is gone. Requests that are on their way are still carried out.
    pub fn forget_calls(&mut self, host: usize) {
        self.waiting.retain(|_, of| *of != host);
    }

    /// Does what has arrived, and sends the answer.
    pub fn arrive(&mut self, host: usize, call: u64, request: &Request) {
        let answer = self.perform(request);
        if matches!(answer, Some(Answer::Listed(_))) {
            // Of one that was asked for twice, the first may be the one that is answered.
            self.listings.entry(call).or_insert(self.now);
        }
        if let Some(answer) = answer
            && !self.is_lost(host)
        {
            let after = self.delay();
            self.schedule(after, Event::Answered { call, answer });
        }
    }

    fn perform(&mut self, request: &Request) -> Option<Answer> {
        Some(match request {
            Request::Create(..) if self.is_full => Answer::Fault,
            Request::Create(key, bytes) => {
                if self.store.contains_key(key) && self.lie != Some(Lie::Overwrites) {
                    return Some(Answer::Created(Created::Existed));
                }
                let is_torn =
                    self.lie == Some(Lie::Tears) && !self.is_quiet && self.random.one_in(24);
                let stored =
                    if is_torn { bytes[..bytes.len() / 2].into() } else { Arc::clone(bytes) };
                trace(|| format!("{} create {key} {:?}", self.now, Entry::peek(&stored)));
                self.store.insert(*key, stored);
                self.created.insert(*key, self.now);
                if is_torn {
                    return None;
                }
                Answer::Created(Created::New)
            }
            Request::Read(key) => Answer::Read(self.store.get(key).map(|bytes| bytes.to_vec())),
            Request::List(session) => {
                let mut listing = Listing::default();
                let lateness = if self.lie == Some(Lie::ListsLate) { 40 } else { 0 };
                let keys = self.store.keys().filter(|key| key.session() == *session);
                let is_shown =
                    |key: &&Key| self.created[*key] + lateness <= self.now || self.is_quiet;
                keys.filter(is_shown).for_each(|key| listing.add(*key));
                Answer::Listed(listing)
            }
            Request::Delete(key) => {
                trace(|| format!("{} delete {key}", self.now));
                self.deleted += u64::from(self.store.remove(key).is_some());
                Answer::Deleted
            }
        })
    }

    /// The host that waits for this call, to which the answer was given.
    pub fn answer(&mut self, call: u64, answer: Answer) -> Option<usize> {
        let host = self.waiting.remove(&call)?;
        if let (Answer::Listed(_), Some(made)) = (&answer, self.listings.remove(&call)) {
            self.listed[host] = made;
        }
        self.answers.insert(call, answer);
        Some(host)
    }

    pub fn restart_store(&mut self) {
        if self.lie == Some(Lie::Forgets) {
            let (now, created) = (self.now, &self.created);
            self.store.retain(|key, _| created[key] + 40 <= now);
        }
    }

    pub fn back_up(&mut self) {
        self.backup = Some(self.store.clone());
    }

    pub fn go_back(&mut self) {
        if let Some(backup) = self.backup.take() {
            self.store = backup;
            self.has_gone_back = true;
        }
    }
}

/// The way of one host.
#[derive(Clone)]
pub struct Way {
    pub network: Rc<RefCell<Network>>,
    pub host: usize,
}

impl Way {
    fn ask(&self, request: Request) -> Asked {
        Asked { way: self.clone(), state: State::Unsent(request) }
    }

    pub fn sleep(&self, duration: Time) -> Sleep {
        Sleep { way: self.clone(), until: None, duration }
    }
}

struct Asked {
    way: Way,
    state: State,
}

enum State {
    Unsent(Request),
    Sent(u64),
}

impl Future for Asked {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        let network = Rc::clone(&self.way.network);
        let mut network = network.borrow_mut();
        match &self.state {
            State::Unsent(request) => {
                let call = network.call(self.way.host, request.clone());
                self.state = State::Sent(call);
                Poll::Pending
            }
            State::Sent(call) => match network.answers.remove(call) {
                Some(answer) => Poll::Ready(answer),
                None => Poll::Pending,
            },
        }
    }
}

pub struct Sleep {
    way: Way,
    until: Option<Time>,
    duration: Time,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let network = Rc::clone(&self.way.network);
        let mut network = network.borrow_mut();
        match self.until {
            None => {
                self.until = Some(network.now + self.duration);
                network.schedule(self.duration, Event::Wakes { host: self.way.host });
                Poll::Pending
            }
            Some(until) if until <= network.now => Poll::Ready(()),
            Some(_) => Poll::Pending,
        }
    }
}

fn is_seal(bytes: &[u8]) -> bool {
    // The place doesn't matter here, and who tears an entry leaves none.
    Entry::peek(bytes).is_some_and(|body| matches!(body, Body::Seal { .. }))
}

fn fault(key: impl ToString) -> StoreFault {
    StoreFault::new(key, "no answer")
}

impl Reach for Way {
    fn create(
        &self,
        key: Key,
        bytes: Arc<[u8]>,
    ) -> impl Future<Output = Result<Created, StoreFault>> + 'static {
        let asked = self.ask(Request::Create(key, bytes));
        async move {
            match asked.await {
                Answer::Created(created) => Ok(created),
                _ => Err(fault(key)),
            }
        }
    }

    fn read(
        &self,
        key: Key,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreFault>> + 'static {
        let asked = self.ask(Request::Read(key));
        async move {
            match asked.await {
                Answer::Read(bytes) => Ok(bytes),
                _ => Err(fault(key)),
            }
        }
    }

    fn list(
        &self,
        session: SessionId,
    ) -> impl Future<Output = Result<Listing, StoreFault>> + 'static {
        let asked = self.ask(Request::List(session));
        async move {
            match asked.await {
                Answer::Listed(listing) => Ok(listing),
                _ => Err(fault(session)),
            }
        }
    }

    fn delete(&self, key: Key) -> impl Future<Output = Result<(), StoreFault>> + 'static {
        let asked = self.ask(Request::Delete(key));
        async move {
            match asked.await {
                Answer::Deleted => Ok(()),
                _ => Err(fault(key)),
            }
        }
    }

    type Delivering = Pin<Box<dyn Future<Output = Result<Outcome, StoreFault>>>>;

    fn deliver(&self, key: Key, bytes: Arc<[u8]>) -> Self::Delivering {
        Box::pin(deliver(self.clone(), key, bytes))
    }

    fn random(&self) -> u128 {
        let random = &mut self.network.borrow_mut().random;
        u128::from(random.number()) << 64 | u128::from(random.number())
    }
}
