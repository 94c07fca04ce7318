//! One process among many, and the requests that were answered as done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::format::CheckpointKind;
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, RunId, SessionId, Ticket};
use crate::model::session::{
    Archived, Attachment, AttachmentQuota, NewSession, RequestError, SaveSlot, SessionEdit,
    SessionUpdate, ShelfMove, SlotError,
};
use crate::read::finding::ListedSessions;
use crate::read::recovery::FoundSession;
use crate::torture::content::Bytes;
use crate::torture::game::{self, Beginning};
use crate::torture::world::{with_commit, with_notes};
use crate::torture::{Game, Random, World};
use crate::write::{
    DraftOrder, EditMany, News, OneOfMany, Order, SessionAttachmentOrder, SlotOrder,
};

/// Turns within which each request is answered.
const TURNS: usize = 20_000;
/// Turns after which a request waits for another process, which takes time.
const TURNS_WITHOUT_TIME: usize = 100;
/// The time that a turn takes then.
const TIME_OF_TURN: Duration = Duration::from_millis(20);

/// The requests that were answered as done.
#[derive(Default, Serialize, Deserialize)]
pub struct Done {
    pub tags: Vec<(SessionId, String)>,
    /// The newest value of a field that no other process sets.
    pub fields: BTreeMap<SessionId, u64>,
    pub made: BTreeSet<SessionId>,
    pub forgotten: BTreeSet<SessionId>,
    /// The names of the slots that it has saved, and of those that it has deleted or renamed.
    pub slots: BTreeSet<String>,
    pub slots_gone: BTreeSet<String>,
    /// The newest version of what it has attached to the session that it plays.
    pub attached: u32,
    pub requests: usize,
    /// The cleanups that were asked for, and those that looked at everything and were refused nothing.
    pub cleanups: (usize, usize),
    pub refused: BTreeMap<String, usize>,
    /// The newest checkpoint that was acknowledged of the session that it plays, and what it held.
    pub saved: Option<(CheckpointId, u64)>,
    /// The number of checkpoints that were acknowledged.
    pub checkpoints: usize,
    /// The session that it plays.
    pub played: Option<SessionId>,
    /// The request that took the longest.
    pub slowest: (Duration, String),
}

pub struct Client<'a> {
    pub number: usize,
    pub game: Game,
    pub now: Moment,
    pub random: Random,
    pub sessions: &'a [SessionId],
    /// True if its disk never fails, so that each request must be done once its session is free.
    pub is_healthy: bool,
    /// What was captured and isn't acknowledged.
    pub captured: BTreeMap<u64, u64>,
    /// The sessions that were listed, and weren't said to be gone since.
    pub listed: BTreeSet<SessionId>,
    pub done: Done,
}

impl Client<'_> {
    /// The name of the field that this one sets.
    pub fn field(number: usize) -> String {
        format!("of-{number}")
    }

    /// Makes requests of every kind, while it plays a session of its own and saves it.
    pub fn make_requests(&mut self, count: usize) {
        self.play();
        for request in 0..count {
            self.capture();
            let begun = Instant::now();
            let name = self.make_request(request);
            self.done.requests += 1;
            self.done.slowest =
                std::mem::take(&mut self.done.slowest).max((begun.elapsed(), name.to_owned()));
        }
        // Others may still be busy.
        self.list();
        for _ in 0..TURNS {
            if self.captured.is_empty() || !self.is_healthy {
                return;
            }
            let news = self.game.turn(self.now);
            news.iter().for_each(|news| self.hear(news));
        }
        panic!("what was captured should be saved");
    }

    /// Begins a session of its own.
    fn play(&mut self) {
        let session = SessionId::random();
        let name = format!("Played by {}", self.number);
        let metadata = game::metadata(session, &name, self.now.wall);
        let world = World::new(&mut self.random);
        let beginning = Beginning::new(RunId::random(), metadata, world);
        self.game.take_up(beginning, self.now);
        self.done.played = Some(session);
    }

    /// Captures its world, without waiting for more than a turn.
    fn capture(&mut self) {
        let Some(playing) = &mut self.game.playing else { return };
        playing.world.change(&mut self.random);
        let world = playing.world.clone();
        let (commit, mut news) = self.game.checkpoint(CheckpointKind::Auto, None, self.now);
        let digest =
            with_notes(with_commit(world.digest(), &commit), &world.fields, &world.chapters);
        self.captured.insert(commit.counter, digest);
        news.extend(self.game.turn(self.now));
        news.iter().for_each(|news| self.hear(news));
    }

    /// Notes what was acknowledged.
    fn hear(&mut self, news: &News) {
        match news {
            News::Saved(saved) => {
                let digest = self.captured.get(&saved.id.counter).copied();
                self.done.saved = digest.map(|digest| (saved.id, digest)).or(self.done.saved);
                self.done.checkpoints += 1;
                // Those before were merged with it.
                self.captured.retain(|counter, _| *counter > saved.id.counter);
            }
            News::Failed { .. } => assert!(!self.is_healthy, "{news:?}"),
            News::Remembered(settled) => self.note_listed(settled.entries()),
            // It says what is new, and nothing of what was listed before.
            News::Detected { settled, found, gone, .. } => {
                self.note_listed(settled.entries());
                self.listed.extend(found.iter().map(|found| found.session));
                self.listed.retain(|session| !gone.contains(session));
            }
            _ => {}
        }
    }

    fn note_listed(&mut self, entries: ListedSessions<'_>) {
        self.listed.extend(entries.iter().map(|entry| entry.session.id));
    }

    fn make_request(&mut self, request: usize) -> &'static str {
        let session = self.sessions[self.random.below(self.sessions.len() as u64) as usize];
        match (request + self.number) % 14 {
            0 => self.tag(session, request),
            1 => self.set_field(session, request as u64 + 1),
            2 => self.shelve("delete", session, ShelfMove::Delete),
            3 => self.shelve("undelete", session, ShelfMove::Undelete),
            4 => self.shelve("archive", session, ShelfMove::Archive(Archived::WithWorld)),
            5 => self.shelve("unarchive", session, ShelfMove::Unarchive),
            6 => self.copy(session, request),
            7 => self.draft(request),
            8 => self.forget(),
            9 => self.list(),
            10 => self.slot(request),
            11 => self.attach(request),
            12 => self.clean_up(),
            _ => self.edit_many(request),
        }
    }

    fn tag(&mut self, session: SessionId, request: usize) -> &'static str {
        let tag = format!("{}-{request}", self.number);
        let update = SessionUpdate::default().tag(&tag);
        if self.edit(session, &update) {
            self.done.tags.push((session, tag));
        }
        "tag"
    }

    fn set_field(&mut self, session: SessionId, value: u64) -> &'static str {
        let name = Self::field(self.number);
        let update = SessionUpdate::default().field(&name, &value).unwrap();
        if self.edit(session, &update) {
            self.done.fields.insert(session, value);
        }
        "field"
    }

    fn edit(&mut self, session: SessionId, update: &SessionUpdate) -> bool {
        let order =
            || Order::Edit { session, update: Box::new(update.clone()), ticket: Ticket::new() };
        let edited = |news| match news {
            News::Edited { result, .. } => Some(result),
            _ => None,
        };
        self.ask(order, edited).is_some()
    }

    fn shelve(&mut self, name: &'static str, session: SessionId, how: ShelfMove) -> &'static str {
        let shelved = |news| match news {
            News::Shelved { result, .. } => Some(result),
            _ => None,
        };
        self.ask(|| Order::Shelve { session, how, ticket: Ticket::new() }, shelved);
        name
    }

    fn copy(&mut self, session: SessionId, request: usize) -> &'static str {
        let name = format!("Copy {}-{request}", self.number);
        let copied = |news| match news {
            News::Copied { result, .. } => Some(result),
            _ => None,
        };
        let copied =
            self.ask(|| Order::Copy { session, name: name.clone(), ticket: Ticket::new() }, copied);
        self.done.made.extend(copied.map(|entry| entry.session.id));
        "copy"
    }

    fn draft(&mut self, request: usize) -> &'static str {
        let session = NewSession::named(format!("Draft {}-{request}", self.number));
        let mut metadata = session.begin(SessionId::random(), self.now.wall);
        metadata.draft = true;
        let order = || {
            let (metadata, session) = (metadata.clone(), session.clone());
            let order = Box::new(DraftOrder { metadata, session });
            Order::Draft { order, ticket: Ticket::new() }
        };
        let drafted = |news| match news {
            News::Drafted { result, .. } => Some(result),
            _ => None,
        };
        let drafted = self.ask(order, drafted);
        self.done.made.extend(drafted.map(|entry| entry.session.id));
        "draft"
    }

    /// Deletes one that it has made itself, so that all others know which sessions there are.
    fn forget(&mut self) -> &'static str {
        let Some(session) = self.done.made.pop_first() else { return "forget" };
        let forgotten = |news| match news {
            News::Forgotten { result, .. } => Some(result),
            _ => None,
        };
        if self.ask(|| Order::Forget { session, ticket: Ticket::new() }, forgotten).is_some() {
            self.done.forgotten.insert(session);
        }
        "forget"
    }

    fn edit_many(&mut self, request: usize) -> &'static str {
        let tag = format!("{}-{request}", self.number);
        let from = self.random.below(self.sessions.len() as u64) as usize;
        let wanted = self.sessions.iter().cycle().skip(from).take(3.min(self.sessions.len()));
        let one = |session: &SessionId| OneOfMany { session: *session, newest: None };
        let sessions: VecDeque<OneOfMany> = wanted.map(one).collect();
        let edit = SessionEdit::Update(SessionUpdate::default().tag(&tag));
        let mut edited = Vec::new();
        let order = || {
            let order = EditMany { sessions: sessions.clone(), edit: edit.clone() };
            Order::EditMany { order: Box::new(order), ticket: Ticket::new() }
        };
        self.ask(order, |news| match news {
            News::Edited { session, result: Ok(()), .. } => {
                edited.push(session);
                None
            }
            News::EditedMany { .. } => Some(Ok(())),
            _ => None,
        });
        self.done.tags.extend(edited.into_iter().map(|session| (session, tag.clone())));
        "edit many"
    }

    fn list(&mut self) -> &'static str {
        let mut found = Vec::new();
        self.ask(
            || Order::Detect { ticket: None },
            |news| match news {
                news @ News::Detected { .. } => {
                    found = news.into_found();
                    Some(Ok(()))
                }
                _ => None,
            },
        );
        if self.is_healthy {
            found.iter().for_each(assert_whole);
            self.assert_all_listed();
        }
        "list"
    }

    /// No listing misses a session, whatever others do with it meanwhile: nobody deletes those that all share, and nobody
    /// else what this one has made.
    fn assert_all_listed(&self) {
        let played = self.done.played.filter(|_| self.done.saved.is_some());
        let there = self.sessions.iter().chain(&self.done.made).chain(&played);
        let missing: Vec<_> = there.filter(|session| !self.listed.contains(*session)).collect();
        assert!(missing.is_empty(), "these are there, and weren't listed: {missing:?}");
    }

    /// Saves a slot of the session that it plays, or renames or deletes one that it has saved.
    fn slot(&mut self, request: usize) -> &'static str {
        let (Some(session), Some((checkpoint, _))) = (self.done.played, self.done.saved) else {
            return "slot";
        };
        let name = format!("{}-{request}", self.number);
        let saved = self.done.slots.first().cloned();
        let saved = saved.and_then(|saved| Some((self.game.slots.get(&saved)?.id, saved)));
        match (saved, self.random.below(3)) {
            (Some((slot, before)), 0) => {
                // If that fails, it may be called either.
                self.done.slots.remove(&before);
                if self.ask_of_slots(&SlotOrder::Rename { slot, name: name.clone() }) {
                    self.done.slots.insert(name);
                    // Where its file can't be removed, both are there.
                    self.done.slots_gone.extend(self.is_healthy.then_some(before));
                }
                "rename slot"
            }
            (Some((slot, before)), 1) => {
                self.done.slots.remove(&before);
                if self.ask_of_slots(&SlotOrder::Delete { slot }) {
                    self.done.slots_gone.insert(before);
                }
                "delete slot"
            }
            _ => {
                let slot = SaveSlot::manual(name.clone());
                if self.ask_of_slots(&SlotOrder::Save { slot, session, checkpoint }) {
                    self.done.slots.insert(name);
                }
                "save slot"
            }
        }
    }

    fn ask_of_slots(&mut self, order: &SlotOrder) -> bool {
        let ask = || Order::Slot { order: order.clone(), ticket: Some(Ticket::new()) };
        let done = |news| match news {
            News::Slot { result, ticket: Some(_), .. } => {
                Some(result.map_err(|error| match error {
                    // As of a session, it is asked again.
                    SlotError::InUse => RequestError::SessionInUse,
                    error => error.into(),
                }))
            }
            _ => None,
        };
        self.ask(ask, done).is_some()
    }

    /// Attaches something to the session that it plays.
    fn attach(&mut self, request: usize) -> &'static str {
        let (Some(session), Some(_)) = (self.done.played, self.done.saved) else {
            return "attach";
        };
        let attachment = Attachment::new("map".to_owned(), request.to_le_bytes().to_vec());
        let order = || {
            let (attachment, quota) = (attachment.clone(), AttachmentQuota::default());
            let order = SessionAttachmentOrder::Attach { session, attachment, quota };
            Order::SessionAttachment { order, ticket: Ticket::new() }
        };
        let attached = |news| match news {
            News::SessionAttachment { result, .. } => Some(result.map_err(RequestError::from)),
            _ => None,
        };
        let attached = self.ask(order, attached).unwrap_or_default();
        let newest = attached.iter().map(|listed| listed.version).max().unwrap_or_default();
        self.done.attached = self.done.attached.max(newest);
        "attach"
    }

    /// Removes leftovers, and nothing that others are about to write.
    fn clean_up(&mut self) -> &'static str {
        let order = || Order::CleanUp { rules: Box::default(), ticket: Some(Ticket::new()) };
        let cleaned_up = |news| match news {
            News::CleanedUp { outcome, .. } => Some(Ok(outcome)),
            _ => None,
        };
        let outcome = self.ask(order, cleaned_up);
        self.done.cleanups.0 += 1;
        if let Some(outcome) = outcome {
            assert!(outcome.sessions.is_empty(), "there are no rules");
            let is_whole = outcome.is_complete && outcome.refused.is_empty();
            self.done.cleanups.1 += usize::from(is_whole);
        }
        "clean up"
    }

    /// Asks until the session is free. Returns the answer; `None` if that was an error.
    fn ask<T>(
        &mut self,
        order: impl Fn() -> Order<Bytes>,
        mut answer: impl FnMut(News) -> Option<Result<T, RequestError>>,
    ) -> Option<T> {
        loop {
            let mut news = self.game.order(order(), self.now);
            let mut turns = 0;
            let answered = loop {
                news.iter().for_each(|news| self.hear(news));
                // All of the news is taken in, also what comes before the answer.
                let answers: Vec<_> = news.into_iter().filter_map(&mut answer).collect();
                if let Some(answered) = answers.into_iter().next() {
                    break answered;
                }
                turns += 1;
                assert!(turns < TURNS, "it should be answered");
                if turns > TURNS_WITHOUT_TIME {
                    self.now.elapsed += TIME_OF_TURN;
                }
                news = self.game.turn(self.now);
            };
            match answered {
                Ok(done) => return Some(done),
                Err(RequestError::SessionInUse) => thread::yield_now(),
                Err(error) => {
                    let is_refusal = matches!(
                        error,
                        RequestError::NotInTrash
                            | RequestError::NotArchived
                            | RequestError::TooManyTags { .. }
                    );
                    assert!(is_refusal || !self.is_healthy, "{error}: {error:?}");
                    *self.done.refused.entry(error.to_string()).or_default() += 1;
                    return None;
                }
            }
        }
    }
}

/// A session is never seen halfway.
pub fn assert_whole(found: &FoundSession) {
    assert_eq!((&found.corruption, &found.failure), (&None, &None), "{}", found.session);
}
