//! The kinds of files that begin with a segment's header.

use serde::{Deserialize, Serialize};

use super::{EventFileHeader, SegmentHeader, SlotHeader};

/// The kind of a file, with what its header says because of it.
///
/// Stored beside the header's other fields, in a field of its own for each kind but a segment.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub enum FileKind {
    /// A part of the log of one run.
    #[default]
    Segment,
    /// Checkpoints of any runs, each of them whole. It says nothing about where a line ends, and its run is none: the
    /// number only distinguishes archives.
    Archive,
    /// Recorded events and no checkpoint. The header's number counts the files of events of its run.
    Events(EventFileHeader),
    /// A copy of one checkpoint, which a player kept.
    Slot(Box<SlotHeader>),
}

impl SegmentHeader {
    /// Returns true if the file is a part of a run's log.
    pub fn is_segment(&self) -> bool {
        matches!(self.kind, FileKind::Segment)
    }

    /// Returns true if the file is an archive.
    pub fn is_archive(&self) -> bool {
        matches!(self.kind, FileKind::Archive)
    }

    /// What the header of a file of events says of them.
    pub fn events(&self) -> Option<&EventFileHeader> {
        match &self.kind {
            FileKind::Events(events) => Some(events),
            _ => None,
        }
    }

    /// What the header of a slot says of it.
    pub fn slot(&self) -> Option<&SlotHeader> {
        match &self.kind {
            FileKind::Slot(slot) => Some(slot),
            _ => None,
        }
    }

    /// What the header of a slot says of it, to be changed.
    pub(super) fn slot_mut(&mut self) -> Option<&mut SlotHeader> {
        match &mut self.kind {
            FileKind::Slot(slot) => Some(slot),
            _ => None,
        }
    }
}

/// The fields in which the kind is stored, at most one of which is there.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    archive: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<EventFileHeader>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slot: Option<Box<SlotHeader>>,
}

impl From<FileKind> for Stored {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::Segment => Self::default(),
            FileKind::Archive => Self { archive: true, ..Self::default() },
            FileKind::Events(events) => Self { events: Some(events), ..Self::default() },
            FileKind::Slot(slot) => Self { slot: Some(slot), ..Self::default() },
        }
    }
}

impl TryFrom<Stored> for FileKind {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        match stored {
            Stored { archive: false, events: None, slot: None } => Ok(Self::Segment),
            Stored { archive: true, events: None, slot: None } => Ok(Self::Archive),
            Stored { archive: false, events: Some(events), slot: None } => Ok(Self::Events(events)),
            Stored { archive: false, events: None, slot: Some(slot) } => Ok(Self::Slot(slot)),
            _ => Err("a file of two kinds"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{header, slot};
    use crate::model::ids::SlotId;

    #[derive(Serialize)]
    struct AlsoArchive<'a> {
        #[serde(flatten)]
        header: &'a SegmentHeader,
        archive: bool,
    }

    #[test]
    fn a_file_of_two_kinds_is_refused() {
        let slot = FileKind::Slot(Box::new(slot(SlotId(7), "Best")));
        let header = SegmentHeader { kind: slot, ..header(1, 0) };
        let read = |archive| {
            let bytes = rmp_serde::to_vec_named(&AlsoArchive { header: &header, archive }).unwrap();
            rmp_serde::from_slice::<SegmentHeader>(&bytes)
        };
        assert_eq!(read(false).unwrap(), header);
        let error = read(true).unwrap_err();
        assert!(error.to_string().contains("a file of two kinds"), "{error}");
    }
}
