//! What this start of the game does by itself about the sessions of earlier ones.

pub(super) mod trial;

pub(super) mod found;
pub(super) mod offers;
pub(super) mod previous_run;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::internal::read::recovery::Ladder;
use bevy_session_journal::{
    CheckpointId, FoundSession, HowItEnded, ProcessDeath, Proposal, RecoveryOffer, RunId, SessionId,
};

use super::policy::RecoveryPolicy;
use crate::mode::SessionMode;

/// What this start of the game knows and does about the sessions of earlier ones.
pub(crate) struct StartUp {
    mode: SessionMode,
    is_development: bool,
    /// Whether the sessions on this machine were looked at.
    sessions_are_known: bool,
    /// Offers that wait for the game's menu.
    withheld: Vec<RecoveryOffer>,
    /// Whether the game asked for the sessions on this machine by itself.
    was_asked: bool,
    /// Sessions that were started by this process.
    own: HashSet<SessionId>,
    /// Where sessions stand on the crash-loop ladder, except for those at its foot.
    ladders: HashMap<SessionId, Ladder>,
    /// The crashes that no recovery has written down yet, whether or not the player is asked about them.
    crashes: HashMap<SessionId, Crash>,
    /// Which session is still to be taken up.
    due: Due,
    /// What was taken up by itself, and didn't work out.
    tried: Vec<Attempt>,
    /// A start that waits for a process that is about to end.
    race: Option<Race>,
    /// The run that is on trial.
    trial: Option<RunOnTrial>,
}

/// What is taken up by itself: a session, its newest checkpoint, and the checkpoint or backup that is proposed.
pub(super) type Attempt = (SessionId, Option<CheckpointId>, Proposal, Option<String>);

/// Which session is taken up without a request, once nothing else is going on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// The newest that crashed, if the policy says so.
    Crashed,
    /// The newest of all, since the developer says so.
    Newest,
}

/// A crash that no recovery has written down yet.
pub(super) struct Crash {
    deaths: Vec<ProcessDeath>,
    /// Play time of the newest checkpoint.
    play_time: Duration,
    /// What was played after it, if that is known.
    unsaved: Option<Duration>,
}

/// A run that began with a restore, and hasn't been played for long.
pub(super) struct RunOnTrial {
    run: RunId,
    /// Play time at which it has proven itself; `None` if it has, or began with no restore.
    until: Option<Duration>,
}

/// A start that waits for a process that is about to end.
struct Race {
    /// When it is given up.
    until: Duration,
    /// When the sessions are looked at next.
    next_look: Duration,
    has_looked: bool,
}

/// How long a start waits for a process that is about to end.
const LONGEST_RACE: Duration = Duration::from_secs(2);
/// How long it waits until it looks again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

impl StartUp {
    pub(crate) fn new(mode: SessionMode, is_development: bool) -> Self {
        Self {
            is_development,
            sessions_are_known: false,
            withheld: Vec::new(),
            was_asked: false,
            own: HashSet::new(),
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
        }
    }

    /// Whether the sessions on this machine were looked at.
    pub(crate) fn sessions_are_known(&self) -> bool {
        self.sessions_are_known
    }

    /// Whether a start may wait for a process that is about to end: for a while, from the first time on.
    pub(super) fn may_try_again(&mut self, now: Moment) -> bool {
        let until = self.race.as_ref().map_or(now.elapsed + LONGEST_RACE, |race| race.until);
        let next_look = now.elapsed + BETWEEN_LOOKS;
        let goes_on = now.elapsed < until;
        self.race = goes_on.then_some(Race { until, next_look, has_looked: false });
        goes_on
    }

    /// Whether a start waits for another process, and the time has come to look at the sessions again.
    pub(super) fn begin_next_look(&mut self, now: Moment) -> bool {
        let race = self.race.as_mut().filter(|race| !race.has_looked);
        let Some(race) = race.filter(|race| now.elapsed >= race.next_look) else { return false };
        race.has_looked = true;
        self.sessions_are_known = false;
        true
    }

    /// Whether a start waits for another process, and for the next look at the sessions.
    pub(super) fn waits_for_next_look(&self) -> bool {
        self.race.as_ref().is_some_and(|race| !race.has_looked)
    }

    /// Whether a start waits for another process.
    pub(super) fn is_racing(&self) -> bool {
        self.race.is_some()
    }

    /// The start that waited is made, or given up.
    pub(super) fn end_race(&mut self) {
        self.race = None;
    }

    /// The sessions are others now, and will be looked at.
    pub(super) fn look_again(&mut self) {
        self.sessions_are_known = false;
    }

    /// Without a writer no one looks at the sessions, so nothing has to wait for that.
    pub(super) fn expect_no_sessions(&mut self) {
        self.sessions_are_known = true;
    }

    /// Whether offers wait for the game's menu.
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

    /// The game asks for the sessions on this machine.
    pub(super) fn asked(&mut self) {
        self.was_asked = true;
    }

    /// This process started a session.
    pub(super) fn note_own(&mut self, session: SessionId) {
        self.own.insert(session);
    }

    /// Whether the game isn't to know of a session.
    pub(super) fn hides(&self, session: SessionId) -> bool {
        self.mode == SessionMode::Fresh && !self.own.contains(&session)
    }

    /// Whether the game isn't to know of any session but those of this process.
    pub(super) fn hides_others(&self) -> bool {
        self.mode == SessionMode::Fresh
    }

    /// The sessions of which something is known that a crash has left.
    pub(super) fn crashed(&self) -> impl Iterator<Item = SessionId> {
        let withheld = self.withheld.iter().map(|offer| offer.session.id);
        let crashed = self.ladders.keys().chain(self.crashes.keys());
        crashed.copied().chain(withheld)
    }

    /// A session is in good order.
    pub(super) fn forget_crash_of(&mut self, session: SessionId) {
        self.forget_offers_of(session);
        self.ladders.remove(&session);
        self.crashes.remove(&session);
    }

    /// How the processes ended that held a session before, the oldest first, and how much play was lost if the session
    /// goes on at this play time: what was never saved, and what was played up to the newest checkpoint. `None` if no
    /// crash of it waits to be written down. Asked once.
    pub(super) fn take_crash(
        &mut self,
        session: SessionId,
        play_time: Duration,
    ) -> Option<(Vec<ProcessDeath>, Option<Duration>)> {
        let crash = self.crashes.remove(&session)?;
        let passed_over = crash.play_time.saturating_sub(play_time);
        Some((crash.deaths, crash.unsaved.map(|unsaved| unsaved.saturating_add(passed_over))))
    }

    /// Takes note of where a session stands on the crash-loop ladder. Its offers say how it crashed, if it did.
    pub(super) fn note_ladder(&mut self, found: &FoundSession) {
        self.crashes.remove(&found.session);
        if found.ladder == Ladder::default() {
            self.ladders.remove(&found.session);
        } else {
            self.ladders.insert(found.session, found.ladder);
        }
    }

    /// All sessions were looked at: those that are to be taken up by themselves can be.
    pub(super) fn all_found(&mut self) {
        self.sessions_are_known = true;
        self.tried.clear();
        if self.due == Due::Nothing {
            self.due = Due::Crashed;
        }
    }

    /// Which session is still to be taken up.
    pub(super) fn due(&self) -> Due {
        self.due
    }

    /// None is to be taken up without a request any more.
    pub(super) fn nothing_is_due(&mut self) {
        self.due = Due::Nothing;
    }

    /// Whether this wasn't tried yet, which it is now.
    pub(super) fn try_once(&mut self, attempt: Attempt) -> bool {
        let is_new = !self.tried.contains(&attempt);
        if is_new {
            self.tried.push(attempt);
        }
        is_new
    }

    /// What is restored of a session that is taken up without asking.
    pub(super) fn proposed(&self, session: SessionId, policy: RecoveryPolicy) -> Proposal {
        let ladder = self.ladders.get(&session).copied().unwrap_or_default();
        match policy {
            RecoveryPolicy::Automatic => ladder.proposed,
            RecoveryPolicy::Ask | RecoveryPolicy::Never => Proposal::Newest,
        }
    }

    /// Whether a developer stopped the game, who doesn't want to be asked about that.
    fn is_developers_stop(&self, cause: &HowItEnded) -> bool {
        let is_stop = matches!(cause, HowItEnded::Abnormal { machine_restarted: false });
        self.is_development && !self.was_asked && is_stop
    }

    pub(super) fn is_set_aside(&self, session: SessionId) -> bool {
        self.ladders.get(&session).is_some_and(|ladder| ladder.set_aside)
    }
}
