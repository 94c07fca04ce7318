//! The entities that have a row in a column.

/// A set of slots.
#[derive(Clone, Default)]
pub(super) struct Presence {
    words: Vec<u64>,
    count: u64,
}

impl Presence {
    /// The number of rows.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a slot. Returns true if it was new.
    pub(super) fn add(&mut self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.toggle(word, bit, false)
    }

    /// Removes a slot. Returns true if it was there.
    pub(super) fn remove(&mut self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        self.toggle(word, bit, true)
    }

    /// Empties the set.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.count = 0;
    }

    /// Flips a slot if it is in the state `from`. Returns true if it was.
    fn toggle(&mut self, word: usize, bit: u64, from: bool) -> bool {
        let Some(word) = self.words.get_mut(word) else { return false };
        if (*word & bit != 0) != from {
            return false;
        }
        *word ^= bit;
        if from {
            self.count -= 1;
        } else {
            self.count += 1;
        }
        true
    }
}

fn place(slot: u32) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_and_removing_twice_counts_once() {
        let mut presence = Presence::default();
        assert!(presence.add(200));
        assert!(!presence.add(200));
        assert_eq!(presence.count(), 1);
        assert!(!presence.remove(7));
        assert!(!presence.remove(100_000));
        assert!(presence.remove(200));
        assert!(!presence.remove(200));
        assert_eq!(presence.count(), 0);
    }
}
