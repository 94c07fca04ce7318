//! Registers a game's own save system.

use std::sync::Arc;

use bevy::prelude::*;

use crate::capture::LateCalls;
use crate::external_saves::ExternalSaves;

/// Registers a game's own save system with the plugin.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::external::{ExternalAutosave, ExternalDone, ExternalRestoreRequested, ExternalSave, ExternalSaveRequested, ExternalSaves, ExternalSavesExt};
///
/// struct NoFilesYet;
///
/// impl ExternalSaves for NoFilesYet {
///     fn list(&self) -> Result<Vec<ExternalSave>> {
///         Ok(Vec::new())
///     }
///     fn validate(&self, _: &ExternalSave) -> Result {
///         Ok(())
///     }
///     fn autosave(&self) -> ExternalAutosave {
///         ExternalAutosave::Off
///     }
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .external_saves(NoFilesYet)
///     .add_observer(|asked: On<ExternalSaveRequested>| {
///         asked.answer.done(ExternalDone::in_slot("autosave-1"));
///     })
///     .add_observer(|asked: On<ExternalRestoreRequested>| {
///         asked.answer.failed("no such file");
///     });
/// ```
pub trait ExternalSavesExt {
    /// Registers the game's own save system. A second call replaces the first.
    ///
    /// It works beside the plugin's own checkpoints. A game without saved types uses the plugin's
    /// sessions, crash detection and dialog, and keeps its progress in its own saves.
    ///
    /// Call it while the app is built: a later call has no effect, and
    /// [`SessionHint::CalledTooLate`](crate::hints::SessionHint::CalledTooLate) reports it.
    fn external_saves(&mut self, provider: impl ExternalSaves) -> &mut Self;
}

impl ExternalSavesExt for App {
    fn external_saves(&mut self, provider: impl ExternalSaves) -> &mut Self {
        if !LateCalls::note(self.world_mut(), "external_saves(…)") {
            self.insert_resource(Provider(Arc::new(provider)));
        }
        self
    }
}

/// The registered save system, until the plugin is set up.
#[derive(Resource)]
struct Provider(Arc<dyn ExternalSaves>);

/// Takes the registered save system out of the world.
pub(crate) fn take_provider(world: &mut World) -> Option<Arc<dyn ExternalSaves>> {
    world.remove_resource::<Provider>().map(|Provider(provider)| provider)
}
