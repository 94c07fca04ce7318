//! Puts named checkpoints into an archive, a slice at a time, so that the segments that they were
//! written into can go.

use std::collections::HashSet;
use std::ops::ControlFlow::{self, Break, Continue};
use std::path::PathBuf;

use tracing::{debug, warn};

use super::group_copy::CopyFailure;
use super::open_segment::{OpenGroup, OpenSegment, Preamble};
use super::slices::{SLICE_BYTES, open_slice};
use crate::disk::{DirectoryStore, SessionOpening, StoredSession};
use crate::format::{Block, Commit, Origin, ReadError, SegmentHeader};
use crate::model::ids::CheckpointId;
use crate::model::ids::limits::ORIGIN_ANCESTORS;

/// An archive of this many bytes is complete, even if there is more to gather.
const FULL: u64 = 256 << 20;

/// An archive that is being written.
pub(super) struct Gathering {
    header: SegmentHeader,
    path: PathBuf,
    stage: Stage,
    copied: usize,
}

/// The stage of the file.
enum Stage {
    /// Opens the session, for these checkpoints.
    Opening(Box<SessionOpening>, Vec<CheckpointId>, OpenSegment),
    Between(Box<Source>, OpenSegment),
    Copying(Box<Source>, Box<Copying>),
}

/// A checkpoint that is being copied.
struct Copying {
    id: CheckpointId,
    blocks: Box<dyn Iterator<Item = Result<Block, ReadError>> + Send>,
    group: OpenGroup,
    commit: Commit,
}

/// The checkpoints to be copied.
struct Source {
    stored: StoredSession,
    /// The next one last.
    waiting: Vec<CheckpointId>,
    /// All that archives will hold.
    kept: HashSet<CheckpointId>,
    /// Those that were damaged and may be read another way.
    tried_again: HashSet<CheckpointId>,
}

/// The rest of the work after a slice; or the number of checkpoints in the archive that is in its place, durably. There
/// is no archive if that is zero.
pub(super) type Gathered = ControlFlow<usize, Box<Gathering>>;

impl Gathering {
    /// Begins an archive of these checkpoints, the oldest first. The session's lock is held.
    pub(super) fn begin(
        store: &DirectoryStore,
        checkpoints: Vec<CheckpointId>,
        header: SegmentHeader,
    ) -> Result<Box<Self>, CopyFailure> {
        store.sweep_archives(header.session);
        let opening = Box::new(store.opening(header.session));
        let created = store.create_archive(&header)?;
        let path = created.path.clone();
        match OpenSegment::of(created, header.segment, Preamble::default()) {
            Ok(segment) => {
                let stage = Stage::Opening(opening, checkpoints, segment);
                Ok(Box::new(Self { header, path, stage, copied: 0 }))
            }
            Err(failure) => {
                let _ = store.remove_segment(&path);
                Err(failure.into())
            }
        }
    }

    /// Opens a part of the session, or copies the next slice; after the last one, makes the archive durable and puts it in its place.
    /// If anything fails, what was written is removed, and everything is as it was.
    pub(super) fn step(self: Box<Self>, store: &DirectoryStore) -> Result<Gathered, CopyFailure> {
        let path = self.path.clone();
        let stepped = self.advance(store);
        if stepped.is_err() {
            // If that fails, it is removed when the next one is written.
            let _ = store.remove_segment(&path);
        }
        stepped
    }

    /// Gives it up, and removes what was written.
    pub(super) fn abandon(self: Box<Self>, store: &DirectoryStore) {
        let path = self.path.clone();
        drop(self);
        let _ = store.remove_segment(&path);
    }

    fn advance(mut self: Box<Self>, store: &DirectoryStore) -> Result<Gathered, CopyFailure> {
        let mut read = 0;
        while read < SLICE_BYTES {
            self.stage = match self.stage {
                Stage::Opening(mut opening, checkpoints, segment) => {
                    let Some(stored) = open_slice(&mut opening, store)? else {
                        self.stage = Stage::Opening(opening, checkpoints, segment);
                        return Ok(Continue(self));
                    };
                    Stage::Between(Box::new(Source::new(stored, checkpoints)), segment)
                }
                Stage::Between(mut source, segment) => match source.next(segment)? {
                    Ok(copying) => Stage::Copying(source, Box::new(copying)),
                    Err(segment) => return complete(segment, store, &self.header, self.copied),
                },
                Stage::Copying(mut source, mut copying) => match copying.blocks.next() {
                    Some(Ok(block)) => {
                        read += block.byte_len();
                        copying.group.push(&block)?;
                        Stage::Copying(source, copying)
                    }
                    Some(Err(error)) => {
                        let segment = source.damaged(*copying, error)?;
                        Stage::Between(source, segment)
                    }
                    None => {
                        self.copied += 1;
                        Stage::Between(source, copying.group.finish(&copying.commit)?)
                    }
                },
            };
        }
        Ok(Continue(self))
    }
}

/// Makes an archive durable, and puts it in its place.
fn complete(
    mut segment: OpenSegment,
    store: &DirectoryStore,
    header: &SegmentHeader,
    copied: usize,
) -> Result<Gathered, CopyFailure> {
    let path = segment.path().to_path_buf();
    if copied == 0 {
        drop(segment);
        store.remove_segment(&path)?;
        return Ok(Break(0));
    }
    segment.sync(store)?;
    // Some systems don't rename what is open.
    drop(segment);
    if let Err(error) = store.put_archive_in_place(&path, header) {
        // It may be there and not be durable, and nothing is to be removed because of it.
        let _ = store.remove_segment(&store.layout().segment(header));
        return Err(error.into());
    }
    debug!(session = %header.session, copied, "named checkpoints gathered");
    Ok(Break(copied))
}

impl Source {
    fn new(stored: StoredSession, checkpoints: Vec<CheckpointId>) -> Self {
        let index = stored.index();
        let archived = index.archives().flat_map(|segment| index.archived(segment));
        let kept = checkpoints.iter().copied().chain(archived).collect();
        let waiting = checkpoints.into_iter().rev().collect();
        Self { stored, waiting, kept, tried_again: HashSet::new() }
    }

    /// Begins to copy the next checkpoint; or gives the file back, if that is complete.
    fn next(&mut self, segment: OpenSegment) -> Result<Result<Copying, OpenSegment>, CopyFailure> {
        while segment.length() < FULL {
            let Some(id) = self.waiting.pop() else { break };
            let index = self.stored.index();
            let Some((plan, commit)) = index.as_snapshot(id) else { continue };
            let commit = self.as_archived(id, commit);
            match self.stored.blocks(&plan) {
                Ok(blocks) => {
                    let (blocks, group) = (Box::new(blocks), segment.begin_group(id.counter));
                    return Ok(Ok(Copying { id, blocks, group, commit }));
                }
                Err(error) => self.look_for_another_way(id, error)?,
            }
        }
        Ok(Err(segment))
    }

    /// The commit of a checkpoint that stands alone and says whose it is.
    fn as_archived(&self, id: CheckpointId, commit: Commit) -> Commit {
        let origin = commit.origin.clone().filter(|origin| origin.run == id.run);
        let origin = origin.unwrap_or_else(|| Box::new(self.origin(id)));
        Commit { origin: Some(origin), ..commit }
    }

    fn origin(&self, id: CheckpointId) -> Origin {
        let index = self.stored.index();
        let line = index.line(id).into_iter();
        let mut ancestors: Vec<CheckpointId> =
            line.filter(|other| other.run != id.run && self.kept.contains(other)).collect();
        ancestors.dedup_by_key(|other| other.run);
        // If the nearest is damaged, the next one still leads on.
        ancestors.truncate(ORIGIN_ANCESTORS);
        let (game_version, schema) = index.build(id.run).unwrap_or_default();
        Origin { run: id.run, ancestors, game_version: game_version.to_owned(), schema }
    }

    /// A checkpoint turned out to be damaged while it was copied. The part that was copied is passed over.
    fn damaged(&mut self, copying: Copying, error: ReadError) -> Result<OpenSegment, CopyFailure> {
        self.look_for_another_way(copying.id, error)?;
        Ok(copying.group.give_up())
    }

    /// Tries a checkpoint once more, around what is damaged. If there is no way, it is left where it
    /// is.
    fn look_for_another_way(
        &mut self,
        id: CheckpointId,
        error: ReadError,
    ) -> Result<(), CopyFailure> {
        if !error.is_damage() {
            return Err(error.into());
        }
        warn!(checkpoint = %id, %error, "a named checkpoint is damaged");
        if self.stored.verified_plan(id)?.is_some() && self.tried_again.insert(id) {
            self.waiting.push(id);
        }
        Ok(())
    }
}
