//! `view`: a page to look into a session with, in one file that needs nothing else.

mod base64;
mod columns;
mod page;
mod pictures;
mod worlds;

use std::path::PathBuf;
use std::process::ExitCode;

use bevy_session_journal::journal::CheckpointInfo;
use bevy_session_journal::{CheckpointId, SessionId, Timeline, Validity};
use clap::{Args, ValueHint};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::events::{EventsRead, Privacy, each_event};
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::{Output, milliseconds};
use crate::progress::Progress;
use crate::stats;
use crate::target::NewFile;
use crate::timeline::ShownTimeline;
use columns::shown;
use page::Part;
use worlds::{Piece, Types, difference, whole};

/// Bytes of a page, about.
const ROOM: usize = 9 << 20;
/// Bytes of it that are kept for what is different at other checkpoints.
const ROOM_OF_DIFFERENCES: usize = 2 << 20;
/// Events that a page has at the most.
const MOST_EVENTS: usize = 5_000;
/// Checkpoints that a page lists at the most, the newest.
const MOST_CHECKPOINTS: usize = 5_000;

/// What is written, and where.
#[derive(Args, Debug)]
pub struct Viewed {
    /// The new file
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// How many checkpoints have their values in the page
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    checkpoints: u16,
    /// With private events, and with the values of personal ones
    #[arg(long)]
    private: bool,
}

/// What was written, as JSON has it.
#[derive(Serialize)]
struct Report {
    session: SessionId,
    written_to: PathBuf,
    bytes: u64,
    /// The checkpoints that have their values in it, the newest first.
    checkpoints: Vec<String>,
    /// What it has no room for, in words.
    left_out: Vec<String>,
}

/// Writes a page about a session.
pub fn view(
    mut session: OpenSession,
    wanted: &Viewed,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let file = NewFile::at(&wanted.output)?;
    let privacy = if wanted.private { Privacy::Waived } else { Privacy::Kept };
    let progress = Progress::begin("gathering values", u64::from(wanted.checkpoints));
    let mut gathered =
        Gathered::of(&mut session, usize::from(wanted.checkpoints), privacy, &progress)?;
    let mut bytes = 0;
    file.write(|writer| {
        bytes = page::write(&gathered.title, &gathered.parts, writer)?;
        Ok(())
    })?;
    drop(progress);
    let report = Report {
        session: session.stored.id(),
        written_to: wanted.output.clone(),
        bytes,
        checkpoints: std::mem::take(&mut gathered.included),
        left_out: std::mem::take(&mut gathered.left_out),
    };
    match output.is_json() {
        true => output.object(&report)?,
        false => report.write(output)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        for left_out in &self.left_out {
            output.line(format_args!("left out: {left_out}"))?;
        }
        let (count, place) = (self.checkpoints.len(), self.written_to.display());
        output.line(format_args!(
            "wrote {place}: {} bytes, {count} checkpoints with values",
            self.bytes
        ))
    }
}

/// All that a page shows.
struct Gathered {
    title: String,
    parts: Vec<Part>,
    included: Vec<String>,
    left_out: Vec<String>,
    /// The types whose values are left out.
    left_types: Vec<String>,
    /// Bytes of the parts so far.
    taken: usize,
}

impl Gathered {
    fn of(
        session: &mut OpenSession,
        count: usize,
        privacy: Privacy,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let title = session.stored.index().newest_head();
        let title = title.map(|head| head.metadata.name.clone()).unwrap_or_default();
        let mut gathered = Self {
            title,
            parts: Vec::new(),
            included: Vec::new(),
            left_out: Vec::new(),
            left_types: Vec::new(),
            taken: 0,
        };
        gathered.add("about", &about(session))?;
        gathered.add_checkpoints(session)?;
        gathered.add_sizes(session)?;
        gathered.add_events(session, privacy)?;
        gathered.add_worlds(session, count, progress)?;
        let (left_out, left_types) = (gathered.left_out.clone(), gathered.left_types.clone());
        gathered.add("left_types", &left_types)?;
        gathered.add("left_out", &left_out)?;
        Ok(gathered)
    }

    fn add(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), Failure> {
        self.push(name, serde_json::to_vec(value)?);
        Ok(())
    }

    fn push(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.taken += bytes.len();
        self.parts.push(Part { name, bytes });
    }

    fn add_checkpoints(&mut self, session: &OpenSession) -> Result<(), Failure> {
        let stored = &session.stored;
        let mut all = stored.index().checkpoints();
        if all.len() > MOST_CHECKPOINTS {
            self.left_out.push(format!("{} older checkpoints", all.len() - MOST_CHECKPOINTS));
            all.truncate(MOST_CHECKPOINTS);
        }
        let all: Vec<Json> = all.iter().map(checkpoint).collect();
        self.add("checkpoints", &all)?;
        self.add("timeline", &ShownTimeline::of(stored))?;
        let (found, left_out) = pictures::pictures(&session.profile, stored, &Timeline::of(stored));
        if left_out > 0 {
            self.left_out.push(format!("the pictures of {left_out} older checkpoints"));
        }
        self.add("pictures", &found)
    }

    fn add_sizes(&mut self, session: &OpenSession) -> Result<(), Failure> {
        let (types, damaged) = stats::types_of(&session.stored);
        if damaged > 0 {
            self.left_out.push(format!("{damaged} checkpoints or copies, which are damaged"));
        }
        self.add("sizes", &types)
    }

    fn add_events(&mut self, session: &OpenSession, privacy: Privacy) -> Result<(), Failure> {
        let mut events = std::collections::VecDeque::new();
        let read = each_event(session, None, privacy, |event| {
            if events.len() == MOST_EVENTS {
                events.pop_front();
            }
            events.push_back(json!({
                "n": event.sequence,
                "at": event.time,
                "ms": event.play_time_ms,
                "t": event.type_path,
                "from": event.source,
                "v": event.value.map(|value| shown(&columns::value_of(value))),
                "masked": event.privacy != "shared",
            }));
            Ok(())
        })?;
        let EventsRead { events: all, left_out, damaged_frames } = read;
        let older = all - events.len() as u64;
        for (count, what) in [
            (older, "older events"),
            (left_out, "private events"),
            (damaged_frames, "damaged frames of events"),
        ] {
            if count > 0 {
                self.left_out.push(format!("{count} {what}"));
            }
        }
        self.add("events", &events)
    }

    /// The values of the newest checkpoints that can be read.
    fn add_worlds(
        &mut self,
        session: &mut OpenSession,
        count: usize,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut types = Types::default();
        let ids = candidates(session, count)?;
        let Some((newest, older)) = ids.split_first() else {
            self.left_out.push("all values, since no checkpoint can be read".to_owned());
            self.add("types", &Json::Array(Vec::new()))?;
            self.add("world", &Json::Array(Vec::new()))?;
            self.add("older", &Json::Array(Vec::new()))?;
            return self.add("included", &Json::Array(Vec::new()));
        };
        let mut pieces = whole(session, *newest, &mut types)?;
        let room = ROOM.saturating_sub(ROOM_OF_DIFFERENCES).saturating_sub(self.taken);
        self.leave_out_large(&mut pieces, room);
        let joined = pieces.iter().map(|piece| &*piece.bytes).collect::<Vec<_>>().join(&b","[..]);
        self.push("world", [b"[", &*joined, b"]"].concat());
        self.included.push(newest.to_string());
        progress.step();
        let (mut before, mut differences) = (*newest, Vec::new());
        let mut room = ROOM.saturating_sub(self.taken);
        for (position, id) in older.iter().enumerate() {
            let Some(found) = difference(session, *id, before, &mut types, room)? else {
                let more = older.len() - position;
                self.left_out.push(format!("the values of {more} other checkpoints"));
                break;
            };
            let bytes = serde_json::to_vec(&found)?.len();
            if bytes > room {
                let more = older.len() - position;
                self.left_out.push(format!("the values of {more} other checkpoints"));
                break;
            }
            room -= bytes;
            self.included.push(id.to_string());
            progress.step();
            differences.push(found);
            before = *id;
        }
        self.add("older", &differences)?;
        let included = self.included.clone();
        self.add("included", &included)?;
        self.add("types", &types.paths.iter().map(|path| &**path).collect::<Vec<_>>())
    }

    /// Leaves the largest types out until there is room for the others.
    fn leave_out_large(&mut self, pieces: &mut Vec<Piece>, room: usize) {
        let all =
            |pieces: &[Piece]| pieces.iter().map(|piece| piece.bytes.len() + 1).sum::<usize>();
        while all(pieces) > room {
            let largest = pieces.iter().enumerate().filter(|(_, piece)| !piece.is_needed);
            let Some((at, _)) = largest.max_by_key(|(_, piece)| piece.bytes.len()) else { break };
            let Piece { name, bytes, .. } = pieces.remove(at);
            self.left_out.push(format!("the values of {name}: {} bytes", bytes.len()));
            self.left_types.push(name);
        }
    }
}

/// The checkpoints whose values a page has, the newest of the newest line first; then the ends of branches, and
/// the next ones on the line.
fn candidates(session: &mut OpenSession, count: usize) -> Result<Vec<CheckpointId>, Failure> {
    let index = session.stored.index();
    let line = index.newest_head().map(|head| index.line(head.id)).unwrap_or_default();
    let (line, branches) = (line, index.branches());
    let of_branches = branches.into_iter().take(count / 3);
    let (first, rest): (Vec<_>, Vec<_>) = line.into_iter().enumerate().partition(|(at, _)| *at < 1);
    let wanted = first.into_iter().map(|(_, id)| id).chain(of_branches);
    let wanted = wanted.chain(rest.into_iter().map(|(_, id)| id));
    let mut found: Vec<CheckpointId> = Vec::new();
    for id in wanted.collect::<Vec<_>>() {
        if found.len() == count {
            break;
        }
        if !found.contains(&id) && session.stored.verified_plan(id)?.is_some() {
            found.push(id);
        }
    }
    // Neighbours differ the least.
    found
        .get_mut(1..)
        .unwrap_or_default()
        .sort_by_key(|id| std::cmp::Reverse((id.counter, id.run)));
    Ok(found)
}

fn about(session: &OpenSession) -> Json {
    let stored = &session.stored;
    let head = stored.index().newest_head();
    let metadata = head.map(|head| &head.metadata);
    json!({
        "session": stored.id(),
        "name": metadata.map(|it| &it.name),
        "player": metadata.and_then(|it| it.player.as_ref()),
        "description": metadata.map(|it| &it.description),
        "type": metadata.map(|it| &it.session_type),
        "started": metadata.map(|it| it.started),
        "status": head.map(|head| crate::output::status_word(head.status)),
        "left": head.map(|head| session.profile.left(head).word()),
        "cause": head.and_then(|head| session.profile.cause(head)),
        "game_version": head.map(|head| &head.game_version),
        "play_time_ms": head.map(|head| milliseconds(head.play_time)),
        "bytes": stored.bytes_with_attachments(),
        "condition": crate::condition::Condition::of(stored.index()).word(),
        "written": bevy_session_journal::clock::timestamp(),
        "tool": env!("CARGO_PKG_VERSION"),
    })
}

fn checkpoint(info: &CheckpointInfo) -> Json {
    json!({
        "id": info.id.to_string(),
        "kind": format!("{:?}", info.kind),
        "label": info.label,
        "time": info.time,
        "ms": milliseconds(info.play_time),
        "entities": info.entities,
        "bytes": info.bytes,
        "damaged": info.validity == Validity::Damaged,
        "rewound": info.on_line_of.is_empty(),
    })
}
