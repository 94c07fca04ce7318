//! The successes and failures of many attempts.

use crate::skill::{Attempt, Tally};

const BITS: usize = 64;

/// The success or failure of each of many attempts, in order: a bit each, so that a million take an eighth of a
/// megabyte. The number of successes between two places is known without a walk from one to the other.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Outcomes {
    words: Vec<u64>,
    /// The number of successes before each word.
    before: Vec<usize>,
    all: usize,
}

impl FromIterator<Attempt> for Outcomes {
    fn from_iter<I: IntoIterator<Item = Attempt>>(attempts: I) -> Self {
        let mut outcomes = Self::default();
        for attempt in attempts {
            outcomes.push(u64::from(attempt.succeeded()), 1);
        }
        outcomes
    }
}

impl Outcomes {
    pub(crate) fn len(&self) -> usize {
        self.all
    }

    /// Appends the next ones.
    pub(crate) fn append(&mut self, next: &Self) {
        let mut left = next.all;
        for word in &next.words {
            self.push(*word, left.min(BITS));
            left = left.saturating_sub(BITS);
        }
    }

    /// Appends the lowest bits of a word; all others are zero.
    fn push(&mut self, word: u64, bits: usize) {
        let used = self.all % BITS;
        match self.words.last_mut() {
            Some(last) if used > 0 => {
                *last |= word << used;
                if used + bits > BITS {
                    self.push_word(word >> (BITS - used));
                }
            }
            _ => self.push_word(word),
        }
        self.all += bits;
    }

    fn push_word(&mut self, word: u64) {
        let known = self.before.last().zip(self.words.last());
        self.before.push(known.map_or(0, |(before, last)| before + ones(*last)));
        self.words.push(word);
    }

    /// The number of successes among the first so many.
    fn succeeded_of_first(&self, count: usize) -> usize {
        let count = count.min(self.all);
        let place = count / BITS;
        let (Some(before), Some(word)) = (self.before.get(place), self.words.get(place)) else {
            // The end of a last word that is full.
            let known = self.before.last().zip(self.words.last());
            return known.map_or(0, |(before, last)| before + ones(*last));
        };
        before + ones(word & !(u64::MAX << (count % BITS)))
    }

    /// The tally of the attempts from one place up to another.
    pub(crate) fn tally(&self, from: usize, through: usize) -> Tally {
        let (from, through) = (from.min(self.all), through.min(self.all));
        let succeeded =
            self.succeeded_of_first(through).saturating_sub(self.succeeded_of_first(from));
        Tally { succeeded, all: through.saturating_sub(from) }
    }

    /// After how many attempts so many of the last so many had succeeded for the first time.
    pub(crate) fn first_with(&self, needed: usize, of_last: usize) -> Option<usize> {
        let mut after = of_last;
        while after <= self.all {
            let Tally { succeeded, .. } = self.tally(after - of_last, after);
            // Each attempt adds one success at most, so it takes as many more as are missing.
            match needed.saturating_sub(succeeded) {
                0 => return Some(after),
                missing => after += missing,
            }
        }
        None
    }
}

fn ones(word: u64) -> usize {
    word.count_ones() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts that succeed as these digits say.
    fn attempts(all: &[bool]) -> Outcomes {
        all.iter().map(|succeeded| Attempt::new(*succeeded)).collect()
    }

    #[test]
    fn outcomes_appended_in_parts_equal_the_whole() {
        let all: Vec<bool> = (0..700).map(|number| number * number % 7 < 3).collect();
        for length in [1, 3, 63, 64, 65, 128, 200] {
            let mut outcomes = Outcomes::default();
            for part in all.chunks(length) {
                outcomes.append(&attempts(part));
            }
            assert_eq!(outcomes, attempts(&all), "of parts of {length}");
        }
    }

    #[test]
    fn tallies_and_mastery_equal_those_of_a_plain_loop() {
        let all: Vec<bool> = (0..333).map(|number| number * number % 11 < 5).collect();
        let outcomes = attempts(&all);
        for (from, through) in
            [(0_usize, 0_usize), (0, 64), (0, 333), (63, 129), (64, 128), (320, 400), (9, 3)]
        {
            let walked = all.iter().skip(from).take(through.saturating_sub(from));
            let walked: Tally = walked.map(|succeeded| Attempt::new(*succeeded)).collect();
            assert_eq!(outcomes.tally(from, through), walked, "from {from} through {through}");
        }
        for (needed, of_last) in [(1, 1), (4, 5), (5, 5), (8, 10), (150, 300), (200, 300), (1, 400)]
        {
            let walked = all
                .windows(of_last)
                .position(|window| window.iter().filter(|succeeded| **succeeded).count() >= needed);
            let walked = walked.map(|before| before + of_last);
            assert_eq!(outcomes.first_with(needed, of_last), walked, "{needed} of {of_last}");
        }
    }
}
