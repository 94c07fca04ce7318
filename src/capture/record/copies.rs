//! Buffers of copied values that are reused.

use std::mem::{needs_drop, take};

use super::spare_room::{RETAINED, SpareRoom};
use crate::saved::CopyCodec;

/// Copied values.
///
/// After the live ones follow values of an earlier capture, whose heap memory the next copies
/// reuse. If values may not stay, there are none.
pub(crate) struct Copies<V> {
    values: Vec<V>,
    live: usize,
    /// True if values may stay when the buffer is emptied.
    stay: bool,
    spare_room: SpareRoom,
}

impl<V> Copies<V> {
    /// An empty buffer; `stay` is true if used values may stay.
    pub(crate) fn new(stay: bool) -> Self {
        Self { values: Vec::new(), live: 0, stay, spare_room: SpareRoom::default() }
    }

    /// The number of live values.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// A live value.
    pub(crate) fn get_mut(&mut self, row: usize) -> Option<&mut V> {
        self.values.get_mut(..self.live)?.get_mut(row)
    }

    /// Copies a whole table.
    pub(crate) fn copy_all<C: CopyCodec<Value = V>>(&mut self, codec: &C, table: &[C::Component]) {
        let older = self.values.get_mut(self.live..).unwrap_or_default();
        let (into_older, rest) = table.split_at(older.len().min(table.len()));
        for (value, component) in older.iter_mut().zip(into_older) {
            codec.copy_into(component, value);
        }
        if !rest.is_empty() {
            codec.copy_all(rest, &mut self.values);
        }
        self.live += table.len();
    }

    /// Copies some rows of a table.
    pub(crate) fn copy_rows<C: CopyCodec<Value = V>>(
        &mut self,
        codec: &C,
        table: &[C::Component],
        rows: &[u32],
    ) {
        let components = rows.iter().filter_map(|row| table.get(*row as usize));
        self.copy_each(codec, components, rows.len());
    }

    /// Copies one component.
    pub(crate) fn copy_one<C: CopyCodec<Value = V>>(
        &mut self,
        codec: &C,
        component: &C::Component,
    ) {
        self.copy_each(codec, std::iter::once(component), 1);
    }

    fn copy_each<'a, C: CopyCodec<Value = V>>(
        &mut self,
        codec: &C,
        mut components: impl Iterator<Item = &'a C::Component>,
        expected: usize,
    ) {
        for value in self.values.iter_mut().skip(self.live).take(expected) {
            let Some(component) = components.next() else { return };
            codec.copy_into(component, value);
            self.live += 1;
        }
        if self.live == self.values.len() {
            self.values.reserve(expected);
            self.values.extend(components.map(|component| codec.copy(component)));
            self.live = self.values.len();
        }
    }

    /// Empties the buffer, and keeps reusable memory. The rest is freed here, which takes
    /// milliseconds if it is much: no work for the main thread.
    pub(crate) fn empty(&mut self) {
        let used = take(&mut self.live);
        if needs_drop::<V>() && self.values.len() > RETAINED {
            self.values = Vec::new();
        } else if !needs_drop::<V>() || !self.stay {
            self.values.clear();
            self.spare_room.give_back(&mut self.values, used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_kept_for_reuse_only_if_values_may_stay() {
        for stay in [true, false] {
            let mut copies = Copies::new(stay);
            copies.values = vec![String::from("a"), String::from("b")];
            copies.live = 2;
            copies.empty();
            assert_eq!((copies.len(), copies.values.len()), (0, if stay { 2 } else { 0 }));
        }
    }
}
