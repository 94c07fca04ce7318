//! The options for opening a journal.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Codec, Journal, ManualClock};
use crate::disk::{Disk, Layout, MemoryDisk, RealDisk};
use crate::write::CloudFolder;

/// The options for opening a [`Journal`].
///
/// ```
/// use std::time::Duration;
/// # use bevy_session_journal::{Codec, RowReader, RowWriter, SavedType};
/// use bevy_session_journal::{JournalOptions, MemoryDisk};
/// # struct Scores;
/// # impl Codec for Scores {
/// #     type Capture = ();
/// #     type Image = ();
/// #     fn types(&self) -> &[SavedType] { &[] }
/// #     fn encode(&self, (): (), _: &mut RowWriter) {}
/// #     fn decode(&self, _: &mut RowReader<'_>) {}
/// # }
///
/// let options = JournalOptions::new("saves").program_version("1.2").in_memory(&MemoryDisk::default());
/// let journal = options.patience(Duration::from_secs(5)).open(Scores)?;
/// assert!(journal.last_run().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JournalOptions {
    pub(super) layout: Layout,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) program_version: String,
    pub(super) watch_panics: bool,
    pub(super) patience: Duration,
    pub(super) lock_patience: Duration,
    pub(super) clock: Option<ManualClock>,
    pub(super) cloud: Option<CloudFolder>,
}

impl JournalOptions {
    /// A journal in this directory, which is created with the first session.
    ///
    /// `data` in it is the player's: sessions, which may be synced between machines. `state` belongs to this
    /// machine: locks, and records of how processes ended.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let (data, state) = (directory.join("data"), directory.join("state"));
        Self {
            layout: Layout { data, state, profile: "default".to_owned() },
            disk: Arc::new(RealDisk),
            program_version: String::new(),
            watch_panics: true,
            patience: Duration::from_secs(20),
            lock_patience: Duration::from_secs(2),
            clock: None,
            cloud: None,
        }
    }

    /// Sets the directory of locks and records, if it isn't `state` in the journal's directory. They must not be synced
    /// between machines.
    pub fn state_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.layout.state = directory.into();
        self
    }

    /// Sets the profile whose sessions these are. `default` by default.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.layout.profile = profile.into();
        self
    }

    /// The program's version, as sessions and [`LastRun`](crate::LastRun) name it. Empty by default.
    pub fn program_version(mut self, version: impl Into<String>) -> Self {
        self.program_version = version.into();
        self
    }

    /// Switches a hook on or off that writes down a panic of any thread, so that the next start can report it. On by
    /// default.
    pub fn watch_panics(mut self, watch: bool) -> Self {
        self.watch_panics = watch;
        self
    }

    /// Sets the time that calls wait for the writer, before they fail with
    /// [`JournalError::NoAnswer`](crate::JournalError::NoAnswer). 20 seconds by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the time, from [`open`](Self::open) on, for which a lock that is held is tried again: a process that was
    /// killed holds its locks until the system has torn it down. 2 seconds by default.
    pub fn lock_patience(mut self, patience: Duration) -> Self {
        self.lock_patience = patience;
        self
    }

    /// Puts each session that is closed or ended into a folder that a file cloud copies between a user's devices, and brings
    /// what other devices have put there before [`Journal::detect`] looks at what there is. None by default.
    pub fn cloud_folder(mut self, folder: impl Into<CloudFolder>) -> Self {
        self.cloud = Some(folder.into());
        self
    }

    /// Keeps everything on a disk in memory: for tests.
    pub fn in_memory(mut self, disk: &MemoryDisk) -> Self {
        self.disk = Arc::new(disk.clone());
        self
    }

    /// Keeps everything on a disk of the program's own, by the contract of [`Disk`]. The real disk by default.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use bevy_session_journal::disk::MemoryDisk;
    /// use bevy_session_journal::JournalOptions;
    ///
    /// let options = JournalOptions::new("saves").on_disk(Arc::new(MemoryDisk::default()));
    /// ```
    pub fn on_disk(mut self, disk: Arc<dyn Disk>) -> Self {
        self.disk = disk;
        self
    }

    /// Goes by a clock that a test sets, and has no thread: the writer works during [`Run::poll`](crate::Run::poll),
    /// [`Run::wait`](crate::Run::wait) and the calls that wait for it, so that a test is the same each time.
    /// Checkpoints that aren't saved when such a journal is dropped are lost.
    pub fn manual_clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Opens the journal: writes the record of this process, and starts the writer's thread.
    ///
    /// A directory that can't be written is no error: sessions are played, and
    /// [`Event::Failed`](crate::Event::Failed) reports why nothing is saved.
    ///
    /// # Errors
    ///
    /// If the operating system has no thread to give.
    pub fn open<C: Codec>(self, codec: C) -> io::Result<Journal<C>> {
        Journal::with_options(self, codec)
    }
}
