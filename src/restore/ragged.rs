//! Lists of different lengths in one vector, most of which are empty.

/// Lists of different lengths in one vector, by their place. Most are empty.
pub(super) struct Ragged<T> {
    /// The ends of the lists, up to the last one that isn't empty.
    ends: Vec<u32>,
    items: Vec<T>,
    /// The places of lists that aren't empty, ascending.
    filled: Vec<u32>,
}

impl<T> Default for Ragged<T> {
    fn default() -> Self {
        Self { ends: Vec::new(), items: Vec::new(), filled: Vec::new() }
    }
}

impl<T: Copy + Default> Ragged<T> {
    /// At most this many places, and items in any order of their places. The items of one place
    /// keep their order.
    pub(super) fn of_items(places: usize, items: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        let mut ends = vec![0_u32; places];
        let mut count = 0;
        for (place, _) in items.clone() {
            if let Some(end) = ends.get_mut(place as usize) {
                *end += 1;
                count += 1;
            }
        }
        if count == 0 {
            return Self::default();
        }
        let mut filled = Vec::new();
        let mut sum = 0;
        for (place, end) in (0_u32..).zip(&mut ends) {
            if *end > 0 {
                filled.push(place);
            }
            sum += std::mem::replace(end, sum);
        }
        let mut all = vec![T::default(); count];
        for (place, item) in items {
            if let Some(end) = ends.get_mut(place as usize)
                && let Some(there) = all.get_mut(*end as usize)
            {
                *there = item;
                *end += 1;
            }
        }
        Self { ends, items: all, filled }
    }
}

impl<T> Ragged<T> {
    /// Adds to the list at a place: to the last one that isn't empty, or to one after it.
    pub(super) fn push(&mut self, place: u32, item: T) {
        if self.filled.last() != Some(&place) {
            self.filled.push(place);
        }
        self.ends.resize(place as usize, self.end());
        self.items.push(item);
        self.ends.push(self.end());
    }

    fn end(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }

    /// The list at a place.
    pub(super) fn of(&self, place: u32) -> &[T] {
        let place = place as usize;
        let Some(end) = self.ends.get(place).copied() else { return &[] };
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before));
        self.items
            .get(start.copied().unwrap_or_default() as usize..end as usize)
            .unwrap_or_default()
    }

    /// The places of the lists that aren't empty, ascending.
    pub(super) fn filled(&self) -> &[u32] {
        &self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_what_was_pushed_and_others_are_empty() {
        let mut lists = Ragged::default();
        for (place, item) in [(0, 'a'), (3, 'b'), (3, 'c'), (4, 'd'), (9, 'e')] {
            lists.push(place, item);
        }
        let all: Vec<&[char]> = (0..11).map(|place| lists.of(place)).collect();
        let none: &[char] = &[];
        let expected: [&[char]; 11] =
            [&['a'], none, none, &['b', 'c'], &['d'], none, none, none, none, &['e'], none];
        assert_eq!(all, expected);
        assert_eq!(lists.filled(), [0, 3, 4, 9]);
        let items = [(9, 'e'), (3, 'b'), (0, 'a'), (3, 'c'), (4, 'd')].into_iter();
        let lists = Ragged::of_items(11, items);
        let all: Vec<&[char]> = (0..11).map(|place| lists.of(place)).collect();
        assert_eq!(all, expected);
        assert_eq!(lists.filled(), [0, 3, 4, 9]);
        assert!(Ragged::<char>::of_items(3, [].into_iter()).filled().is_empty());
    }
}
