//! Mirrors the sessions of a process: one [`Mirror`] for each that it owns in the replica.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use super::sweep::{Sweep, is_to_be_removed};
use super::{Mirror, MirrorNews, MirrorOptions, MirrorOver, Side, UNTIL_NEXT_TRY, Unmirrored};
use crate::disk::with_sources;
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, SessionId};
use crate::replica::StoreFault;
use crate::replica::pause::AFTER_FAULT;

/// An order about a session in the mirror.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MirrorOrder {
    /// This machine owns it in the replica.
    Begin(SessionId),
    /// The replica has a checkpoint of it.
    Replicated(SessionId, CheckpointId),
    /// It isn't this machine's in the replica any more: it is brought up to date once more. With true, the
    /// replica may have lost what it had reported. Answered by [`MirrorReport::LetGo`].
    LetGo(SessionId, bool),
    /// It was removed in the replica.
    Remove(SessionId),
}

/// A report about the mirror.
#[derive(Debug)]
pub enum MirrorReport {
    /// A checkpoint, and what is kept before it, can be had there.
    Replicated(SessionId, CheckpointId),
    /// The mirror gives no answer.
    Lost(StoreFault),
    /// It answers again.
    Back,
    /// A session isn't mirrored for now. It is tried again.
    Refused(SessionId, Unmirrored),
    /// A session is removed in the mirror: random numbers are all that is left of it.
    Removed(SessionId),
    /// A session was let go of; true if all that the replica has is in the mirror, and nothing more comes of it. If not, it
    /// is gone on with all the same where that can be.
    LetGo(SessionId, bool),
}

/// Keeps a mirror of the sessions that a process owns in a replica.
pub struct MirrorKeeper {
    options: Arc<MirrorOptions>,
    kept: Vec<Kept>,
    sweep: Sweep,
    /// Sessions of which it is to be found out if they were removed.
    asked: Vec<SessionId>,
    is_lost: bool,
    reports: Vec<MirrorReport>,
}

struct Kept {
    mirror: Mirror,
    due: Duration,
    reported: Option<CheckpointId>,
    /// Somebody waits to hear that it was let go of.
    owes_answer: bool,
    is_leaving: bool,
}

impl fmt::Debug for MirrorKeeper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MirrorKeeper")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl MirrorKeeper {
    /// One that mirrors nothing yet.
    #[must_use]
    pub fn new(options: MirrorOptions) -> Self {
        Self {
            options: Arc::new(options),
            kept: Vec::new(),
            sweep: Sweep::default(),
            asked: Vec::new(),
            is_lost: false,
            reports: Vec::new(),
        }
    }

    /// Takes the reports.
    pub fn reports(&mut self) -> impl Iterator<Item = MirrorReport> {
        self.reports.drain(..)
    }

    /// Takes an order. Requests to the stores are left to [`Self::turn`].
    pub fn execute(&mut self, order: &MirrorOrder, now: Moment) {
        match *order {
            MirrorOrder::Begin(session) => {
                let Some(kept) = self.find(session) else {
                    return self.keep(session, false, now);
                };
                // It was let go of and is taken up again, or was taken up before, and has a new epoch.
                if std::mem::take(&mut kept.is_leaving) {
                    kept.mirror.leave(false);
                    kept.due = now.elapsed;
                }
                kept.owes_answer = false;
            }
            MirrorOrder::Replicated(session, checkpoint) => {
                if let Some(kept) = self.find(session) {
                    kept.mirror.replicated(checkpoint);
                }
            }
            MirrorOrder::LetGo(session, has_lost) => {
                let Some(kept) = self.find(session) else {
                    return self.reports.push(MirrorReport::LetGo(session, false));
                };
                kept.mirror.leave(true);
                if has_lost {
                    kept.mirror.forget_checkpoints();
                }
                (kept.is_leaving, kept.due) = (true, now.elapsed);
                // Leaving doesn't wait for a store that gives no answer, nor for another machine.
                let is_stuck = kept.mirror.is_stuck();
                kept.owes_answer = !is_stuck;
                if is_stuck {
                    self.reports.push(MirrorReport::LetGo(session, false));
                }
            }
            MirrorOrder::Remove(session) => match self.find(session) {
                Some(kept) => {
                    kept.mirror.look_now();
                    kept.due = now.elapsed;
                }
                None => {
                    self.asked.push(session);
                    self.sweep.next = now.elapsed;
                }
            },
        }
    }

    fn find(&mut self, session: SessionId) -> Option<&mut Kept> {
        self.kept.iter_mut().find(|kept| kept.mirror.session() == session)
    }

    fn keep(&mut self, session: SessionId, is_leaving: bool, now: Moment) {
        let mut mirror = Mirror::new(session, &self.options);
        mirror.leave(is_leaving);
        let (due, reported, owes_answer) = (now.elapsed, None, false);
        self.kept.push(Kept { mirror, due, reported, owes_answer, is_leaving });
    }

    /// Does what there is to do, a piece of each session, and says how long there is nothing.
    pub fn turn(&mut self, now: Moment) -> Duration {
        let mut is_idle = true;
        for mut kept in std::mem::take(&mut self.kept) {
            if kept.due > now.elapsed {
                self.kept.push(kept);
                continue;
            }
            is_idle = false;
            let was_refused = kept.mirror.is_refused();
            let mut news = Vec::new();
            let rest = kept.mirror.step(now.elapsed, &mut news);
            kept.due = now.elapsed.saturating_add(rest);
            let is_refused = news.iter().any(|it| matches!(it, MirrorNews::Refused(_)));
            for news in news {
                self.take_in(&mut kept, news);
            }
            let is_given_up = kept.is_leaving
                && (is_refused
                    || was_refused && kept.mirror.is_refused() && rest >= UNTIL_NEXT_TRY);
            if (kept.mirror.is_stuck() || is_given_up) && std::mem::take(&mut kept.owes_answer) {
                self.reports.push(MirrorReport::LetGo(kept.mirror.session(), false));
            }
            if !kept.mirror.is_over() && !is_given_up {
                self.kept.push(kept);
            }
        }
        self.note_state();
        if self.sweep.next <= now.elapsed && (is_idle || !self.asked.is_empty()) {
            self.look_for_removed(now);
        }
        let dues = self.kept.iter().map(|kept| kept.due);
        let next = dues.fold(self.sweep.next, Duration::min);
        next.saturating_sub(now.elapsed)
    }

    fn take_in(&mut self, kept: &mut Kept, news: MirrorNews) {
        let session = kept.mirror.session();
        match news {
            MirrorNews::Whole(checkpoint) => {
                let newer = checkpoint.filter(|it| kept.reported != Some(*it));
                kept.reported = checkpoint.or(kept.reported);
                self.reports.extend(newer.map(|it| MirrorReport::Replicated(session, it)));
            }
            MirrorNews::Lost(Side::Mirror, fault) => {
                if !std::mem::replace(&mut self.is_lost, true) {
                    self.reports.push(MirrorReport::Lost(fault));
                }
            }
            // That it is away is said of the replica.
            MirrorNews::Lost(Side::Replica, fault) => {
                debug!(%session, error = %with_sources(&fault), "the replica can't be mirrored now");
            }
            // Another session's may still be away.
            MirrorNews::Back => {}
            MirrorNews::Refused(why) => self.reports.push(MirrorReport::Refused(session, why)),
            MirrorNews::Over(over) => {
                match over {
                    MirrorOver::LetGo => {}
                    MirrorOver::WasRemoved => self.sweep.note_removed(session),
                    MirrorOver::Removed => {
                        self.sweep.note_removed(session);
                        self.reports.push(MirrorReport::Removed(session));
                    }
                    MirrorOver::RemovedThere => {
                        self.sweep.note_removed(session);
                        let why = Unmirrored::RemovedThere;
                        self.reports.push(MirrorReport::Refused(session, why));
                    }
                }
                if std::mem::take(&mut kept.owes_answer) {
                    let is_whole = over != MirrorOver::RemovedThere;
                    self.reports.push(MirrorReport::LetGo(session, is_whole));
                }
            }
        }
    }

    /// Looks whether one session was removed: one that somebody has named, or the next of all that the mirror has.
    fn look_for_removed(&mut self, now: Moment) {
        let looked = match self.asked.last().copied() {
            Some(session) => is_to_be_removed(&self.options, session).map(|is_removed| {
                self.asked.retain(|asked| *asked != session);
                is_removed.then_some(session)
            }),
            None => self.sweep.look(&self.options, now.elapsed),
        };
        match looked {
            Ok(Some(session)) if self.find(session).is_none() => self.keep(session, true, now),
            Ok(_) => {}
            Err(fault) => {
                debug!(error = %with_sources(&fault), "it isn't known what was removed in the replica");
                let is_asked = usize::from(!self.asked.is_empty());
                self.asked.rotate_right(is_asked);
                self.sweep.next = now.elapsed.saturating_add(AFTER_FAULT);
            }
        }
    }

    fn note_state(&mut self) {
        let is_away = self.kept.iter().any(|kept| kept.mirror.is_lost());
        if !is_away && std::mem::take(&mut self.is_lost) {
            self.reports.push(MirrorReport::Back);
        }
    }
}
