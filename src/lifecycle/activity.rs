//! The plugin's current activity, for run conditions.

use bevy::prelude::*;

/// The plugin's current activity: saving, restoring or neither. The run conditions
/// [`saving_is_in_progress`] and [`session_is_restoring`] read it.
#[derive(Resource, Clone, Copy, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct SessionActivity {
    pub(super) saving: bool,
    pub(super) restore: Option<RestorePhase>,
    pub(super) read: f32,
    pub(super) power_cuts_not_covered: bool,
}

/// The phase of a restore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
#[non_exhaustive]
pub enum RestorePhase {
    /// The checkpoint is being read and decoded. Nothing of the world has changed.
    Reading,
    /// States and resources are restored, except resources that refer to entities, and the game
    /// loads the level of the entities.
    WaitingForGate,
    /// Entities are being restored, all within one frame.
    Replacing,
}

impl SessionActivity {
    /// Returns true while something that was captured isn't on disk yet. It is `false` when the
    /// next capture has to copy everything, as right after a failure.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        self.saving
    }

    /// Returns true if a saved checkpoint survives a power cut, as far as the file system says. It
    /// is `false` where directories can't be synced, as on some network and FUSE file systems: a
    /// new file may be missing after the power cut. A crash of the game or its process loses
    /// nothing on any file system.
    #[must_use]
    pub fn power_cuts_are_covered(&self) -> bool {
        !self.power_cuts_not_covered
    }

    /// The phase of the restore; `None` if there is none.
    #[must_use]
    pub fn restore(&self) -> Option<RestorePhase> {
        self.restore
    }

    /// The share of the checkpoint that has been read and decoded, from 0 to 1; `None` without a
    /// restore. For a progress bar: once the game has loaded what the entities belong to, the rest
    /// takes a single frame.
    #[must_use]
    pub fn restore_progress(&self) -> Option<f32> {
        self.restore.map(|phase| if phase == RestorePhase::Reading { self.read } else { 1.0 })
    }
}

/// Run condition: something that was captured isn't on disk yet. For a save indicator.
#[must_use]
pub fn saving_is_in_progress(activity: Option<Res<SessionActivity>>) -> bool {
    activity.is_some_and(|activity| activity.saving)
}

/// Run condition, also for observers: a restore is changing the world. Use it to suppress loot,
/// sounds or a new game.
#[must_use]
pub fn session_is_restoring(activity: Option<Res<SessionActivity>>) -> bool {
    activity
        .and_then(|activity| activity.restore)
        .is_some_and(|phase| phase != RestorePhase::Reading)
}

/// Changes the activity, and marks it as changed only if it was.
pub(super) fn set_activity(world: &mut World, change: impl FnOnce(&mut SessionActivity)) {
    let mut activity = world.get_resource_or_init::<SessionActivity>();
    let mut changed = *activity;
    change(&mut changed);
    activity.set_if_neq(changed);
}
