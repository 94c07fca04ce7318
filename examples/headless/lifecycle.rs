//! `--lifecycle FILE`: what happens to sessions, as lines of JSON for operators.

use std::fs::OpenOptions;
use std::path::Path;

use bevy::prelude::*;
use bevy_session_ops::{JsonLines, LifecycleSinkPlugin};

/// Appends to this file, or says in a sentence why not.
pub fn add(app: &mut App, path: &Path) -> Result<(), String> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| format!("{} can't be opened: {error}.", path.display()))?;
    app.add_plugins(LifecycleSinkPlugin::new(JsonLines::new(file)));
    Ok(())
}
