//! The columns of all saved types, copied one after the other or side by side.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::tasks::ComputeTaskPool;

use super::columns::{CapturedColumn, RecordColumn};
use super::moment::{CaptureScope, Moment};

/// Copying that takes less than this isn't worth waking another thread.
const WORTH_SHARING: Duration = Duration::from_micros(150);

/// What copies each saved type.
pub(super) struct Recorders {
    columns: Vec<Mutex<Column>>,
    /// Their places in the order in which they are copied.
    dearest_first: Vec<usize>,
    /// How long each took, in the last full capture and in the last delta.
    full: Vec<Duration>,
    delta: Vec<Duration>,
}

/// What copies one type.
struct Column {
    recorder: Box<dyn RecordColumn>,
    captured: Option<Box<dyn CapturedColumn>>,
    cost: Duration,
}

impl Recorders {
    pub(super) fn new(recorders: impl Iterator<Item = Box<dyn RecordColumn>>) -> Self {
        let column =
            |recorder| Mutex::new(Column { recorder, captured: None, cost: Duration::ZERO });
        let columns: Vec<_> = recorders.map(column).collect();
        let unknown = vec![Duration::ZERO; columns.len()];
        Self {
            dearest_first: (0..columns.len()).collect(),
            full: unknown.clone(),
            delta: unknown,
            columns,
        }
    }

    /// Copies the rows of all types that belong to `moment`; appends a column for each type.
    ///
    /// What took long last time is begun first, and whoever is done takes the next one.
    pub(super) fn record(
        &mut self,
        world: &World,
        moment: &Moment<'_>,
        captured: &mut Vec<Box<dyn CapturedColumn>>,
    ) {
        let costs = match moment.extent.scope() {
            CaptureScope::Full => &mut self.full,
            CaptureScope::Delta => &mut self.delta,
        };
        let expected: Duration = costs.iter().sum();
        self.dearest_first.sort_unstable_by_key(|place| Reverse(costs.get(*place).copied()));
        let next = AtomicUsize::new(0);
        let (columns, order) = (&self.columns, &self.dearest_first);
        let copy_on = || {
            while let Some(place) = order.get(next.fetch_add(1, Ordering::Relaxed))
                && let Some(column) = columns.get(*place)
            {
                lock(column).copy(world, moment);
            }
        };
        if expected >= WORTH_SHARING {
            with_help(&copy_on);
        } else {
            copy_on();
        }
        for (column, cost) in self.columns.iter_mut().zip(costs) {
            let column = column.get_mut().unwrap_or_else(PoisonError::into_inner);
            *cost = column.cost;
            captured.extend(column.captured.take());
        }
    }

    /// How long copying each type took, when this much was last copied.
    pub(super) fn costs(&self, scope: CaptureScope) -> &[Duration] {
        match scope {
            CaptureScope::Full => &self.full,
            CaptureScope::Delta => &self.delta,
        }
    }

    /// Copies the rows of more entities into a column that was captured.
    pub(super) fn record_more(
        &mut self,
        place: usize,
        world: &World,
        entities: &[Entity],
        captured: &mut dyn CapturedColumn,
    ) {
        if let Some(column) = self.columns.get(place) {
            lock(column).recorder.record_more(world, entities, captured);
        }
    }

    /// Forgets what was recorded, so that the next capture is full.
    pub(super) fn restart(&mut self) {
        for column in &mut self.columns {
            lock(column).recorder.restart();
        }
    }

    /// Takes buffers back: one for each type.
    pub(super) fn recycle(&mut self, captured: impl Iterator<Item = Box<dyn CapturedColumn>>) {
        for (column, captured) in self.columns.iter_mut().zip(captured) {
            lock(column).recorder.recycle(captured);
        }
    }
}

impl Column {
    fn copy(&mut self, world: &World, moment: &Moment<'_>) {
        let begun = Instant::now();
        self.captured = Some(self.recorder.record(world, moment));
        self.cost = begun.elapsed();
    }
}

/// Does the work on this thread and on those of Bevy's pool for the work of a frame.
fn with_help(work: &(impl Fn() + Sync)) {
    let Some(pool) = ComputeTaskPool::try_get() else { return work() };
    let mut own = Ok(());
    // This thread doesn't run the game's other tasks meanwhile.
    pool.scope_with_executor(false, None, |scope| {
        for _ in 0..pool.thread_num() {
            scope.spawn(async { work() });
        }
        // A panic in the game's own code must not leave the scope, which would wait for nobody.
        own = catch_unwind(AssertUnwindSafe(work));
    });
    if let Err(panic) = own {
        resume_unwind(panic);
    }
}

/// Nobody waits for anybody here: each column is taken once.
fn lock(column: &Mutex<Column>) -> MutexGuard<'_, Column> {
    column.lock().unwrap_or_else(PoisonError::into_inner)
}
