//! The first step of each request about slots: the checkpoint to copy, and the name of the copy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use super::slot_copy::SlotSource;
use crate::disk::{Disk, Layout, SlotFile, SlotName, SlotShelf, StoredSession};
use crate::format::{FrameKind, Lineage, ReadError, SegmentHeader, SlotHeader, encode_attachment};
use crate::model::ids::{CheckpointId, RunId, SessionId, SlotId};
use crate::model::session::{
    Attachment, CheckpointSummary, FailureCause, NewSession, SaveSlot, SlotError, SlotKind,
    check_slot_name,
};
use crate::read::recovery::{SessionFinder, find_slot};
use crate::read::report::{self, Opened};

/// The checkpoint to copy, the header of the copy, and the slot that it takes the place of.
pub(super) type Intended = (SlotSource, SlotHeader, Option<SlotId>);

/// Bytes of attachments that are copied with a slot.
const MOST_ATTACHED: usize = 64 << 20;

/// A slot of a checkpoint.
pub(super) fn save(
    finder: &SessionFinder,
    slot: &SaveSlot,
    session: SessionId,
    checkpoint: CheckpointId,
) -> Result<Intended, SlotError> {
    let stored = finder.local().store.open_session_to_change(session)?;
    let attachments = finder.local().store.attachments(session, checkpoint);
    let source = source_of_checkpoint(stored, checkpoint, &attachments)?;
    let player = source.metadata.player.clone();
    let SaveSlot { name, kind, overwrite } = slot.clone();
    let what = SlotName { kind, player: player.as_deref(), name: &name, session };
    let there = finder.slots().named(&what);
    if let Some(file) = &there {
        refuse_protected(file)?;
    }
    let there = there.map(|file| file.slot.id);
    if let Some(slot) = there.filter(|_| !overwrite) {
        return Err(SlotError::NameTaken { slot });
    }
    let (id, game) = (SlotId::random(), finder.slots().game().to_owned());
    let slot = slot_of(&source, &attachments)?;
    Ok((source, SlotHeader { id, name, kind, game, ..slot }, there))
}

/// A slot of a checkpoint, for a file that leaves this machine. Its id goes by the checkpoint, so that who gets it
/// twice has it once.
pub(super) fn hand_on(
    disk: &dyn Disk,
    stored: StoredSession,
    checkpoint: CheckpointId,
    game: &str,
) -> Result<(SlotSource, SlotHeader), SlotError> {
    if let Some(written_by) = stored.newer_format().cloned() {
        let path = stored.directory().to_path_buf();
        return Err(SlotError::NewerFormat { path, written_by });
    }
    let attachments = stored.attachments_of(disk, checkpoint);
    let source = source_of_checkpoint(stored, checkpoint, &attachments)?;
    let (name, game) = (source.metadata.name.clone(), game.to_owned());
    let slot = slot_of(&source, &attachments)?;
    Ok((source, SlotHeader { name, game, ..slot }))
}

/// A slot of nothing but the world of a checkpoint: everything that identifies its maker is left out, and nothing leads
/// back.
pub(super) fn world_alone(
    stored: StoredSession,
    checkpoint: CheckpointId,
    (name, game): (&str, &str),
    now: Timestamp,
) -> Result<(SlotSource, SlotHeader), SlotError> {
    let source = source_of_checkpoint(stored, checkpoint, &[])?;
    let slot = slot_of(&source, &[])?;
    let metadata = NewSession::named(name).begin(SessionId::random(), now);
    let header = SegmentHeader {
        session: metadata.id,
        run: RunId::random(),
        optional_features: 0,
        begun: None,
        host: 0,
        boot: String::new(),
        ..source.header.clone()
    };
    let slot = SlotHeader {
        id: SlotId::random(),
        name: name.to_owned(),
        game: game.to_owned(),
        time: now,
        play_time: Duration::ZERO,
        summary: CheckpointSummary::default(),
        ..slot
    };
    let lineage = Lineage::default();
    Ok((SlotSource { metadata, header, lineage, world_alone: true, ..source }, slot))
}

fn source_of_checkpoint(
    stored: StoredSession,
    checkpoint: CheckpointId,
    attachments: &[Attachment],
) -> Result<SlotSource, SlotError> {
    stored.index().commit(checkpoint).ok_or_else(|| not_there(&stored))?;
    let header = stored.index().header_of(checkpoint).ok_or(SlotError::CheckpointNotSaved)?;
    let head = stored.index().heads().iter().find(|head| head.id.run == checkpoint.run);
    let metadata = head.map_or_else(|| header.metadata.clone(), |head| head.metadata.clone());
    let frames = frames(&stored, attachments)?;
    let lineage = lineage(&stored, checkpoint);
    let world_alone = false;
    Ok(SlotSource { stored, checkpoint, metadata, header, lineage, frames, world_alone })
}

/// The slot header of a checkpoint. Its name and its game are still to be set.
fn slot_of(source: &SlotSource, attachments: &[Attachment]) -> Result<SlotHeader, SlotError> {
    let (index, checkpoint) = (source.stored.index(), source.checkpoint);
    let commit = index.commit(checkpoint).ok_or(SlotError::CheckpointNotSaved)?;
    Ok(SlotHeader {
        id: SlotId(xxh3_64(format!("{checkpoint}").as_bytes())),
        revision: 0,
        name: String::new(),
        kind: SlotKind::Manual,
        game: String::new(),
        counter: checkpoint.counter,
        time: commit.time,
        play_time: commit.play_time,
        entities: commit.entities,
        summary: index.summary(checkpoint).cloned().unwrap_or_default(),
        attachments: names_of(attachments),
        protected: false,
    })
}

/// A slot of a file that was handed on. It becomes a manual one, which takes no other's place, even if it was of
/// another kind.
pub(super) fn import(finder: &SessionFinder, path: &Path) -> Result<Intended, SlotError> {
    let local = finder.local();
    let shelf = finder.slots();
    let opened = report::open(&*local.outside, path, shelf.game(), local.store.layout())?;
    let Opened { slot: file, checkpoint, stored, .. } = opened;
    let there = shelf.files_of(file.slot.id);
    if there.iter().any(|there| there.header.slot_checkpoint() == Some(checkpoint)) {
        return Err(SlotError::AlreadyThere { slot: file.slot.id });
    }
    let id = if there.is_empty() { file.slot.id } else { SlotId::random() };
    let name = free_name(shelf, &file);
    let frames = frames(&stored, &attachments_of(&stored)?)?;
    let lineage = lineage(&stored, checkpoint);
    let (header, metadata) = ((*file.header).clone(), file.header.metadata.clone());
    let kind = SlotKind::Manual;
    let slot = SlotHeader { id, revision: 0, name, kind, protected: false, ..(*file.slot).clone() };
    let world_alone = false;
    let source = SlotSource { stored, checkpoint, metadata, header, lineage, frames, world_alone };
    Ok((source, slot, None))
}

/// The name of a slot that comes from elsewhere: as it was there, with a number if that name is taken.
fn free_name(shelf: &SlotShelf, file: &SlotFile) -> String {
    let names = [&file.slot.name, &file.header.metadata.name];
    let name = names.into_iter().find(|name| check_slot_name(name).is_ok());
    let name = name.map_or("Imported", |name| name);
    let is_free = |name: &String| {
        let what = SlotName { kind: SlotKind::Manual, name, ..file.name() };
        shelf.named(&what).is_none()
    };
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// The reason that a checkpoint that was reported as durable isn't found.
fn not_there(stored: &StoredSession) -> SlotError {
    match stored.index().unreadable_file() {
        Some(cause) => SlotError::Unreadable(cause),
        None => SlotError::CheckpointNotSaved,
    }
}

/// The lineage of the run that took a checkpoint.
fn lineage(stored: &StoredSession, checkpoint: CheckpointId) -> Lineage {
    stored.index().lineage_of(checkpoint.run).cloned().unwrap_or_default()
}

/// The frames before the checkpoint in a slot.
fn frames(
    stored: &StoredSession,
    attachments: &[Attachment],
) -> Result<Vec<(FrameKind, Vec<u8>)>, SlotError> {
    let attachments =
        attachments.iter().filter_map(|attachment| encode_attachment(attachment).ok());
    let carried = stored.carried().map_err(unreadable)?;
    Ok(carried.into_iter().chain(attachments).collect())
}

/// The attachments in a slot, all at once.
fn attachments_of(stored: &StoredSession) -> Result<Vec<Attachment>, SlotError> {
    let mut attachments = Vec::new();
    let mut bytes = 0;
    for attachment in stored.attachments() {
        let attachment = attachment.map_err(unreadable)?;
        bytes += attachment.bytes.len();
        if bytes > MOST_ATTACHED {
            let message = format!("the slot's attachments have more than {MOST_ATTACHED} bytes");
            return Err(SlotError::TooLarge(FailureCause::new(message)));
        }
        attachments.push(attachment);
    }
    Ok(attachments)
}

fn unreadable(error: ReadError) -> SlotError {
    SlotError::Unreadable(error.into())
}

fn names_of(attachments: &[Attachment]) -> Vec<String> {
    attachments.iter().map(|attachment| attachment.name.clone()).collect()
}

/// Lays an attachment beside its checkpoint, and says which slots were made of that.
pub(super) fn attach(
    finder: &SessionFinder,
    session: SessionId,
    checkpoint: CheckpointId,
    attachment: &Attachment,
) -> Result<Vec<SlotId>, SlotError> {
    let store = &finder.local().store;
    let stored = store.open_session_to_change(session)?;
    stored.index().commit(checkpoint).ok_or(SlotError::CheckpointNotSaved)?;
    let written = store.write_attachment(session, checkpoint, attachment);
    written?;
    let slots = finder.slots().slots().into_iter();
    let copies = slots.filter(|file| file.header.slot_checkpoint() == Some(checkpoint));
    Ok(copies.map(|file| file.slot.id).collect())
}

/// The same slot with what was laid beside its checkpoint since.
pub(super) fn refresh(finder: &SessionFinder, slot: SlotId) -> Result<Intended, SlotError> {
    let (mut source, file) = source_of_slot(finder, slot)?;
    let mut attachments = finder.local().store.attachments(file.header.session, source.checkpoint);
    for known in attachments_of(&source.stored)? {
        if attachments.iter().all(|attachment| attachment.name != known.name) {
            attachments.push(known);
        }
    }
    source.frames = frames(&source.stored, &attachments)?;
    let revision = file.slot.revision.saturating_add(1);
    let attachments = names_of(&attachments);
    Ok((source, SlotHeader { revision, attachments, ..(*file.slot).clone() }, Some(slot)))
}

/// A slot of a slot.
pub(super) fn copy(
    finder: &SessionFinder,
    slot: SlotId,
    name: &str,
) -> Result<Intended, SlotError> {
    let (source, file) = source_of_slot(finder, slot)?;
    refuse_taken(finder, &file, name, None)?;
    let (id, kind, name) = (SlotId::random(), SlotKind::Manual, name.to_owned());
    let slot = SlotHeader { id, revision: 0, name, kind, protected: false, ..(*file.slot).clone() };
    Ok((source, slot, None))
}

/// The same slot under another name. The file under the old name goes once the new one is durable.
pub(super) fn rename(
    finder: &SessionFinder,
    slot: SlotId,
    name: &str,
) -> Result<Intended, SlotError> {
    let (source, file) = source_of_slot(finder, slot)?;
    refuse_taken(finder, &file, name, Some(slot))?;
    let revision = file.slot.revision.saturating_add(1);
    let (kind, name) = (SlotKind::Manual, name.to_owned());
    let header = SlotHeader { revision, name, kind, ..(*file.slot).clone() };
    Ok((source, header, Some(slot)))
}

/// The same slot, protected or no longer so. One that is so already is written again, and nothing else changes.
pub(super) fn protect(
    finder: &SessionFinder,
    slot: SlotId,
    protected: bool,
) -> Result<Intended, SlotError> {
    let (source, file) = source_of_slot(finder, slot)?;
    let revision = file.slot.revision.saturating_add(1);
    Ok((source, SlotHeader { revision, protected, ..(*file.slot).clone() }, Some(slot)))
}

fn refuse_protected(file: &SlotFile) -> Result<(), SlotError> {
    let slot = file.slot.id;
    if file.slot.protected { Err(SlotError::Protected { slot }) } else { Ok(()) }
}

/// The checkpoint that a slot holds, in the first of its copies that isn't known to be damaged.
pub(super) fn open_slot(
    finder: &SessionFinder,
    slot: SlotId,
) -> Result<(StoredSession, CheckpointId), SlotError> {
    let (source, _) = source_of_slot(finder, slot)?;
    Ok((source.stored, source.checkpoint))
}

fn source_of_slot(
    finder: &SessionFinder,
    slot: SlotId,
) -> Result<(SlotSource, SlotFile), SlotError> {
    let files = find_slot(finder.slots(), slot)?;
    let mut failure = SlotError::Unknown;
    // Of copies, the first that isn't known to be damaged.
    for file in files {
        let stored = finder.local().store.open_slot_to_change(&file.path, &file.header)?;
        let checkpoint = file.header.slot_checkpoint();
        let Some(checkpoint) = checkpoint.filter(|id| stored.index().plan(*id).is_some()) else {
            failure = SlotError::Damaged { path: file.path.to_path_buf() };
            continue;
        };
        let (header, metadata) = ((*file.header).clone(), file.header.metadata.clone());
        let frames = frames(&stored, &attachments_of(&stored)?)?;
        let lineage = lineage(&stored, checkpoint);
        let world_alone = false;
        let source =
            SlotSource { stored, checkpoint, metadata, header, lineage, frames, world_alone };
        return Ok((source, file));
    }
    Err(failure)
}

fn refuse_taken(
    finder: &SessionFinder,
    file: &SlotFile,
    name: &str,
    own: Option<SlotId>,
) -> Result<(), SlotError> {
    let what = SlotName { kind: SlotKind::Manual, name, ..file.name() };
    match finder.slots().named(&what) {
        Some(there) if Some(there.slot.id) != own => {
            Err(SlotError::NameTaken { slot: there.slot.id })
        }
        _ => Ok(()),
    }
}

pub(super) fn delete(finder: &mut SessionFinder, slot: SlotId) -> Result<(), SlotError> {
    let paths: Vec<PathBuf> = match find_slot(finder.slots(), slot) {
        Ok(files) => {
            files.first().map_or(Ok(()), refuse_protected)?;
            files.into_iter().map(|file| file.path.to_path_buf()).collect()
        }
        Err(error) => match finder.slots().unread_file(slot) {
            // A slot that can't be read now may be readable later, and may be wanted then.
            Some(file) if !matches!(error, SlotError::Unreadable(_)) => vec![file.path.clone()],
            _ => return Err(error),
        },
    };
    let store = &finder.local().store;
    Ok(store.slots().remove(paths.iter().map(PathBuf::as_path))?)
}

/// The path for a slot: one with no other file than the one that it replaces.
///
/// # Errors
///
/// If a file is there that can't be read now: it may be this very slot, and then there would be two of
/// one name.
pub(super) fn free_place(
    finder: &SessionFinder,
    header: &SegmentHeader,
    replaced: Option<SlotId>,
) -> Result<PathBuf, SlotError> {
    let (shelf, slots) = (finder.slots(), finder.local().store.layout().slots());
    let Some(slot) = header.slot() else { return Err(SlotError::Unknown) };
    let player = header.metadata.player.as_deref();
    let name = SlotName { kind: slot.kind, player, name: &slot.name, session: header.session };
    let place = (0..).find_map(|number| {
        let file = Layout::slot_name(&name, number);
        match shelf.there(&file) {
            None => Some(Ok(slots.join(file))),
            Some(Ok(there)) if Some(there.slot.id) == replaced => Some(Ok(slots.join(file))),
            Some(Err(unread)) if matches!(unread.error, SlotError::Unreadable(_)) => {
                Some(Err(unread.error.clone()))
            }
            Some(_) => None,
        }
    });
    place.unwrap_or(Err(SlotError::InUse))
}
