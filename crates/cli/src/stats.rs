//! `stats`: what makes a session large.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::format::CheckpointInfo;
use serde::Serialize;

use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::personal::Personal;
use crate::progress::Progress;
use crate::table::Table;

/// Types and checkpoints that people are shown, the largest.
const MOST_SHOWN: usize = 15;
/// Bytes of a frame before its payload.
const FRAME_HEADER: u64 = 48;

#[derive(Serialize)]
struct Statistics {
    session: SessionId,
    name: Option<String>,
    /// All files together.
    bytes: u64,
    files: Vec<Files>,
    frames: Vec<Frames>,
    /// The largest first.
    types: Vec<TypeBytes>,
    /// Custom fields that a build of the game marked as personal data of players.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    personal_fields: Vec<String>,
    /// The largest first.
    checkpoints: Vec<CheckpointBytes>,
    /// Checkpoints, or copies of one, whose rows can't be read.
    damaged_groups: u64,
}

/// Files of a kind.
#[derive(Serialize)]
struct Files {
    kind: &'static str,
    files: usize,
    bytes: u64,
}

/// Frames of a kind.
#[derive(Default, Serialize)]
struct Frames {
    kind: &'static str,
    /// `None` if they weren't counted.
    frames: Option<u64>,
    stored_bytes: u64,
    /// `None` if they weren't unpacked.
    unpacked_bytes: Option<u64>,
}

/// The bytes of a type in all files, copies included.
#[derive(Serialize)]
pub struct TypeBytes {
    #[serde(rename = "type")]
    type_path: String,
    /// True if a build of the game marked it as personal data of players.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    personal: bool,
    rows: u64,
    /// Its values, and 8 bytes for the id of each row.
    unpacked_bytes: u64,
    /// The approximate share of its packed bytes: all types in a checkpoint are packed together.
    stored_bytes: u64,
}

#[derive(Serialize)]
struct CheckpointBytes {
    id: String,
    label: Option<String>,
    entities: u64,
    /// The bytes that are its own, of several copies the smallest.
    bytes: u64,
}

/// Prints a session's bytes by file, frame, type and checkpoint.
pub fn stats(session: &OpenSession, output: &mut Output<'_>) -> Result<(), Failure> {
    let progress = Progress::begin("reading the session", 0);
    let statistics = Statistics::of(&session.stored);
    drop(progress);
    match output.is_json() {
        true => output.object(&statistics),
        false => statistics.write(output),
    }
}

impl Statistics {
    fn of(stored: &StoredSession) -> Self {
        let index = stored.index();
        let mut checkpoints: Vec<CheckpointBytes> =
            index.checkpoints().into_iter().map(CheckpointBytes::of).collect();
        checkpoints.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.bytes));
        let TypesOf { types, personal, damaged_groups } = TypesOf::of(stored);
        Self {
            session: stored.id(),
            name: index.newest_head().map(|head| head.metadata.name.clone()),
            bytes: stored.bytes_with_attachments(),
            files: files_of(stored),
            frames: frames_of(stored),
            types,
            personal_fields: personal.fields().map(str::to_owned).collect(),
            checkpoints,
            damaged_groups,
        }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let name = self.name.as_deref().unwrap_or_default();
        output.line(format_args!("{} {name}, {} bytes", self.session, self.bytes))?;
        let mut files = Table::new(["IN", "FILES", "BYTES"]).numbers(&[1, 2]);
        for Files { kind, files: count, bytes } in &self.files {
            files.add(vec![(*kind).to_owned(), count.to_string(), bytes.to_string()]);
        }
        let mut frames =
            Table::new(["FRAMES OF", "COUNT", "BYTES", "UNPACKED"]).numbers(&[1, 2, 3]);
        for it in &self.frames {
            let text = |number: Option<u64>| number.map(|it| it.to_string()).unwrap_or_default();
            let (count, bytes) = (text(it.frames), it.stored_bytes.to_string());
            frames.add(vec![it.kind.to_owned(), count, bytes, text(it.unpacked_bytes)]);
        }
        let mut types = Table::new(["TYPE", "ROWS", "BYTES", "UNPACKED"]).numbers(&[1, 2, 3]);
        for it in self.types.iter().take(MOST_SHOWN) {
            let (rows, bytes) = (it.rows.to_string(), it.stored_bytes.to_string());
            let mark = if it.personal { " (personal)" } else { "" };
            let type_path = format!("{}{mark}", it.type_path);
            types.add(vec![type_path, rows, bytes, it.unpacked_bytes.to_string()]);
        }
        let heading = ["CHECKPOINT", "NAME", "ENTITIES", "BYTES"];
        let mut checkpoints = Table::new(heading).numbers(&[2, 3]);
        for it in self.checkpoints.iter().take(MOST_SHOWN) {
            let label = it.label.clone().unwrap_or_default();
            let (entities, bytes) = (it.entities.to_string(), it.bytes.to_string());
            checkpoints.add(vec![it.id.clone(), label, entities, bytes]);
        }
        for table in [files, frames, types, checkpoints] {
            output.line(format_args!(""))?;
            output.table(&table)?;
        }
        if !self.personal_fields.is_empty() {
            output.line(format_args!(""))?;
            output.line(format_args!("personal fields: {}", self.personal_fields.join(", ")))?;
        }
        self.write_what_is_left_out(output)
    }

    fn write_what_is_left_out(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let smaller = |all: usize| all.saturating_sub(MOST_SHOWN);
        let (types, checkpoints) = (smaller(self.types.len()), smaller(self.checkpoints.len()));
        if types + checkpoints > 0 {
            output.line(format_args!(""))?;
            output.line(format_args!(
                "left out: {types} smaller types, {checkpoints} smaller checkpoints"
            ))?;
        }
        if self.damaged_groups > 0 {
            output.line(format_args!("damaged: {} checkpoints or copies", self.damaged_groups))?;
        }
        Ok(())
    }
}

impl CheckpointBytes {
    fn of(info: CheckpointInfo) -> Self {
        let CheckpointInfo { id, label, entities, bytes, .. } = info;
        Self { id: id.to_string(), label, entities, bytes }
    }
}

fn files_of(stored: &StoredSession) -> Vec<Files> {
    let mut kinds = [("journals", 0, 0), ("archives", 0, 0), ("slots", 0, 0)];
    for summary in stored.index().segments() {
        let kind = match (summary.header.is_archive(), summary.header.slot()) {
            (true, _) => 1,
            (false, Some(_)) => 2,
            (false, None) => 0,
        };
        if let Some((_, files, bytes)) = kinds.get_mut(kind) {
            *files += 1;
            *bytes += summary.scan.length;
        }
    }
    let (event_files, event_bytes) = stored.event_files();
    let beside = stored.bytes_with_attachments() - stored.bytes() - event_bytes;
    let others =
        [("attachments", stored.beside().len(), beside), ("events", event_files, event_bytes)];
    let all = kinds.into_iter().chain(others).filter(|(_, files, _)| *files > 0);
    all.map(|(kind, files, bytes)| Files { kind, files, bytes }).collect()
}

/// The frames of journals, archives and slots.
fn frames_of(stored: &StoredSession) -> Vec<Frames> {
    let (mut data, mut commits) = (Frames::of("data"), Frames::of("commits"));
    for (group, _) in stored.groups() {
        let mut stored_bytes = 0;
        for frame in &group.frames {
            stored_bytes += frame.header.frame_len();
            data.add(frame.header.frame_len(), u64::from(frame.header.raw_len));
        }
        commits.add(group.stored_bytes().saturating_sub(stored_bytes), 0);
    }
    commits.unpacked_bytes = None;
    let rest = stored.bytes().saturating_sub(data.stored_bytes + commits.stored_bytes);
    let rest =
        Frames { kind: "headers, records and others", stored_bytes: rest, ..Frames::default() };
    vec![data, commits, rest]
}

impl Frames {
    fn of(kind: &'static str) -> Self {
        Self { kind, frames: Some(0), stored_bytes: 0, unpacked_bytes: Some(0) }
    }

    fn add(&mut self, stored: u64, unpacked: u64) {
        self.frames = self.frames.map(|count| count + 1);
        self.stored_bytes += stored;
        self.unpacked_bytes = self.unpacked_bytes.map(|bytes| bytes + unpacked);
    }
}

/// The types in all files of a session.
pub struct TypesOf {
    /// The largest first.
    pub types: Vec<TypeBytes>,
    /// The marks of all builds that wrote a file.
    personal: Personal,
    /// The number of groups that can't be read.
    pub damaged_groups: u64,
}

impl TypesOf {
    /// Reads all files of a session. Marks that can't be read count as damage.
    pub fn of(stored: &StoredSession) -> Self {
        let mut types: BTreeMap<Arc<str>, TypeBytes> = BTreeMap::new();
        let (mut personal, mut damaged_groups) = (Personal::default(), 0);
        for (group, blocks) in stored.groups() {
            let mut of_group: BTreeMap<Arc<str>, (u64, u64)> = BTreeMap::new();
            for block in blocks {
                let Some(block) = block.ok().filter(|block| personal.add(block).is_ok()) else {
                    damaged_groups += 1;
                    break;
                };
                let (rows, bytes) = of_group.entry(Arc::clone(&block.type_path)).or_default();
                *rows += block.len() as u64;
                *bytes += block.byte_len() as u64;
            }
            let packed: u64 =
                group.frames.iter().map(|frame| u64::from(frame.header.stored_len)).sum();
            let packed = packed + FRAME_HEADER * group.frames.len() as u64;
            let unpacked: u64 = of_group.values().map(|(_, bytes)| bytes).sum();
            for (type_path, (rows, bytes)) in of_group {
                let found = types.entry(Arc::clone(&type_path));
                let found = found.or_insert_with(|| TypeBytes::of(&type_path));
                found.rows += rows;
                found.unpacked_bytes += bytes;
                found.stored_bytes += packed * bytes / unpacked.max(1);
            }
        }
        let mut types: Vec<TypeBytes> = types.into_values().collect();
        types.iter_mut().for_each(|it| it.personal = personal.has_type(&it.type_path));
        types.sort_by_key(|it| std::cmp::Reverse((it.stored_bytes, it.unpacked_bytes)));
        Self { types, personal, damaged_groups }
    }
}

impl TypeBytes {
    fn of(type_path: &str) -> Self {
        let type_path = type_path.to_owned();
        Self { type_path, personal: false, rows: 0, unpacked_bytes: 0, stored_bytes: 0 }
    }
}
