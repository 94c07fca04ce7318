//! Reads and decodes a slot.

use std::collections::HashSet;
use std::io::ErrorKind;

use super::about::AboutSession;
use super::event_line::EventsAt;
use super::prepare::{PrepareFailure, Prepared, choose_head, next_save_id, read, unreadable};
use super::slots::{damaged, find_slot};
use super::{Decode, SessionFinder, Wanted};
use crate::disk::{DirectoryStore, SlotFile, StoredSession};
use crate::format::{Begun, Commit, Lineage, Validity};
use crate::model::ids::{CheckpointId, SessionId, SlotId, limits};
use crate::model::session::{RequestError, RestoreFrom, SessionMetadata, SlotError};

/// Reads and decodes a slot. The lock of its session is held by the caller.
pub(super) fn prepare_slot<D: Decode>(
    finder: &mut SessionFinder,
    types: &D,
    wanted: Wanted,
    slot: SlotId,
) -> Result<Prepared<D::Image>, PrepareFailure> {
    finder.look_at_slots().map_err(RequestError::from)?;
    let files = find_slot(finder.slots(), slot).map_err(RequestError::from)?;
    if files.iter().any(|file| file.header.session != wanted.session) {
        return Err(RequestError::from(SlotError::Unknown).into());
    }
    let session = session_of_slot(finder, wanted.session)?;
    // Copies of a slot hold the same: if one is damaged, another serves.
    let mut failure = SlotError::Unknown;
    for file in &files {
        match read_slot(finder, types, file) {
            Ok(loaded) => return go_on_from(finder.store(), loaded, file, session, wanted),
            Err(error) => failure = error,
        }
    }
    Err(RequestError::from(failure).into())
}

/// The content of a slot that was read.
struct Loaded<I> {
    stored: StoredSession,
    checkpoint: CheckpointId,
    commit: Commit,
    image: I,
    about: AboutSession,
}

fn read_slot<D: Decode>(
    finder: &mut SessionFinder,
    types: &D,
    file: &SlotFile,
) -> Result<Loaded<D::Image>, SlotError> {
    let mut stored = finder.store().open_slot_to_change(&file.path, &file.header)?;
    let checkpoint = file.header.slot_checkpoint().ok_or_else(|| damaged(&file.path))?;
    let commit = stored.index().commit(checkpoint).cloned();
    let (validity, outcome) =
        match (read(&mut stored, types, checkpoint, finder.progress()), commit) {
            (Ok(Some((image, about))), Some(commit)) => {
                (Validity::Verified, Ok(Loaded { stored, checkpoint, commit, image, about }))
            }
            (Err(error), _) if !error.is_damage() => {
                (file.validity, Err(SlotError::Unreadable(error.into())))
            }
            _ => (Validity::Damaged, Err(damaged(&file.path))),
        };
    finder.slots_mut().note(&file.path, validity);
    outcome
}

/// The session that a slot was saved in, if there is anything left of it on this machine.
fn session_of_slot(
    finder: &SessionFinder,
    session: SessionId,
) -> Result<Option<StoredSession>, PrepareFailure> {
    let stored = match finder.store().open_session(session) {
        Ok(stored) => stored,
        Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => return Ok(None),
        Err(error) => return Err(RequestError::from(error).into()),
    };
    if stored.index().is_forgotten() {
        // The rest of an interrupted removal would say that the new run isn't wanted either.
        finder.store().remove_session(session).map_err(RequestError::from)?;
        return Ok(None);
    }
    super::prepare::refuse_newer(&stored)?;
    Ok(Some(stored))
}

/// A new run of the slot's own session, which continues from the slot, with numbers beyond all that were ever used in
/// either.
fn go_on_from<I>(
    store: &DirectoryStore,
    loaded: Loaded<I>,
    file: &SlotFile,
    session: Option<StoredSession>,
    wanted: Wanted,
) -> Result<Prepared<I>, PrepareFailure> {
    let Loaded { stored, checkpoint, commit, image, mut about } = loaded;
    let known = stored.index().lineage_of(checkpoint.run).cloned().unwrap_or_default();
    let from = Wanted { from: RestoreFrom::Checkpoint(checkpoint), ..wanted };
    let head = session.as_ref().and_then(|session| choose_head(session.index(), from).ok());
    let mut lineage = Lineage { ancestors: vec![checkpoint], ..Lineage::default() };
    lineage.learn(&known.ancestors, &[]);
    if let (Some(session), Some(head)) = (&session, &head) {
        let there = session.index().lineage_from(checkpoint, head.id);
        lineage.learn(&there.ancestors, &there.supersedes);
        lineage.is_shared = there.is_shared;
    }
    // Checkpoints that the slot names may come back, as when a cloud brings the session.
    lineage.learn(&[], &[checkpoint]);
    lineage.learn(&[], &known.supersedes);
    let indexes = || session.iter().chain([&stored]).map(StoredSession::index);
    let newest_counter = indexes().map(|index| index.newest_counter()).max().unwrap_or_default();
    let save_id = indexes().map(next_save_id).max();
    let mut unknown_frames = stored.carried().map_err(unreadable)?;
    if let Some(session) = &session {
        let known: HashSet<_> = unknown_frames.iter().cloned().collect();
        let carried = session.carried().map_err(unreadable)?;
        unknown_frames.extend(carried.into_iter().filter(|frame| !known.contains(frame)));
    }
    let left = head.as_ref().map(|head| head.id);
    let before = session.as_ref().and_then(|session| session.index().begun(checkpoint));
    let before = before.or_else(|| stored.index().begun(checkpoint));
    let begun = Begun::after(before, wanted.reason, left);
    let metadata: SessionMetadata =
        head.map_or_else(|| file.header.metadata.clone(), |head| head.metadata).taken_up();
    let at = (checkpoint, commit.events_through);
    // The slot's run is known to its session, if that is still there.
    let in_session = session.filter(|session| session.index().lineage_of(checkpoint.run).is_some());
    let events = EventsAt::read(store, in_session.as_ref().unwrap_or(&stored), at, false);
    Ok(Prepared {
        is_draft: false,
        trial: None,
        events,
        checkpoint,
        lineage,
        begun,
        newest_counter: newest_counter.max(checkpoint.counter).min(limits::COUNTERS - 1),
        next_save_id: save_id.unwrap_or(commit.next_save_id),
        kind: commit.kind,
        play_time: commit.play_time,
        metadata,
        chapters: about.chapters(),
        fields: about.fields,
        state_changes: about.state_changes,
        has_crashed: false,
        clock: about.clock,
        image,
        unknown_frames,
    })
}
