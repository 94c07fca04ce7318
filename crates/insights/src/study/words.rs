//! A word for each row, of which many are the same.

use std::collections::BTreeMap;

/// The place that stands for no word.
const NONE: u32 = u32::MAX;

/// A word for each row, or none. Each word is kept once, as long as a row has it.
#[derive(Clone, Debug)]
pub(super) struct Words<T> {
    /// The words; those of free places have no rows.
    words: Vec<T>,
    /// The number of rows that have each.
    counts: Vec<usize>,
    places: BTreeMap<T, u32>,
    free: Vec<u32>,
    rows: Vec<u32>,
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            counts: Vec::new(),
            places: BTreeMap::new(),
            free: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl<T: Ord + Clone> FromIterator<Option<T>> for Words<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(rows: I) -> Self {
        let mut words = Self::default();
        for word in rows {
            let place = words.enter(word);
            words.rows.push(place);
        }
        words
    }
}

impl<T: Ord + Clone> Words<T> {
    /// The row has another word now.
    pub(super) fn set(&mut self, row: usize, word: Option<T>) {
        let place = self.enter(word);
        if let Some(known) = self.rows.get_mut(row) {
            let old = std::mem::replace(known, place);
            self.leave(old);
        }
    }

    /// A row comes before this one.
    pub(super) fn insert(&mut self, row: usize, word: Option<T>) {
        let place = self.enter(word);
        self.rows.insert(row.min(self.rows.len()), place);
    }

    /// The row is gone.
    pub(super) fn remove(&mut self, row: usize) {
        if row < self.rows.len() {
            let place = self.rows.remove(row);
            self.leave(place);
        }
    }

    fn enter(&mut self, word: Option<T>) -> u32 {
        let Some(word) = word else { return NONE };
        let place = self.places.get(&word).copied().or_else(|| self.place_for(word));
        let Some(place) = place else { return NONE };
        if let Some(count) = self.counts.get_mut(place as usize) {
            *count += 1;
        }
        place
    }

    fn place_for(&mut self, word: T) -> Option<u32> {
        let place = match self.free.pop() {
            Some(place) => {
                *self.words.get_mut(place as usize)? = word.clone();
                place
            }
            None => {
                self.words.push(word.clone());
                self.counts.push(0);
                u32::try_from(self.words.len() - 1).ok()?
            }
        };
        self.places.insert(word, place);
        Some(place)
    }

    fn leave(&mut self, place: u32) {
        let Some(count) = self.counts.get_mut(place as usize) else { return };
        *count -= 1;
        if *count == 0 {
            if let Some(word) = self.words.get(place as usize) {
                self.places.remove(word);
            }
            self.free.push(place);
        }
    }

    /// The number of places of words, of which some may have no rows.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at a place.
    pub(super) fn word(&self, place: usize) -> Option<&T> {
        self.words.get(place)
    }

    /// The place of a row's word.
    pub(super) fn of_row(&self, row: u32) -> Option<usize> {
        self.rows.get(row as usize).filter(|place| **place != NONE).map(|place| *place as usize)
    }

    /// The place of each row's word.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = Option<usize>> {
        self.rows.iter().map(|place| (*place != NONE).then_some(*place as usize))
    }

    /// The words that rows have, in their order, each with its place.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&T, usize)> {
        self.places.iter().map(|(word, place)| (word, *place as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_unused_word_is_used_again() {
        let mut words: Words<&str> = [Some("meadow"), None, Some("marsh")].into_iter().collect();
        words.set(0, Some("frontier"));
        words.insert(1, Some("meadow"));
        words.remove(3);
        let rows: Vec<_> =
            words.rows().map(|place| place.and_then(|place| words.word(place))).collect();
        assert_eq!(rows, [Some(&"frontier"), Some(&"meadow"), None]);
        let kept: Vec<_> = words.in_order().map(|(word, _)| *word).collect();
        assert_eq!((kept, words.len()), (vec!["frontier", "meadow"], 3));
    }
}
