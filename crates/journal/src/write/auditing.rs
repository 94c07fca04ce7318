//! Writes down who did something with kept data, if the game wants an audit log.
//!
//! Deeds are read off the answers of jobs, so that an entry is there for what was done and for nothing else, and is
//! durable before its answer is handed over. Only a deed costs a write, and no capture waits for one. What the disk
//! refuses is tried again with the next deed.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tracing::{debug, warn};

use super::asked::EditMany;
use super::news::News;
use crate::disk::{AuditFile, DirectoryStore, MOST_AUDIT_ENTRIES, StoreError, with_sources};
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{AuditDeed, AuditEntry, RequestError, ShelfMove};

/// Requests of players that are remembered until they are answered.
const MOST_REQUESTS: usize = 1000;

/// Keeps the audit log of the profile.
#[derive(Default)]
pub(super) struct Auditor {
    is_on: bool,
    /// The players who asked for what isn't answered yet.
    asked_by: BTreeMap<Ticket, String>,
    /// The players who asked for what is done with many sessions.
    asked_of: HashMap<SessionId, String>,
    /// Entries that aren't written yet.
    waiting: Vec<AuditEntry>,
}

impl Auditor {
    /// Switches the log on or off. It stays as it is when it is off.
    pub(super) fn switch(&mut self, is_on: bool) {
        self.is_on = is_on;
    }

    /// A player makes the request of this ticket.
    pub(super) fn note_asker(&mut self, ticket: Ticket, player: String) {
        if self.is_on {
            self.asked_by.insert(ticket, player);
        }
        if self.asked_by.len() > MOST_REQUESTS {
            // One that was rejected before it came to the writer has no answer here.
            self.asked_by.pop_first();
        }
    }

    /// The request of this ticket is about many sessions.
    pub(super) fn note_many(&mut self, order: &EditMany, ticket: Ticket) {
        if let Some(player) = self.asked_by.remove(&ticket) {
            let sessions = order.sessions.iter();
            self.asked_of.extend(sessions.map(|one| (one.session, player.clone())));
        }
    }

    /// Takes in what was done.
    pub(super) fn note(&mut self, news: &[News], now: Timestamp) {
        if !self.is_on {
            return;
        }
        for report in news {
            if let News::EditedMany { .. } = report {
                // Sessions that were passed over have no report of their own.
                self.asked_of.clear();
            }
            let Some(deed) = Deed::of(report) else { continue };
            let by_ticket = deed.ticket.and_then(|ticket| self.asked_by.remove(&ticket));
            let player = by_ticket
                .or_else(|| self.asked_of.remove(&deed.session.filter(|_| deed.ticket.is_none())?));
            let Some(what) = deed.what else { continue };
            let mut entry =
                AuditEntry { session: deed.session, ..AuditEntry::new(now, deed.who, what) };
            if let Some(player) = player {
                (entry.who, entry.by_player) = (player, true);
            }
            self.add(entry);
        }
    }

    fn add(&mut self, entry: AuditEntry) {
        self.waiting.push(entry);
        let surplus = self.waiting.len().saturating_sub(MOST_AUDIT_ENTRIES);
        self.waiting.drain(..surplus);
    }

    /// Writes what isn't written yet.
    pub(super) fn write(&mut self, store: &DirectoryStore) {
        if self.waiting.is_empty() {
            return;
        }
        let written = AuditFile::of(store).lock().and_then(|lock| match lock {
            Some(lock) => AuditFile::of(store).add(&lock, &self.waiting).map(|()| true),
            None => Ok(false),
        });
        match written {
            Ok(true) => self.waiting.clear(),
            Ok(false) => debug!("another process writes the audit log"),
            Err(error) => warn!(error = %with_sources(&error), "the audit log can't be written"),
        }
    }

    /// Another profile comes next: what can't be written now is lost, since it is none of that one's.
    pub(super) fn leave(&mut self, store: &DirectoryStore) {
        self.write(store);
        self.waiting.clear();
        self.asked_of.clear();
    }

    /// The newest entries, the oldest of them first, and the number of all that are kept.
    pub(super) fn read(
        &self,
        store: &DirectoryStore,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, usize), RequestError> {
        let mut entries = AuditFile::of(store).read()?;
        entries.extend(self.waiting.iter().cloned());
        let total = entries.len();
        entries.drain(..total.saturating_sub(limit));
        Ok((entries, total))
    }

    /// Returns true if a player has asked for something that is in the log.
    pub(super) fn names(&self, store: &DirectoryStore, player: &str) -> bool {
        let entries = self.read(store, usize::MAX).map(|(entries, _)| entries).unwrap_or_default();
        entries.iter().any(|entry| entry.by_player && entry.who == player)
    }

    /// Forgets the names of players who are erased, in the file as well, durably. Returns false if another process
    /// writes it now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the file stays as it is.
    pub(super) fn erase(
        &mut self,
        store: &DirectoryStore,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<bool, StoreError> {
        for entry in self.waiting.iter_mut().filter(|it| it.by_player && is_meant(&it.who)) {
            AuditEntry::ERASED.clone_into(&mut entry.who);
        }
        let names = self.asked_by.values_mut().chain(self.asked_of.values_mut());
        for name in names.filter(|name| is_meant(name)) {
            AuditEntry::ERASED.clone_into(name);
        }
        if !AuditFile::of(store).is_kept() {
            return Ok(true);
        }
        let Some(lock) = AuditFile::of(store).lock()? else { return Ok(false) };
        AuditFile::of(store).rename(&lock, is_meant, AuditEntry::ERASED).map(|_| true)
    }

    /// Adds a deed of the tool, if the game keeps an audit log.
    pub(super) fn note_by_tool(
        &mut self,
        store: &DirectoryStore,
        (what, session): (AuditDeed, Option<SessionId>),
        now: Timestamp,
    ) {
        if AuditFile::of(store).is_kept() {
            self.add(AuditEntry { session, ..AuditEntry::new(now, AuditEntry::BY_TOOL, what) });
            self.write(store);
        }
    }
}

/// A deed, as its report says it.
struct Deed {
    /// `None` if nothing was done that is written down.
    what: Option<AuditDeed>,
    session: Option<SessionId>,
    ticket: Option<Ticket>,
    /// The one who did it, if no player asked for it.
    who: &'static str,
}

impl Deed {
    fn of(report: &News) -> Option<Self> {
        let (what, is_done, session, ticket) = match report {
            News::PlayerExported { result, ticket, .. } => {
                (Some(AuditDeed::ExportedPlayer), result.is_ok(), None, Some(*ticket))
            }
            News::PlayerErased { result, ticket, .. } => {
                (Some(AuditDeed::ErasedPlayer), result.is_ok(), None, Some(*ticket))
            }
            News::Described { order, result, ticket } => {
                (Some(AuditDeed::Reported), result.is_ok(), order.session, Some(*ticket))
            }
            News::Forgotten { session, result, ticket } => {
                (Some(AuditDeed::Deleted), result.is_ok(), Some(*session), *ticket)
            }
            News::Shelved { session, how, result, ticket } => {
                let is_moved = result.as_ref().is_ok_and(|moved| moved.from != moved.to);
                (deed_of(*how), is_moved, Some(*session), *ticket)
            }
            News::Emptied { session, .. } => (Some(AuditDeed::Deleted), true, Some(*session), None),
            _ => return None,
        };
        let is_emptied = matches!(report, News::Emptied { .. });
        let who = if is_emptied { AuditEntry::BY_CLEANUP } else { AuditEntry::BY_GAME };
        Some(Self { what: what.filter(|_| is_done), session, ticket, who })
    }
}

/// The deed that a move is; `None` if it takes a session back.
pub(super) fn deed_of(how: ShelfMove) -> Option<AuditDeed> {
    match how {
        ShelfMove::Archive(_) => Some(AuditDeed::Archived),
        ShelfMove::Delete => Some(AuditDeed::Trashed),
        _ => None,
    }
}
