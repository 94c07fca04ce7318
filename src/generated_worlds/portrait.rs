//! A picture of a world, read from the ECS and from nothing else.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bevy::ecs::entity::EntityHashMap;
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::relationship::RelationshipTarget;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::EntityRef;
use bevy::prelude::*;
use bevy::state::state::FreelyMutableState;
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};
use bevy_session_journal::SaveId;

use super::links::{OwnedBy, Owns, PairedWith};
use crate::Saved;
use crate::capture::test_kit::*;

/// Values by kind, as `Debug` writes them.
type Values = BTreeMap<&'static str, String>;

/// All saved data of a world, value by value. Entities are named by their ids in the session;
/// unsaved ones by a placeholder.
#[derive(PartialEq, Debug, Default)]
pub struct Portrait {
    pub entities: BTreeMap<SaveId, Values>,
    pub world: Values,
}

/// The values of a world that refer to entities which aren't saved.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Dangling {
    /// All of them.
    pub unsaved: u64,
    /// Those whose entity doesn't exist.
    pub dead: u64,
}

/// The names of entities.
struct Names<'a> {
    world: &'a World,
    ids: &'a EntityHashMap<SaveId>,
    dangling: Dangling,
}

impl Names<'_> {
    fn name(&self, entity: Entity) -> Option<String> {
        self.ids.get(&entity).map(|id| format!("#{}", id.0))
    }

    fn names<'b>(&self, entities: impl IntoIterator<Item = &'b Entity>) -> Vec<String> {
        let name = |entity: &Entity| self.name(*entity).unwrap_or_else(|| "no one".to_owned());
        entities.into_iter().map(name).collect()
    }

    /// Counts a value that refers to an entity which won't exist after a restore.
    fn count(&mut self, entities: &[Entity]) {
        let is_missed =
            |entity: &&Entity| **entity != Entity::PLACEHOLDER && self.name(**entity).is_none();
        let missed: Vec<&Entity> = entities.iter().filter(is_missed).collect();
        let any_dead = missed.iter().any(|entity| self.world.get_entity(**entity).is_err());
        self.dangling.unsaved += u64::from(!missed.is_empty());
        self.dangling.dead += u64::from(any_dead);
    }
}

impl Portrait {
    /// Reads a world. Also counts its values that refer to an unsaved entity.
    pub fn of(world: &World, ids: &EntityHashMap<SaveId>) -> (Self, Dangling) {
        let mut names = Names { world, ids, dangling: Dangling::default() };
        let mut portrait = Self::default();
        for entity in saved_entities(world) {
            let id = *ids.get(&entity.id()).expect("every saved entity should have an id");
            let twin = portrait.entities.insert(id, values_of(entity, &mut names));
            assert_eq!(twin, None, "an id should be one entity's");
        }
        assert_eq!(portrait.entities.len(), ids.len(), "every id should be a saved entity's");
        portrait.world = values_of_world(world, &mut names);
        (portrait, names.dangling)
    }

    /// Values of entities.
    pub fn values(&self) -> usize {
        self.entities.values().map(BTreeMap::len).sum()
    }

    /// The number of entities that have a value of this kind.
    pub fn count(&self, kind: &str) -> u64 {
        self.entities.values().filter(|values| values.contains_key(kind)).count() as u64
    }
}

/// The saved entities, whatever disables them.
pub fn saved_entities(world: &World) -> impl Iterator<Item = EntityRef<'_>> {
    let archetypes = world.archetypes().iter();
    let entities = archetypes.flat_map(|archetype| archetype.entities());
    entities
        .map(|entity| world.entity(entity.id()))
        .filter(|entity| entity.contains::<Saved>() && !entity.contains::<IsResource>())
}

fn values_of(entity: EntityRef<'_>, names: &mut Names<'_>) -> Values {
    let mut values = Values::new();
    put::<Health>(entity, "health", &mut values);
    put::<Armor>(entity, "armor", &mut values);
    put::<Inventory>(entity, "inventory", &mut values);
    put::<Burning>(entity, "burning", &mut values);
    put::<Serial>(entity, "serial", &mut values);
    put::<Player>(entity, "player", &mut values);
    put::<Stat<f32>>(entity, "stat in numbers", &mut values);
    put::<Stat<String>>(entity, "stat in words", &mut values);
    put::<Look>(entity, "look", &mut values);
    put::<Name>(entity, "name", &mut values);
    put::<Disabled>(entity, "disabled", &mut values);
    if let Some(DespawnOnExit(state)) = entity.get::<DespawnOnExit<Game>>() {
        values.insert("leaves with the game's state", format!("{state:?}"));
    }
    if let Some(DespawnOnEnter(state)) = entity.get::<DespawnOnEnter<Phase>>() {
        values.insert("leaves with the phase", format!("{state:?}"));
    }
    if let Some(Target { strength, targets }) = entity.get() {
        names.count(targets);
        values.insert("target", format!("{strength}: {:?}", names.names(targets)));
    }
    if let Some(MemberOf(leader)) = entity.get() {
        names.count(&[*leader]);
        values.extend(names.name(*leader).map(|leader| ("member of", leader)));
    }
    if let Some(PairedWith(other)) = entity.get() {
        names.count(&[*other]);
        values.extend(names.name(*other).map(|other| ("paired with", other)));
    }
    if let Some(OwnedBy(owner)) = entity.get() {
        names.count(&[*owner]);
        values.extend(names.name(*owner).map(|owner| ("owned by", owner)));
    }
    if let Some(owns) = entity.get::<Owns>() {
        let owned: Vec<String> = owns.iter().filter_map(|owned| names.name(owned)).collect();
        put_list("owns", owned, &mut values);
    }
    if let Some(ChildOf(parent)) = entity.get() {
        names.count(&[*parent]);
        values.extend(names.name(*parent).map(|parent| ("child of", parent)));
    }
    if let Some(children) = entity.get::<Children>() {
        let children: Vec<String> = children.iter().filter_map(|child| names.name(child)).collect();
        put_list("children", children, &mut values);
    }
    if let Some(crew) = entity.get::<Crew>() {
        let crew: Vec<String> = crew.iter().filter_map(|member| names.name(member)).collect();
        put_list("crew", crew, &mut values);
    }
    values
}

fn put<T: Component + Debug>(entity: EntityRef<'_>, kind: &'static str, values: &mut Values) {
    values.extend(entity.get::<T>().map(|value| (kind, format!("{value:?}"))));
}

fn put_list(kind: &'static str, list: Vec<String>, values: &mut Values) {
    if !list.is_empty() {
        values.insert(kind, list.join(" "));
    }
}

fn values_of_world(world: &World, names: &mut Names<'_>) -> Values {
    let mut values = Values::new();
    values.extend(world.get_resource::<Score>().map(|score| ("score", format!("{score:?}"))));
    if let Some(Leader(leader)) = world.get_resource() {
        names.count(&[*leader]);
        values.insert("leader", names.names([leader]).concat());
    }
    values.insert("game", state::<Game>(world));
    values.insert("phase", state::<Phase>(world));
    values
}

fn state<S: FreelyMutableState>(world: &World) -> String {
    let (state, next) = (world.get_resource::<State<S>>(), world.get_resource::<NextState<S>>());
    format!("{:?}, next {next:?}", state.map(State::get))
}
