//! Entities that aren't being restored, while others get their values.
//!
//! Changes of restored entities by hooks and observers can be undone from the checkpoint. For other
//! entities, the world's former values count: for everything in a claim, and in the restore of a
//! whole world for placed entities that the checkpoint doesn't know.

use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::query::QueryState;
use bevy::ecs::world::World;

use super::hooks::runs_code;
use super::replacement::Replacement;
use crate::capture::NamedOrder;
use crate::saved::{DecodedColumn, IsSaved, WrittenAgain, unfiltered};

/// The most others that are copied: more would take longer than a frame may, only to undo what few
/// games do.
const MOST_OTHERS: usize = if cfg!(test) { 64 } else { 10_000 };

impl Replacement {
    /// Remembers entities that aren't being restored, so that changes by hooks and observers can be
    /// undone.
    pub(super) fn keep_others(&mut self, world: &mut World, orders: &[NamedOrder]) {
        self.others.since = world.increment_change_tick();
        if orders.is_empty() && !self.game_may_interfere(world) {
            return;
        }
        let restored = self.entities.iter().copied();
        self.others.restored = restored.filter(|it| *it != Entity::PLACEHOLDER).collect();
        let others = self.others_to_keep(world);
        let keeps_others = others.is_some();
        if let Some(others) = others {
            self.keep_components(world, others);
        }
        self.note_lists_of_others(world, orders, keeps_others);
    }

    /// The saved entities that aren't being restored, if the game may change any and they aren't too
    /// many.
    fn others_to_keep(&self, world: &mut World) -> Option<EntityHashSet> {
        if !self.game_may_interfere(world) {
            return None;
        }
        let mut query: QueryState<Entity, IsSaved> = unfiltered(world, QueryState::new);
        let others = query.iter(world).filter(|entity| !self.others.restored.contains(entity));
        let others: EntityHashSet = others.take(MOST_OTHERS + 1).collect();
        (others.len() <= MOST_OTHERS).then_some(others)
    }

    fn keep_components(&mut self, world: &mut World, others: EntityHashSet) {
        for column in self.image.columns.iter_mut().filter(|_| !others.is_empty()) {
            if let DecodedColumn::Component(rows) = &mut column.decoded {
                rows.keep(world, &others);
            }
        }
        self.others.entities = others;
    }

    /// Returns true if code of the game runs when the values are written.
    fn game_may_interfere(&self, world: &World) -> bool {
        let mut written = self.components().filter(|(.., column)| column.len() > 0);
        written.any(|(_, component, _)| runs_code(world, component))
    }

    /// Undoes changes of other entities. Returns true if anything had to be inserted or removed, so
    /// that hooks ran.
    pub(super) fn put_others_back(&mut self, world: &mut World) -> bool {
        let mut any_inserted = false;
        if self.others.entities.is_empty() || self.stamps.nothing_ran_until_now(world) {
            return any_inserted;
        }
        for column in &self.image.columns {
            let DecodedColumn::Component(rows) = &column.decoded else { continue };
            let done = rows.put_back(world, &self.others);
            if !done.is_empty() {
                self.report.add_overwritten(&column.type_path);
            }
            any_inserted |= done.contains(&WrittenAgain::Inserted);
        }
        any_inserted
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::lifecycle::Insert;
    use bevy::ecs::observer::On;
    use bevy::ecs::query::With;
    use bevy::ecs::system::Query;

    use super::*;
    use crate::SaveKey;
    use crate::capture::test_kit::{Health, Play, Player};

    /// The health of what a level placed after the checkpoint, once that was restored in a game in
    /// which everything placed is hurt where a player comes.
    fn health_after_a_restore(others: usize) -> Vec<u32> {
        let mut play = Play::start();
        play.world().spawn(Player);
        play.full();
        let checkpoint = play.journal.clone();
        for number in 0..others {
            play.world().spawn((SaveKey::new(format!("thing {number}")), Health(5)));
        }
        play.app.add_observer(
            |_: On<Insert<Player>>, mut placed: Query<&mut Health, With<SaveKey>>| {
                placed.iter_mut().for_each(|mut health| health.0 -= 1);
            },
        );
        play.restore(&checkpoint);
        let mut placed = play.world().query_filtered::<&Health, With<SaveKey>>();
        placed.iter(play.app.world()).map(|health| health.0).collect()
    }

    #[test]
    fn entities_that_a_hook_changed_are_put_right_up_to_a_limit() {
        assert_eq!(health_after_a_restore(MOST_OTHERS), [5; MOST_OTHERS]);
        assert_eq!(health_after_a_restore(MOST_OTHERS + 1), [4; MOST_OTHERS + 1]);
    }
}
