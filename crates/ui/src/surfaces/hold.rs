//! Pauses the game's time while a dialog is open.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::SessionActivity;
use bevy_session::recovery::RestorePhase;

/// The game's time, as one dialog holds it.
#[derive(SystemParam)]
pub(super) struct Held<'w, 's> {
    activity: Option<Res<'w, SessionActivity>>,
    time: Option<ResMut<'w, Time<Virtual>>>,
    is_held: Local<'s, bool>,
}

impl Held<'_, '_> {
    /// Pauses the game's time while the dialog is open, unless the game has paused it itself.
    pub fn while_open(mut self, is_open: bool) {
        let Some(mut time) = self.time else { return };
        // What the game loads a level with may need time.
        let phase = self.activity.and_then(|activity| activity.restore());
        let is_put_back = phase.is_some_and(|phase| phase != RestorePhase::Reading);
        let holds = is_open && !is_put_back;
        if holds && !*self.is_held && !time.is_paused() {
            time.pause();
            *self.is_held = true;
        } else if !holds && std::mem::take(&mut *self.is_held) {
            time.unpause();
        }
    }
}
