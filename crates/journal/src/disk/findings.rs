//! The findings in the files of a session's directory.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::open_files::is_no_file;
use super::{DirEntry, Disk, Layout};
use crate::format::{
    DamagedRange, FileProblem, FileProblemKind, ReadAhead, ReadAt, ReadError, ScanBudget, Segment,
    SegmentError, SegmentSummary, good_end, missing_ends,
};
use crate::model::ids::SessionId;

/// Segments that were opened and scanned, and files that could not be.
#[derive(Debug, Default)]
pub struct Findings {
    /// The segments, at the same positions as their summaries.
    pub segments: Vec<Segment>,
    /// The facts that the index needs of each.
    pub summaries: Vec<SegmentSummary>,
    problems: BTreeMap<PathBuf, FileProblemKind>,
    budget: ScanBudget,
    out_of_handles: Option<PathBuf>,
    /// True if a file was removed after the directory had been listed.
    has_missed_one: bool,
}

impl Findings {
    /// Opens and scans a file that was listed.
    pub fn add_entry(&mut self, disk: &dyn Disk, path: &Path, entry: &DirEntry, of: SessionId) {
        if entry.is_dir {
            self.problems.insert(path.to_owned(), FileProblemKind::NoFile);
            return;
        }
        match self.add(disk, path, of) {
            // Its target may be there again tomorrow, on a disk that isn't plugged in.
            Err(error) if !entry.is_file => self.note_problem(path, problem_of_file(&error)),
            // Removed since the directory was listed.
            Err(_) => self.has_missed_one = true,
            Ok(()) => {}
        }
    }

    /// Opens and scans a file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if there is none.
    pub fn add(&mut self, disk: &dyn Disk, path: &Path, session: SessionId) -> io::Result<()> {
        let opened = match disk.open(path) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            Err(error) => Err(problem_of_file(&error)),
        };
        match opened.and_then(|file| self.read(path, file, session)) {
            Ok((segment, summary)) => {
                self.note_damage(path, summary.scan.damage.iter().copied());
                self.note_damage(path, cut_end(&summary));
                self.segments.push(segment);
                self.summaries.push(summary);
            }
            // Closed for another file, and gone when it was to be opened again.
            Err(FileProblemKind::Unreadable { error: io::ErrorKind::NotFound }) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            Err(kind) => self.note_problem(path, kind),
        }
        Ok(())
    }

    /// Returns true if a file was removed after the directory had been listed. The file that took its place may not
    /// have been listed.
    pub fn has_missed_one(&self) -> bool {
        self.has_missed_one
    }

    /// A file that could not be read because no more files may be open now. That says nothing about
    /// it, nor about the session.
    pub fn out_of_handles(&self) -> Option<&Path> {
        self.out_of_handles.as_deref()
    }

    fn note_problem(&mut self, path: &Path, kind: FileProblemKind) {
        if kind == (FileProblemKind::Unreadable { error: io::ErrorKind::ResourceBusy }) {
            self.out_of_handles = Some(path.to_owned());
        }
        self.problems.insert(path.to_owned(), kind);
    }

    /// Reads the header of a segment and scans it.
    fn read(
        &mut self,
        path: &Path,
        file: Arc<dyn ReadAt>,
        session: SessionId,
    ) -> Result<(Segment, SegmentSummary), FileProblemKind> {
        // The first part is read at once, for it is looked at several times. Kept, it would add up.
        let ahead = ReadAhead::new(Arc::clone(&file)).map_err(|error| problem_of_file(&error))?;
        let segment = Segment::open(path, Arc::new(ahead)).map_err(problem_of_header)?;
        let is_of_events = segment.header().events().is_some();
        if segment.header().session != session || is_of_events {
            return Err(FileProblemKind::OfAnotherSession);
        }
        let scanned = segment.scan_within(&mut self.budget);
        let scan = scanned.map_err(|error| problem_of_frames(error, &segment))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let summary = SegmentSummary { name, header: segment.shared_header(), scan };
        Ok((segment.reading_from(file), summary))
    }

    /// Compares every segment with what the one after it remembers. Call it once, at the end.
    pub fn compare_with_successors(&mut self) {
        for (position, range) in missing_ends(&self.summaries) {
            if let Some(segment) = self.segments.get(position) {
                let path = segment.path().to_owned();
                self.note_damage(&path, [range]);
            }
        }
        let headers = self.summaries.iter().map(|summary| &summary.header);
        let remembered: HashSet<String> = headers
            .filter(|header| header.predecessor.is_some())
            .filter_map(|header| {
                Some(Layout::segment_name(header.run, header.segment.checked_sub(1)?))
            })
            .collect();
        let has_successor = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| remembered.contains(name))
        };
        // Nothing was acknowledged in a torn file, unless a later segment says otherwise.
        let torn = self.problems.iter_mut().filter(|(_, kind)| **kind == FileProblemKind::Torn);
        // An archive is whole before it takes its place.
        let is_archive = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            Layout::is_archive_name(&name.to_string_lossy())
        };
        for (_, kind) in torn.filter(|(path, _)| has_successor(path) || is_archive(path)) {
            *kind = FileProblemKind::Damaged;
        }
    }

    /// The problems by path.
    pub fn problems(&self) -> Vec<FileProblem> {
        let problems = self.problems.iter();
        problems
            .map(|(path, kind)| FileProblem { path: path.clone(), kind: kind.clone() })
            .collect()
    }

    fn note_damage(&mut self, path: &Path, ranges: impl IntoIterator<Item = DamagedRange>) {
        for range in ranges {
            let nothing = FileProblemKind::PartlyDamaged(Vec::new());
            let kind = self.problems.entry(path.to_owned()).or_insert(nothing);
            if let FileProblemKind::PartlyDamaged(damage) = kind {
                damage.push(range);
            }
        }
    }
}

/// The damaged end of a file that takes its place only once it is whole: bytes that can't be the end of one, or, in a
/// slot, those in the place of its checkpoint.
fn cut_end(summary: &SegmentSummary) -> Option<DamagedRange> {
    let SegmentSummary { header, scan, .. } = summary;
    let is_put_in_place = header.is_archive() || header.slot().is_some();
    let tail = scan.tail.filter(|_| is_put_in_place);
    let holds = |counter| scan.groups.iter().any(|group| group.commit.counter == counter);
    let has_lost_slot = header.slot().is_some_and(|slot| !holds(slot.counter));
    let from = tail.or_else(|| has_lost_slot.then(|| good_end(summary)))?;
    Some(DamagedRange { from, to: scan.length })
}

pub(super) fn problem_of_file(error: &io::Error) -> FileProblemKind {
    match is_no_file(error) {
        true => FileProblemKind::NoFile,
        false => FileProblemKind::Unreadable { error: error.kind() },
    }
}

pub(super) fn problem_of_header(error: SegmentError) -> FileProblemKind {
    match error {
        SegmentError::Torn { .. } => FileProblemKind::Torn,
        SegmentError::Damaged { .. } => FileProblemKind::Damaged,
        SegmentError::NewerFormat { written_by, .. }
        | SegmentError::UnknownFeatures { written_by, .. } => FileProblemKind::Newer(written_by),
        SegmentError::Unreadable { source, .. } => {
            FileProblemKind::Unreadable { error: source.kind() }
        }
    }
}

/// The session of a segment, an archive or a slot, by its header, under any name.
///
/// # Errors
///
/// The problem of the file.
pub fn session_of_file(disk: &dyn Disk, path: &Path) -> Result<SessionId, FileProblemKind> {
    let file = disk.open(path).map_err(|error| problem_of_file(&error))?;
    let segment = Segment::open(path, file).map_err(problem_of_header)?;
    match segment.header().events() {
        Some(_) => Err(FileProblemKind::OfAnotherSession),
        None => Ok(segment.header().session),
    }
}

/// The problem of a file whose frames can't be read.
pub(crate) fn problem_of_frames(error: ReadError, segment: &Segment) -> FileProblemKind {
    match error {
        ReadError::Damaged { .. } => FileProblemKind::Damaged,
        ReadError::UnknownFrame { .. } => FileProblemKind::Newer(segment.written_by().clone()),
        ReadError::Unreadable { source, .. } => {
            FileProblemKind::Unreadable { error: source.kind() }
        }
    }
}
