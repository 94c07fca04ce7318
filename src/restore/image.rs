//! A checkpoint, decoded and ready to be put into a world.

use std::any::Any;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::ChildOf;

use super::components::DecodedComponents;
use super::decoded::{DecodedColumn, DecodedOrder};
use super::decoder::{Decoder, SavedTable, UndecodedColumn};
use super::loss::RestoreLoss;
use super::order::{NOBODY, SpawnOrder, spawn_order};
use super::references::Ranks;
use super::rows_by_entity::RowsByEntity;
use crate::capture::{CHILD_OF, CHILD_ORDER, Carried, DISABLED, SavedTypes, SerdeCodec};
use crate::journal::{Block, Commit, ENTITIES, SaveId, Values};

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
    pub ranks: Vec<u32>,
    /// Where each decoded row is: its block, and its place in it.
    pub places: Vec<(u32, u32)>,
}

impl ImageColumn {
    pub(super) fn empty(type_path: Arc<str>, decoded: DecodedColumn, was_saved: bool) -> Self {
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
        let undecoded = types.columns().map(|saved_type| {
            let type_path = saved_type.type_path().clone();
            let history = types.history(&type_path).cloned().unwrap_or_default();
            let mut names = std::iter::once(&type_path).chain(&history.former_names);
            let was_saved = names.any(|name| saved_then.contains(&**name));
            let saved = rows.take_all(&type_path, &history);
            UndecodedColumn { type_path, decoder: saved_type.decoder(), was_saved, history, saved }
        });
        let undecoded: Vec<UndecodedColumn> = undecoded.collect();
        let mut decoder = Decoder::new(&ranks);
        let columns = decoder.columns(undecoded);
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
