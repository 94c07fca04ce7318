//! Work on the sessions of a game by another program: a tool that was asked to.
//!
//! It uses the writer's own code, under the same locks, so a game that runs at the same time isn't disturbed: changes
//! to a session that it plays or changes are refused here. There is no process record for it, since nothing is played,
//! and the records of dead processes stay for the next start of the game.

use std::fmt;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::archiving::Archiving;
use super::asked::{OneOfMany, SlotDone, SlotOrder};
use super::auditing::{Auditor, deed_of};
use super::editing_many::move_one;
use super::erasing::{Erasing, Means, Stepped};
use super::exporting_player::ExportPlayer;
use super::rewinding::rewind;
use super::slot_work::SlotWork;
use super::{News, shelving};
use crate::disk::LocalStore;
use crate::disk::process::known_dead;
use crate::model::clock::{Clock, Moment};
use crate::model::ids::{CheckpointId, SessionId, Ticket};
use crate::model::session::{
    AuditDeed, ErasureReceipt, RequestError, ShelfMove, ShelfMoved, SlotError,
};
use crate::read::recovery::{SessionFinder, SlotEntry};
use crate::write::retention::WouldGo;

/// The sessions of a profile, for programs that aren't their game. Each call returns when its change is durable.
pub struct Upkeep {
    finder: SessionFinder,
    local: Arc<LocalStore>,
    auditor: Auditor,
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Upkeep").finish_non_exhaustive()
    }
}

impl Upkeep {
    /// The sessions of this store.
    #[must_use]
    pub fn of(local: LocalStore) -> Self {
        let dead = known_dead(&local);
        let local = Arc::new(local);
        let finder = SessionFinder::new(Arc::clone(&local), dead, Duration::ZERO);
        Self { finder, local, auditor: Auditor::default() }
    }

    /// Makes a slot of a report, of a session that was handed on or of another slot, of a game named `STUDIO/GAME`. It
    /// takes no other's place, and is the same as what a game's own import makes of that file. Waits up to ten seconds
    /// while another process works on the slots.
    ///
    /// # Errors
    ///
    /// [`SlotError`]. No slot is there then that wasn't before.
    pub fn import(self, path: &Path, game: &str) -> Result<Box<SlotEntry>, SlotError> {
        let clock = Clock::system();
        self.import_by(path, game, |wait| {
            thread::sleep(wait);
            clock.moment(Duration::ZERO)
        })
    }

    /// The same by a clock that says what moment it is after a wait.
    fn import_by(
        self,
        path: &Path,
        game: &str,
        mut wait: impl FnMut(Duration) -> Moment,
    ) -> Result<Box<SlotEntry>, SlotError> {
        let mut finder = self.finder.of_game(game.to_owned());
        let mut work = SlotWork::new(SlotOrder::Import { path: path.to_owned() }, None);
        let (mut until_next, mut reports) = (Some(Duration::ZERO), Vec::new());
        while let Some(wait_for) = until_next {
            until_next = work.step(&mut finder, wait(wait_for), &mut reports);
        }
        let written = reports.into_iter().find_map(|report| match report {
            News::Slot { result: Ok(SlotDone::Written { entry, .. }), .. } => Some(Ok(entry)),
            News::Slot { result: Err(error), .. } => Some(Err(error)),
            _ => None,
        });
        written.unwrap_or(Err(SlotError::Unknown))
    }

    /// Moves a session to another place, as a game does that is asked to.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. Nothing has changed then, or, if putting it away was interrupted, nothing but files that the
    /// next start of the game removes.
    pub fn shelve(
        &mut self,
        session: SessionId,
        how: ShelfMove,
        now: Timestamp,
    ) -> Result<ShelfMoved, RequestError> {
        let moved = self.shelve_unnoted(session, how, now)?;
        if let Some(what) = deed_of(how).filter(|_| moved.from != moved.to) {
            self.note((what, Some(session)), now);
        }
        Ok(moved)
    }

    /// A deed of the tool is written into the audit log, if the game keeps one.
    fn note(&mut self, deed: (AuditDeed, Option<SessionId>), now: Timestamp) {
        self.auditor.note_by_tool(&self.local.store, deed, now);
    }

    fn shelve_unnoted(
        &mut self,
        session: SessionId,
        how: ShelfMove,
        now: Timestamp,
    ) -> Result<ShelfMoved, RequestError> {
        let ShelfMove::Archive(what) = how else {
            return shelving::shelve(&mut self.finder, session, how, now);
        };
        let mut step = Archiving::begin(&mut self.finder, session, what, now)?;
        loop {
            step = match step {
                Continue(archiving) => archiving.step(&self.finder.local().store)?,
                Break(moved) => return Ok(moved),
            };
        }
    }

    /// Moves a session of a preview to another place, or leaves it if it isn't any more what it was when it was chosen:
    /// `None`.
    ///
    /// # Errors
    ///
    /// [`RequestError`], as for [`shelve`](Self::shelve).
    pub fn let_go(
        &mut self,
        chosen: &WouldGo,
        how: ShelfMove,
        now: Timestamp,
    ) -> Result<Option<ShelfMoved>, RequestError> {
        let one = OneOfMany { session: chosen.session, newest: Some(chosen.newest) };
        let moved = move_one((one, |_| true), &mut self.finder, how, now)?;
        if let (Some(what), Some(_)) = (deed_of(how), &moved) {
            self.note((what, Some(chosen.session)), now);
        }
        Ok(moved)
    }

    /// Takes a session back to a checkpoint: whatever goes on with its newest one goes on there. What is newer stays, as a
    /// branch. Returns the end of the line that was left, and the checkpoint that it begins with: a copy, or this one where it is the newest already.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. The session is as it was then.
    pub fn rewind(
        &mut self,
        session: SessionId,
        to: CheckpointId,
        now: Timestamp,
    ) -> Result<(CheckpointId, CheckpointId), RequestError> {
        rewind(&mut self.finder, session, to, now)
    }

    /// Writes everything that is kept of a player into a file, as a game does that is asked to. Returns its bytes.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. No file is there then that wasn't before.
    pub fn export_player(
        &mut self,
        player: &str,
        path: &Path,
        now: Timestamp,
    ) -> Result<u64, RequestError> {
        let (player, path) = (player.to_owned(), path.to_owned());
        let mut export = ExportPlayer::new(player, path, Ticket::new(), &self.local);
        loop {
            if let Some(bytes) = export.step(self.finder.slots().game(), now)? {
                self.note((AuditDeed::ExportedPlayer, None), now);
                return Ok(bytes);
            }
        }
    }

    /// What [`erase_player`](Self::erase_player) would remove, and what would remain. Nothing is changed.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn preview_erasure(&mut self, player: &str) -> Result<ErasureReceipt, RequestError> {
        let now = Clock::system().moment(Duration::ZERO);
        let Self { finder, auditor, local } = self;
        let (digests, trials, playing, cloud, mut news) = (None, None, None, None, Vec::new());
        let mut means =
            Means { finder, digests, trials, auditor, playing, cloud, now, news: &mut news };
        Erasing::new(player.to_owned(), local).preview(&mut means)
    }

    /// Removes everything that is kept of a player, as a game does that is asked to. Waits up to ten seconds while
    /// another process works on the slots.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. Nothing has changed then.
    pub fn erase_player(&mut self, player: &str) -> Result<ErasureReceipt, RequestError> {
        let clock = Clock::system();
        let mut erasing = Erasing::new(player.to_owned(), &self.local);
        let mut news = Vec::new();
        loop {
            let now = clock.moment(Duration::ZERO);
            let Self { finder, auditor, .. } = self;
            let (digests, trials, playing, cloud) = (None, None, None, None);
            let mut means =
                Means { finder, digests, trials, auditor, playing, cloud, now, news: &mut news };
            match erasing.step(&mut means)? {
                Stepped::Going => {}
                Stepped::Later(wait) => thread::sleep(wait),
                Stepped::Done(receipt) => {
                    self.note((AuditDeed::ErasedPlayer, None), now.wall);
                    return Ok(receipt);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::disk::{Layout, MemoryDisk};
    use crate::model::session::ReportError;

    fn local(disk: &MemoryDisk) -> LocalStore {
        let layout = Layout::by_directory("data".into(), "state".into(), "default");
        LocalStore::new(Arc::new(disk.clone()), layout)
    }

    /// Imports while another process works on the slots for this number of looks. Returns the error, and the time that
    /// it waited.
    fn import_while_locked(looks: usize) -> (SlotError, Duration) {
        let disk = MemoryDisk::default();
        let game = local(&disk);
        let lock = RefCell::new(game.store.slots().lock().unwrap());
        let (mut elapsed, mut looked) = (Duration::ZERO, 0);
        let done = Upkeep::of(local(&disk)).import_by(Path::new("x.tar"), "S/G", |wait| {
            elapsed += wait;
            looked += 1;
            if looked > looks {
                drop(lock.borrow_mut().take());
            }
            Moment { elapsed, wall: Timestamp::UNIX_EPOCH }
        });
        (done.unwrap_err(), elapsed)
    }

    #[test]
    fn an_import_waits_a_bounded_time_for_another_process() {
        let (error, waited) = import_while_locked(5);
        let is_of_file = matches!(error, SlotError::Report(ReportError::Unreadable(_)));
        assert!(is_of_file, "its turn came, and there is no such file: {error}");
        assert!(waited < Duration::from_secs(1), "{waited:?}");
        let (error, waited) = import_while_locked(usize::MAX);
        assert_eq!(error, SlotError::InUse);
        assert!(waited >= Duration::from_secs(10), "{waited:?}");
    }
}
