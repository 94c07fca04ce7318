//! What the files in a session's directory come to.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, Layout};
use crate::journal::{
    DamagedRange, FileProblem, FileProblemKind, ReadAhead, ReadAt, ReadError, Segment,
    SegmentError, SegmentSummary, SessionId, missing_ends,
};

/// Segments that were opened and scanned, and files that could not be.
#[derive(Debug, Default)]
pub struct Findings {
    /// The segments, at the same positions as their summaries.
    pub segments: Vec<Segment>,
    /// What the index needs to know of each.
    pub summaries: Vec<SegmentSummary>,
    problems: BTreeMap<PathBuf, FileProblemKind>,
}

impl Findings {
    /// Opens and scans a file.
    pub fn add(&mut self, disk: &dyn Disk, path: &Path, session: SessionId) {
        let opened = match disk.open(path) {
            Ok(file) => open(path, file),
            // Removed since the directory was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => Err(FileProblemKind::Unreadable { error: error.kind() }),
        };
        match opened.and_then(|segment| scan(segment, session)) {
            Ok((segment, summary)) => {
                self.note_damage(path, summary.scan.damage.iter().copied());
                self.segments.push(segment);
                self.summaries.push(summary);
            }
            Err(kind) => {
                self.problems.insert(path.to_owned(), kind);
            }
        }
    }

    /// Compares every segment with what the one after it remembers. To be called once, at the end.
    pub fn compare_with_successors(&mut self) {
        for (position, range) in missing_ends(&self.summaries) {
            if let Some(segment) = self.segments.get(position) {
                let path = segment.path().to_owned();
                self.note_damage(&path, [range]);
            }
        }
        let has_successor = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            let mut headers = self.summaries.iter().map(|summary| &summary.header);
            headers.any(|header| {
                let before = header.segment.checked_sub(1).filter(|_| header.predecessor.is_some());
                before.is_some_and(|number| name == &*Layout::segment_name(header.run, number))
            })
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

/// Opens a segment whose first part is read at once, for it is looked at several times.
fn open(path: &Path, file: Arc<dyn ReadAt>) -> Result<Segment, FileProblemKind> {
    let unreadable = |error: io::Error| FileProblemKind::Unreadable { error: error.kind() };
    let file = Arc::new(ReadAhead::new(file).map_err(unreadable)?);
    Segment::open(path, file).map_err(problem_of_header)
}

fn scan(
    segment: Segment,
    session: SessionId,
) -> Result<(Segment, SegmentSummary), FileProblemKind> {
    if segment.header().session != session {
        return Err(FileProblemKind::OfAnotherSession);
    }
    let scan = segment.scan().map_err(|error| problem_of_frames(error, &segment))?;
    let name = segment.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let summary = SegmentSummary { name, header: segment.header().clone(), scan };
    Ok((segment, summary))
}

fn problem_of_header(error: SegmentError) -> FileProblemKind {
    match error {
        SegmentError::Torn { .. } => FileProblemKind::Torn,
        SegmentError::Damaged { .. } => FileProblemKind::Damaged,
        SegmentError::NewerFormat { written_by, .. }
        | SegmentError::UnknownFeatures { written_by, .. }
        | SegmentError::UnknownCipher { written_by, .. } => FileProblemKind::Newer(written_by),
        SegmentError::Unreadable { source, .. } => {
            FileProblemKind::Unreadable { error: source.kind() }
        }
    }
}

fn problem_of_frames(error: ReadError, segment: &Segment) -> FileProblemKind {
    match error {
        ReadError::Damaged { .. } => FileProblemKind::Damaged,
        ReadError::UnknownFrame { .. } => FileProblemKind::Newer(segment.written_by().clone()),
        ReadError::Unreadable { source, .. } => {
            FileProblemKind::Unreadable { error: source.kind() }
        }
    }
}
