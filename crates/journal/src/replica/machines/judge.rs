//! The rules that must always hold of what machines play, and of what a replica has of it.
//!
//! Each checkpoint that a game captures is a [`Link`] to the one that it goes on from. The judge knows in which file each
//! stands and where it ends there, so that the names and lengths of files say which links a disk or a replica has, and it
//! knows every byte that was ever written.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::trace;
use crate::disk::Layout;
use crate::model::ids::CheckpointId;

/// A checkpoint, by its place among all.
pub type Link = usize;
/// The lengths of files, by name. A slot's name begins with `slots/`.
pub type Lengths = BTreeMap<String, u64>;
/// The bytes of files, by name.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// The facts about a checkpoint.
#[derive(Clone, Debug)]
pub struct LinkFacts {
    pub parent: Option<Link>,
    pub checkpoint: CheckpointId,
    /// The checkpoints at which the runs before were left, the newest first.
    pub lineage: Vec<CheckpointId>,
    /// The file that it stands in.
    pub file: String,
    /// The files beside that one without which it isn't whole.
    pub needs: Vec<String>,
}

/// Something of which a machine was told that it is in the replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owed {
    Checkpoint(Link),
    /// A slot, by the hash of its bytes.
    Slot(u64),
}

#[derive(Default)]
pub struct Judge {
    links: Vec<LinkFacts>,
    /// Where the links of a journal end.
    ends: BTreeMap<String, Vec<(u64, Link)>>,
    /// The bytes of files that only grow.
    grown: BTreeMap<String, Vec<u8>>,
    /// The hashes of all that ever stood under a name as a whole, slots by no name.
    whole: BTreeSet<(String, u64)>,
    acknowledged: Vec<Link>,
    /// Slots that are in the replica, and that nobody who had them has overwritten or deleted.
    slots: BTreeSet<u64>,
    /// Slots that somebody who had them has overwritten or deleted.
    outdated_slots: BTreeSet<u64>,
    pub violation: Option<String>,
    pub counts: BTreeMap<&'static str, u64>,
}

impl Judge {
    pub fn violate(&mut self, what: impl Into<String>) {
        let what = what.into();
        trace(|| format!("  VIOLATION {what}"));
        self.violation.get_or_insert(what);
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn link(&mut self, facts: LinkFacts) -> Link {
        let link = self.links.len();
        self.links.push(facts);
        link
    }

    pub fn facts(&self, link: Link) -> &LinkFacts {
        &self.links[link]
    }

    /// A file that only grows is about to get these bytes, the last of which end a link.
    pub fn grow(&mut self, name: &str, bytes: &[u8], link: Option<Link>) {
        let grown = self.grown.entry(name.to_owned()).or_default();
        grown.extend_from_slice(bytes);
        let end = grown.len() as u64;
        let ends = self.ends.entry(name.to_owned()).or_default();
        ends.extend(link.map(|link| (end, link)));
    }

    /// A file is about to be these bytes as a whole.
    pub fn replace(&mut self, name: &str, bytes: &[u8]) -> u64 {
        let hash = xxh3_64(bytes);
        self.whole.insert((kind_of(name).to_owned(), hash));
        hash
    }

    /// A slot was overwritten or deleted by who had it.
    pub fn outdate_slot(&mut self, hash: u64) {
        self.outdated_slots.insert(hash);
    }

    /// Slots that are still somebody's and aren't among these.
    pub fn lacking_slots(&self, slots: &BTreeSet<u64>, there: &BTreeSet<u64>) -> BTreeSet<u64> {
        let is_owed = |slot: &&u64| !self.outdated_slots.contains(slot) && !there.contains(slot);
        slots.iter().filter(is_owed).copied().collect()
    }

    pub fn is_before(&self, earlier: Link, later: Link) -> bool {
        // No link goes on from one that came after it.
        let mut at = Some(later);
        while let Some(link) = at.filter(|link| *link > earlier) {
            at = self.links[link].parent;
        }
        at == Some(earlier)
    }

    /// The last link of each journal.
    fn last_links(&self, files: &Lengths) -> Vec<Link> {
        let last = files.iter().filter_map(|(name, len)| {
            let ends = self.ends.get(name)?;
            ends.iter().rev().find(|(end, _)| end <= len).map(|(_, link)| *link)
        });
        last.collect()
    }

    /// The links that no other one goes on from.
    pub fn heads(&self, files: &Lengths) -> Vec<Link> {
        let last = self.last_links(files);
        let is_head = |link: &Link| !last.iter().any(|it| it != link && self.is_before(*link, *it));
        last.iter().copied().filter(is_head).collect()
    }

    pub fn covers(&self, files: &Lengths, link: Link) -> bool {
        self.last_links(files).into_iter().any(|last| self.is_before(link, last))
    }

    /// All links of a journal.
    pub fn links_of(&self, name: &str) -> impl Iterator<Item = Link> {
        self.ends.get(name).into_iter().flatten().map(|(_, link)| *link)
    }

    /// A machine was told that this is in the replica, which has these files.
    pub fn acknowledge(&mut self, owed: Owed, there: &Contents) {
        self.count("acknowledged");
        trace(|| format!("  acknowledged {owed:?}"));
        match owed {
            Owed::Checkpoint(link) => {
                self.acknowledged.retain(|other| *other != link);
                self.acknowledged.push(link);
            }
            Owed::Slot(hash) => drop(self.slots.insert(hash)),
        }
        self.read(there, "after an acknowledgement");
    }

    /// A machine that claims the session now reads these files.
    pub fn read(&mut self, there: &Contents, when: &str) {
        let lengths = lengths(there);
        let lost = self.acknowledged.iter().find(|link| !self.covers(&lengths, **link));
        if let Some(lost) = lost {
            let facts = &self.links[*lost];
            let what =
                format!("{when} the replica lacks {lost} of {} that was acknowledged", facts.file);
            self.violate(format!("{what}; it has {lengths:?}"));
        }
        let lacking = self.lacking_slots(&self.slots, &slots_of(there));
        if !lacking.is_empty() {
            let what =
                format!("{when} the replica lacks the slots {lacking:?} that were acknowledged");
            self.violate(format!("{what}; it has {lengths:?}"));
        }
        self.check_whole(there, &format!("{when} the replica"));
    }

    /// Fails where a file isn't one that ever was, or one isn't there that a head names.
    pub fn check_whole(&mut self, files: &Contents, whose: &str) {
        // The card is written at leisure, and what a power cut leaves of it may be anything.
        let said =
            files.iter().filter(|(name, _)| is_of_session(name) && !Layout::is_card_name(name));
        for (name, bytes) in said {
            let is_known = match self.grown.get(name) {
                Some(grown) => grown.starts_with(bytes),
                None => self.whole.contains(&(kind_of(name).to_owned(), xxh3_64(bytes))),
            };
            if !is_known {
                self.violate(format!(
                    "{whose} has a {name} of {} bytes that never was",
                    bytes.len()
                ));
            }
        }
        for head in self.heads(&lengths(files)) {
            let needs = &self.links[head].needs;
            if let Some(lacking) = needs.iter().find(|name| !files.contains_key(*name)) {
                let what = format!("{whose} lacks {lacking}, which {head} names");
                self.violate(what);
            }
        }
    }
}

/// Returns true if it isn't a file that is still being written.
pub fn is_of_session(name: &str) -> bool {
    Layout::place_of_unfinished(name).is_none() && Layout::place_of_aside(name).is_none()
}

pub fn lengths(files: &Contents) -> Lengths {
    files.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect()
}

/// The hashes of the slots among files.
pub fn slots_of(files: &Contents) -> BTreeSet<u64> {
    let slots = files.iter().filter(|(name, _)| name.starts_with("slots/"));
    slots.map(|(_, bytes)| xxh3_64(bytes)).collect()
}

/// A slot may get another name where its own is another's.
fn kind_of(name: &str) -> &str {
    if name.starts_with("slots/") { "slots/" } else { name }
}
