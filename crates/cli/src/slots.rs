//! The slots of a profile, read without knowing the game.

use std::path::{Path, PathBuf};

use bevy_session_journal::internal::disk::{
    SlotFile, StoredSession, UnreadSlot, slots_in, with_sources,
};
use bevy_session_journal::internal::format::ReadError;
use bevy_session_journal::{SessionId, SlotKind};
use jiff::Timestamp;
use serde::Serialize;

use crate::condition::{Condition, describe};
use crate::failure::Failure;
use crate::output::milliseconds;
use crate::place::Profile;

/// The facts of a slot's file.
#[derive(Serialize)]
pub struct Slot {
    pub file: PathBuf,
    pub bytes: u64,
    pub id: Option<String>,
    pub name: Option<String>,
    pub kind: Option<SlotKind>,
    pub session: Option<SessionId>,
    pub checkpoint: Option<String>,
    pub time: Option<Timestamp>,
    pub play_time_ms: Option<u64>,
    pub entities: Option<u64>,
    pub condition: Condition,
    pub problems: Vec<String>,
}

/// The part of a slot that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    Header,
    Checksums,
    Data,
}

/// The slots of a profile, by the names of their files.
pub fn slots_of(profile: &Profile, depth: Depth) -> Result<Vec<Slot>, Failure> {
    let files = slots_in(profile.disk(), &profile.directory.slots)?;
    Ok(files.into_iter().map(|file| Slot::of(profile, file, depth)).collect())
}

/// The slots of a session, in the same order. Of which one a slot is, its header says alone.
pub fn slots_of_session(
    profile: &Profile,
    session: SessionId,
    depth: Depth,
) -> Result<Vec<Slot>, Failure> {
    let files = slots_in(profile.disk(), &profile.directory.slots)?.into_iter();
    let files = files.flatten().filter(|file| file.header.session == session);
    Ok(files.map(|file| Slot::of(profile, Ok(file), depth)).collect())
}

impl Slot {
    fn of(profile: &Profile, file: Result<SlotFile, UnreadSlot>, depth: Depth) -> Self {
        match file {
            Ok(file) => {
                let mut slot = Self::readable(&file);
                if depth != Depth::Header {
                    slot.check(profile, &file, depth);
                }
                slot
            }
            Err(unread) => Self {
                condition: Condition::Lost,
                problems: vec![with_sources(&unread.error)],
                ..Self::empty(&unread.path, unread.bytes)
            },
        }
    }

    fn empty(file: &Path, bytes: u64) -> Self {
        Self {
            file: file.to_owned(),
            bytes,
            id: None,
            name: None,
            kind: None,
            session: None,
            checkpoint: None,
            time: None,
            play_time_ms: None,
            entities: None,
            condition: Condition::Good,
            problems: Vec::new(),
        }
    }

    fn readable(file: &SlotFile) -> Self {
        Self {
            id: Some(file.slot.id.to_string()),
            name: Some(file.slot.name.clone()),
            kind: Some(file.slot.kind),
            session: Some(file.header.session),
            checkpoint: file.header.slot_checkpoint().map(|id| id.to_string()),
            time: Some(file.slot.time),
            play_time_ms: Some(milliseconds(file.slot.play_time)),
            entities: Some(file.slot.entities),
            ..Self::empty(&file.path, file.bytes)
        }
    }

    /// Reads the whole file.
    fn check(&mut self, profile: &Profile, file: &SlotFile, depth: Depth) {
        let mut stored = StoredSession::of_file(profile.disk(), &file.path, file.header.session);
        let errors = stored.check_frames();
        self.problems.extend(stored.index().problems().iter().map(|it| describe(&it.kind)));
        self.problems.extend(errors.iter().map(|error| with_sources(error)));
        let Some(checkpoint) = file.header.slot_checkpoint() else { return };
        let plan: Result<_, ReadError> = match depth {
            Depth::Data => stored.verified_plan(checkpoint),
            _ => Ok(stored.index().plan(checkpoint)),
        };
        match plan {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.condition = Condition::Lost;
                self.problems.push("its checkpoint is damaged".to_owned());
            }
            Err(error) => {
                self.condition = Condition::Lost;
                self.problems.push(with_sources(&error));
            }
        }
        if !self.problems.is_empty() {
            self.condition = self.condition.max(Condition::Damaged);
        }
    }
}
