//! The world that is played: a line of steps, none of which is ever taken twice.

use bevy_session_journal::{Codec, RowReader, RowWriter, SaveId, SavedType};

const PLAYED: SavedType = SavedType::new("test::Played");

/// The steps that were played.
pub type Line = Vec<u32>;

pub struct Lines;

impl Codec for Lines {
    type Capture = Line;
    type Image = Line;

    fn types(&self) -> &[SavedType] {
        &[PLAYED]
    }

    fn encode(&self, line: Line, rows: &mut RowWriter) {
        rows.put(PLAYED, SaveId::FIRST, &line);
    }

    fn decode(&self, rows: &mut RowReader<'_>) -> Line {
        let mut line = Line::new();
        while let Some(row) = rows.next_row() {
            if row.is(PLAYED) {
                line = row.value().unwrap();
            }
        }
        line
    }
}

/// A generator of numbers that are the same for one seed.
pub struct Draws(pub u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}
