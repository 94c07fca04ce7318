//! Cleans up: does with each session what the game's rules say, and removes what processes left behind.
//!
//! It runs beside everything else, a session at a time, and only at the lowest urgency if nobody asked for it. It changes a
//! session as a request for it would: once the session's lock is held, and if its own files still say what they said when
//! it was chosen. If the process dies meanwhile, each session has changed or has not, and the next cleanup finds the
//! others again.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;

use tracing::debug;

use super::asked::{EditMany, OneOfMany};
use super::cleanup_rules::CleanupRules;
use super::editing_many::EditingMany;
use super::filing;
use super::jobs::{Holds, Job, Queue, Slice, Tools, Urgency, WaitsFor};
use super::news::News;
use super::retention::{LetGo, Quota, WouldGo};
use super::shelf_sweeping::ShelfSweeping;
use super::sweeping::Sweeping;
use crate::disk::{LocalStore, StoredSession, with_sources};
use crate::format::Record;
use crate::model::ids::{CheckpointId, SessionId, Ticket};
use crate::model::session::{
    CleanedTo, CleanedUp, CleanupReason, LeaveCause, SessionEdit, ShelfMove,
};
use crate::read::recovery::{Proposal, SessionEntry, SessionFinder, VersionFit};

/// Sessions of which the entry is looked up in one slice.
const LOOKED_UP_AT_ONCE: usize = if cfg!(test) { 1 } else { 64 };
/// Sessions of which the files are asked in one slice.
const ASKED_AT_ONCE: usize = if cfg!(test) { 1 } else { 16 };

/// A cleanup.
pub(super) struct CleanUp {
    rules: CleanupRules,
    ticket: Option<Ticket>,
    /// The sessions that it is about: those of another profile are none of its business.
    local: Arc<LocalStore>,
    phase: Phase,
    done: CleanedUp,
}

/// The progress of a cleanup.
enum Phase {
    /// The sessions are looked at.
    Look {
        waiting: Vec<SessionId>,
        looked: Looked,
    },
    /// Crashes are given up.
    GiveUp {
        crashes: VecDeque<Crash>,
        then: Edits,
    },
    /// Sessions are moved.
    Edit {
        editing: Box<EditingMany>,
        why: HashMap<SessionId, CleanupReason>,
        then: Edits,
    },
    /// Sessions that have been in the trash for long are removed.
    Empty(ShelfSweeping),
    /// Leftovers of processes are removed.
    Sweep(Box<Sweeping>),
    Done,
}

/// The findings about all sessions.
#[derive(Default)]
struct Looked {
    entries: Vec<SessionEntry>,
    /// Those on which the game died whenever it restored them.
    hopeless: Vec<SessionId>,
}

/// A crash that waited for an answer for too long.
struct Crash {
    session: SessionId,
    newest: CheckpointId,
    cause: LeaveCause,
}

/// Moves of sessions that are still to be made.
type Edits = VecDeque<(ShelfMove, VecDeque<OneOfMany>, CleanupReason)>;

impl CleanUp {
    pub(super) fn new(
        rules: CleanupRules,
        quota: Quota,
        ticket: Option<Ticket>,
        local: &Arc<LocalStore>,
    ) -> Self {
        let has_rules = rules != CleanupRules::default() || quota.unanswered_crashes.is_some();
        let sessions =
            if has_rules { local.store.sessions().unwrap_or_default() } else { Vec::new() };
        let waiting = sessions.into_iter().rev().collect();
        let phase = Phase::Look { waiting, looked: Looked::default() };
        Self { rules, ticket, local: Arc::clone(local), phase, done: CleanedUp::default() }
    }

    /// Does the next piece of work.
    fn step(&mut self, tools: &mut Tools<'_>) {
        self.phase = match mem::replace(&mut self.phase, Phase::Done) {
            Phase::Look { waiting, looked } => self.look(waiting, looked, tools),
            Phase::GiveUp { crashes, then } => self.give_up(crashes, then, tools),
            Phase::Edit { editing, why, then } => self.edit(editing, why, then, tools),
            Phase::Empty(sweeping) => self.empty(sweeping, tools),
            Phase::Sweep(sweeping) => self.sweep(sweeping),
            Phase::Done => Phase::Done,
        };
    }

    fn look(
        &mut self,
        mut waiting: Vec<SessionId>,
        mut looked: Looked,
        tools: &mut Tools<'_>,
    ) -> Phase {
        for _ in 0..LOOKED_UP_AT_ONCE {
            let Some(session) = waiting.pop() else { return self.judge(&looked, tools) };
            if let Some(entry) = tools.finder.known_entry(session) {
                looked.entries.push(entry);
                continue;
            }
            // It is read, which takes as long as a slice may.
            let found = tools.finder.look_at(session, tools.types, tools.now.wall);
            if let Some(found) = found {
                if found.ladder.proposed == Proposal::SafeStart {
                    looked.hopeless.push(session);
                }
                looked.entries.extend(found.entry);
            }
            break;
        }
        Phase::Look { waiting, looked }
    }

    /// Decides what is to be done with which session. Without a rule, nothing.
    fn judge(&self, looked: &Looked, tools: &Tools<'_>) -> Phase {
        let (time, clock) = (tools.finder.time(), tools.now.wall);
        let mut edits = Edits::new();
        if let Some(retention) = &self.rules.retention {
            let preview = retention.preview(&looked.entries, time, clock);
            let how = match preview.let_go {
                LetGo::Archive(what) => ShelfMove::Archive(what),
                LetGo::Trash => ShelfMove::Delete,
            };
            let of =
                |gone: &WouldGo| OneOfMany { session: gone.session, newest: Some(gone.newest) };
            let sessions = preview.sessions.iter().map(of).collect();
            edits.push_back((how, sessions, CleanupReason::Retention));
        }
        if let Some(what) = self.rules.archive_ended {
            let ended = looked.entries.iter().filter(|entry| has_ended(entry));
            let of = |entry: &SessionEntry| OneOfMany {
                session: entry.session.id,
                newest: entry.newest,
            };
            let sessions = ended.map(of).collect();
            edits.push_back((ShelfMove::Archive(what), sessions, CleanupReason::Ended));
        }
        let crashes = match tools.quota.unanswered_crashes.filter(|_| tools.quota.removes) {
            None => VecDeque::new(),
            Some(keep) => {
                let crashed = looked.entries.iter().filter(|entry| waits_for_an_answer(entry));
                let old = crashed.filter(|entry| time.has_passed(entry.updated, keep, clock));
                old.filter_map(|entry| looked.crash(entry)).collect()
            }
        };
        Phase::GiveUp { crashes, then: edits }
    }

    fn give_up(
        &mut self,
        mut crashes: VecDeque<Crash>,
        then: Edits,
        tools: &mut Tools<'_>,
    ) -> Phase {
        let Some(Crash { session, newest, cause }) = crashes.pop_front() else {
            return self.next_edit(then, tools);
        };
        tools.digests.note_changed(session);
        match filing::give_up(tools.finder, (session, newest), cause, tools.now.wall) {
            Ok(()) => {
                tools.finder.settle(session);
                tools.trials.end(session);
                self.done.add(session, CleanedTo::Failed, CleanupReason::of_cause(cause));
                tools.news.push(News::GivenUp { session, cause });
            }
            Err(error) => {
                debug!(%session, error = %with_sources(&error), "a crash can't be given up");
                self.done.refused += 1;
            }
        }
        Phase::GiveUp { crashes, then }
    }

    fn next_edit(&mut self, mut edits: Edits, tools: &Tools<'_>) -> Phase {
        let Some((how, mut sessions, reason)) = edits.pop_front() else {
            let playing = tools.run.as_ref().map(|run| run.session());
            return Phase::Empty(ShelfSweeping::new(tools.finder, playing));
        };
        let later = sessions.split_off(ASKED_AT_ONCE.min(sessions.len()));
        if !later.is_empty() {
            edits.push_front((how, later, reason));
        }
        sessions.retain(|one| {
            let is_left_alone = reason != CleanupReason::Ended || self.is_left_alone(one);
            !self.done.has(one.session) && is_left_alone
        });
        let why = sessions.iter().map(|one| (one.session, reason)).collect();
        let order = EditMany { sessions, edit: SessionEdit::Move(how) };
        // No request is answered by it.
        let editing = Box::new(EditingMany::new(order, Ticket::new()));
        Phase::Edit { editing, why, then: edits }
    }

    /// Returns true if nobody changed anything about a session since it ended. One that the player took back out of the
    /// archive, or gave another name, isn't put away again.
    fn is_left_alone(&self, one: &OneOfMany) -> bool {
        self.local.store.open_session(one.session).is_ok_and(|stored| was_not_changed(&stored))
    }

    fn edit(
        &mut self,
        mut editing: Box<EditingMany>,
        why: HashMap<SessionId, CleanupReason>,
        then: Edits,
        tools: &mut Tools<'_>,
    ) -> Phase {
        let reported = tools.news.len();
        let has_more = editing.step(tools);
        for report in tools.news.get(reported..).unwrap_or_default() {
            let News::Shelved { session, result: Ok(moved), .. } = report else { continue };
            let became = CleanedTo::of_place(moved.to).filter(|_| moved.from != moved.to);
            let reason = why.get(session).copied();
            if let (Some(became), Some(reason)) = (became, reason) {
                self.done.add(*session, became, reason);
            }
        }
        if has_more {
            return Phase::Edit { editing, why, then };
        }
        self.done.freed += editing.done().freed;
        self.done.refused += editing.done().refused.len();
        self.next_edit(then, tools)
    }

    fn empty(&mut self, mut sweeping: ShelfSweeping, tools: &mut Tools<'_>) -> Phase {
        let reported = tools.news.len();
        let has_more = sweeping.step(tools);
        for report in tools.news.get(reported..).unwrap_or_default() {
            if let News::Emptied { session, bytes } = report {
                self.done.add(*session, CleanedTo::Removed, CleanupReason::Trash);
                self.done.freed += bytes;
            }
        }
        if has_more {
            return Phase::Empty(sweeping);
        }
        let playing = tools.run.as_ref().map(|run| run.session());
        let forgotten = tools.finder.take_forgotten();
        let sweeping = Sweeping::new(&self.local.store, self.local.host.id, playing, forgotten);
        Phase::Sweep(Box::new(sweeping))
    }

    fn sweep(&mut self, mut sweeping: Box<Sweeping>) -> Phase {
        if sweeping.step(&self.local.store) {
            return Phase::Sweep(sweeping);
        }
        self.done.leftovers += sweeping.removed();
        Phase::Done
    }
}

impl Looked {
    /// The crash of a session, if there is a checkpoint of it.
    fn crash(&self, entry: &SessionEntry) -> Option<Crash> {
        let session = entry.session.id;
        let cause = match self.hopeless.contains(&session) {
            true => LeaveCause::RecoveryFailed,
            false => LeaveCause::TimedOut,
        };
        Some(Crash { session, newest: entry.newest?, cause })
    }
}

/// Returns true if a session crashed, and may be given up once that is long ago.
fn waits_for_an_answer(entry: &SessionEntry) -> bool {
    entry.has_crashed() && !entry.declined && !is_protected(entry)
}

/// Returns true if a session has ended, and may be archived because of that.
fn has_ended(entry: &SessionEntry) -> bool {
    entry.status.has_ended() && entry.newest.is_some() && !entry.in_use && !is_protected(entry)
}

/// Returns true if no rule touches a session.
fn is_protected(entry: &SessionEntry) -> bool {
    let is_newer = entry.fit == VersionFit::Newer;
    let is_put_away = !entry.session.place.is_open();
    entry.session.pinned || entry.session.draft || entry.forked || is_newer || is_put_away
}

/// Returns true if nothing was said of a session since it ended: no statement is about its newest checkpoint, but for
/// the end of a crash that was given up.
fn was_not_changed(stored: &StoredSession) -> bool {
    let [head] = stored.index().heads() else { return false };
    let is_end = |record: &Record| matches!(record, Record::End { .. } | Record::Lineage { .. });
    stored.index().segments().iter().all(|segment| {
        let is_statement = segment.scan.groups.is_empty();
        let is_about_it = segment.header.supersedes.contains(&head.id);
        let mut records = segment.scan.records.iter().map(|(_, record)| record);
        !is_statement || !is_about_it || records.all(is_end)
    })
}

impl Job for CleanUp {
    /// An exit waits for no cleanup, even if it was asked for.
    fn urgency(&self) -> Urgency {
        if self.ticket.is_some() { Urgency::Kept } else { Urgency::Spare }
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn queue(&self) -> Option<Queue> {
        Some(Queue::Cleanups)
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        // A change of profile ends it.
        if std::ptr::eq(&*self.local, tools.finder.local()) {
            self.step(tools);
        } else {
            self.phase = Phase::Done;
        }
        if !matches!(self.phase, Phase::Done) {
            return Slice::Going(self);
        }
        let Self { done, ticket, .. } = *self;
        tools.news.push(News::CleanedUp { done: Box::new(done), ticket });
        Slice::Done
    }

    fn holds(&self) -> Holds {
        match &self.phase {
            Phase::Edit { editing, .. } => editing.holds(),
            _ => Holds::Nothing,
        }
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Phase::Edit { editing, .. } = &mut self.phase {
            editing.cancel(finder);
        }
    }

    fn is_long(&self) -> bool {
        true
    }
}
