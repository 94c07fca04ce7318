//! Removes what an erasure names: sessions one at a time, then slots, then what this machine's state says of them.

use std::collections::{BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::super::cloud::{ErasedInCloud, erase_in_cloud};
use super::super::filing::{forget_for_good, refuse_to_guess, take};
use super::super::news::News;
use super::state::{count_logs, count_records, marked, remove_indexes};
use super::{Means, Stepped};
use crate::disk::{
    ConsentFiles, Disk, Erasure, ErasureFiles, LocalStore, SlotFile, StoredSession, is_away,
    slots_in, with_sources,
};
use crate::format::Head;
use crate::model::ids::{SessionId, SlotId};
use crate::model::session::{ErasureReceipt, Remaining, RequestError, SlotError};

/// The time that another process may be busy with slots, or with the audit log.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// The interval at which the lock is tried meanwhile.
const LOCK_AGAIN: Duration = Duration::from_millis(20);

/// The removal of what an erasure names.
pub(super) struct Removing {
    erasure: Erasure,
    /// The player; `None` where it is done again, of which no name is known.
    player: Option<String>,
    local: Arc<LocalStore>,
    stage: Stage,
    /// The sessions that aren't removed now.
    kept: BTreeSet<SessionId>,
    receipt: ErasureReceipt,
    /// True if it is known now of a session whose it is, and wasn't before.
    has_decided: bool,
    /// The slots that are removed and not reported yet.
    removed_slots: Vec<SlotId>,
    /// The time since which a lock is waited for.
    waiting_since: Option<Duration>,
}

/// What is removed next.
enum Stage {
    Sessions(VecDeque<SessionId>),
    Slots,
    Cloud,
    State,
    Consent,
    AuditLog,
    End,
}

/// Whose a session is that was away.
enum Whose {
    Theirs,
    Others,
    Forked,
    Unreadable,
}

/// Files that were removed, and their bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Removed {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Removing {
    pub(super) fn of(
        erasure: Erasure,
        player: Option<String>,
        remaining: Vec<Remaining>,
        local: &Arc<LocalStore>,
    ) -> Self {
        let receipt = ErasureReceipt { remaining, ..ErasureReceipt::default() };
        let sessions = erasure.sessions.iter().chain(&erasure.away);
        let stage = Stage::Sessions(sessions.copied().collect());
        let (local, kept) = (Arc::clone(local), BTreeSet::new());
        Self {
            erasure,
            player,
            local,
            stage,
            kept,
            receipt,
            has_decided: false,
            removed_slots: Vec::new(),
            waiting_since: None,
        }
    }

    /// The session that is removed next.
    pub(super) fn next_session(&self) -> Option<SessionId> {
        match &self.stage {
            Stage::Sessions(sessions) => sessions.front().copied(),
            _ => None,
        }
    }

    /// Does the next piece of work.
    pub(super) fn step(&mut self, means: &mut Means<'_>) -> Stepped {
        match &mut self.stage {
            Stage::Sessions(sessions) => match sessions.pop_front() {
                Some(session) => self.remove_session(session, means),
                None => self.stage = Stage::Slots,
            },
            Stage::Slots => return self.remove_slots(means),
            Stage::Cloud => {
                self.remove_from_cloud(means);
                self.stage = Stage::State;
            }
            Stage::State => {
                self.clear_state(means);
                self.stage = Stage::Consent;
            }
            Stage::Consent => return self.remove_consent(means),
            Stage::AuditLog => return self.clear_audit_log(means),
            Stage::End => return Stepped::Done(self.end()),
        }
        Stepped::Going
    }

    fn remove_slots(&mut self, means: &mut Means<'_>) -> Stepped {
        let removed = self.try_removing_slots();
        let slots = std::mem::take(&mut self.removed_slots);
        if !slots.is_empty() {
            means.news.push(News::SlotsErased { slots });
        }
        match removed {
            Ok(true) => {}
            Ok(false) if self.may_wait(means) => return Stepped::Later(LOCK_AGAIN),
            Ok(false) => {
                let error = SlotError::InUse.into();
                self.receipt.remaining.push(Remaining::SlotsRefused { error });
            }
            Err(error) => self.receipt.remaining.push(Remaining::SlotsRefused { error }),
        }
        self.waiting_since = None;
        self.stage = Stage::Cloud;
        Stepped::Going
    }

    /// Removes the files that this device and others have put into the folder of a file cloud.
    fn remove_from_cloud(&mut self, means: &Means<'_>) {
        let Some(folder) = means.cloud else { return };
        let ErasedInCloud { files, bytes, remaining } =
            erase_in_cloud(&self.local, folder, &self.erasure);
        self.count(Removed { files, bytes });
        self.receipt.remaining.extend(remaining);
    }

    /// Removes the slots. Returns false if another process works on slots now.
    fn try_removing_slots(&mut self) -> Result<bool, RequestError> {
        let store = &self.local.store;
        let _lock = match store.slots().lock() {
            // Without locks it is done all the same.
            Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => None,
            Ok(None) => return Ok(false),
            locked => locked?,
        };
        // A slot that was being written may be the player's as well.
        store.slots().sweep();
        let gone = self.gone();
        let mut own = slots_in(&**store.disk(), &store.layout().slots())?;
        own.retain(|slot| slot.as_ref().is_ok_and(|slot| self.is_slot_meant(slot, &gone)));
        let own: Vec<SlotFile> = own.into_iter().flatten().collect();
        let done = store.slots().remove(own.iter().map(|slot| &*slot.path));
        let is_missing = |slot: &SlotFile| {
            let opened = store.disk().open(&slot.path);
            opened.is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        let is_gone = |slot: &&SlotFile| done.is_ok() || is_missing(slot);
        let (gone, left): (Vec<&SlotFile>, Vec<&SlotFile>) = own.iter().partition(is_gone);
        let mut removed = Removed::default();
        gone.iter().for_each(|slot| removed.add(1, slot.bytes));
        // One of two copies may be left.
        let left: BTreeSet<_> = left.iter().map(|slot| slot.slot.id).collect();
        let ids = gone.iter().map(|slot| slot.slot.id).filter(|id| !left.contains(id));
        self.removed_slots.extend(ids);
        self.receipt.slots += usize::try_from(removed.files).unwrap_or_default();
        self.count(removed);
        Ok(done.map(|()| true)?)
    }

    /// Returns true if a slot is one of the player's, also if it was made later of a session that was still played.
    fn is_slot_meant(&self, slot: &SlotFile, gone: &BTreeSet<SessionId>) -> bool {
        let player = slot.header.metadata.player.as_deref();
        let is_named = self.erasure.slots.contains(&slot.slot.id);
        (is_named || gone.contains(&slot.header.session))
            && player.is_none_or(|player| self.is_meant(player))
    }

    /// Returns true if this is the player, as far as it is known.
    fn is_meant(&self, player: &str) -> bool {
        match &self.player {
            Some(name) => name == player,
            None => self.erasure.may_be_of(player),
        }
    }

    fn remove_session(&mut self, session: SessionId, means: &mut Means<'_>) {
        if self.erasure.away.contains(&session) && !self.decide(session, means) {
            return;
        }
        let removed = match means.playing == Some(session) {
            true => Err(RequestError::SessionInUse),
            false => self.try_removing(session, means),
        };
        match removed {
            Ok(Some(removed)) => {
                self.receipt.sessions += 1;
                self.count(removed);
                means.news.push(News::Forgotten { session, result: Ok(()), ticket: None });
            }
            // It is another player's by now.
            Ok(None) => drop(self.kept.insert(session)),
            // It isn't there.
            Err(RequestError::UnknownSession) => {}
            Err(RequestError::SessionInUse) => {
                self.kept.insert(session);
                self.receipt.remaining.push(Remaining::InUse { session });
            }
            Err(error) => self.keep(session, error),
        }
    }

    /// Leaves a session to the next cleanup.
    fn keep(&mut self, session: SessionId, error: RequestError) {
        debug!(%session, error = %with_sources(&error), "it can't be removed now");
        let store = &self.local.store;
        let is_away = is_away(&**store.disk(), &store.layout().session(session));
        self.kept.insert(session);
        self.receipt.remaining.push(match is_away {
            true => Remaining::Away { session },
            false => Remaining::Refused { session, error },
        });
    }

    fn try_removing(
        &self,
        session: SessionId,
        means: &mut Means<'_>,
    ) -> Result<Option<Removed>, RequestError> {
        let store = &self.local.store;
        let (stored, lock) = take(store, session)?;
        if !self.is_of_player(&stored) {
            return Ok(None);
        }
        let removed = files_in(&**store.disk(), stored.directory());
        let is_begun = stored.index().is_forgotten();
        let now = means.now.wall;
        if is_begun || forget_for_good(&self.local, &stored, now).is_err() {
            // The erasure says as well that it goes: also where a full disk has no room for saying so.
            store.remove_session(session)?;
        }
        drop(stored);
        // The lock is held, so that no process begins with it in between.
        let _ = store.disk().remove(&store.layout().lock(session));
        drop(lock);
        Ok(Some(removed))
    }

    /// Returns true if a session is the player's still, or what an interrupted removal left of one.
    fn is_of_player(&self, stored: &StoredSession) -> bool {
        let mut players = stored.index().heads().iter().map(|head| head.metadata.player.as_deref());
        stored.index().is_forgotten()
            || players.all(|player| player.is_none_or(|player| self.is_meant(player)))
    }

    /// Looks whose a session is that was away. Returns true if it is the player's, which is noted durably: it goes then.
    fn decide(&mut self, session: SessionId, means: &Means<'_>) -> bool {
        let decided = self.look_whose(session, means.finder.slots().game()).and_then(|whose| {
            self.erasure.decide(session);
            self.has_decided = true;
            match whose {
                Whose::Theirs => {
                    self.erasure.sessions.push(session);
                    ErasureFiles::of(&self.local.store).write(&self.erasure)?;
                    return Ok(true);
                }
                Whose::Forked => self.receipt.remaining.push(Remaining::Forked { session }),
                Whose::Unreadable => {
                    let file = format!("session {session}");
                    self.receipt.remaining.push(Remaining::Unreadable { file });
                }
                Whose::Others => {}
            }
            Ok(false)
        });
        decided.unwrap_or_else(|error| {
            self.keep(session, error);
            false
        })
    }

    /// A session that wasn't known to be the player's has to say so.
    fn look_whose(&self, session: SessionId, game: &str) -> Result<Whose, RequestError> {
        let stored = match self.local.store.open_session(session) {
            // It was removed meanwhile.
            Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => return Ok(Whose::Others),
            stored => stored?,
        };
        refuse_to_guess(stored.index())?;
        let heads = stored.index().heads();
        if heads.is_empty() && !stored.index().problems().is_empty() {
            return Ok(Whose::Unreadable);
        }
        let is_theirs = |head: &&Head| {
            let player = head.metadata.player.as_deref();
            player.is_some_and(|player| self.erasure.is_of(player))
                && !head.metadata.context.is_of_another_game(game)
        };
        Ok(match heads.iter().filter(is_theirs).count() {
            0 => Whose::Others,
            lines if lines == heads.len() => Whose::Theirs,
            _ => Whose::Forked,
        })
    }

    /// Removes what the state directory says of the sessions.
    fn clear_state(&mut self, means: &mut Means<'_>) {
        means.finder.learn_of_deaths();
        let gone: BTreeSet<SessionId> = self.gone();
        for session in &gone {
            means.finder.settle(*session);
            means.finder.forget_known(*session);
            if let Some(digests) = &mut means.digests {
                digests.note_changed(*session);
            }
            match &mut means.trials {
                Some(trials) => trials.end(*session),
                None => drop(self.local.store.remove_trial(*session)),
            }
        }
        if let Some(digests) = &mut means.digests {
            digests.erase(&gone);
        }
        let is_waiting = |it: &Remaining| matches!(it, Remaining::InUse { .. });
        let waits = self.receipt.remaining.iter().all(is_waiting) && self.player.is_none();
        if waits && self.receipt.files == 0 && (self.erasure.is_done || !self.receipt.is_complete())
        {
            // Nothing of it is in them that wasn't removed before.
            return;
        }
        match remove_indexes(&self.local.store) {
            Ok(removed) => self.count(removed),
            Err(error) => {
                let error = error.into();
                self.receipt.remaining.push(Remaining::StateRefused { error });
            }
        }
    }

    /// The sessions that aren't there any more.
    fn gone(&self) -> BTreeSet<SessionId> {
        let sessions = self.erasure.sessions.iter().copied();
        sessions.filter(|session| !self.kept.contains(session)).collect()
    }

    /// Removes the player's answers about the use of their data, last of all: while a session of theirs is to be removed
    /// still, a refusal counts.
    fn remove_consent(&mut self, means: &mut Means<'_>) -> Stepped {
        let erased = self.erasure.consent.clone().filter(|_| self.receipt.is_complete());
        let removed = erased.map(|erased| {
            let removed = ConsentFiles::of(&self.local.store).remove(&erased);
            removed.map(|removed| (removed, erased))
        });
        match removed {
            None => {}
            Some(Ok((removed, erased))) => {
                self.count(Removed { files: removed.files, bytes: removed.bytes });
                let profile = self.local.store.layout().profile.clone();
                means.news.push(News::ConsentErased { profile, erased });
                self.note_that_consent_is_gone();
            }
            Some(Err(error))
                if error.io_kind() == Some(ErrorKind::ResourceBusy) && self.may_wait(means) =>
            {
                return Stepped::Later(LOCK_AGAIN);
            }
            Some(Err(error)) => {
                let error = error.into();
                self.receipt.remaining.push(Remaining::StateRefused { error });
            }
        }
        self.waiting_since = None;
        self.stage = Stage::AuditLog;
        Stepped::Going
    }

    /// What the player answers from now on stays, also if the rest has to be done again.
    fn note_that_consent_is_gone(&mut self) {
        self.erasure.consent = None;
        if self.is_noted()
            && let Err(error) = ErasureFiles::of(&self.local.store).write(&self.erasure)
        {
            warn!(
                error = %with_sources(&error),
                "the erasure's file can't be updated after the player's consent was erased"
            );
        }
    }

    /// Returns true if a file says that it is under way.
    fn is_noted(&self) -> bool {
        let store = &self.local.store;
        store.disk().open(&store.layout().erasure(self.erasure.number)).is_ok()
    }

    fn clear_audit_log(&mut self, means: &mut Means<'_>) -> Stepped {
        let store = &self.local.store;
        match means.auditor.erase(store, |player| self.is_meant(player)) {
            Ok(true) => {}
            Ok(false) if self.may_wait(means) => return Stepped::Later(LOCK_AGAIN),
            Ok(false) => {
                let error = RequestError::SessionInUse;
                self.receipt.remaining.push(Remaining::StateRefused { error });
            }
            Err(error) => {
                let error = error.into();
                self.receipt.remaining.push(Remaining::StateRefused { error });
            }
        }
        self.stage = Stage::End;
        Stepped::Going
    }

    /// Says durably that it is done, if it is.
    fn end(&mut self) -> ErasureReceipt {
        let store = &self.local.store;
        let disk = &**store.disk();
        let is_ended = self.receipt.is_complete() && !self.erasure.is_done;
        if (is_ended || self.has_decided) && self.is_noted() {
            self.erasure.is_done |= is_ended;
            if let Err(error) = ErasureFiles::of(store).write(&self.erasure) {
                warn!(error = %with_sources(&error), "the erasure's file can't be updated after the player was erased");
                let error = error.into();
                self.receipt.remaining.push(Remaining::StateRefused { error });
            }
            ErasureFiles::of(store).trim();
        }
        let state = &store.layout().state;
        let replicated = marked(disk, state, &self.gone());
        let remaining = &mut self.receipt.remaining;
        remaining.extend(replicated.into_iter().map(|session| Remaining::Replicated { session }));
        remaining.extend(count_logs(disk, state).map(|files| Remaining::Logs { files }));
        let records = count_records(disk, state);
        remaining.extend(records.map(|files| Remaining::ProcessRecords { files }));
        remaining.push(Remaining::Elsewhere);
        std::mem::take(&mut self.receipt)
    }

    fn may_wait(&mut self, means: &Means<'_>) -> bool {
        let since = *self.waiting_since.get_or_insert(means.now.elapsed);
        means.now.elapsed.saturating_sub(since) < LOCK_PATIENCE
    }

    fn count(&mut self, removed: Removed) {
        self.receipt.files += removed.files;
        self.receipt.bytes += removed.bytes;
    }
}

impl Removed {
    pub(super) fn add(&mut self, files: u64, bytes: u64) {
        self.files += files;
        self.bytes += bytes;
    }
}

/// The files below a directory.
pub(super) fn files_in(disk: &dyn Disk, directory: &Path) -> Removed {
    let mut files = Removed::default();
    for entry in disk.list(directory).unwrap_or_default() {
        match entry.is_dir {
            true => {
                let below = files_in(disk, &directory.join(&entry.name));
                files.add(below.files, below.bytes);
            }
            false => files.add(1, entry.len),
        }
    }
    files
}
