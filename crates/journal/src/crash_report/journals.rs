//! The checkpoints that a report is about, and the files that go with it.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::STEP_BYTES;
use crate::ids::CheckpointId;
use crate::journal::{
    Blocks, CheckpointInfo, FileProblem, GroupRef, Head, ReadAt, SessionIndex, Validity,
};
use crate::process::LastRun;
use crate::store::{Disk, Layout, LocalStore, StoredSession};

/// Bytes of journal files that a report holds at the most. With the rest it stays below 16 MiB.
const MOST_BYTES: u64 = 15 << 20;
/// What looking at a file counts as, in bytes read.
const LOOKED_AT: usize = 4 << 10;
/// Checkpoints that are listed at the most, the newest ones.
const MOST_CHECKPOINTS: usize = 50;
/// Files that are listed at the most.
const MOST_FILES: usize = 100;

/// What is on disk of the session that the last process played.
#[derive(Default)]
pub(super) struct Journals {
    pub newest: Option<Head>,
    pub checkpoints: Vec<CheckpointInfo>,
    pub files: Vec<JournalFile>,
    /// What is still to be read.
    task: Task,
}

/// What is still to be read.
#[derive(Default)]
enum Task {
    #[default]
    Nothing,
    /// What the newest checkpoint needs, so that damage is reported.
    Verifying(Box<Verifying>),
    /// The files, and the one that is being read.
    Copying(VecDeque<ListedFile>, Option<Box<Copying>>),
}

/// The newest checkpoint, as it is being read.
struct Verifying {
    stored: StoredSession,
    newest: CheckpointId,
    /// Groups that are read next, the first one last.
    waiting: Vec<GroupRef>,
    reading: Option<(GroupRef, Blocks)>,
}

/// A file that wasn't looked into yet.
struct ListedFile {
    path: PathBuf,
    name: String,
    is_damaged: bool,
    is_wanted: bool,
}

/// A file that is being read.
struct Copying {
    source: Arc<dyn ReadAt>,
    name: String,
    is_damaged: bool,
    length: u64,
    bytes: Vec<u8>,
}

/// A file of the journal.
pub(super) struct JournalFile {
    /// What it is called in the report: its own name may be one that a cloud gave it.
    pub name: String,
    pub length: u64,
    pub is_damaged: bool,
    pub copy: Copy,
}

/// Whether a file goes with the report.
pub(super) enum Copy {
    /// With these bytes.
    Whole(Vec<u8>),
    /// The newest checkpoint doesn't need it.
    NotNeeded,
    /// There is no room for it.
    NoRoom,
    /// It can't be read.
    Unreadable,
}

/// A file that goes with the report.
pub(super) struct CopiedFile<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

impl Journals {
    /// Looks at what there is. What can't be read is left out.
    pub(super) fn begin(local: &LocalStore, previous: &LastRun) -> Self {
        let open = |id| local.store.open_session_of_any_profile(id).ok();
        let Some(stored) = previous.session.and_then(open) else { return Self::default() };
        let mut journals =
            Self { newest: stored.index().heads().first().cloned(), ..Self::default() };
        journals.task = match newest_checkpoint(stored.index(), previous.last_checkpoint) {
            Some(newest) => Task::Verifying(Box::new(Verifying::new(stored, newest))),
            None => journals.list(&stored, &BTreeSet::new()),
        };
        journals
    }

    /// Reads the next part, and says how many bytes that was, about; `None` if everything was read.
    pub(super) fn step(&mut self, disk: &dyn Disk) -> Option<usize> {
        let mut read = LOOKED_AT;
        self.task = match std::mem::take(&mut self.task) {
            Task::Nothing => return None,
            Task::Verifying(mut verifying) => match verifying.step() {
                Some(bytes) => {
                    read += bytes;
                    Task::Verifying(verifying)
                }
                None => self.list(&verifying.stored, &verifying.needed()),
            },
            Task::Copying(mut waiting, None) => match waiting.pop_front() {
                None => Task::Nothing,
                Some(file) => {
                    let copying = self.begin_copy(disk, file);
                    Task::Copying(waiting, copying)
                }
            },
            Task::Copying(waiting, Some(copying)) => {
                read += STEP_BYTES.min(usize::try_from(copying.length).unwrap_or(STEP_BYTES));
                let copying = self.go_on_copying(copying);
                Task::Copying(waiting, copying)
            }
        };
        Some(read)
    }

    /// The files that go with the report.
    pub(super) fn copies(&self) -> impl Iterator<Item = CopiedFile<'_>> {
        self.files.iter().filter_map(|file| match &file.copy {
            Copy::Whole(bytes) => Some(CopiedFile { name: &file.name, bytes }),
            Copy::NotNeeded | Copy::NoRoom | Copy::Unreadable => None,
        })
    }

    /// Notes the checkpoints, and lists the files.
    fn list(&mut self, stored: &StoredSession, needed: &BTreeSet<usize>) -> Task {
        self.checkpoints = stored.index().checkpoints();
        self.checkpoints.truncate(MOST_CHECKPOINTS);
        let unreadable = unreadable(stored.index().problems());
        let files = segments(stored, needed).into_iter().chain(unreadable);
        Task::Copying(files.take(MOST_FILES).collect(), None)
    }

    /// Begins to read a file, or notes why it doesn't go with the report.
    fn begin_copy(&mut self, disk: &dyn Disk, file: ListedFile) -> Option<Box<Copying>> {
        let ListedFile { path, name, is_damaged, is_wanted } = file;
        let taken: u64 = self.copies().map(|copy| copy.bytes.len() as u64).sum();
        let (length, copy) = match disk.open(&path).and_then(|file| Ok((file.len()?, file))) {
            Err(_) => (0, Copy::Unreadable),
            Ok((length, _)) if !is_wanted => (length, Copy::NotNeeded),
            Ok((length, _)) if taken + length > MOST_BYTES => (length, Copy::NoRoom),
            Ok((length, source)) => {
                let bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
                return Some(Box::new(Copying { source, name, is_damaged, length, bytes }));
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
        let Copying { name, is_damaged, length, bytes, .. } = *copying;
        let copy = read.map_or(Copy::Unreadable, |_| Copy::Whole(bytes));
        self.add(JournalFile { name, length, is_damaged, copy });
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
    /// Reads the next slice. Whether there is more.
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

impl Verifying {
    fn new(stored: StoredSession, newest: CheckpointId) -> Self {
        Self { stored, newest, waiting: Vec::new(), reading: None }
    }

    /// Reads a part of what the checkpoint needs, or the newest one before it that isn't damaged, and
    /// says how many bytes that was. What would take long isn't read, and neither is what can't be
    /// read now.
    fn step(&mut self) -> Option<usize> {
        if self.reading.is_none() && !self.begin_group() {
            return None;
        }
        self.read_block()
    }

    /// Takes up the next group; false if there is none.
    fn begin_group(&mut self) -> bool {
        if self.waiting.is_empty() {
            self.waiting = self.unread();
        }
        let Some(group) = self.waiting.pop() else { return false };
        self.reading = self.stored.group_blocks(group).ok().map(|blocks| (group, blocks));
        self.reading.is_some()
    }

    /// Reads a block, and notes how its group ended. Its bytes; `None` if it can't be read now.
    fn read_block(&mut self) -> Option<usize> {
        let (group, blocks) = self.reading.as_mut()?;
        let group = *group;
        let ended = match blocks.next() {
            Some(Ok(block)) => return Some(block.byte_len()),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        self.reading = None;
        if self.stored.note(group, ended).ok()? == Validity::Damaged {
            // Another checkpoint takes its place.
            self.waiting.clear();
        }
        Some(0)
    }

    /// The groups on the way to the checkpoint that weren't read, the first one last.
    fn unread(&self) -> Vec<GroupRef> {
        let index = self.stored.index();
        let segments = self.needed();
        let bytes: u64 = segments.iter().map(|place| self.stored.segment_bytes(*place)).sum();
        let plan = index.newest_intact(self.newest).filter(|_| bytes <= MOST_BYTES);
        let groups = plan.map(|plan| plan.groups).unwrap_or_default().into_iter().rev();
        groups.filter(|group| !index.is_verified(*group)).collect()
    }

    /// The segments that the checkpoint needs, or the newest one before it that isn't damaged.
    fn needed(&self) -> BTreeSet<usize> {
        let plan = self.stored.index().newest_intact(self.newest);
        let groups = plan.map(|plan| plan.groups).unwrap_or_default();
        groups.iter().map(|group| group.segment).collect()
    }
}

/// The segments: first those that the newest checkpoint needs, then the damaged ones.
fn segments(stored: &StoredSession, needed: &BTreeSet<usize>) -> Vec<ListedFile> {
    let is_damaged =
        |path: &Path| stored.index().problems().iter().any(|problem| problem.path == path);
    let summaries = stored.index().segments().iter().enumerate();
    let mut ranked: Vec<(u8, ListedFile)> = summaries
        .filter_map(|(place, summary)| {
            let path = stored.path_of(place)?.to_path_buf();
            let name = Layout::name_of(&summary.header);
            let is_damaged = is_damaged(&path);
            let rank = match (needed.contains(&place), is_damaged) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            Some((rank, ListedFile { path, name, is_damaged, is_wanted: rank < 2 }))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, file)| file).collect()
}

/// The files of which not even the header can be read.
fn unreadable(problems: &[FileProblem]) -> impl Iterator<Item = ListedFile> {
    let unknown = problems.iter().filter(|problem| problem.kind.is_of_unknown_content());
    (1..).zip(unknown).map(|(number, problem)| ListedFile {
        path: problem.path.clone(),
        name: format!("unknown-{number}.journal"),
        is_damaged: true,
        is_wanted: true,
    })
}

/// The newest checkpoint of the run that died, or of the session if that one wrote none.
fn newest_checkpoint(index: &SessionIndex, witness: Option<CheckpointId>) -> Option<CheckpointId> {
    let checkpoints = index.checkpoints();
    let of_run = witness.and_then(|witness| {
        checkpoints.iter().map(|info| info.id).find(|id| id.run == witness.run)
    });
    of_run.or_else(|| index.heads().first().map(|head| head.id))
}
