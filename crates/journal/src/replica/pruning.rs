//! The files that only a replica has: pruned by a machine, or lost there.
//!
//! A machine prunes what it has gone on from, and keeps what is newest. So a journal that it lacks was pruned there only if it
//! has a newer one: of the same run, or of a run whose header names the other's newest checkpoint, or one after it. Who went on
//! from an older directory names an older one. Everything else that a machine lacks was lost, as with a directory that was
//! deleted, or that a backup put back, and is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::extents::Extents;
use super::{CompareError, Difference, FileName, Files, Log, Reach, ReadError, Source};
use crate::disk::Layout;
use crate::format::{ScanBudget, Segment, SegmentHeader};
use crate::model::ids::CheckpointId;

/// The bytes of a journal that are read for its header.
const HEADER: u64 = 64 << 10;

/// Returns true if this machine itself has removed the files that only the replica has. `news` are the files that the replica has never had.
pub(super) async fn has_pruned(
    (reach, log, there): (&impl Reach, &Log, &Files),
    here: &impl Source,
    differences: &BTreeMap<FileName, Difference>,
    news: &BTreeSet<FileName>,
) -> Result<bool, CompareError> {
    let lacking: Vec<&FileName> =
        journals(differences, |it| it == Difference::OnlyThere).map(|(name, _)| name).collect();
    let is_whole = |it| matches!(it, Difference::Same | Difference::Longer | Difference::OnlyHere);
    let kept: Vec<&FileName> = journals(differences, is_whole).map(|(name, _)| name).collect();
    if kept.is_empty() {
        // A machine without any journal has removed none.
        let has_any = differences.values().any(|it| *it != Difference::OnlyThere);
        return Ok(lacking.is_empty() && has_any);
    }
    let mut missing = Vec::new();
    for name in lacking {
        let Some(journal) = Journal::of(name) else { continue };
        if !kept.iter().any(|name| Journal::of(name).is_some_and(|it| it.follows(&journal))) {
            let newest = newest_there(reach, log, there, name).await?;
            missing.push((journal, newest));
        }
    }
    for name in kept {
        if missing.is_empty() {
            break;
        }
        let header = header(here, name)?;
        missing.retain(|(lost, newest)| match &header {
            Some(header) => !is_gone_on_from(header, lost.run, *newest),
            None => !news.contains(name),
        });
    }
    Ok(missing.is_empty())
}

/// The newest checkpoint's number that a journal of the replica has, 0 if it has none; `None` if it can't be read.
async fn newest_there(
    reach: &impl Reach,
    log: &Log,
    there: &Files,
    name: &FileName,
) -> Result<Option<u64>, CompareError> {
    let mut bytes = Vec::new();
    let mut extents = Extents::of(reach, log.session());
    for extent in there.get(name).into_iter().flat_map(|file| &file.extents) {
        match extents.read(*extent).await {
            Ok(piece) => bytes.extend_from_slice(piece),
            Err(error @ ReadError::Store(_)) => return Err(error.into()),
            Err(_) => return Ok(None),
        }
    }
    let Ok(segment) = Segment::open(Path::new(name.name()), Arc::new(bytes)) else {
        return Ok(None);
    };
    let scan = segment.scan_within(&mut ScanBudget::default());
    Ok(scan.ok().map(|scan| scan.newest_counter.unwrap_or(0)))
}

/// The segments and archives that stand in some way.
fn journals(
    differences: &BTreeMap<FileName, Difference>,
    stands: impl Fn(Difference) -> bool,
) -> impl Iterator<Item = (&FileName, &Difference)> {
    differences.iter().filter(move |(name, it)| is_journal(name) && stands(**it))
}

/// Returns true for a segment and an archive.
pub(super) fn is_journal(name: &FileName) -> bool {
    !name.is_slot() && Layout::is_segment_name(name.name())
}

/// A segment by its name. Archives are of no run.
struct Journal<'a> {
    run: &'a str,
    number: u32,
}

impl<'a> Journal<'a> {
    fn of(name: &'a FileName) -> Option<Self> {
        if Layout::is_archive_name(name.name()) {
            return None;
        }
        let stem = name.name().rsplit_once('.').map_or(name.name(), |(stem, _)| stem);
        let numbered = stem.rsplit_once('-').and_then(|(run, it)| Some((run, it.parse().ok()?)));
        let (run, number) = numbered.unwrap_or((stem, 0));
        Some(Self { run, number })
    }

    fn follows(&self, other: &Self) -> bool {
        self.run == other.run && self.number > other.number
    }
}

/// Returns true if a journal goes on from a run as far as this checkpoint, or takes its place. A statement, such as a new name,
/// names the newest checkpoint too, but has no ancestors: it was written without going on from there.
fn is_gone_on_from(header: &SegmentHeader, run: &str, newest: Option<u64>) -> bool {
    let mut named = header.ancestors.iter().chain(&header.supersedes);
    let is_covered = |CheckpointId { run: named, counter }: &CheckpointId| {
        named.to_string() == run && newest.is_some_and(|newest| newest <= *counter)
    };
    !header.is_archive() && !header.ancestors.is_empty() && named.any(is_covered)
}

/// The header of a journal of this machine; `None` if it can't be read.
fn header(here: &impl Source, name: &FileName) -> io::Result<Option<SegmentHeader>> {
    let len = here.files()?.get(name).copied().unwrap_or(0).min(HEADER);
    let bytes = here.read(name, 0, len)?;
    let segment = Segment::open(Path::new(name.name()), Arc::new(bytes)).ok();
    Ok(segment.map(|segment| SegmentHeader::clone(&segment.shared_header())))
}
