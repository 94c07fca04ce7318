//! The comparison of a machine's files with a replica's.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::evidence::{Both, Evidence, MarkOf, News, Side};
use super::extents::Extents;
use super::pruning::{gone_on_there, has_pruned, is_journal};
use super::{Claim, Epoch, Extent, FileName, FileState, Files, Log, Reach, ReadError, Source};
use crate::disk::Layout;

/// The last claim of a machine, kept on its own disk with the files at that moment: from there on both sides are
/// compared.
///
/// It is durable before the first entry of that claim is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// The claim.
    pub claim: Claim,
    /// The files that both had then: length and hash of each of their pieces.
    pub files: BTreeMap<FileName, Vec<(u64, u64)>>,
}

impl Mark {
    /// The mark of a claim, at a moment in which this machine has the files of the replica.
    #[must_use]
    pub fn new(claim: Claim, files: &Files) -> Self {
        let files = files.all().iter().map(|(name, file)| (name.clone(), pieces(file))).collect();
        Self { claim, files }
    }
}

/// The relation of a machine's files to those of a replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// They are the same.
    Same,
    /// The replica has what this machine had once. It is to be caught up.
    ReplicaIsBehind,
    /// The machine has what the replica had once, and is to fetch the rest.
    MachineIsBehind,
    /// Each has something that the other has never had. Both are to be kept.
    Forked,
}

/// The relation of a machine's file to the same one of a replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difference {
    /// There is none.
    Same,
    /// The machine's file continues where the replica's ends.
    Longer,
    /// The replica's file continues where the machine's ends.
    Shorter,
    /// They are different files.
    Other,
    /// The replica has none.
    OnlyHere,
    /// The machine has none.
    OnlyThere,
    /// The machine's is damaged, so that it isn't known whose it is. The replica's stays as it is.
    Damaged,
}

/// Compares the files of a machine with those of a replica whose log was just read for the claim of the epoch
/// `claimed`.
///
/// Without a mark, or where others have changed files in the replica since, what only one side has counts as that side's.
/// So two sides that agree may seem to have forked, and never the other way round.
pub async fn compare(
    reach: &impl Reach,
    log: &Log,
    here: &impl Source,
    there: &Files,
    mark: Option<&Mark>,
    claimed: Epoch,
) -> Result<Standing, CompareError> {
    let both = Both { reach, log, here, there };
    let evidence = Evidence::of(&both, mark, claimed).await?;
    let differences = difference(reach, log, here, there).await?;
    let gone_on = match evidence.mark == MarkOf::AnotherStore {
        true => gone_on_there((reach, log, there), here, &differences).await?,
        false => BTreeSet::new(),
    };
    let mut news = News::default();
    // Journals say which side went on, and the other files follow them where a mark can't say it.
    let said = || differences.iter().filter(|(name, _)| !is_derived(name));
    let [journals, others] =
        [true, false].map(|it| said().filter(move |(name, _)| is_journal(name) == it));
    for (name, difference) in journals.clone() {
        let went_on = gone_on.contains(name).then_some(Side::There);
        news.note(name, evidence.news(&both, name, *difference, went_on).await?);
    }
    let has_pruned = has_pruned((reach, log, there), here, &differences, &news.here).await?;
    for (name, _) in journals.filter(|(_, it)| **it == Difference::OnlyThere) {
        news.note_lacking(has_pruned && evidence.is_known_there(there, name));
    }
    let went_on = news.went_on().filter(|_| evidence.mark == MarkOf::AnotherStore);
    for (name, difference) in others {
        match difference {
            Difference::OnlyThere => {
                news.note_lacking(has_pruned && evidence.is_known_there(there, name));
            }
            _ => news.note(name, evidence.news(&both, name, *difference, went_on).await?),
        }
    }
    Ok(news.standing())
}

/// The error of comparing two sides.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The machine's files can't be read.
    #[error("failed to read the files of the session on this machine")]
    Here(#[from] io::Error),
    /// The replica can't be read.
    #[error(transparent)]
    There(#[from] ReadError),
}

/// Returns true if a file isn't there any more as it was.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
}

/// The difference of each file, by name. Files that are still being written under another name aren't compared.
pub async fn difference(
    reach: &impl Reach,
    log: &Log,
    here: &impl Source,
    there: &Files,
) -> Result<BTreeMap<FileName, Difference>, CompareError> {
    let lengths = here.files()?;
    let names: BTreeSet<&FileName> = lengths.keys().chain(there.all().keys()).collect();
    let mut differences = BTreeMap::new();
    for name in names {
        if Layout::place_of_unfinished(name.name()).is_some() {
            continue;
        }
        let difference = match (lengths.get(name), there.get(name)) {
            (Some(_), None) => Difference::OnlyHere,
            (Some(len), Some(file)) => of_both(reach, log, here, name, *len, file).await?,
            (None, _) if here.is_damaged(name) => Difference::Damaged,
            (None, _) => Difference::OnlyThere,
        };
        differences.insert(name.clone(), difference);
    }
    Ok(differences)
}

pub(super) async fn of_both(
    reach: &impl Reach,
    log: &Log,
    here: &impl Source,
    name: &FileName,
    len: u64,
    there: &FileState,
) -> Result<Difference, CompareError> {
    let mut at = 0;
    for extent in &there.extents {
        let common = extent.len.min(len - at);
        let bytes = here.read(name, at, common)?;
        let is_same = match common == extent.len {
            true => xxh3_64(&bytes) == extent.hash,
            false => is_beginning(reach, log, &bytes, *extent).await?,
        };
        if !is_same {
            return Ok(Difference::Other);
        }
        at += common;
        if at == len {
            break;
        }
    }
    Ok(match len.cmp(&there.bytes) {
        std::cmp::Ordering::Less => Difference::Shorter,
        std::cmp::Ordering::Equal => Difference::Same,
        std::cmp::Ordering::Greater => Difference::Longer,
    })
}

/// Returns true if a piece of the replica begins with these bytes.
async fn is_beginning(
    reach: &impl Reach,
    log: &Log,
    bytes: &[u8],
    extent: Extent,
) -> Result<bool, ReadError> {
    let mut extents = Extents::of(reach, log.session());
    Ok(bytes.is_empty() || extents.read(extent).await?.starts_with(bytes))
}

/// Returns true if a file holds only facts that the journals hold. It is written at leisure, and so is often never
/// durable by itself.
pub(super) fn is_derived(name: &FileName) -> bool {
    Layout::is_manifest_name(name.name()) || Layout::is_card_name(name.name())
}

pub(super) fn pieces(file: &FileState) -> Vec<(u64, u64)> {
    file.extents.iter().map(|extent| (extent.len, extent.hash)).collect()
}
