//! What a machine's mark and the replica's log prove of a file that differs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use xxhash_rust::xxh3::xxh3_64;

use super::claim::owner_of;
use super::comparison::{CompareError, Difference, Mark, Standing, of_both, pieces};
use super::{Claim, Epoch, FileName, FileState, Files, Log, Reach, ReadError, Source};

/// The two sides that are compared.
pub(super) struct Both<'a, R, S> {
    pub reach: &'a R,
    pub log: &'a Log,
    pub here: &'a S,
    pub there: &'a Files,
}

/// One of the sides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Here,
    There,
}

/// The store that a mark's claim was made in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkOf {
    /// There is no mark.
    Nothing,
    /// Another one, such as the replica whose mirror this is, or this one before it was restored from an older state.
    AnotherStore,
    /// This one.
    ThisStore,
    /// This one, in which no other machine has changed a file since.
    ThisStoreAlone,
}

/// What is known of earlier states of both sides.
pub(super) struct Evidence<'a> {
    pub mark: MarkOf,
    /// The files at the mark.
    files: Option<&'a Mark>,
    /// The files that the replica had once.
    past: BTreeMap<FileName, Vec<FileState>>,
}

impl<'a> Evidence<'a> {
    pub async fn of(
        both: &Both<'_, impl Reach, impl Source>,
        mark: Option<&'a Mark>,
        claimed: Epoch,
    ) -> Result<Self, CompareError> {
        let Both { reach, log, .. } = both;
        let of = match mark {
            None => MarkOf::Nothing,
            Some(mark) if !is_of_this_store(*reach, log, mark.claim).await? => MarkOf::AnotherStore,
            Some(mark) if log.is_changed_between(mark.claim.epoch, claimed) => MarkOf::ThisStore,
            Some(_) => MarkOf::ThisStoreAlone,
        };
        Ok(Self { mark: of, files: mark, past: log.past()? })
    }

    fn is_alone(&self) -> bool {
        self.mark == MarkOf::ThisStoreAlone
    }

    fn before(&self, name: &FileName) -> Option<&Vec<(u64, u64)>> {
        self.files?.files.get(name)
    }

    /// The sides on which a file is news that the other one has never had: here, and there. `went_on` is the side that went on from
    /// what the other one has, where journals show it and the mark can't.
    pub async fn news<S: Source>(
        &self,
        both: &Both<'_, impl Reach, S>,
        name: &FileName,
        difference: Difference,
        went_on: Option<Side>,
    ) -> Result<(bool, bool), CompareError> {
        let was = self.before(name);
        Ok(match difference {
            Difference::Same | Difference::Damaged | Difference::OnlyThere => (false, false),
            // One that was fetched when its name was another session's.
            Difference::Other | Difference::OnlyHere
                if self.is_slot_under_another_name(both, name).await? =>
            {
                (false, difference == Difference::Other && !is_as_before(both.there, name, was))
            }
            Difference::Longer => (true, false),
            Difference::Shorter => (false, true),
            // Such a file is never overwritten: the part that was common once is damaged here.
            Difference::Other if name.only_grows() => {
                let is_damaged =
                    self.is_alone() || was.is_some() || self.was_there(both, name).await?;
                (!is_damaged, true)
            }
            // No other machine has done it.
            Difference::Other if self.is_alone() || went_on == Some(Side::Here) => (true, false),
            Difference::Other => {
                let is_known =
                    is_still(both.here, name, was)? || self.was_there(both, name).await?;
                (!is_known, !is_as_before(both.there, name, was))
            }
            // A file that only one side has is new there, or was removed on the other. Another store, or one that was restored
            // from an older state, may never have had it: it had, if it went on from there.
            Difference::OnlyHere => {
                let has_had = self.mark != MarkOf::AnotherStore || went_on == Some(Side::There);
                let is_removed_there = has_had && is_still(both.here, name, was)?
                    || self.was_there(both, name).await?;
                (!is_removed_there, is_removed_there && !self.is_alone())
            }
        })
    }

    /// Returns true if this machine has had a file that only the replica has, if it has gone on from all journals that only
    /// the replica has. For those of another store the headers of its own journals show that, and a mark doesn't.
    pub fn is_known_there(&self, there: &Files, name: &FileName) -> bool {
        let is_gone_on_from = self.mark == MarkOf::AnotherStore && super::pruning::is_journal(name);
        self.is_alone() || is_gone_on_from || is_as_before(there, name, self.before(name))
    }

    /// Returns true if a slot of this machine is one that the replica has, or had, under another name.
    async fn is_slot_under_another_name<S: Source>(
        &self,
        both: &Both<'_, impl Reach, S>,
        name: &FileName,
    ) -> Result<bool, CompareError> {
        if !name.is_slot() {
            return Ok(false);
        }
        let now = both.there.all().iter().map(|(name, file)| (name, std::slice::from_ref(file)));
        let past = self.past.iter().map(|(name, files)| (name, files.as_slice()));
        let others = now.chain(past).filter(|(other, _)| other.is_slot() && *other != name);
        // A slot is there whole, so most are others by their length.
        let len = both.here.files()?.get(name).copied();
        let files = others.flat_map(|(_, files)| files).filter(|file| Some(file.bytes) == len);
        was_one_of(both, name, files).await
    }

    /// Returns true if a file of this machine is one that the replica had once, or its beginning: nothing of it is new
    /// there.
    async fn was_there<S: Source>(
        &self,
        both: &Both<'_, impl Reach, S>,
        name: &FileName,
    ) -> Result<bool, CompareError> {
        was_one_of(both, name, self.past.get(name).into_iter().flatten()).await
    }
}

/// What each side has that the other one has never had.
#[derive(Default)]
pub(super) struct News {
    pub here: BTreeSet<FileName>,
    there: bool,
    is_removed_here: bool,
}

impl News {
    pub fn note(&mut self, name: &FileName, (here, there): (bool, bool)) {
        self.here.extend(here.then(|| name.clone()));
        self.there |= there;
    }

    /// Notes a file that only the replica has: this machine has removed it, or has never had it.
    pub fn note_lacking(&mut self, is_removed_here: bool) {
        self.is_removed_here |= is_removed_here;
        self.there |= !is_removed_here;
    }

    /// The side that went on from what the other one has, if only one did.
    pub fn went_on(&self) -> Option<Side> {
        match (!self.here.is_empty(), self.there) {
            (true, false) => Some(Side::Here),
            (false, true) => Some(Side::There),
            _ => None,
        }
    }

    pub fn standing(&self) -> Standing {
        match (!self.here.is_empty(), self.there) {
            (false, false) if !self.is_removed_here => Standing::Same,
            (_, false) => Standing::ReplicaIsBehind,
            // Files that were merely removed here are nothing new.
            (false, true) => Standing::MachineIsBehind,
            (true, true) => Standing::Forked,
        }
    }
}

/// Returns true if a claim is one of this store, as it is now.
async fn is_of_this_store(reach: &impl Reach, log: &Log, claim: Claim) -> Result<bool, ReadError> {
    Ok(owner_of(reach, log.session(), claim.epoch).await? == Some(claim.id))
}

/// Returns true if a file of the replica is the same as at the mark.
fn is_as_before(there: &Files, name: &FileName, was: Option<&Vec<(u64, u64)>>) -> bool {
    was.is_some() && there.get(name).map(pieces).as_ref() == was
}

/// Returns true if a file of this machine is the same as at the mark.
fn is_still(
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
/// Returns true if a file of this machine is one of these files of the replica, or its beginning.
async fn was_one_of<'a, S: Source>(
    Both { reach, log, here, .. }: &Both<'_, impl Reach, S>,
    name: &FileName,
    past: impl IntoIterator<Item = &'a FileState>,
) -> Result<bool, CompareError> {
    let Some(len) = here.files()?.get(name).copied() else { return Ok(false) };
    for file in past {
        let difference = of_both(*reach, log, *here, name, len, file).await;
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
