//! Saved types with many values that captures look through in vain.

use std::sync::Arc;

use bevy::ecs::archetype::Archetype;
use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;

use super::running::saved_archetypes;
use super::{Doctor, Finding};
use crate::capture::crate_of;
use crate::engine;
use crate::lifecycle::Runtime;

/// The number of checkpoints in a row without a change, after which a type counts as rarely
/// changing.
pub(super) const CHECKPOINTS: u32 = 60;
/// The number of values below which looking through them costs next to nothing.
const MANY: u64 = 10_000;

/// The game's own types that captures could skip with a summary tick.
pub(super) fn types(doctor: &Doctor, world: &mut World) -> Vec<Finding> {
    let components = Runtime::with(world, |parts, world| {
        let playing = parts.playing.as_ref()?;
        let components = parts.types.components(world);
        let idle = parts.types.columns().zip(playing.recorder.idle());
        let idle = idle.filter(|(_, checkpoints)| *checkpoints >= CHECKPOINTS);
        let idle = idle.filter_map(|(saved_type, _)| {
            let (type_path, component) = components.get_key_value(saved_type.type_path())?;
            Some((type_path.to_string(), *component))
        });
        Some(idle.collect::<Vec<_>>())
    });
    let Some(types) = Runtime::with(world, |parts, _| Arc::clone(&parts.types)) else {
        return Vec::new();
    };
    let crates = doctor.crates_of(world, &types);
    let components = components.flatten().unwrap_or_default().into_iter();
    let components = components.filter(|(type_path, component)| {
        crates.contains(crate_of(type_path)) && would_pay(doctor, world, *component)
    });
    let counted = components.map(|(type_path, component)| (type_path, values(world, component)));
    let many = counted.filter(|(_, values)| *values >= MANY);
    many.map(|(type_path, values)| Finding::RarelyChanges { type_path, values }).collect()
}

fn would_pay(doctor: &Doctor, world: &World, component: ComponentId) -> bool {
    let info = world.components().get_info(component);
    info.is_some_and(|info| {
        engine::could_have_summary_tick(info) && !doctor.ignores(info.type_id())
    })
}

/// The number of saved entities that have a component.
fn values(world: &World, component: ComponentId) -> u64 {
    saved_archetypes(world, component).map(Archetype::len).map(u64::from).sum()
}
