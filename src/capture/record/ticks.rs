//! Finding what changed, by change ticks alone.

use bevy::ecs::change_detection::Tick;

/// The ticks after one capture, up to and including another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TickSpan {
    newest: u32,
    length: u32,
}

impl TickSpan {
    /// The ticks after `base` and up to `newest`.
    pub(crate) fn new(base: Tick, newest: Tick) -> Self {
        Self { newest: newest.get(), length: newest.get().wrapping_sub(base.get()) }
    }

    /// Whether a tick lies within.
    ///
    /// Ticks wrap around; an age doesn't, since Bevy clamps what gets too old.
    #[inline(always)]
    pub(crate) fn contains(self, tick: Tick) -> bool {
        self.newest.wrapping_sub(tick.get()) < self.length
    }
}

/// Appends the rows whose ticks lie in `span`, ascending.
///
/// Most rows are old, so 64 of them are dismissed with one branch, and the loops have no branch
/// that would keep the compiler from vectorising them.
pub(crate) fn rows_within(span: TickSpan, ticks: &[Tick], rows: &mut Vec<u32>) {
    for (chunk, first_row) in ticks.chunks(64).zip((0_u32..).step_by(64)) {
        if any_within(span, chunk) {
            push_rows(span, chunk, first_row, rows);
        }
    }
}

/// Whether a tick lies in `span`.
#[inline(always)]
pub(crate) fn any_within(span: TickSpan, ticks: &[Tick]) -> bool {
    ticks.iter().fold(false, |any, tick| any | span.contains(*tick))
}

#[inline(always)]
fn push_rows(span: TickSpan, chunk: &[Tick], first_row: u32, rows: &mut Vec<u32>) {
    let mut hits = [0_u8; 64];
    for (hit, tick) in hits.iter_mut().zip(chunk) {
        *hit = u8::from(span.contains(*tick));
    }
    let (words, _) = hits.as_chunks::<8>();
    for (word, first_of_word) in words.iter().zip((first_row..).step_by(8)) {
        let mut bits = u64::from_le_bytes(*word);
        while bits != 0 {
            rows.push(first_of_word + bits.trailing_zeros() / 8);
            bits &= bits - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_on_both_sides_of_a_wrapped_tick() {
        let base = Tick::new(u32::MAX - 2);
        let span = TickSpan::new(base, Tick::new(3));
        let ticks = [u32::MAX - 3, u32::MAX - 2, u32::MAX - 1, u32::MAX, 0, 3].map(Tick::new);
        let mut rows = Vec::new();
        rows_within(span, &ticks, &mut rows);
        assert_eq!(rows, [2, 3, 4, 5]);
    }

    #[test]
    fn rows_are_found_at_every_place_of_every_chunk() {
        let span = TickSpan::new(Tick::new(10), Tick::new(20));
        let ticks: Vec<Tick> = (0..200).map(|row| Tick::new(if row % 7 == 3 { 15 } else { 5 })).collect();
        let mut rows = Vec::new();
        rows_within(span, &ticks, &mut rows);
        let expected: Vec<u32> = (0..200).filter(|row| row % 7 == 3).collect();
        assert_eq!(rows, expected);
    }
}
