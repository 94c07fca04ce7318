//! Cleans up: does with each session what the game's rules say, and removes what processes left behind.
//!
//! It runs beside everything else, a session at a time, and only at the lowest urgency if nobody asked for it. It changes a
//! session as a request for it would: once the session's lock is held, and if its own files still say what they said when
//! it was chosen. If the process dies meanwhile, each session has changed or has not, and the next cleanup finds the
//! others again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::asked::{EditMany, OneOfMany};
use super::cleanup_outcome::{CleanupChange, CleanupOutcome, CleanupReason};
use super::cleanup_rules::CleanupRules;
use super::editing_many::EditingMany;
use super::erasing::ErasingAgain;
use super::filing;
use super::jobs::{Holds, Job, Jobs, Queue, Slice, Tools, Urgency, WaitsFor};
use super::moving_archives::{Moved, MovingArchives};
use super::news::News;
use super::retention::{LetGo, Quota, WouldGo};
use super::shelf_sweeping::ShelfSweeping;
use super::sweeping::Sweeping;
use crate::disk::{LocalStore, StoredSession, with_sources};
use crate::format::{GroupEntry, Record};
use crate::model::ids::{CheckpointId, SessionId, Ticket};
use crate::model::session::{DiskRefusal, RequestError, SessionEdit, ShelfMove};
use crate::read::recovery::{Records, SessionEntry, SessionFinder, VersionFit, WaitingCrash};

/// Sessions of which the entry is looked up in one slice.
const LOOKED_UP_AT_ONCE: usize = if cfg!(test) { 1 } else { 64 };
/// Changes that the disk refuses for want of room or rights until no other one is tried.
const REFUSALS_UNTIL_END: usize = 3;

/// A cleanup.
pub(super) struct CleanUp {
    rules: CleanupRules,
    ticket: Option<Ticket>,
    /// The sessions that it is about: those of another profile are none of its business.
    local: Arc<LocalStore>,
    phase: Phase,
    /// All sessions, and those that are archived, as far as is known.
    sessions: VecDeque<SessionId>,
    archived: BTreeSet<SessionId>,
    /// The time for which another process is in the way.
    wait: Duration,
    outcome: CleanupOutcome,
}

/// The progress of a cleanup.
enum Phase {
    /// The sessions are looked at.
    Look(Box<Looking>),
    /// Crashes are given up.
    GiveUp {
        crashes: VecDeque<(SessionId, CheckpointId)>,
        then: Edits,
    },
    /// Sessions are moved.
    Edit {
        editing: Box<EditingMany>,
        reasons: HashMap<SessionId, CleanupReason>,
        then: Edits,
    },
    /// Sessions that have been in the trash for long are removed.
    Empty(ShelfSweeping),
    /// Sessions of erased players are removed that were left or brought back.
    Erase(ErasingAgain),
    /// The files of archived sessions are moved to the place of archives.
    Move(Box<MovingArchives>),
    /// Leftovers of processes are removed.
    Sweep(Box<Sweeping>),
    Done,
}

/// The sessions that are looked at, and the findings about them.
struct Looking {
    /// The next one last.
    waiting: Vec<SessionId>,
    /// The records of processes, which are read once for all sessions.
    records: Option<Records>,
    entries: Vec<SessionEntry>,
    crashes: Vec<(SessionId, WaitingCrash)>,
}

/// Moves of sessions that are still to be made.
type Edits = VecDeque<(ShelfMove, VecDeque<(OneOfMany, CleanupReason)>)>;

impl CleanUp {
    /// Adds a cleanup to the jobs, unless one waits there and nobody asked for another.
    pub(super) fn ask(
        jobs: &mut Jobs,
        rules: CleanupRules,
        quota: Quota,
        ticket: Option<Ticket>,
        local: &Arc<LocalStore>,
    ) {
        if ticket.is_some() || !jobs.has_queued(Queue::Cleanups) {
            jobs.add(Self::new(rules, quota, ticket, local));
        }
    }

    fn new(
        rules: CleanupRules,
        quota: Quota,
        ticket: Option<Ticket>,
        local: &Arc<LocalStore>,
    ) -> Self {
        let has_rules =
            rules.say_anything() || quota.unanswered_crashes.is_some() || local.archives.is_some();
        let sessions = if has_rules { local.store.sessions() } else { Ok(Vec::new()) };
        let is_complete = sessions.is_ok();
        let waiting = sessions.unwrap_or_default().into_iter().rev().collect();
        let (entries, crashes) = (Vec::new(), Vec::new());
        let looking = Looking { waiting, records: None, entries, crashes };
        let outcome = CleanupOutcome { is_complete, ..CleanupOutcome::default() };
        let phase = Phase::Look(Box::new(looking));
        let (sessions, archived, wait) = Default::default();
        Self { rules, ticket, local: Arc::clone(local), phase, sessions, archived, wait, outcome }
    }

    /// Does the next piece of work.
    fn step(&mut self, tools: &mut Tools<'_>) {
        self.phase = match mem::replace(&mut self.phase, Phase::Done) {
            Phase::Look(looking) => self.look(looking, tools),
            Phase::GiveUp { crashes, then } => self.give_up(crashes, then, tools),
            Phase::Edit { editing, reasons, then } => self.edit(editing, reasons, then, tools),
            Phase::Empty(sweeping) => self.empty(sweeping, tools),
            Phase::Erase(erasing) => self.erase(erasing, tools),
            Phase::Move(moving) => self.move_archives(moving, tools),
            Phase::Sweep(sweeping) => self.sweep(sweeping, tools),
            Phase::Done => Phase::Done,
        };
    }

    fn look(&mut self, mut looking: Box<Looking>, tools: &mut Tools<'_>) -> Phase {
        for _ in 0..LOOKED_UP_AT_ONCE {
            let Some(session) = looking.waiting.pop() else { return self.judge(&looking, tools) };
            let is_played = tools.playing() == Some(session);
            if !is_played && let Some(entry) = tools.finder.known_entry(session) {
                looking.entries.push(entry);
                continue;
            }
            // It is opened, which takes as long as a slice may.
            let records = looking.records.get_or_insert_with(|| tools.finder.read_records());
            match tools.finder.review(session, tools.types, records) {
                Ok(None) => {}
                Ok(Some(mut found)) => {
                    found.entry.in_use |= is_played;
                    let crash = found.crash.filter(|_| !is_played && !is_newer(&found.entry));
                    looking.crashes.extend(crash.map(|crash| (session, crash)));
                    looking.entries.push(found.entry);
                }
                Err(error) => {
                    debug!(%session, error = %with_sources(&error), "it can't be looked at");
                    self.outcome.is_complete = false;
                }
            }
            break;
        }
        Phase::Look(looking)
    }

    /// Decides what is to be done with which session. Without a rule, nothing.
    fn judge(&mut self, looking: &Looking, tools: &Tools<'_>) -> Phase {
        let archived = looking.entries.iter().filter(|entry| entry.session.place.is_archived());
        self.archived = archived.map(|entry| entry.session.id).collect();
        self.sessions = looking.entries.iter().map(|entry| entry.session.id).collect();
        let (time, clock) = (tools.finder.time(), tools.now.wall);
        let mut then = Edits::new();
        if let Some(retention) = &self.rules.retention {
            let preview = retention.preview(&looking.entries, time, clock);
            let how = match preview.let_go {
                LetGo::Archive(what) => ShelfMove::Archive(what),
                LetGo::Trash => ShelfMove::Delete,
            };
            let of = |gone: &WouldGo| {
                let one = OneOfMany { session: gone.session, newest: Some(gone.newest) };
                (one, CleanupReason::Retention(gone.reason))
            };
            then.push_back((how, preview.sessions.iter().map(of).collect()));
        }
        if let Some(what) = self.rules.archive_ended {
            let ended = looking.entries.iter().filter(|entry| has_ended(entry));
            let ended = ended.filter(|entry| !self.rules.incomplete.contains(&entry.session.id));
            let of = |entry: &SessionEntry| {
                let one = OneOfMany { session: entry.session.id, newest: entry.newest };
                (one, CleanupReason::Ended)
            };
            then.push_back((ShelfMove::Archive(what), ended.map(of).collect()));
        }
        let keep = tools.quota.unanswered_crashes.filter(|_| tools.quota.removes);
        let crashes = looking.crashes.iter().filter(|(session, crash)| {
            // The player may be reading the question.
            let is_offered = self.rules.offered.contains(session);
            !is_offered && keep.is_some_and(|keep| time.has_passed(crash.since, keep, clock))
        });
        let crashes = crashes.map(|(session, crash)| (*session, crash.newest)).collect();
        Phase::GiveUp { crashes, then }
    }

    fn give_up(
        &mut self,
        mut crashes: VecDeque<(SessionId, CheckpointId)>,
        then: Edits,
        tools: &mut Tools<'_>,
    ) -> Phase {
        let keep = tools.quota.unanswered_crashes.filter(|_| tools.quota.removes);
        let next = crashes.pop_front().filter(|_| !self.is_disk_refusing());
        let (Some((session, newest)), Some(keep)) = (next, keep) else {
            return self.next_edit(then, tools);
        };
        tools.digests.note_changed(session);
        match filing::give_up(tools.finder, (session, newest), keep, tools.now.wall) {
            Ok(Some((cause, left))) => {
                tools.finder.settle(session);
                tools.trials.end(session);
                let reason = CleanupReason::of_cause(cause);
                self.outcome.add(session, CleanupChange::GivenUp, reason);
                tools.news.push(News::GivenUp { session, cause, left });
            }
            // It was answered meanwhile, or something new is known of it.
            Ok(None) => {}
            Err(error) => self.outcome.refused.push((session, error)),
        }
        Phase::GiveUp { crashes, then }
    }

    fn next_edit(&mut self, mut edits: Edits, tools: &mut Tools<'_>) -> Phase {
        if self.is_disk_refusing() {
            // What is in the trash goes all the same: that makes room.
            self.outcome.is_complete = false;
            edits.clear();
        }
        // The game may have switched removing off meanwhile.
        let next = edits.pop_front().filter(|_| tools.quota.removes);
        let Some((how, mut sessions)) = next else {
            return Phase::Empty(ShelfSweeping::new(tools.finder));
        };
        sessions.retain(|(one, _)| !self.outcome.has(one.session));
        let is_left_alone = match sessions.front() {
            Some((_, CleanupReason::Ended)) => is_as_it_ended,
            _ => is_as_it_was_left,
        };
        let reasons = sessions.iter().map(|(one, reason)| (one.session, *reason)).collect();
        let sessions = sessions.into_iter().map(|(one, _)| one).collect();
        let order = EditMany { sessions, edit: SessionEdit::Move(how) };
        // No request is answered by it.
        let editing = EditingMany::new(order, Ticket::new()).only_if(is_left_alone);
        Phase::Edit { editing: Box::new(editing), reasons, then: edits }
    }

    fn edit(
        &mut self,
        mut editing: Box<EditingMany>,
        reasons: HashMap<SessionId, CleanupReason>,
        then: Edits,
        tools: &mut Tools<'_>,
    ) -> Phase {
        let reported = tools.news.len();
        let has_more = editing.step(tools);
        for report in tools.news.split_off(reported) {
            match &report {
                // Nobody asked for it, so it is no answer to anybody.
                News::Shelved { session, result: Err(error), .. } => {
                    self.outcome.refused.push((*session, error.clone()));
                    continue;
                }
                News::Shelved { session, result: Ok(moved), .. } => {
                    let change = CleanupChange::of_place(moved.to);
                    let change = change.filter(|_| moved.from != moved.to);
                    if let (Some(change), Some(reason)) = (change, reasons.get(session)) {
                        self.outcome.add(*session, change, *reason);
                        self.archived
                            .extend((change == CleanupChange::Archived).then_some(*session));
                    }
                }
                _ => {}
            }
            tools.news.push(report);
        }
        if has_more && !self.is_disk_refusing() {
            return Phase::Edit { editing, reasons, then };
        }
        editing.cancel(tools.finder);
        self.outcome.freed += editing.done().freed;
        self.next_edit(then, tools)
    }

    /// Returns true if the disk has refused so many changes that it would refuse others as well.
    fn is_disk_refusing(&self) -> bool {
        let refusals = self.outcome.refused.iter().filter(|(_, error)| is_of_disk(error));
        refusals.count() >= REFUSALS_UNTIL_END
    }

    fn empty(&mut self, mut sweeping: ShelfSweeping, tools: &mut Tools<'_>) -> Phase {
        let reported = tools.news.len();
        let refused = sweeping.step(tools);
        self.outcome.refused.extend(refused);
        for report in tools.news.get(reported..).unwrap_or_default() {
            if let News::Emptied { session, bytes } = report {
                self.outcome.add(*session, CleanupChange::Removed, CleanupReason::Trash);
                self.outcome.freed += bytes;
            }
        }
        if !sweeping.is_done() {
            return Phase::Empty(sweeping);
        }
        Phase::Erase(ErasingAgain::new(&self.local))
    }

    fn erase(&mut self, mut erasing: ErasingAgain, tools: &mut Tools<'_>) -> Phase {
        let reported = tools.news.len();
        let again_in = erasing.step(&mut tools.means());
        for report in tools.news.get(reported..).unwrap_or_default() {
            if let News::Forgotten { session, result: Ok(()), .. } = report {
                self.outcome.add(*session, CleanupChange::Removed, CleanupReason::Erased);
            }
        }
        self.wait = again_in.unwrap_or_default();
        if again_in.is_some() {
            return Phase::Erase(erasing);
        }
        match MovingArchives::begin(
            &self.local,
            mem::take(&mut self.sessions),
            mem::take(&mut self.archived),
        ) {
            Ok(Some(moving)) => return Phase::Move(Box::new(moving)),
            Ok(None) => {}
            Err(error) => {
                warn!(error = %with_sources(&error), "archived sessions can't be moved to or from the archives directory");
                self.outcome.is_complete = false;
            }
        }
        self.begin_to_sweep(tools)
    }

    fn move_archives(&mut self, mut moving: Box<MovingArchives>, tools: &mut Tools<'_>) -> Phase {
        match moving.step(tools) {
            Moved::Going => {}
            Moved::Session(session, bytes) => {
                let reason = CleanupReason::PlaceOfArchives;
                self.outcome.add(session, CleanupChange::MovedOut, reason);
                self.outcome.freed += bytes;
            }
            Moved::Refused(session, error) => self.outcome.refused.push((session, error)),
            Moved::Done => return self.begin_to_sweep(tools),
        }
        if self.is_disk_refusing() {
            moving.cancel();
            return self.begin_to_sweep(tools);
        }
        Phase::Move(moving)
    }

    fn begin_to_sweep(&self, tools: &mut Tools<'_>) -> Phase {
        let forgotten = tools.finder.take_forgotten();
        let sweeping = Sweeping::new(&self.local.store, self.local.host.id, forgotten);
        Phase::Sweep(Box::new(sweeping))
    }

    fn sweep(&mut self, mut sweeping: Box<Sweeping>, tools: &Tools<'_>) -> Phase {
        if sweeping.step(&self.local.store, tools) {
            return Phase::Sweep(sweeping);
        }
        self.outcome.leftovers += sweeping.removed();
        Phase::Done
    }
}

/// Returns true if a session has ended, and may be archived because of that.
fn has_ended(entry: &SessionEntry) -> bool {
    let is_kept = entry.session.pinned || entry.session.draft || entry.forked || entry.in_use;
    let is_open = entry.session.place.is_open() && entry.newest.is_some();
    entry.status.has_ended() && is_open && !is_kept && !is_newer(entry)
}

/// Returns true if a newer version of the game wrote a session.
fn is_newer(entry: &SessionEntry) -> bool {
    entry.fit == VersionFit::Newer
}

/// Returns true if a change was refused for want of room or rights, as others would be.
fn is_of_disk(error: &RequestError) -> bool {
    let RequestError::Store(cause) = error else { return false };
    let refusal = cause.refusal();
    refusal.is_lack_of_room() || refusal == DiskRefusal::ReadOnly
}

/// Returns true if nobody changed anything about a session since it was left. One that the player took back out of the
/// archive or the trash, or gave another name, isn't put away again.
fn is_as_it_was_left(stored: &StoredSession) -> bool {
    !was_changed(stored, is_about_leaving)
}

/// Returns true if nobody changed anything about a session since the run that was played in it ended it.
fn is_as_it_ended(stored: &StoredSession) -> bool {
    !was_changed(stored, |_| false) && was_ended_by_its_run(stored)
}

/// Returns true if something was said of a session since it was left, but for records that are `expected`.
fn was_changed(stored: &StoredSession, expected: fn(&Record) -> bool) -> bool {
    let [head] = stored.index().heads() else { return true };
    stored.index().segments().iter().any(|segment| {
        let is_statement = segment.scan.groups.is_empty();
        let is_about_it = segment.header.supersedes.contains(&head.id);
        let mut records = segment.scan.records.iter().map(|(_, record)| record);
        is_statement && is_about_it && !records.all(expected)
    })
}

/// Returns true if a record says how a session was left: a crash that was declined or given up.
fn is_about_leaving(record: &Record) -> bool {
    matches!(record, Record::End { .. } | Record::Declined { .. } | Record::Lineage { .. })
}

/// Returns true if the run that ended a session was played in it. A copy has the end of the session that it was made of:
/// its only run is one file of one checkpoint, whose number isn't the first, and which continues from no other run.
fn was_ended_by_its_run(stored: &StoredSession) -> bool {
    let [head] = stored.index().heads() else { return false };
    let of_run =
        stored.index().segments().iter().filter(|segment| segment.header.run == head.id.run);
    let mut files = of_run.filter(|segment| !segment.scan.groups.is_empty());
    let (Some(first), None) = (files.next(), files.next()) else { return true };
    let header = &first.header;
    let is_first_file = header.segment == 0 && header.begun.is_none();
    let continues = !header.ancestors.is_empty() || !header.supersedes.is_empty();
    let is_first = |only: &GroupEntry| only.commit.counter == 1;
    match &*first.scan.groups {
        [only] if is_first_file && !continues => is_first(only),
        _ => true,
    }
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
            self.outcome.is_complete = false;
        }
        if !matches!(self.phase, Phase::Done) {
            return match mem::take(&mut self.wait) {
                Duration::ZERO => Slice::Going(self),
                wait => Slice::Later(self, wait),
            };
        }
        let Self { outcome, ticket, .. } = *self;
        tools.news.push(News::CleanedUp { outcome: Box::new(outcome), ticket });
        Slice::Done
    }

    fn wants(&self) -> Option<SessionId> {
        match &self.phase {
            Phase::Erase(erasing) => erasing.next_session(),
            _ => None,
        }
    }

    fn holds(&self) -> Holds {
        match &self.phase {
            Phase::Edit { editing, .. } => editing.holds(),
            Phase::Move(moving) => moving.holds(),
            _ => Holds::Nothing,
        }
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        match &mut self.phase {
            Phase::Edit { editing, .. } => editing.cancel(finder),
            Phase::Move(moving) => moving.cancel(),
            _ => {}
        }
    }

    fn is_long(&self) -> bool {
        true
    }
}
