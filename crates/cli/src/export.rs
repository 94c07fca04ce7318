//! `export`: a checkpoint and what happened before it as rows, for other programs.

mod comma_separated;
mod document;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::SessionId;
use clap::{Args, ValueEnum, ValueHint};
use jiff::Timestamp;
use serde::Serialize;

use crate::checkpoint_name::CheckpointName;
use crate::events::{EventsRead, Privacy, ShownEvent, each_event};
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::{Output, milliseconds};
use crate::progress::Progress;
use crate::rows::{Content, Row};
use crate::target::{EmptyDirectory, NewFile};
use document::{Document, Notation};

/// What is written, and where.
#[derive(Args, Debug)]
pub struct Exported {
    /// The form
    #[arg(long, value_enum)]
    to: Form,
    /// The new file, or for CSV the new directory [default: the output, of JSON and RON]
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    output: Option<PathBuf>,
    /// With private events, and with the values of personal ones
    #[arg(long)]
    private: bool,
}

/// A form that other programs read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// One document, a row on each line
    Json,
    /// The same in Rusty Object Notation
    Ron,
    /// A directory with a file for each kind of row
    Csv,
    /// A database with a table for each kind of row
    #[cfg(feature = "sqlite")]
    Sqlite,
}

/// Whose rows these are.
#[derive(Serialize)]
pub struct About {
    session: SessionId,
    name: String,
    player: Option<String>,
    game_version: String,
    checkpoint: String,
    label: Option<String>,
    time: Timestamp,
    play_time_ms: u64,
}

/// A row of a world.
#[derive(Serialize)]
pub struct WorldRow<'a> {
    /// `None` of a resource or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<u64>,
    #[serde(rename = "type")]
    pub type_path: &'a str,
    pub version: u32,
    pub value: &'a Content,
    /// Why the value is bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// Where rows are written. They come in the order of these functions.
pub trait Sheets {
    fn about(&mut self, about: &About) -> Result<(), Failure>;
    fn entity_row(&mut self, row: &WorldRow<'_>) -> Result<(), Failure>;
    fn resource(&mut self, row: &WorldRow<'_>) -> Result<(), Failure>;
    fn event(&mut self, event: &ShownEvent) -> Result<(), Failure>;
    fn finish(&mut self) -> Result<(), Failure>;
}

/// What was written, as JSON has it.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    about: About,
    written_to: PathBuf,
    /// Values of entities' components.
    rows: u64,
    resources: u64,
    events: u64,
    /// Events that are private.
    events_left_out: u64,
    /// Frames of events that can't be read, and are left out.
    damaged_frames: u64,
}

/// Writes a checkpoint, and what was recorded up to it.
pub fn export(
    session: OpenSession,
    checkpoint: &CheckpointName,
    wanted: &Exported,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let mut source = Source::of(session, checkpoint, wanted.private)?;
    let progress = match wanted.output {
        Some(_) => Progress::begin("exporting", 0),
        None => Progress::begin_beside_output("exporting", 0),
    };
    let written = match (&wanted.output, wanted.to) {
        (None, Form::Json | Form::Ron) if output.is_json() => {
            return Err(Failure::usage("--json says what was written, and needs --output"));
        }
        (None, Form::Json) => source.write(&mut Document::new(output.bytes(), Notation::Json))?,
        (None, Form::Ron) => source.write(&mut Document::new(output.bytes(), Notation::Ron))?,
        (None, _) => return Err(Failure::usage("--output is missing: where it is written")),
        (Some(path), form) => source.write_to(path, form)?,
    };
    drop(progress);
    let EventsRead { events, left_out, damaged_frames } = written.events;
    if let Some(path) = &wanted.output {
        let report = Report {
            about: source.about,
            written_to: path.clone(),
            rows: written.rows,
            resources: written.resources,
            events,
            events_left_out: left_out,
            damaged_frames,
        };
        report.write(output)?;
    }
    match damaged_frames {
        0 => Ok(ExitCode::SUCCESS),
        frames => Err(Failure::DamagedEvents { frames }),
    }
}

/// What is exported.
struct Source {
    session: OpenSession,
    checkpoint: bevy_session_journal::CheckpointId,
    privacy: Privacy,
    about: About,
}

/// How many rows were written.
struct Written {
    rows: u64,
    resources: u64,
    events: EventsRead,
}

impl Source {
    fn of(
        session: OpenSession,
        checkpoint: &CheckpointName,
        private: bool,
    ) -> Result<Self, Failure> {
        let checkpoint = session.checkpoint(checkpoint)?;
        let about = About::of(&session, checkpoint)?;
        let privacy = if private { Privacy::Waived } else { Privacy::Kept };
        Ok(Self { session, checkpoint, privacy, about })
    }

    fn write_to(&mut self, path: &Path, form: Form) -> Result<Written, Failure> {
        let mut written = None;
        let notation = match form {
            Form::Json => Notation::Json,
            Form::Ron => Notation::Ron,
            Form::Csv => {
                let read = self.session.profile.directory.sessions.clone();
                EmptyDirectory::at(path, &read)?.become_whole(|directory| {
                    let mut sheets = comma_separated::Files::create(directory)?;
                    written = Some(self.write(&mut sheets)?);
                    Ok(())
                })?;
                return written.ok_or_else(|| Failure::usage("nothing was written"));
            }
            #[cfg(feature = "sqlite")]
            Form::Sqlite => {
                NewFile::at(path)?.write_with(|path| {
                    written = Some(sqlite::write(path, |sheets| self.write(sheets))?);
                    Ok(())
                })?;
                return written.ok_or_else(|| Failure::usage("nothing was written"));
            }
        };
        NewFile::at(path)?.write(|writer: &mut dyn Write| {
            written = Some(self.write(&mut Document::new(writer, notation))?);
            Ok(())
        })?;
        written.ok_or_else(|| Failure::usage("nothing was written"))
    }

    fn write(&mut self, sheets: &mut dyn Sheets) -> Result<Written, Failure> {
        // Damage is found before anything is written.
        let rows = self.session.rows(self.checkpoint)?;
        sheets.about(&self.about)?;
        let mut written = Written { rows: 0, resources: 0, events: EventsRead::default() };
        let mut resources: Vec<Row> = Vec::new();
        for row in rows {
            let row = row?;
            if row.entity().is_none() {
                resources.push(row);
                continue;
            }
            written.rows += 1;
            sheets.entity_row(&WorldRow::of(&row, &row.content()))?;
        }
        for row in &resources {
            written.resources += 1;
            sheets.resource(&WorldRow::of(row, &row.content()))?;
        }
        let hand_out = |event: ShownEvent| sheets.event(&event);
        written.events = each_event(&self.session, Some(self.checkpoint), self.privacy, hand_out)?;
        sheets.finish()?;
        Ok(written)
    }
}

impl About {
    fn of(
        session: &OpenSession,
        checkpoint: bevy_session_journal::CheckpointId,
    ) -> Result<Self, Failure> {
        let index = session.stored.index();
        let gone = || Failure::UnknownCheckpoint {
            checkpoint: checkpoint.to_string(),
            there: "its file was removed".to_owned(),
        };
        let commit = index.commit(checkpoint).ok_or_else(gone)?;
        let header = index.header_of(checkpoint).ok_or_else(gone)?;
        let head = index.newest_head().map(|head| &head.metadata);
        let metadata = head.unwrap_or(&header.metadata);
        Ok(Self {
            session: session.stored.id(),
            name: metadata.name.clone(),
            player: metadata.player.clone(),
            game_version: header.game_version.clone(),
            checkpoint: checkpoint.to_string(),
            label: commit.label.clone(),
            time: commit.time,
            play_time_ms: milliseconds(commit.play_time),
        })
    }

    /// Each of its fields, by name.
    pub fn fields(&self) -> [(&'static str, Option<String>); 8] {
        [
            ("session", Some(self.session.to_string())),
            ("name", Some(self.name.clone())),
            ("player", self.player.clone()),
            ("game_version", Some(self.game_version.clone())),
            ("checkpoint", Some(self.checkpoint.clone())),
            ("label", self.label.clone()),
            ("time", Some(self.time.to_string())),
            ("play_time_ms", Some(self.play_time_ms.to_string())),
        ]
    }
}

impl<'a> WorldRow<'a> {
    fn of(row: &'a Row, value: &'a Content) -> Self {
        let (entity, type_path) = (row.entity().map(|id| id.0), &*row.type_path);
        Self { entity, type_path, version: row.version, value, error: value.error() }
    }
}

impl Report {
    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(self);
        }
        let Self { about, written_to, rows, resources, events, events_left_out, .. } = self;
        let (place, checkpoint) = (written_to.display(), &about.checkpoint);
        output.line(format_args!(
            "wrote {rows} values of entities, {resources} resources and {events} events of {checkpoint} to {place}"
        ))?;
        match events_left_out {
            0 => Ok(()),
            count => output.line(format_args!("left out: {count} private events, see --private")),
        }
    }
}
