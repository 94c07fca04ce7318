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

    /// The ticks after another base, and up to the same.
    pub(crate) fn from(self, base: Tick) -> Self {
        Self::new(base, Tick::new(self.newest))
    }

    /// The tick before the first.
    pub(crate) fn base(self) -> Tick {
        Tick::new(self.newest.wrapping_sub(self.length))
    }

    /// Returns true if a tick is within the span.
    ///
    /// Ticks wrap around; an age doesn't, since Bevy clamps what gets too old.
    #[inline(always)]
    pub(crate) fn contains(self, tick: Tick) -> bool {
        self.newest.wrapping_sub(tick.get()) < self.length
    }
}

/// Appends the rows whose ticks lie in `span`, ascending.
///
/// Most rows are old, so 64 of them are dismissed with one branch. The loops over them have none,
/// which lets the compiler vectorise them.
pub(crate) fn rows_within(span: TickSpan, ticks: &[Tick], rows: &mut Vec<u32>) {
    let (chunks, rest) = ticks.as_chunks::<64>();
    let mut first_row = 0;
    for chunk in chunks {
        if chunk.iter().fold(false, |any, tick| any | span.contains(*tick)) {
            push_rows(hits(span, chunk), first_row, rows);
        }
        first_row += 64;
    }
    for (row, tick) in (first_row..).zip(rest) {
        if span.contains(*tick) {
            rows.push(row);
        }
    }
}

/// One bit for each tick that lies in `span`.
#[inline(always)]
fn hits(span: TickSpan, ticks: &[Tick; 64]) -> u64 {
    let bytes = ticks.map(|tick| u8::from(span.contains(tick)));
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        // Moves the lowest bit of each of the eight bytes into the highest byte, side by side.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits << 8 | gathered
    })
}

#[inline(always)]
fn push_rows(mut hits: u64, first_row: u32, rows: &mut Vec<u32>) {
    while hits != 0 {
        rows.push(first_row + hits.trailing_zeros());
        hits &= hits - 1;
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
        let ticks: Vec<Tick> =
            (0..200).map(|row| Tick::new(if row % 7 == 3 { 15 } else { 5 })).collect();
        let mut rows = Vec::new();
        rows_within(span, &ticks, &mut rows);
        let expected: Vec<u32> = (0..200).filter(|row| row % 7 == 3).collect();
        assert_eq!(rows, expected);
    }
}
