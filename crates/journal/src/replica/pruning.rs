//! The files that only a replica has: pruned by a machine, or lost there.
//!
//! A machine prunes checkpoints that it has continued from, and keeps the newest. So a journal that it lacks was pruned
//! there only if it has a newer one: of the same run, or of a run whose header names the other. Everything else that it
//! lacks was lost, as with a directory that was deleted, or that a backup put back, and is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Difference, FileName, Source};
use crate::disk::Layout;
use crate::format::{Segment, SegmentHeader};

/// The bytes of a journal that are read for its header.
const HEADER: u64 = 64 << 10;

/// Returns true if this machine itself has removed the files that only the replica has. `news` are the files that the
/// replica has never had.
pub(super) fn has_pruned(
    here: &impl Source,
    differences: &BTreeMap<FileName, Difference>,
    news: &BTreeSet<FileName>,
) -> io::Result<bool> {
    let lacking: Vec<&FileName> =
        journals(differences, |it| it == Difference::OnlyThere).map(|(name, _)| name).collect();
    let is_whole = |it| matches!(it, Difference::Same | Difference::Longer | Difference::OnlyHere);
    let kept: Vec<&FileName> = journals(differences, is_whole).map(|(name, _)| name).collect();
    if kept.is_empty() {
        // A machine without any journal has removed none.
        let has_any = differences.values().any(|it| *it != Difference::OnlyThere);
        return Ok(lacking.is_empty() && has_any);
    }
    let mut lost: Vec<Journal<'_>> = lacking.into_iter().filter_map(Journal::of).collect();
    lost.retain(|lost| {
        !kept.iter().any(|name| Journal::of(name).is_some_and(|it| it.follows(lost)))
    });
    for name in kept {
        if lost.is_empty() {
            break;
        }
        let header = header(here, name)?;
        lost.retain(|lost| match &header {
            Some(header) => !is_named(header, lost.run),
            None => !news.contains(name),
        });
    }
    Ok(lost.is_empty())
}

/// The segments and archives that stand in some way.
fn journals(
    differences: &BTreeMap<FileName, Difference>,
    stands: impl Fn(Difference) -> bool,
) -> impl Iterator<Item = (&FileName, &Difference)> {
    let is_journal = |name: &FileName| !name.is_slot() && Layout::is_segment_name(name.name());
    differences.iter().filter(move |(name, it)| is_journal(name) && stands(**it))
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

/// Returns true if a journal continues a run, or takes its place.
fn is_named(header: &SegmentHeader, run: &str) -> bool {
    let named = header.ancestors.iter().chain(&header.supersedes);
    !header.archive && named.into_iter().any(|checkpoint| checkpoint.run.to_string() == run)
}

/// The header of a journal of this machine; `None` if it can't be read.
fn header(here: &impl Source, name: &FileName) -> io::Result<Option<SegmentHeader>> {
    let len = here.files()?.get(name).copied().unwrap_or(0).min(HEADER);
    let bytes = here.read(name, 0, len)?;
    let segment = Segment::open(Path::new(name.name()), Arc::new(bytes)).ok();
    Ok(segment.map(|segment| SegmentHeader::clone(&segment.shared_header())))
}
