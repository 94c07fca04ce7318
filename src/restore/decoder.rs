//! Decodes columns, and lists values that can't be decoded.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, Rows, Values};
use bevy_session_journal::internal::read::recovery::ReadProgress;

use super::current_form::CurrentForm;
use super::image::ImageColumn;
use super::loss::{RestoreLoss, RestoreLossReason};
use super::side_by_side::side_by_side;
use super::unusable::UnusableRows;
use crate::capture::{Build, Carried, SaveKey, TypeHistory};
use crate::saved::{BUILD, DecodedColumn, Ranks, decode_message_pack};

/// The number of rows after which progress is reported.
const REPORT_AFTER: usize = 4_096;

/// The rows of all types, as they were read.
pub(super) struct SavedTable {
    pub(super) types: BTreeMap<Arc<str>, SavedRows>,
}

/// The rows of one type, as they were read, under one or several names.
#[derive(Default)]
pub(super) struct SavedRows {
    pub(super) blocks: Vec<SavedBlock>,
}

pub(super) struct SavedBlock {
    pub(super) name: Arc<str>,
    pub(super) version: u32,
    pub(super) rows: Values,
}

/// One row, as it was read.
pub(super) struct SavedRow<'a> {
    pub name: &'a Arc<str>,
    pub version: u32,
    pub id: SaveId,
    /// Its block, and its place in it.
    pub place: (u32, u32),
    pub value: &'a [u8],
}

impl SavedTable {
    pub(super) fn read<E>(blocks: impl IntoIterator<Item = Result<Block, E>>) -> Result<Self, E> {
        let mut types = BTreeMap::<Arc<str>, SavedRows>::new();
        for block in blocks {
            let Block { type_path: name, type_version: version, rows } = block?;
            // A merged checkpoint has no removals left.
            if let Rows::Values(rows) = rows {
                let saved = types.entry(name.clone()).or_default();
                saved.blocks.push(SavedBlock { name, version, rows });
            }
        }
        Ok(Self { types })
    }

    /// The keys in a column that isn't a type's.
    pub(super) fn take_keys(&mut self, type_path: &str) -> Vec<(SaveId, SaveKey)> {
        let rows = self.take(type_path);
        let keys = rows.iter().filter_map(|(id, value)| {
            let key = decode_message_pack(value).ok()?;
            Some((id, key))
        });
        keys.collect()
    }

    /// Takes the facts about the build that took the checkpoint, and the entities that waited for
    /// their level then with the values of an earlier build.
    pub(super) fn take_build(&mut self) -> (Option<Build>, HashSet<SaveId>) {
        let rows = self.take(BUILD);
        let said = rows.iter().find(|(id, _)| *id == SaveId::WORLD);
        let earlier = rows.iter().map(|(id, _)| id).filter(|id| *id != SaveId::WORLD).collect();
        (said.and_then(|(_, said)| decode_message_pack(said).ok()), earlier)
    }

    pub(super) fn take(&mut self, type_path: &str) -> SavedRows {
        self.types.remove(type_path).unwrap_or_default()
    }

    /// The rows of a type under all its current and former names, the current one first.
    pub(super) fn take_all(&mut self, type_path: &str, history: &TypeHistory) -> SavedRows {
        let mut saved = self.take(type_path);
        for name in &history.former_names {
            saved.blocks.extend(self.take(name).blocks);
        }
        saved
    }
}

impl SavedRows {
    pub(super) fn iter(&self) -> impl Iterator<Item = (SaveId, &[u8])> {
        self.rows().map(|row| (row.id, row.value))
    }

    fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.rows.len()).sum()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = SavedRow<'_>> {
        (0_u32..).zip(&self.blocks).flat_map(|(block, saved)| {
            (0_u32..).zip(saved.rows.iter()).map(move |(row, (id, value))| SavedRow {
                name: &saved.name,
                version: saved.version,
                id,
                place: (block, row),
                value,
            })
        })
    }

    /// Visits each row in the order of their ids; of several with one id, the one whose name comes
    /// first.
    fn for_each(&self, look: impl FnMut(SavedRow<'_>)) {
        let mut names = self.blocks.iter().map(|block| &block.name);
        let first = names.next();
        if names.all(|name| Some(name) == first) {
            return self.rows().for_each(look);
        }
        let mut rows: Vec<SavedRow<'_>> = self.rows().collect();
        rows.sort_by_key(|row| row.id);
        rows.into_iter().for_each(look);
    }

    fn into_blocks(self) -> Vec<Values> {
        self.blocks.into_iter().map(|block| block.rows).collect()
    }
}

/// A column before it is decoded.
pub(super) struct UndecodedColumn {
    pub type_path: Arc<str>,
    pub decoder: DecodedColumn,
    pub was_saved: bool,
    pub history: Arc<TypeHistory>,
    pub saved: SavedRows,
}

/// Decodes columns and collects rows that can't be decoded.
pub(super) struct Decoder<'a> {
    ranks: &'a Ranks,
    progress: &'a ReadProgress,
    pub losses: Vec<RestoreLoss>,
    pub carried: Carried,
}

impl<'a> Decoder<'a> {
    /// A decoder of rows of these entities.
    pub(super) fn new(ranks: &'a Ranks, progress: &'a ReadProgress) -> Self {
        Self { ranks, progress, losses: Vec::new(), carried: Carried::default() }
    }

    /// Decodes columns, in parallel if there are many rows.
    pub(super) fn columns(&mut self, undecoded: Vec<UndecodedColumn>) -> Vec<ImageColumn> {
        let rows: usize = undecoded.iter().map(|undecoded| undecoded.saved.len()).sum();
        if rows < REPORT_AFTER {
            return undecoded.into_iter().map(|undecoded| self.column(undecoded)).collect();
        }
        let (ranks, progress) = (self.ranks, self.progress);
        let decoded = side_by_side(undecoded, |undecoded| {
            let mut decoder = Decoder::new(ranks, progress);
            let column = decoder.column(undecoded);
            (column, decoder.losses, decoder.carried)
        });
        let columns = decoded.into_iter().map(|(column, losses, carried)| {
            self.losses.extend(losses);
            self.carried.extend(carried);
            column
        });
        columns.collect()
    }

    fn column(&mut self, undecoded: UndecodedColumn) -> ImageColumn {
        let UndecodedColumn { type_path, decoder, was_saved, history, saved } = undecoded;
        let mut column = ImageColumn::empty(type_path, decoder, was_saved);
        let mut form = CurrentForm::new(&history, saved.blocks.len());
        let mut unusable = UnusableRows::default();
        let mut last = None;
        let mut looked_at = 0;
        saved.for_each(|row| {
            looked_at += 1;
            if looked_at == REPORT_AFTER {
                self.progress.has_decoded(std::mem::take(&mut looked_at));
            }
            let Some(rank) = self.rank_of_row(row.id, &column.decoded) else { return };
            // Ids ascend. One that doesn't is a second value of its entity: under a name that the
            // type had before, or no writer's work.
            if last.is_some_and(|last| last >= rank) {
                return;
            }
            last = Some(rank);
            let read = unusable.try_reading(|| Ok(column.decoded.decode(form.of(&row)?)?));
            match read {
                Ok(()) => {
                    column.ranks.push(rank);
                    column.places.push(form.keep(&row));
                }
                Err(reason) => {
                    column.unreadable.insert(rank);
                    unusable.add(row.id, reason);
                    self.carried.add(row.name, row.version, row.id, row.value);
                }
            }
        });
        self.progress.has_decoded(looked_at);
        self.losses.extend(unusable.into_losses(&column.type_path));
        let migrated = form.into_blocks();
        column.version = history.version();
        column.is_as_written = saved
            .blocks
            .iter()
            .all(|block| block.version == column.version && block.name == column.type_path);
        column.saved = saved.into_blocks();
        column.saved.extend(migrated);
        column
    }

    /// The rank of a row's entity; 0 for a resource or state. `None` if it belongs to no entity.
    fn rank_of_row(&self, id: SaveId, column: &DecodedColumn) -> Option<u32> {
        match column {
            DecodedColumn::Component(_) | DecodedColumn::Order(_) => self.ranks.rank(id),
            DecodedColumn::Resource(_) | DecodedColumn::State(_) => {
                (id == SaveId::WORLD).then_some(0)
            }
        }
    }

    pub(super) fn lose_unknown_types(&mut self, rows: SavedTable) {
        for (type_path, saved) in &rows.types {
            let mut lost = 0;
            for row in saved.rows() {
                if row.id == SaveId::WORLD || self.ranks.rank(row.id).is_some() {
                    self.carried.add(type_path, row.version, row.id, row.value);
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
