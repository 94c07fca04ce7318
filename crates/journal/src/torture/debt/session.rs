//! The debt of one session.

use super::map::OwedMap;
use super::retained::Retained;
use crate::model::ids::CheckpointId;
use crate::model::session::SessionStatus;
use crate::torture::Fact;
use crate::torture::game::description_of;
use crate::torture::opening::{Key, OpenedEntry, OpenedSession, key};

/// The debt of one session.
#[derive(Clone, Debug, Default)]
pub struct OwedSession {
    newest: Option<CheckpointId>,
    retained: Retained,
    map: OwedMap,
    stand: Stand,
    /// The names that it may have now, the newest last.
    names: Vec<String>,
    /// The names that it ever had.
    all_names: Vec<String>,
    statuses: Statuses,
    may_be_forked: bool,
}

/// The statuses that a session may have while it is played.
#[derive(Clone, Default, Debug)]
struct Statuses {
    /// The newest last. A session that never was paused has none, and is active.
    possible: Vec<SessionStatus>,
    /// The begin of those of a run of which nothing is durable yet.
    new_run: Option<usize>,
}

impl Statuses {
    fn follow(&mut self, fact: &Fact) {
        match fact {
            Fact::Standing { status } => {
                if self.possible.is_empty() {
                    self.possible.push(SessionStatus::Active);
                }
                self.possible.push(*status);
            }
            Fact::TakingUp { checkpoint: Some(_) } | Fact::Loading { .. } => {
                self.new_run = Some(self.possible.len());
                self.possible.push(SessionStatus::Active);
            }
            Fact::Acknowledged { .. } => {
                let before = self.new_run.take().unwrap_or_default();
                self.possible.drain(..before);
            }
            Fact::Stated => {
                self.new_run = None;
                let settled = self.possible.len().saturating_sub(1);
                self.possible.drain(..settled);
            }
            _ => {}
        }
    }

    fn may_be(&self, status: SessionStatus) -> bool {
        match &*self.possible {
            [] => status == SessionStatus::Active,
            possible => possible.contains(&status),
        }
    }
}

/// The state of a session.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stand {
    /// Nothing of it was acknowledged, or it is between two states.
    #[default]
    Open,
    /// It is being left, and may be found either way.
    BeingLeft,
    /// It is being played, so a start finds a crash.
    Played,
    /// It was left or declined, so it isn't offered any more.
    SetAside,
    BeingForgotten,
    Forgotten,
}

impl OwedSession {
    pub fn follow(&mut self, fact: &Fact) {
        let is_over = self.stand == Stand::Forgotten;
        match fact {
            // Nothing can be done any more to what was deleted.
            Fact::TakingUp { .. } | Fact::Forgetting if is_over => {}
            // A session that was deleted in part isn't owed again because of an attempt to resume it.
            Fact::TakingUp { .. } if self.stand == Stand::BeingForgotten => {}
            Fact::Loading { .. } if is_over || self.stand == Stand::BeingForgotten => {
                let (names, map) = (self.all_names.clone(), self.map.clone());
                *self = Self { names: names.clone(), all_names: names, map, ..Self::default() };
            }
            Fact::Acknowledged { id } => {
                self.newest = Some(*id);
                // While it is being left, the end may get there together with the last checkpoint.
                if self.stand != Stand::BeingLeft {
                    self.stand = Stand::Played;
                }
            }
            Fact::TakenUpHalfBlind => self.may_be_forked = true,
            Fact::Leaving => self.stand = Stand::BeingLeft,
            Fact::TakingUp { .. } | Fact::Loading { .. } => self.stand = Stand::Open,
            Fact::Left | Fact::Declined => self.stand = Stand::SetAside,
            Fact::Forgetting => self.stand = Stand::BeingForgotten,
            Fact::Forgotten => self.stand = Stand::Forgotten,
            Fact::Naming { name } => {
                self.names.push(name.clone());
                self.all_names.push(name.clone());
            }
            Fact::Stated => {
                let settled = self.names.len().saturating_sub(1);
                self.names.drain(..settled);
            }
            _ => {}
        }
        self.statuses.follow(fact);
        self.map.follow(fact);
        self.retained.follow(fact);
    }

    /// The disk has no room left, or is going to say so.
    pub fn disk_is_short(&mut self) {
        self.retained.disk_is_short();
    }

    /// There is no room for more than must be kept of it.
    pub fn thin(&mut self) {
        self.retained.thin();
    }

    /// The checkpoints that must be there.
    pub fn checkpoints(&self) -> impl Iterator<Item = Key> {
        let is_owed = !matches!(self.stand, Stand::BeingForgotten | Stand::Forgotten);
        self.retained.checkpoints().filter(move |_| is_owed)
    }

    /// Checks the findings about it. `order` returns the place of a checkpoint among the older and newer ones.
    pub fn check(
        &self,
        found: Option<&OpenedSession>,
        order: &dyn Fn(CheckpointId) -> usize,
    ) -> Result<(), String> {
        if self.stand == Stand::Forgotten {
            return match found {
                Some(found) if found.is_listed() => Err("forgotten, and there again".to_owned()),
                _ => Ok(()),
            };
        }
        let Some(newest) = self.newest else { return Ok(()) };
        if self.stand == Stand::BeingForgotten && found.is_none_or(|found| !found.is_listed()) {
            return Ok(());
        }
        let Some(found) = found else { return Err("the session is gone".to_owned()) };
        check_newest(newest, found, order)?;
        if self.stand == Stand::BeingForgotten {
            return Ok(());
        }
        let lost = self.checkpoints().find(|id| !found.restores(*id));
        if let Some((run, counter)) = lost {
            let why = self.retained.why((run, counter));
            let lost = format!("{counter}@{run:016x} should be kept, and can't be restored");
            return Err(format!("{lost}: {why:?}"));
        }
        if let Some(failure) = &found.failure {
            return Err(format!("a failure is reported: {failure}"));
        }
        self.check_offers(newest, found, order)?;
        if !found.has_unknown_frame {
            return Err("what a later release wrote isn't there any more".to_owned());
        }
        self.map.check(found.map)?;
        match &found.entry {
            // Each line of a fork says of itself what it was given.
            Some(entry) if !self.may_be_forked => self.check_entry(entry),
            _ => Ok(()),
        }
    }

    fn check_entry(&self, entry: &OpenedEntry) -> Result<(), String> {
        let OpenedEntry { name, description, status } = entry;
        if !self.names.contains(name) {
            return Err(format!("it is called {name:?}, and not {:?}", self.names));
        }
        if *description != description_of(name) {
            return Err(format!("{name:?} describes itself as {description:?}"));
        }
        if status.is_running() && !self.statuses.may_be(*status) {
            return Err(format!("it is {status:?}, and not {:?}", self.statuses.possible));
        }
        Ok(())
    }

    fn check_offers(
        &self,
        newest: CheckpointId,
        found: &OpenedSession,
        order: &dyn Fn(CheckpointId) -> usize,
    ) -> Result<(), String> {
        if found.offers.len() > 1 && !self.may_be_forked {
            let heads = &found.heads;
            return Err(format!("played in one place, and offered as a fork: {heads:?}"));
        }
        // The lines of a fork are offered until it is decided which one continues.
        if self.stand == Stand::SetAside && !found.offers.is_empty() && !self.may_be_forked {
            return Err("set aside, and offered again".to_owned());
        }
        if self.stand == Stand::Played {
            let offered = found.offers.iter().map(|offer| order(offer.newest)).max();
            if offered < Some(order(newest)) {
                return Err(format!("{newest} was acknowledged, and isn't offered"));
            }
        }
        Ok(())
    }
}

fn check_newest(
    newest: CheckpointId,
    found: &OpenedSession,
    order: &dyn Fn(CheckpointId) -> usize,
) -> Result<(), String> {
    let best = found.intact_heads().max_by_key(|id| order(*id));
    match best {
        None => Err(format!("{newest} was acknowledged, and nothing is there")),
        Some(best) if order(best) < order(newest) => {
            Err(format!("{newest} was acknowledged, the newest that is there is {best}"))
        }
        Some(best) if !found.restores(key(best)) => Err(format!("{best} can't be restored")),
        Some(_) => Ok(()),
    }
}
