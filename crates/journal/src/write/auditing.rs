//! Notes in the profile's audit log who read, exported, deleted, archived or erased what.
//!
//! An entry is durable before the answer of what it is about is reported. A disk that refuses it keeps nothing else from
//! being done: the entry waits, and is tried again.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use super::jobs::ActsFor;
use super::{News, SlotOrder};
use crate::disk::{AuditFile, DirectoryStore, with_sources};
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{AuditActor, AuditDeed, AuditEntry};
use crate::read::report::ReportOf;

/// Requests of players that wait for their answer, of which it is known whose they are.
const MOST_ASKED: usize = 4096;
/// Entries that wait for a disk.
const MOST_WAITING: usize = 4096;

/// The end of the audit log at which this process writes.
#[derive(Default)]
pub(super) struct Auditor {
    is_on: bool,
    asked_by: HashMap<Ticket, String>,
    file: Option<AuditFile>,
    waiting: Vec<AuditEntry>,
}

impl Auditor {
    /// From now on entries are written.
    pub(super) fn switch_on(&mut self) {
        self.is_on = true;
    }

    /// A request was made by a player.
    pub(super) fn note_asker(&mut self, ticket: Ticket, player: String) {
        if self.is_on && self.asked_by.len() < MOST_ASKED {
            self.asked_by.insert(ticket, player);
        }
    }

    /// Writes down what these reports say that was done.
    pub(super) fn note<'a>(
        &mut self,
        store: &DirectoryStore,
        news: impl IntoIterator<Item = &'a News>,
        acts_for: ActsFor,
        now: Timestamp,
    ) {
        if !self.is_on {
            return;
        }
        let before = self.waiting.len();
        for report in news {
            if let Some((what, session, ticket)) = deed(report) {
                let who = self.who(report, ticket, acts_for);
                self.waiting.push(AuditEntry::new(now, who, what, session));
            }
            if let Some(ticket) = answered(report) {
                self.asked_by.remove(&ticket);
            }
        }
        if self.waiting.len() > before {
            self.write(store);
        }
    }

    /// Adds an entry, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::disk::StoreError).
    pub(super) fn add(
        &mut self,
        store: &DirectoryStore,
        entry: AuditEntry,
    ) -> Result<(), crate::disk::StoreError> {
        store.audit().add(&mut self.file, &[entry])
    }

    /// Nothing that waits names this player any more.
    pub(super) fn forget(&mut self, is_player: impl Fn(&str) -> bool) {
        self.waiting.iter_mut().for_each(|entry| forget_in(entry, &is_player));
        self.asked_by.retain(|_, player| !is_player(player));
    }

    /// Removes files of the log by their age. How many went.
    pub(super) fn prune(
        &self,
        store: &DirectoryStore,
        is_old: impl Fn(Timestamp, Duration) -> bool,
        keep: Duration,
    ) -> usize {
        let pruned = store.audit().prune(|at| is_old(at, keep), self.file.as_ref());
        pruned.unwrap_or_default()
    }

    /// Tries again what could not be written, as another profile's sessions come next, or the process ends.
    pub(super) fn end(&mut self, store: &DirectoryStore) {
        self.write(store);
        self.file = None;
    }

    fn write(&mut self, store: &DirectoryStore) {
        if self.waiting.is_empty() {
            return;
        }
        match store.audit().add(&mut self.file, &self.waiting) {
            Ok(()) => self.waiting.clear(),
            Err(error) => {
                self.file = None;
                let most = self.waiting.len().saturating_sub(MOST_WAITING);
                self.waiting.drain(..most);
                warn!(error = %with_sources(&error), "the audit log can't be written");
            }
        }
    }

    fn who(&self, news: &News, ticket: Option<Ticket>, acts_for: ActsFor) -> AuditActor {
        let asked = match acts_for {
            _ if matches!(news, News::Emptied { .. } | News::GivenUp { .. }) => {
                return AuditActor::Cleanup;
            }
            ActsFor::Cleanup => return AuditActor::Cleanup,
            ActsFor::Asked(ticket) => Some(ticket),
            ActsFor::Tickets => ticket,
        };
        let player = asked.and_then(|ticket| self.asked_by.get(&ticket));
        player.map_or(AuditActor::Game, |player| AuditActor::Player(player.clone()))
    }

    /// Who made a request.
    pub(super) fn asker(&self, ticket: Ticket) -> AuditActor {
        let player = self.asked_by.get(&ticket);
        player.map_or(AuditActor::Game, |player| AuditActor::Player(player.clone()))
    }
}

/// Takes a player out of an entry.
pub(super) fn forget_in(entry: &mut AuditEntry, is_player: impl Fn(&str) -> bool) {
    if matches!(&entry.who, AuditActor::Player(player) if is_player(player)) {
        entry.who = AuditActor::ErasedPlayer;
    }
}

/// What a report says that was done, with which session, and for which request.
fn deed(news: &News) -> Option<(AuditDeed, Option<SessionId>, Option<Ticket>)> {
    match news {
        News::Declined { session, result: Ok(()), ticket } => {
            Some((AuditDeed::Declined, Some(*session), Some(*ticket)))
        }
        News::Forgotten { session, result: Ok(()), ticket } => {
            Some((AuditDeed::Removed, Some(*session), *ticket))
        }
        News::Emptied { session, .. } => Some((AuditDeed::Removed, Some(*session), None)),
        News::GivenUp { session, .. } => Some((AuditDeed::GivenUp, Some(*session), None)),
        News::Shelved { session, how, result: Ok(moved), ticket } => {
            Some((AuditDeed::of_move(*how, moved)?, Some(*session), *ticket))
        }
        News::EventsRead { query, result: Ok(_), ticket } => {
            Some((AuditDeed::Read, Some(query.session), Some(*ticket)))
        }
        News::Described { order, result: Ok(_), ticket } => {
            let deed = match order.of {
                ReportOf::Now | ReportOf::LastRun(_) => AuditDeed::Reported,
                ReportOf::Session | ReportOf::Scenario(_) => AuditDeed::Exported,
            };
            Some((deed, order.session, Some(*ticket)))
        }
        News::Slot { order, result: Ok(_), ticket } => {
            let deed = match order {
                SlotOrder::Delete { .. } => AuditDeed::DeletedSlot,
                SlotOrder::Import { .. } => AuditDeed::Imported,
                _ => return None,
            };
            Some((deed, None, *ticket))
        }
        News::PlayerExported { result: Ok(_), ticket, .. } => {
            Some((AuditDeed::ExportedPlayer, None, Some(*ticket)))
        }
        // What erases a player writes its own entry, as a part of the work.
        _ => None,
    }
}

/// The request that a report is the last word about.
fn answered(news: &News) -> Option<Ticket> {
    match news {
        News::Declined { ticket, .. }
        | News::EventsRead { ticket, .. }
        | News::Described { ticket, .. }
        | News::EditedMany { ticket, .. }
        | News::PlayerExported { ticket, .. } => Some(*ticket),
        News::Forgotten { ticket, .. }
        | News::Shelved { ticket, .. }
        | News::Slot { ticket, .. }
        | News::CleanedUp { ticket, .. }
        | News::PlayerErased { ticket, .. } => *ticket,
        _ => None,
    }
}
