//! The rows of each entity.

use super::image::ImageColumn;
use crate::saved::DecodedColumn;

/// The rows of each entity, by rank.
#[derive(Default)]
pub(super) struct RowsByEntity {
    /// The end of each entity's rows; they start at the end of the previous one's.
    ends: Vec<u32>,
    rows: Vec<RowOfEntity>,
}

/// A row of an entity.
#[derive(Clone, Copy, Default)]
pub(super) struct RowOfEntity {
    pub column: u32,
    pub row: u32,
}

impl RowsByEntity {
    pub(super) fn new(entities: usize, columns: &[ImageColumn]) -> Self {
        let components = || {
            (0_u32..)
                .zip(columns)
                .filter(|(_, column)| matches!(column.decoded, DecodedColumn::Component(_)))
        };
        let mut starts = vec![0_u32; entities];
        for rank in components().flat_map(|(_, column)| &column.ranks) {
            if let Some(count) = starts.get_mut(*rank as usize) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        let mut rows = vec![RowOfEntity::default(); sum as usize];
        let mut ends = starts;
        for (column, image) in components() {
            for (row, rank) in (0_u32..).zip(&image.ranks) {
                if let Some(end) = ends.get_mut(*rank as usize)
                    && let Some(place) = rows.get_mut(*end as usize)
                {
                    *place = RowOfEntity { column, row };
                    *end += 1;
                }
            }
        }
        Self { ends, rows }
    }

    /// The rows of an entity, in the order of the columns.
    pub(super) fn of(&self, rank: u32) -> &[RowOfEntity] {
        let rank = rank as usize;
        let end = self.ends.get(rank).copied().unwrap_or_default() as usize;
        let start = rank.checked_sub(1).and_then(|before| self.ends.get(before));
        self.rows.get(start.copied().unwrap_or_default() as usize..end).unwrap_or_default()
    }
}
