//! The rules that must always hold: each acknowledgement, claim and comparison is checked against them.
//!
//! Each change of a session's world is a link of a chain: it has a number that is made of the one before. So the state
//! of a replica is one number, and one world continues another if that is among its ancestors.

use std::collections::BTreeMap;

use super::trace;
use crate::replica::{Epoch, Standing};

/// A moment of a world. Zero is the one before anything happened.
pub type Link = u64;

/// Counts of what was reached in a schedule, or in many.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    pub steps: u64,
    pub claims: u64,
    pub races: u64,
    pub take_overs: u64,
    pub seals: u64,
    pub fenced: u64,
    pub acknowledged: u64,
    pub compactions: u64,
    pub deletions: u64,
    pub releases: u64,
    pub removals: u64,
    pub forks: u64,
    pub seeming_forks: u64,
    pub fetched: u64,
    pub caught_up: u64,
    pub played_unclaimed: u64,
    pub crashes: u64,
    pub went_back: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        let Self { steps, claims, races, take_overs, seals, fenced, acknowledged, .. } = other;
        self.steps += steps;
        self.claims += claims;
        self.races += races;
        self.take_overs += take_overs;
        self.seals += seals;
        self.fenced += fenced;
        self.acknowledged += acknowledged;
        let Self { compactions, deletions, releases, removals, forks, seeming_forks, .. } = other;
        self.compactions += compactions;
        self.deletions += deletions;
        self.releases += releases;
        self.removals += removals;
        self.forks += forks;
        self.seeming_forks += seeming_forks;
        let Self { fetched, caught_up, played_unclaimed, crashes, went_back, .. } = other;
        self.fetched += fetched;
        self.caught_up += caught_up;
        self.played_unclaimed += played_unclaimed;
        self.crashes += crashes;
        self.went_back += went_back;
    }
}

#[derive(Default)]
pub struct Judge {
    /// Of each link, the one before and how many there are up to it.
    chain: BTreeMap<Link, (Link, u64)>,
    /// A sum of the files that a machine had at each link.
    worlds: BTreeMap<Link, u64>,
    /// A replica is being caught up: until that is acknowledged, it has the files of no moment.
    pub is_catching_up: bool,
    /// The world that was acknowledged last, of each epoch.
    acknowledged: Vec<(Epoch, Link)>,
    /// The worlds that were read after claims.
    reads: Vec<(Epoch, Link)>,
    /// The epoch whose tombstone was acknowledged.
    removed: Option<Epoch>,
    /// The store went back in time: nothing is promised from then on but that it is noticed.
    pub is_void: bool,
    pub violation: Option<String>,
    pub counts: Counts,
}

impl Judge {
    pub fn violate(&mut self, what: impl Into<String>) {
        if !self.is_void && self.violation.is_none() {
            self.violation = Some(what.into());
        }
    }

    /// A new link behind one.
    pub fn link(&mut self, before: Link, random: u64) -> Link {
        let link = random.max(1);
        let depth = self.depth(before) + 1;
        self.chain.insert(link, (before, depth));
        link
    }

    /// The files that a machine has at a link.
    pub fn note_world(&mut self, link: Link, files: u64) {
        self.worlds.insert(link, files);
    }

    pub fn depth(&self, link: Link) -> u64 {
        self.chain.get(&link).map_or(0, |(_, depth)| *depth)
    }

    pub fn is_before(&self, earlier: Link, later: Link) -> bool {
        let mut at = later;
        while at != earlier && self.depth(at) > self.depth(earlier) {
            at = self.chain.get(&at).map_or(0, |(before, _)| *before);
        }
        at == earlier
    }

    /// An owner was answered that this is in the replica.
    pub fn acknowledge(&mut self, epoch: Epoch, link: Link) {
        self.counts.acknowledged += 1;
        trace(|| format!("  ack e{} link {:x} d{}", epoch.0, link, self.depth(link)));
        let others = self.acknowledged.iter().filter(|(other, _)| *other != epoch);
        let mut apart = others.filter(|(other, acknowledged)| match *other < epoch {
            true => !self.is_before(*acknowledged, link),
            false => !self.is_before(link, *acknowledged),
        });
        if let Some((other, _)) = apart.next_back() {
            let other = *other;
            self.violate(format!("owners of {other} and {epoch} were both acknowledged"));
        }
        let mut later = self.reads.iter().filter(|(reader, _)| *reader > epoch);
        if let Some((reader, _)) = later.find(|(_, read)| !self.is_before(link, *read)) {
            let reader = *reader;
            self.violate(format!(
                "{epoch} was acknowledged what the owner of {reader} hadn't read"
            ));
        }
        if self.removed.is_some_and(|removed| removed < epoch) {
            self.violate("a removed session was gone on with");
        }
        match self.acknowledged.iter_mut().find(|(other, _)| *other == epoch) {
            Some((_, acknowledged)) => *acknowledged = link,
            None => self.acknowledged.push((epoch, link)),
        }
    }

    /// A claimant has read the log.
    pub fn read(&mut self, epoch: Epoch, link: Link, files: u64) {
        trace(|| format!("  read e{} link {:x} d{}", epoch.0, link, self.depth(link)));
        if self.removed.is_some_and(|removed| removed < epoch) {
            self.violate("a removed session is played");
            return;
        }
        let mut earlier = self.acknowledged.iter().filter(|(other, _)| *other < epoch);
        if let Some((other, _)) =
            earlier.find(|(_, acknowledged)| !self.is_before(*acknowledged, link))
        {
            let other = *other;
            self.violate(format!("the owner of {epoch} lost what {other} was acknowledged"));
        }
        if link != 0 && !self.is_catching_up && self.worlds.get(&link) != Some(&files) {
            self.violate(format!("the owner of {epoch} reads other files than there ever were"));
        }
        self.reads.push((epoch, link));
    }

    /// The tombstone of an epoch was acknowledged.
    pub fn remove(&mut self, epoch: Epoch) {
        self.counts.removals += 1;
        self.removed = Some(epoch);
    }

    /// A host has compared its files with those of the replica.
    pub fn compare(&mut self, here: Link, there: Link, standing: Standing) {
        trace(|| {
            format!(
                "  compare here {:x} d{} there {:x} d{} {standing:?}",
                here,
                self.depth(here),
                there,
                self.depth(there)
            )
        });
        let is_behind_there = self.is_before(there, here);
        let is_behind_here = self.is_before(here, there);
        match standing {
            Standing::Same if here != there => {
                self.violate("different worlds were taken for the same");
            }
            Standing::ReplicaIsBehind if !is_behind_there => {
                self.violate("a replica is caught up with a world that doesn't go on from its own");
            }
            Standing::MachineIsBehind if !is_behind_here => {
                self.violate("what a machine has played is dropped, and no fork is shown");
            }
            Standing::Forked if is_behind_here || is_behind_there => self.counts.seeming_forks += 1,
            Standing::Forked => self.counts.forks += 1,
            Standing::Same => {}
            Standing::ReplicaIsBehind => self.counts.caught_up += 1,
            Standing::MachineIsBehind => self.counts.fetched += 1,
        }
    }
}
