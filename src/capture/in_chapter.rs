//! Entities that belong to a chapter, and are despawned with it.

use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::query::{QueryState, Without};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;
use bevy::reflect::Reflect;
use bevy_session_journal::ChapterId;
use serde::{Deserialize, Serialize};

use super::Placed;
use crate::saved::unfiltered;

/// Ties an entity to a chapter: when that ends, the entity is despawned with its descendants.
///
/// It is despawned after the observers of [`ChapterEnded`](crate::chapters::ChapterEnded) and
/// before the next checkpoint. The component is saved with the entity, if that is [`Saved`](crate::Saved); it
/// doesn't make it so. A placed entity, with a [`SaveKey`](crate::SaveKey), doesn't count as gone: it is there when
/// the level is loaded again.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::chapters::{InChapter, NewChapter};
///
/// fn begin_mission(mut commands: Commands) {
///     let mission = commands.session().chapters().begin(NewChapter::named("Mission 3"));
///     commands.spawn((Saved, Name::new("Convoy"), InChapter(mission)));
/// }
/// # bevy::ecs::system::assert_is_system(begin_mission);
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[reflect(opaque)]
#[reflect(Component, Clone, PartialEq, Debug)]
#[type_path = "bevy_session"]
pub struct InChapter(pub ChapterId);

impl InChapter {
    /// The entities of a chapter that ends. Placed entities among them and below them don't count
    /// as gone if they are despawned in this frame.
    pub(crate) fn leaving(world: &mut World, chapter: ChapterId) -> Vec<Entity> {
        let mut query: QueryState<(Entity, &Self), Without<IsResource>> =
            unfiltered(world, QueryState::new);
        let leaving = query.iter(world).filter(|(_, within)| within.0 == chapter);
        let leaving: Vec<Entity> = leaving.map(|(entity, _)| entity).collect();
        Placed::clear_away(world, &leaving);
        leaving
    }
}
