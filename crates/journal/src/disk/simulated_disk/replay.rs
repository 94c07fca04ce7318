//! Walks through a trace and keeps track of what is durable.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::{Content, FileId, Image, Node, Place, Trace, What};

/// The guarantees of a file system's sync.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FileSystem {
    /// Guarantees no more than the standard: a sync of a file covers its bytes, a sync of a directory its entries.
    Posix,
    /// One journal for all entries, like ext4's: they become durable in order, and any sync takes
    /// along all that came before.
    Journaled,
    /// A disk that says it synced and didn't.
    Lying,
}

/// A trace, walked through step by step.
pub struct Replay<'a> {
    trace: &'a Trace,
    file_system: FileSystem,
    position: usize,
    pub(super) files: Vec<File>,
    durable: BTreeMap<Place, Entry>,
    pub(super) pending: Vec<Change>,
}

/// The target of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    Directory,
    File(FileId),
}

/// A change of a directory that isn't durable yet.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put { path: Place, entry: Entry },
    Take { path: Place },
    Move { from: Place, to: Place, file: FileId },
}

/// The bytes of a file, and which of them are durable.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// All of them.
    pub full: Content,
    /// The content that is left if everything that may be lost is lost.
    pub least: Content,
    /// The length that successful syncs cover.
    pub synced: usize,
    /// The end of each append since then.
    pub ends: Vec<usize>,
    /// Bytes that a failed sync has given up: the system believes that they are on disk.
    doomed: Vec<Range<usize>>,
}

impl<'a> Replay<'a> {
    pub fn new(trace: &'a Trace, file_system: FileSystem) -> Self {
        let mut replay = Self {
            trace,
            file_system,
            position: 0,
            files: Vec::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
        };
        for (path, node) in trace.start.nodes() {
            let entry = match node {
                Node::Directory => Entry::Directory,
                Node::File(content) => {
                    replay.files.push(File::durable(content.clone()));
                    Entry::File(FileId(replay.files.len() - 1))
                }
            };
            replay.durable.insert(path.clone(), entry);
        }
        replay
    }

    /// The number of steps that were taken.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The step that was taken last.
    pub fn last_step(&self) -> Option<&'a What> {
        let step = self.trace.steps.get(self.position.checked_sub(1)?)?;
        Some(&step.what)
    }

    /// Takes the next step, and says whether there was one.
    pub fn advance(&mut self) -> bool {
        let Some(step) = self.trace.steps.get(self.position) else { return false };
        self.position += 1;
        self.take_step(&step.what);
        true
    }

    /// Walks to where this many steps were taken.
    pub fn advance_to(&mut self, position: usize) {
        while self.position < position && self.advance() {}
    }

    /// The disk if those pending changes happened that `happened` names, and files hold what
    /// `content` says.
    pub fn image(
        &self,
        happened: impl Fn(usize) -> bool,
        content: impl Fn(FileId) -> Content,
    ) -> Image {
        let mut entries = self.durable.clone();
        let mut lacks_directories = false;
        for (place, change) in self.pending.iter().enumerate() {
            if happened(place) {
                apply(change, &mut entries);
            } else {
                lacks_directories |= matches!(change, Change::Put { entry: Entry::Directory, .. });
            }
        }
        let mut image = Image::default();
        for (path, entry) in entries {
            let node = match entry {
                Entry::Directory => Node::Directory,
                Entry::File(file) => Node::File(content(file)),
            };
            image.put(path, node);
        }
        if lacks_directories {
            image.take_orphans();
        }
        image
    }

    /// The disk if everything that may be lost is lost.
    pub fn strict(&self) -> Image {
        self.image(|_| false, |file| self.file(file).least.clone())
    }

    /// The disk if nothing is lost: as a process finds it whose predecessor was killed.
    pub fn kept(&self) -> Image {
        self.image(|_| true, |file| self.file(file).full.clone())
    }

    /// The files that have a name if nothing is lost.
    pub(super) fn names(&self) -> impl Iterator<Item = (Place, FileId)> {
        let mut entries = self.durable.clone();
        self.pending.iter().for_each(|change| apply(change, &mut entries));
        entries.into_iter().filter_map(|(path, entry)| match entry {
            Entry::Directory => None,
            Entry::File(file) => Some((path, file)),
        })
    }

    pub(super) fn file(&self, file: FileId) -> &File {
        &self.files[file.0]
    }

    fn take_step(&mut self, what: &What) {
        match what {
            What::Create { path, file } => {
                debug_assert_eq!(file.0, self.files.len(), "files are numbered as they come");
                self.files.push(File::durable(Content::from(Vec::new())));
                self.change(Change::Put { path: path.clone(), entry: Entry::File(*file) });
            }
            What::Append { file, bytes, .. } => self.files[file.0].append(bytes),
            What::Sync { file, succeeded } => self.sync(*file, *succeeded),
            What::CreateDirectory { path } => {
                self.change(Change::Put { path: path.clone(), entry: Entry::Directory });
            }
            What::SyncDirectory { path, succeeded: true } => match self.file_system {
                FileSystem::Posix => {
                    self.commit(|change| change.directory() == Some(&**path.path()));
                }
                FileSystem::Journaled => self.commit(|_| true),
                FileSystem::Lying => {}
            },
            What::SyncDirectory { succeeded: false, .. } => {}
            What::Remove { path, .. } | What::RemoveDirectory { path } => {
                self.change(Change::Take { path: path.clone() });
            }
            What::Rename { from, to, file } => {
                let (from, to) = (from.clone(), to.clone());
                self.change(Change::Move { from, to, file: *file });
            }
        }
    }

    fn change(&mut self, change: Change) {
        self.pending.push(change);
    }

    fn sync(&mut self, file: FileId, succeeded: bool) {
        match (self.file_system, succeeded) {
            (FileSystem::Lying, true) => {}
            (_, false) => self.files[file.0].sync_failed(),
            (FileSystem::Posix, true) => self.files[file.0].sync(),
            (FileSystem::Journaled, true) => {
                self.files[file.0].sync();
                self.commit(|_| true);
            }
        }
    }

    fn commit(&mut self, covered: impl Fn(&Change) -> bool) {
        let (now, later): (Vec<Change>, Vec<Change>) =
            self.pending.drain(..).partition(|change| covered(change));
        now.iter().for_each(|change| apply(change, &mut self.durable));
        self.pending = later;
    }
}

fn apply(change: &Change, entries: &mut BTreeMap<Place, Entry>) {
    match change {
        Change::Put { path, entry } => {
            entries.insert(path.clone(), *entry);
        }
        // Nothing is below a file, so there is nothing to look for.
        Change::Take { path } => match entries.remove(path) {
            Some(Entry::File(_)) => {}
            _ => entries.retain(|entry, _| !entry.path().starts_with(path.path())),
        },
        Change::Move { from, to, file } => {
            // Even if the old name was never durable: a rename is one change.
            entries.remove(from);
            entries.insert(to.clone(), Entry::File(*file));
        }
    }
}

impl Change {
    /// The path that the change is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Put { path, .. } | Self::Take { path } => path.path(),
            Self::Move { to, .. } => to.path(),
        }
    }

    fn directory(&self) -> Option<&Path> {
        self.path().parent()
    }
}

impl File {
    fn durable(content: Content) -> Self {
        let synced = content.bytes().len();
        Self { least: content.clone(), full: content, synced, ends: Vec::new(), doomed: Vec::new() }
    }

    /// Returns true if some of it may be lost.
    pub fn is_pending(&self) -> bool {
        self.synced < self.full.bytes().len()
    }

    fn append(&mut self, bytes: &[u8]) {
        let mut content = self.full.bytes().to_vec();
        content.extend_from_slice(bytes);
        self.ends.push(content.len());
        self.full = Content::from(content);
    }

    fn sync(&mut self) {
        self.synced = self.full.bytes().len();
        self.ends.clear();
        let mut least = self.full.bytes().to_vec();
        for range in &self.doomed {
            least[range.clone()].fill(0);
        }
        self.least = if self.doomed.is_empty() { self.full.clone() } else { Content::from(least) };
    }

    /// The system marks the pages as clean, whether they got to the disk or not. A later sync
    /// succeeds and does nothing for them.
    fn sync_failed(&mut self) {
        self.doomed.push(self.synced..self.full.bytes().len());
    }
}
