//! Looks for what keeps the plugin from doing what a game expects of it.

use std::time::Duration;

use bevy::prelude::*;

use super::restored::hint_at_what_is_not_put_back;
use super::{SessionHint, SessionHints, give_hint};
use crate::capture::{LateCalls, Placed, SavedTypes, TypeProblem};
use crate::journal::{RunId, SessionId};
use crate::lifecycle::hooks::GameHooks;
use crate::lifecycle::runtime::{Playing, RuntimeParts};
use crate::lifecycle::{CurrentSession, RecoveryOffers, RequestQueue};
use crate::session::SessionStatus;

/// Play time after which a gate that is shut is worth a word.
const GATE_PATIENCE: Duration = Duration::from_secs(30);
/// Time in a game without a session after which that is worth a word.
const SESSION_PATIENCE: Duration = Duration::from_secs(30);
/// Time without a session after which a game won't take up one that a developer has stopped.
const STOP_PATIENCE: Duration = Duration::from_secs(3);
/// Play time in which a level spawns what waits for it, if it ever does.
const LEVEL_PATIENCE: Duration = Duration::from_secs(10);
/// Checkpoints without an entity after which that is worth a word.
const EMPTY_CHECKPOINTS: u32 = 3;

/// What is remembered from frame to frame, to know when a hint is due.
#[derive(Default)]
pub(crate) struct HintWatch {
    /// Types that can't be saved and weren't reported yet.
    problems: Vec<TypeProblem>,
    /// Whether the game's hooks were looked over.
    knows_hooks: bool,
    /// Time in which no session was played or asked for; `None` once there was one.
    without_session: Option<Duration>,
    /// Whether this is a developer's start, where a word too much does no harm.
    is_development: bool,
    stopped: Option<Stopped>,
    run: Option<RunWatch>,
}

/// Sessions that a developer has stopped, and that a player would be asked about.
#[derive(Default)]
struct Stopped {
    sessions: Vec<SessionId>,
    /// Time since the first was found in which no session was played or asked for.
    waited: Duration,
}

/// What is remembered of one run.
struct RunWatch {
    run: RunId,
    /// Time since it began, without pauses.
    played: Duration,
    /// Play time for which no checkpoint could be taken.
    shut_for: Duration,
    /// When the last capture was taken that was counted.
    captured_at: Option<Duration>,
    /// Captures in a row that found no entity.
    empty: u32,
    /// Whether there ever was one.
    has_saved_entities: bool,
}

impl HintWatch {
    pub(crate) fn new(problems: &[TypeProblem], is_development: bool) -> Self {
        Self {
            problems: problems.to_vec(),
            knows_hooks: false,
            without_session: Some(Duration::ZERO),
            is_development,
            stopped: None,
            run: None,
        }
    }

    /// A session isn't offered that a developer has stopped. Where the game takes it up by itself, that is no news.
    pub(crate) fn was_stopped_in_development(&mut self, session: SessionId) {
        self.stopped.get_or_insert_default().sessions.push(session);
    }

    /// The types that can't be saved, once.
    pub(crate) fn take_problems(&mut self) -> Vec<TypeProblem> {
        std::mem::take(&mut self.problems)
    }
}

impl RuntimeParts {
    /// Gives the hints that are due.
    pub(crate) fn give_hints(&mut self, world: &mut World) {
        let passed = self.time.passed();
        self.look_over_hooks(world);
        self.look_over_context(world);
        for (condition, error) in self.hooks.take_failures() {
            give_hint(world, SessionHint::ConditionFailed { condition, error });
        }
        let late = world.get_resource_mut::<LateCalls>().filter(|calls| !calls.is_empty());
        for call in late.map(|mut calls| calls.take()).unwrap_or_default() {
            give_hint(world, SessionHint::CalledTooLate { call });
        }
        if self.playing.is_some() {
            // What is said of the session before goes as this one begins.
            self.watch_run(world, passed);
            self.watch_stop(world);
        } else {
            self.watch_menu(world, passed);
        }
    }

    /// Whether the game goes on in another session than those that its developer has stopped.
    fn watch_stop(&mut self, world: &mut World) {
        let (Some(stopped), Some(session)) = (self.hints.stopped.take(), self.session()) else {
            return;
        };
        if !stopped.sessions.contains(&session) {
            give_hint(world, SessionHint::StoppedInDevelopment);
        }
    }

    /// Once: whether the states that the game's hooks go by are there.
    fn look_over_hooks(&mut self, world: &mut World) {
        if std::mem::replace(&mut self.hints.knows_hooks, true) {
            return;
        }
        for state in self.hooks.missing_states(world) {
            give_hint(world, SessionHint::StateNotAdded { state });
        }
    }

    fn watch_run(&mut self, world: &mut World, passed: Duration) {
        self.hints.without_session = None;
        let Some(playing) = &self.playing else { return };
        let is_new = self.hints.run.as_ref().is_none_or(|watch| watch.run != playing.line.run());
        if is_new {
            world.get_resource_or_init::<SessionHints>().begin_session();
        }
        let watch = match &mut self.hints.run {
            Some(watch) if !is_new => watch,
            run => run.insert(RunWatch::new(playing.line.run())),
        };
        let is_played = self.transition.is_none()
            && world
                .get_resource::<CurrentSession>()
                .is_some_and(|session| session.status() == SessionStatus::Active);
        watch.follow(playing, if is_played { passed } else { Duration::ZERO });
        let (shut_for, played, empty) = (watch.shut_for, watch.played, watch.empty);
        self.watch_gate(world, shut_for);
        self.watch_entities(world, empty);
        if played >= LEVEL_PATIENCE {
            give_hint_of_lost_keys(world);
            hint_at_what_is_not_put_back(world);
        }
    }

    fn watch_gate(&self, world: &mut World, shut_for: Duration) {
        if shut_for >= GATE_PATIENCE {
            let hint = self.hooks.shut_gate(world, shut_for);
            give_hint(world, hint);
        } else if shut_for.is_zero() {
            take_back(world, |hint| matches!(hint, SessionHint::GateStaysShut { .. }));
        }
    }

    fn watch_entities(&self, world: &mut World, empty_checkpoints: u32) {
        if empty_checkpoints >= EMPTY_CHECKPOINTS {
            let types = self.types.components_that_need_entities();
            // Those that wait for their level are saved, and not there.
            let has_waiting = world.get_resource::<Placed>().is_some_and(Placed::waits);
            if !types.is_empty() && !has_waiting {
                give_hint(world, SessionHint::NoEntitySaved { types });
            }
        } else if empty_checkpoints == 0 {
            take_back(world, |hint| matches!(hint, SessionHint::NoEntitySaved { .. }));
        }
    }

    /// Whether the game forgot to start a session. A player who has time in the menu is no mistake, as
    /// far as the game says where its menu is. Where players are, that isn't enough: there has to be something that
    /// would be saved.
    fn watch_menu(&mut self, world: &mut World, passed: Duration) {
        let is_busy = self.transition.is_some()
            || !self.start_up.sessions_are_known()
            || world.get_resource::<RequestQueue>().is_some_and(|queue| !queue.is_empty())
            || world
                .get_resource::<RecoveryOffers>()
                .is_some_and(|known| !known.offers().is_empty());
        if is_busy {
            return;
        }
        if let Some(stopped) = &mut self.hints.stopped {
            stopped.waited += passed;
        }
        if self.hints.stopped.take_if(|stopped| stopped.waited >= STOP_PATIENCE).is_some() {
            give_hint(world, SessionHint::StoppedInDevelopment);
        }
        let Some(mut waited) = self.hints.without_session else { return };
        let says_where_its_menu_is = !self.hooks.offer_in.is_empty();
        if says_where_its_menu_is && self.is_in_menu(world) {
            return;
        }
        waited += passed;
        self.hints.without_session = Some(waited);
        if waited < SESSION_PATIENCE {
            return;
        }
        if self.hints.is_development || SavedTypes::is_any_entity_saved(world) {
            self.hints.without_session = None;
            give_hint(world, SessionHint::NoSessionStarted);
        } else {
            self.hints.without_session = Some(Duration::ZERO);
        }
    }
}

impl GameHooks {
    /// Says which conditions have kept checkpoints from being taken for so long.
    pub(crate) fn shut_gate(&self, world: &World, waited: Duration) -> SessionHint {
        let mut shut = self.checkpoint_while.iter().filter(|condition| !condition.held());
        let absent_state = shut.clone().find_map(|condition| condition.absent_state(world));
        let conditions = shut.by_ref().map(|condition| condition.name.clone()).collect();
        SessionHint::GateStaysShut { conditions, waited, absent_state }
    }
}

impl RunWatch {
    fn new(run: RunId) -> Self {
        let (played, shut_for) = (Duration::ZERO, Duration::ZERO);
        Self { run, played, shut_for, captured_at: None, empty: 0, has_saved_entities: false }
    }

    /// Follows a run through a frame.
    fn follow(&mut self, playing: &Playing, passed: Duration) {
        self.played += passed;
        let is_no_gate = playing.gate_was_open || playing.is_stopped;
        self.shut_for = if is_no_gate { Duration::ZERO } else { self.shut_for + passed };
        let captured_at = Some(playing.pace.captured_at()).filter(|_| !playing.line.is_untouched());
        if captured_at.is_some() && self.captured_at != captured_at {
            self.captured_at = captured_at;
            self.has_saved_entities |= playing.entities > 0;
            self.empty = if self.has_saved_entities { 0 } else { self.empty.saturating_add(1) };
        }
    }
}

/// The cause of these hints is gone.
fn take_back(world: &mut World, is_gone: impl Fn(&SessionHint) -> bool) {
    if let Some(mut hints) = world.get_resource_mut::<SessionHints>()
        && hints.iter().any(&is_gone)
    {
        hints.take_back(is_gone);
    }
}

fn give_hint_of_lost_keys(world: &mut World) {
    let Some(placed) = world.get_resource::<Placed>() else { return };
    let Some(key) = placed.lost_before().next().cloned() else { return };
    let entities = placed.lost_before().count();
    give_hint(world, SessionHint::LostBeforeRestore { key, entities });
}
