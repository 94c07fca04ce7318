//! The header and the first frames of every segment of a run.

use super::RunJournal;
use crate::format::{FEATURE_EVENTS, FileKind, Lineage, SegmentHeader};
use crate::model::clock::Moment;
use crate::model::ids::random_u64;
use crate::write::open_segment::Preamble;

impl RunJournal {
    pub(super) fn preamble(&self) -> Preamble<'_> {
        let unknown_frames = &self.identity.unknown_frames;
        let lineage = &self.further_lineage;
        Preamble { lineage, unknown_frames, status: self.status.as_ref() }
    }

    pub(super) fn next_header(&mut self, base: Option<u64>, now: Moment) -> SegmentHeader {
        let segment = self.segments.next_number();
        self.header(segment, base, now)
    }

    pub(super) fn header(&self, segment: u32, base: Option<u64>, now: Moment) -> SegmentHeader {
        let identity = &self.identity;
        let Lineage { ancestors, supersedes, .. } = identity.lineage.in_header();
        let mut begun = identity.begun.clone();
        if let Some(begun) = &mut begun {
            begun.shared = identity.lineage.is_shared;
        }
        SegmentHeader {
            required_features: 0,
            optional_features: if identity.records_events { FEATURE_EVENTS } else { 0 },
            session: identity.metadata.id,
            run: identity.run,
            ancestors,
            supersedes,
            host: self.local.host.id,
            boot: self.local.boot.clone(),
            segment,
            nonce: random_u64(),
            predecessor: self.segments.predecessor_of(segment),
            base,
            game_version: identity.game_version.clone(),
            schema: identity.schema,
            created: now.wall,
            metadata: identity.metadata.clone(),
            kind: FileKind::Segment,
            begun,
        }
    }
}
