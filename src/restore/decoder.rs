//! Decoding columns, and listing what can't be decoded.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::tasks::ComputeTaskPool;

use super::decoded::DecodedColumn;
use super::image::ImageColumn;
use super::loss::{NAMED_ROWS, RestoreLoss, RestoreLossReason};
use super::references::Ranks;
use crate::capture::{Carried, DecodeError, SaveKey, decode_message_pack};
use crate::journal::{Block, Rows, SaveId, Values};

/// The rows of all types, as they were read.
pub(super) struct SavedTable {
    types: BTreeMap<Arc<str>, SavedRows>,
}

/// The rows of one type, as they were read.
#[derive(Default)]
pub(super) struct SavedRows {
    version: u32,
    rows: Vec<Values>,
}

impl SavedTable {
    pub(super) fn read<E>(blocks: impl IntoIterator<Item = Result<Block, E>>) -> Result<Self, E> {
        let mut types = BTreeMap::<Arc<str>, SavedRows>::new();
        for block in blocks {
            let block = block?;
            // A merged checkpoint has no removals left.
            if let Rows::Values(values) = block.rows {
                let saved = types.entry(block.type_path).or_default();
                saved.version = block.type_version;
                saved.rows.push(values);
            }
        }
        Ok(Self { types })
    }

    /// The keys in a column that isn't one of a type.
    pub(super) fn take_keys(&mut self, type_path: &str) -> Vec<(SaveId, SaveKey)> {
        let rows = self.take(type_path);
        let keys = rows.iter().filter_map(|(id, value)| {
            let key = decode_message_pack(value).ok()?;
            Some((id, key))
        });
        keys.collect()
    }

    pub(super) fn take(&mut self, type_path: &str) -> SavedRows {
        self.types.remove(type_path).unwrap_or_default()
    }
}

impl SavedRows {
    pub(super) fn iter(&self) -> impl Iterator<Item = (SaveId, &[u8])> {
        self.rows.iter().flat_map(Values::iter)
    }

    /// Block and place of each row.
    fn places(&self) -> impl Iterator<Item = (u32, u32)> {
        let blocks = (0_u32..).zip(&self.rows);
        blocks.flat_map(|(block, rows)| (0_u32..).zip(rows.ids()).map(move |(row, _)| (block, row)))
    }
}

/// A column before it is decoded.
pub(super) struct UndecodedColumn {
    pub type_path: Arc<str>,
    pub decoder: DecodedColumn,
    pub was_saved: bool,
    pub saved: SavedRows,
}

/// Decodes columns and collects what can't be.
pub(super) struct Decoder<'a> {
    ranks: &'a Ranks,
    pub losses: Vec<RestoreLoss>,
    pub carried: Carried,
}

impl<'a> Decoder<'a> {
    /// A decoder of rows of these entities.
    pub(super) fn new(ranks: &'a Ranks) -> Self {
        Self { ranks, losses: Vec::new(), carried: Carried::default() }
    }

    /// Decodes columns, beside each other where there are threads for it.
    pub(super) fn columns(&mut self, undecoded: Vec<UndecodedColumn>) -> Vec<ImageColumn> {
        let Some(pool) = ComputeTaskPool::try_get() else {
            return undecoded.into_iter().map(|undecoded| self.column(undecoded)).collect();
        };
        let ranks = self.ranks;
        let decoded = pool.scope(|scope| {
            for undecoded in undecoded {
                scope.spawn(async move {
                    let mut decoder = Decoder::new(ranks);
                    let column = decoder.column(undecoded);
                    (column, decoder.losses, decoder.carried)
                });
            }
        });
        let columns = decoded.into_iter().map(|(column, losses, carried)| {
            self.losses.extend(losses);
            self.carried.extend(carried);
            column
        });
        columns.collect()
    }

    fn column(&mut self, undecoded: UndecodedColumn) -> ImageColumn {
        let UndecodedColumn { type_path, decoder, was_saved, saved } = undecoded;
        let mut column = ImageColumn::empty(type_path, decoder, was_saved);
        let mut failed = FailedRows::default();
        for (place, (id, value)) in saved.places().zip(saved.iter()) {
            let Some(rank) = self.rank_of_row(id, &column.decoded) else { continue };
            // Ids ascend. One that doesn't is a second value of its entity, and no writer's work.
            if column.ranks.last().is_some_and(|last| *last >= rank) {
                continue;
            }
            match failed.decode(&mut column.decoded, value) {
                Ok(()) => {
                    column.ranks.push(rank);
                    column.places.push(place);
                }
                Err(error) => {
                    column.unreadable.insert(rank);
                    failed.add(id, error);
                    self.carried.add(&column.type_path, saved.version, id, value);
                }
            }
        }
        self.losses.extend(failed.into_loss(&column.type_path));
        column.version = saved.version;
        column.saved = saved.rows;
        column
    }

    /// The rank of a row's entity; 0 for a resource or state. `None` if it belongs to nobody.
    fn rank_of_row(&self, id: SaveId, column: &DecodedColumn) -> Option<u32> {
        match column {
            DecodedColumn::Component(_) | DecodedColumn::ChildOrder(_) => self.ranks.rank(id),
            DecodedColumn::Resource(_) | DecodedColumn::State(_) => {
                (id == SaveId::WORLD).then_some(0)
            }
        }
    }

    pub(super) fn lose_unknown_types(&mut self, rows: SavedTable) {
        for (type_path, saved) in &rows.types {
            let mut lost = 0;
            for (id, value) in saved.iter() {
                if id == SaveId::WORLD || self.ranks.rank(id).is_some() {
                    self.carried.add(type_path, saved.version, id, value);
                    lost += 1;
                }
            }
            self.losses.push(RestoreLoss {
                type_path: type_path.to_string(),
                rows: lost,
                reason: RestoreLossReason::UnknownType,
            });
        }
    }
}

/// Rows of one type that can't be decoded.
#[derive(Default)]
struct FailedRows {
    count: u64,
    named: Vec<SaveId>,
    first_error: Option<String>,
    panicked: bool,
}

impl FailedRows {
    /// Decodes a value. A type that panicked once isn't tried again.
    fn decode(&mut self, column: &mut DecodedColumn, value: &[u8]) -> Result<(), DecodeError> {
        if self.panicked {
            return Err(DecodeError::Panicked);
        }
        // A row is taken up at the very end of its decoding, or not at all.
        catch_unwind(AssertUnwindSafe(|| column.decode(value))).unwrap_or_else(|_| {
            self.panicked = true;
            Err(DecodeError::Panicked)
        })
    }

    fn add(&mut self, id: SaveId, error: DecodeError) {
        self.count += 1;
        if self.named.len() < NAMED_ROWS {
            self.named.push(id);
        }
        self.first_error.get_or_insert_with(|| error.to_string());
    }

    fn into_loss(self, type_path: &str) -> Option<RestoreLoss> {
        Some(RestoreLoss {
            type_path: type_path.to_owned(),
            rows: self.count,
            reason: RestoreLossReason::Undecodable { error: self.first_error?, ids: self.named },
        })
    }
}
