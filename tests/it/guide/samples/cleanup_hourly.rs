use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::{CleanupChange, CleanupFinished};

fn game(app: &mut App) {
    let mut settings = SessionSettings::default();
    settings.storage.unanswered_crashes = Some(Duration::from_secs(90 * 24 * 60 * 60));
    settings.storage.cleanup = Some(Duration::from_secs(10 * 60));
    app.add_plugins(SessionPlugin::new("Studio", "Hop").settings(settings)).add_observer(say_so);
}

fn say_so(finished: On<CleanupFinished>) {
    let done = &finished.outcome;
    info!("{} archived, {} bytes freed", done.count(CleanupChange::Archived), done.freed);
}
