//! Resuming a session, setting it aside and deleting it.

use std::time::Duration;

use super::super::game::Beginning;
use super::super::opening::key;
use super::super::world::{with_commit, with_notes};
use super::super::{Action, Fact};
use super::Play;
use crate::model::ids::Ticket;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::{RequestError, RestoreFrom, RestoreReason, ShelfMove, ShelfMoved};
use crate::read::recovery::{Prepared, Wanted};
use crate::write::{EventStart, News, Order};

/// Play time after which a restore has proven itself.
const PROBATION: Duration = Duration::from_secs(60);

impl Play {
    pub(super) fn restore(
        &mut self,
        choose: fn(&mut Self, SessionId) -> RestoreFrom,
        reason: RestoreReason,
    ) {
        let Some(session) = self.session() else { return };
        if self.played().is_some() && reason != RestoreReason::Rewound {
            return;
        }
        let from = choose(self, session);
        self.restore_from(from, reason);
    }

    pub(super) fn rewind(&mut self) {
        if self.played().is_some() {
            self.settle();
            self.restore(older, RestoreReason::Rewound);
        }
    }

    /// Takes the session up from a checkpoint.
    pub fn restore_from(&mut self, from: RestoreFrom, reason: RestoreReason) {
        if let Some(session) = self.session() {
            self.take_up(session, from, reason);
        }
    }

    /// Takes a session up. Another one that is played is left as soon as it is known that this works.
    pub fn take_up(&mut self, session: SessionId, from: RestoreFrom, reason: RestoreReason) {
        let wanted = wanted(session, from, reason);
        let failures = self.disk.failures();
        let played = self.played();
        let (prepared, news) = self.game.prepare(wanted, self.now);
        self.take_news(played, news);
        let Some(prepared) = prepared else { return };
        let known = self.worlds.get(&key(prepared.checkpoint)).cloned();
        if known.is_none() && self.trusts_no_file {
            self.order(Order::Release(session));
            return;
        }
        let (mut world, digest) = known.expect("what is restored should have been there once");
        let is_half_blind = self.disk.failures() > failures && from != RestoreFrom::Latest;
        self.check_prepared(&prepared, digest, is_half_blind);
        let is_replayed = self.is_replayed(&prepared, from, reason);
        if played.is_some_and(|played| played != session) {
            self.perform(&[Action::Close]);
        }
        world.skip_ids_to(prepared.next_save_id);
        let checkpoint = Some(prepared.checkpoint);
        self.note(
            session,
            match from {
                RestoreFrom::Slot(_) => Fact::Loading { checkpoint: prepared.checkpoint },
                _ => Fact::TakingUp { checkpoint },
            },
        );
        if is_half_blind {
            // A file that couldn't be read is one that the new run doesn't know of.
            self.note(session, Fact::TakenUpHalfBlind);
        }
        self.sessions[self.profile] = Some(session);
        (self.restored, self.refused) = (checkpoint, None);
        let run = RunId(self.number());
        let is_all = !self.may_miss_events && !self.trusts_no_file && self.disk.failures() == 0;
        let is_all = is_all && is_replayed && played.is_none();
        let from = (prepared.checkpoint.run, key(prepared.checkpoint));
        if !self.trusts_no_file {
            self.events.go_on(run, from, &prepared.events.after, is_all);
        }
        let beginning = Beginning {
            run,
            metadata: prepared.metadata,
            lineage: prepared.lineage,
            begun: Some(prepared.begun),
            newest_counter: prepared.newest_counter,
            world,
            unknown_frames: prepared.unknown_frames,
            events: EventStart {
                records: true,
                replayed: prepared.events.after,
                line: prepared.events.line,
            },
            next_event: prepared.events.next,
            events_through: prepared.events.through,
        };
        self.begin(session, beginning);
    }

    /// Returns true if all events that were recorded after the checkpoint are to be handed out again.
    fn is_replayed(
        &self,
        prepared: &Prepared<u64>,
        from: RestoreFrom,
        reason: RestoreReason,
    ) -> bool {
        let is_newest = prepared.checkpoint.counter == prepared.newest_counter;
        let is_crash = prepared.has_crashed && reason == RestoreReason::Recovered;
        is_newest && is_crash && from == RestoreFrom::Latest
    }

    /// Checks that the restored world is the captured one, and no number is used twice.
    fn check_prepared(&self, prepared: &Prepared<u64>, digest: u64, is_half_blind: bool) {
        let restored = with_notes(prepared.image, &prepared.fields, &prepared.chapters);
        let is_true = restored == digest || self.trusts_no_file;
        assert!(is_true, "a false state is restored");
        let Ok(stored) = self.game.local.store.open_session(prepared.metadata.id) else { return };
        let there = stored.index().checkpoints();
        let counts_on = there.iter().all(|info| info.id.counter <= prepared.newest_counter);
        assert!(counts_on || self.trusts_no_file || is_half_blind, "a number is used twice");
    }

    /// Takes the checkpoint's session up from a slot.
    pub(super) fn load_slot(&mut self) {
        self.settle();
        let Some((_, slot)) = self.any_slot() else { return };
        self.take_up(slot.session, RestoreFrom::Slot(slot.id), RestoreReason::Loaded);
    }

    pub(super) fn set_aside(&mut self) {
        let (Some(session), None) = (self.session(), self.played()) else { return };
        self.note(session, Fact::TakingUp { checkpoint: None });
        if self.decline(session).is_ok() {
            self.note(session, Fact::Declined);
        }
    }

    pub(super) fn forget(&mut self) {
        let (Some(session), None) = (self.session(), self.played()) else { return };
        self.note(session, Fact::Forgetting);
        if self.delete(session).is_ok() {
            self.note(session, Fact::Forgotten);
        }
    }

    /// Sets a session aside.
    ///
    /// # Errors
    ///
    /// The error that the writer reports.
    pub fn decline(&mut self, session: SessionId) -> Result<(), RequestError> {
        let mut news = self
            .order(Order::Decline { decline: session.into(), ticket: Ticket::new() })
            .into_iter();
        let result = news.find_map(|news| match news {
            News::Declined { result, .. } => Some(result),
            _ => None,
        });
        result.expect("it should be reported").map(drop)
    }

    /// Moves a session to another place, however many turns that takes.
    ///
    /// # Errors
    ///
    /// The error that the writer reports.
    pub fn shelve(
        &mut self,
        session: SessionId,
        how: ShelfMove,
    ) -> Result<ShelfMoved, RequestError> {
        let before = self.head_of(session);
        let mut news = self.order(Order::Shelve { session, how, ticket: Ticket::new() });
        for _ in 0..1000 {
            let shelved = news.into_iter().find_map(|news| match news {
                News::Shelved { result, .. } => Some(result),
                _ => None,
            });
            if let Some(result) = shelved {
                self.know_again(session, before);
                return result;
            }
            news = self.game.turn(self.now);
            self.hear(self.played(), &news);
        }
        panic!("it should be reported");
    }

    /// The newest checkpoint of a session.
    pub(super) fn head_of(&self, session: SessionId) -> Option<CheckpointId> {
        let stored = self.game.local.store.open_session(session).ok()?;
        Some(stored.index().heads().first()?.id)
    }

    /// Notes that the world of an archived session is the one from before, under another number.
    pub(super) fn know_again(&mut self, session: SessionId, before: Option<CheckpointId>) {
        let Some((before, after)) = before.zip(self.head_of(session)) else { return };
        let Ok(stored) = self.game.local.store.open_session(session) else { return };
        let known = self.worlds.get(&key(before)).filter(|_| after != before);
        if let Some(((world, _), commit)) = known.cloned().zip(stored.index().commit(after)) {
            let digest = with_commit(world.digest(), commit);
            let digest = with_notes(digest, &world.fields, &world.chapters);
            self.worlds.insert(key(after), (world, digest));
        }
    }

    /// Deletes a session.
    ///
    /// # Errors
    ///
    /// The error that the writer reports.
    pub fn delete(&mut self, session: SessionId) -> Result<(), RequestError> {
        let mut news = self.order(Order::Forget { session, ticket: Ticket::new() }).into_iter();
        let result = news.find_map(|news| match news {
            News::Forgotten { result, .. } => Some(result),
            _ => None,
        });
        result.expect("it should be reported")
    }
}

/// A checkpoint that isn't the newest, if there is one.
pub(super) fn older(play: &mut Play, session: SessionId) -> RestoreFrom {
    let Ok(stored) = play.game.local.store.open_session(session) else {
        return RestoreFrom::Latest;
    };
    let ids: Vec<CheckpointId> =
        stored.index().checkpoints().into_iter().skip(1).map(|info| info.id).collect();
    play.random.pick(&ids).map_or(RestoreFrom::Latest, |id| RestoreFrom::Checkpoint(*id))
}

/// The order for a checkpoint of a session, by which nothing is left.
pub fn wanted(session: SessionId, from: RestoreFrom, reason: RestoreReason) -> Wanted {
    let (tail, played, by_name, is_return) = (None, None, false, false);
    let probation = PROBATION;
    Wanted { session, from, reason, tail, played, by_name, is_return, probation }
}
