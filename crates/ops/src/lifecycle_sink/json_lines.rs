//! A sink that writes lines of JSON.

use std::io::Write;

use super::event::LifecycleEvent;
use super::sink::{LifecycleSink, LifecycleSinkError};

/// A sink that writes each lifecycle event as a line of JSON, and flushes after each: into a file that the game has
/// opened to append, a pipe or a socket. Needs the feature `log`.
///
/// What an earlier process or a refusal has left of a line is ended first, so readers pass over empty lines and torn ones.
///
/// ```no_run
/// use std::fs::OpenOptions;
///
/// use bevy::prelude::*;
/// use bevy_session_ops::{JsonLines, LifecycleSinkPlugin};
///
/// fn keep(app: &mut App) -> Result {
///     let file = OpenOptions::new().create(true).append(true).open("/var/log/hop/sessions.jsonl")?;
///     app.add_plugins(LifecycleSinkPlugin::new(JsonLines::new(file)));
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct JsonLines<W> {
    writer: W,
    /// True if half a line may be there already.
    may_be_torn: bool,
}

impl<W: Write + Send + 'static> JsonLines<W> {
    /// Writes the lines into this.
    #[must_use]
    pub fn new(writer: W) -> Self {
        Self { writer, may_be_torn: true }
    }
}

impl<W: Write + Send + 'static> LifecycleSink for JsonLines<W> {
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        if std::mem::replace(&mut self.may_be_torn, true) {
            line.insert(0, b'\n');
        }
        self.writer.write_all(&line)?;
        self.writer.flush()?;
        self.may_be_torn = false;
        Ok(())
    }
}
