//! What this start of the game does by itself about the sessions of earlier ones.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bevy::prelude::*;
use tracing::{debug, info, warn};

use super::external::{ExternalRequest, note_backups_of};
use super::notifications::{RecoveryAvailable, notify};
use super::policy::RecoveryPolicy;
use super::requests::{SessionRequest, ask, close, finish, reject};
use super::runtime::RuntimeParts;
use super::{CurrentSession, RecoveryOffers, SessionCatalog, SessionSettings};
use crate::clock::{self, Moment};
use crate::content::Order;
use crate::journal::{CheckpointId, RunId, SessionId};
use crate::mode::SessionMode;
use crate::process::HowItEnded;
use crate::recovery::{FoundSession, Ladder, PROBATION, Proposal, RecoveryOffer};
use crate::session::{NewSession, ProcessDeath, RestoreReason, SessionMetadata};

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
    tried: Vec<(SessionId, Option<CheckpointId>, Proposal, Option<String>)>,
    /// A start that waits for a process that is about to end.
    race: Option<Race>,
    /// The run that is on trial.
    trial: Option<RunOnTrial>,
}

/// Which session is taken up without a request, once nothing else is going on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// The newest that crashed, if the policy says so.
    Crashed,
    /// The newest of all, since the developer says so.
    Newest,
}

/// A crash that no recovery has written down yet.
struct Crash {
    deaths: Vec<ProcessDeath>,
    /// Play time of the newest checkpoint.
    play_time: Duration,
    /// What was played after it, if that is known.
    unsaved: Option<Duration>,
}

/// A run that began with a restore, and hasn't been played for long.
struct RunOnTrial {
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

/// A session to be taken up.
struct Candidate {
    session: SessionMetadata,
    newest: Option<CheckpointId>,
    reason: RestoreReason,
    proposed: Proposal,
    /// The game's own way out that is proposed instead.
    option: Option<String>,
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

    fn is_set_aside(&self, session: SessionId) -> bool {
        self.ladders.get(&session).is_some_and(|ladder| ladder.set_aside)
    }
}

impl RuntimeParts {
    /// Puts an offer where the game finds it, and notifies the game if the policy says so.
    pub(super) fn offer(&mut self, world: &mut World, mut offer: RecoveryOffer) {
        let (deaths, play_time, unsaved) = (offer.deaths(), offer.play_time, offer.unsaved.time);
        let crash = Crash { deaths, play_time, unsaved };
        // The newest line comes first.
        self.start_up.crashes.entry(offer.session.id).or_insert(crash);
        let settings = world.get_resource_or_init::<SessionSettings>();
        let (policy, recovery_age) = (settings.recovery, settings.recovery_age);
        let is_recent = recovery_age.is_none_or(|age| self.time_since(&offer) <= age);
        let (session, cause) = (offer.session.id, &offer.cause);
        let is_asked = policy == RecoveryPolicy::Ask && self.start_up.due != Due::Newest;
        if policy == RecoveryPolicy::Never {
            return;
        }
        if is_asked && self.start_up.is_developers_stop(cause) {
            info!(%session, "the game was stopped in development, so nobody is asked");
            if is_recent {
                self.hints.was_stopped_in_development(session);
            }
            return;
        }
        let (newest, proposed) = (offer.newest, offer.proposed);
        note_backups_of(&mut world.get_resource_or_init::<RecoveryOffers>(), &offer);
        info!(%session, ?cause, %newest, ?proposed, "recovery available");
        offer.options = self.options_for(&offer, world);
        world.get_resource_or_init::<RecoveryOffers>().put(offer.clone(), is_recent);
        if !is_recent {
            debug!(%session, "it was too long ago to ask about it");
        } else if !is_asked {
            debug!(%session, "the policy says not to ask");
        } else if self.hooks.offer_in.is_empty() && !self.waits_for_backups() {
            announce(world, offer);
        } else {
            self.start_up.withheld.push(offer);
        }
    }

    /// How long ago the crash was that is offered, by this machine's clock.
    fn time_since(&self, offer: &RecoveryOffer) -> Duration {
        let newest = offer.checkpoints.first().map(|newest| newest.time);
        let now = self.time.now().wall;
        clock::between(offer.died_at.max(newest).unwrap_or(now), now)
    }

    /// Takes a session up without a request, if the policy or the developer says so. What the game
    /// asks for comes first.
    pub(super) fn take_up_by_itself(&mut self, world: &mut World) {
        if self.playing.is_some() {
            self.start_up.due = Due::Nothing;
        }
        if self.start_up.due == Due::Nothing
            || !self.start_up.sessions_are_known
            || self.transition.is_some()
            || self.is_looking_for_backups()
        {
            return;
        }
        let is_newest_wanted = self.start_up.due == Due::Newest;
        if !is_newest_wanted && !self.may_recover_by_itself(world) {
            return;
        }
        let candidate = match is_newest_wanted {
            true => self.newest_session(world),
            false => self.newest_crashed(world),
        };
        let Some(candidate) = candidate else {
            self.start_up.due = Due::Nothing;
            return;
        };
        // What it comes to is known soon.
        if self.filings.are_of(candidate.session.id) {
            return;
        }
        let Candidate { session, newest, reason, proposed, option } = candidate;
        let is_crashed = reason == RestoreReason::Recovered;
        let backup = Self::better_backup(world, session.id).filter(|_| is_crashed);
        let this = (session.id, newest, proposed, backup.clone());
        // What didn't work out isn't tried again, unless damage was found and something else is
        // offered now.
        if self.start_up.tried.contains(&this) {
            warn!(session = %session.id, "the session can't be taken up without asking");
            self.start_up.due = Due::Nothing;
            return;
        }
        self.start_up.tried.push(this);
        if let Some(slot) = backup {
            take_backup(self, world, session.id, slot);
        } else if let Some(option) = option {
            take_proposed_option(self, world, session.id, option);
        } else if let Some(from) = proposed.restore_from() {
            info!(session = %session.id, ?reason, ?from, "taken up without asking");
            let request = match reason {
                RestoreReason::Continued => SessionRequest::Continue(session.id),
                _ => SessionRequest::Recover(session.id, from),
            };
            let ticket = ask(world, request);
            self.prepare(world, ticket, (session.id, from, reason), None);
        } else {
            let new = NewSession::like(&session);
            let ticket = ask(world, SessionRequest::Start(new.clone()));
            if let Err(error) = self.start_safely(world, ticket, session.id, &new) {
                reject(world, ticket, error);
            }
        }
    }

    /// Follows the run that began with a restore, until it was played for long enough.
    pub(super) fn follow_trial(&mut self, world: &World) {
        let Some(playing) = &self.playing else {
            self.start_up.trial = None;
            return;
        };
        let Some(current) = world.get_resource::<CurrentSession>() else { return };
        let session = playing.session;
        let play_time = current.play_time();
        let is_known =
            self.start_up.trial.as_ref().is_some_and(|trial| trial.run == playing.line.run());
        if !is_known {
            let was_restored = playing.line.was_restored();
            let settings = world.get_resource::<SessionSettings>();
            let probation = settings.map_or(PROBATION, |settings| settings.probation);
            let until = was_restored.then(|| play_time.saturating_add(probation));
            self.start_up.trial = Some(RunOnTrial { run: playing.line.run(), until });
            self.start_up.ladders.remove(&session);
        }
        let Some(trial) = &mut self.start_up.trial else { return };
        if trial.until.take_if(|until| play_time >= *until).is_some() {
            self.order(Order::EndTrial(session));
        }
    }

    fn may_recover_by_itself(&mut self, world: &mut World) -> bool {
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        policy == RecoveryPolicy::Automatic && self.is_in_menu(world)
    }

    fn newest_crashed(&self, world: &mut World) -> Option<Candidate> {
        let offers = world.get_resource_or_init::<RecoveryOffers>();
        // How long ago it was matters only where a person is asked.
        let offer = offers.all().find(|offer| {
            let crashed = !matches!(offer.cause, HowItEnded::Elsewhere | HowItEnded::Exited);
            crashed && !self.start_up.is_set_aside(offer.session.id)
        })?;
        Some(Candidate {
            session: offer.session.clone(),
            newest: Some(offer.newest),
            reason: RestoreReason::Recovered,
            proposed: offer.proposed,
            option: proposed_option(offer),
        })
    }

    fn newest_session(&self, world: &mut World) -> Option<Candidate> {
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        let offers = world.get_resource_or_init::<RecoveryOffers>().clone();
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        let is_allowed = |crashed: bool| !crashed || policy != RecoveryPolicy::Never;
        let mut sessions = catalog.sessions().iter();
        let entry = sessions.find(|entry| entry.can_go_on() && is_allowed(entry.has_crashed()))?;
        let id = entry.session.id;
        let offer = offers.of(id).next();
        let reason = match entry.has_crashed() || offer.is_some() {
            true => RestoreReason::Recovered,
            false => RestoreReason::Continued,
        };
        Some(Candidate {
            session: entry.session.clone(),
            newest: offer.map(|offer| offer.newest).or(entry.newest),
            reason,
            proposed: self.start_up.proposed(id, policy),
            option: None,
        })
    }
}

/// Has a backup loaded without being asked. If it can't be, what else is offered stays.
fn take_backup(parts: &mut RuntimeParts, world: &mut World, session: SessionId, slot: String) {
    let ticket = ask(world, ExternalRequest::Recover { session, slot });
    if !parts.take_up_backup(world, ticket, session, None) {
        close(world, ticket);
    }
}

/// Takes the game's own way out without being asked.
fn take_proposed_option(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    option: String,
) {
    let request = SessionRequest::TakeOption { session, option: option.clone() };
    let ticket = ask(world, request);
    match parts.take_option(world, session, &option) {
        Ok(()) => finish(world, ticket),
        Err(error) => reject(world, ticket, error),
    }
}

/// The game's own way out that is proposed instead of a checkpoint.
fn proposed_option(offer: &RecoveryOffer) -> Option<String> {
    let proposed = offer.options.iter().find(|option| option.is_proposed);
    proposed.map(|option| option.id.clone())
}

/// Notifies the game of an offer, with the backups that it may choose instead.
pub(super) fn announce(world: &mut World, offer: RecoveryOffer) {
    let offers = world.get_resource_or_init::<RecoveryOffers>();
    let backups = offers.backups_for(&offer).cloned().collect();
    notify(world, RecoveryAvailable { offer, backups });
}
