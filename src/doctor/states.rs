//! States that may be saved at any time.

use bevy::ecs::world::World;

use super::{Doctor, Finding};
use crate::capture::SavedTypes;
use crate::lifecycle::{GameHooks, Runtime};
use crate::saved::DecodedColumn;

/// Saved states, if checkpoints are taken in all of them.
pub(super) fn never_gated(
    doctor: &Doctor,
    world: &mut World,
    types: &SavedTypes,
) -> Option<Finding> {
    if is_gated(world)? {
        return None;
    }
    let columns = types.columns();
    let states = columns.filter_map(|saved_type| match saved_type.decoder() {
        DecodedColumn::State(state) => Some((state.state_type(), saved_type.type_path())),
        _ => None,
    });
    let states = states.filter(|(type_id, _)| !doctor.ignores(Some(*type_id)));
    let states: Vec<String> = states.map(|(_, type_path)| type_path.to_string()).collect();
    (!states.is_empty()).then_some(Finding::StatesNeverGated { states })
}

/// Returns true if the game restricts when checkpoints may be taken; `None` if that isn't known.
fn is_gated(world: &mut World) -> Option<bool> {
    let says_when = |hooks: &GameHooks| {
        !hooks.checkpoint_session_while.is_empty() || !hooks.close_in.is_empty()
    };
    match world.get_resource_mut::<Runtime>() {
        Some(mut runtime) => runtime.parts().map(|parts| says_when(&parts.hooks)),
        // The app isn't complete yet.
        None => world.get_resource::<GameHooks>().map(says_when),
    }
}
