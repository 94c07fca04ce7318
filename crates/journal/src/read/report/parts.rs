//! The parts of a report, beside its text.

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use super::archive::Contents;
use super::content::ReportText;
use super::events::EventTexts;
use super::journals::Journals;
use super::personal::Personal;
use super::tape::WrittenTape;
use super::{CHECKPOINT, EVENTS, LOG, LOG_LINES, MOST_BYTES, REPORT, ReportOrder, TAPE};
use crate::disk::process::Logged;
use crate::format::{CheckpointInfo, Head};
use crate::model::ids::CheckpointId;
use crate::read::recovery::Tape;

/// Bytes that are kept for the report's text, and for the headers of its files.
const TEXT_BYTES: u64 = 1 << 20;

/// The parts of a report.
pub struct ReportParts {
    /// The head of the session, as far as there is one.
    pub head: Option<Head>,
    pub checkpoints: Vec<CheckpointInfo>,
    pub slot: Result<SlotBytes, LeftOut>,
    /// The events that were recorded after the checkpoint, packed.
    pub tape: Option<Vec<u8>>,
    pub events: EventTexts,
    /// True if events could not be read.
    pub events_unreadable: bool,
    pub picture: Option<Picture>,
    /// The log, masked.
    pub logged: Logged,
    pub journals: Journals,
}

/// A checkpoint, as the file of a slot.
pub struct SlotBytes {
    pub checkpoint: CheckpointId,
    pub bytes: Vec<u8>,
}

/// A picture of the screen.
pub struct Picture {
    bytes: Vec<u8>,
}

/// The reason that a part isn't in the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum LeftOut {
    /// There is none.
    NothingThere,
    /// It is damaged.
    Damaged,
    /// It can't be read now.
    Unreadable,
    /// A newer release wrote it.
    NewerFormat,
    /// There is no room for it.
    NoRoom,
}

impl Default for ReportParts {
    fn default() -> Self {
        Self {
            head: None,
            checkpoints: Vec::new(),
            slot: Err(LeftOut::NothingThere),
            tape: None,
            events: EventTexts::default(),
            events_unreadable: false,
            picture: None,
            logged: Logged::default(),
            journals: Journals::default(),
        }
    }
}

impl Picture {
    /// A picture of these bytes, which aren't checked.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The name of its file, by the format of its first bytes.
    pub(super) fn name(&self) -> &'static str {
        match &*self.bytes {
            [0x89, b'P', b'N', b'G', ..] => "picture.png",
            [0xff, 0xd8, 0xff, ..] => "picture.jpg",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "picture.webp",
            _ => "picture.bin",
        }
    }
}

impl ReportParts {
    /// Takes what was recorded after the checkpoint along.
    pub fn add_tape(&mut self, tape: &Tape) {
        self.tape = WrittenTape::of(tape).and_then(|tape| tape.pack());
    }

    /// Bytes of journal files that there is room for.
    pub fn room(&self) -> u64 {
        let picture = self.picture.as_ref().map_or(0, |picture| picture.bytes.len());
        let tape = self.tape.as_ref().map_or(0, Vec::len);
        let taken = (self.events.bytes() + picture + tape + self.logged.bytes()) as u64;
        (MOST_BYTES - TEXT_BYTES).saturating_sub(taken)
    }

    pub(super) fn events_left_out(&self) -> Option<LeftOut> {
        if self.events_unreadable {
            return Some(LeftOut::Unreadable);
        }
        self.events.is_full().then_some(LeftOut::NoRoom)
    }

    /// All of it, as an archive.
    pub(super) fn pack(
        mut self,
        order: &ReportOrder,
        personal: &Personal,
        now: Timestamp,
    ) -> io::Result<Contents> {
        let text = ReportText::new(order, &self, personal, now);
        let text = text.to_text().map_err(io::Error::other)?;
        let copies = self.journals.take_copies();
        let (mut contents, mut slot_bytes) = (Contents::default(), 0);
        contents.add(REPORT, text.into_bytes())?;
        if let Ok(slot) = self.slot {
            slot_bytes = slot.bytes.len() as u64;
            contents.add(CHECKPOINT, slot.bytes)?;
        }
        if let Some(tape) = self.tape {
            contents.add(TAPE, tape)?;
        }
        if self.events.len() > 0 {
            contents.add(EVENTS, self.events.to_text().into_bytes())?;
        }
        if let Some(picture) = self.picture {
            contents.add(picture.name(), picture.bytes)?;
        }
        for (name, text) in [(LOG, self.logged.recent), (LOG_LINES, self.logged.lines)] {
            if !text.is_empty() {
                contents.add(name, text.into_bytes())?;
            }
        }
        for (name, bytes) in copies {
            contents.add(&format!("journal/{name}"), bytes)?;
        }
        let contents = contents.end();
        let beside_the_slot = contents.bytes() - slot_bytes;
        if beside_the_slot > MOST_BYTES {
            let message = format!("a report of {beside_the_slot} bytes is over {MOST_BYTES}");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(contents)
    }
}
