//! A checkpoint, decoded and ready to be put into a world.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::ChildOf;

use super::components::DecodedComponents;
use super::decoded::{DecodedColumn, DecodedOrder};
use super::loss::{NAMED_ROWS, RestoreLoss, RestoreLossReason};
use super::order::{NOBODY, SpawnOrder, spawn_order};
use super::references::Ranks;
use crate::capture::{CHILD_OF, CHILD_ORDER, Carried, DISABLED, DecodeError, SavedTypes, SerdeCodec};
use crate::journal::{Block, Commit, ENTITIES, Rows, SaveId, Values};

/// A checkpoint, decoded and ready to be put into a world.
///
/// It is made without one, on any thread; the steps that change a world are called one by one, in
/// the order in which they are declared.
pub(crate) struct WorldImage {
    pub(super) ranks: Ranks,
    pub(super) columns: Vec<ImageColumn>,
    pub(super) rows: RowsByEntity,
    pub(super) order: SpawnOrder,
    /// The rank of each entity's parent, or [`NOBODY`].
    pub(super) parents: Vec<u32>,
    losses: Vec<RestoreLoss>,
    carried: Carried,
}

/// One saved type in an image.
pub(super) struct ImageColumn {
    pub type_path: Arc<str>,
    pub decoded: DecodedColumn,
    /// Whether the game saved the type when the checkpoint was taken.
    pub was_saved: bool,
    /// The rows as they were read, to compare and to decode again.
    pub saved: Vec<Values>,
    /// Entities whose value is there and can't be read.
    pub unreadable: BTreeSet<u32>,
    /// The entity of each decoded row.
    ranks: Vec<u32>,
    /// Where each decoded row is: its block, and its place in it.
    pub places: Vec<(u32, u32)>,
}

impl ImageColumn {
    fn empty(type_path: Arc<str>, decoded: DecodedColumn, was_saved: bool) -> Self {
        let (saved, unreadable, ranks, places) = Default::default();
        Self { type_path, decoded, was_saved, saved, unreadable, ranks, places }
    }

    /// The bytes of a decoded row.
    pub(super) fn saved_value(&self, row: u32) -> Option<&[u8]> {
        let (block, row) = *self.places.get(row as usize)?;
        self.saved.get(block as usize)?.value(row as usize)
    }

    /// Whether every game saves the type.
    pub(super) fn is_built_in(&self) -> bool {
        [CHILD_OF, CHILD_ORDER, DISABLED].contains(&&*self.type_path)
    }

    /// How many rows could be decoded.
    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }
}

/// Which rows an entity has, by rank.
#[derive(Default)]
pub(super) struct RowsByEntity {
    /// Where the rows of each entity end; they start where those of the one before end.
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
    fn new(entities: usize, columns: &[ImageColumn]) -> Self {
        let components = || {
            (0_u32..).zip(columns).filter(|(_, column)| matches!(column.decoded, DecodedColumn::Component(_)))
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

impl WorldImage {
    /// Decodes the blocks of a checkpoint.
    ///
    /// What this build of the game can't use is no error: it is listed among the losses, and
    /// carried along.
    ///
    /// # Errors
    ///
    /// The first error of `blocks`.
    pub(crate) fn decode<E>(
        types: &SavedTypes,
        commit: &Commit,
        blocks: impl IntoIterator<Item = Result<Block, E>>,
    ) -> Result<Self, E> {
        let mut rows = SavedTable::read(blocks)?;
        let ranks = Ranks::new(rows.take(ENTITIES).iter().map(|(id, _)| id));
        let saved_then: HashSet<&str> = commit.types.iter().map(|saved| &*saved.path).collect();
        let mut decoder = Decoder { ranks: &ranks, losses: Vec::new(), carried: Carried::default() };
        let mut columns = Vec::new();
        for saved_type in types.columns() {
            let type_path = saved_type.type_path().clone();
            let was_saved = saved_then.contains(&*type_path);
            let saved = rows.take(&type_path);
            columns.push(decoder.column(type_path, saved_type.decoder(), was_saved, saved));
        }
        decoder.lose_unknown_types(rows);
        let Decoder { losses, carried, .. } = decoder;
        let parents = parents(&ranks, &columns);
        let order = spawn_order(&parents, &child_orders(&ranks, &columns));
        let rows = RowsByEntity::new(ranks.len(), &columns);
        Ok(Self { ranks, columns, rows, order, parents, losses, carried })
    }

    /// Entities in the image.
    pub(crate) fn entities(&self) -> u64 {
        self.ranks.len() as u64
    }

    /// What this build of the game can't use.
    pub(crate) fn losses(&self) -> &[RestoreLoss] {
        &self.losses
    }

    /// The rows that this build can't use, for the encoder to carry along.
    pub(crate) fn carried(&self) -> Carried {
        self.carried.clone()
    }
}

impl fmt::Debug for WorldImage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WorldImage")
            .field("entities", &self.entities())
            .field("losses", &self.losses)
            .finish_non_exhaustive()
    }
}

/// The rows of all types, as they were read.
struct SavedTable {
    types: BTreeMap<Arc<str>, SavedRows>,
}

/// The rows of one type, as they were read.
#[derive(Default)]
struct SavedRows {
    version: u32,
    rows: Vec<Values>,
}

impl SavedTable {
    fn read<E>(blocks: impl IntoIterator<Item = Result<Block, E>>) -> Result<Self, E> {
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

    fn take(&mut self, type_path: &str) -> SavedRows {
        self.types.remove(type_path).unwrap_or_default()
    }
}

impl SavedRows {
    fn iter(&self) -> impl Iterator<Item = (SaveId, &[u8])> {
        self.rows.iter().flat_map(Values::iter)
    }

    /// Block and place of each row.
    fn places(&self) -> impl Iterator<Item = (u32, u32)> {
        let blocks = (0_u32..).zip(&self.rows);
        blocks.flat_map(|(block, rows)| (0_u32..).zip(rows.ids()).map(move |(row, _)| (block, row)))
    }
}

/// Decodes columns and collects what can't be.
struct Decoder<'a> {
    ranks: &'a Ranks,
    losses: Vec<RestoreLoss>,
    carried: Carried,
}

impl Decoder<'_> {
    fn column(
        &mut self,
        type_path: Arc<str>,
        decoded: DecodedColumn,
        was_saved: bool,
        saved: SavedRows,
    ) -> ImageColumn {
        let mut column = ImageColumn::empty(type_path, decoded, was_saved);
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
        column.saved = saved.rows;
        column
    }

    /// The rank of a row's entity; 0 for a resource or state. `None` if it belongs to nobody.
    fn rank_of_row(&self, id: SaveId, column: &DecodedColumn) -> Option<u32> {
        match column {
            DecodedColumn::Component(_) | DecodedColumn::ChildOrder(_) => self.ranks.rank(id),
            DecodedColumn::Resource(_) | DecodedColumn::State(_) => (id == SaveId::WORLD).then_some(0),
        }
    }

    fn lose_unknown_types(&mut self, rows: SavedTable) {
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

/// The parent of each entity, or [`NOBODY`] if it has none that is restored.
fn parents(ranks: &Ranks, columns: &[ImageColumn]) -> Vec<u32> {
    let mut parents = vec![NOBODY; ranks.len()];
    let Some(column) = columns.iter().find(|column| &*column.type_path == CHILD_OF) else {
        return parents;
    };
    let DecodedColumn::Component(links) = &column.decoded else { return parents };
    let links: &dyn Any = &**links;
    let Some(links) = links.downcast_ref::<DecodedComponents<SerdeCodec<ChildOf>>>() else {
        return parents;
    };
    for (child, link) in column.ranks.iter().zip(links.values()) {
        if let Some(parent) = ranks.rank(SaveId(link.parent().to_bits()))
            && let Some(place) = parents.get_mut(*child as usize)
        {
            *place = parent;
        }
    }
    parents
}

/// The children of the parents whose order was saved.
fn child_orders(ranks: &Ranks, columns: &[ImageColumn]) -> Vec<(u32, Vec<u32>)> {
    let orders = columns.iter().find_map(|column| match &column.decoded {
        DecodedColumn::ChildOrder(order) => Some((column, order)),
        _ => None,
    });
    let Some((column, DecodedOrder { children })) = orders else { return Vec::new() };
    let ids = |children: &Vec<Entity>| {
        children.iter().filter_map(|child| ranks.rank(SaveId(child.to_bits()))).collect()
    };
    column.ranks.iter().copied().zip(children.iter().map(ids)).collect()
}
