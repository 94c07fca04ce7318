//! The cost of a game's own save system in a frame.

use std::thread;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::SessionLast;
use bevy_session::external::{ExternalAutosave, ExternalSave, ExternalSaves, ExternalSavesExt};
use bevy_session::prelude::*;

use crate::game::start;
use crate::measure::{ROUNDS, median, microseconds, on_the_processor, row};

/// A provider that never wants the game to be asked in this time.
struct Provider;

impl ExternalSaves for Provider {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        Ok(Vec::new())
    }

    fn validate(&self, _: &ExternalSave) -> Result {
        Ok(())
    }

    fn autosave(&self) -> ExternalAutosave {
        ExternalAutosave::Every(Duration::MAX)
    }
}

/// Frames of one second, so that the provider is asked in each of them, and without one.
pub fn external() {
    let nothing = frame(None);
    let asked = frame(Some(Provider));
    let beyond = microseconds(asked.saturating_sub(nothing));
    row("asking a provider, beyond a frame without one (aim ≤ 10 µs)", beyond);
}

/// The time of the main thread in a frame.
fn frame(provider: Option<Provider>) -> Duration {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        SessionPlugin::new("Bench", "Numbers").in_memory(),
    ))
    .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs(1)));
    if let Some(provider) = provider {
        app.external_saves(provider);
    }
    app.finish();
    app.cleanup();
    app.update();
    start(&mut app);
    app.world_mut().resource_mut::<SessionSettings>().autosave = true;
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::MAX;
    let times = (0..ROUNDS * 20).map(|_| {
        app.update();
        // Until the provider has answered what it was asked.
        thread::sleep(Duration::from_millis(1));
        app.world_mut().run_schedule(First);
        let begun = on_the_processor();
        app.world_mut().run_schedule(SessionLast);
        on_the_processor().saturating_sub(begun)
    });
    median(times.collect())
}
