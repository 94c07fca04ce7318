//! Values that are encoded where they are, without a copy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bevy_session_journal::internal::model::clock;

use super::spare_room::SpareRoom;
use crate::saved::CopyCodec;

/// The most bytes that a value may take on average. Larger ones are copied faster than they are encoded.
const MOST_BYTES: usize = 64;
/// Bytes that don't count, for a few larger values among the first.
const FREE_BYTES: usize = 4_096;
/// The most time that a value may take on average, of those that are measured.
const MOST_TIME: Duration = Duration::from_micros(1);
/// Time that doesn't count, for the first values, whose code isn't in any cache.
const FREE_TIME: Duration = Duration::from_micros(20);
/// The most values between two that are measured.
const MEASURED: usize = 32;
/// Captures in a row that give up, after which none tries again.
const MOST_GIVEN_UP: u8 = 3;

/// Values in one buffer, encoded.
///
/// Copies of values with strings and lists take an allocation each, which the encoding thread frees: the memory isn't at
/// hand for the next capture, and both threads wait for the allocator's lock.
pub(super) struct EncodedValues {
    at_once: AtOnce,
    bytes: Vec<u8>,
    /// The end of each value in `bytes`.
    ends: Vec<u32>,
    /// The number of values before the next one that is measured: the first, and one in each 32 later on.
    next_measured: usize,
    /// The number of measured values, and the time that they took.
    measured: u32,
    time: Duration,
    /// True if the rest of the capture is copied, so that the place of a value says whether it is.
    is_over: bool,
    spare_bytes: SpareRoom,
    spare_ends: SpareRoom,
}

impl EncodedValues {
    /// An empty buffer for the values of a type.
    pub(super) fn new(at_once: AtOnce) -> Self {
        Self {
            at_once,
            bytes: Vec::new(),
            ends: Vec::new(),
            next_measured: 0,
            measured: 0,
            time: Duration::ZERO,
            is_over: false,
            spare_bytes: SpareRoom::default(),
            spare_ends: SpareRoom::default(),
        }
    }

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

    /// Encodes components until one can't be encoded, or costs more than its copy would. Returns the
    /// number of encoded ones; from there on everything is copied.
    pub(super) fn extend<'a, C: CopyCodec>(
        &mut self,
        codec: &C,
        components: impl Iterator<Item = &'a C::Component>,
    ) -> usize {
        self.is_over |= !self.at_once.is_allowed();
        if self.is_over {
            return 0;
        }
        let before = self.len();
        let encode = || components.take_while(|component| self.push(codec, component)).count();
        if catch_unwind(AssertUnwindSafe(encode)).is_err() {
            // The thread that encodes copies meets the same panic, and reports it.
            self.at_once.forbid();
            self.is_over = true;
        }
        self.len() - before
    }

    /// Encodes a component, unless all others are to be copied.
    fn push<C: CopyCodec>(&mut self, codec: &C, component: &C::Component) -> bool {
        if self.is_over {
            return false;
        }
        let begun = (self.len() == self.next_measured).then(clock::instant);
        let outcome = codec.append(component, &mut self.bytes);
        if outcome.is_none() {
            self.at_once.forbid();
        }
        match (outcome, u32::try_from(self.bytes.len())) {
            (Some(Ok(())), Ok(end)) => self.ends.push(end),
            // What was written of it stays behind the last end, where nothing comes any more.
            _ => {
                self.is_over = true;
                return false;
            }
        }
        if let Some(begun) = begun {
            self.judge(begun.elapsed());
        }
        true
    }

    /// Copies the rest if values take too long, or are too large.
    fn judge(&mut self, time: Duration) {
        let values = self.len();
        self.measured += 1;
        self.time += time;
        let is_slow = self.time > FREE_TIME + MOST_TIME * self.measured;
        if is_slow || self.bytes.len() > FREE_BYTES + values * MOST_BYTES {
            self.is_over = true;
            self.at_once.give_up();
        }
        self.next_measured = values + values.min(MEASURED);
    }

    /// Ends a capture.
    pub(super) fn end_capture(&self) {
        if !self.is_over && self.len() > 0 {
            self.at_once.succeed();
        }
    }

    /// Copies all values of the type from the next capture on.
    pub(super) fn forbid(&self) {
        self.at_once.forbid();
    }

    /// Empties the buffer. This may free much, so it is no work for the main thread.
    pub(super) fn empty(&mut self) {
        let used = [self.bytes.len(), self.ends.len()];
        self.bytes.clear();
        self.ends.clear();
        self.spare_bytes.give_back(&mut self.bytes, used[0]);
        self.spare_ends.give_back(&mut self.ends, used[1]);
        (self.next_measured, self.measured, self.time) = (0, 0, Duration::ZERO);
        self.is_over = false;
    }
}

/// Permission to encode the values of a type at once: the number of captures in a row that gave it up.
#[derive(Clone, Default)]
pub(super) struct AtOnce(Arc<AtomicU8>);

impl AtOnce {
    /// For values that are always copied.
    pub(super) fn never() -> Self {
        Self(Arc::new(AtomicU8::new(MOST_GIVEN_UP)))
    }

    fn is_allowed(&self) -> bool {
        self.0.load(Ordering::Relaxed) < MOST_GIVEN_UP
    }

    fn forbid(&self) {
        self.0.store(MOST_GIVEN_UP, Ordering::Relaxed);
    }

    fn give_up(&self) {
        self.count(|given_up| given_up + 1);
    }

    fn succeed(&self) {
        self.count(|_| 0);
    }

    /// Counts, unless it is forbidden already.
    fn count(&self, next: impl Fn(u8) -> u8) {
        let next = |given_up| (given_up < MOST_GIVEN_UP).then(|| next(given_up));
        // Nothing is lost if it isn't counted.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}
