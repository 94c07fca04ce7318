//! The data of a session that a page shows.

use bevy_session_journal::internal::format::CheckpointInfo;
use bevy_session_journal::{CheckpointId, Timeline, Validity};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::columns::{self, shown};
use super::page::Part;
use super::pictures;
use super::worlds::{Piece, Types, difference, whole};
use crate::events::{EventsRead, Privacy, each_event};
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::milliseconds;
use crate::progress::Progress;
use crate::stats::TypesOf;
use crate::timeline::ShownTimeline;

/// The limits of a session's data in a page.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Bytes, about.
    room: usize,
    /// Bytes of it that are kept for what is different at other checkpoints.
    differences: usize,
    /// Bytes of all pictures together.
    pictures: usize,
    /// Events, the newest.
    events: usize,
    /// Checkpoints that are listed, the newest.
    checkpoints: usize,
    /// Checkpoints that have their values.
    values: usize,
}

impl Bounds {
    /// The limits of a session that has a page to itself.
    pub fn of_page(values: u16) -> Self {
        Self {
            room: ROOM,
            differences: 2 << 20,
            pictures: 1 << 20,
            events: 5_000,
            checkpoints: 5_000,
            values: usize::from(values),
        }
    }

    /// The same within less room.
    pub fn within(self, room: usize) -> Self {
        let share = |of_page: usize| (of_page.saturating_mul(room) / ROOM).max(1);
        Self {
            room,
            differences: share(self.differences),
            pictures: share(self.pictures),
            events: share(self.events),
            checkpoints: share(self.checkpoints),
            values: self.values,
        }
    }
}

/// Bytes of a page, about.
pub const ROOM: usize = 9 << 20;

/// All that a page shows of a session.
pub struct Gathered {
    pub title: String,
    pub about: Json,
    pub parts: Vec<Part>,
    pub included: Vec<String>,
    pub left_out: Vec<String>,
    /// The types whose values are left out.
    left_types: Vec<String>,
    /// Bytes of the parts so far.
    pub taken: usize,
    bounds: Bounds,
}

impl Gathered {
    /// Gathers it.
    pub fn of(
        session: &mut OpenSession,
        bounds: Bounds,
        privacy: Privacy,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let title = session.stored.index().newest_head();
        let title = title.map(|head| head.metadata.name.clone()).unwrap_or_default();
        let mut gathered = Self {
            title,
            about: about(session),
            parts: Vec::new(),
            included: Vec::new(),
            left_out: Vec::new(),
            left_types: Vec::new(),
            taken: 0,
            bounds,
        };
        let about = gathered.about.clone();
        gathered.add("about", &about)?;
        gathered.add_checkpoints(session)?;
        gathered.add_sizes(session)?;
        gathered.add_events(session, privacy)?;
        gathered.add_worlds(session, privacy, progress)?;
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
        let most = self.bounds.checkpoints;
        if all.len() > most {
            self.left_out.push(format!("{} older checkpoints", all.len() - most));
            all.truncate(most);
        }
        let all: Vec<Json> = all.iter().map(checkpoint).collect();
        self.add("checkpoints", &all)?;
        self.add("timeline", &ShownTimeline::of(stored))?;
        let (timeline, room) = (Timeline::of(stored), self.bounds.pictures);
        let (found, left_out) = pictures::pictures(&session.profile, stored, &timeline, room);
        if left_out > 0 {
            self.left_out.push(format!("the pictures of {left_out} older checkpoints"));
        }
        self.add("pictures", &found)
    }

    fn add_sizes(&mut self, session: &OpenSession) -> Result<(), Failure> {
        let TypesOf { types, damaged_groups, .. } = TypesOf::of(&session.stored);
        if damaged_groups > 0 {
            let damaged = format!("{damaged_groups} checkpoints or copies, which are damaged");
            self.left_out.push(damaged);
        }
        self.add("sizes", &types)
    }

    fn add_events(&mut self, session: &OpenSession, privacy: Privacy) -> Result<(), Failure> {
        let (mut events, most) = (std::collections::VecDeque::new(), self.bounds.events);
        let read = each_event(session, None, privacy, |event| {
            if events.len() == most {
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
        privacy: Privacy,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut types = Types::default();
        let Bounds { room: most, differences: kept, values, .. } = self.bounds;
        let ids = candidates(session, values)?;
        let Some((newest, older)) = ids.split_first() else {
            self.left_out.push("all values, since no checkpoint can be read".to_owned());
            self.add("types", &Json::Array(Vec::new()))?;
            self.add("world", &Json::Array(Vec::new()))?;
            self.add("older", &Json::Array(Vec::new()))?;
            return self.add("included", &Json::Array(Vec::new()));
        };
        let mut pieces = whole(session, *newest, privacy, &mut types)?;
        let room = most.saturating_sub(kept).saturating_sub(self.taken);
        self.leave_out_large(&mut pieces, room);
        let joined = pieces.iter().map(|piece| &*piece.bytes).collect::<Vec<_>>().join(&b","[..]);
        self.push("world", [b"[", &*joined, b"]"].concat());
        self.included.push(newest.to_string());
        progress.step();
        let (mut before, mut differences) = (*newest, Vec::new());
        let mut room = most.saturating_sub(self.taken);
        for (position, id) in older.iter().enumerate() {
            let Some(found) = difference(session, (*id, before), privacy, &mut types, room)? else {
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

/// The head of a session, for a heading or a list.
pub fn about(session: &OpenSession) -> Json {
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
        "condition": session.profile.judge(stored).word(),
        "written": bevy_session_journal::internal::model::clock::timestamp(),
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
        "rewound": !info.is_on_line,
    })
}
