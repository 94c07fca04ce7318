//! Writes everything that is kept of a player into one file: an uncompressed tar archive of JSON and pictures, for
//! readers without this library.
//!
//! ```text
//! sessions/ID/session.json         what a session says of itself
//! sessions/ID/checkpoint.json      its newest checkpoint: the values of each type, by entity
//! sessions/ID/events/N.json        recorded events, a page in each file
//! sessions/ID/attachments/…        pictures and other attachments, as they were attached
//! slots/N/slot.json, checkpoint.json, attachments/…
//! player.json                      the player, the time, and what isn't in the file
//! ```
//!
//! A part at a time is read and written; nothing of it is changed. A session is the player's if its newest checkpoint
//! says so; of one that was continued in two places, each line is asked.

use std::collections::VecDeque;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing::debug;

use super::any_value::value_of;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::news::News;
use crate::disk::{
    AppendFile, DirectoryStore, SlotFile, StoreAction, StoreError, slots_in, with_sources,
};
use crate::format::{Block, Head, ReadError, Rows};
use crate::model::ids::{CheckpointId, SaveId, SessionId, Ticket};
use crate::model::session::{Attachment, FailureCause, Fields, RequestError};
use crate::read::recovery::{EventQuery, SessionFinder, fields_of, read_events};
use crate::read::report::{TarParts, create_new};

/// Events in one file.
const EVENTS_AT_ONCE: usize = if cfg!(test) { 2 } else { 4096 };
/// Sessions that are opened in one slice, to see whose they are.
const OPENED_AT_ONCE: usize = if cfg!(test) { 1 } else { 16 };

/// A player who is exported because the game asked for it.
pub(super) struct ExportPlayer {
    player: String,
    path: PathBuf,
    ticket: Ticket,
    phase: Phase,
}

/// The progress of an export.
enum Phase {
    Waiting,
    /// The sessions are opened, the next one last. Those of the player were found.
    Looking {
        sessions: Vec<SessionId>,
        own: VecDeque<Part>,
    },
    Writing(Exporting),
}

/// A file that is being written.
struct Exporting {
    player: String,
    file: Box<dyn AppendFile>,
    bytes: u64,
    waiting: VecDeque<Part>,
    sessions: usize,
    slots: usize,
    /// The parts that could not be read, or not as a whole.
    incomplete: Vec<String>,
}

/// A part that is still to be written.
enum Part {
    Session(SessionId),
    Events { session: SessionId, line: CheckpointId, page: usize, after: Option<u64> },
    World { session: SessionId, line: CheckpointId },
    Attachment { session: SessionId, checkpoint: CheckpointId, name: String },
    OwnAttachment { session: SessionId, name: String, version: u32 },
    Slot(Box<SlotFile>, usize),
}

impl ExportPlayer {
    pub(super) fn new(player: String, path: PathBuf, ticket: Ticket) -> Self {
        Self { player, path, ticket, phase: Phase::Waiting }
    }

    /// Does the next piece of work. Returns the bytes of the file, once it is whole and durable.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. [`give_up`](Self::give_up) removes what was begun then.
    pub(super) fn step(
        &mut self,
        finder: &SessionFinder,
        now: Timestamp,
    ) -> Result<Option<u64>, RequestError> {
        let exporting = match &mut self.phase {
            Phase::Waiting => {
                let (sessions, own) = (finder.store().sessions()?, VecDeque::new());
                self.phase = Phase::Looking { sessions, own };
                return Ok(None);
            }
            Phase::Looking { sessions, own } if sessions.is_empty() => {
                let own = mem::take(own);
                self.phase =
                    Phase::Writing(Exporting::begin(&self.player, &self.path, own, finder)?);
                return Ok(None);
            }
            Phase::Looking { sessions, own } => {
                let begin = sessions.len().saturating_sub(OPENED_AT_ONCE);
                let of_player = sessions.split_off(begin).into_iter();
                let of_player = of_player.filter(|it| is_of(finder.store(), *it, &self.player));
                own.extend(of_player.map(Part::Session));
                return Ok(None);
            }
            Phase::Writing(exporting) => exporting,
        };
        if let Some(part) = exporting.waiting.pop_front() {
            exporting.write_part(finder.store(), part, &self.path)?;
            return Ok(None);
        }
        let bytes = exporting.finish(finder, now, &self.path)?;
        let directory = self.path.parent().unwrap_or(&self.path).to_owned();
        let outside = Arc::clone(&finder.local().outside);
        let layout = finder.store().layout().clone();
        DirectoryStore::new(outside, layout).sync_directories(&[directory])?;
        Ok(Some(bytes))
    }

    /// Removes a file that isn't whole: it would be in the way of the next try.
    pub(super) fn give_up(&mut self, finder: &SessionFinder) {
        if let Phase::Writing(_) = mem::replace(&mut self.phase, Phase::Waiting)
            && let Err(error) = finder.local().outside.remove(&self.path)
        {
            debug!(path = %self.path.display(), %error, "half an export can't be removed");
        }
    }
}

impl Job for ExportPlayer {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let result = self.step(tools.finder, tools.now.wall);
        let result = match result {
            Ok(None) => return Slice::Going(self),
            Ok(Some(bytes)) => Ok(bytes),
            Err(error) => {
                self.give_up(tools.finder);
                Err(error)
            }
        };
        let Self { path, ticket, .. } = *self;
        tools.news.push(News::PlayerExported { path, result, ticket });
        Slice::Done
    }

    fn is_long(&self) -> bool {
        true
    }
}

impl Exporting {
    fn begin(
        player: &str,
        path: &Path,
        mut waiting: VecDeque<Part>,
        finder: &SessionFinder,
    ) -> Result<Self, RequestError> {
        let store = finder.store();
        let sessions = waiting.len();
        let slots = slots_in(&**store.disk(), &store.layout().slots())?;
        let own = slots.into_iter().flatten();
        let own = own.filter(|slot| slot.header.metadata.player.as_deref() == Some(player));
        waiting.extend(own.zip(1..).map(|(slot, number)| Part::Slot(Box::new(slot), number)));
        let slots = waiting.len() - sessions;
        if waiting.is_empty() {
            return Err(RequestError::UnknownPlayer);
        }
        let file = create_new(&*finder.local().outside, path)?;
        let (player, bytes, incomplete) = (player.to_owned(), 0, Vec::new());
        Ok(Self { player, file, bytes, waiting, sessions, slots, incomplete })
    }

    /// Writes a part. Parts that it consists of come next.
    fn write_part(
        &mut self,
        store: &DirectoryStore,
        part: Part,
        path: &Path,
    ) -> Result<(), RequestError> {
        let what = part.name();
        let mut parts = TarParts::default();
        match self.read_part(store, part, &mut parts) {
            Ok(further) => further.into_iter().rev().for_each(|part| self.waiting.push_front(part)),
            Err(error) => {
                debug!(what, error = %with_sources(&error), "it can't be exported as a whole");
                self.incomplete.push(what);
            }
        }
        self.append(parts, path)
    }

    fn read_part(
        &self,
        store: &DirectoryStore,
        part: Part,
        parts: &mut TarParts,
    ) -> Result<Vec<Part>, RequestError> {
        match part {
            Part::Session(session) => return self.add_session(parts, store, session),
            Part::Events { session, line, page, after } => {
                return add_events(parts, store, (session, line), page, after);
            }
            Part::World { session, line } => {
                let mut stored = store.open_session(session)?;
                if let Some(plan) = stored.newest_verified(line)? {
                    let world = world_of(stored.blocks(&plan)?)?;
                    let name = format!("sessions/{session}/checkpoint-{line}.json");
                    add_json(parts, &name, &world)?;
                }
            }
            Part::Attachment { session, checkpoint, name } => {
                let stored = store.open_session(session)?;
                let read = stored.attachment(&**store.disk(), checkpoint, &name);
                let attachment = read.ok_or(RequestError::UnknownCheckpoint)?;
                let name = format!("checkpoint-{checkpoint}-{name}");
                add_attachment(parts, &format!("sessions/{session}"), &name, &attachment)?;
            }
            Part::OwnAttachment { session, name, version } => {
                let read = store.read_session_attachment(session, &name, Some(version));
                let attachment =
                    read.map_err(|error| RequestError::Store(FailureCause::new(error)))?;
                let name = format!("session-{version}-{name}");
                add_attachment(parts, &format!("sessions/{session}"), &name, &attachment)?;
            }
            Part::Slot(slot, number) => add_slot(parts, store, &slot, number)?,
        }
        Ok(Vec::new())
    }

    /// Adds what a session says of itself. Returns its other parts.
    fn add_session(
        &self,
        parts: &mut TarParts,
        store: &DirectoryStore,
        session: SessionId,
    ) -> Result<Vec<Part>, RequestError> {
        let mut stored = store.open_session(session)?;
        let heads = stored.index().heads().to_vec();
        let is_only_theirs = lines_of(&heads, &self.player).count() == heads.len();
        let (mut further, mut lines) = (Vec::new(), Vec::new());
        for head in lines_of(&heads, &self.player) {
            let fields = match &head.fields {
                Some(fields) => fields.clone(),
                None if stored.index().is_without_world(head.id) => Fields::default(),
                None => fields_of(&mut stored, head.id).unwrap_or_default(),
            };
            lines.push(describe(head, &fields)?);
            let (line, page, after) = (head.id, 1, None);
            further.push(Part::World { session, line });
            further.push(Part::Events { session, line, page, after });
        }
        // Whose line a picture is on isn't known, where one of them is another player's.
        if is_only_theirs {
            let beside = stored.beside().iter();
            further.extend(beside.map(|(checkpoint, name)| Part::Attachment {
                session,
                checkpoint: *checkpoint,
                name: name.clone(),
            }));
            further.extend(stored.own_attachments().iter().map(|own| Part::OwnAttachment {
                session,
                name: own.name.clone(),
                version: own.version,
            }));
        }
        add_json(parts, &format!("sessions/{session}/session.json"), &json!({ "lines": lines }))?;
        Ok(further)
    }

    /// Writes what the file is, and ends it.
    fn finish(
        &mut self,
        finder: &SessionFinder,
        now: Timestamp,
        path: &Path,
    ) -> Result<u64, RequestError> {
        let mut parts = TarParts::default();
        let whole = json!({
            "player": self.player,
            "made_at": now.to_string(),
            "game": finder.slots().game(),
            "profile": finder.store().layout().profile,
            "sessions": self.sessions,
            "slots": self.slots,
            "incomplete": self.incomplete,
            "not_in_it": "reports and exports that were written to other places, log files, sessions of other players, \
                          and attachments of sessions that went on in two places, one of which is another player's",
        });
        add_json(&mut parts, "player.json", &whole)?;
        self.append(parts.end(), path)?;
        let synced = self.file.sync();
        synced.map_err(|error| refused(path, error))?;
        Ok(self.bytes)
    }

    fn append(&mut self, parts: TarParts, path: &Path) -> Result<(), RequestError> {
        let bytes = parts.into_bytes();
        self.file.append(&bytes).map_err(|error| refused(path, error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Part {
    /// The part, in the words of `player.json`.
    fn name(&self) -> String {
        match self {
            Self::Session(session) => format!("session {session}"),
            Self::Events { session, page, .. } => format!("session {session}: events {page}"),
            Self::World { session, line } => format!("session {session}: checkpoint {line}"),
            Self::Attachment { session, name, .. } | Self::OwnAttachment { session, name, .. } => {
                format!("session {session}: attachment {name}")
            }
            Self::Slot(_, number) => format!("slot {number}"),
        }
    }
}

/// Returns true if a line of a session says that it is this player's. What can't be read says of nobody that it is theirs.
fn is_of(store: &DirectoryStore, session: SessionId, player: &str) -> bool {
    let Ok(stored) = store.open_session(session) else { return false };
    lines_of(stored.index().heads(), player).next().is_some()
}

/// The lines of a session that say that they are this player's.
fn lines_of<'a>(heads: &'a [Head], player: &'a str) -> impl Iterator<Item = &'a Head> {
    heads.iter().filter(move |head| head.metadata.player.as_deref() == Some(player))
}

/// A line of a session, as it says itself.
fn describe(head: &Head, fields: &Fields) -> Result<Value, RequestError> {
    Ok(json!({
        "checkpoint": head.id.to_string(),
        "session": to_json(&head.metadata)?,
        "status": to_json(&head.status)?,
        "play_seconds": head.play_time.as_secs_f64(),
        "last_written": head.time.to_string(),
        "left": to_json(&head.end.as_ref().map(|end| &end.leaving))?,
        "fields": fields_as_json(fields),
    }))
}

fn fields_as_json(fields: &Fields) -> Value {
    let names = fields.names().filter_map(|name| Some((name, fields.field(name)?)));
    names.map(|(name, field)| (name.to_owned(), value_of(&field.0))).collect::<Map<_, _>>().into()
}

/// Adds a page of recorded events. Returns the next page, if there is one.
fn add_events(
    parts: &mut TarParts,
    store: &DirectoryStore,
    (session, line): (SessionId, CheckpointId),
    page: usize,
    after: Option<u64>,
) -> Result<Vec<Part>, RequestError> {
    let stored = store.open_session(session)?;
    // Of the only line, what was recorded after its newest checkpoint as well.
    let checkpoint = (stored.index().heads().len() > 1).then_some(line);
    let (newest_first, limit) = (false, EVENTS_AT_ONCE);
    let query = EventQuery { checkpoint, newest_first, limit, after, ..EventQuery::of(session) };
    let read = read_events(&**store.disk(), &stored, query)?;
    if !read.events.is_empty() {
        let events = read.events.iter().map(|event| {
            json!({
                "number": event.sequence,
                "type": &*event.event_type.path,
                "time": event.moment.time.to_string(),
                "play_seconds": event.moment.play_time.as_secs_f64(),
                "value": value_of(&event.data),
            })
        });
        let name = format!("sessions/{session}/events-{line}/{page}.json");
        add_json(parts, &name, &events.collect())?;
    }
    let next = read.next.map(|after| (page + 1, Some(after)));
    Ok(next.map(|(page, after)| Part::Events { session, line, page, after }).into_iter().collect())
}

fn add_slot(
    parts: &mut TarParts,
    store: &DirectoryStore,
    slot: &SlotFile,
    number: usize,
) -> Result<(), RequestError> {
    let place = format!("slots/{number}");
    let stored = store.slots().open(&slot.path, &slot.header);
    let says = json!({
        "name": slot.slot.name,
        "kind": format!("{:?}", slot.slot.kind),
        "session": to_json(&slot.header.metadata)?,
    });
    add_json(parts, &format!("{place}/slot.json"), &says)?;
    for attachment in stored.attachments() {
        let attachment = attachment?;
        add_attachment(parts, &place, &attachment.name, &attachment)?;
    }
    if let Some(head) = stored.index().heads().first()
        && let Some(plan) = stored.index().plan(head.id)
    {
        let world = world_of(stored.blocks(&plan)?)?;
        add_json(parts, &format!("{place}/checkpoint.json"), &world)?;
    }
    Ok(())
}

/// The values of a checkpoint: of each type, by entity.
fn world_of(blocks: impl Iterator<Item = Result<Block, ReadError>>) -> Result<Value, RequestError> {
    let mut types: Map<String, Value> = Map::new();
    for block in blocks {
        let block = block?;
        let Rows::Values(values) = &block.rows else { continue };
        let of_type = types.entry(&*block.type_path).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(of_type) = of_type else { continue };
        of_type.extend(values.iter().map(|(id, value)| (entity(id), value_of(value))));
    }
    Ok(Value::Object(types))
}

fn entity(id: SaveId) -> String {
    if id == SaveId::WORLD { "world".to_owned() } else { format!("{id:?}") }
}

fn add_attachment(
    parts: &mut TarParts,
    place: &str,
    name: &str,
    attachment: &Attachment,
) -> Result<(), RequestError> {
    let extension = match &*attachment.bytes {
        [0x89, b'P', b'N', b'G', ..] => ".png",
        [0xff, 0xd8, 0xff, ..] => ".jpg",
        [b'R', b'I', b'F', b'F', ..] => ".webp",
        _ => "",
    };
    let name = format!("{place}/attachments/{name}{extension}");
    let added = parts.add(&name, attachment.bytes.to_vec());
    added.map_err(|error| refused(Path::new(&name), error))
}

fn to_json(value: &impl Serialize) -> Result<Value, RequestError> {
    serde_json::to_value(value).map_err(|error| RequestError::Store(FailureCause::new(error)))
}

fn add_json(parts: &mut TarParts, name: &str, value: &Value) -> Result<(), RequestError> {
    let written = serde_json::to_vec_pretty(value);
    let bytes = written.map_err(|error| RequestError::Store(FailureCause::new(error)))?;
    parts.add(name, bytes).map_err(|error| refused(Path::new(name), error))
}

fn refused(path: &Path, source: std::io::Error) -> RequestError {
    StoreError::Disk { action: StoreAction::Append, path: path.to_owned(), source }.into()
}
