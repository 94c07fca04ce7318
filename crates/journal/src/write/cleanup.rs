//! Cleans up: does with each session what the game's rules say, and removes what processes left behind.
//!
//! It goes on beside everything else, a session at a time, at the lowest urgency. What it does with a session is done by
//! what a request for it would be done by, once the session's lock is held and its own files still say what they said.
//! If the process dies meanwhile, each session has changed or has not, and the next cleanup finds the others again.

use std::collections::{HashMap, VecDeque};
use std::mem;

use tracing::{debug, warn};

use super::asked::{EditMany, OneOfMany};
use super::editing_many::EditingMany;
use super::erasing::Erasing;
use super::filing;
use super::jobs::{ActsFor, Holds, Job, Slice, Tools, Urgency, WaitsFor};
use super::news::News;
use super::shelf_sweeping::ShelfSweeping;
use super::sweeping::Sweeping;
use crate::disk::with_sources;
use crate::model::ids::{CheckpointId, SessionId, Ticket};
use crate::model::session::{
    Archived, CleanedTo, CleanedUp, CleanupReason, LeaveCause, SessionEdit, ShelfMove,
};
use crate::read::recovery::{Proposal, SessionEntry, SessionFinder, VersionFit};
use crate::write::retention::{LetGo, Retention};

/// Sessions of which the entry is looked up in one slice.
const LOOKED_UP_AT_ONCE: usize = if cfg!(test) { 1 } else { 64 };

/// By what a cleanup goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CleanupRules {
    /// The sessions that are kept.
    pub retention: Option<Retention>,
    /// What is kept of sessions that have ended.
    pub archive_ended: Option<Archived>,
}

/// A cleanup.
pub(super) struct CleanUp {
    rules: CleanupRules,
    ticket: Option<Ticket>,
    phase: Phase,
    done: CleanedUp,
}

/// How far it is.
enum Phase {
    /// Players are being erased whose erasure was cut off, or had to wait.
    Erase(VecDeque<Erasing>),
    /// It is looked up how the sessions stand.
    Look {
        waiting: Vec<SessionId>,
        looked: Looked,
    },
    /// Crashes are given up.
    GiveUp {
        crashes: VecDeque<(SessionId, CheckpointId, LeaveCause)>,
        then: Edits,
    },
    /// Sessions are moved.
    Edit {
        editing: Box<EditingMany>,
        why: HashMap<SessionId, CleanupReason>,
        then: Edits,
    },
    /// What has been in the trash for long goes.
    Empty(ShelfSweeping),
    /// What processes left behind goes.
    Sweep(Box<Sweeping>),
    Done,
}

/// How the sessions stand.
#[derive(Default)]
struct Looked {
    entries: Vec<SessionEntry>,
    /// Those on which the game died whenever it restored them.
    hopeless: Vec<SessionId>,
}

/// What is still to be done with sessions.
type Edits = VecDeque<(ShelfMove, VecDeque<OneOfMany>, CleanupReason)>;

impl CleanUp {
    pub(super) fn new(rules: CleanupRules, ticket: Option<Ticket>, finder: &SessionFinder) -> Self {
        let erasures = finder.store().erasures().unwrap_or_default();
        let phase = Phase::Erase(erasures.into_iter().filter_map(Erasing::resume).collect());
        Self { rules, ticket, phase, done: CleanedUp::default() }
    }

    /// Does the next piece of work.
    fn step(&mut self, tools: &mut Tools<'_>) {
        *tools.acts_for = ActsFor::Cleanup;
        self.phase = match mem::replace(&mut self.phase, Phase::Done) {
            Phase::Erase(erasures) => erase(erasures, tools),
            Phase::Look { waiting, looked } => self.look(waiting, looked, tools),
            Phase::GiveUp { crashes, then } => self.give_up(crashes, then, tools),
            Phase::Edit { editing, why, then } => self.edit(editing, why, then, tools),
            Phase::Empty(sweeping) => self.empty(sweeping, tools),
            Phase::Sweep(sweeping) => self.sweep(sweeping, tools),
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

    /// Decides what is to be done with which session.
    fn judge(&self, looked: &Looked, tools: &Tools<'_>) -> Phase {
        let (time, clock) = (tools.finder.time(), tools.now.wall);
        let mut edits = Edits::new();
        if let Some(retention) = &self.rules.retention {
            let preview = retention.preview(&looked.entries, time, clock);
            let how = match preview.let_go {
                LetGo::Archive(what) => ShelfMove::Archive(what),
                LetGo::Trash => ShelfMove::Delete,
            };
            let of = |gone: &super::retention::WouldGo| OneOfMany {
                session: gone.session,
                newest: Some(gone.newest),
            };
            edits.push_back((
                how,
                preview.sessions.iter().map(of).collect(),
                CleanupReason::Retention,
            ));
        }
        if let Some(what) = self.rules.archive_ended {
            let ended = looked.entries.iter().filter(|it| has_ended(it));
            let of = |entry: &SessionEntry| OneOfMany {
                session: entry.session.id,
                newest: entry.newest,
            };
            let how = ShelfMove::Archive(what);
            edits.push_back((how, ended.map(of).collect(), CleanupReason::Ended));
        }
        let crashes = match tools.quota.unanswered_crashes.filter(|_| tools.quota.removes) {
            None => VecDeque::new(),
            Some(keep) => {
                let crashed = looked.entries.iter().filter(|it| waits_for_an_answer(it));
                let old = crashed.filter(|it| time.has_passed(it.updated, keep, clock));
                old.filter_map(|it| Some((it.session.id, it.newest?, looked.cause(it)))).collect()
            }
        };
        Phase::GiveUp { crashes, then: edits }
    }

    fn give_up(
        &mut self,
        mut crashes: VecDeque<(SessionId, CheckpointId, LeaveCause)>,
        then: Edits,
        tools: &mut Tools<'_>,
    ) -> Phase {
        let Some((session, newest, cause)) = crashes.pop_front() else {
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
        while let Some((how, sessions, reason)) = edits.pop_front() {
            let is_done = |one: &OneOfMany| self.done.has(one.session);
            let sessions: VecDeque<OneOfMany> =
                sessions.into_iter().filter(|one| !is_done(one)).collect();
            if sessions.is_empty() {
                continue;
            }
            let why = sessions.iter().map(|one| (one.session, reason)).collect();
            let order = EditMany { sessions, edit: SessionEdit::Move(how) };
            // No request is answered by it.
            let editing = Box::new(EditingMany::new(order, Ticket::new()));
            return Phase::Edit { editing, why, then: edits };
        }
        let playing = tools.run.as_ref().map(|run| run.session());
        Phase::Empty(ShelfSweeping::new(tools.finder, playing))
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
        let local = tools.finder.local();
        let sweeping = Sweeping::new(&local.store, local.host.id, playing, forgotten);
        Phase::Sweep(Box::new(sweeping))
    }

    fn sweep(&mut self, mut sweeping: Box<Sweeping>, tools: &mut Tools<'_>) -> Phase {
        if sweeping.step(&tools.finder.local().store) {
            return Phase::Sweep(sweeping);
        }
        self.done.leftovers += sweeping.removed();
        let (time, clock) = (tools.finder.time(), tools.now.wall);
        let is_old = |at, keep| time.has_passed(at, keep, clock);
        let store = &tools.finder.local().store;
        self.done.leftovers += tools.auditor.prune(store, is_old, tools.quota.audit);
        Phase::Done
    }
}

/// Goes on with what was begun of erasing players; then with the rules.
fn erase(mut erasures: VecDeque<Erasing>, tools: &mut Tools<'_>) -> Phase {
    let Some(mut erasing) = erasures.pop_front() else {
        let mut waiting = tools.finder.store().sessions().unwrap_or_default();
        waiting.reverse();
        return Phase::Look { waiting, looked: Looked::default() };
    };
    match erasing.step(&mut tools.for_erasing()) {
        Ok(true) => erasures.push_front(erasing),
        Ok(false) => {
            let (result, ticket) = (Ok(Box::new(erasing.receipt())), None);
            tools.news.push(News::PlayerErased { result, ticket });
        }
        Err(error) => {
            warn!(error = %with_sources(&error), "a player can't be erased to the end; it is tried again");
        }
    }
    Phase::Erase(erasures)
}

impl Looked {
    fn cause(&self, entry: &SessionEntry) -> LeaveCause {
        match self.hopeless.contains(&entry.session.id) {
            true => LeaveCause::RecoveryFailed,
            false => LeaveCause::TimedOut,
        }
    }
}

/// Whether a session crashed, and may be given up once that is long ago.
fn waits_for_an_answer(entry: &SessionEntry) -> bool {
    let is_protected = entry.session.pinned || entry.forked || entry.fit == VersionFit::Newer;
    entry.has_crashed() && !entry.declined && !is_protected && entry.session.place.is_open()
}

/// Whether a session has ended, and may be put away because of it.
fn has_ended(entry: &SessionEntry) -> bool {
    let is_protected = entry.session.pinned || entry.forked || entry.fit == VersionFit::Newer;
    let is_at_hand = entry.session.place.is_open() && entry.newest.is_some() && !entry.in_use;
    entry.status.has_ended() && is_at_hand && !is_protected
}

impl Job for CleanUp {
    /// Where it was asked for, a change of profile waits for nothing of it; an exit never does.
    fn urgency(&self) -> Urgency {
        if self.ticket.is_some() { Urgency::Kept } else { Urgency::Spare }
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        self.step(tools);
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
            Phase::Erase(erasures) => erasures.front().map_or(Holds::Nothing, Erasing::holds),
            _ => Holds::Nothing,
        }
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        match &mut self.phase {
            Phase::Edit { editing, .. } => editing.cancel(finder),
            Phase::Erase(erasures) => {
                if let Some(erasing) = erasures.front_mut() {
                    erasing.let_go(finder);
                }
            }
            _ => {}
        }
    }

    fn is_long(&self) -> bool {
        true
    }
}
