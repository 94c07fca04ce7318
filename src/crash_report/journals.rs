//! The checkpoints that a report tells of, and the files that go with it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::journal::{
    CheckpointId, CheckpointInfo, FileProblem, Head, SegmentSummary, SessionIndex,
};
use crate::process::PreviousRun;
use crate::store::{Disk, Home, Layout, StoredSession};

/// Bytes of journal files that a report holds at the most. With the rest it stays below 16 MiB.
const MOST_BYTES: u64 = 15 << 20;
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
    /// Reads what there is. What can't be read is left out.
    pub(super) fn of(home: &Home, previous: &PreviousRun) -> Self {
        let open = |id| home.store.open_session_of_any_profile(id).ok();
        let stored = previous.session.and_then(open);
        let Some(mut stored) = stored else { return Self::default() };
        let newest = newest_checkpoint(stored.index(), previous.last_checkpoint);
        let needed = newest.map(|newest| needed_segments(&mut stored, newest)).unwrap_or_default();
        let mut journals = Self {
            newest: stored.index().heads().first().cloned(),
            checkpoints: stored.index().checkpoints(),
            files: Vec::new(),
        };
        journals.checkpoints.truncate(MOST_CHECKPOINTS);
        journals.add_segments(&**home.store.disk(), &stored, &needed);
        journals.add_unreadable(&**home.store.disk(), stored.index().problems());
        journals.files.truncate(MOST_FILES);
        journals
    }

    /// The files that go with the report.
    pub(super) fn copies(&self) -> impl Iterator<Item = CopiedFile<'_>> {
        self.files.iter().filter_map(|file| match &file.copy {
            Copy::Whole(bytes) => Some(CopiedFile { name: &file.name, bytes }),
            Copy::NotNeeded | Copy::NoRoom | Copy::Unreadable => None,
        })
    }

    /// Adds the segments: first those that the newest checkpoint needs, then the damaged ones.
    fn add_segments(&mut self, disk: &dyn Disk, stored: &StoredSession, needed: &BTreeSet<usize>) {
        let summaries = stored.index().segments().iter().enumerate();
        let mut segments: Vec<(usize, &SegmentSummary)> = summaries.collect();
        let is_damaged =
            |path: &Path| stored.index().problems().iter().any(|problem| problem.path == path);
        let rank = |place: usize, path: &Path| match (needed.contains(&place), is_damaged(path)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        segments
            .sort_by_key(|(place, _)| stored.path_of(*place).map_or(3, |path| rank(*place, path)));
        for (place, summary) in segments {
            let Some(path) = stored.path_of(place) else { continue };
            let name = Layout::name_of(&summary.header);
            let is_wanted = rank(place, path) < 2;
            self.add(disk, path, name, is_damaged(path), is_wanted);
        }
    }

    /// Adds the files of which not even the header can be read.
    fn add_unreadable(&mut self, disk: &dyn Disk, problems: &[FileProblem]) {
        let unknown = problems.iter().filter(|problem| problem.kind.is_of_unknown_content());
        for (number, problem) in (1..).zip(unknown) {
            self.add(disk, &problem.path, format!("unknown-{number}.journal"), true, true);
        }
    }

    fn add(&mut self, disk: &dyn Disk, path: &Path, name: String, is_damaged: bool, wanted: bool) {
        let taken: u64 = self.copies().map(|copy| copy.bytes.len() as u64).sum();
        let (length, copy) = match disk.open(path).and_then(|file| Ok((file.len()?, file))) {
            Err(_) => (0, Copy::Unreadable),
            Ok((length, _)) if !wanted => (length, Copy::NotNeeded),
            Ok((length, _)) if taken + length > MOST_BYTES => (length, Copy::NoRoom),
            Ok((length, file)) => {
                let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
                let copy = match file.read_exact_at(0, &mut bytes) {
                    Ok(()) => Copy::Whole(bytes),
                    Err(_) => Copy::Unreadable,
                };
                (length, copy)
            }
        };
        let name = self.unused(name);
        self.files.push(JournalFile { name, length, is_damaged, copy });
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

/// The newest checkpoint of the run that died, or of the session if that one wrote none.
fn newest_checkpoint(index: &SessionIndex, witness: Option<CheckpointId>) -> Option<CheckpointId> {
    let checkpoints = index.checkpoints();
    let of_run = witness.and_then(|witness| {
        checkpoints.iter().map(|info| info.id).find(|id| id.run == witness.run)
    });
    of_run.or_else(|| index.heads().first().map(|head| head.id))
}

/// The segments that a checkpoint needs, or the newest one before it that isn't damaged. Reads them,
/// so that damage is told, unless that would take long.
fn needed_segments(stored: &mut StoredSession, newest: CheckpointId) -> BTreeSet<usize> {
    loop {
        let Some(plan) = stored.index().newest_intact(newest) else { return BTreeSet::new() };
        let segments: BTreeSet<usize> = plan.groups.iter().map(|group| group.segment).collect();
        let bytes: u64 = segments.iter().map(|place| stored.segment_bytes(*place)).sum();
        let is_good = bytes > MOST_BYTES
            || stored
                .verify(&plan)
                .map_or(true, |found| found == crate::journal::Validity::Verified);
        if is_good {
            return segments;
        }
        // Each round marks at least one group more as damaged, so this ends.
    }
}
