//! What the plugin is doing, for run conditions.

use bevy::prelude::*;

/// What the plugin is doing right now. Read it through the run conditions
/// [`saving_is_in_progress`] and [`session_is_restoring`].
#[derive(Resource, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SessionActivity {
    pub(super) saving: bool,
    pub(super) restoring: bool,
}

/// Run condition: something that was captured isn't on disk yet. For a save indicator.
#[must_use]
pub fn saving_is_in_progress(activity: Option<Res<SessionActivity>>) -> bool {
    activity.is_some_and(|activity| activity.saving)
}

/// Run condition, for observers too: the world is being put back. No loot, no sounds, no new game.
#[must_use]
pub fn session_is_restoring(activity: Option<Res<SessionActivity>>) -> bool {
    activity.is_some_and(|activity| activity.restoring)
}

/// Sets what the plugin is doing, and marks it as changed only where it did.
pub(super) fn set_activity(world: &mut World, change: impl FnOnce(&mut SessionActivity)) {
    let mut activity = world.get_resource_or_init::<SessionActivity>();
    let mut changed = *activity;
    change(&mut changed);
    activity.set_if_neq(changed);
}
