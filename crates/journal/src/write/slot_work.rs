//! The requests about slots, done one after the other and between the checkpoints.
//!
//! A save is a checkpoint first: it is captured in the very frame in which it was asked for (or, behind a closed
//! gate, when that opens), and becomes durable in the journal with the next sync. Then `write/slot_work.rs` makes
//! a slot of it, from bytes, by the same reader that merges segments, in slices of 1 MiB between the checkpoints;
//! what a delta waits for is a slice and its sync at most. The file is written and synced under a temporary name
//! and then takes its place, so an old slot is intact until the new one is durable. If the slot fails, the
//! checkpoint is still there.
//!
//! Requests about slots are carried out one after the other: save, copy, rename, delete, and attachments, which may
//! come after their slot was made and then have it written again. A load waits for earlier requests, so a quick load
//! after a quick save finds it. It reads and decodes the slot while the session before is still being played, and only
//! then closes that one: a damaged slot changes nothing.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::ops::ControlFlow::{Break, Continue};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::News;
use super::asked::{SlotDone, SlotOrder};
use super::group_copy::CopyFailure;
use super::jobs::{Job, Queue, Slice, Tools, Urgency, WaitsFor};
use super::slot_begin::{
    Intended, attach, copy, delete, free_place, import, protect, refresh, rename, save,
};
use super::slot_copy::{SlotCopy, SlotSource};
use crate::disk::{SlotFile, SlotsLock, StoredSession, with_sources};
use crate::format::{Damage, ReadError, SegmentHeader, Validity};
use crate::model::clock::Moment;
use crate::model::ids::{SlotId, Ticket};
use crate::model::session::SlotError;
use crate::read::recovery::{SessionFinder, SlotEntry};

/// The time that another process may be busy with slots.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// The interval at which the lock is tried meanwhile.
const LOCK_AGAIN: Duration = Duration::from_millis(20);

/// An order, and who asks for it.
#[derive(Clone)]
struct AskedOfSlots {
    order: SlotOrder,
    ticket: Option<Ticket>,
}

/// A request about slots: one order, and what follows from it.
pub(super) struct SlotWork {
    /// The request, and then the slots that are to be written again because of it.
    orders: VecDeque<AskedOfSlots>,
    current: Option<Current>,
    /// The time since which the lock is waited for.
    waiting_since: Option<Duration>,
}

/// A slot that is being written.
struct Current {
    asked: AskedOfSlots,
    header: SegmentHeader,
    place: PathBuf,
    copy: Box<SlotCopy>,
    source: SlotSource,
    /// True if all ways to the checkpoint were looked at before.
    verified: bool,
    /// The slot to remove once this one is written.
    replaced: Option<SlotId>,
    _lock: Option<SlotsLock>,
}

impl SlotWork {
    pub(super) fn new(order: SlotOrder, ticket: Option<Ticket>) -> Self {
        let orders = VecDeque::from([AskedOfSlots { order, ticket }]);
        Self { orders, current: None, waiting_since: None }
    }

    /// Does the next slice. In how much time there is another one, if there is.
    pub(super) fn step(
        &mut self,
        finder: &mut SessionFinder,
        now: Moment,
        news: &mut Vec<News>,
    ) -> Option<Duration> {
        if self.current.is_none() && !self.begin(finder, now, news) {
            return Some(LOCK_AGAIN);
        }
        if let Some(current) = self.current.take() {
            self.write(current, finder, news);
        }
        let has_more = self.current.is_some() || !self.orders.is_empty();
        has_more.then_some(Duration::ZERO)
    }

    /// Begins with the next order. Not while another process is busy with slots.
    fn begin(&mut self, finder: &mut SessionFinder, now: Moment, news: &mut Vec<News>) -> bool {
        let lock = match finder.local().store.slots().lock() {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) if self.may_wait(now) => return false,
            Ok(None) => Err(SlotError::InUse),
            // Without locks it is done all the same: no step of it can lose a slot.
            Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
            Err(error) => Err(error.into()),
        };
        self.waiting_since = None;
        let Some(asked) = self.orders.pop_front() else { return true };
        let begun = lock.and_then(|lock| begin(asked.clone(), lock, finder, now));
        match begun {
            Ok(Begun::Copying(current)) => self.current = Some(*current),
            Ok(Begun::Attached(slots)) => {
                let refresh =
                    |slot| AskedOfSlots { order: SlotOrder::Refresh { slot }, ticket: None };
                self.orders.extend(slots.into_iter().map(refresh));
                news.push(asked.answer(Ok(SlotDone::Attached)));
            }
            Ok(Begun::Deleted) => {
                news.push(asked.answer(Ok(SlotDone::Deleted)));
            }
            Err(error) => news.push(asked.answer(Err(error))),
        }
        true
    }

    fn may_wait(&mut self, now: Moment) -> bool {
        let since = *self.waiting_since.get_or_insert(now.elapsed);
        now.elapsed.saturating_sub(since) < LOCK_PATIENCE
    }

    fn write(&mut self, current: Current, finder: &mut SessionFinder, news: &mut Vec<News>) {
        let Current { asked, header, place, copy, source, verified, replaced, _lock } = current;
        let failure = match copy.step(&finder.local().store) {
            Ok(Continue(copy)) => {
                let current =
                    Current { asked, header, place, copy, source, verified, replaced, _lock };
                self.current = Some(current);
                return;
            }
            Ok(Break(bytes)) => {
                remove_replaced(finder, &place, replaced);
                // If that fails, the next request looks again.
                let _ = finder.look_at_slots();
                let result = written(header, place, bytes, replaced);
                return news.push(asked.answer(result));
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
                Err(error) => return news.push(asked.answer(Err(error))),
            }
        }
        news.push(asked.answer(Err(failure.into())));
    }
}

impl Job for SlotWork {
    fn urgency(&self) -> Urgency {
        Urgency::Saving
    }

    /// Until what the slot is to be made of is durable.
    fn waits_for(&self) -> WaitsFor {
        match self.orders.front().filter(|_| self.current.is_none()).map(|asked| &asked.order) {
            Some(SlotOrder::Save { checkpoint, .. } | SlotOrder::Attach { checkpoint, .. }) => {
                WaitsFor::Checkpoint(*checkpoint)
            }
            _ => WaitsFor::Nothing,
        }
    }

    fn queue(&self) -> Option<Queue> {
        Some(Queue::Slots)
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        match self.step(tools.finder, tools.now, tools.news) {
            Some(again_in) if again_in > Duration::ZERO => Slice::Later(self, again_in),
            Some(_) => Slice::Going(self),
            None => Slice::Done,
        }
    }

    fn in_vain(self: Box<Self>, news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        let Self { orders, .. } = *self;
        let answer = |asked: AskedOfSlots| asked.answer(Err(SlotError::CheckpointNotSaved));
        news.extend(orders.into_iter().map(answer));
        None
    }
}

/// The outcome of beginning an order.
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
        finder.local().store.slots().sweep();
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
        && let Err(error) = finder.local().store.slots().remove(old)
    {
        // Then both are there, and the player sees it.
        warn!(error = %with_sources(&error), "a slot that was replaced can't be removed");
    }
}

/// The answer about a slot that was written.
fn written(
    header: SegmentHeader,
    place: PathBuf,
    bytes: u64,
    replaced: Option<SlotId>,
) -> Result<SlotDone, SlotError> {
    debug!(place = %place.display(), bytes, "slot written");
    let slot = header.slot().cloned().ok_or(SlotError::Unknown)?;
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
