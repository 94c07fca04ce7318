//! Writes all that is kept of a player into one file: an uncompressed tar archive of JSON and pictures, which can be
//! read without this library.
//!
//! ```text
//! player.json                        whose it is, when it was made, and what isn't in it
//! sessions/ID/session.json           what a session says of itself, and its checkpoints
//! sessions/ID/checkpoint.json        its newest checkpoint: the values of each type, by entity
//! sessions/ID/events.json            what was recorded
//! sessions/ID/attachments/…          pictures and other attachments, as they were attached
//! slots/N/slot.json, checkpoint.json, attachments/…
//! audit.json                         what the audit log says that the player did
//! ```
//!
//! A session at a time is read and written; nothing of them is changed.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::debug;

use super::News;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use crate::disk::{
    AppendFile, DirectoryStore, Disk, SlotFile, StoreAction, StoreError, StoredSession, slots_in,
    with_sources,
};
use crate::format::{Block, Head, Rows};
use crate::model::ids::{SaveId, SessionId, Ticket};
use crate::model::session::{Attachment, AuditActor, FailureCause, PlayerText, RequestError};
use crate::read::recovery::{EventQuery, SessionFinder, read_events};
use crate::read::report::{TarParts, as_json, create_new};

/// Events that are read at once.
const EVENTS_AT_ONCE: usize = 4096;

/// A player of whom all is exported because somebody asked for it.
pub(super) struct ExportPlayer {
    player: String,
    path: PathBuf,
    ticket: Ticket,
    begun: Option<Exporting>,
}

/// A file that is being written.
struct Exporting {
    name: PlayerText,
    file: Box<dyn AppendFile>,
    bytes: u64,
    waiting: Vec<SessionId>,
    sessions: usize,
    /// Sessions that could not be read, or only in part.
    incomplete: Vec<String>,
}

impl ExportPlayer {
    pub(super) fn new(player: String, path: PathBuf, ticket: Ticket) -> Self {
        Self { player, path, ticket, begun: None }
    }

    /// Does the next piece of work; the bytes of the file, once it is whole.
    ///
    /// # Errors
    ///
    /// [`RequestError`], after which [`give_up`](Self::give_up) removes what was begun.
    pub(super) fn step(
        &mut self,
        finder: &SessionFinder,
        now: Timestamp,
    ) -> Result<Option<u64>, RequestError> {
        let outside = Arc::clone(&finder.local().outside);
        let Some(exporting) = &mut self.begun else {
            self.begun = Some(Exporting::begin(&self.player, &self.path, finder, &*outside)?);
            return Ok(None);
        };
        if let Some(session) = exporting.waiting.pop() {
            exporting.export_session(finder.store(), session, &self.path)?;
            return Ok(None);
        }
        let bytes = exporting.finish(&self.player, (finder, now), &self.path)?;
        let directory = self.path.parent().unwrap_or(&self.path).to_owned();
        let layout = finder.store().layout().clone();
        DirectoryStore::new(outside, layout).sync_directories(&[directory])?;
        Ok(Some(bytes))
    }

    /// Removes the file, half of which would be in the way of the next try.
    pub(super) fn give_up(&mut self, finder: &SessionFinder, error: RequestError) -> RequestError {
        if self.begun.take().is_some() {
            let _ = finder.local().outside.remove(&self.path);
        }
        error
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
        let result = match self.step(tools.finder, tools.now.wall) {
            Ok(None) => return Slice::Going(self),
            Ok(Some(bytes)) => Ok(bytes),
            Err(error) => Err(self.give_up(tools.finder, error)),
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
        finder: &SessionFinder,
        outside: &dyn Disk,
    ) -> Result<Self, RequestError> {
        let name = PlayerText::of(player, 0).ok_or(RequestError::UnknownPlayer)?;
        let store = finder.store();
        let mut waiting = store.sessions()?;
        waiting.retain(|session| is_of(store, *session, &name));
        let slots = slots_in(&**store.disk(), &store.layout().slots())?;
        if waiting.is_empty() && !slots.iter().flatten().any(|slot| is_slot_of(slot, &name)) {
            return Err(RequestError::UnknownPlayer);
        }
        let file = create_new(outside, path)?;
        let (sessions, incomplete) = (0, Vec::new());
        Ok(Self { name, file, bytes: 0, waiting, sessions, incomplete })
    }

    fn export_session(
        &mut self,
        store: &DirectoryStore,
        session: SessionId,
        path: &Path,
    ) -> Result<(), RequestError> {
        let mut parts = TarParts::default();
        let place = format!("sessions/{session}");
        if let Err(error) = add_session(&mut parts, store, session, &place) {
            debug!(%session, error = %with_sources(&error), "not all of a session can be exported");
            self.incomplete.push(session.to_string());
        }
        self.sessions += 1;
        self.append(parts, path)
    }

    /// Writes the slots, the player's part of the audit log, and what the whole is.
    fn finish(
        &mut self,
        player: &str,
        (finder, now): (&SessionFinder, Timestamp),
        path: &Path,
    ) -> Result<u64, RequestError> {
        let store = finder.store();
        let slots = slots_in(&**store.disk(), &store.layout().slots())?;
        let name = self.name.clone();
        let own = slots.iter().flatten().filter(|slot| is_slot_of(slot, &name));
        let mut count = 0;
        for (slot, number) in own.zip(1..) {
            let mut parts = TarParts::default();
            if let Err(error) = add_slot(&mut parts, store, slot, number) {
                debug!(error = %with_sources(&error), "not all of a slot can be exported");
                self.incomplete.push(format!("slot {number}"));
            }
            count = number;
            self.append(parts, path)?;
        }
        let mut parts = TarParts::default();
        let by = |who: &AuditActor| matches!(who, AuditActor::Player(who) if self.name.is(who));
        let entries = store.audit().read()?.into_iter().filter(|entry| by(&entry.who));
        let audit: Vec<Value> = entries.map(|entry| as_json(&entry)).collect();
        add_json(&mut parts, "audit.json", &json!(audit))?;
        let whole = json!({
            "player": player,
            "made_at": now.to_string(),
            "game": finder.slots().game(),
            "sessions": self.sessions,
            "slots": count,
            "incomplete": self.incomplete,
            "not_in_it": "reports and files of sessions that were written to other places, \
                          log files of the program, and sessions of other players",
        });
        add_json(&mut parts, "player.json", &whole)?;
        self.append(parts.end(), path)?;
        self.file.sync().map_err(|error| refused(path, error))?;
        Ok(self.bytes)
    }

    fn append(&mut self, parts: TarParts, path: &Path) -> Result<(), RequestError> {
        let bytes = parts.into_bytes();
        self.file.append(&bytes).map_err(|error| refused(path, error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Whether a session is a player's.
fn is_of(store: &DirectoryStore, session: SessionId, name: &PlayerText) -> bool {
    let Ok(stored) = store.open_session(session) else { return false };
    let mut heads = stored.index().heads().iter();
    heads.any(|head| head.metadata.player.as_deref().is_some_and(|player| name.is(player)))
}

fn is_slot_of(slot: &SlotFile, name: &PlayerText) -> bool {
    slot.header.metadata.player.as_deref().is_some_and(|player| name.is(player))
}

fn add_session(
    parts: &mut TarParts,
    store: &DirectoryStore,
    session: SessionId,
    place: &str,
) -> Result<(), RequestError> {
    let mut stored = store.open_session(session)?;
    let disk = &**store.disk();
    let heads = stored.index().heads().to_vec();
    let described: Vec<Value> = heads.iter().map(describe).collect();
    let checkpoints: Vec<Value> = stored
        .groups()
        .map(|(group, _)| &group.commit)
        .map(|commit| {
            json!({
                "number": commit.counter,
                "label": commit.label,
                "time": commit.time.to_string(),
                "play_seconds": commit.play_time.as_secs_f64(),
            })
        })
        .collect();
    let about = json!({ "session": described, "checkpoints": checkpoints });
    add_json(parts, &format!("{place}/session.json"), &about)?;
    for attachment in beside(&stored, store) {
        add_attachment(parts, place, &attachment)?;
    }
    add_json(parts, &format!("{place}/events.json"), &events_of(disk, &stored)?)?;
    if let Some(head) = heads.first()
        && let Some(plan) = stored.newest_verified(head.id)?
    {
        let world = world_of(stored.blocks(&plan)?)?;
        add_json(parts, &format!("{place}/checkpoint.json"), &world)?;
    }
    Ok(())
}

/// What a line of a session says of itself.
fn describe(head: &Head) -> Value {
    json!({
        "says": as_json(&head.metadata),
        "status": as_json(&head.status),
        "play_seconds": head.play_time.as_secs_f64(),
        "last_written": head.time.to_string(),
        "left": head.end.as_ref().map(|end| as_json(&end.leaving)),
        "fields": head.fields.as_ref().map(as_json),
    })
}

/// The attachments of checkpoints, those of the newest last, and the newest version of each of the session itself.
fn beside(stored: &StoredSession, store: &DirectoryStore) -> Vec<Attachment> {
    let disk = &**store.disk();
    let of_checkpoints = stored.beside().iter().filter_map(|(checkpoint, name)| {
        let mut attachment = stored.attachment(disk, *checkpoint, name)?;
        attachment.name = format!("{}-{}", checkpoint.counter, attachment.name);
        Some(attachment)
    });
    let own = stored.own_attachments().iter().filter_map(|version| {
        let read = store.read_session_attachment(stored.id(), &version.name, Some(version.version));
        let mut attachment = read.ok()?;
        attachment.name = format!("session-{}-{}", attachment.name, version.version);
        Some(attachment)
    });
    of_checkpoints.chain(own).collect()
}

fn events_of(disk: &dyn Disk, stored: &StoredSession) -> Result<Value, RequestError> {
    let mut events = Vec::new();
    let mut after = None;
    loop {
        let query = EventQuery {
            newest_first: false,
            limit: EVENTS_AT_ONCE,
            after,
            ..EventQuery::of(stored.id())
        };
        let page = read_events(disk, stored, query)?;
        events.extend(page.events.iter().map(|event| {
            json!({
                "number": event.sequence,
                "type": &*event.event_type.path,
                "time": event.moment.time.to_string(),
                "play_seconds": event.moment.play_time.as_secs_f64(),
                "value": value_of(&event.data),
            })
        }));
        after = page.next;
        if after.is_none() {
            return Ok(Value::Array(events));
        }
    }
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
        "session": as_json(&slot.header.metadata),
    });
    add_json(parts, &format!("{place}/slot.json"), &says)?;
    for attachment in stored.attachments() {
        add_attachment(parts, &place, &attachment?)?;
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
fn world_of(
    blocks: impl Iterator<Item = Result<Block, crate::format::ReadError>>,
) -> Result<Value, RequestError> {
    let mut types: Map<String, Value> = Map::new();
    for block in blocks {
        let block = block?;
        let Rows::Values(values) = &block.rows else { continue };
        let of_type = types.entry(&*block.type_path).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(of_type) = of_type else { continue };
        of_type.extend(values.iter().map(|(id, value)| (name_of(id), value_of(value))));
    }
    Ok(Value::Object(types))
}

fn name_of(id: SaveId) -> String {
    if id == SaveId::WORLD { "world".to_owned() } else { format!("{id:?}") }
}

/// A value as JSON. One that isn't MessagePack is the game's own, and stands there as the numbers of its bytes.
fn value_of(bytes: &[u8]) -> Value {
    match rmp_serde::from_slice::<crate::read::report::AnyValue>(bytes) {
        Ok(value) => value.0,
        Err(_) => json!({ "bytes": bytes }),
    }
}

fn add_attachment(
    parts: &mut TarParts,
    place: &str,
    attachment: &Attachment,
) -> Result<(), RequestError> {
    let extension = match &*attachment.bytes {
        [0x89, b'P', b'N', b'G', ..] => ".png",
        [0xff, 0xd8, 0xff, ..] => ".jpg",
        [b'R', b'I', b'F', b'F', ..] => ".webp",
        _ => "",
    };
    let name = format!("{place}/attachments/{}{extension}", attachment.name);
    let added = parts.add(&name, attachment.bytes.to_vec());
    added.map_err(|error| refused(Path::new(&name), error))
}

fn add_json(parts: &mut TarParts, name: &str, value: &Value) -> Result<(), RequestError> {
    let written = serde_json::to_vec_pretty(value);
    let bytes = written.map_err(|error| RequestError::Store(FailureCause::new(error)))?;
    parts.add(name, bytes).map_err(|error| refused(Path::new(name), error))
}

fn refused(path: &Path, source: std::io::Error) -> RequestError {
    StoreError::Disk { action: StoreAction::Append, path: path.to_owned(), source }.into()
}
