//! What is to be done with slots, one thing after the other and between the checkpoints.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::{debug, warn};

use super::Report;
use super::slot_copy::{CopyFailure, CopyProgress, SlotCopy, SlotSource};
use crate::clock::Moment;
use crate::journal::{
    CheckpointId, Commit, Damage, FrameKind, Plan, ReadError, RunId, SegmentHeader, SessionId,
    SlotHeader, SlotId, SlotKind, encode_attachment,
};
use crate::recovery::{Machine, SlotEntry, find_slot, unknown_frames};
use crate::session::{Attachment, SaveSlot, SlotError};
use crate::store::{
    Layout, SlotFile, SlotName, SlotsLock, StoreError, StoredSession, with_sources,
};

/// How long another process may be busy with slots.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How often the lock is tried meanwhile.
const LOCK_AGAIN: Duration = Duration::from_millis(20);

/// Something to be done with slots.
#[derive(Clone, Debug)]
pub(crate) enum SlotOrder {
    /// Make a slot of a checkpoint, once that is durable.
    Save { slot: SaveSlot, session: SessionId, checkpoint: CheckpointId },
    /// Make another slot of one.
    Copy { slot: SlotId, name: String },
    /// Call it something else.
    Rename { slot: SlotId, name: String },
    /// Delete it.
    Delete { slot: SlotId },
    /// Lay bytes of the game's own beside a checkpoint, and into the slots that were made of it.
    Attach { session: SessionId, checkpoint: CheckpointId, attachment: Attachment },
    /// Write a slot anew, with what was laid beside its checkpoint since. Nobody asks for it.
    Refresh { slot: SlotId },
}

/// What came of it.
pub(crate) enum SlotDone {
    Written {
        /// The slot.
        entry: Box<SlotEntry>,
        /// The slot that isn't there any more because of it.
        replaced: Option<SlotId>,
    },
    Deleted,
    Attached,
}

/// The things to be done, in order.
#[derive(Default)]
pub(super) struct SlotWork {
    orders: VecDeque<SlotOrder>,
    /// The run that is being written.
    run: Option<RunId>,
    current: Option<Current>,
    /// The newest checkpoint of the run that is being written that is durable.
    durable: Option<CheckpointId>,
    /// Since when the lock is waited for.
    waiting_since: Option<Duration>,
}

/// A slot that is being written.
struct Current {
    order: SlotOrder,
    header: SegmentHeader,
    place: PathBuf,
    copy: SlotCopy,
    source: SlotSource,
    /// Whether all ways to the checkpoint were looked at before.
    verified: bool,
    /// What isn't wanted any more once it is written.
    replaced: Option<SlotId>,
    _lock: Option<SlotsLock>,
}

impl SlotWork {
    pub(super) fn add(&mut self, order: SlotOrder) {
        self.orders.push_back(order);
    }

    /// Whether everything is done.
    pub(super) fn is_done(&self) -> bool {
        self.orders.is_empty() && self.current.is_none()
    }

    /// Time until there is something to do; `None` if that depends on a checkpoint.
    pub(super) fn wake(&self) -> Option<Duration> {
        if self.current.is_some() {
            return Some(Duration::ZERO);
        }
        self.orders.front().filter(|order| self.may_begin(order))?;
        Some(if self.waiting_since.is_some() { LOCK_AGAIN } else { Duration::ZERO })
    }

    /// Takes in what became of checkpoints.
    pub(super) fn note(&mut self, news: &[Report], reports: &mut Vec<Report>) {
        let mut lost = false;
        for report in news {
            match report {
                Report::Saved(saved) => self.durable = Some(saved.id),
                Report::Failed { .. } | Report::NeedFull => lost = true,
                _ => {}
            }
        }
        if lost {
            self.give_up_waiting(reports);
        }
    }

    /// A new run begins: no checkpoint of an older one becomes durable any more.
    pub(super) fn begin_run(&mut self, run: RunId, reports: &mut Vec<Report>) {
        self.give_up_waiting(reports);
        self.run = Some(run);
        self.durable = None;
    }

    /// Gives up what waits for a checkpoint.
    pub(super) fn give_up_waiting(&mut self, reports: &mut Vec<Report>) {
        let (ready, waiting): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.orders).into_iter().partition(|order| self.may_begin(order));
        self.orders = ready;
        for order in waiting {
            reports.push(failed(order, SlotError::CheckpointNotSaved));
        }
    }

    /// Does the next slice.
    pub(super) fn turn(&mut self, machine: &mut Machine, now: Moment, reports: &mut Vec<Report>) {
        if self.current.is_none() {
            self.begin(machine, now, reports);
        }
        let Some(current) = self.current.take() else { return };
        self.step(current, machine, reports);
    }

    /// Whether the checkpoint that an order is about is durable.
    fn may_begin(&self, order: &SlotOrder) -> bool {
        let (SlotOrder::Save { checkpoint, .. } | SlotOrder::Attach { checkpoint, .. }) = order
        else {
            return true;
        };
        let is_of_this_run = self.run == Some(checkpoint.run);
        !is_of_this_run || self.durable.is_some_and(|durable| durable.counter >= checkpoint.counter)
    }

    fn begin(&mut self, machine: &mut Machine, now: Moment, reports: &mut Vec<Report>) {
        if !self.orders.front().is_some_and(|order| self.may_begin(order)) {
            return;
        }
        let lock = match machine.home().store.lock_slots() {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) if self.may_wait(now) => return,
            Ok(None) => Err(SlotError::InUse),
            // Without locks it is done all the same: no step of it can lose a slot.
            Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
            Err(error) => Err(store_error(&error)),
        };
        self.waiting_since = None;
        let Some(order) = self.orders.pop_front() else { return };
        let begun = lock.and_then(|lock| begin(order.clone(), lock, machine, now));
        match begun {
            Ok(Begun::Copying(current)) => self.current = Some(*current),
            Ok(Begun::Attached(slots)) => {
                let refresh = slots.into_iter().map(|slot| SlotOrder::Refresh { slot });
                refresh.for_each(|order| self.orders.push_front(order));
                reports.push(Report::Slot { order, result: Ok(SlotDone::Attached) });
            }
            Ok(Begun::Deleted) => {
                reports.push(Report::Slot { order, result: Ok(SlotDone::Deleted) });
            }
            Err(error) => reports.push(failed(order, error)),
        }
    }

    fn may_wait(&mut self, now: Moment) -> bool {
        let since = *self.waiting_since.get_or_insert(now.elapsed);
        now.elapsed.saturating_sub(since) < LOCK_PATIENCE
    }

    fn step(&mut self, current: Current, machine: &mut Machine, reports: &mut Vec<Report>) {
        let Current { order, header, place, copy, source, verified, replaced, _lock } = current;
        let store = &machine.home().store;
        let failure = match copy.step(store) {
            Ok(CopyProgress::Going(copy)) => {
                let current =
                    Current { order, header, place, copy, source, verified, replaced, _lock };
                self.current = Some(current);
                return;
            }
            Ok(CopyProgress::Done) => {
                let result = finish(machine, &order, &place, replaced);
                return reports.push(Report::Slot { order, result });
            }
            Err(failure) => failure,
        };
        if failure.is_damage() && !verified {
            // There may be another way to the checkpoint.
            match copy_around_damage(machine, source, &header, &place) {
                Ok((copy, source)) => {
                    let verified = true;
                    let current =
                        Current { order, header, place, copy, source, verified, replaced, _lock };
                    self.current = Some(current);
                    return;
                }
                Err(error) => return reports.push(failed(order, error)),
            }
        }
        reports.push(failed(order, failure.into()));
    }
}

/// What the beginning of an order came to.
enum Begun {
    Copying(Box<Current>),
    Deleted,
    /// These slots want it as well.
    Attached(Vec<SlotId>),
}

fn begin(
    order: SlotOrder,
    lock: Option<SlotsLock>,
    machine: &mut Machine,
    now: Moment,
) -> Result<Begun, SlotError> {
    if lock.is_some() {
        machine.home().store.sweep_slots();
    }
    look(machine)?;
    let (source, slot, replaced) = match &order {
        SlotOrder::Delete { slot } => {
            delete(machine, *slot)?;
            return Ok(Begun::Deleted);
        }
        SlotOrder::Save { slot, session, checkpoint } => {
            save(machine, slot, *session, *checkpoint)?
        }
        SlotOrder::Attach { session, checkpoint, attachment } => {
            return attach(machine, *session, *checkpoint, attachment).map(Begun::Attached);
        }
        SlotOrder::Refresh { slot } => refresh(machine, *slot)?,
        SlotOrder::Copy { slot, name } => copy(machine, *slot, name)?,
        SlotOrder::Rename { slot, name } => rename(machine, *slot, name)?,
    };
    let header = source.header(slot, now.wall);
    let place = free_place(machine, &header, replaced);
    let (copy, source) = match begin_copy(machine, &source, &header, &place) {
        Ok(copy) => (copy, source),
        Err(failure) if failure.is_damage() => {
            copy_around_damage(machine, source, &header, &place)?
        }
        Err(failure) => return Err(failure.into()),
    };
    let verified = false;
    let current = Current { order, header, place, copy, source, verified, replaced, _lock: lock };
    Ok(Begun::Copying(Box::new(current)))
}

type Intended = (SlotSource, SlotHeader, Option<SlotId>);

/// A slot of a checkpoint.
fn save(
    machine: &Machine,
    slot: &SaveSlot,
    session: SessionId,
    checkpoint: CheckpointId,
) -> Result<Intended, SlotError> {
    let stored = machine.home().store.open_session(session).map_err(|error| store_error(&error))?;
    let commit = stored.index().commit(checkpoint).ok_or(SlotError::CheckpointNotSaved)?.clone();
    let run =
        stored.index().segments().iter().rfind(|segment| segment.header.run == checkpoint.run);
    let header = run.ok_or(SlotError::CheckpointNotSaved)?.header.clone();
    let head = stored.index().heads().iter().find(|head| head.id.run == checkpoint.run);
    let metadata = head.map_or_else(|| header.metadata.clone(), |head| head.metadata.clone());
    let attachments = machine.home().store.attachments(session, checkpoint);
    let frames = frames(&stored, &attachments);
    let player = metadata.player.clone();
    let SaveSlot { name, kind, overwrite } = slot.clone();
    let what = SlotName { kind, player: player.as_deref(), name: &name, session };
    let there = machine.slots().named(&what).map(|file| file.slot.id);
    if let Some(slot) = there.filter(|_| !overwrite) {
        return Err(SlotError::NameTaken { slot });
    }
    let slot = SlotHeader {
        id: SlotId::random(),
        revision: 0,
        name,
        kind,
        game: machine.slots().game().to_owned(),
        counter: checkpoint.counter,
        time: commit.time,
        play_time: commit.play_time,
        entities: commit.entities,
        attachments: names_of(&attachments),
    };
    Ok((SlotSource { stored, checkpoint, metadata, header, frames }, slot, there))
}

/// What stands before the checkpoint in a slot.
fn frames(stored: &StoredSession, attachments: &[Attachment]) -> Vec<(FrameKind, Vec<u8>)> {
    let attachments =
        attachments.iter().filter_map(|attachment| encode_attachment(attachment).ok());
    unknown_frames(stored).into_iter().chain(attachments).collect()
}

fn names_of(attachments: &[Attachment]) -> Vec<String> {
    attachments.iter().map(|attachment| attachment.name.clone()).collect()
}

/// Lays an attachment beside its checkpoint, and says which slots were made of that.
fn attach(
    machine: &Machine,
    session: SessionId,
    checkpoint: CheckpointId,
    attachment: &Attachment,
) -> Result<Vec<SlotId>, SlotError> {
    let store = &machine.home().store;
    let stored = store.open_session(session).map_err(|error| store_error(&error))?;
    stored.index().commit(checkpoint).ok_or(SlotError::CheckpointNotSaved)?;
    let written = store.write_attachment(session, checkpoint, attachment);
    written.map_err(|error| store_error(&error))?;
    let slots = machine.slots().slots().into_iter();
    let copies = slots.filter(|file| file.header.slot_checkpoint() == Some(checkpoint));
    Ok(copies.map(|file| file.slot.id).collect())
}

/// The same slot with what was laid beside its checkpoint since.
fn refresh(machine: &Machine, slot: SlotId) -> Result<Intended, SlotError> {
    let (mut source, file) = source_of_slot(machine, slot)?;
    let mut attachments = machine.home().store.attachments(file.header.session, source.checkpoint);
    for known in source.stored.attachments() {
        if attachments.iter().all(|attachment| attachment.name != known.name) {
            attachments.push(known);
        }
    }
    source.frames = frames(&source.stored, &attachments);
    let revision = file.slot.revision.saturating_add(1);
    let attachments = names_of(&attachments);
    Ok((source, SlotHeader { revision, attachments, ..(*file.slot).clone() }, Some(slot)))
}

/// A slot of a slot.
fn copy(machine: &Machine, slot: SlotId, name: &str) -> Result<Intended, SlotError> {
    let (source, file) = source_of_slot(machine, slot)?;
    refuse_taken(machine, &file, name, None)?;
    let (id, kind, name) = (SlotId::random(), SlotKind::Manual, name.to_owned());
    let slot = SlotHeader { id, revision: 0, name, kind, ..(*file.slot).clone() };
    Ok((source, slot, None))
}

/// The same slot under another name. The file under the old name goes once the new one is durable.
fn rename(machine: &Machine, slot: SlotId, name: &str) -> Result<Intended, SlotError> {
    let (source, file) = source_of_slot(machine, slot)?;
    refuse_taken(machine, &file, name, Some(slot))?;
    let revision = file.slot.revision.saturating_add(1);
    let (kind, name) = (SlotKind::Manual, name.to_owned());
    let header = SlotHeader { revision, name, kind, ..(*file.slot).clone() };
    Ok((source, header, Some(slot)))
}

fn source_of_slot(machine: &Machine, slot: SlotId) -> Result<(SlotSource, SlotFile), SlotError> {
    let files = find_slot(machine.slots(), slot)?;
    let mut failure = SlotError::Unknown;
    // Of copies, the first that isn't known to be damaged.
    for file in files {
        let stored = machine.home().store.open_slot(&file.path, &file.header);
        let checkpoint = file.header.slot_checkpoint();
        let Some(checkpoint) = checkpoint.filter(|id| stored.index().plan(*id).is_some()) else {
            failure = SlotError::Damaged { path: file.path.to_path_buf() };
            continue;
        };
        let (header, metadata) = ((*file.header).clone(), file.header.metadata.clone());
        let frames = frames(&stored, &stored.attachments());
        return Ok((SlotSource { stored, checkpoint, metadata, header, frames }, file));
    }
    Err(failure)
}

fn refuse_taken(
    machine: &Machine,
    file: &SlotFile,
    name: &str,
    own: Option<SlotId>,
) -> Result<(), SlotError> {
    let what = SlotName { kind: SlotKind::Manual, name, ..file.name() };
    match machine.slots().named(&what) {
        Some(there) if Some(there.slot.id) != own => {
            Err(SlotError::NameTaken { slot: there.slot.id })
        }
        _ => Ok(()),
    }
}

fn delete(machine: &mut Machine, slot: SlotId) -> Result<(), SlotError> {
    let paths: Vec<PathBuf> = match find_slot(machine.slots(), slot) {
        Ok(files) => files.into_iter().map(|file| file.path.to_path_buf()).collect(),
        Err(error) => match machine.slots().unread_file(slot) {
            // What can't be read now may be readable later, and then somebody may want it.
            Some(file) if !matches!(error, SlotError::Unreadable { .. }) => vec![file.path.clone()],
            _ => return Err(error),
        },
    };
    let store = &machine.home().store;
    store.remove_slots(paths.iter().map(PathBuf::as_path)).map_err(|error| store_error(&error))
}

/// Where a slot is put: where no other file is than the one that it replaces.
fn free_place(machine: &Machine, header: &SegmentHeader, replaced: Option<SlotId>) -> PathBuf {
    let shelf = machine.slots();
    let own: Vec<SlotFile> = replaced.map(|slot| shelf.files_of(slot)).unwrap_or_default();
    let is_own = |name: &str| {
        own.iter()
            .any(|file| file.path.file_name().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    let name = header.slot.as_ref().map(|slot| SlotName {
        kind: slot.kind,
        player: header.metadata.player.as_deref(),
        name: &slot.name,
        session: header.session,
    });
    let names = (0..).filter_map(|number| Some(Layout::slot_name(name.as_ref()?, number)));
    let free = names.take(10_000).find(|name| is_own(name) || !shelf.holds(name));
    machine.home().store.layout().slots().join(free.unwrap_or_default())
}

fn begin_copy(
    machine: &Machine,
    source: &SlotSource,
    header: &SegmentHeader,
    place: &Path,
) -> Result<SlotCopy, CopyFailure> {
    let index = source.stored.index();
    let path = || source.stored.directory().to_path_buf();
    let missing = || ReadError::Damaged { path: path(), offset: 0, source: Damage::Missing };
    let plan: Plan = index.plan(source.checkpoint).ok_or_else(missing)?;
    let commit = index.commit(source.checkpoint).ok_or_else(missing)?;
    let commit = Commit { base: None, ..commit.clone() };
    let store = &machine.home().store;
    SlotCopy::begin(store, source, &plan, commit, header, place.to_path_buf())
}

/// Begins anew, by a way on which everything was read and is good.
fn copy_around_damage(
    machine: &Machine,
    mut source: SlotSource,
    header: &SegmentHeader,
    place: &Path,
) -> Result<(SlotCopy, SlotSource), SlotError> {
    let stored: &mut StoredSession = &mut source.stored;
    let found = stored.verified_plan(source.checkpoint);
    let found = found.map_err(|error| SlotError::from(CopyFailure::from(error)))?;
    if found.is_none() {
        let path = stored.index().damaged_groups().find_map(|group| stored.path_of(group.segment));
        let path = path.unwrap_or(stored.directory()).to_path_buf();
        return Err(SlotError::Damaged { path });
    }
    let copy = begin_copy(machine, &source, header, place)?;
    Ok((copy, source))
}

/// A slot was written: whatever it takes the place of goes.
fn finish(
    machine: &mut Machine,
    order: &SlotOrder,
    place: &Path,
    replaced: Option<SlotId>,
) -> Result<SlotDone, SlotError> {
    let old = replaced.map(|slot| machine.slots().files_of(slot)).unwrap_or_default();
    let old: Vec<&Path> =
        old.iter().map(|file| &*file.path).filter(|path| *path != place).collect();
    if !old.is_empty()
        && let Err(error) = machine.home().store.remove_slots(old)
    {
        // Then both are there, and the player sees it.
        warn!(error = %with_sources(&error), "a slot that was replaced can't be removed");
    }
    look(machine)?;
    debug!(?order, place = %place.display(), "slot written");
    let written = machine.slots().slots().into_iter().find(|file| *file.path == *place);
    let entry = written.and_then(SlotEntry::of);
    // Somebody took it away in this very moment.
    let entry = entry.ok_or(SlotError::Unknown)?;
    let replaced = replaced.filter(|replaced| *replaced != entry.id);
    Ok(SlotDone::Written { entry: Box::new(entry), replaced })
}

fn look(machine: &mut Machine) -> Result<(), SlotError> {
    machine.look_at_slots().map_err(|error| store_error(&error))
}

fn store_error(error: &StoreError) -> SlotError {
    let kind = error.io_kind().unwrap_or(ErrorKind::Other);
    SlotError::Disk { kind, message: with_sources(error) }
}

fn failed(order: SlotOrder, error: SlotError) -> Report {
    Report::Slot { order, result: Err(error) }
}
