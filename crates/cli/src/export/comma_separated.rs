//! CSV: a file for each kind of row, by RFC 4180. Values are JSON.

#![expect(clippy::disallowed_methods, reason = "it writes into a directory of its own")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::disk::sync_all;

use super::{About, Sheets, WorldRow};
use crate::events::ShownEvent;
use crate::failure::Failure;
use crate::target::failed;

/// The files of a directory.
pub struct Files {
    about: Sheet,
    entities: Sheet,
    resources: Sheet,
    events: Sheet,
    /// True if each line has the id of its session.
    several: bool,
}

struct Sheet {
    path: PathBuf,
    writer: BufWriter<File>,
}

impl Files {
    /// Creates the files, with their first lines.
    pub fn create(directory: &Path, several: bool) -> Result<Self, Failure> {
        let world = ["type", "version", "value", "error"];
        let session: &[&str] = if several { &["session"] } else { &[] };
        let sheet = |name: &str, columns: &[&str]| {
            Sheet::create(directory.join(name), &[session, columns].concat())
        };
        Ok(Self {
            about: sheet("about.csv", &["key", "value"])?,
            entities: sheet("entities.csv", &[&["entity"][..], &world].concat())?,
            resources: sheet("resources.csv", &world)?,
            events: sheet(
                "events.csv",
                &[
                    "sequence",
                    "time",
                    "play_time_ms",
                    "type",
                    "version",
                    "source",
                    "privacy",
                    "frame",
                    "tick",
                    "chapter",
                    "value",
                    "error",
                ],
            )?,
            several,
        })
    }
}

impl Sheet {
    fn create(path: PathBuf, columns: &[&str]) -> Result<Self, Failure> {
        let file = File::create_new(&path).map_err(|error| failed(&path, error))?;
        let mut sheet = Self { path, writer: BufWriter::new(file) };
        sheet.line(columns.iter().map(|column| (*column).to_owned()))?;
        Ok(sheet)
    }

    fn line(&mut self, cells: impl IntoIterator<Item = String>) -> Result<(), Failure> {
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        let written = write!(self.writer, "{}\r\n", cells.join(","));
        written.map_err(|error| failed(&self.path, error))
    }

    fn end(&mut self) -> Result<(), Failure> {
        let flushed = self.writer.flush().and_then(|()| sync_all(self.writer.get_ref()));
        flushed.map_err(|error| failed(&self.path, error))
    }
}

/// A cell, in quotes if it needs them.
fn cell(text: String) -> String {
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// The cell that says whose a line is, if it needs one.
fn of(session: Option<SessionId>) -> impl Iterator<Item = String> {
    session.map(|session| session.to_string()).into_iter()
}

fn world_cells(row: &WorldRow<'_>) -> Result<[String; 4], Failure> {
    let value = serde_json::to_string(row.value)?;
    let error = row.error.unwrap_or_default().to_owned();
    Ok([row.type_path.to_owned(), row.version.to_string(), value, error])
}

impl Sheets for Files {
    fn about(&mut self, about: &About) -> Result<(), Failure> {
        let session = self.several.then_some(about.session);
        for (key, value) in about.fields() {
            self.about.line(of(session).chain([key.to_owned(), value.unwrap_or_default()]))?;
        }
        Ok(())
    }

    fn entity_row(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        let entity = row.entity.map(|id| id.to_string()).unwrap_or_default();
        self.entities.line(of(row.session).chain([entity]).chain(world_cells(row)?))
    }

    fn resource(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        self.resources.line(of(row.session).chain(world_cells(row)?))
    }

    fn event(&mut self, event: &ShownEvent) -> Result<(), Failure> {
        let value = event.value.as_ref().map(serde_json::to_string).transpose()?;
        self.events.line(of(event.session).chain([
            event.sequence.to_string(),
            event.time.to_string(),
            event.play_time_ms.to_string(),
            event.type_path.clone(),
            event.version.to_string(),
            event.source.clone(),
            event.privacy.clone(),
            event.frame.to_string(),
            event.tick.to_string(),
            event.chapter.map(|it| it.to_string()).unwrap_or_default(),
            value.unwrap_or_default(),
            event.error.clone().unwrap_or_default(),
        ]))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let Self { about, entities, resources, events, .. } = self;
        [about, entities, resources, events].into_iter().try_for_each(Sheet::end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        for (text, quoted) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text.to_owned()), quoted);
        }
    }
}
