//! References in the world to entities that left with their level and have come back as others.

use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::ecs::component::Component;
use bevy::ecs::entity::{Entity, EntityHashMap, EntityMapper};
use bevy::ecs::query::{Or, QueryState, With};
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;

use super::{ComponentCodec, Contents, Saved, WrittenAgain, unfiltered};

/// The entities that have come back, by those that left.
pub(crate) type CameBack = EntityHashMap<Entity>;

/// Lets the references in the values of one type lead to the entities that have come back.
///
/// A value that has one is written in place if possible, and counts as changed.
pub(crate) fn lead_to_who_came_back<C: ComponentCodec>(
    codec: &C,
    world: &mut World,
    came_back: &CameBack,
) {
    // A relationship goes with its target, and is put back with it.
    let is_relationship = C::Component::relationship_accessor().is_some();
    if is_relationship || !may_refer::<C::Component>(world) {
        return;
    }
    let mut holders: QueryState<(Entity, &C::Component), Or<(With<Saved>, With<IsResource>)>> =
        unfiltered(world, QueryState::new);
    let holders = holders.iter(world);
    let holders: Vec<Entity> = holders
        .filter_map(|(entity, component)| led(codec, component, came_back).map(|_| entity))
        .collect();
    for entity in holders {
        // Copied now: what an observer of an earlier one has written to it is no older.
        let component = world.get::<C::Component>(entity);
        if let Some(led) = component.and_then(|component| led(codec, component, came_back)) {
            WrittenAgain::write(world, entity, led);
        }
    }
}

/// A component whose references lead to the entities that have come back; `None` if it refers to none of those. One whose
/// own code panics when it is copied stays as it is.
fn led<C: ComponentCodec>(
    codec: &C,
    component: &C::Component,
    came_back: &CameBack,
) -> Option<C::Component> {
    let lead = AssertUnwindSafe(|| {
        let mut value = codec.copy(component);
        let mut lead = Lead { came_back, has_led: false };
        codec.map_entities(&mut value, &mut lead);
        lead.has_led.then(|| codec.rebuild(value))
    });
    catch_unwind(lead).ok()?
}

/// Returns false if reflection knows a type, and there is no entity in it.
fn may_refer<T: 'static>(world: &World) -> bool {
    let Some(registry) = world.get_resource::<AppTypeRegistry>() else { return true };
    let contents = Contents::of(&registry.read(), TypeId::of::<T>());
    contents.is_none_or(|contents| contents.entities)
}

struct Lead<'a> {
    came_back: &'a CameBack,
    has_led: bool,
}

impl EntityMapper for Lead<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let Some(led) = self.came_back.get(&source) else { return source };
        self.has_led = true;
        *led
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}
