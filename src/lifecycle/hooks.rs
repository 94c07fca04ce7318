//! Hooks by which a game ties sessions to its states.

mod condition;
mod end_hook;
pub(super) mod game_hooks;
pub(super) mod recovery_options;
mod system;
mod type_names;

use std::any::type_name;

use bevy::ecs::schedule::SystemCondition;
use bevy::ecs::system::ScheduleSystem;
use bevy::prelude::*;
use bevy::state::state::{FreelyMutableState, StateTransition, StateTransitionEvent};
use bevy::utils::prelude::ShortName;
use bevy_session_journal::{RecoveryOffer, limits};

use super::guards::{GuardedRequest, RequestGuard};
use super::paces::{SessionPace, SessionPaces};
use super::requests::{MenuEntered, RequestQueue};
use super::{CurrentSession, session_is_restoring};
use crate::capture::{
    BeforeExit, ClosingStates, LateCalls, WaysOut, follow_state_scopes, leads_out,
};
use crate::restore::StateOverride;
use end_hook::EndHook;
use game_hooks::{CheckpointTriggers, GameHooks, NamedState};
use recovery_options::{RecoveryHook, RecoveryOption};

pub use condition::Condition;
pub use end_hook::EndStep;
pub(crate) use system::HookSystem;

/// Ties sessions to the game's states: when checkpoints may be taken, when a session is paused, and
/// what a restore waits for.
///
/// Works with states, sub-states and computed states. The order of the calls doesn't matter, as
/// long as they come while the app is built: a later call has no effect, and
/// [`SessionHint::CalledTooLate`](crate::hints::SessionHint::CalledTooLate) reports it. While
/// [`SessionSettings::autosave`](crate::SessionSettings::autosave) is off, none of the checkpoints
/// that these calls ask for is taken.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// # use bevy::state::app::StatesPlugin;
///
/// #[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
/// enum Game {
///     #[default]
///     Menu,
///     Loading,
///     Playing,
///     Paused,
/// }
///
/// let mut app = App::new();
/// # app.add_plugins((MinimalPlugins, StatesPlugin));
/// app.init_state::<Game>()
///     .add_plugins(SessionPlugin::new("Studio", "Hop").in_memory())
///     .checkpoint_session_while(in_state(Game::Playing).or_else(in_state(Game::Paused)))
///     .pause_session_in(Game::Paused)
///     .restore_session_through(Game::Loading)
///     .restore_session_in(Game::Playing)
///     .offer_recovery_in(Game::Menu)
///     .close_session_on_enter(Game::Menu);
/// ```
pub trait SessionHooksExt {
    /// Takes checkpoints only while this condition holds: never of the menu's empty world. If it is
    /// called more than once, all conditions have to hold.
    ///
    /// When a change of state makes the condition false, a last checkpoint is taken before `OnExit`
    /// despawns anything, with the states that are being left. A checkpoint that the game requests
    /// meanwhile is taken as soon as the condition holds again.
    fn checkpoint_session_while<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Takes a checkpoint at the end of the frame in which this state is entered.
    ///
    /// Several such moments within [`SessionSettings::minimum_gap`](crate::SessionSettings) make
    /// one checkpoint.
    fn checkpoint_session_on_enter<S: States>(&mut self, state: S) -> &mut Self;

    /// Takes a checkpoint when this state is left, before `OnExit` despawns anything.
    fn checkpoint_session_on_exit<S: States>(&mut self, state: S) -> &mut Self;

    /// Takes a checkpoint when this transition happens, before `OnExit` despawns anything.
    fn checkpoint_session_on_transition<S: States>(&mut self, exited: S, entered: S) -> &mut Self;

    /// Takes checkpoints at this pace while the game is in this state, instead of the pace of the
    /// settings. If several paces are in force, by different states or conditions, the last one
    /// that sets a value wins. [`SessionPaces`](crate::checkpoints::SessionPaces) has all of them,
    /// and can be changed at any time; [`CurrentPace`](crate::checkpoints::CurrentPace) has the
    /// resulting one.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// # use bevy::state::app::StatesPlugin;
    /// use bevy_session::checkpoints::SessionPace;
    /// use std::time::Duration;
    ///
    /// # #[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
    /// # enum Place { #[default] Town, Boss }
    /// # let mut app = App::new();
    /// # app.add_plugins((MinimalPlugins, StatesPlugin)).init_state::<Place>();
    /// app.pace_session_in(Place::Town, SessionPace::every(Duration::from_secs(30)))
    ///     .pace_session_in(Place::Boss, SessionPace::every(Duration::from_secs(1)));
    /// ```
    fn pace_session_in<S: States>(&mut self, state: S, pace: SessionPace) -> &mut Self;

    /// Takes checkpoints at this pace while this condition holds, as
    /// [`pace_session_in`](Self::pace_session_in) does in a state. A later call with the same name
    /// replaces this one.
    fn pace_session_while<M>(
        &mut self,
        name: &str,
        condition: impl SystemCondition<M>,
        pace: SessionPace,
    ) -> &mut Self;

    /// Pauses the session while the game is in this state.
    fn pause_session_in<S: States>(&mut self, state: S) -> &mut Self;

    /// Closes the session when this state is entered; usually the main menu. It is a gate as well: no checkpoint is taken
    /// in it, but one as it is entered. A checkpoint that is being read, or a restore
    /// that waits for its loading screen, is cancelled then.
    ///
    /// While a transition to this state is pending, no pending transition is saved: a slot that is saved in the frame in which
    /// the game sets the state leads back to the game. That needs a state that is saved itself, not one computed from it.
    fn close_session_on_enter<S: States>(&mut self, state: S) -> &mut Self;

    /// Runs this system when a session is left, before its last checkpoint is taken: to give a
    /// reason ([`SessionEnding::say`](crate::ends::SessionEnding::say)), to change the world at the
    /// end, or to finish other work. If it is called more than once, the systems run one after the
    /// other.
    ///
    /// If a gate of [`checkpoint_session_while`](Self::checkpoint_session_while) is closed, the
    /// last checkpoint was taken when it closed, as when
    /// [`close_session_on_enter`](Self::close_session_on_enter) closes the session in the menu.
    /// Then the systems' changes of the world are not saved; the reason is.
    ///
    /// A system that isn't done returns [`Poll::Pending`](std::task::Poll::Pending) and runs again:
    /// in the next frame or, when the game exits, every few milliseconds within one frame, so
    /// that no schedule runs and `Time` stands still. All of them together have half of
    /// [`Patience::exit`](crate::checkpoints::Patience::exit), also when the game exits: after that
    /// the session is left without the rest. To release resources once the session is over, or to
    /// show its summary, use an observer of [`SessionClosed`](crate::SessionClosed) or
    /// [`SessionEnded`](crate::SessionEnded).
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::ends::SessionEnding;
    /// # #[derive(Resource)] struct Party { place: String }
    ///
    /// fn say_where_we_are(party: Res<Party>, mut ending: ResMut<SessionEnding>) {
    ///     ending.say(format!("The party rests in {}", party.place));
    /// }
    ///
    /// # let mut app = App::new();
    /// app.on_session_end(say_where_we_are);
    /// ```
    fn on_session_end<Out: EndStep + 'static, M>(
        &mut self,
        system: impl IntoSystem<(), Out, M> + 'static,
    ) -> &mut Self;

    /// Runs this system before each request is handled. If it returns an error, the request is
    /// rejected with [`RequestError::Refused`](crate::RequestError::Refused) and that reason: for
    /// rights of players, or for moments at which the game doesn't allow something. If it is called
    /// more than once, all have to agree.
    ///
    /// A request that takes several frames is checked once, before anything is done. Answers of the
    /// game's own save system aren't checked, nor is
    /// [`cancel_restore`](crate::SessionCommands::cancel_restore), which only returns to the
    /// present world. If a system can't run, every request is refused, and an error is logged.
    ///
    /// This is no protection against people who have access to the files.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::requests::{CurrentRequest, GuardedRequest, Request};
    /// # #[derive(Resource)] struct Host(String);
    ///
    /// /// Only the host ends the session for everybody.
    /// fn only_the_host_ends_it(In(asked): In<GuardedRequest>, host: Res<Host>) -> Result<(), String> {
    ///     let ends_it = matches!(asked.request, Request::Current(CurrentRequest::End { .. }));
    ///     match asked.by {
    ///         Some(player) if ends_it && player != host.0 => Err(format!("{player} is not the host")),
    ///         _ => Ok(()),
    ///     }
    /// }
    ///
    /// # let mut app = App::new();
    /// app.guard_session_requests(only_the_host_ends_it);
    /// ```
    fn guard_session_requests<M>(
        &mut self,
        guard: impl IntoSystem<In<GuardedRequest>, Result<(), String>, M> + 'static,
    ) -> &mut Self;

    /// Sends [`RecoveryAvailable`](crate::RecoveryAvailable) only while the game is in this state,
    /// usually the main menu. [`RecoveryOffers`](crate::RecoveryOffers) has the offers at once.
    fn offer_recovery_in<S: States>(&mut self, state: S) -> &mut Self;

    /// Adds a recovery option to those of the plugin: dialog, offers and crash-loop escalation
    /// treat it like a checkpoint. When it is chosen, the system gets the offer, and does what the
    /// game wants.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::RecoveryOffer;
    /// use bevy_session::recovery::RecoveryOption;
    ///
    /// /// The checkpoint that the game takes as a mission begins.
    /// fn mission_begin(offer: &RecoveryOffer) -> Option<RestoreFrom> {
    ///     let is_begin = |label: &str| label.starts_with("mission");
    ///     let mut checkpoints = offer.checkpoints.iter();
    ///     let begin = checkpoints.find(|it| it.label.as_deref().is_some_and(is_begin))?;
    ///     Some(offer.restore_at(begin.id))
    /// }
    ///
    /// fn retry(In(offer): In<RecoveryOffer>, mut commands: Commands) {
    ///     if let Some(from) = mission_begin(&offer) {
    ///         commands.session().recover(offer.session.id, from);
    ///     }
    /// }
    ///
    /// # let mut app = App::new();
    /// let option = RecoveryOption::new("retry_mission", "Try the mission again")
    ///     .only_if(|offer, _| mission_begin(offer).is_some())
    ///     .proposed_after(2);
    /// app.recovery_option(option, retry);
    /// ```
    fn recovery_option<M>(
        &mut self,
        option: RecoveryOption,
        system: impl IntoSystem<In<RecoveryOffer>, (), M> + 'static,
    ) -> &mut Self;

    /// Restores entities only once this state has been entered: right after the transition, before
    /// any system of the frame runs in it. See
    /// [`restore_session_when`](Self::restore_session_when).
    fn restore_session_in<S: States>(&mut self, state: S) -> &mut Self;

    /// Restores entities only once this condition holds: when the level that they belong to has
    /// been loaded. Resources without references to entities, and states, are restored before that;
    /// resources with references are restored with the entities. Evaluated once a frame, after
    /// state transitions and before everything else. If it is called more than once, all conditions
    /// have to hold. If they don't for a while, [`RestoreStalled`](crate::recovery::RestoreStalled)
    /// is sent.
    fn restore_session_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Enters this state instead of the saved one when a restore begins. The game continues from
    /// there, as it does when it loads a level; give it a gate with
    /// [`restore_session_in`](Self::restore_session_in). Once the gate is open, the saved states
    /// are entered, and the entities restored.
    fn restore_session_through<S: FreelyMutableState>(&mut self, state: S) -> &mut Self;

    /// Skips the state of [`restore_session_through`](Self::restore_session_through) in a restore
    /// in place ([`RestoreManner::InPlace`](crate::RestoreManner::InPlace)) if this condition
    /// holds: if the checkpoint's level is loaded already, so that no loading screen is needed.
    /// Evaluated once, when resources without references to entities are restored and states aren't
    /// yet. If it is called more than once, all conditions have to hold.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// # #[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
    /// # enum Game { #[default] Menu, Loading, Playing }
    /// /// Saved.
    /// #[derive(Resource)]
    /// struct Level(u32);
    ///
    /// /// Not saved: which level is there.
    /// #[derive(Resource)]
    /// struct LoadedLevel(u32);
    ///
    /// # let mut app = App::new();
    /// app.restore_session_through(Game::Loading).stay_in_level_if(
    ///     |level: Res<Level>, loaded: Option<Res<LoadedLevel>>| {
    ///         loaded.is_some_and(|loaded| loaded.0 == level.0)
    ///     },
    /// );
    /// ```
    fn stay_in_level_if<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Drops messages of this type when a restore replaces the world: those that were written and
    /// not yet read when its entities are restored.
    ///
    /// Messages aren't saved, and by default those on their way are read after the restore all the
    /// same: hits on enemies who are alive again, a game over that was undone. Call this for
    /// messages that your game writes and reads about its world. Leave out those of the window and
    /// of input.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// #[derive(Message)]
    /// struct Hit { target: Entity, damage: u32 }
    ///
    /// # let mut app = App::new();
    /// app.add_message::<Hit>().clear_on_session_restore::<Hit>();
    /// ```
    fn clear_on_session_restore<M: Message>(&mut self) -> &mut Self;

    /// Removes this component from every saved entity that stays in a restore in place
    /// ([`RestoreManner::InPlace`](crate::RestoreManner::InPlace)): a turret's target, contacts, an
    /// animation's timer. Call this for components that aren't saved, depend on saved ones, and are
    /// rebuilt by the game's systems.
    ///
    /// A restore that respawns everything removes them anyway, except from entities that a level has
    /// placed: those stay in every restore.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// #[derive(Component)]
    /// struct Target(Entity);
    ///
    /// # let mut app = App::new();
    /// app.drop_on_rewind::<Target>();
    /// ```
    fn drop_on_rewind<T: Component>(&mut self) -> &mut Self;
}

/// The transitions of a state that want a checkpoint.
#[derive(Resource)]
struct WantedTransitions<S: States>(Vec<WantedTransition<S>>);

struct WantedTransition<S> {
    exited: S,
    entered: Option<S>,
}

impl SessionHooksExt for App {
    fn checkpoint_session_while<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        let condition = Condition::named(None, condition);
        let call = format!("checkpoint_session_while({})", condition.name);
        hook(self, &call, |hooks| hooks.checkpoint_session_while.push(condition))
    }

    fn checkpoint_session_on_enter<S: States>(&mut self, state: S) -> &mut Self {
        let call = format!("checkpoint_session_on_enter({state:?})");
        if LateCalls::note(self.world_mut(), &call) {
            return self;
        }
        let label = label(format!("enter {state:?}"));
        self.init_resource::<CheckpointTriggers>();
        on_enter(self, state, move |mut triggers: ResMut<CheckpointTriggers>| {
            triggers.entered.push(label.clone());
        })
    }

    fn checkpoint_session_on_exit<S: States>(&mut self, state: S) -> &mut Self {
        let call = format!("checkpoint_session_on_exit({state:?})");
        want_transition(self, &call, WantedTransition { exited: state, entered: None })
    }

    fn checkpoint_session_on_transition<S: States>(&mut self, exited: S, entered: S) -> &mut Self {
        let call = format!("checkpoint_session_on_transition({exited:?}, {entered:?})");
        want_transition(self, &call, WantedTransition { exited, entered: Some(entered) })
    }

    fn pace_session_in<S: States>(&mut self, state: S, pace: SessionPace) -> &mut Self {
        let call = format!("pace_session_in({state:?})");
        // Variants of different states may have one name.
        let name = format!("{}::{state:?}", ShortName::of::<S>());
        set_pace(go_by::<S>(self), &call, Condition::named(Some(name), in_state(state)), pace)
    }

    fn pace_session_while<M>(
        &mut self,
        name: &str,
        condition: impl SystemCondition<M>,
        pace: SessionPace,
    ) -> &mut Self {
        let call = format!("pace_session_while({name:?})");
        set_pace(self, &call, Condition::named(Some(name.to_owned()), condition), pace)
    }

    fn pause_session_in<S: States>(&mut self, state: S) -> &mut Self {
        let call = format!("pause_session_in({state:?})");
        hook(go_by::<S>(self), &call, |hooks| hooks.pause_in.push(Condition::in_state(state)))
    }

    fn close_session_on_enter<S: States>(&mut self, state: S) -> &mut Self {
        let call = format!("close_session_on_enter({state:?})");
        if LateCalls::note(self.world_mut(), &call) {
            return self;
        }
        hooks(self).close_in.push(Condition::in_state(state.clone()));
        let mut closing = self.world_mut().get_resource_or_init::<ClosingStates<S>>();
        closing.0.push(state.clone());
        let note_menu = |mut queue: ResMut<RequestQueue>| queue.note_menu(MenuEntered::by::<S>());
        self.add_systems(OnEnter(state.clone()), note_menu);
        on_enter(
            self,
            state,
            |session: Option<Res<CurrentSession>>, mut queue: ResMut<RequestQueue>| {
                // The menu that a game starts with closes nothing.
                if let Some(session) = session {
                    queue.close_by_state(session.id());
                }
            },
        )
    }

    fn on_session_end<Out: EndStep + 'static, M>(
        &mut self,
        system: impl IntoSystem<(), Out, M> + 'static,
    ) -> &mut Self {
        let end = EndHook::new(system);
        hook(self, "on_session_end", |hooks| hooks.on_end.push(end))
    }

    fn guard_session_requests<M>(
        &mut self,
        guard: impl IntoSystem<In<GuardedRequest>, Result<(), String>, M> + 'static,
    ) -> &mut Self {
        let guard = RequestGuard::new(guard);
        hook(self, "guard_session_requests", |hooks| hooks.guards.push(guard))
    }

    fn offer_recovery_in<S: States>(&mut self, state: S) -> &mut Self {
        let call = format!("offer_recovery_in({state:?})");
        hook(go_by::<S>(self), &call, |hooks| hooks.offer_in.push(Condition::in_state(state)))
    }

    fn recovery_option<M>(
        &mut self,
        option: RecoveryOption,
        system: impl IntoSystem<In<RecoveryOffer>, (), M> + 'static,
    ) -> &mut Self {
        let added = RecoveryHook::new(option, system);
        hook(self, "recovery_option", |hooks| hooks.recovery_options.push(added))
    }

    fn restore_session_in<S: States>(&mut self, state: S) -> &mut Self {
        let call = format!("restore_session_in({state:?})");
        hook(go_by::<S>(self), &call, |hooks| {
            hooks.restore_session_when.push(Condition::in_state(state));
        })
    }

    fn restore_session_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        let condition = Condition::named(None, condition);
        let call = format!("restore_session_when({})", condition.name);
        hook(self, &call, |hooks| hooks.restore_session_when.push(condition))
    }

    fn restore_session_through<S: FreelyMutableState>(&mut self, state: S) -> &mut Self {
        let call = format!("restore_session_through({state:?})");
        let through = StateOverride::new(state);
        self.world_mut().get_resource_or_init::<WaysOut>().0.push(leads_out::<S>);
        hook(go_by::<S>(self), &call, |hooks| hooks.restore_session_through = Some(through))
    }

    fn stay_in_level_if<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        let condition = Condition::named(None, condition);
        let call = format!("stay_in_level_if({})", condition.name);
        hook(self, &call, |hooks| hooks.stay_in_level_if.push(condition))
    }

    fn clear_on_session_restore<M: Message>(&mut self) -> &mut Self {
        let call = format!("clear_on_session_restore::<{}>()", type_name::<M>());
        hook(self, &call, |hooks| hooks.clear_on_session_restore.add::<M>())
    }

    fn drop_on_rewind<T: Component>(&mut self) -> &mut Self {
        let call = format!("drop_on_rewind::<{}>()", type_name::<T>());
        hook(self, &call, |hooks| hooks.drop_on_rewind.add::<T>())
    }
}

/// Adds a hook, unless the app is complete already.
pub(super) fn hook<'a>(
    app: &'a mut App,
    call: &str,
    note: impl FnOnce(&mut GameHooks),
) -> &'a mut App {
    if !LateCalls::note(app.world_mut(), call) {
        note(&mut hooks(app));
    }
    app
}

/// Names a pace after its condition.
fn set_pace<'a>(app: &'a mut App, call: &str, when: Condition, pace: SessionPace) -> &'a mut App {
    let name = when.name.clone();
    hook(app, call, |hooks| {
        hooks.paces.retain(|known| known.name != name);
        hooks.paces.push(when);
    });
    app.world_mut().get_resource_or_init::<SessionPaces>().set(&name, pace);
    app
}

pub(super) fn hooks(app: &mut App) -> Mut<'_, GameHooks> {
    app.world_mut().get_resource_or_init::<GameHooks>()
}

/// Returns true if a state is part of the app. However it is added, messages of its transitions
/// exist.
pub(super) fn is_added<S: States>(world: &World) -> bool {
    world.contains_resource::<Messages<StateTransitionEvent<S>>>()
}

/// Notes that a hook uses a state.
fn go_by<S: States>(app: &mut App) -> &mut App {
    if LateCalls::is_app_complete(app.world()) {
        return app;
    }
    hooks(app).states.push(NamedState { name: type_name::<S>(), is_added: is_added::<S> });
    hooks(app).watch.push(follow_state_scopes::<S>);
    app
}

/// Runs a system when a state is entered, but not because of a restore.
fn on_enter<S: States, M>(
    app: &mut App,
    state: S,
    system: impl IntoScheduleConfigs<ScheduleSystem, M>,
) -> &mut App {
    go_by::<S>(app).init_resource::<RequestQueue>();
    app.add_systems(OnEnter(state), system.run_if(not(session_is_restoring)))
}

fn want_transition<'a, S: States>(
    app: &'a mut App,
    call: &str,
    transition: WantedTransition<S>,
) -> &'a mut App {
    if LateCalls::note(app.world_mut(), call) {
        return app;
    }
    go_by::<S>(app).init_resource::<CheckpointTriggers>();
    let known = app.world().contains_resource::<WantedTransitions<S>>();
    if !known {
        app.insert_resource(WantedTransitions::<S>(Vec::new()));
        hooks(app).watch.push(|app| {
            if is_added::<S>(app.world()) {
                let look = look_for_transitions::<S>.in_set(BeforeExit::Note);
                app.add_systems(StateTransition, look);
            }
        });
    }
    app.world_mut().resource_mut::<WantedTransitions<S>>().0.push(transition);
    app
}

/// The label of a checkpoint. A state's text may be a whole level's, so it is cut.
fn label(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(limits::STRING_BYTES));
    text
}

fn look_for_transitions<S: States>(
    wanted: Res<WantedTransitions<S>>,
    mut transitions: MessageReader<StateTransitionEvent<S>>,
    mut triggers: ResMut<CheckpointTriggers>,
) {
    let Some(transition) = transitions.read().last() else { return };
    let is_wanted = |wanted: &WantedTransition<S>| {
        let leaves = transition.exited.as_ref() == Some(&wanted.exited)
            && (transition.exited != transition.entered || transition.allow_same_state_transitions);
        let enters = wanted.entered.is_none() || wanted.entered == transition.entered;
        leaves && enters
    };
    if let Some(wanted) = wanted.0.iter().find(|wanted| is_wanted(wanted)) {
        triggers.leaving.push(label(format!("exit {:?}", wanted.exited)));
    }
}
