//! The comparison of a machine's files with a replica's.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::claim::owner_of;
use super::extents::Extents;
use super::pruning::has_pruned;
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
    let is_marked_here = match mark {
        Some(mark) => is_of_this_store(reach, log, mark.claim).await?,
        None => false,
    };
    let is_unchanged = |mark: &Mark| !log.is_changed_between(mark.claim.epoch, claimed);
    let is_alone = is_marked_here && mark.is_some_and(is_unchanged);
    let none = BTreeMap::new();
    let before = mark.map_or(&none, |mark| &mark.files);
    let past = log.past()?;
    let differences = difference(reach, log, here, there).await?;
    let mut new_here = BTreeSet::new();
    let (mut is_removed_here, mut is_new_there) = (false, false);
    let said = || differences.iter().filter(|(name, _)| !is_derived(name));
    for (name, difference) in said() {
        let was = before.get(name);
        let earlier = past.get(name).map_or(&[][..], Vec::as_slice);
        let (on_this_side, on_that_side) = match difference {
            Difference::Same | Difference::Damaged | Difference::OnlyThere => (false, false),
            // One that was fetched when its name was another session's.
            Difference::Other | Difference::OnlyHere
                if is_slot_under_another_name((reach, log), here, name, (there, &past)).await? =>
            {
                (false, *difference == Difference::Other && !is_as_before_there(there, name, was))
            }
            Difference::Longer => (true, false),
            Difference::Shorter => (false, true),
            // Such a file is never overwritten: the part that was common once is damaged here.
            Difference::Other if name.only_grows() => {
                let is_damaged =
                    is_alone || was.is_some() || was_there(reach, log, here, name, earlier).await?;
                (!is_damaged, true)
            }
            // No other machine has done it.
            Difference::Other if is_alone => (true, false),
            Difference::Other => {
                let is_known = is_as_before(here, name, was)?
                    || was_there(reach, log, here, name, earlier).await?;
                (!is_known, !is_as_before_there(there, name, was))
            }
            // A file that only one side has is new there, or was removed on the other. Another store, or one that was restored
            // from an older state, may never have had it.
            Difference::OnlyHere => {
                let is_removed_there = is_marked_here && is_as_before(here, name, was)?
                    || was_there(reach, log, here, name, earlier).await?;
                (!is_removed_there, is_removed_there && !is_alone)
            }
        };
        new_here.extend(on_this_side.then(|| name.clone()));
        is_new_there |= on_that_side;
    }
    let has_pruned = has_pruned((reach, log, there), here, &differences, &new_here).await?;
    for (name, _) in said().filter(|(_, difference)| **difference == Difference::OnlyThere) {
        let is_known = is_alone || is_as_before_there(there, name, before.get(name));
        let is_removed = has_pruned && is_known;
        is_removed_here |= is_removed;
        is_new_there |= !is_removed;
    }
    Ok(match (!new_here.is_empty(), is_new_there) {
        (false, false) if !is_removed_here => Standing::Same,
        (_, false) => Standing::ReplicaIsBehind,
        // Files that were merely removed here are nothing new.
        (false, true) => Standing::MachineIsBehind,
        (true, true) => Standing::Forked,
    })
}

/// Returns true if a claim is one of this store, as it is now.
async fn is_of_this_store(reach: &impl Reach, log: &Log, claim: Claim) -> Result<bool, ReadError> {
    Ok(owner_of(reach, log.session(), claim.epoch).await? == Some(claim.id))
}

/// Returns true if a file of the replica is the same as at the mark.
fn is_as_before_there(there: &Files, name: &FileName, was: Option<&Vec<(u64, u64)>>) -> bool {
    was.is_some() && there.get(name).map(pieces).as_ref() == was
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

/// Returns true if a slot of this machine is one that the replica has, or had, under another name.
async fn is_slot_under_another_name(
    (reach, log): (&impl Reach, &Log),
    here: &impl Source,
    name: &FileName,
    (there, past): (&Files, &BTreeMap<FileName, Vec<FileState>>),
) -> Result<bool, CompareError> {
    if !name.is_slot() {
        return Ok(false);
    }
    let now = there.all().iter().map(|(name, file)| (name, std::slice::from_ref(file)));
    let past = past.iter().map(|(name, files)| (name, files.as_slice()));
    let others = now.chain(past).filter(|(other, _)| other.is_slot() && *other != name);
    // A slot is there whole, so most are others by their length.
    let len = here.files()?.get(name).copied();
    let files = others.flat_map(|(_, files)| files).filter(|file| Some(file.bytes) == len);
    was_there(reach, log, here, name, files).await
}

/// Returns true if a file holds only facts that the journals hold. It is written at leisure, and so is often never
/// durable by itself.
pub(super) fn is_derived(name: &FileName) -> bool {
    Layout::is_manifest_name(name.name()) || Layout::is_card_name(name.name())
}

/// Returns true if a file of this machine is one that the replica had once, or its beginning: nothing of it is new
/// there.
async fn was_there(
    reach: &impl Reach,
    log: &Log,
    here: &impl Source,
    name: &FileName,
    past: impl IntoIterator<Item = &FileState>,
) -> Result<bool, CompareError> {
    let Some(len) = here.files()?.get(name).copied() else { return Ok(false) };
    for file in past {
        let difference = of_both(reach, log, here, name, len, file).await;
        match difference {
            Ok(Difference::Same | Difference::Shorter) => return Ok(true),
            Err(error @ (CompareError::Here(_) | CompareError::There(ReadError::Store(_)))) => {
                return Err(error);
            }
            // A file that has gone says nothing.
            Ok(_) | Err(CompareError::There(_)) => {}
        }
    }
    Ok(false)
}

fn pieces(file: &FileState) -> Vec<(u64, u64)> {
    file.extents.iter().map(|extent| (extent.len, extent.hash)).collect()
}

/// Returns true if a file of this machine is the same as at the mark.
fn is_as_before(
    here: &impl Source,
    name: &FileName,
    was: Option<&Vec<(u64, u64)>>,
) -> io::Result<bool> {
    let Some(was) = was else { return Ok(false) };
    if here.files()?.get(name).copied() != Some(was.iter().map(|(len, _)| len).sum()) {
        return Ok(false);
    }
    let mut at = 0;
    for (len, hash) in was {
        if xxh3_64(&here.read(name, at, *len)?) != *hash {
            return Ok(false);
        }
        at += len;
    }
    Ok(true)
}
