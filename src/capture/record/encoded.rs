//! Values that are encoded where they are, without a copy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bevy_session_journal::internal::disk::process::without_report;
use bevy_session_journal::internal::model::clock;

use super::spare_room::SpareRoom;
use crate::saved::CopyCodec;

/// The most bytes that a value may take on average. Larger ones are copied faster than they are encoded.
const MOST_BYTES: usize = 64;
/// The most bytes of one value, and those that don't count, for a few larger values among the first.
const FREE_BYTES: usize = 4_096;
/// The most time that a value may take on average, and time that doesn't count.
const MOST_TIME: Duration = Duration::from_micros(1);
const FREE_TIME: Duration = Duration::from_micros(50);
/// The number of values of a table after which the clock is read, and of tables of which one is timed.
const WATCHED: usize = 256;
const TIMED: usize = 16;
/// Values that are encoded and copied in each trial.
const TRIED: usize = 32;
/// Trials, of which the fastest counts: the machine may take the processor away in one.
const TRIALS: usize = 3;
/// Values that are encoded and copied before, so that the code is in memory.
const WARM_UP: usize = 8;
/// The fewest values of a table for a trial.
const LEAST: usize = if cfg!(test) { 1 } else { WARM_UP + TRIED * TRIALS };

/// Values in one buffer, encoded.
///
/// Copies of values with strings and lists take an allocation each, which the encoding thread frees: the memory isn't at
/// hand for the next capture, and both threads wait for the allocator's lock.
#[derive(Default)]
pub(super) struct EncodedValues {
    bytes: Vec<u8>,
    /// The end of each value in `bytes`.
    ends: Vec<u32>,
    /// True if the rest of the capture is copied, so that the place of a value says whether it is.
    is_over: bool,
    /// The number of calls for this capture.
    calls: usize,
    spare_bytes: SpareRoom,
    spare_ends: SpareRoom,
}

impl EncodedValues {
    /// The number of values.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// An encoded value.
    pub(super) fn get(&self, row: usize) -> Option<&[u8]> {
        let end = *self.ends.get(row)? as usize;
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before));
        self.bytes.get(start.map_or(0, |start| *start as usize)..end)
    }

    /// Copies all values of this capture.
    pub(super) fn copy_all(&mut self) {
        self.is_over = true;
    }

    /// Encodes components until one can't be encoded, or is larger or slower than a copy would be. Returns the number of
    /// encoded ones; from there on everything is copied.
    pub(super) fn extend<'a, C: CopyCodec>(
        &mut self,
        codec: &C,
        components: impl Iterator<Item = &'a C::Component>,
        at_once: &AtOnce,
    ) -> usize {
        if self.is_over {
            return 0;
        }
        let before = self.len();
        let is_large = components.size_hint().1.is_none_or(|most| most > WATCHED);
        let begun = (is_large || self.calls.is_multiple_of(TIMED)).then(clock::instant);
        let is_slow = |encoded| begun.is_some_and(|begun| is_slow(encoded, begun.elapsed()));
        self.calls += 1;
        let encode = || {
            for component in components {
                let encoded = self.len() - before;
                let is_watched = encoded.is_multiple_of(WATCHED) && encoded > 0;
                if !self.push(codec, component) || (is_watched && is_slow(encoded)) {
                    self.is_over = true;
                    return;
                }
            }
            self.is_over = is_slow(self.len() - before);
        };
        if without_report(|| catch_unwind(AssertUnwindSafe(encode))).is_err() {
            // The thread that encodes copies meets the same panic, and reports it.
            at_once.forbid();
            self.is_over = true;
        }
        self.len() - before
    }

    /// Encodes a component. Returns false if it has to be copied; then a part of it may be in the buffer, behind the last
    /// end.
    fn push<C: CopyCodec>(&mut self, codec: &C, component: &C::Component) -> bool {
        let allowed = FREE_BYTES + (self.len() + 1) * MOST_BYTES;
        let most = allowed.saturating_sub(self.bytes.len()).min(FREE_BYTES);
        let Some(value) = codec.as_value(component) else { return false };
        if codec.append(value, &mut self.bytes, most).is_err() {
            return false;
        }
        let Ok(end) = self.bytes.len().try_into() else { return false };
        self.ends.push(end);
        true
    }

    /// Empties the buffer. This may free much, so it is no work for the main thread.
    pub(super) fn empty(&mut self) {
        let used = [self.bytes.len(), self.ends.len()];
        self.bytes.clear();
        self.ends.clear();
        self.spare_bytes.give_back(&mut self.bytes, used[0]);
        self.spare_ends.give_back(&mut self.ends, used[1]);
        (self.is_over, self.calls) = (false, 0);
    }
}

/// Permission to encode the values of a type at once, until a value turns out not to be data alone.
#[derive(Clone, Default)]
pub(super) struct AtOnce(Arc<AtomicBool>);

impl AtOnce {
    pub(super) fn is_allowed(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    /// Copies all values of the type from the next capture on.
    pub(super) fn forbid(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Finds out whether components of a table are encoded faster than they are copied; `None` if they are too few.
pub(super) fn try_out<C: CopyCodec>(
    codec: &C,
    table: &[C::Component],
    at_once: &AtOnce,
) -> Option<bool> {
    if table.len() < LEAST {
        return None;
    }
    let mut encoded = EncodedValues::default();
    let mut encode = |components: &[C::Component]| {
        encoded.empty();
        let begun = clock::instant();
        let count = encoded.extend(codec, components.iter(), at_once);
        (count == components.len()).then(|| begun.elapsed())
    };
    let copy = |components: &[C::Component]| {
        let begun = clock::instant();
        let copies: Vec<C::Value> =
            components.iter().map(|component| codec.copy(component)).collect();
        let time = begun.elapsed();
        drop(copies);
        time
    };
    let (warm_up, rest) = table.split_at(WARM_UP.min(table.len()));
    if encode(warm_up).is_none() {
        return Some(false);
    }
    copy(warm_up);
    let mut fastest = [Duration::MAX; 2];
    for trial in rest.chunks(TRIED).take(TRIALS) {
        // Twice, since the values are in the cache for the copies. Large ones end it before they are copied.
        let Some(cold) = encode(trial) else { return Some(false) };
        let copying = copy(trial);
        let Some(encoding) = encode(trial) else { return Some(false) };
        fastest = [fastest[0].min(cold).min(encoding), fastest[1].min(copying)];
    }
    Some(cfg!(test) || is_faster(fastest))
}

/// Returns true if so many values have taken too long.
fn is_slow(values: usize, time: Duration) -> bool {
    time > FREE_TIME + MOST_TIME * u32::try_from(values).unwrap_or(u32::MAX)
}

/// Returns true if encoding costs less, by the times that both took in a trial.
///
/// There, the values and memory for copies are at hand. A capture takes fresh memory, and another thread frees it. Measured
/// once, outside of the benchmarks: 100,000 lists of three numbers were copied in 1.7 ms and encoded in 1.2, and in a trial
/// encoding them took 1.9 times as long as copying.
fn is_faster([encoding, copying]: [Duration; 2]) -> bool {
    encoding * 2 <= copying * 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_may_take_two_and_a_half_times_as_long_in_a_trial_as_copying() {
        let times = |encoding, copying| [encoding, copying].map(Duration::from_nanos);
        assert!(is_faster(times(250, 100)) && is_faster(times(10, 100)));
        assert!(!is_faster(times(251, 100)) && !is_faster(times(1_000, 10)));
    }

    #[test]
    fn more_than_a_microsecond_a_value_is_slow() {
        assert!(!is_slow(256, FREE_TIME + MOST_TIME * 256));
        assert!(is_slow(256, FREE_TIME + MOST_TIME * 257));
    }
}
