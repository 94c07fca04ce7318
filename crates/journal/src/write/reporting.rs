//! Writes one report, a slice at a time: copies a checkpoint as a slot, reads what happened last and the files that
//! are damaged, and then writes all of it into one file.

use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use jiff::Timestamp;

use super::News;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::slot_begin::{hand_on, open_slot, world_alone};
use super::slot_bytes::CopyToMemory;
use crate::disk::process::Logged;
use crate::disk::{ConsentFiles, DirectoryStore, StoreAction, StoredSession, unknown_if_gone};
use crate::format::{CheckpointKind, Commit, EventStretch, Plan, SessionIndex};
use crate::model::ids::{CheckpointId, SlotId, Ticket};
use crate::model::session::{KeptConsents, Purpose, RequestError, SlotError, WorldOf};
use crate::read::recovery::{EventQuery, EventReading, SessionFinder, THUMBNAIL, Tape};
use crate::read::report::{
    Archive, Journals, LeftOut, Personal, Picture, ReportOf, ReportOrder, ReportParts, STEP_BYTES,
    SlotBytes,
};

/// Events that are read at once.
const PAGE: usize = 256;

/// A report that is asked for.
pub(super) struct WriteReport {
    ticket: Ticket,
    stage: ReportStage,
}

enum ReportStage {
    /// One of this moment waits for the checkpoint that was captured for it, as long as that is on its way.
    ToCome(Box<ReportOrder>, WaitsFor),
    UnderWay(Box<Reporting>),
}

impl WriteReport {
    /// A report that may have to wait.
    pub(super) fn new(order: ReportOrder, ticket: Ticket, waits_for: WaitsFor) -> Self {
        Self { ticket, stage: ReportStage::ToCome(Box::new(order), waits_for) }
    }
}

impl Job for WriteReport {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        match &self.stage {
            ReportStage::ToCome(_, waits_for) => *waits_for,
            ReportStage::UnderWay(_) => WaitsFor::Nothing,
        }
    }

    fn slice(self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Self { ticket, stage } = *self;
        let reporting = match stage {
            ReportStage::ToCome(order, _) => begin(order, tools),
            ReportStage::UnderWay(reporting) => reporting,
        };
        match reporting.step(tools.finder) {
            Ok(reporting) => {
                let stage = ReportStage::UnderWay(reporting);
                Slice::Going(Box::new(Self { ticket, stage }))
            }
            Err((order, result)) => {
                tools.news.push(News::Described { order, result, ticket });
                Slice::Done
            }
        }
    }

    /// It goes with what is on the disk.
    fn in_vain(mut self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        if let ReportStage::ToCome(_, waits_for) = &mut self.stage {
            *waits_for = WaitsFor::Nothing;
        }
        Some(self)
    }
}

fn begin(order: Box<ReportOrder>, tools: &mut Tools<'_>) -> Box<Reporting> {
    let line = order.session.and_then(|session| tools.hand_over_events(session));
    let logged = match &order.of {
        ReportOf::Now => tools.process.logged(tools.now.wall),
        ReportOf::LastRun(last) => tools.finder.logged_by(last),
        ReportOf::Session | ReportOf::Scenario(_) => Logged::default(),
    };
    Box::new(Reporting::new(order, line, &logged, tools.now.wall))
}

/// A report that is being written.
struct Reporting {
    order: Box<ReportOrder>,
    now: Timestamp,
    /// The line of events, if the session is played.
    line: Option<Vec<EventStretch>>,
    personal: Personal,
    stored: Option<StoredSession>,
    /// The checkpoint that is meant.
    newest: Option<CheckpointId>,
    parts: ReportParts,
    stage: Stage,
}

enum Stage {
    Begun,
    /// Copies the checkpoint.
    Copying(Box<Copying>),
    /// Reads what happened, from here back.
    ReadingEvents {
        reading: Box<EventReading>,
    },
    /// Reads what is damaged.
    ReadingJournals,
    /// Writes all of it.
    Writing(Box<Archive>),
}

/// A checkpoint that is being copied into memory.
struct Copying {
    plan: Plan,
    copy: CopyToMemory,
}

/// A report that was written, with its bytes, or the error. No part of it is left behind then.
type Reported = (Box<ReportOrder>, Result<u64, RequestError>);

impl Reporting {
    /// Begins a report.
    fn new(
        order: Box<ReportOrder>,
        line: Option<Vec<EventStretch>>,
        logged: &Logged,
        now: Timestamp,
    ) -> Self {
        let personal = Personal::of_this_machine();
        let parts =
            ReportParts { logged: personal.removed_from_log(logged), ..ReportParts::default() };
        Self { order, now, line, personal, stored: None, newest: None, parts, stage: Stage::Begun }
    }

    /// Does the next slice; at the end, says what came of it.
    fn step(mut self: Box<Self>, finder: &SessionFinder) -> Result<Box<Self>, Reported> {
        let mut done = 0;
        while done < STEP_BYTES {
            match self.work(finder) {
                Ok(Some(bytes)) => done += bytes,
                Ok(None) => {
                    let Stage::Writing(archive) = self.stage else { continue };
                    let bytes = archive.bytes();
                    // Some systems don't remove what is open.
                    drop(archive);
                    let finished = self.order.finish(finder.local());
                    return Err((self.order, finished.map(|()| bytes)));
                }
                Err(error) => {
                    let was_created = matches!(self.stage, Stage::Writing(_));
                    self.stage = Stage::Begun;
                    let error = match was_created {
                        true => self.order.give_up(&*finder.local().outside, error),
                        false => error,
                    };
                    return Err((self.order, Err(error)));
                }
            }
        }
        Ok(self)
    }

    /// Does a piece, and says how many bytes that was, about; `None` if all is written.
    fn work(&mut self, finder: &SessionFinder) -> Result<Option<usize>, RequestError> {
        match std::mem::replace(&mut self.stage, Stage::Begun) {
            // Looking at a session is a slice of its own.
            Stage::Begun => {
                self.look(finder)?;
                self.stage = self.begin_copy(finder)?;
                Ok(Some(STEP_BYTES))
            }
            Stage::Copying(copying) => {
                self.stage = self.go_on_copying(*copying, finder)?;
                Ok(Some(STEP_BYTES))
            }
            Stage::ReadingEvents { reading } => {
                let (stage, bytes) = self.read_events(reading, finder);
                self.stage = stage;
                Ok(Some(bytes))
            }
            Stage::ReadingJournals => {
                let read = self.parts.journals.step(&**finder.local().store.disk());
                self.stage = match read {
                    Some(_) => Stage::ReadingJournals,
                    None => self.begin_archive(finder)?,
                };
                Ok(Some(read.unwrap_or_default()))
            }
            Stage::Writing(mut archive) => {
                let written = archive.step();
                self.stage = Stage::Writing(archive);
                written.map_err(|error| self.order.refused(StoreAction::Append, error))
            }
        }
    }

    /// Looks at what there is of the session. Only who wants nothing but the session can't do without.
    fn look(&mut self, finder: &SessionFinder) -> Result<(), RequestError> {
        if let Some(slot) = self.slot() {
            let (stored, checkpoint) = open_slot(finder, slot)?;
            (self.stored, self.newest) = (Some(stored), Some(checkpoint));
            return Ok(());
        }
        let hands_on = self.order.of.is_a_world();
        let store = &finder.local().store;
        let opened = self.order.session.map(|session| store.open_session_of_any_profile(session));
        let stored = match opened {
            Some(Err(error)) if hands_on => return Err(unknown_if_gone(error)),
            opened => opened.and_then(Result::ok),
        };
        if matches!(self.order.of, ReportOf::LastRun(_)) && !self.agrees(stored.as_ref(), store) {
            return Err(RequestError::ConsentNotGiven { purpose: Purpose::Reports });
        }
        let Some(stored) = stored else { return Ok(()) };
        let index = stored.index();
        self.newest = self.meant(index);
        if !matches!(self.order.of, ReportOf::Scenario(_)) {
            self.parts.head = index.newest_head().cloned();
        }
        if !hands_on {
            self.parts.checkpoints = index.checkpoints();
        }
        self.stored = Some(stored);
        Ok(())
    }

    /// Returns true if the player of the last run's session agrees to reports, in the profile that it is in. Who that is has
    /// many lines perhaps, or is unknown: then all have to agree. So do those of all profiles, if nobody can say which one
    /// was played: without a session, or with one that can't be opened.
    fn agrees(&self, stored: Option<&StoredSession>, store: &DirectoryStore) -> bool {
        let asked = self.order.asked;
        let all_agree = |answers: &KeptConsents| answers.all_agree(Purpose::Reports, asked);
        let Some(stored) = stored else {
            let profiles = ConsentFiles::read_of_all_profiles(store);
            return profiles.map_or(asked.is_none(), |profiles| profiles.iter().all(all_agree));
        };
        if stored.directory() == store.layout().session(stored.id()) {
            // The game has looked at the answers of its own profile.
            return true;
        }
        let answers = ConsentFiles::beside(store, stored.directory()).read_for_use();
        let player = stored.index().newest_head().and_then(|head| head.metadata.player.clone());
        match &player {
            Some(_) => {
                let theirs = answers.players.iter().find(|it| it.player == player);
                theirs.map_or(asked.is_none(), |it| it.agrees(Purpose::Reports, asked))
            }
            None => all_agree(&answers),
        }
    }

    /// The slot whose world is wanted.
    fn slot(&self) -> Option<SlotId> {
        match &self.order.of {
            ReportOf::Scenario(file) => match file.of {
                WorldOf::Slot(slot) => Some(slot),
                WorldOf::Session(_) => None,
            },
            _ => None,
        }
    }

    /// The checkpoint that is meant: the one that was asked for, else the newest of the run that died, or of the
    /// session if that one wrote none.
    fn meant(&self, index: &SessionIndex) -> Option<CheckpointId> {
        let asked = self.order.checkpoint;
        let witness = self.witness();
        let of_run = witness.and_then(|witness| {
            index.checkpoints().iter().map(|info| info.id).find(|id| id.run == witness.run)
        });
        let asked = asked.filter(|asked| index.commit(*asked).is_some());
        asked.or(of_run).or_else(|| index.newest_head().map(|head| head.id))
    }

    /// Begins to copy the checkpoint, or the newest one before it that isn't damaged.
    fn begin_copy(&mut self, finder: &SessionFinder) -> Result<Stage, RequestError> {
        match self.try_copy(finder) {
            Ok(copying) => Ok(Stage::Copying(Box::new(copying))),
            Err(error) => self.go_on_without_slot(&error, finder),
        }
    }

    fn try_copy(&mut self, finder: &SessionFinder) -> Result<Copying, SlotError> {
        let (Some(stored), Some(newest)) = (&self.stored, self.newest) else {
            return Err(SlotError::Unknown);
        };
        if stored.index().is_without_world(newest) {
            return Err(SlotError::Unknown);
        }
        let damaged = || SlotError::Damaged { path: stored.directory().to_path_buf() };
        let plan = stored.index().newest_intact(newest).ok_or_else(damaged)?;
        let disk = finder.local().store.disk();
        let game = finder.slots().game();
        let (_, commit) = stored.index().as_snapshot(plan.checkpoint).ok_or_else(damaged)?;
        let (source, slot, commit) = match &self.order.of {
            ReportOf::Scenario(scenario) => {
                let (from, called) = (stored.clone(), (&*scenario.scenario.name, game));
                let (source, slot) = world_alone(from, plan.checkpoint, called, self.now)?;
                (source, slot, of_nobody(commit, self.now))
            }
            _ => {
                let (source, slot) = hand_on(&**disk, stored.clone(), plan.checkpoint, game)?;
                (source, slot, commit)
            }
        };
        let copy = CopyToMemory::begin(&source, slot, (plan.clone(), commit), self.now)?;
        Ok(Copying { plan, copy })
    }

    fn go_on_copying(
        &mut self,
        copying: Copying,
        finder: &SessionFinder,
    ) -> Result<Stage, RequestError> {
        let Copying { plan, copy } = copying;
        let failure = match copy.step() {
            Ok(Continue(copy)) => {
                return Ok(Stage::Copying(Box::new(Copying { plan, copy: *copy })));
            }
            Ok(Break(bytes)) => {
                self.note_whole(&plan);
                self.parts.slot = Ok(SlotBytes { checkpoint: plan.checkpoint, bytes });
                return Ok(self.begin_events(finder));
            }
            Err(failure) => failure,
        };
        // Another way may lead there, or an older checkpoint be whole. Damage is noted, and passed over the next time.
        let is_noted = failure.is_damage() && self.note_damage(&plan);
        if is_noted {
            self.begin_copy(finder)
        } else {
            self.go_on_without_slot(&failure.into(), finder)
        }
    }

    /// Everything that a plan needs was read.
    fn note_whole(&mut self, plan: &Plan) {
        let Some(stored) = &mut self.stored else { return };
        for group in &plan.groups {
            let _ = stored.note(*group, Ok(()));
        }
        if !self.parts.checkpoints.is_empty() {
            self.parts.checkpoints = stored.index().checkpoints();
        }
    }

    /// Finds the damage of a plan. Returns true if there is any that was not known.
    fn note_damage(&mut self, plan: &Plan) -> bool {
        let Some(stored) = &mut self.stored else { return false };
        let before = stored.index().damaged_groups().count();
        let _ = stored.verify(plan);
        stored.index().damaged_groups().count() > before
    }

    /// Without its checkpoint a report says less, and a session that is handed on nothing.
    fn go_on_without_slot(
        &mut self,
        error: &SlotError,
        finder: &SessionFinder,
    ) -> Result<Stage, RequestError> {
        if self.order.of.is_a_world() {
            return Err(match error {
                SlotError::Unknown => RequestError::NothingToRestore,
                error => error.clone().into(),
            });
        }
        self.parts.slot = Err(match error {
            SlotError::Unknown => LeftOut::NothingThere,
            SlotError::Damaged { .. } => LeftOut::Damaged,
            SlotError::NewerFormat { .. } => LeftOut::NewerFormat,
            SlotError::Unreadable(_) => LeftOut::Unreadable,
            _ => LeftOut::NoRoom,
        });
        Ok(self.begin_events(finder))
    }

    fn begin_events(&mut self, finder: &SessionFinder) -> Stage {
        self.parts.picture = self.picture(finder);
        self.add_tape(finder);
        let Some(session) = self.order.session.filter(|_| self.order.report.events > 0) else {
            return self.begin_journals();
        };
        let query = EventQuery { limit: PAGE, ..EventQuery::of(session) };
        Stage::ReadingEvents { reading: Box::new(EventReading::new(query, self.line.clone())) }
    }

    /// Reads a piece of a page, and takes the page in once it is there.
    fn read_events(
        &mut self,
        mut reading: Box<EventReading>,
        finder: &SessionFinder,
    ) -> (Stage, usize) {
        match reading.step(&finder.local().store) {
            Ok(Some(bytes)) => return (Stage::ReadingEvents { reading }, bytes),
            Ok(None) => {}
            Err(_) => {
                self.parts.events_unreadable = true;
                return (self.begin_journals(), 0);
            }
        }
        let (query, page) = reading.finish();
        let wanted = self.order.report.events;
        for event in &page.events {
            if self.parts.events.len() < wanted {
                self.parts.events.add(event, &self.personal);
            }
        }
        let is_enough = self.parts.events.len() >= wanted || self.parts.events.is_full();
        let stage = match page.next.filter(|_| !is_enough) {
            Some(after) => {
                let query = EventQuery { after: Some(after), ..query };
                let reading = Box::new(EventReading::new(query, self.line.clone()));
                Stage::ReadingEvents { reading }
            }
            None => self.begin_journals(),
        };
        // Text is made of them.
        (stage, STEP_BYTES)
    }

    /// Adds the events that the dead process had recorded after its checkpoint. A report is of use without them.
    fn add_tape(&mut self, finder: &SessionFinder) {
        let (ReportOf::LastRun(_), Some(stored)) = (&self.order.of, &self.stored) else { return };
        // A report without events is one without these as well.
        if self.order.report.events == 0 {
            return;
        }
        let Ok(SlotBytes { checkpoint, .. }) = self.parts.slot else { return };
        if let Ok(tape) = Tape::after(&**finder.local().store.disk(), stored, checkpoint) {
            self.parts.add_tape(&tape);
        }
    }

    /// The newest picture on the line of the checkpoint.
    fn picture(&self, finder: &SessionFinder) -> Option<Picture> {
        let stored = self.stored.as_ref().filter(|_| self.order.report.picture)?;
        let has_picture = |id: &CheckpointId| {
            stored.beside().iter().any(|(of, name)| of == id && name == THUMBNAIL)
        };
        let line = stored.index().line(self.newest?);
        let disk = &**finder.local().store.disk();
        let mut pictures = line.into_iter().filter(has_picture);
        let picture = pictures.find_map(|id| stored.attachment(disk, id, THUMBNAIL))?;
        Some(Picture::new(picture.bytes().to_vec()))
    }

    fn begin_journals(&mut self) -> Stage {
        if let Some(stored) = self.stored.as_ref().filter(|_| !self.order.of.is_a_world()) {
            let missing = self.witness().filter(|id| stored.index().commit(*id).is_none());
            self.parts.journals = Journals::of(stored, missing, self.parts.room());
        }
        Stage::ReadingJournals
    }

    /// The newest checkpoint that the process which ended saw safe.
    fn witness(&self) -> Option<CheckpointId> {
        match &self.order.of {
            ReportOf::LastRun(previous) => previous.last_checkpoint,
            ReportOf::Now | ReportOf::Session | ReportOf::Scenario(_) => None,
        }
    }

    fn begin_archive(&mut self, finder: &SessionFinder) -> Result<Stage, RequestError> {
        let parts = std::mem::take(&mut self.parts);
        let outside = &*finder.local().outside;
        let archive = self.order.begin_archive(outside, parts, &self.personal, self.now)?;
        Ok(Stage::Writing(Box::new(archive)))
    }
}

/// A checkpoint without the facts about the machine that took it.
fn of_nobody(commit: Commit, now: Timestamp) -> Commit {
    Commit {
        kind: CheckpointKind::Opening,
        label: None,
        time: now,
        play_time: Duration::ZERO,
        summary: None,
        events_through: 0,
        origin: None,
        after_failure: false,
        tape: None,
        ..commit
    }
}
