//! The slots of a profile, by the files in their directory.
//!
//! Slots are distinguished by an id in their header and found by it, under any file name. `disk/slot_shelf.rs`
//! remembers the header of each file by name, length and stamp; `read/recovery/known.rs` does the same for sessions, so
//! that listing again reads what changed. Its entries of sessions that were left in good order outlive the process in
//! an index (`read/recovery/index.rs`, `disk/catalog_index.rs`). An entry of the index counts only if its stamp is
//! equal, and nothing is restored or removed because of it. A listing hands the sessions of which there is nothing to
//! report to the main thread in one piece (`finding::Shelf`), sorted and with their texts folded, so that ten thousand
//! of them cost it no more than one.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::error::Attempt;
use super::layout::SlotName;
use super::open_files::is_no_file;
use super::{DirEntry, DirectoryStore, Disk, Layout, StoreAction, StoreError};
use crate::format::{Segment, SegmentError, SegmentHeader, SlotHeader, Validity};
use crate::model::ids::{SessionId, SlotId};
use crate::model::session::SlotError;

/// The slots of a profile. Of each file the header is read, and read again only if the file changed.
#[derive(Debug, Default)]
pub struct SlotShelf {
    /// The game whose slots these are. Slots of another game have another name here.
    game: String,
    files: HashMap<String, ShelvedFile>,
}

/// A file as it was when it was looked at last.
#[derive(Debug)]
struct ShelvedFile {
    len: u64,
    stamp: u64,
    content: Result<SlotFile, UnreadSlot>,
}

/// A file that holds a slot. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SlotFile {
    /// The file.
    pub path: Arc<Path>,
    /// Its bytes.
    pub bytes: u64,
    /// Its header.
    pub header: Arc<SegmentHeader>,
    /// The slot's part of that.
    pub slot: Arc<SlotHeader>,
    /// The state of the rest of the file, as far as it is known.
    pub validity: Validity,
}

/// A file with the name of a slot that can't be used as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnreadSlot {
    /// A number that stands for the file.
    pub id: SlotId,
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// The error.
    pub error: SlotError,
}

impl SlotFile {
    /// The name of the slot, with the player or session whose slot it is.
    pub fn name(&self) -> SlotName<'_> {
        let SegmentHeader { metadata, session, .. } = &*self.header;
        let SlotHeader { kind, name, .. } = &*self.slot;
        SlotName { kind: *kind, player: metadata.player.as_deref(), name, session: *session }
    }

    /// The rank among files of one slot: the one that was written later comes first; of copies the one with the name of
    /// the slot.
    fn rank(&self) -> (std::cmp::Reverse<u32>, bool, Arc<Path>) {
        let own_name = Layout::slot_name(&self.name(), 0);
        let is_renamed = self.path.file_name().is_none_or(|name| *name != *own_name);
        (std::cmp::Reverse(self.slot.revision), is_renamed, Arc::clone(&self.path))
    }
}

impl SlotShelf {
    /// The slots of this game, of which nothing was read yet.
    pub fn of_game(game: String) -> Self {
        Self { game, files: HashMap::new() }
    }

    /// Forgets what is known of files: those of another profile come next.
    pub fn clear(&mut self) {
        self.files.clear();
    }

    /// The game.
    pub fn game(&self) -> &str {
        &self.game
    }

    /// Looks at the directory, and says whether anything changed since the last look.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. That there is no directory yet is none: there are no slots then.
    pub fn look(&mut self, store: &DirectoryStore) -> Result<bool, StoreError> {
        let directory = store.layout().slots();
        let entries = match store.disk().list(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.attempt(StoreAction::List, &directory)?,
        };
        let slots = entries.into_iter().filter(is_slot);
        let mut seen = HashMap::with_capacity(self.files.len());
        let before = self.files.len();
        let mut changed = false;
        for entry in slots {
            let file = match self.files.remove(&entry.name) {
                Some(known) if known.is_same(&entry) => known,
                known => {
                    changed = true;
                    self.open(store, &directory, &entry, known.as_ref().map(ShelvedFile::id))
                }
            };
            seen.insert(entry.name, file);
        }
        changed |= seen.len() != before;
        self.files = seen;
        Ok(changed)
    }

    /// The slots, one for each id, in no order.
    pub fn slots(&self) -> Vec<&SlotFile> {
        let mut by_id: HashMap<SlotId, &SlotFile> = HashMap::new();
        for file in self.readable() {
            let best = by_id.entry(file.slot.id).or_insert(file);
            if file.rank() < best.rank() {
                *best = file;
            }
        }
        by_id.into_values().collect()
    }

    /// The files that can't be used, in no order.
    pub fn unread(&self) -> impl Iterator<Item = &UnreadSlot> {
        self.files.values().filter_map(|file| file.content.as_ref().err())
    }

    /// All files of a slot, the one that stands for it first.
    pub fn files_of(&self, slot: SlotId) -> Vec<SlotFile> {
        let mut files: Vec<SlotFile> =
            self.readable().filter(|file| file.slot.id == slot).cloned().collect();
        files.sort_by_cached_key(SlotFile::rank);
        files
    }

    /// The slot of this name.
    pub fn named(&self, name: &SlotName<'_>) -> Option<SlotFile> {
        let mut slots = self.slots();
        slots.retain(|file| file.name().is_same_as(name));
        slots.into_iter().min_by_key(|file| file.rank()).cloned()
    }

    /// The file that can't be used and that this number stands for.
    pub fn unread_file(&self, id: SlotId) -> Option<&UnreadSlot> {
        self.unread().find(|file| file.id == id)
    }

    /// The content of the file of this name, if there is one. On some systems capitals make no difference.
    pub fn there(&self, name: &str) -> Option<Result<&SlotFile, &UnreadSlot>> {
        let mut files = self.files.iter();
        let (_, file) = files.find(|(file, _)| file.eq_ignore_ascii_case(name))?;
        Some(file.content.as_ref())
    }

    /// Notes what reading a file has shown.
    pub fn note(&mut self, path: &Path, validity: Validity) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(Ok(file)) = self.files.get_mut(name).map(|file| file.content.as_mut()) {
            file.validity = validity;
        }
    }

    fn readable(&self) -> impl Iterator<Item = &SlotFile> {
        self.files.values().filter_map(|file| file.content.as_ref().ok())
    }

    /// Opens a file. One that can't be used goes by the number by which it was known before.
    fn open(
        &self,
        store: &DirectoryStore,
        directory: &Path,
        entry: &DirEntry,
        known_as: Option<SlotId>,
    ) -> ShelvedFile {
        let path = directory.join(&entry.name);
        let content = read_header(&**store.disk(), &path, entry)
            .and_then(|file| match file.slot.game == self.game {
                true => Ok(file),
                false => Err(SlotError::OtherGame { game: file.slot.game.clone() }),
            })
            .map_err(|error| UnreadSlot {
                id: known_as.unwrap_or_else(|| SlotId(xxh3_64(entry.name.as_bytes()))),
                path,
                bytes: entry.len,
                error,
            });
        ShelvedFile { len: entry.len, stamp: entry.stamp, content }
    }
}

impl ShelvedFile {
    fn id(&self) -> SlotId {
        self.content.as_ref().map_or_else(|unread| unread.id, |file| file.slot.id)
    }

    /// Returns true if the file is still the one that was looked at. One that couldn't be read is tried again.
    fn is_same(&self, entry: &DirEntry) -> bool {
        let unreadable =
            matches!(&self.content, Err(UnreadSlot { error: SlotError::Unreadable(_), .. }));
        (self.len, self.stamp) == (entry.len, entry.stamp) && !unreadable
    }
}

fn is_slot(entry: &DirEntry) -> bool {
    Layout::is_slot_name(&entry.name)
}

/// The content of the files with names of slots, of every game and player, by name.
///
/// # Errors
///
/// [`StoreError`]. That there is no such directory is none: there are no slots then.
pub fn slots_in(
    disk: &dyn Disk,
    directory: &Path,
) -> Result<Vec<Result<SlotFile, UnreadSlot>>, StoreError> {
    let entries = match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.attempt(StoreAction::List, directory)?,
    };
    let read = |entry: &DirEntry| {
        let path = directory.join(&entry.name);
        read_header(disk, &path, entry).map_err(|error| {
            let id = SlotId(xxh3_64(entry.name.as_bytes()));
            UnreadSlot { id, path, bytes: entry.len, error }
        })
    };
    Ok(entries.iter().filter(|entry| is_slot(entry)).map(read).collect())
}

/// The session of the slot in a file; `None` where no slot can be read there.
pub fn session_of_slot(disk: &dyn Disk, path: &Path) -> Option<SessionId> {
    let segment = Segment::open(path, disk.open(path).ok()?).ok()?;
    let header = segment.shared_header();
    header.slot().is_some().then_some(header.session)
}

fn read_header(disk: &dyn Disk, path: &Path, entry: &DirEntry) -> Result<SlotFile, SlotError> {
    let unreadable = |source: io::Error| {
        let failure = StoreError::Disk { action: StoreAction::Read, path: path.to_owned(), source };
        SlotError::Unreadable(failure.into())
    };
    let file = disk.open(path).map_err(|error| match is_no_file(&error) {
        // It never becomes a slot.
        true => SlotError::Damaged { path: path.to_owned() },
        false => unreadable(error),
    })?;
    let segment = Segment::open(path, file).map_err(|error| match error {
        SegmentError::Torn { path } | SegmentError::Damaged { path } => SlotError::Damaged { path },
        SegmentError::NewerFormat { path, written_by }
        | SegmentError::UnknownFeatures { path, written_by, .. } => {
            SlotError::NewerFormat { path, written_by }
        }
        SegmentError::Unreadable { source, .. } => unreadable(source),
    })?;
    let header = segment.shared_header();
    // A segment that was given the name of a slot isn't one: it names no checkpoint.
    let slot =
        header.slot().cloned().ok_or_else(|| SlotError::Damaged { path: path.to_owned() })?;
    Ok(SlotFile {
        path: Arc::from(path),
        bytes: entry.len,
        header,
        slot: Arc::new(slot),
        validity: Validity::Unread,
    })
}
