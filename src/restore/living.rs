//! Which entities of a checkpoint are in the world.

use std::collections::HashMap;

use bevy::ecs::entity::Entity;
use bevy_session_journal::SaveId;

use super::image::{Living, WorldImage};
use super::manner::RestoreManner;

impl WorldImage {
    /// Notes which entities have the ids of the session. Some of them may be gone when the checkpoint is put back.
    pub(crate) fn note_living(&mut self, ids: impl IntoIterator<Item = (SaveId, Entity)>) {
        let mut by_rank = vec![Entity::PLACEHOLDER; self.ranks.len()];
        let mut others = Vec::new();
        for (id, entity) in ids {
            match self.ranks.rank(id).and_then(|rank| by_rank.get_mut(rank as usize)) {
                Some(place) => *place = entity,
                None => others.push((id, entity)),
            }
        }
        let (shape_by_rank, shapes) = self.shapes();
        self.living = Some(Living { by_rank, others, shape_by_rank, shapes });
    }

    /// The columns that entities have: the place of each rank's in a list of all there are, and that.
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

    /// How it can be put back, where it is wanted in this way: only into a world whose entities are known, and only
    /// by the build that took it, whose word it is what an entity lacks. What a migration of the whole checkpoint has made
    /// isn't what was captured, and those that it spawned have ids that others have in the world.
    pub(crate) fn manner(&self, wanted: RestoreManner) -> RestoreManner {
        let is_migrated = self.spawned_from != SaveId(u64::MAX);
        if self.living.is_none() || is_migrated || self.is_of_earlier_build() {
            return RestoreManner::Respawn;
        }
        wanted
    }
}
