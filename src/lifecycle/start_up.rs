//! The plugin's automatic work at a start on the sessions of earlier ones.

pub(super) mod trial;

pub(super) mod elsewhere;
pub(super) mod found;
mod listing;
pub(super) mod offers;
pub(super) mod previous_run;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::internal::read::recovery::Ladder;
use bevy_session_journal::{
    CheckpointId, FailureCause, FoundSession, HowItEnded, ProcessDeath, Proposal, RecoveryOffer,
    RequestError, RestoreFrom, RunId, SessionId,
};

use self::listing::Listing;
use super::policy::RecoveryPolicy;
use crate::mode::SessionMode;

/// The sessions of earlier starts, and this start's automatic work on them.
pub(crate) struct StartUp {
    mode: SessionMode,
    is_development: bool,
    listing: Listing,
    /// Offers that wait for the game's menu.
    withheld: Vec<RecoveryOffer>,
    /// True if the game itself requested a look at the sessions on this machine.
    was_asked: bool,
    /// Sessions that were started by this process.
    own: HashSet<SessionId>,
    /// True once a session was played in this process, so that the world isn't the game's own.
    has_played: bool,
    /// The sessions' steps on the crash-loop ladder, except for those on the first.
    ladders: HashMap<SessionId, Ladder>,
    /// The crashes that no recovery has recorded yet, whether or not the player is asked about
    /// them.
    crashes: HashMap<SessionId, Crash>,
    /// The session that is still to be resumed automatically.
    due: Due,
    /// Attempts to resume a session automatically that failed.
    tried: Vec<Attempt>,
    /// A start that waits for a process that is about to end, or for a disk that can't be read.
    race: Option<Race>,
    /// The run that is on trial.
    trial: Option<RunOnTrial>,
    /// The last recovery: of which session, from where, and when its world was back.
    resumed: Option<(SessionId, RestoreFrom, Instant)>,
}

/// An attempt to resume automatically: a session, its newest checkpoint, and the proposed
/// checkpoint or backup.
pub(super) type Attempt = (SessionId, Option<CheckpointId>, Proposal, Option<String>);

/// The session that is resumed without a request, once nothing else is going on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// The crashed session that was played last, if the policy says so.
    Crashed,
    /// The newest of all, since the developer asked for it.
    Newest,
}

/// A crash that no recovery has recorded yet.
pub(super) struct Crash {
    deaths: Vec<ProcessDeath>,
    /// Play time of the newest checkpoint.
    play_time: Duration,
    /// The play time after it, if that is known.
    unsaved: Option<Duration>,
    /// The offer that isn't listed, since a developer stopped the game. A game that goes on without asking has the same
    /// choice as one whose players are asked.
    unasked: Option<Box<RecoveryOffer>>,
}

/// A run that began with a restore, and hasn't been played for long.
pub(super) struct RunOnTrial {
    run: RunId,
    /// The play until its trial ends; `None` if that is over, or it began with no restore.
    left: Option<Duration>,
}

/// A start that waits for a process that is about to end, or for a disk that can't be read.
pub(super) struct Race {
    /// The time at which it is given up.
    until: Duration,
    /// The time of the next look at the sessions.
    next_look: Duration,
    has_looked: bool,
}

/// The time that a start waits for a process that is about to end, or for sessions that can't be listed.
const LONGEST_RACE: Duration = Duration::from_secs(2);
/// The time between two looks at the sessions meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

impl StartUp {
    pub(crate) fn new(mode: SessionMode, is_development: bool) -> Self {
        Self {
            is_development,
            listing: Listing::default(),
            withheld: Vec::new(),
            was_asked: false,
            own: HashSet::new(),
            has_played: false,
            ladders: HashMap::new(),
            crashes: HashMap::new(),
            due: match mode {
                SessionMode::Continue => Due::Newest,
                _ => Due::Nothing,
            },
            mode,
            tried: Vec::new(),
            race: None,
            trial: None,
            resumed: None,
        }
    }

    /// Returns true if this is a developer's start.
    pub(super) fn is_development(&self) -> bool {
        self.is_development
    }

    /// Returns true once a session was played in this process.
    pub(super) fn has_played(&self) -> bool {
        self.has_played
    }

    /// The world of a session that wasn't played is back.
    pub(super) fn note_resumed(&mut self, session: SessionId, from: RestoreFrom, at: Instant) {
        self.resumed = Some((session, from, at));
    }

    /// Returns true if a request of this moment for a recovery was fulfilled by an earlier one: a player clicked twice.
    pub(super) fn was_resumed(
        &self,
        session: SessionId,
        from: RestoreFrom,
        made_at: Instant,
    ) -> bool {
        self.resumed
            .is_some_and(|(resumed, it, at)| (resumed, it) == (session, from) && made_at < at)
    }

    /// Returns true if a request of this moment to go on with a session was fulfilled by an earlier one.
    pub(super) fn was_continued(&self, session: SessionId, made_at: Instant) -> bool {
        self.resumed.is_some_and(|(resumed, _, at)| resumed == session && made_at < at)
    }

    /// A session is played from here on.
    pub(super) fn note_played(&mut self) {
        self.has_played = true;
    }

    /// Returns true once the sessions on this machine were read.
    pub(crate) fn sessions_are_known(&self) -> bool {
        self.listing.is_known()
    }

    /// Returns true if a request needn't wait any longer until the sessions on this machine were read.
    pub(super) fn sessions_are_decided(&self, now: Moment) -> bool {
        self.listing.is_known() || self.listing.has_failed(now)
    }

    /// Time of play passes, by the machine's clock: an app whose own clock runs fast hasn't survived
    /// for longer.
    pub(super) fn pass(&mut self, waited: Duration) {
        if let Some(left) = self.trial.as_mut().and_then(|trial| trial.left.as_mut()) {
            *left = left.saturating_sub(waited);
        }
    }

    /// The sessions on this machine can't be listed. Returns true if they could be until now.
    pub(super) fn note_unlisted(&mut self, reason: FailureCause, now: Moment) -> bool {
        self.listing.note_failure(reason, now)
    }

    /// The reason that there may be a session that isn't in the catalogue.
    pub(super) fn why_incomplete(&self) -> Option<RequestError> {
        self.listing.why_incomplete().filter(|_| !self.hides_others())
    }

    /// Ends the wait, to which [`may_try_again`](Self::may_try_again) returns.
    pub(super) fn take_race(&mut self) -> Option<Race> {
        self.race.take()
    }

    /// Returns true if a start may wait for a process that is about to end: for a while after it began to.
    pub(super) fn may_try_again(&mut self, race: Option<Race>, now: Moment) -> bool {
        let until = race.map_or(now.elapsed + LONGEST_RACE, |race| race.until);
        let next_look = now.elapsed + BETWEEN_LOOKS;
        let goes_on = now.elapsed < until;
        self.race = goes_on.then_some(Race { until, next_look, has_looked: false });
        goes_on
    }

    /// Returns true if a start waits for another process, or the sessions couldn't be listed, and it is time to look at
    /// them again.
    pub(super) fn begin_next_look(&mut self, now: Moment) -> bool {
        if self.listing.begin_next_look(now) {
            return true;
        }
        let race = self.race.as_mut().filter(|race| !race.has_looked);
        let Some(race) = race.filter(|race| now.elapsed >= race.next_look) else { return false };
        race.has_looked = true;
        self.listing.expire();
        true
    }

    /// Returns true if a start waits for another process and for the next look at the sessions.
    pub(super) fn waits_for_next_look(&self) -> bool {
        self.race.as_ref().is_some_and(|race| !race.has_looked)
    }

    /// Returns true if a start waits for another process.
    pub(super) fn is_racing(&self) -> bool {
        self.race.is_some()
    }

    /// The list of sessions is outdated, and will be read again.
    pub(super) fn look_again(&mut self) {
        self.listing = Listing::default();
    }

    /// Without a writer the sessions are never read, so nothing has to wait for that.
    pub(super) fn expect_no_sessions(&mut self) {
        self.listing.note_read(None);
    }

    /// Returns true if offers wait for the game's menu.
    pub(crate) fn withholds_offers(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// Takes the offers that wait.
    pub(super) fn take_offers(&mut self) -> Vec<RecoveryOffer> {
        std::mem::take(&mut self.withheld)
    }

    pub(super) fn forget_offers(&mut self) {
        self.withheld.clear();
    }

    pub(super) fn forget_offers_of(&mut self, session: SessionId) {
        self.withheld.retain(|offer| offer.session.id != session);
    }

    /// The offers of a session that wait until the game may be notified.
    pub(super) fn withheld_of(
        &mut self,
        session: SessionId,
    ) -> impl Iterator<Item = &mut RecoveryOffer> {
        self.withheld.iter_mut().filter(move |offer| offer.session.id == session)
    }

    /// Notes that the game itself requested a look at the sessions on this machine.
    pub(super) fn asked(&mut self) {
        self.was_asked = true;
    }

    /// Notes that this process started a session.
    pub(super) fn note_own(&mut self, session: SessionId) {
        self.own.insert(session);
    }

    /// Returns true if this session is hidden from the game.
    pub(super) fn hides(&self, session: SessionId) -> bool {
        self.mode == SessionMode::Fresh && !self.own.contains(&session)
    }

    /// Returns true if all sessions of other processes are hidden from the game.
    pub(super) fn hides_others(&self) -> bool {
        self.mode == SessionMode::Fresh
    }

    /// The sessions that have a known crash.
    pub(super) fn crashed(&self) -> impl Iterator<Item = SessionId> {
        let withheld = self.withheld.iter().map(|offer| offer.session.id);
        let crashed = self.ladders.keys().chain(self.crashes.keys());
        crashed.copied().chain(withheld)
    }

    /// The offer for a session about which nobody is asked, since a developer stopped the game.
    pub(super) fn unasked_offer(&self, session: SessionId) -> Option<&RecoveryOffer> {
        self.crashes.get(&session)?.unasked.as_deref()
    }

    /// Forgets a session's crashes, since it is in good order.
    pub(super) fn forget_crash_of(&mut self, session: SessionId) {
        self.forget_offers_of(session);
        self.ladders.remove(&session);
        self.crashes.remove(&session);
    }

    /// Takes the ends of the processes that held a session before, the oldest first, and the play
    /// time that is lost if the session continues at this play time: what was never saved, and what
    /// was played up to the newest checkpoint. `None` if no crash of it is still to be recorded.
    pub(super) fn take_crash(
        &mut self,
        session: SessionId,
        play_time: Duration,
    ) -> Option<(Vec<ProcessDeath>, Option<Duration>)> {
        let crash = self.crashes.remove(&session)?;
        let passed_over = crash.play_time.saturating_sub(play_time);
        Some((crash.deaths, crash.unsaved.map(|unsaved| unsaved.saturating_add(passed_over))))
    }

    /// Stores a session's step on the crash-loop ladder. Its offers have its crash, if there was
    /// one.
    pub(super) fn note_ladder(&mut self, found: &FoundSession) {
        self.crashes.remove(&found.session);
        if found.ladder == Ladder::default() {
            self.ladders.remove(&found.session);
        } else {
            self.ladders.insert(found.session, found.ladder);
        }
    }

    /// All sessions were read, but for one of which nothing can be: they can be resumed automatically now.
    pub(super) fn all_found(&mut self, unread: Option<RequestError>, now: Moment) {
        // Long after the start nothing is taken up under the player's hands.
        let is_late = self.has_played && self.listing.has_failed(now);
        self.listing.note_read(unread);
        self.tried.clear();
        if self.due == Due::Nothing && !is_late {
            self.due = Due::Crashed;
        }
    }

    /// The session that is still to be resumed automatically.
    pub(super) fn due(&self) -> Due {
        self.due
    }

    /// No session is resumed automatically any more.
    pub(super) fn nothing_is_due(&mut self) {
        self.due = Due::Nothing;
    }

    /// Returns true if this is the first such attempt, and records it.
    pub(super) fn try_once(&mut self, attempt: Attempt) -> bool {
        let is_new = !self.tried.contains(&attempt);
        if is_new {
            self.tried.push(attempt);
        }
        is_new
    }

    /// The checkpoint to restore of a session that is resumed without asking.
    pub(super) fn proposed(&self, session: SessionId, policy: RecoveryPolicy) -> Proposal {
        let ladder = self.ladders.get(&session).copied().unwrap_or_default();
        match policy {
            RecoveryPolicy::Automatic => ladder.proposed,
            RecoveryPolicy::Ask | RecoveryPolicy::Never => ladder.without_asking,
        }
    }

    /// Returns true if a developer stopped the game, and needn't be asked about that.
    fn is_developers_stop(&self, cause: &HowItEnded) -> bool {
        let is_stop = matches!(cause, HowItEnded::Abnormal { machine_restarted: false });
        self.is_development && !self.was_asked && is_stop
    }

    /// The proposal for a session that goes on in any case.
    pub(super) fn to_go_on(&self, session: SessionId) -> Proposal {
        self.ladders.get(&session).map(|ladder| ladder.without_asking).unwrap_or_default()
    }

    pub(super) fn is_set_aside(&self, session: SessionId) -> bool {
        self.ladders.get(&session).is_some_and(|ladder| ladder.set_aside)
    }
}
