//! The columns of all saved types, copied one after the other or side by side.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::tasks::{ComputeTaskPool, TaskPool};
use bevy_session_journal::internal::model::clock;

use super::columns::{Captured, RecordColumn};
use super::moment::{CaptureScope, Moment};
use super::ticks::TickSpan;

/// The least time of copying that is worth waking another thread.
const WORTH_SHARING: Duration = Duration::from_micros(150);

/// The time that copying a whole entity takes at least: its marker, and a value.
const LEAST_OF_AN_ENTITY: Duration = Duration::from_nanos(10);

/// The recorders of each saved type.
pub(super) struct Recorders {
    columns: Vec<Mutex<Column>>,
    /// Their places in the order in which they are copied.
    costliest_first: Vec<usize>,
    /// The time that each took in the last full capture and in the last delta.
    full: Vec<Duration>,
    delta: Vec<Duration>,
    /// The number of deltas in a row in which each had no row.
    idle: Vec<u32>,
}

/// The recorder of one type.
struct Column {
    recorder: Box<dyn RecordColumn>,
    /// An emptied buffer, then the copied rows.
    captured: Option<Captured>,
    cost: Duration,
}

impl Recorders {
    pub(super) fn new(recorders: impl Iterator<Item = Box<dyn RecordColumn>>) -> Self {
        let column =
            |recorder| Mutex::new(Column { recorder, captured: None, cost: Duration::ZERO });
        let columns: Vec<_> = recorders.map(column).collect();
        let unknown = vec![Duration::ZERO; columns.len()];
        Self {
            costliest_first: (0..columns.len()).collect(),
            full: unknown.clone(),
            delta: unknown,
            idle: vec![0; columns.len()],
            columns,
        }
    }

    /// Copies the rows of all types that belong to `moment`: one column for each type, in the
    /// buffers that `captured` has for them.
    ///
    /// The slowest columns of the last time are begun first, and each free thread takes the next
    /// one.
    pub(super) fn record(
        &mut self,
        world: &World,
        moment: &Moment<'_>,
        captured: &mut Vec<Captured>,
    ) {
        let costs = match moment.extent.scope() {
            CaptureScope::Full => &mut self.full,
            CaptureScope::Delta => &mut self.delta,
        };
        let expected: Duration = costs.iter().sum();
        let expected = expected.max(least_of(moment.tables.entities().len()));
        let mut buffers = captured.drain(..);
        for column in &mut self.columns {
            column.get_mut().unwrap_or_else(PoisonError::into_inner).captured = buffers.next();
        }
        drop(buffers);
        self.costliest_first.sort_unstable_by_key(|place| Reverse(costs.get(*place).copied()));
        let next = AtomicUsize::new(0);
        let (columns, order) = (&self.columns, &self.costliest_first);
        let copy_on = || {
            while let Some(place) = order.get(next.fetch_add(1, Ordering::Relaxed))
                && let Some(column) = columns.get(*place)
            {
                lock(column).copy(world, moment);
            }
        };
        let pool = ComputeTaskPool::try_get().filter(|_| expected >= WORTH_SHARING);
        match pool {
            Some(pool) => with_help(pool, columns.len(), &copy_on),
            None => copy_on(),
        }
        for (column, cost) in self.columns.iter_mut().zip(costs) {
            let column = column.get_mut().unwrap_or_else(PoisonError::into_inner);
            *cost = column.cost;
            captured.extend(column.captured.take());
        }
        if moment.extent.scope() == CaptureScope::Delta {
            for (captured, idle) in captured.iter().zip(&mut self.idle) {
                *idle = if captured.rows() == 0 { idle.saturating_add(1) } else { 0 };
            }
        }
    }

    /// The time that copying each type took in the last capture of this scope.
    pub(super) fn costs(&self, scope: CaptureScope) -> &[Duration] {
        match scope {
            CaptureScope::Full => &self.full,
            CaptureScope::Delta => &self.delta,
        }
    }

    /// The number of deltas in a row in which no row of each type was copied.
    pub(super) fn idle(&self) -> &[u32] {
        &self.idle
    }

    /// Copies the rows that changed because these entities became saved, or no longer are.
    pub(super) fn follow_markers(
        &self,
        world: &World,
        span: TickSpan,
        entities: &[Entity],
        captured: &mut [Captured],
    ) {
        for (column, captured) in self.columns.iter().zip(captured) {
            lock(column).recorder.follow_markers(world, span, entities, &mut **captured);
        }
    }

    /// The entities whose value of each type was written or inserted in a span.
    pub(super) fn changed_within(&mut self, world: &World, span: TickSpan) -> Vec<Vec<Entity>> {
        let columns = self.columns.iter();
        columns.map(|column| lock(column).recorder.changed_within(world, span)).collect()
    }

    /// Forgets what was recorded, so that the next capture is full.
    pub(super) fn restart(&mut self) {
        for column in &mut self.columns {
            lock(column).recorder.restart();
        }
    }

    /// The ticks up to which values were looked at in columns that were skipped since.
    pub(super) fn passed_over_since(&self) -> impl Iterator<Item = Tick> {
        self.columns.iter().filter_map(|column| lock(column).recorder.passed_over_since())
    }

    /// Treats the present values as recorded.
    pub(super) fn take_for_recorded(&mut self, world: &World) {
        for column in &mut self.columns {
            lock(column).recorder.take_for_recorded(world);
        }
    }
}

/// The least time that copying whole entities takes, whatever the last capture took: that may have been of a smaller world, or
/// there was none.
fn least_of(entities: usize) -> Duration {
    LEAST_OF_AN_ENTITY.saturating_mul(entities.try_into().unwrap_or(u32::MAX))
}

impl Column {
    fn copy(&mut self, world: &World, moment: &Moment<'_>) {
        let begun = clock::instant();
        self.captured = Some(self.recorder.record(world, moment, self.captured.take()));
        self.cost = begun.elapsed();
    }
}

/// Does the work, which has so many pieces, on this thread and on those of Bevy's pool for the work
/// of a frame.
///
/// A helper that comes too late finds nothing to do, and is waited for all the same: it borrows the
/// world. While the pool's own threads are at other work, as a renderer's, this one therefore runs
/// what is queued in the pool, its helpers among it.
fn with_help(pool: &TaskPool, pieces: usize, work: &(impl Fn() + Sync)) {
    let panic = Mutex::new(None);
    // A panic in the game's own code must not leave the scope, which would wait in vain then.
    let guarded = || {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
            *panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
        }
    };
    let helpers = pool.thread_num().min(pieces.saturating_sub(1));
    pool.scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(async { guarded() });
        }
        guarded();
    });
    if let Some(payload) = panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(payload);
    }
}

/// Locks a column. No thread waits for another here: each column is taken once.
fn lock(column: &Mutex<Column>) -> MutexGuard<'_, Column> {
    column.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use bevy::tasks::TaskPoolBuilder;

    use super::super::moment::Extent;
    use super::super::tables::SavedTables;
    use super::*;
    use crate::capture::encode::ColumnWriter;
    use crate::capture::record::CapturedColumn;

    const COLUMNS: usize = 12;

    /// Takes a while, and counts.
    struct Slow {
        place: usize,
        copied: Arc<AtomicUsize>,
        panics: bool,
    }

    struct Place(usize);

    impl RecordColumn for Slow {
        fn record(&mut self, _: &World, _: &Moment<'_>, _: Option<Captured>) -> Captured {
            let begun = clock::instant();
            while begun.elapsed() < WORTH_SHARING / 4 {
                std::hint::spin_loop();
            }
            assert!(!self.panics, "the game's own code panics");
            self.copied.fetch_add(1, Ordering::Relaxed);
            Box::new(Place(self.place))
        }
    }

    impl CapturedColumn for Place {
        fn rows(&self) -> usize {
            self.0
        }

        fn live(&self) -> Option<u64> {
            None
        }

        fn count(&self, _: &mut ColumnWriter<'_>) {}

        fn encode(&mut self, _: &mut ColumnWriter<'_>) {}
    }

    fn slow(panics_at: Option<usize>) -> (Recorders, Arc<AtomicUsize>) {
        ComputeTaskPool::get_or_init(TaskPool::default);
        let copied = Arc::new(AtomicUsize::new(0));
        let recorder = |place| -> Box<dyn RecordColumn> {
            let copied = Arc::clone(&copied);
            Box::new(Slow { place, copied, panics: panics_at == Some(place) })
        };
        (Recorders::new((0..COLUMNS).map(recorder)), copied)
    }

    fn record(recorders: &mut Recorders) -> Vec<usize> {
        let moment =
            Moment { extent: Extent::All, is_thorough: false, tables: &SavedTables::default() };
        let mut captured = Vec::new();
        recorders.record(&World::new(), &moment, &mut captured);
        captured.iter().map(|column| column.rows()).collect()
    }

    #[test]
    fn each_column_is_copied_once_and_in_order_by_any_number_of_threads() {
        let (mut recorders, copied) = slow(None);
        for round in 1..20 {
            assert_eq!(record(&mut recorders), (0..COLUMNS).collect::<Vec<_>>());
            assert_eq!(copied.load(Ordering::Relaxed), round * COLUMNS);
        }
        assert!(recorders.costs(CaptureScope::Full).iter().all(|cost| *cost >= WORTH_SHARING / 4));
        assert!(recorders.costs(CaptureScope::Delta).iter().all(Duration::is_zero));
    }

    #[test]
    fn many_whole_entities_are_worth_sharing_whatever_the_last_capture_took() {
        assert!(least_of(100_000) >= WORTH_SHARING && least_of(usize::MAX) >= WORTH_SHARING);
        assert!(least_of(1_000) < WORTH_SHARING);
    }

    #[test]
    fn a_panic_is_raised_only_after_all_threads_have_finished_copying() {
        for panics_at in 0..COLUMNS {
            let (mut recorders, copied) = slow(Some(panics_at));
            // As it is after a capture that took long.
            recorders.full.fill(WORTH_SHARING);
            let caught = catch_unwind(AssertUnwindSafe(|| record(&mut recorders)));
            assert!(caught.is_err());
            assert_eq!(copied.load(Ordering::Relaxed), COLUMNS - 1, "{panics_at}");
        }
    }

    /// Occupies each thread of a pool until the sender that is returned is dropped.
    fn occupy(pool: &TaskPool) -> Vec<mpsc::Sender<()>> {
        let (say, begun) = mpsc::channel();
        let occupy = |_| {
            let (release, released) = mpsc::channel::<()>();
            let say = say.clone();
            let occupation = async move {
                say.send(()).unwrap();
                // It ends with the sender.
                released.recv().unwrap_err();
            };
            pool.spawn(occupation).detach();
            release
        };
        let releases: Vec<_> = (0..pool.thread_num()).map(occupy).collect();
        releases.iter().for_each(|_| begun.recv().unwrap());
        releases
    }

    fn do_pieces_with_help_of(pool: &TaskPool) -> usize {
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        with_help(pool, COLUMNS, &|| {
            while next.fetch_add(1, Ordering::Relaxed) < COLUMNS {
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        done.into_inner()
    }

    #[test]
    fn a_pool_whose_threads_are_all_busy_is_not_waited_for() {
        for threads in 1..=3 {
            let pool = TaskPoolBuilder::new().num_threads(threads).build();
            let releases = occupy(&pool);
            // While they are busy: nobody releases them before it is done.
            assert_eq!(do_pieces_with_help_of(&pool), COLUMNS);
            drop(releases);
        }
    }

    #[test]
    fn a_pool_of_one_thread_helps_as_well() {
        let pool = TaskPoolBuilder::new().num_threads(1).build();
        for _ in 0..100 {
            assert_eq!(do_pieces_with_help_of(&pool), COLUMNS);
        }
    }
}
