//! A checkpoint that was read, and whose session is locked.

use std::fmt;
use std::time::Duration;

use super::guard::{OpenSession, Stage};
use super::row_content::{Decoded, Start};
use super::{Codec, Run};
use crate::model::ids::{CheckpointId, RunId, SaveId};
use crate::model::session::{Fields, SessionMetadata};
use crate::read::recovery::Prepared;
use crate::write::{EventStart, TakeUp};

/// A checkpoint that was read, and whose session is locked. From
/// [`Journal::restore`](crate::Journal::restore).
///
/// [`go_on`](Self::go_on) resumes the session from it. Dropped, it changes nothing.
#[must_use = "the session is released when this is dropped"]
pub struct Restored<'j, C: Codec> {
    pub(super) open: OpenSession<'j, C>,
    pub(super) prepared: Box<Prepared<Decoded<C::Image>>>,
}

impl<C: Codec> fmt::Debug for Restored<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restored").field("checkpoint", &self.checkpoint()).finish_non_exhaustive()
    }
}

impl<'j, C: Codec> Restored<'j, C> {
    /// The metadata of the session, with its name.
    #[must_use]
    pub fn session(&self) -> &SessionMetadata {
        &self.prepared.metadata
    }

    /// The checkpoint that was read.
    #[must_use]
    pub fn checkpoint(&self) -> CheckpointId {
        self.prepared.checkpoint
    }

    /// Play time of the session at the checkpoint.
    #[must_use]
    pub fn play_time(&self) -> Duration {
        self.prepared.play_time
    }

    /// The custom fields at the checkpoint.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.prepared.fields
    }

    /// The first id that no checkpoint of the session has ever used.
    #[must_use]
    pub fn next_id(&self) -> SaveId {
        self.prepared.next_save_id
    }

    /// The state that the codec made of the checkpoint.
    #[must_use]
    pub fn image(&self) -> &C::Image {
        &self.prepared.image.image
    }

    /// Resumes the session from here: returns the state, and the run that continues.
    pub fn go_on(self) -> (C::Image, Run<'j, C>) {
        let Self { mut open, prepared } = self;
        let Decoded { image, carried, unseen, .. } = prepared.image;
        open.stage = Stage::Played;
        let take_up = TakeUp {
            metadata: prepared.metadata,
            run: RunId::random(),
            lineage: prepared.lineage,
            begun: Some(prepared.begun),
            start: Start { next_id: prepared.next_save_id, carried, unseen },
            unknown_frames: prepared.unknown_frames,
            events: EventStart { line: prepared.events.line, ..EventStart::default() },
        };
        let before = (prepared.newest_counter, prepared.play_time);
        (image, Run::begin(open, take_up, prepared.fields, Some(before), prepared.events.through))
    }
}
