//! Keeps what is logged, for reports.

use std::fmt::{self, Debug, Write};

use bevy::prelude::*;
use bevy_session::internal::timestamp;
use bevy_session::monitoring::{KeptLog, RecentLog};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::Registry;

/// A layer for Bevy's [`LogPlugin`](https://docs.rs/bevy/latest/bevy/log/struct.LogPlugin.html) that keeps what was
/// logged in the last ten minutes, 256 KiB at most, so that [reports](bevy_session::library::LibraryCommands::report) have it.
///
/// Once a second, and at a panic, it is written into a file beside the process record, without a sync. So a report of
/// the last run has it too, also after `kill -9`. In a report its text is masked as all others are. Needs the
/// feature `log`, and `LogPlugin` before [`SessionPlugin`](bevy_session::SessionPlugin).
///
/// ```no_run
/// use bevy::log::LogPlugin;
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
///
/// App::new()
///     .add_plugins(MinimalPlugins)
///     .add_plugins(LogPlugin { custom_layer: bevy_session_ops::recent_log, ..default() })
///     .add_plugins(SessionPlugin::new("Studio", "Hop"));
/// ```
#[must_use]
pub fn recent_log(app: &mut App) -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
    let log = RecentLog::default();
    app.insert_resource(KeptLog(log.clone()));
    Some(Box::new(KeepingLayer(log)))
}

struct KeepingLayer(RecentLog);

impl<S: Subscriber> Layer<S> for KeepingLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let now = timestamp();
        let metadata = event.metadata();
        let mut line = Line(format!("{now:.3} {} {}:", metadata.level(), metadata.target()));
        event.record(&mut line);
        self.0.add(now, &line.0);
    }
}

/// A line, as it comes together.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written: fmt::Result = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        // A string takes any text; a value that can't be written is left out.
        let _ = written;
    }
}
