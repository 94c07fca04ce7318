//! A device of the player: its disk with the sessions and the folder, and all that was played on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_session_journal::{
    CheckpointId, CloudFolder, FoundSession, Journal, JournalOptions, ManualClock, MemoryDisk,
    RestoreFrom, SessionId,
};

use crate::lines::{Line, Lines};

pub const FOLDER: &str = "/cloud";

/// The files of a folder.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

pub struct Device {
    pub disk: MemoryDisk,
    pub clock: ManualClock,
    /// Everything that was played here up to an acknowledged moment.
    pub played: Vec<(SessionId, Line)>,
    /// Where the lines of a session ended when it was deleted here.
    pub deleted: BTreeMap<SessionId, Vec<Line>>,
    /// The folder as it was when the cloud was last in step with it.
    pub synced: Files,
}

impl Device {
    pub fn new() -> Self {
        let clock = ManualClock::starting_at("2026-11-25T12:00:00Z".parse().unwrap());
        let (played, deleted, synced) = (Vec::new(), BTreeMap::new(), Files::new());
        Self { disk: MemoryDisk::default(), clock, played, deleted, synced }
    }

    /// A process that starts, once the one before is gone; of an old build, without a folder.
    pub fn start(&mut self, folder: Option<CloudFolder>) -> Journal<Lines> {
        self.disk = self.disk.snapshot();
        self.clock.advance(Duration::from_secs(60));
        let options = JournalOptions::new("/game")
            .in_memory(&self.disk)
            .manual_clock(&self.clock)
            .watch_panics(false)
            .lock_patience(Duration::ZERO);
        let options = match folder {
            Some(folder) => options.cloud_folder(folder),
            None => options,
        };
        options.open(Lines).unwrap()
    }

    pub fn files(&self) -> Files {
        let paths = self.disk.paths().into_iter().filter(|path| path.starts_with(FOLDER));
        paths.map(|path| (path.clone(), self.disk.content(&path).unwrap())).collect()
    }

    /// Makes the folder what the cloud has.
    pub fn set_files(&self, files: &Files) {
        self.disk.remove_all(Path::new(FOLDER));
        for (path, bytes) in files {
            self.disk.put(path, bytes);
        }
    }
}

/// Where the lines of a session end, and whether they are shown as a fork.
pub struct Ends {
    pub session: SessionId,
    pub lines: Vec<(CheckpointId, Line)>,
    pub is_fork_shown: bool,
}

impl Ends {
    pub fn of(journal: &mut Journal<Lines>, found: &FoundSession) -> Self {
        let fork = found.offers.iter().find_map(|offer| offer.fork.as_ref());
        let heads: Vec<Option<CheckpointId>> = match fork {
            Some(fork) => {
                let others = fork.others.iter().map(|line| line.newest);
                std::iter::once(fork.own.newest).chain(others).map(Some).collect()
            }
            None => vec![None],
        };
        let lines = heads.into_iter().map(|head| {
            let from = head.map_or(RestoreFrom::Latest, RestoreFrom::Checkpoint);
            let restored = journal.restore(found.session, from).unwrap();
            (restored.checkpoint(), restored.image().clone())
        });
        Self { session: found.session, lines: lines.collect(), is_fork_shown: fork.is_some() }
    }

    /// Returns true if a line is here, or one that goes on from it.
    pub fn have(&self, line: &Line) -> bool {
        self.lines.iter().any(|(_, end)| end.starts_with(line))
    }
}
