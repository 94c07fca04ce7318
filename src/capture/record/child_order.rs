//! Parents whose children's order must be told again.

use bevy::ecs::change_detection::DetectChanges;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::{ChildOf, Children};
use bevy::ecs::world::World;

use super::ticks::TickSpan;
use crate::capture::Saved;

/// The saved parents of `children` that no change tick points at.
///
/// Only saved children have a place in the order, so it changes as well when a child's marker
/// comes or goes, and then nothing changes on the parent.
pub(crate) fn parents_to_tell(
    world: &World,
    children: impl Iterator<Item = Entity>,
    span: TickSpan,
) -> Vec<Entity> {
    let mut parents: Vec<Entity> = children
        .filter_map(|child| world.get::<ChildOf>(child).map(ChildOf::parent))
        .filter(|parent| !is_told_anyway(world, *parent, span))
        .collect();
    parents.sort_unstable();
    parents.dedup();
    parents
}

/// Whether the parent isn't saved, or is sent with its order in any case.
fn is_told_anyway(world: &World, parent: Entity, span: TickSpan) -> bool {
    let Ok(parent) = world.get_entity(parent) else { return true };
    let (Some(saved), Some(children)) = (parent.get_ref::<Saved>(), parent.get_ref::<Children>())
    else {
        return true;
    };
    span.contains(saved.added()) || span.contains(children.last_changed())
}
