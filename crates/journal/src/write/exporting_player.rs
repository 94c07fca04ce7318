//! Writes everything that is kept of a player into one file: an uncompressed tar archive of JSON and pictures, for
//! readers without this library.
//!
//! ```text
//! sessions/ID/session.json             what a session says of itself, and the names of its attachments
//! sessions/ID/checkpoint-LINE/N.json   its newest checkpoint: the values of each type, by entity, a part in each file
//! sessions/ID/events-LINE/N.json       recorded events, a page in each file
//! sessions/ID/attachments/N.png        pictures and other attachments, as they were attached
//! consent.json                         what the player agreed to, when, and to which text
//! slots/N/slot.json, checkpoint/N.json, attachments/N.png
//! player.json                          the player, the time, and what isn't in the file
//! ```
//!
//! A part at a time is read and written; nothing of it is changed. A session is the player's if its newest checkpoint
//! says so; of one that was continued in two places, each line is asked. The file is written under another name beside
//! its place, so that half of it is never taken for the whole. Neither an exit nor a change of profile waits for it: the
//! former ends it, and after the latter it goes on in the profile where it began.

mod parts;
mod world;

use std::collections::VecDeque;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::debug;

use self::parts::{add_attachment, add_json, refused, to_json};
use self::world::{World, WorldOf, older_world};
use super::any_value::value_of;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::news::News;
use super::ownership::{OPENED_AT_ONCE, Owned, lines_of, own_slots};
use crate::disk::{
    AppendFile, ConsentFiles, DirectoryStore, Disk, LocalStore, SlotFile, StoredSession, slots_in,
    with_sources,
};
use crate::format::Head;
use crate::model::ids::{CheckpointId, SessionId, Ticket, random_u64};
use crate::model::session::{Attachment, FailureCause, Fields, PlayerConsent, RequestError};
use crate::read::recovery::{EventQuery, fields_of, read_events};
use crate::read::report::{TarParts, create_new};

/// Events in one file.
const EVENTS_AT_ONCE: usize = if cfg!(test) { 2 } else { 4096 };

/// A player who is exported because the game asked for it.
pub(super) struct ExportPlayer {
    player: String,
    path: PathBuf,
    ticket: Ticket,
    /// Where it began.
    local: Arc<LocalStore>,
    phase: Phase,
}

/// The progress of an export.
enum Phase {
    Waiting,
    /// The sessions are opened, the next one last. Those of the player were found.
    Looking {
        sessions: Vec<SessionId>,
        owned: Owned,
    },
    Writing(Box<Exporting>),
}

/// A file that is being written.
struct Exporting {
    player: String,
    // Closed before it is removed: some systems don't remove what is open.
    file: Box<dyn AppendFile>,
    unfinished: Unfinished,
    bytes: u64,
    waiting: VecDeque<Part>,
    sessions: usize,
    slots: usize,
    /// The game, as what was exported names it.
    game: Option<String>,
    /// The parts that could not be read, or not as a whole.
    incomplete: Vec<String>,
}

/// A part that is still to be written.
enum Part {
    Session(SessionId),
    Events { session: SessionId, line: CheckpointId, page: usize, after: Option<u64> },
    World(Box<World>),
    Attachment { session: SessionId, number: usize, of: AttachmentOf },
    Slot(Box<SlotFile>, usize),
    Consent(Box<PlayerConsent>),
}

/// An attachment of a session.
enum AttachmentOf {
    Checkpoint(CheckpointId, String),
    Session(String, u32),
}

impl ExportPlayer {
    pub(super) fn new(
        player: String,
        path: PathBuf,
        ticket: Ticket,
        local: &Arc<LocalStore>,
    ) -> Self {
        Self { player, path, ticket, local: Arc::clone(local), phase: Phase::Waiting }
    }

    /// Does the next piece of work. `game` is the one whose sessions they are. Returns the bytes of the file, once it is
    /// whole and durable.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. What was begun is removed with this job.
    pub(super) fn step(&mut self, game: &str, now: Timestamp) -> Result<Option<u64>, RequestError> {
        let exporting = match &mut self.phase {
            Phase::Waiting => {
                self.refuse_to_replace()?;
                let sessions = self.local.store.sessions()?;
                self.phase = Phase::Looking { sessions, owned: Owned::default() };
                return Ok(None);
            }
            Phase::Looking { sessions, owned } if sessions.is_empty() => {
                let owned = mem::take(owned);
                let begun = Exporting::begin(&self.player, &self.path, owned, (&self.local, game))?;
                self.phase = Phase::Writing(Box::new(begun));
                return Ok(None);
            }
            Phase::Looking { sessions, owned } => {
                let begin = sessions.len().saturating_sub(OPENED_AT_ONCE);
                for session in sessions.split_off(begin) {
                    owned.look_at(session, &self.local.store, (&self.player, game));
                }
                return Ok(None);
            }
            Phase::Writing(exporting) => exporting,
        };
        if let Some(part) = exporting.waiting.pop_front() {
            exporting.write_part(&self.local.store, part)?;
            return Ok(None);
        }
        let bytes = exporting.finish(&self.local.store, now)?;
        if let Phase::Writing(exporting) = mem::replace(&mut self.phase, Phase::Waiting) {
            let Exporting { file, unfinished, .. } = *exporting;
            drop(file);
            unfinished.put_in_place(&self.path)?;
        }
        let directory = self.path.parent().unwrap_or(&self.path).to_owned();
        let layout = self.local.store.layout().clone();
        let outside = Arc::clone(&self.local.outside);
        let synced =
            DirectoryStore::new(Arc::clone(&outside), layout).sync_directories(&[directory]);
        if let Err(error) = synced {
            // A file that a power cut may take isn't said to be there.
            let _ = outside.remove(&self.path);
            return Err(error.into());
        }
        Ok(Some(bytes))
    }

    /// Says early that a file is there already, unless it is empty; it is asked once more when the export takes its place.
    fn refuse_to_replace(&self) -> Result<(), RequestError> {
        let path = &self.path;
        match self.local.outside.open(path).and_then(|file| file.len()) {
            // A process that died between taking the place and filling it leaves an empty file.
            Ok(0) => {
                let removed = self.local.outside.remove(path);
                removed.map_err(|error| refused(path, error))
            }
            Ok(_) => Err(RequestError::FileExists { path: path.clone() }),
            // Whatever is the matter otherwise, writing it says that.
            Err(_) => Ok(()),
        }
    }
}

impl Job for ExportPlayer {
    fn urgency(&self) -> Urgency {
        Urgency::Kept
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let result = match self.step(tools.finder.slots().game(), tools.now.wall) {
            Ok(None) => return Slice::Going(self),
            Ok(Some(bytes)) => Ok(bytes),
            Err(error) => Err(error),
        };
        let Self { path, ticket, .. } = *self;
        tools.news.push(News::PlayerExported { path, result, ticket });
        Slice::Done
    }

    fn is_long(&self) -> bool {
        true
    }
}

/// A file beside its place, which is removed when this is dropped, unless it is in its place by then.
struct Unfinished {
    outside: Arc<dyn Disk>,
    path: PathBuf,
}

impl Unfinished {
    /// Gives the file its name. Its place is taken first, so that no other file is replaced.
    fn put_in_place(&self, place: &Path) -> Result<(), RequestError> {
        drop(create_new(&*self.outside, place)?);
        self.outside.put_in_place(&self.path, place).map_err(|error| {
            let _ = self.outside.remove(place);
            refused(place, error)
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        match self.outside.remove(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                debug!(path = %self.path.display(), %error, "half an export can't be removed");
            }
            _ => {}
        }
    }
}

impl Exporting {
    fn begin(
        player: &str,
        path: &Path,
        owned: Owned,
        (local, game): (&LocalStore, &str),
    ) -> Result<Self, RequestError> {
        let store = &local.store;
        let (own, mut incomplete) = owned.with_lines();
        let slots = slots_in(&**store.disk(), &store.layout().slots())?;
        let slots = own_slots(slots, (player, &own), game, &mut incomplete);
        let counts = (own.len(), slots.len());
        let mut waiting: VecDeque<Part> = own.into_iter().map(Part::Session).collect();
        let slots = slots.into_iter().zip(1..);
        waiting.extend(slots.map(|(slot, number)| Part::Slot(Box::new(slot), number)));
        let consent = ConsentFiles::of(store).of_player(player);
        if consent.is_none() && ConsentFiles::of(store).has(player)? {
            incomplete.push("consent".to_owned());
        }
        waiting.extend(consent.map(|consent| Part::Consent(Box::new(consent))));
        if waiting.is_empty() && incomplete.is_empty() {
            return Err(RequestError::UnknownPlayer);
        }
        let outside = Arc::clone(&local.outside);
        // No two exports write the same file.
        let mut written = path.as_os_str().to_owned();
        written.push(format!(".{:016x}.part", random_u64()));
        let file = create_new(&*outside, Path::new(&written))?;
        let unfinished = Unfinished { outside, path: written.into() };
        let (player, bytes, (sessions, slots)) = (player.to_owned(), 0, counts);
        let game = Some(game.to_owned()).filter(|game| !game.is_empty());
        Ok(Self { player, file, unfinished, bytes, waiting, sessions, slots, game, incomplete })
    }

    /// Writes a part. Parts that it consists of come next.
    fn write_part(&mut self, store: &DirectoryStore, part: Part) -> Result<(), RequestError> {
        let (what, world) = (part.name(), part.world());
        let mut parts = TarParts::default();
        let further = self.read_part(store, part, &mut parts).unwrap_or_else(|error| {
            debug!(what, error = %with_sources(&error), "it can't be exported as a whole");
            let older = world.and_then(|(session, of)| older_world(store, session, of));
            let instead = older.as_ref().map(|older| format!("; {} is beside it", older.place));
            self.incomplete.push(what + &instead.unwrap_or_default());
            older.map(|older| Part::World(Box::new(older))).into_iter().collect()
        });
        further.into_iter().rev().for_each(|part| self.waiting.push_front(part));
        self.append(parts)
    }

    fn read_part(
        &mut self,
        store: &DirectoryStore,
        part: Part,
        parts: &mut TarParts,
    ) -> Result<Vec<Part>, RequestError> {
        match part {
            Part::Session(session) => self.add_session(parts, store, session),
            Part::Events { session, line, page, after } => {
                add_events(parts, store, (session, line), page, after)
            }
            Part::World(world) => Ok(world.step(parts, store)?.into_iter().collect()),
            Part::Attachment { session, number, of } => {
                let attachment = of.read(store, session)?;
                add_attachment(parts, &format!("sessions/{session}"), number, &attachment)?;
                Ok(Vec::new())
            }
            Part::Slot(slot, number) => self.add_slot(parts, store, slot, number),
            Part::Consent(consent) => {
                add_json(parts, "consent.json", &to_json(&consent.answers)?)?;
                Ok(Vec::new())
            }
        }
    }

    /// Adds what a session says of itself. Returns its other parts.
    fn add_session(
        &mut self,
        parts: &mut TarParts,
        store: &DirectoryStore,
        session: SessionId,
    ) -> Result<Vec<Part>, RequestError> {
        let mut stored = store.open_session(session)?;
        let heads = stored.index().heads().to_vec();
        let is_only_theirs = lines_of(&heads, &self.player).count() == heads.len();
        let (mut further, mut lines) = (Vec::new(), Vec::new());
        for head in lines_of(&heads, &self.player) {
            self.game.get_or_insert_with(|| head.metadata.context.game.clone());
            let fields = match &head.fields {
                Some(fields) => fields.clone(),
                None if stored.index().is_without_world(head.id) => Fields::default(),
                None => fields_of(&mut stored, head.id).unwrap_or_else(|_| {
                    self.incomplete.push(format!("session {session}: fields"));
                    Fields::default()
                }),
            };
            lines.push(describe(head, &fields)?);
            let (line, page, after) = (head.id, 1, None);
            if !stored.index().is_without_world(line) {
                let world = World::of_session(session, line);
                further.push(Part::World(Box::new(world)));
            }
            further.push(Part::Events { session, line, page, after });
        }
        // Whose line a picture is on isn't known, where one of them is another player's.
        let attachments = if is_only_theirs { attachments_of(&stored) } else { Vec::new() };
        let named = attachments.iter().zip(1..).map(|(of, number)| of.describe(number));
        let about = json!({ "lines": lines, "attachments": named.collect::<Vec<_>>() });
        add_json(parts, &format!("sessions/{session}/session.json"), &about)?;
        let attachments = attachments.into_iter().zip(1..);
        let part = |(of, number)| Part::Attachment { session, number, of };
        further.extend(attachments.map(part));
        Ok(further)
    }

    /// Adds a slot, but for its world, which it returns. Attachments that can't be read are `incomplete`.
    fn add_slot(
        &mut self,
        parts: &mut TarParts,
        store: &DirectoryStore,
        slot: Box<SlotFile>,
        number: usize,
    ) -> Result<Vec<Part>, RequestError> {
        let place = format!("slots/{number}");
        let stored = store.slots().open(&slot.path, &slot.header);
        let held = stored.index().segments().iter().map(|it| it.scan.attachments.len()).sum();
        let attachments: Vec<_> = stored.attachments().filter_map(Result::ok).collect();
        if attachments.len() < held {
            self.incomplete.push(format!("slot {number}: attachments"));
        }
        let named = attachments.iter().zip(1..);
        let named = named.map(|(of, number)| json!({ "file": number, "name": of.name }));
        let says = json!({
            "name": slot.slot.name,
            "kind": format!("{:?}", slot.slot.kind),
            "session": to_json(&slot.header.metadata)?,
            "attachments": named.collect::<Vec<_>>(),
        });
        add_json(parts, &format!("{place}/slot.json"), &says)?;
        for (attachment, number) in attachments.iter().zip(1..) {
            add_attachment(parts, &place, number, attachment)?;
        }
        let Some(head) = stored.index().heads().first() else {
            self.incomplete.push(format!("slot {number}: its world"));
            return Ok(Vec::new());
        };
        let (place, checkpoint) = (format!("{place}/checkpoint"), head.id);
        let world = World { of: WorldOf::Slot(slot), place, checkpoint, reading: None };
        Ok(vec![Part::World(Box::new(world))])
    }

    /// Writes what the file is, and ends it.
    fn finish(&mut self, store: &DirectoryStore, now: Timestamp) -> Result<u64, RequestError> {
        let mut parts = TarParts::default();
        let whole = json!({
            "player": self.player,
            "made_at": now.to_string(),
            "game": self.game,
            "profile": store.layout().profile,
            "sessions": self.sessions,
            "slots": self.slots,
            "incomplete": self.incomplete,
            "not_in_it": "older and named checkpoints and branches of sessions, of which the newest checkpoint is in it; \
                          figures that were made of sessions, records and last lines of processes, log files, reports \
                          and exports that were written to other places, sessions of other players and other \
                          profiles, and attachments of sessions that went on in two places, one of which is another \
                          player's",
        });
        add_json(&mut parts, "player.json", &whole)?;
        self.append(parts.end())?;
        let synced = self.file.sync();
        synced.map_err(|error| refused(&self.unfinished.path, error))?;
        Ok(self.bytes)
    }

    fn append(&mut self, parts: TarParts) -> Result<(), RequestError> {
        let bytes = parts.into_bytes();
        let appended = self.file.append(&bytes);
        appended.map_err(|error| refused(&self.unfinished.path, error))?;
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
            Self::World(world) => format!("{}: as a whole", world.place),
            Self::Attachment { session, number, .. } => {
                format!("session {session}: attachment {number}")
            }
            Self::Slot(_, number) => format!("slot {number}"),
            Self::Consent(_) => "consent".to_owned(),
        }
    }

    /// The checkpoint of a session whose world it is.
    fn world(&self) -> Option<(SessionId, CheckpointId)> {
        let Self::World(world) = self else { return None };
        let WorldOf::Session(session) = world.of else { return None };
        Some((session, world.checkpoint))
    }
}

impl AttachmentOf {
    fn read(&self, store: &DirectoryStore, session: SessionId) -> Result<Attachment, RequestError> {
        match self {
            Self::Checkpoint(checkpoint, name) => {
                let stored = store.open_session(session)?;
                let read = stored.attachment(&**store.disk(), *checkpoint, name);
                read.ok_or(RequestError::UnknownCheckpoint)
            }
            Self::Session(name, version) => {
                let read = store.read_session_attachment(session, name, Some(*version));
                read.map_err(|error| RequestError::Store(FailureCause::new(error)))
            }
        }
    }

    /// The name and origin of the attachment in the file of this number.
    fn describe(&self, number: usize) -> Value {
        match self {
            Self::Checkpoint(checkpoint, name) => {
                json!({ "file": number, "name": name, "checkpoint": checkpoint.to_string() })
            }
            Self::Session(name, version) => {
                json!({ "file": number, "name": name, "version": version })
            }
        }
    }
}

/// The attachments of a session and of its checkpoints.
fn attachments_of(stored: &StoredSession) -> Vec<AttachmentOf> {
    let beside = stored.beside().iter();
    let beside =
        beside.map(|(checkpoint, name)| AttachmentOf::Checkpoint(*checkpoint, name.clone()));
    let own = stored.own_attachments().iter();
    beside.chain(own.map(|own| AttachmentOf::Session(own.name.clone(), own.version))).collect()
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
