//! Looks for reasons why the plugin doesn't do what a game expects of it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{SessionEntry, SessionMetadata, SessionStatus};

use super::restored::hint_at_what_is_not_put_back;
use super::second_level::hint_at_second_level;
use super::watched::{RunWatch, UNATTENDED_FRAMES};
use super::{SessionHint, SessionHints, give_hint};
use crate::capture::{LateCalls, Placed, SavedTypes};
use crate::lifecycle::game_context::look_over_context;
use crate::lifecycle::hooks::game_hooks::GameHooks;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{CurrentSession, RecoveryOffers, RequestQueue, SessionCatalog};

/// The play time after which a shut gate is worth a hint.
const GATE_PATIENCE: Duration = Duration::from_secs(30);
/// The time without a session after which that is worth a hint.
const SESSION_PATIENCE: Duration = Duration::from_secs(30);
/// Time without a session after which a game won't resume one that a developer has stopped.
const STOP_PATIENCE: Duration = Duration::from_secs(3);
/// The play time in which a level spawns its placed entities, if it ever does.
const LEVEL_PATIENCE: Duration = Duration::from_secs(10);
/// The number of checkpoints without an entity after which that is worth a hint.
const EMPTY_CHECKPOINTS: u32 = 3;

/// Gives the hints that are due.
pub(crate) fn give_hints(parts: &mut RuntimeParts, world: &mut World) {
    let passed = parts.time.passed();
    parts.hints.frames = parts.hints.frames.saturating_add(1).min(UNATTENDED_FRAMES);
    look_over_hooks(parts, world);
    look_over_context(world);
    for (condition, error) in parts.hooks.take_failures() {
        give_hint(world, SessionHint::ConditionFailed { condition, error });
    }
    let late = world.get_resource_mut::<LateCalls>().filter(|calls| !calls.is_empty());
    for call in late.map(|mut calls| calls.take()).unwrap_or_default() {
        give_hint(world, SessionHint::CalledTooLate { call });
    }
    if parts.playing.is_some() {
        // What is said of the session before goes as this one begins.
        watch_run(parts, world, passed);
        watch_stop(parts, world);
        watch_start(parts, world);
    } else {
        watch_menu(parts, world, passed);
    }
}

/// Gives a hint if the game plays another session than those that its developer stopped.
fn watch_stop(parts: &mut RuntimeParts, world: &mut World) {
    let (Some(stopped), Some(session)) = (parts.hints.stopped.take(), parts.session()) else {
        return;
    };
    if !stopped.sessions.contains(&session) {
        // One of the two is enough.
        parts.hints.started_at_once = None;
        give_hint(world, SessionHint::StoppedInDevelopment);
    }
}

/// Gives a hint if the game has started a session beside the one that a player would expect to go on with.
fn watch_start(parts: &mut RuntimeParts, world: &mut World) {
    if !parts.start_up.sessions_are_known() {
        return;
    }
    let (Some(new), Some(session)) = (parts.hints.started_at_once.take(), parts.session()) else {
        return;
    };
    let Some(known) = world.get_resource::<SessionCatalog>() else { return };
    let mut others = known.sessions().iter().filter(|it| it.session.id != session);
    let goes_on = |entry: &SessionEntry| {
        entry.can_go_on() && (!entry.has_crashed() || is_offered(world, entry))
    };
    let is_meant =
        |session: &SessionMetadata| session.name == new.name && session.player == new.player;
    if others.any(|entry| is_meant(&entry.session) && goes_on(entry)) {
        give_hint(world, SessionHint::StartedBeside { name: new.name });
    }
}

fn is_offered(world: &World, entry: &SessionEntry) -> bool {
    let offers = world.get_resource::<RecoveryOffers>();
    offers.is_some_and(|offers| offers.of(entry.session.id).next().is_some())
}

/// Checks once that the states which the game's hooks use exist.
fn look_over_hooks(parts: &mut RuntimeParts, world: &mut World) {
    if std::mem::replace(&mut parts.hints.knows_hooks, true) {
        return;
    }
    for state in parts.hooks.missing_states(world) {
        give_hint(world, SessionHint::StateNotAdded { state });
    }
}

fn watch_run(parts: &mut RuntimeParts, world: &mut World, passed: Duration) {
    parts.hints.without_session = None;
    let Some(playing) = &parts.playing else { return };
    let is_new = parts.hints.run.as_ref().is_none_or(|watch| watch.run != playing.line.run());
    if is_new {
        world.get_resource_or_init::<SessionHints>().begin_session();
    }
    let watch = match &mut parts.hints.run {
        Some(watch) if !is_new => watch,
        run => run.insert(RunWatch::new(playing.line.run())),
    };
    let is_played = parts.transition.is_none()
        && world
            .get_resource::<CurrentSession>()
            .is_some_and(|session| session.status() == SessionStatus::Active);
    let is_shut = !playing.gate.is_open() && !playing.is_stopped;
    let captured_at = Some(playing.pace.captured_at()).filter(|_| !playing.line.is_untouched());
    let captured = captured_at.map(|at| (at, playing.entities > 0));
    watch.follow(if is_played { passed } else { Duration::ZERO }, is_shut, captured);
    let (shut_for, played, empty) = (watch.shut_for, watch.played, watch.empty);
    watch_gate(parts, world, shut_for);
    watch_entities(parts, world, empty);
    hint_at_second_level(parts, world, played);
    if played >= LEVEL_PATIENCE {
        give_hint_of_lost_keys(world);
        hint_at_what_is_not_put_back(world);
    }
}

fn watch_gate(parts: &RuntimeParts, world: &mut World, shut_for: Duration) {
    if shut_for >= GATE_PATIENCE {
        let hint = parts.hooks.shut_gate(world, shut_for);
        give_hint(world, hint);
    } else if shut_for.is_zero() {
        take_back(world, |hint| matches!(hint, SessionHint::GateStaysShut { .. }));
    }
}

fn watch_entities(parts: &RuntimeParts, world: &mut World, empty_checkpoints: u32) {
    if empty_checkpoints >= EMPTY_CHECKPOINTS {
        let types = parts.types.components_that_need_entities();
        // Those that wait for their level are saved, and not there.
        let has_waiting = world.get_resource::<Placed>().is_some_and(Placed::waits);
        if !types.is_empty() && !has_waiting {
            give_hint(world, SessionHint::NoEntitySaved { types });
        }
    } else if empty_checkpoints == 0 {
        take_back(world, |hint| matches!(hint, SessionHint::NoEntitySaved { .. }));
    }
}

/// Gives a hint if the game seems to have forgotten to start a session. A player who takes time in
/// the menu is no mistake, if the game has declared where its menu is. For players, a hint also
/// needs something that would be saved.
fn watch_menu(parts: &mut RuntimeParts, world: &mut World, passed: Duration) {
    let is_busy = parts.transition.is_some()
        || !parts.start_up.sessions_are_known()
        || world.get_resource::<RequestQueue>().is_some_and(|queue| {
            // A game that was refused has heard why.
            !queue.is_empty() || queue.start_was_refused()
        })
        || world.get_resource::<RecoveryOffers>().is_some_and(|known| !known.offers().is_empty());
    if is_busy {
        return;
    }
    if let Some(stopped) = &mut parts.hints.stopped {
        stopped.waited += passed;
    }
    if parts.hints.stopped.take_if(|stopped| stopped.waited >= STOP_PATIENCE).is_some() {
        give_hint(world, SessionHint::StoppedInDevelopment);
    }
    let Some(mut waited) = parts.hints.without_session else { return };
    let says_where_its_menu_is = !parts.hooks.offer_in.is_empty();
    if says_where_its_menu_is && parts.hooks.is_in_menu(world) {
        return;
    }
    waited += passed;
    parts.hints.without_session = Some(waited);
    if waited < SESSION_PATIENCE {
        return;
    }
    if parts.hints.is_development || SavedTypes::is_any_entity_saved(world) {
        parts.hints.without_session = None;
        give_hint(world, SessionHint::NoSessionStarted);
    } else {
        parts.hints.without_session = Some(Duration::ZERO);
    }
}

impl GameHooks {
    /// The hint with the conditions that have kept checkpoints from being taken for this long.
    pub(crate) fn shut_gate(&self, world: &World, waited: Duration) -> SessionHint {
        let mut shut = self.checkpoint_session_while.iter().filter(|condition| !condition.held());
        let absent_state = shut.clone().find_map(|condition| condition.absent_state(world));
        let closing = self.close_in.iter().filter(|condition| condition.held());
        let closing = closing.map(|condition| format!("not({})", condition.name));
        let conditions = shut.by_ref().map(|condition| condition.name.clone());
        let conditions = conditions.chain(closing).collect();
        SessionHint::GateStaysShut { conditions, waited, absent_state }
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
