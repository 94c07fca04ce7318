//! A picture of a world, read from the ECS and from nothing else.

use std::collections::{BTreeMap, BTreeSet};
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

use super::hooks::{Badge, Glow, Kept, Lamp, Light, Titled};
use super::levels::Fixture;
use super::links::{Herd, Home, InHerd, OwnedBy, Owns, PairedWith};
use crate::capture::test_kit::*;
use crate::capture::{Encoder, Placed};
use crate::{SaveKey, Saved};

/// Values by kind, as `Debug` writes them.
pub type Values = BTreeMap<&'static str, String>;

/// All saved data of a world, value by value, and what hooks keep of it. Entities are named by
/// their ids in the session, anchors by their keys, and other unsaved ones by a placeholder.
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
    /// Links of placed entities: a link to no one is left out of a restore, and what a level has
    /// linked is the level's.
    pub placed_links: u64,
}

/// The names of entities.
struct Names<'a> {
    world: &'a World,
    ids: &'a EntityHashMap<SaveId>,
    /// Entities that have left with a room, if they are back as others.
    left: EntityHashMap<SaveId>,
    /// Those that aren't back, as long as they wait for their room.
    waiting: EntityHashMap<SaveId>,
    dangling: Dangling,
}

impl Names<'_> {
    fn name(&self, entity: Entity) -> Option<String> {
        let id =
            self.ids.get(&entity).or_else(|| self.left.get(&entity)).map(|id| format!("#{}", id.0));
        id.or_else(|| anchor(self.world, entity))
    }

    /// The name of an entity to which a plain value refers: it may be away.
    fn name_or_former(&self, entity: Entity) -> Option<String> {
        let waiting = || self.waiting.get(&entity).map(|id| format!("#{}", id.0));
        self.name(entity).or_else(waiting)
    }

    fn names<'b>(&self, entities: impl IntoIterator<Item = &'b Entity>) -> Vec<String> {
        let name =
            |entity: &Entity| self.name_or_former(*entity).unwrap_or_else(|| "no one".to_owned());
        entities.into_iter().map(name).collect()
    }

    /// Counts a link to an entity that won't exist after a restore.
    fn count_link(&mut self, of: EntityRef<'_>, to: Entity) {
        let before = self.dangling.unsaved;
        self.count_missed(&[to], Self::name);
        if of.contains::<SaveKey>() {
            self.dangling.placed_links += self.dangling.unsaved - before;
        }
    }

    /// Counts a value that refers to an entity which won't exist after a restore.
    fn count(&mut self, entities: &[Entity]) {
        self.count_missed(entities, Self::name_or_former);
    }

    fn count_missed(&mut self, entities: &[Entity], name: fn(&Self, Entity) -> Option<String>) {
        let is_missed =
            |entity: &&Entity| **entity != Entity::PLACEHOLDER && name(self, **entity).is_none();
        let missed: Vec<&Entity> = entities.iter().filter(is_missed).collect();
        let any_dead = missed.iter().any(|entity| self.world.get_entity(**entity).is_err());
        self.dangling.unsaved += u64::from(!missed.is_empty());
        self.dangling.dead += u64::from(any_dead);
    }
}

impl Portrait {
    /// Reads a world. Also counts its values that refer to an unsaved entity. A reference to one
    /// that has left with a room is to the one that came back, or that waits for its room.
    pub fn of(world: &World, ids: &EntityHashMap<SaveId>, encoder: &Encoder) -> (Self, Dangling) {
        let saved: BTreeSet<SaveId> = ids.values().copied().collect();
        let waits: BTreeSet<SaveId> = encoder.waiting().collect();
        let left: Vec<_> = encoder.left().map(|(id, entity)| (entity, id)).collect();
        let among = |ids: &BTreeSet<SaveId>| -> EntityHashMap<SaveId> {
            left.iter().copied().filter(|(_, id)| ids.contains(id)).collect()
        };
        let (left, waiting) = (among(&saved), among(&waits));
        let mut names = Names { world, ids, left, waiting, dangling: Dangling::default() };
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

    /// Fails if another one differs, and reports where.
    pub fn must_be(&self, other: &Self, what: &str) {
        let none = Values::new();
        for id in self.entities.keys().chain(other.entities.keys()) {
            let [own, others] = [self, other].map(|it| it.entities.get(id).unwrap_or(&none));
            let kinds =
                own.keys().chain(others.keys()).filter(|it| own.get(*it) != others.get(*it));
            let differing: Vec<_> =
                kinds.map(|kind| (kind, own.get(kind), others.get(kind))).collect();
            assert_eq!(differing, [], "{what}: {id}, {own:?}");
        }
        assert_eq!(self, other, "{what}");
    }

    /// Values of entities.
    pub fn values(&self) -> usize {
        self.entities.values().map(BTreeMap::len).sum()
    }

    /// The ids of placed entities, by their keys.
    pub fn placed(&self) -> impl Iterator<Item = (SaveKey, SaveId)> {
        let with_key = self.entities.iter();
        with_key.filter_map(|(id, values)| Some((SaveKey::new(values.get("key")?), *id)))
    }

    /// Returns true if another entity is linked to an entity.
    pub fn is_linked_to(&self, id: SaveId) -> bool {
        self.of_others(id, &LINKS).any(|value| names(value, id))
    }

    /// Returns true if a plain value of another entity, or of the world, refers to an entity.
    pub fn is_referred_to(&self, id: SaveId) -> bool {
        let of_others = self.of_others(id, &["target", "home"]);
        of_others.chain(self.world.get("leader")).any(|value| names(value, id))
    }

    fn of_others<'a>(
        &'a self,
        id: SaveId,
        kinds: &'a [&'static str],
    ) -> impl Iterator<Item = &'a String> {
        let others = self.entities.iter().filter(move |(other, _)| **other != id);
        others.flat_map(move |(_, values)| kinds.iter().filter_map(|it| values.get(it)))
    }

    /// The number of entities that have a value of this kind.
    pub fn count(&self, kind: &str) -> u64 {
        self.entities.values().filter(|values| values.contains_key(kind)).count() as u64
    }
}

/// The kinds of values by which an entity is linked to another.
const LINKS: [&str; 5] = ["member of", "paired with", "owned by", "in herd of", "child of"];

/// Returns true if a value names an entity.
fn names(value: &str, id: SaveId) -> bool {
    let name = format!("#{}", id.0);
    value.split(|it: char| it != '#' && !it.is_ascii_digit()).any(|word| word == name)
}

/// The key of an entity that isn't saved.
fn anchor(world: &World, entity: Entity) -> Option<String> {
    let entity = world.get_entity(entity).ok().filter(|entity| !entity.contains::<Saved>())?;
    entity.get::<SaveKey>().map(SaveKey::to_string)
}

/// The saved entities, whatever disables them.
pub fn saved_entities(world: &World) -> impl Iterator<Item = EntityRef<'_>> {
    let archetypes = world.archetypes().iter();
    let entities = archetypes.flat_map(|archetype| archetype.entities());
    entities
        .map(|entity| world.entity(entity.id()))
        .filter(|entity| entity.contains::<Saved>() && !entity.contains::<IsResource>())
}

/// The values of an entity that don't refer to others.
pub fn plain_values_of(entity: EntityRef<'_>) -> Values {
    let mut values = Values::new();
    values.extend(entity.get::<SaveKey>().map(|key| ("key", key.to_string())));
    put::<Fixture>(entity, "fixture", &mut values);
    put::<Titled>(entity, "title", &mut values);
    put::<Badge>(entity, "badge", &mut values);
    put::<Lamp>(entity, "lamp", &mut values);
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
    values
}

fn values_of(entity: EntityRef<'_>, names: &mut Names<'_>) -> Values {
    let mut values = plain_values_of(entity);
    put_what_is_kept(entity, names.world, &mut values);
    if let Some(Target { strength, targets }) = entity.get() {
        names.count(targets);
        values.insert("target", format!("{strength}: {:?}", names.names(targets)));
    }
    if let Some(Home(home)) = entity.get() {
        names.count(&[*home]);
        values.insert("home", names.names([home]).concat());
    }
    if let Some(InHerd(other)) = entity.get() {
        names.count_link(entity, *other);
        values.extend(names.name(*other).map(|other| ("in herd of", other)));
    }
    if let Some(herd) = entity.get::<Herd>() {
        let mut herd: Vec<String> = herd.iter().filter_map(|it| names.name(it)).collect();
        herd.sort_unstable();
        put_list("herd", herd, &mut values);
    }
    if let Some(MemberOf(leader)) = entity.get() {
        names.count_link(entity, *leader);
        values.extend(names.name(*leader).map(|leader| ("member of", leader)));
    }
    if let Some(PairedWith(other)) = entity.get() {
        names.count_link(entity, *other);
        values.extend(names.name(*other).map(|other| ("paired with", other)));
    }
    if let Some(OwnedBy(owner)) = entity.get() {
        names.count_link(entity, *owner);
        values.extend(names.name(*owner).map(|owner| ("owned by", owner)));
    }
    if let Some(owns) = entity.get::<Owns>() {
        let owned: Vec<String> = owns.iter().filter_map(|owned| names.name(owned)).collect();
        put_list("owns", owned, &mut values);
    }
    if let Some(ChildOf(parent)) = entity.get() {
        names.count_link(entity, *parent);
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

/// What the hooks of an entity's components keep.
fn put_what_is_kept(entity: EntityRef<'_>, world: &World, values: &mut Values) {
    let (kept, id) = (world.resource::<Kept>(), entity.id());
    values.extend(kept.titles.get(&id).map(|title| ("listed with the title", title.to_string())));
    let badges = kept.wearers.iter().filter(|(_, wearers)| wearers.contains(&id));
    let badges: Vec<String> = badges.map(|(badge, _)| badge.to_string()).collect();
    put_list("listed with the badges", badges, values);
    let light = kept.lights.get(&id).filter(|light| world.get::<Light>(**light).is_some());
    values.extend(light.map(|_| ("light", "burns".to_owned())));
    // What a lamp requires may stay without it, as all that isn't saved.
    if entity.contains::<Lamp>() && entity.contains::<Glow>() {
        values.insert("glow", "shines".to_owned());
    }
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
    let placed = world.resource::<Placed>();
    put_list("gone for good", sorted(placed.gone()), &mut values);
    put_list("left in a room", sorted(placed.waiting()), &mut values);
    values.insert("game", state::<Game>(world));
    values.insert("phase", state::<Phase>(world));
    values
}

fn sorted<'a>(keys: impl Iterator<Item = &'a SaveKey>) -> Vec<String> {
    let mut keys: Vec<String> = keys.map(SaveKey::to_string).collect();
    keys.sort_unstable();
    keys
}

fn state<S: FreelyMutableState>(world: &World) -> String {
    let (state, next) = (world.get_resource::<State<S>>(), world.get_resource::<NextState<S>>());
    format!("{:?}, next {next:?}", state.map(State::get))
}
