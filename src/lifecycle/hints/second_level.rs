//! Notices a level that the game spawns although a restore has brought it back.
//!
//! A level is spawned when a state is entered. So it is looked at what the schedules of the states spawn soon after a
//! restore: entities of exactly the types that came back, none of them with a [`SaveKey`], and of one sort exactly as many.
//! What a game spawns in `Update`, and what it spawns once entities have come or gone, is play.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::ecs::archetype::Archetype;
use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::world::World;
use bevy::prelude::AppTypeRegistry;
use bevy_session_journal::RunId;

use super::restored::is_ignored;
use super::{SessionHint, give_hint};
use crate::capture::{SaveKey, SavedTypes, type_path_of};
use crate::lifecycle::activity::set_activity;
use crate::lifecycle::runtime::RuntimeParts;
use crate::saved::{DecodedColumn, Saved};

/// The play time after a restore in which a level may come a second time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The play time for which both have to stay.
const PROBATION: Duration = Duration::from_secs(5);
/// The number of entities of a sort that are looked at again.
const SAMPLE: usize = 64;

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
    second: Option<SecondLevel>,
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
    let level = run.and_then(|run| RestoredLevel::of(world, &parts.types, run));
    set_activity(world, |activity| activity.follows_level = level.is_some());
    parts.hints.level = level.map(Box::new);
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
    let is_over = run != Some(level.run) || played > PATIENCE + PROBATION;
    if is_over {
        parts.hints.level = None;
        set_activity(world, |activity| activity.follows_level = false);
    } else if let Some(before) = level.before_states.take()
        && level.second.is_none()
        && played <= PATIENCE
    {
        level.second = level.find_second(world, before, played);
    }
}

/// Gives the hint about a second level, if both have stayed.
pub(super) fn hint_at_second_level(parts: &mut RuntimeParts, world: &mut World, played: Duration) {
    let is_due = |level: &mut Box<RestoredLevel>| {
        level.second.as_ref().is_some_and(|second| played >= second.at + PROBATION)
    };
    let Some(level) = parts.hints.level.take_if(is_due) else { return };
    set_activity(world, |activity| activity.follows_level = false);
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
        let mut level =
            Self { run, types, restored: Sorts::new(), before_states: None, second: None };
        level.restored = level.count(world);
        (!level.restored.is_empty()).then_some(level)
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

    /// What was spawned since a tick, if it is of the sorts of all that was there.
    fn find_second(&self, world: &World, since: Tick, at: Duration) -> Option<SecondLevel> {
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
            return None;
        }
        let (mut came, mut before) = (Sorts::new(), Sorts::new());
        let mut samples = BTreeMap::<(Vec<ComponentId>, bool), Vec<Entity>>::new();
        for archetype in without_key(world) {
            let sort = self.sort_of(archetype);
            for entity in archetype.entities() {
                let entity = entity.id();
                let is_new = is_new(entity);
                let counted = if is_new { &mut came } else { &mut before };
                *counted.entry(sort.clone()).or_default() += 1;
                let sample = samples.entry((sort.clone(), is_new)).or_default();
                if sample.len() < SAMPLE {
                    sample.push(entity);
                }
            }
        }
        let is_whole = before == self.restored
            && came.len() == before.len()
            && before.iter().all(|(sort, number)| came.get(sort) >= Some(number));
        if !is_whole {
            return None;
        }
        came.retain(|sort, number| before.get(sort) == Some(number));
        let samples = samples.into_iter().filter(|((sort, _), _)| came.contains_key(sort));
        let sample = samples.flat_map(|(_, sample)| sample).collect();
        (!came.is_empty()).then_some(SecondLevel { at, sorts: came, sample })
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
