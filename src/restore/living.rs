//! The entities of a checkpoint that are in the world.

use std::collections::{HashMap, HashSet};

use bevy::ecs::entity::Entity;
use bevy_session_journal::SaveId;

use super::image::{ImageColumn, Living, WorldImage};
use super::manner::RestoreManner;
use super::who_stays::WhoStays;
use crate::capture::WrittenRows;

impl WorldImage {
    /// Notes which entities have the ids of the session. Some of them may be gone when the
    /// checkpoint is restored.
    pub(crate) fn note_living(&mut self, ids: impl IntoIterator<Item = (SaveId, Entity)>) {
        let mut by_rank = vec![Entity::PLACEHOLDER; self.ranks.len()];
        let mut others = Vec::new();
        for (id, entity) in ids {
            match self.ranks.rank(id).and_then(|rank| by_rank.get_mut(rank as usize)) {
                Some(place) => *place = entity,
                None => others.push((id, entity)),
            }
        }
        // Which of those that a level places are there isn't known yet.
        self.note_incomplete(&others);
        let columns = self.columns.iter();
        let unreadable: HashSet<u32> =
            columns.flat_map(|column| &column.unreadable).copied().collect();
        let mut may_stay = WhoStays::with_capacity(by_rank.len());
        for (rank, entity) in (0_u32..).zip(&by_rank) {
            let is_there = *entity != Entity::PLACEHOLDER;
            if is_there && !self.keys.contains_key(&rank) && !unreadable.contains(&rank) {
                may_stay.add(*entity, rank);
            }
        }
        let unreadable = unreadable.into_iter().filter(|rank| !self.keys.contains_key(rank));
        let (shape_by_rank, shapes) = self.shapes();
        self.living = Some(Living {
            may_stay,
            unreadable: unreadable.collect(),
            others,
            shape_by_rank,
            shapes,
            turns: self.turns(),
            seeds: by_rank.iter().copied().zip(self.ranks.ids().iter().copied()).collect(),
            left: HashMap::new(),
            is_whole: self.is_whole(),
            by_rank,
        });
    }

    /// Notes entities that have left with their level, and to which something in the world may
    /// refer. That is written as a reference to the ones which came back, and it isn't one.
    pub(crate) fn note_left(&mut self, left: impl IntoIterator<Item = (SaveId, Entity)>) {
        let anchors = self.anchor_ids();
        let is_named = |id| self.ranks.rank(id).is_some() || anchors.contains(&id);
        if let Some(living) = &mut self.living {
            living.left = left.into_iter().filter(|(id, _)| is_named(*id)).collect();
        }
    }

    /// The distinct sets of columns that entities have, and the index of each rank's set.
    fn shapes(&self) -> (Vec<u32>, Vec<Vec<u32>>) {
        let mut known = HashMap::<Vec<u32>, u32>::new();
        let mut shapes = Vec::new();
        let by_rank = (0..self.ranks.len() as u32).map(|rank| {
            let columns: Vec<u32> = self.rows.of(rank).iter().map(|row| row.column).collect();
            let next = known.len() as u32;
            *known.entry(columns).or_insert_with_key(|columns| {
                shapes.push(columns.clone());
                next
            })
        });
        let by_rank = by_rank.collect();
        (by_rank, shapes)
    }

    fn turns(&self) -> Vec<u32> {
        let mut turns = vec![0; self.ranks.len()];
        for (turn, rank) in (0_u32..).zip(&self.order.ranks) {
            if let Some(place) = turns.get_mut(*rank as usize) {
                *place = turn;
            }
        }
        turns
    }

    fn is_whole(&self) -> bool {
        let is_read = |column: &ImageColumn| {
            let saved: usize = column.saved.iter().map(|rows| rows.len()).sum();
            column.was_saved && column.is_as_written && column.len() == saved
        };
        self.losses.is_empty()
            && self.carried.is_empty()
            && self.builds.earlier.is_empty()
            && self.gone.is_empty()
            && self.columns.iter().all(is_read)
    }

    /// The ids of all entities and the rows of each type, as they were written.
    pub(crate) fn into_written(self) -> WrittenRows {
        let columns = self.columns.into_iter().map(|column| column.saved);
        WrittenRows { entities: self.ranks.ids().to_vec(), columns: columns.collect() }
    }

    /// The manner in which it can be restored, if this one is wanted. In place needs a world whose
    /// entities are known, and the build that took the checkpoint, since only that one knows which
    /// components an entity lacks. It also isn't possible after a migration of the whole
    /// checkpoint: its entities differ from the captured ones, and those that it spawned have ids
    /// that others have in the world.
    pub(crate) fn manner(&self, wanted: RestoreManner) -> RestoreManner {
        let is_migrated = self.spawned_from != SaveId(u64::MAX);
        if self.living.is_none() || is_migrated || self.is_of_earlier_build() {
            return RestoreManner::Respawn;
        }
        wanted
    }
}
