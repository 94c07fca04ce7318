//! What is to be done with slots, one thing after the other and between the checkpoints.
//!
//! A save is a checkpoint first: it is captured in the very frame in which it was asked for (or, behind a closed
//! gate, when that opens), and becomes durable in the journal with the next sync. Then `writer/slot_work.rs` makes
//! a slot of it, from bytes, by the same reader that merges segments, in slices of 1 MiB between the checkpoints;
//! what a delta waits for is a slice and its sync at most. The file is written and synced under a temporary name
//! and then takes its place, so an old slot is intact until the new one is durable. If the slot fails, the
//! checkpoint is still there.
//!
//! What is asked of slots is done one after the other: save, copy, rename, delete, and attachments, which may come
//! after their slot was made and then have it written again. A load waits for what was asked before, so a quick
//! load after a quick save finds it. It reads and decodes the slot while the session before is still being played,
//! and only then closes that one: a damaged slot changes nothing.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::News;
use super::group_copy::CopyFailure;
use super::slot_begin::{
    Intended, attach, copy, delete, free_place, import, protect, refresh, rename, save,
};
use super::slot_copy::{CopyProgress, SlotCopy, SlotSource};
use crate::clock::Moment;
use crate::ids::{CheckpointId, RunId, SessionId, SlotId, Ticket};
use crate::journal::{Damage, ReadError, SegmentHeader, Validity};
use crate::recovery::{SessionFinder, SlotEntry};
use crate::session::{Attachment, SaveSlot, SlotError};
use crate::store::{SlotFile, SlotsLock, StoredSession, with_sources};

/// How long another process may be busy with slots.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How often the lock is tried meanwhile.
const LOCK_AGAIN: Duration = Duration::from_millis(20);

/// Something to be done with slots.
#[derive(Clone, Debug)]
pub enum SlotOrder {
    /// Make a slot of a checkpoint, once that is durable.
    Save { slot: SaveSlot, session: SessionId, checkpoint: CheckpointId },
    /// Make another slot of one.
    Copy { slot: SlotId, name: String },
    /// Call it something else.
    Rename { slot: SlotId, name: String },
    /// Neither overwrite nor delete it from now on, or do so again.
    Protect { slot: SlotId, protected: bool },
    /// Make a slot of a report, or of a session that was handed on.
    Import { path: PathBuf },
    /// Delete it.
    Delete { slot: SlotId },
    /// Lay bytes of the game's own beside a checkpoint, and into the slots that were made of it.
    Attach { session: SessionId, checkpoint: CheckpointId, attachment: Attachment },
    /// Write a slot again, with what was laid beside its checkpoint since. The writer orders this itself.
    Refresh { slot: SlotId },
}

/// What came of it.
#[derive(Debug)]
pub enum SlotDone {
    Written {
        /// The slot.
        entry: Box<SlotEntry>,
        /// The slot that isn't there any more because of it.
        replaced: Option<SlotId>,
    },
    Deleted,
    Attached,
}

/// An order, and who asks for it.
#[derive(Clone)]
struct AskedOfSlots {
    order: SlotOrder,
    ticket: Option<Ticket>,
}

/// The things to be done, in order.
#[derive(Default)]
pub struct SlotWork {
    orders: VecDeque<AskedOfSlots>,
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
    asked: AskedOfSlots,
    header: SegmentHeader,
    place: PathBuf,
    copy: Box<SlotCopy>,
    source: SlotSource,
    /// Whether all ways to the checkpoint were looked at before.
    verified: bool,
    /// What isn't wanted any more once it is written.
    replaced: Option<SlotId>,
    _lock: Option<SlotsLock>,
}

impl SlotWork {
    pub fn add(&mut self, order: SlotOrder, ticket: Option<Ticket>) {
        self.orders.push_back(AskedOfSlots { order, ticket });
    }

    /// Whether everything is done.
    pub fn is_done(&self) -> bool {
        self.orders.is_empty() && self.current.is_none()
    }

    /// Time until there is something to do; `None` if that depends on a checkpoint.
    pub fn wake(&self) -> Option<Duration> {
        if self.current.is_some() {
            return Some(Duration::ZERO);
        }
        self.orders.front().filter(|asked| self.may_begin(&asked.order))?;
        Some(if self.waiting_since.is_some() { LOCK_AGAIN } else { Duration::ZERO })
    }

    /// Takes in what became of checkpoints.
    pub fn note(&mut self, news: &[News], reports: &mut Vec<News>) {
        let mut lost = false;
        for report in news {
            match report {
                News::Saved(saved) => self.durable = Some(saved.id),
                News::Failed { .. } | News::NeedFull => lost = true,
                _ => {}
            }
        }
        if lost {
            self.give_up_waiting(reports);
        }
    }

    /// A new run begins: no checkpoint of an older one becomes durable any more.
    pub fn begin_run(&mut self, run: RunId, reports: &mut Vec<News>) {
        self.give_up_waiting(reports);
        self.run = Some(run);
        self.durable = None;
    }

    /// Gives up what waits for a checkpoint.
    pub fn give_up_waiting(&mut self, reports: &mut Vec<News>) {
        let orders = std::mem::take(&mut self.orders).into_iter();
        let (ready, waiting): (VecDeque<_>, VecDeque<_>) =
            orders.partition(|asked| self.may_begin(&asked.order));
        self.orders = ready;
        for asked in waiting {
            reports.push(asked.answer(Err(SlotError::CheckpointNotSaved)));
        }
    }

    /// Does the next slice.
    pub fn turn(&mut self, finder: &mut SessionFinder, now: Moment, reports: &mut Vec<News>) {
        if self.current.is_none() {
            self.begin(finder, now, reports);
        }
        let Some(current) = self.current.take() else { return };
        self.step(current, finder, reports);
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

    fn begin(&mut self, finder: &mut SessionFinder, now: Moment, reports: &mut Vec<News>) {
        if !self.orders.front().is_some_and(|asked| self.may_begin(&asked.order)) {
            return;
        }
        let lock = match finder.local().store.lock_slots() {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) if self.may_wait(now) => return,
            Ok(None) => Err(SlotError::InUse),
            // Without locks it is done all the same: no step of it can lose a slot.
            Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
            Err(error) => Err(error.into()),
        };
        self.waiting_since = None;
        let Some(asked) = self.orders.pop_front() else { return };
        let begun = lock.and_then(|lock| begin(asked.clone(), lock, finder, now));
        match begun {
            Ok(Begun::Copying(current)) => self.current = Some(*current),
            Ok(Begun::Attached(slots)) => {
                for slot in slots {
                    let order = SlotOrder::Refresh { slot };
                    self.orders.push_front(AskedOfSlots { order, ticket: None });
                }
                reports.push(asked.answer(Ok(SlotDone::Attached)));
            }
            Ok(Begun::Deleted) => {
                reports.push(asked.answer(Ok(SlotDone::Deleted)));
            }
            Err(error) => reports.push(asked.answer(Err(error))),
        }
    }

    fn may_wait(&mut self, now: Moment) -> bool {
        let since = *self.waiting_since.get_or_insert(now.elapsed);
        now.elapsed.saturating_sub(since) < LOCK_PATIENCE
    }

    fn step(&mut self, current: Current, finder: &mut SessionFinder, reports: &mut Vec<News>) {
        let Current { asked, header, place, copy, source, verified, replaced, _lock } = current;
        let store = &finder.local().store;
        let failure = match copy.step(store) {
            Ok(CopyProgress::Going(copy)) => {
                let current =
                    Current { asked, header, place, copy, source, verified, replaced, _lock };
                self.current = Some(current);
                return;
            }
            Ok(CopyProgress::Done { bytes }) => {
                remove_replaced(finder, &place, replaced);
                // If that fails, whoever asks next looks again.
                let _ = finder.look_at_slots();
                let result = written(header, place, bytes, replaced);
                return reports.push(asked.answer(result));
            }
            Err(failure) => failure,
        };
        if failure.is_damage() && !verified {
            // There may be another way to the checkpoint.
            match copy_around_damage(finder, source, &header, &place) {
                Ok((copy, source)) => {
                    let verified = true;
                    let current =
                        Current { asked, header, place, copy, source, verified, replaced, _lock };
                    self.current = Some(current);
                    return;
                }
                Err(error) => return reports.push(asked.answer(Err(error))),
            }
        }
        reports.push(asked.answer(Err(failure.into())));
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
    asked: AskedOfSlots,
    lock: Option<SlotsLock>,
    finder: &mut SessionFinder,
    now: Moment,
) -> Result<Begun, SlotError> {
    if lock.is_some() {
        finder.local().store.sweep_slots();
    }
    look(finder)?;
    let (source, slot, replaced): Intended = match &asked.order {
        SlotOrder::Delete { slot } => {
            delete(finder, *slot)?;
            return Ok(Begun::Deleted);
        }
        SlotOrder::Save { slot, session, checkpoint } => save(finder, slot, *session, *checkpoint)?,
        SlotOrder::Attach { session, checkpoint, attachment } => {
            return attach(finder, *session, *checkpoint, attachment).map(Begun::Attached);
        }
        SlotOrder::Refresh { slot } => refresh(finder, *slot)?,
        SlotOrder::Copy { slot, name } => copy(finder, *slot, name)?,
        SlotOrder::Rename { slot, name } => rename(finder, *slot, name)?,
        SlotOrder::Protect { slot, protected } => protect(finder, *slot, *protected)?,
        SlotOrder::Import { path } => import(finder, path)?,
    };
    let header = source.header(slot, now.wall);
    let place = free_place(finder, &header, replaced)?;
    let (copy, source) = match begin_copy(finder, &source, &header, &place) {
        Ok(copy) => (copy, source),
        Err(failure) if failure.is_damage() => copy_around_damage(finder, source, &header, &place)?,
        Err(failure) => return Err(failure.into()),
    };
    let verified = false;
    let current = Current { asked, header, place, copy, source, verified, replaced, _lock: lock };
    Ok(Begun::Copying(Box::new(current)))
}

fn begin_copy(
    finder: &SessionFinder,
    source: &SlotSource,
    header: &SegmentHeader,
    place: &Path,
) -> Result<Box<SlotCopy>, CopyFailure> {
    let index = source.stored.index();
    let path = || source.stored.directory().to_path_buf();
    let missing = || ReadError::Damaged { path: path(), offset: 0, source: Damage::Missing };
    let (plan, commit) = index.as_snapshot(source.checkpoint).ok_or_else(missing)?;
    let store = &finder.local().store;
    SlotCopy::begin(store, source, &plan, commit, header, place.to_path_buf()).map(Box::new)
}

/// Begins again, by a way on which everything was read and is good.
fn copy_around_damage(
    finder: &SessionFinder,
    mut source: SlotSource,
    header: &SegmentHeader,
    place: &Path,
) -> Result<(Box<SlotCopy>, SlotSource), SlotError> {
    let stored: &mut StoredSession = &mut source.stored;
    let found = stored.verified_plan(source.checkpoint);
    let found = found.map_err(|error| SlotError::from(CopyFailure::from(error)))?;
    if found.is_none() {
        let path = stored.index().damaged_groups().find_map(|group| stored.path_of(group.segment));
        let path = path.unwrap_or(stored.directory()).to_path_buf();
        return Err(SlotError::Damaged { path });
    }
    let copy = begin_copy(finder, &source, header, place)?;
    Ok((copy, source))
}

/// A slot was written: the files of the one that it takes the place of go.
fn remove_replaced(finder: &SessionFinder, place: &Path, replaced: Option<SlotId>) {
    let old = replaced.map(|slot| finder.slots().files_of(slot)).unwrap_or_default();
    let old: Vec<&Path> =
        old.iter().map(|file| &*file.path).filter(|path| *path != place).collect();
    if !old.is_empty()
        && let Err(error) = finder.local().store.remove_slots(old)
    {
        // Then both are there, and the player sees it.
        warn!(error = %with_sources(&error), "a slot that was replaced can't be removed");
    }
}

/// What is reported of a slot that was written.
fn written(
    header: SegmentHeader,
    place: PathBuf,
    bytes: u64,
    replaced: Option<SlotId>,
) -> Result<SlotDone, SlotError> {
    debug!(place = %place.display(), bytes, "slot written");
    let slot = header.slot.clone().ok_or(SlotError::Unknown)?;
    let replaced = replaced.filter(|replaced| *replaced != slot.id);
    let (path, header, validity) = (Arc::from(place), Arc::new(header), Validity::Unread);
    let file = SlotFile { path, bytes, header, slot: Arc::new(slot), validity };
    let entry = SlotEntry::of(&file).ok_or(SlotError::Unknown)?;
    Ok(SlotDone::Written { entry: Box::new(entry), replaced })
}

fn look(finder: &mut SessionFinder) -> Result<(), SlotError> {
    finder.look_at_slots().map_err(SlotError::from)
}

impl AskedOfSlots {
    fn answer(self, result: Result<SlotDone, SlotError>) -> News {
        let Self { order, ticket } = self;
        News::Slot { order, result, ticket }
    }
}
