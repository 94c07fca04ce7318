//! A decoded checkpoint, ready to be restored into a world.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::ChildOf;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, Commit, ENTITIES, Values};
use bevy_session_journal::internal::read::recovery::ReadProgress;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::decoder::{Decoder, SavedTable, UndecodedColumn};
use super::loss::{RestoreLoss, RestoreLossReason};
use super::order::{NO_ONE, SpawnOrder, spawn_order};
use super::rows_by_entity::RowsByEntity;
use super::who_stays::WhoStays;
use crate::capture::{Build, Carried, SaveKey, SavedTypes};
use crate::saved::{
    ANCHORS, BUILD, BUILT_IN, CHILD_OF, DecodedColumn, DecodedComponents, DecodedOrder, GONE,
    Incomplete, Ranks, SAVE_KEYS, SerdeCodec,
};

/// A decoded checkpoint, ready to be restored into a world. It is made without one, on any thread;
/// the steps that change a world are called one by one, in the order in which they are declared.
pub(crate) struct WorldImage {
    pub(super) ranks: Ranks,
    pub(super) columns: Vec<ImageColumn>,
    pub(super) rows: RowsByEntity,
    pub(super) order: SpawnOrder,
    /// The rank of each entity's parent, or [`NO_ONE`].
    pub(super) parents: Vec<u32>,
    /// The parents that aren't in the image.
    pub(super) outer_parents: HashMap<u32, SaveId>,
    /// The children of the parents whose order was saved.
    pub(super) child_orders: Vec<(u32, Vec<u32>)>,
    /// The same of other links, by their columns.
    pub(super) link_orders: BTreeMap<u32, Vec<(u32, Vec<u32>)>>,
    /// The placed entities, by rank.
    pub(super) keys: BTreeMap<u32, SaveKey>,
    /// Placed entities that were despawned in play.
    pub(super) gone: Vec<(SaveId, SaveKey)>,
    /// Entities that aren't saved and may be referred to.
    pub(super) anchors: Vec<(SaveId, SaveKey)>,
    pub(super) losses: Vec<RestoreLoss>,
    pub(super) carried: Carried,
    /// Components of the game whose entities may have no marker yet.
    pub(super) adopted: Vec<ComponentId>,
    pub(super) builds: Builds,
    /// The first id that no entity of the session had when the checkpoint was taken.
    pub(super) end_of_ids: SaveId,
    /// Entities with this id or a higher one were spawned by a migration. They get an id in the session with the next
    /// checkpoint.
    pub(super) spawned_from: SaveId,
    /// The checkpoint's entities that are in the world; `None` if the world isn't the session's.
    pub(super) living: Option<Living>,
}

/// The entities that have ids of the session, as the writer knows them. Built beside the game, so
/// that the frame of the restore has little left to do.
#[derive(Default)]
pub(super) struct Living {
    /// The entity of each rank; [`Entity::PLACEHOLDER`] if it isn't there.
    pub by_rank: Vec<Entity>,
    /// The entities without a key that may stay: all of their values can be read.
    pub may_stay: WhoStays,
    /// The ranks of entities that may not stay, since a value can't be read.
    pub unreadable: Vec<u32>,
    /// Entities that the checkpoint doesn't have.
    pub others: Vec<(SaveId, Entity)>,
    /// The index into `shapes` of each rank.
    pub shape_by_rank: Vec<u32>,
    /// The columns that entities have, each list once, ascending.
    pub shapes: Vec<Vec<u32>>,
    /// The position of each rank in the order of spawning.
    pub turns: Vec<u32>,
    /// Entities of the checkpoint as the world may refer to them: as they were before they left with their level.
    pub left: HashMap<SaveId, Entity>,
    /// The ids of all ranks, if each of their entities exists.
    pub seeds: Vec<(Entity, SaveId)>,
    /// True if the whole checkpoint was read, in the current form, and nothing of it waits or is
    /// gone: then a world restored from it can be written as a delta to it, if all that a level has
    /// placed is there.
    pub is_whole: bool,
}

/// The build that took a checkpoint, and the one that restores it.
pub(super) struct Builds {
    /// The build that took it, if the checkpoint names it.
    pub then: Option<Build>,
    /// The one that restores it.
    pub now: Build,
    /// Entities that have waited for their level since a build before that one.
    pub earlier: HashSet<SaveId>,
}

impl Builds {
    /// Returns true if the checkpoint is of another version of the game, or of a build that doesn't
    /// say which.
    pub(super) fn are_other_versions(&self) -> bool {
        self.then.as_ref().is_none_or(|then| then.version != self.now.version)
    }
}

/// One saved type in an image.
pub(super) struct ImageColumn {
    pub type_path: Arc<str>,
    /// The version of the type in `saved`.
    pub version: u32,
    pub decoded: DecodedColumn,
    /// True if the game saved the type when the checkpoint was taken.
    pub was_saved: bool,
    /// True if all rows were read under the type's current name and in its current form.
    pub is_as_written: bool,
    /// The rows as they were read, to compare them and to decode them again.
    pub saved: Vec<Values>,
    /// The ranks of entities that have a value which can't be read.
    pub unreadable: BTreeSet<u32>,
    /// The rows that refer to entities which aren't there.
    pub incomplete: BTreeMap<u32, Incomplete>,
    /// The rows that refer to entities which a level places.
    pub names_placed: Vec<u32>,
    /// The entity of each decoded row.
    pub ranks: Vec<u32>,
    /// The position of each decoded row: its block, and its place in it.
    pub places: Vec<(u32, u32)>,
}

impl ImageColumn {
    pub(super) fn empty(type_path: Arc<str>, decoded: DecodedColumn, was_saved: bool) -> Self {
        let (saved, unreadable, incomplete, names_placed, ranks, places) = Default::default();
        let (version, is_as_written) = (0, true);
        Self {
            type_path,
            version,
            decoded,
            was_saved,
            is_as_written,
            saved,
            unreadable,
            incomplete,
            names_placed,
            ranks,
            places,
        }
    }

    /// The bytes of a decoded row.
    pub(super) fn saved_value(&self, row: u32) -> Option<&[u8]> {
        let (block, row) = *self.places.get(row as usize)?;
        self.saved.get(block as usize)?.value(row as usize)
    }

    /// The decoded row of an entity.
    pub(super) fn row_of(&self, rank: u32) -> Option<u32> {
        // They ascend, so it is there, or before.
        if self.ranks.get(rank as usize) == Some(&rank) {
            return Some(rank);
        }
        let candidates = self.ranks.get(..self.ranks.len().min(rank as usize))?;
        u32::try_from(candidates.binary_search(&rank).ok()?).ok()
    }

    fn leave_absent_resource(&mut self) {
        let is_absent = self.saved_value(0).is_none() && self.unreadable.is_empty();
        if matches!(self.decoded, DecodedColumn::Resource(_)) && is_absent {
            self.was_saved = false;
        }
    }

    /// Returns true if the plugin saves the type in every game.
    pub(super) fn is_built_in(&self) -> bool {
        BUILT_IN.contains(&&*self.type_path)
    }

    /// The number of rows that could be decoded.
    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }
}

impl WorldImage {
    /// Decodes the blocks of a checkpoint. Values that this build of the game can't use are no
    /// error: they are listed among the losses, and carried along.
    ///
    /// # Errors
    ///
    /// The first error of `blocks`.
    pub(crate) fn decode<E>(
        types: &SavedTypes,
        commit: &Commit,
        blocks: impl IntoIterator<Item = Result<Block, E>>,
        progress: &ReadProgress,
    ) -> Result<Self, E> {
        progress.begin(commit);
        let saved_then: HashSet<&str> = commit.types.iter().map(|saved| saved.path).collect();
        let counted = blocks.into_iter().inspect(|block| {
            // The commit doesn't count it.
            if let Ok(block) = block
                && *block.type_path != *BUILD
            {
                progress.has_read(&block.rows);
            }
        });
        let mut rows = SavedTable::read(counted)?;
        let (then, earlier) = rows.take_build();
        // What is carried along is the word of an earlier build than the one that took the checkpoint.
        let then = then.filter(|_| commit.carried.iter().all(|carried| carried.path != BUILD));
        let migrated = rows.migrate(types, commit.next_save_id);
        let mut image = Self::of_rows(types, (then, earlier), &saved_then, rows, progress);
        image.carried.retain_ids_below(migrated.spawned_from);
        image.losses.extend(migrated.losses);
        image.carried.extend(migrated.carried);
        image.spawned_from = migrated.spawned_from;
        image.note_what_was_not_written(commit);
        image.end_of_ids = commit.next_save_id;
        Ok(image)
    }

    /// Lists the values that the game's own code failed to write when the checkpoint was taken.
    fn note_what_was_not_written(&mut self, commit: &Commit) {
        for type_path in &commit.incomplete {
            let there = commit.types.iter().find(|summary| summary.path == *type_path);
            let there = there.map_or(0, |summary| summary.rows);
            let columns = self.columns.iter().filter(|column| *column.type_path == **type_path);
            let written: u64 =
                columns.flat_map(|column| &column.saved).map(|rows| rows.len() as u64).sum();
            self.losses.push(RestoreLoss {
                type_path: type_path.clone(),
                rows: there.saturating_sub(written),
                reason: RestoreLossReason::NotWritten,
            });
        }
    }

    /// Decodes blocks that this program has built itself, with its current types.
    pub(crate) fn of_own_blocks(
        types: &SavedTypes,
        blocks: impl IntoIterator<Item = Block>,
    ) -> Self {
        let blocks = blocks.into_iter().map(Ok::<_, Infallible>);
        let Ok(mut rows) = SavedTable::read(blocks);
        let (_, earlier) = rows.take_build();
        let (then, saved_then) = (Some(types.build().clone()), types.type_paths().collect());
        Self::of_rows(types, (then, earlier), &saved_then, rows, &ReadProgress::default())
    }

    fn of_rows(
        types: &SavedTypes,
        (then, earlier): (Option<Build>, HashSet<SaveId>),
        saved_then: &HashSet<&str>,
        mut rows: SavedTable,
        progress: &ReadProgress,
    ) -> Self {
        let ranks = Ranks::new(rows.take(ENTITIES).iter().map(|(id, _)| id));
        let (gone, anchors) = (rows.take_keys(GONE), rows.take_keys(ANCHORS));
        let undecoded = types.columns().map(|saved_type| {
            let type_path = saved_type.type_path().clone();
            let history = types.history(&type_path).cloned().unwrap_or_default();
            let mut names = std::iter::once(&type_path).chain(&history.former_names);
            let was_saved = names.any(|name| saved_then.contains(&**name));
            let saved = rows.take_all(&type_path, &history);
            UndecodedColumn { type_path, decoder: saved_type.decoder(), was_saved, history, saved }
        });
        let undecoded: Vec<UndecodedColumn> = undecoded.collect();
        progress.has_decoded(ranks.len());
        let mut decoder = Decoder::new(&ranks, progress);
        let columns = decoder.columns(undecoded);
        decoder.lose_unknown_types(rows);
        let Decoder { losses, carried, .. } = decoder;
        let (parents, outer_parents) = parents(&ranks, &columns);
        let child_orders = orders(&ranks, &columns, CHILD_OF);
        let link_orders = link_orders(&ranks, &columns);
        let order = spawn_order(&parents, &child_orders);
        let rows = RowsByEntity::new(ranks.len(), &columns);
        let keys = keys(&columns);
        let adopted = types.adopted().map(|(_, component)| component).collect();
        let then = then.map(|then| then.renamed(&names_today(types)));
        let builds = Builds { then, now: types.build().clone(), earlier };
        Self {
            ranks,
            columns,
            rows,
            order,
            parents,
            outer_parents,
            child_orders,
            link_orders,
            keys,
            gone,
            anchors,
            losses,
            carried,
            adopted,
            builds,
            end_of_ids: SaveId(u64::MAX),
            spawned_from: SaveId(u64::MAX),
            living: None,
        }
    }

    /// Entities in the image.
    pub(crate) fn entities(&self) -> u64 {
        self.ranks.len() as u64
    }

    /// Leaves resources that the checkpoint of another version lacks as they are: an update may begin
    /// with them, and nobody but the game's version says so. Nothing was played yet, so they are as
    /// the game makes them.
    pub(crate) fn leave_what_an_update_begins_with(&mut self) {
        if self.builds.are_other_versions() {
            self.columns.iter_mut().for_each(ImageColumn::leave_absent_resource);
        }
    }

    /// The rows that are restored, in the current form: type, entity and value.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Arc<str>, SaveId, &[u8])> {
        self.columns.iter().flat_map(|column| {
            let rows = (0_u32..).zip(&column.ranks);
            rows.filter_map(|(row, rank)| {
                let id = match column.decoded.is_of_entities() {
                    true => *self.ranks.ids().get(*rank as usize)?,
                    false => SaveId::WORLD,
                };
                Some((&column.type_path, id, column.saved_value(row)?))
            })
        })
    }

    /// The values that this build of the game can't use.
    pub(crate) fn losses(&self) -> &[RestoreLoss] {
        &self.losses
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

/// The current names of types, by their former ones.
fn names_today(types: &SavedTypes) -> HashMap<&str, &str> {
    let names = types.columns().flat_map(|column| {
        let today = &**column.type_path();
        let former = types.history(today).into_iter().flat_map(|history| &history.former_names);
        former.map(move |name| (&**name, today))
    });
    names.collect()
}

/// The parent of each entity, or [`NO_ONE`] if it has none that is restored, and the children of
/// each parent.
fn parents(ranks: &Ranks, columns: &[ImageColumn]) -> (Vec<u32>, HashMap<u32, SaveId>) {
    let mut parents = vec![NO_ONE; ranks.len()];
    let mut outer = HashMap::new();
    for (child, link) in values_of::<ChildOf>(columns, CHILD_OF) {
        let parent = SaveId(link.parent().to_bits());
        match (ranks.rank(parent), parents.get_mut(child as usize)) {
            (Some(rank), Some(place)) => *place = rank,
            _ => drop(outer.insert(child, parent)),
        }
    }
    (parents, outer)
}

/// The keys of placed entities.
fn keys(columns: &[ImageColumn]) -> BTreeMap<u32, SaveKey> {
    values_of::<SaveKey>(columns, SAVE_KEYS).map(|(rank, key)| (rank, key.clone())).collect()
}

/// The decoded values of a type that every game saves, with the ranks of their entities.
fn values_of<'a, T>(
    columns: &'a [ImageColumn],
    type_path: &str,
) -> impl Iterator<Item = (u32, &'a T)> + use<'a, T>
where
    T: Component + Clone + Serialize + DeserializeOwned,
{
    let column = columns.iter().find(|column| &*column.type_path == type_path);
    let values = column.and_then(|column| {
        let DecodedColumn::Component(rows) = &column.decoded else { return None };
        let rows: &dyn Any = &**rows;
        let rows = rows.downcast_ref::<DecodedComponents<SerdeCodec<T>>>()?;
        Some(column.ranks.iter().copied().zip(rows.values()))
    });
    values.into_iter().flatten()
}

/// The lists of one relationship whose order was saved, each with its owner.
fn orders(ranks: &Ranks, columns: &[ImageColumn], relationship: &str) -> Vec<(u32, Vec<u32>)> {
    let orders = columns.iter().find_map(|column| match &column.decoded {
        DecodedColumn::Order(order) if *order.relationship == *relationship => {
            Some((column, order))
        }
        _ => None,
    });
    let Some((column, DecodedOrder { lists, .. })) = orders else { return Vec::new() };
    let known = |list: &Vec<Entity>| {
        list.iter().filter_map(|source| ranks.rank(SaveId(source.to_bits()))).collect()
    };
    column.ranks.iter().copied().zip(lists.iter().map(known)).collect()
}

/// The lists of each column of links whose order was saved, except links to parents.
fn link_orders(ranks: &Ranks, columns: &[ImageColumn]) -> BTreeMap<u32, Vec<(u32, Vec<u32>)>> {
    let links = (0_u32..).zip(columns).filter(|(_, column)| *column.type_path != *CHILD_OF);
    let orders = links.map(|(place, column)| (place, orders(ranks, columns, &column.type_path)));
    orders.filter(|(_, orders)| !orders.is_empty()).collect()
}
