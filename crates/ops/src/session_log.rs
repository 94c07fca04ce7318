//! The app's log, as files of JSON for operators.

mod json_line;

use bevy::prelude::*;
use bevy_session::internal::timestamp;
use bevy_session::monitoring::{KeptLogFiles, LogBounds, LogQueue, LogWords, PanicInfo, PlayedNow};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Registry};

use self::json_line::{JsonFields, JsonLine, JsonSpan};

/// Bytes of a file that are enough for a panic with its backtrace.
const LEAST_FILE_BYTES: u64 = 64 << 10;

/// A layer for Bevy's [`LogPlugin`](https://docs.rs/bevy/latest/bevy/log/struct.LogPlugin.html) that writes what is
/// logged into files: for operators, who search them and ship them elsewhere.
///
/// The files lie in `logs` below the directory of state, `~/.local/state/<studio>/<game>/logs` on Linux, one object of JSON a
/// line:
///
/// ```json
/// {"timestamp":"2026-11-22T18:15:02.123456789Z","level":"WARN","target":"hop::level","message":"the door is stuck",
///  "fields":{"door":7},"session.id":"0198c6f0-…","chapter.id":"5b1f2c9a00d3e481"}
/// ```
///
/// (On one line, of course.) `session.id` and `chapter.id` are those of the session that is played at that moment and
/// of its innermost open chapter; the game does nothing for it. `spans` has name and fields of the spans around it,
/// the outermost first. A panic is a line with `exception.message` and `exception.stacktrace`.
///
/// The thread that logs puts the line into a queue in memory; the writer's thread writes it within a second, and a
/// panic does so at once. What a process that is killed has logged in its last second may be missing. Where more
/// than 4 MiB are logged before they can be written, further lines are dropped, and a line in their place says how
/// many. Files aren't synced.
///
/// [Reports](bevy_session::library::LibraryCommands::report) take the last MiB along, masked as all their texts are. This is
/// [`SessionLog`] with its defaults. Needs the feature `log`, and `LogPlugin` before
/// [`SessionPlugin`](bevy_session::SessionPlugin).
///
/// ```no_run
/// use bevy::log::LogPlugin;
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
///
/// App::new()
///     .add_plugins(MinimalPlugins)
///     .add_plugins(LogPlugin { custom_layer: bevy_session_ops::session_log, ..default() })
///     .add_plugins(SessionPlugin::new("Studio", "Hop"));
/// ```
#[must_use]
pub fn session_log(app: &mut App) -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
    Some(SessionLog::default().layer(app))
}

/// The limits of [`session_log`]: how many files it keeps, and of what size.
///
/// A process has [`files`](Self::files) files at the most, and those of all processes that are gone together have as
/// many bytes as that.
///
/// ```no_run
/// use bevy::log::LogPlugin;
/// use bevy::prelude::*;
/// use bevy_session_ops::SessionLog;
///
/// App::new().add_plugins(LogPlugin {
///     custom_layer: |app| Some(SessionLog { files: 20, ..default() }.layer(app)),
///     ..default()
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionLog {
    /// Bytes after which another file is begun: 8 MiB by default, and 64 KiB at least.
    pub file_bytes: u64,
    /// Files that a process keeps, the oldest of which is removed for a new one: 4 by default, and one at least.
    pub files: usize,
}

impl Default for SessionLog {
    fn default() -> Self {
        Self { file_bytes: 8 << 20, files: 4 }
    }
}

impl SessionLog {
    /// The layer, for `LogPlugin::custom_layer`.
    #[must_use]
    pub fn layer(self, app: &mut App) -> Box<dyn Layer<Registry> + Send + Sync> {
        let bounds = LogBounds {
            file_bytes: self.file_bytes.max(LEAST_FILE_BYTES),
            files: self.files.max(1),
        };
        let played = app.world_mut().get_resource_or_init::<PlayedNow>().clone();
        let queue = LogQueue::new(bounds, Words(played.clone()));
        app.insert_resource(KeptLogFiles(queue.clone()));
        Box::new(JsonLayer { queue, played })
    }
}

struct JsonLayer {
    queue: LogQueue,
    played: PlayedNow,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = JsonFields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        // Before the span is locked: values are written by the game's own code, which may log.
        let mut fields = JsonFields::default();
        values.record(&mut fields);
        let Some(span) = context.span(id) else { return };
        if let Some(known) = span.extensions_mut().get_mut::<JsonFields>() {
            known.extend(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = JsonFields::default();
        event.record(&mut fields);
        let scope = context.event_scope(event).into_iter();
        let spans = scope.flat_map(|scope| scope.from_root()).map(|span| JsonSpan {
            name: span.name(),
            fields: span.extensions().get::<JsonFields>().cloned().unwrap_or_default(),
        });
        let metadata = event.metadata();
        let (level, target) = (metadata.level().as_str(), metadata.target());
        let line = JsonLine::new(timestamp(), level, target, fields);
        let line = line.within(spans.collect()).of(self.played.get());
        self.queue.add(&line.to_text());
    }
}

/// The lines that the log writes about itself: panics and dropped lines.
struct Words(PlayedNow);

impl LogWords for Words {
    fn panicked(&self, panic: &PanicInfo) -> String {
        let place = panic.place.as_deref().unwrap_or("an unknown place");
        let mut fields = JsonFields::of_message(&format!("panicked at {place}: {}", panic.message));
        fields.set("exception.message", &*panic.message);
        fields.set("exception.stacktrace", panic.backtrace.as_deref().unwrap_or_default());
        fields.set("thread.name", panic.thread.as_deref().unwrap_or_default());
        JsonLine::new(panic.time, "ERROR", "panic", fields).of(self.0.get()).to_text()
    }

    fn dropped(&self, lines: u64) -> String {
        let mut fields = JsonFields::of_message("lines were dropped: too much was logged at once");
        fields.set("dropped", lines);
        let line = JsonLine::new(timestamp(), "WARN", "bevy_session_ops::session_log", fields);
        line.of(self.0.get()).to_text()
    }
}
