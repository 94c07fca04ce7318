//! Notices a level that the game spawns although a restore has brought it back.
//!
//! A level is spawned when a state is entered. So it is looked at what the schedules of the states spawn soon after a
//! restore, the first time that they spawn something: entities of exactly the types that came back, none of them with a
//! [`SaveKey`], and of one sort exactly as many. What a game spawns in `Update`, what it spawns later, and what it spawns once
//! entities have come or gone, is play. So may be a few entities of one sort, such as a second player.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::ecs::archetype::Archetype;
use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::world::World;
use bevy::prelude::{AppTypeRegistry, Resource};
use bevy_session_journal::RunId;

use super::restored::is_ignored;
use super::{SessionHint, SessionHints, give_hint};
use crate::capture::{SaveKey, SavedTypes, type_path_of};
use crate::lifecycle::runtime::RuntimeParts;
use crate::saved::{DecodedColumn, Saved};

/// The play time after a restore in which a level may come a second time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The play time for which both have to stay.
const PROBATION: Duration = Duration::from_secs(5);
/// The number of entities of a sort that are looked at again.
const SAMPLE: usize = 64;
/// The fewest entities of a level that are all of one sort.
const OF_ONE_SORT: usize = 8;
/// The most archetypes that are looked at in each frame.
const ARCHETYPES: usize = 1_000;
/// The most frames in which they are looked at, pauses included.
const FRAMES: u32 = 3_600;

/// There while it is looked at what the schedules of the states spawn.
#[derive(Resource)]
pub(crate) struct LevelIsFollowed;

/// The numbers of entities, by the game's types that are saved on them.
type Sorts = BTreeMap<Vec<ComponentId>, usize>;

/// The entities without a key that a restore has brought back.
pub(crate) struct RestoredLevel {
    run: RunId,
    /// The game's types that are saved on entities.
    types: Vec<ComponentId>,
    restored: Sorts,
    /// The tick before the schedules of the states ran in this frame.
    before_states: Option<Tick>,
    /// The number of frames since the restore.
    frames: u32,
    second: Option<SecondLevel>,
}

/// What the schedules of the states have spawned in a frame.
enum Spawned {
    Nothing,
    AnotherLevel(SecondLevel),
    SomethingElse,
}

/// Entities that came as the restored ones did.
struct SecondLevel {
    /// The play time since the restore.
    at: Duration,
    /// The sorts that came in the number of the restored ones, with that number.
    sorts: Sorts,
    /// Some of them, and some of the restored ones.
    sample: Vec<Entity>,
}

/// Follows from now on what the states spawn beside the entities that a restore has brought back.
pub(in crate::lifecycle) fn follow_level(parts: &mut RuntimeParts, world: &mut World) {
    let run = parts.playing.as_ref().map(|playing| playing.line.run());
    let was_said = world.get_resource::<SessionHints>().is_some_and(|hints| {
        hints.said.iter().any(|hint| matches!(hint, SessionHint::SpawnedTwice { .. }))
    });
    let run = run.filter(|_| !was_said);
    parts.hints.level =
        run.and_then(|run| RestoredLevel::of(world, &parts.types, run)).map(Box::new);
    if parts.hints.level.is_some() {
        world.insert_resource(LevelIsFollowed);
    } else {
        world.remove_resource::<LevelIsFollowed>();
    }
}

fn follow_no_more(parts: &mut RuntimeParts, world: &mut World) {
    parts.hints.level = None;
    world.remove_resource::<LevelIsFollowed>();
}

/// The schedules of the states are about to run.
pub(in crate::lifecycle) fn look_before_states(parts: &mut RuntimeParts, world: &mut World) {
    if let Some(level) = &mut parts.hints.level {
        level.before_states = Some(world.increment_change_tick());
    }
}

/// The schedules of the states have run.
pub(in crate::lifecycle) fn look_after_states(parts: &mut RuntimeParts, world: &mut World) {
    let Some(level) = &mut parts.hints.level else { return };
    let run = parts.playing.as_ref().map(|playing| playing.line.run());
    let watch = parts.hints.run.as_ref().filter(|watch| watch.run == level.run);
    let played = watch.map_or(Duration::ZERO, |watch| watch.played);
    level.frames += 1;
    let is_late = level.second.is_none() && (played > PATIENCE || level.frames > FRAMES);
    if run != Some(level.run) || played > PATIENCE + PROBATION || is_late {
        return follow_no_more(parts, world);
    }
    let before = level.before_states.take().filter(|_| level.second.is_none());
    match before.map(|before| level.spawned_since(world, before, played)) {
        Some(Spawned::AnotherLevel(second)) => level.second = Some(second),
        Some(Spawned::SomethingElse) => follow_no_more(parts, world),
        Some(Spawned::Nothing) | None => {}
    }
}

/// Gives the hint about a second level, if both have stayed.
pub(super) fn hint_at_second_level(parts: &mut RuntimeParts, world: &mut World, played: Duration) {
    let is_due = |level: &mut Box<RestoredLevel>| {
        level.second.as_ref().is_some_and(|second| played >= second.at + PROBATION)
    };
    let Some(level) = parts.hints.level.take_if(is_due) else { return };
    world.remove_resource::<LevelIsFollowed>();
    if let Some(hint) = level.second.as_ref().and_then(|second| level.hint(world, second)) {
        give_hint(world, hint);
    }
}

impl RestoredLevel {
    fn of(world: &mut World, types: &SavedTypes, run: RunId) -> Option<Self> {
        let columns = types.own_columns().filter_map(|column| match column.decoder() {
            DecodedColumn::Component(rows) => Some(rows.component(world)),
            _ => None,
        });
        let types = columns.collect();
        let (restored, before_states, second) = Default::default();
        let mut level = Self { run, types, restored, before_states, frames: 0, second };
        if without_key(world).nth(ARCHETYPES).is_some() {
            return None;
        }
        level.restored = level.count(world);
        let is_level = level.restored.len() > 1
            || level.restored.values().any(|number| *number >= OF_ONE_SORT);
        is_level.then_some(level)
    }

    /// The entities of the sorts that exist now.
    fn count(&self, world: &World) -> Sorts {
        let mut sorts = Sorts::new();
        for archetype in without_key(world) {
            *sorts.entry(self.sort_of(archetype)).or_default() += archetype.entities().len();
        }
        sorts
    }

    fn sort_of(&self, archetype: &Archetype) -> Vec<ComponentId> {
        let mut sort: Vec<ComponentId> =
            self.types.iter().copied().filter(|id| archetype.contains(*id)).collect();
        sort.sort_unstable();
        sort
    }

    /// What was spawned since a tick: another level if it is of the sorts of all that was there.
    fn spawned_since(&self, world: &World, since: Tick, at: Duration) -> Spawned {
        let now = world.read_change_tick();
        let is_new = |entity: Entity| {
            let entity = world.get_entity(entity);
            entity.is_ok_and(|entity| entity.spawn_tick().is_newer_than(since, now))
        };
        // New ones are the last of their archetype. There are none in nearly all frames.
        let has_new = |archetype: &&Archetype| {
            archetype.entities().last().is_some_and(|last| is_new(last.id()))
        };
        if !without_key(world).any(|archetype| has_new(&archetype)) {
            return Spawned::Nothing;
        }
        let (mut came, mut before) = (Sorts::new(), Sorts::new());
        let mut samples = BTreeMap::<Vec<ComponentId>, Vec<Entity>>::new();
        for archetype in without_key(world) {
            let sort = self.sort_of(archetype);
            let entities = archetype.entities().iter().map(|entity| entity.id());
            let (new, old): (Vec<Entity>, Vec<Entity>) =
                entities.partition(|entity| is_new(*entity));
            let sample = samples.entry(sort.clone()).or_default();
            for (entities, sorts) in [(new, &mut came), (old, &mut before)] {
                sample.extend(entities.iter().take(SAMPLE));
                if !entities.is_empty() {
                    *sorts.entry(sort.clone()).or_default() += entities.len();
                }
            }
        }
        let is_whole = before == self.restored
            && came.len() == before.len()
            && before.iter().all(|(sort, number)| came.get(sort) >= Some(number));
        came.retain(|sort, number| before.get(sort) == Some(number));
        if !is_whole || came.is_empty() {
            return Spawned::SomethingElse;
        }
        let samples = samples.into_iter().filter(|(sort, _)| came.contains_key(sort));
        let sample = samples.flat_map(|(_, sample)| sample).collect();
        Spawned::AnotherLevel(SecondLevel { at, sorts: came, sample })
    }

    /// The hint, if nothing of both has gone or got a key, and no more came.
    fn hint(&self, world: &World, second: &SecondLevel) -> Option<SessionHint> {
        let stays = |entity: &Entity| {
            world
                .get_entity(*entity)
                .is_ok_and(|entity| entity.contains::<Saved>() && !entity.contains::<SaveKey>())
        };
        if !second.sample.iter().all(stays) {
            return None;
        }
        let now = self.count(world);
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let registry = registry.read();
        second.sorts.iter().find_map(|(sort, number)| {
            let is_meant = sort.iter().any(|id| is_ignored(world, *id));
            let is_twice = now.get(sort) == Some(&(2 * number));
            let saved = sort.iter().filter_map(|id| type_path_of(world, &registry, *id));
            let saved: Vec<String> = saved.collect();
            (is_twice && !is_meant && !saved.is_empty())
                .then_some(SessionHint::SpawnedTwice { saved, entities: *number })
        })
    }
}

/// The archetypes of saved entities without a key.
fn without_key(world: &World) -> impl Iterator<Item = &Archetype> {
    let key = world.component_id::<SaveKey>();
    let saved = world
        .component_id::<Saved>()
        .and_then(|marker| world.archetypes().component_index().get(&marker));
    let archetypes = saved.into_iter().flat_map(|archetypes| archetypes.keys());
    archetypes.filter_map(|id| world.archetypes().get(*id)).filter(move |archetype| {
        !archetype.is_empty()
            && !archetype.contains(IS_RESOURCE)
            && !key.is_some_and(|key| archetype.contains(key))
    })
}
