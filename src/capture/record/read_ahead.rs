//! Reads the memory of many small tables ahead.

use std::array::from_fn;
use std::hint::black_box;
use std::iter::FusedIterator;

use bevy::ecs::change_detection::Tick;

/// The number of tables that are read ahead together.
const GROUP: usize = 16;
/// The processor prefetches the rest of a longer column by itself.
const READ_AHEAD: usize = 1024;
const TICKS_IN_A_CACHE_LINE: usize = 16;

/// Visits tables with the ticks that are looked at, in groups, and reads ahead in all tables of a
/// group before it visits the first.
///
/// A table costs several cache misses, each of which has the address of the next: the table, its
/// column, its ticks. If a table has few rows, these take longer than looking at the rows. Misses
/// of different tables don't depend on each other, so the processor waits for them in parallel.
pub(super) fn visit_tables<'w, T>(
    mut tables: impl FusedIterator<Item = (&'w [Tick], T)>,
    mut visit: impl FnMut(&'w [Tick], T),
) {
    loop {
        let group: [_; GROUP] = from_fn(|_| tables.next().inspect(|(ticks, _)| read_ahead(ticks)));
        let is_last = group.iter().any(Option::is_none);
        for (ticks, table) in group.into_iter().flatten() {
            visit(ticks, table);
        }
        if is_last {
            return;
        }
    }
}

/// Reads a part of each cache line, as no stable and safe instruction only fetches it.
#[inline(always)]
fn read_ahead(ticks: &[Tick]) {
    let lines = ticks.iter().take(READ_AHEAD).step_by(TICKS_IN_A_CACHE_LINE);
    black_box(lines.fold(0, |seen, tick| seen ^ tick.get()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_visited_once_and_in_order_however_many_there_are() {
        for count in [0, 1, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP, 3 * GROUP + 5] {
            let ticks = vec![Tick::new(1); count];
            let tables = (0..count).map(|place| (&ticks[..place], place));
            let mut visited = Vec::new();
            visit_tables(tables, |ticks, place| {
                assert_eq!(ticks.len(), place);
                visited.push(place);
            });
            assert_eq!(visited, (0..count).collect::<Vec<_>>());
        }
    }
}
