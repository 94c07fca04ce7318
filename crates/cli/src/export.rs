//! `export`: checkpoints and what happened before them as rows, for other programs.

mod comma_separated;
mod document;
mod source;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::SessionId;
use clap::{Args, ValueEnum, ValueHint};
use jiff::Timestamp;
use serde::Serialize;

use crate::events::{EventsRead, Privacy, ShownEvent, each_event};
use crate::failure::Failure;
use crate::left_out::LeftOut;
use crate::output::Output;
use crate::personal::Personal;
use crate::progress::Progress;
use crate::pseudonyms::Pseudonyms;
use crate::rows::{Content, Row};
use crate::target::{EmptyDirectory, NewFile};
use document::{Document, Notation};
pub use source::Source;
use source::{World, Worlds};

/// The options of an export.
#[derive(Args, Debug)]
pub struct Exported {
    /// The form
    #[arg(long, value_enum)]
    to: Form,
    /// The new file, or for CSV the new directory [default: the output, of JSON and RON]
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    output: Option<PathBuf>,
    /// With private events, and with the values of personal events, types and fields
    #[arg(long)]
    private: bool,
    /// With pseudonyms for players and sessions, by the key in this file, which is made if it isn't there
    ///
    /// Names of sessions, and what can't be looked into, are left out. Players who aren't of the exported sessions, and
    /// nicknames, may be named in texts still.
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath, conflicts_with = "private")]
    pseudonyms: Option<PathBuf>,
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

/// The head of an export: the session and checkpoint that its rows are of.
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
    /// Its session, among those of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// `None` of a resource or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<u64>,
    #[serde(rename = "type")]
    pub type_path: &'a str,
    pub version: u32,
    pub value: &'a Content,
    /// Why the value is bytes, or left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// A destination of rows. They come in the order of these functions, of all sessions before the next one is called.
pub trait Sheets {
    fn about(&mut self, about: &About) -> Result<(), Failure>;
    fn entity_row(&mut self, row: &WorldRow<'_>) -> Result<(), Failure>;
    fn resource(&mut self, row: &WorldRow<'_>) -> Result<(), Failure>;
    fn event(&mut self, event: &ShownEvent) -> Result<(), Failure>;
    fn finish(&mut self) -> Result<(), Failure>;
}

/// The result, as JSON has it.
#[derive(Serialize)]
struct Report {
    /// The session, if there is one.
    #[serde(flatten)]
    about: Option<About>,
    /// Several sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Vec<About>>,
    /// Sessions of which nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<Vec<LeftOut>>,
    written_to: PathBuf,
    /// Values of entities' components.
    rows: u64,
    resources: u64,
    /// Values among these that are personal.
    values_left_out: u64,
    events: u64,
    /// Events that are private.
    events_left_out: u64,
    /// Frames of events that can't be read, and are left out.
    damaged_frames: u64,
}

/// Writes checkpoints, and what was recorded up to each.
pub fn export(
    source: &Source,
    wanted: &Exported,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let is_to_output = wanted.output.is_none();
    if is_to_output && output.is_json() {
        return Err(Failure::usage("--json says what was written, and needs --output PATH"));
    }
    if is_to_output && source.is_several() {
        return Err(Failure::usage("several sessions need --output PATH"));
    }
    let progress = match is_to_output {
        true => Progress::begin_beside_output("exporting", 0),
        false => Progress::begin("exporting", 0),
    };
    let privacy = if wanted.private { Privacy::Waived } else { Privacy::Kept };
    let mut exporting = Exporting { worlds: source.open()?, privacy, pseudonyms: None };
    if let Some(key) = &wanted.pseudonyms {
        exporting.use_pseudonyms(Pseudonyms::with_key_in(key)?);
    }
    let written = match (&wanted.output, wanted.to) {
        (None, Form::Json) => {
            exporting.write(&mut Document::new(output.bytes(), Notation::Json, false))?
        }
        (None, Form::Ron) => {
            exporting.write(&mut Document::new(output.bytes(), Notation::Ron, false))?
        }
        (None, _) => return Err(Failure::usage("--output is missing: name a file or directory")),
        (Some(path), form) => exporting.write_to(path, form)?,
    };
    drop(progress);
    let damaged_frames = written.events.damaged_frames;
    let is_damaged = exporting.worlds.left_out.iter().any(|left| left.is_damage);
    if let Some(path) = &wanted.output {
        Report::of(exporting.worlds, &written, path).write(output)?;
    }
    match damaged_frames {
        0 => Ok(ExitCode::from(u8::from(is_damaged))),
        frames => Err(Failure::DamagedEvents { frames }),
    }
}

/// The contents of an export.
struct Exporting {
    worlds: Worlds,
    privacy: Privacy,
    pseudonyms: Option<Pseudonyms>,
}

/// The number of rows that were written.
#[derive(Default)]
struct Written {
    rows: u64,
    resources: u64,
    /// Values that are personal, and were left out.
    masked: u64,
    events: EventsRead,
}

impl Exporting {
    fn use_pseudonyms(&mut self, mut pseudonyms: Pseudonyms) {
        let worlds = &mut self.worlds.worlds;
        worlds.iter().for_each(|world| pseudonyms.learn(&world.session));
        worlds.iter_mut().for_each(|world| world.about.use_pseudonyms(&pseudonyms));
        self.pseudonyms = Some(pseudonyms);
    }

    fn write_to(&mut self, path: &Path, form: Form) -> Result<Written, Failure> {
        let (mut written, several) = (None, self.worlds.several);
        let notation = match form {
            Form::Json => Notation::Json,
            Form::Ron => Notation::Ron,
            Form::Csv => {
                EmptyDirectory::at(path, &self.worlds.read)?.become_whole(|directory| {
                    let mut sheets = comma_separated::Files::create(directory, several)?;
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
            written = Some(self.write(&mut Document::new(writer, notation, several))?);
            Ok(())
        })?;
        written.ok_or_else(|| Failure::usage("nothing was written"))
    }

    fn write(&mut self, sheets: &mut dyn Sheets) -> Result<Written, Failure> {
        let Self { worlds, privacy, pseudonyms } = &*self;
        let shown = |content: Content| match pseudonyms {
            Some(pseudonyms) => pseudonyms.content(content),
            None => content,
        };
        let mut written = Written::default();
        let mut resources: Vec<(Option<SessionId>, Row, Content)> = Vec::new();
        for world in &worlds.worlds {
            sheets.about(&world.about)?;
        }
        for world in &worlds.worlds {
            let session = worlds.named(world);
            let personal = Personal::to_keep(&world.session, &world.plan, *privacy)?;
            for row in world.session.rows_by(&world.plan)? {
                let row = row?;
                let content = shown(personal.masked(&row));
                written.masked += u64::from(content == Content::Personal);
                if row.entity().is_none() {
                    resources.push((session, row, content));
                    continue;
                }
                written.rows += 1;
                sheets.entity_row(&WorldRow::of(session, &row, &content))?;
            }
        }
        for (session, row, content) in &resources {
            written.resources += 1;
            sheets.resource(&WorldRow::of(*session, row, content))?;
        }
        for world in &worlds.worlds {
            let session = worlds.named(world);
            let hand_out = |event: ShownEvent| {
                let value = event.value.map(&shown);
                sheets.event(&ShownEvent { session, value, ..event })
            };
            let checkpoint = Some(world.plan.checkpoint);
            written.events += each_event(&world.session, checkpoint, *privacy, hand_out)?;
        }
        sheets.finish()?;
        Ok(written)
    }
}

impl About {
    /// Names no player and no session any more. The session's name is the player's to choose, so it is left out.
    fn use_pseudonyms(&mut self, pseudonyms: &Pseudonyms) {
        self.session = pseudonyms.session(self.session);
        self.name = String::new();
        self.player = self.player.as_deref().map(|player| pseudonyms.player(player));
        self.checkpoint = pseudonyms.text(&self.checkpoint);
        self.label = self.label.as_deref().map(|label| pseudonyms.text(label));
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
    fn of(session: Option<SessionId>, row: &'a Row, value: &'a Content) -> Self {
        let (entity, type_path) = (row.entity().map(|id| id.0), &*row.type_path);
        Self { session, entity, type_path, version: row.version, value, error: value.error() }
    }
}

impl Report {
    fn of(worlds: Worlds, written: &Written, path: &Path) -> Self {
        let Worlds { worlds, several, left_out, .. } = worlds;
        let mut abouts: Vec<About> = worlds.into_iter().map(|World { about, .. }| about).collect();
        let about = if several { None } else { abouts.pop() };
        let EventsRead { events, left_out: events_left_out, damaged_frames } = written.events;
        Self {
            about,
            sessions: several.then_some(abouts),
            left_out: several.then_some(left_out),
            written_to: path.to_owned(),
            rows: written.rows,
            resources: written.resources,
            values_left_out: written.masked,
            events,
            events_left_out,
            damaged_frames,
        }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(self);
        }
        for left_out in self.left_out.iter().flatten() {
            left_out.write(output)?;
        }
        let Self { written_to, rows, resources, events, events_left_out, .. } = self;
        let place = written_to.display();
        let of = match (&self.about, &self.sessions) {
            (Some(about), _) => about.checkpoint.clone(),
            (None, sessions) => format!("{} sessions", sessions.as_ref().map_or(0, Vec::len)),
        };
        output.line(format_args!(
            "wrote {rows} values of entities, {resources} resources and {events} events of {of} to {place}"
        ))?;
        if self.values_left_out > 0 {
            let count = self.values_left_out;
            output.line(format_args!("left out: {count} personal values, see --private"))?;
        }
        match events_left_out {
            0 => Ok(()),
            count => output.line(format_args!("left out: {count} private events, see --private")),
        }
    }
}
