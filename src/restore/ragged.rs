//! Lists of different lengths, one behind the other.

/// Lists of different lengths, one behind the other, by their place.
pub(super) struct Ragged<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Ragged<T> {
    fn default() -> Self {
        Self { ends: Vec::new(), items: Vec::new() }
    }
}

impl<T> Ragged<T> {
    /// Adds to the list that isn't ended yet.
    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Ends a list; the next one begins.
    pub(super) fn end(&mut self) {
        self.ends.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    /// The list at a place.
    pub(super) fn of(&self, place: u32) -> &[T] {
        let place = place as usize;
        let end = self.ends.get(place).copied().unwrap_or_default() as usize;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before));
        self.items.get(start.copied().unwrap_or_default() as usize..end).unwrap_or_default()
    }
}
