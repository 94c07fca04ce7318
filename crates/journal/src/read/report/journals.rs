//! The files of a session's journal that go with a report: those in which damage was found.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::STEP_BYTES;
use crate::disk::{Disk, Layout, StoredSession};
use crate::format::{FileProblem, ReadAt};
use crate::model::ids::CheckpointId;

/// The cost of looking at a file, in bytes read.
const LOOKED_AT: usize = 4 << 10;
/// Files that are listed at the most.
const MOST_FILES: usize = 100;

/// The files of a session's journal, as they are read.
#[derive(Default)]
pub struct Journals {
    pub(super) files: Vec<JournalFile>,
    /// Those that weren't looked into yet.
    waiting: VecDeque<ListedFile>,
    /// The one that is being read.
    copying: Option<Box<Copying>>,
    /// Bytes that there is room for.
    room: u64,
}

/// A file that wasn't looked into yet.
struct ListedFile {
    path: PathBuf,
    name: String,
    is_damaged: bool,
}

/// A file that is being read.
struct Copying {
    source: Arc<dyn ReadAt>,
    name: String,
    length: u64,
    bytes: Vec<u8>,
}

/// A file of the journal.
pub(super) struct JournalFile {
    /// Its name in the report: its own may be one that a cloud gave it.
    pub name: String,
    pub length: u64,
    pub is_damaged: bool,
    pub copy: Copy,
}

/// A file's content in the report, or the reason that it isn't there.
pub(super) enum Copy {
    /// With these bytes.
    Whole(Vec<u8>),
    /// It isn't damaged, so there is nothing to learn from it.
    NotNeeded,
    /// There is no room for it.
    NoRoom,
    /// It can't be read.
    Unreadable,
}

impl Journals {
    /// Lists the files of a session. Those that are damaged are read, up to `room` bytes together. So are those of a
    /// run of which a checkpoint is missing that was safe: at the end of a file, damage looks like a write that was
    /// cut.
    pub fn of(stored: &StoredSession, missing: Option<CheckpointId>, room: u64) -> Self {
        let unreadable = unreadable(stored.index().problems());
        let files = segments(stored, missing).into_iter().chain(unreadable);
        Self { waiting: files.take(MOST_FILES).collect(), room, ..Self::default() }
    }

    /// Reads the next part, and returns its bytes, about; `None` if everything was read.
    pub fn step(&mut self, disk: &dyn Disk) -> Option<usize> {
        if let Some(copying) = self.copying.take() {
            let read = STEP_BYTES.min(usize::try_from(copying.length).unwrap_or(STEP_BYTES));
            self.copying = self.go_on_copying(copying);
            return Some(LOOKED_AT + read);
        }
        let file = self.waiting.pop_front()?;
        self.copying = self.begin_copy(disk, file);
        Some(LOOKED_AT)
    }

    /// Takes the bytes of the files that go with the report, with their names there.
    pub(super) fn take_copies(&mut self) -> Vec<(String, Vec<u8>)> {
        let files = self.files.iter_mut();
        let copies = files.filter_map(|file| match &mut file.copy {
            Copy::Whole(bytes) => Some((file.name.clone(), std::mem::take(bytes))),
            Copy::NotNeeded | Copy::NoRoom | Copy::Unreadable => None,
        });
        copies.collect()
    }

    /// Begins to read a file, or notes why it doesn't go with the report.
    fn begin_copy(&mut self, disk: &dyn Disk, file: ListedFile) -> Option<Box<Copying>> {
        let ListedFile { path, name, is_damaged } = file;
        let (length, copy) = match disk.open(&path).and_then(|file| Ok((file.len()?, file))) {
            Err(_) => (0, Copy::Unreadable),
            Ok((length, _)) if !is_damaged => (length, Copy::NotNeeded),
            Ok((length, _)) if length > self.room => (length, Copy::NoRoom),
            Ok((length, source)) => {
                self.room -= length;
                let bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
                return Some(Box::new(Copying { source, name, length, bytes }));
            }
        };
        self.add(JournalFile { name, length, is_damaged, copy });
        None
    }

    fn go_on_copying(&mut self, mut copying: Box<Copying>) -> Option<Box<Copying>> {
        let read = copying.step();
        if read.as_ref().is_ok_and(|is_going| *is_going) {
            return Some(copying);
        }
        let Copying { name, length, bytes, .. } = *copying;
        let copy = read.map_or(Copy::Unreadable, |_| Copy::Whole(bytes));
        self.add(JournalFile { name, length, is_damaged: true, copy });
        None
    }

    fn add(&mut self, file: JournalFile) {
        let name = self.unused(file.name);
        self.files.push(JournalFile { name, ..file });
    }

    /// A name that no other file has: of a segment there may be copies.
    fn unused(&self, name: String) -> String {
        let is_used = |name: &str| self.files.iter().any(|file| file.name == name);
        if !is_used(&name) {
            return name;
        }
        let mut numbered = (2..).map(|number| format!("copy-{number}-of-{name}"));
        numbered.find(|candidate| !is_used(candidate)).unwrap_or(name)
    }
}

impl Copying {
    /// Reads the next slice. Returns true if there is more.
    fn step(&mut self) -> std::io::Result<bool> {
        let read = self.bytes.len();
        let missing = usize::try_from(self.length).unwrap_or_default().saturating_sub(read);
        self.bytes.resize(read + missing.min(STEP_BYTES), 0);
        if let Some(part) = self.bytes.get_mut(read..) {
            self.source.read_exact_at(read as u64, part)?;
        }
        Ok(missing > STEP_BYTES)
    }
}

/// The segments: first those in which damage was found.
fn segments(stored: &StoredSession, missing: Option<CheckpointId>) -> Vec<ListedFile> {
    let index = stored.index();
    let damaged: BTreeSet<usize> = index.damaged_groups().map(|group| group.segment).collect();
    let has_problem = |path: &Path| index.problems().iter().any(|problem| problem.path == path);
    let summaries = index.segments().iter().enumerate();
    let mut files: Vec<ListedFile> = summaries
        .filter_map(|(place, summary)| {
            let path = stored.path_of(place)?.to_path_buf();
            let lacks = missing.is_some_and(|missing| missing.run == summary.header.run);
            let is_damaged = lacks || damaged.contains(&place) || has_problem(&path);
            Some(ListedFile { path, name: Layout::name_of(&summary.header), is_damaged })
        })
        .collect();
    files.sort_by_key(|file| !file.is_damaged);
    files
}

/// The files of which not even the header can be read.
fn unreadable(problems: &[FileProblem]) -> impl Iterator<Item = ListedFile> {
    let unknown = problems.iter().filter(|problem| problem.kind.is_of_unknown_content());
    (1..).zip(unknown).map(|(number, problem)| ListedFile {
        path: problem.path.clone(),
        name: format!("unknown-{number}.journal"),
        is_damaged: true,
    })
}
