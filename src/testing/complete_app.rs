//! Completes an app that has no runner.

use bevy::app::{App, PluginsState};

/// Waits for the plugins of an app and completes it, as its runner would.
pub(super) fn complete(app: &mut App) {
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    if app.plugins_state() != PluginsState::Cleaned {
        app.finish();
        app.cleanup();
    }
}
