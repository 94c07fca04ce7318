//! How a game ties sessions to its states.

use std::any::type_name_of_val;

use bevy::ecs::schedule::{BoxedCondition, SystemCondition};
use bevy::ecs::system::ScheduleSystem;
use bevy::prelude::*;
use bevy::state::state::{FreelyMutableState, StateTransition, StateTransitionEvent};

use super::{CurrentSession, RequestQueue};
use crate::capture::BeforeExit;
use crate::lifecycle::Request;
use crate::lifecycle::session_is_restoring;
use crate::restore::{ClearedMessages, StateOverride};

/// Ties sessions to the game's states: when checkpoints may be taken, when a session stands still,
/// what a restore waits for, and what it leaves behind.
///
/// Works with states, sub-states and computed states. The order of the calls doesn't matter.
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
///     .checkpoint_while(in_state(Game::Playing).or_else(in_state(Game::Paused)))
///     .pause_session_in(Game::Paused)
///     .restore_through(Game::Loading)
///     .restore_in(Game::Playing)
///     .offer_recovery_in(Game::Menu)
///     .close_session_on_enter(Game::Menu);
/// ```
pub trait SessionHooksExt {
    /// Takes checkpoints only while this holds: never of the menu's empty world. Called more than
    /// once, all conditions have to hold.
    ///
    /// Where a change of state makes the condition false, a last checkpoint is taken before
    /// `OnExit` despawns anything, with the states that are being left. A checkpoint that the game
    /// asks for meanwhile is taken as soon as the condition holds again.
    fn checkpoint_while<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Takes a checkpoint at the end of the frame in which this state is entered.
    ///
    /// Several such moments within [`SessionSettings::minimum_gap`](crate::SessionSettings) make
    /// one checkpoint.
    fn checkpoint_on_enter<S: States>(&mut self, state: S) -> &mut Self;

    /// Takes a checkpoint when this state is left, before `OnExit` despawns anything.
    fn checkpoint_on_exit<S: States>(&mut self, state: S) -> &mut Self;

    /// Takes a checkpoint when this transition happens, before `OnExit` despawns anything.
    fn checkpoint_on_transition<S: States>(&mut self, exited: S, entered: S) -> &mut Self;

    /// Lets the session stand still while the game is in this state.
    fn pause_session_in<S: States>(&mut self, state: S) -> &mut Self;

    /// Closes the session when this state is entered; usually the main menu.
    fn close_session_on_enter<S: States>(&mut self, state: S) -> &mut Self;

    /// Sends [`RecoveryAvailable`](crate::RecoveryAvailable) only while the game is in this state;
    /// usually the main menu. [`RecoveryOffers`](crate::RecoveryOffers) has the offers at once.
    fn offer_recovery_in<S: States>(&mut self, state: S) -> &mut Self;

    /// Puts entities back only once this state has been entered. See
    /// [`restore_when`](Self::restore_when).
    fn restore_in<S: States>(&mut self, state: S) -> &mut Self;

    /// Puts entities back only once this holds: when the level has been loaded that they belong to.
    /// Resources and states are as saved by then. Called more than once, all conditions have to
    /// hold. A condition that doesn't come true is told with
    /// [`RestoreStalled`](crate::RestoreStalled).
    fn restore_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Enters this state instead of the saved one when a restore begins. The game leads on, as it
    /// does when it loads a level; give it a gate with [`restore_in`](Self::restore_in). Once that
    /// is open, the saved states are entered, and the entities put back.
    fn restore_through<S: FreelyMutableState>(&mut self, state: S) -> &mut Self;

    /// Lets no message of this type reach the world that a restore brings back: what was written and
    /// not yet read when its entities are put back is dropped.
    ///
    /// Messages aren't saved, and by default those that are on their way are read after the restore
    /// all the same: hits on enemies who are alive again, a game over that was undone. Name here what
    /// your game writes and reads about its world. Those of the window and of input are best left
    /// alone.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// #[derive(Message)]
    /// struct Hit { target: Entity, damage: u32 }
    ///
    /// # let mut app = App::new();
    /// app.add_message::<Hit>().clear_on_restore::<Hit>();
    /// ```
    fn clear_on_restore<M: Message>(&mut self) -> &mut Self;
}

/// What a game has tied to its states. Collected while the app is built.
#[derive(Resource, Default)]
pub(crate) struct GameHooks {
    pub checkpoint_while: Vec<Condition>,
    pub pause_in: Vec<Condition>,
    pub offer_in: Vec<Condition>,
    pub restore_when: Vec<Condition>,
    pub restore_through: Option<StateOverride>,
    /// Messages that don't outlive their world.
    pub clear_on_restore: ClearedMessages,
    /// Whether a state closes the session.
    pub closes: bool,
    /// Adds what looks at transitions, once the schedule for them is there.
    watch: Vec<fn(&mut App)>,
}

/// A condition on the world, and what to call it.
pub(crate) struct Condition {
    pub name: String,
    system: BoxedCondition,
    is_initialized: bool,
}

/// Moments at which the game wants a checkpoint.
#[derive(Resource, Default)]
pub(crate) struct CheckpointTriggers {
    /// At the end of this frame.
    pub entered: Vec<String>,
    /// At once, before the state is left.
    pub leaving: Vec<String>,
    /// At the end of this frame, whatever was taken shortly before.
    pub urgent: Option<String>,
}

impl CheckpointTriggers {
    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.entered.clear();
        self.leaving.clear();
    }
}

/// The transitions of a state that want a checkpoint.
#[derive(Resource)]
struct WantedTransitions<S: States>(Vec<WantedTransition<S>>);

struct WantedTransition<S> {
    exited: S,
    entered: Option<S>,
}

impl Condition {
    fn new<M>(name: Option<String>, condition: impl SystemCondition<M>) -> Self {
        // Bevy knows no names of systems unless its feature `debug` is on.
        let name = name.unwrap_or_else(|| type_name_of_val(&condition).to_owned());
        let system = Box::new(IntoSystem::into_system(condition));
        Self { name, system, is_initialized: false }
    }

    fn in_state<S: States>(state: S) -> Self {
        let name = format!("{state:?}");
        Self::new(Some(name), in_state(state))
    }

    /// Whether it holds now. One that can't be asked doesn't.
    pub(crate) fn holds(&mut self, world: &mut World) -> bool {
        if !std::mem::replace(&mut self.is_initialized, true) {
            self.system.initialize(world);
        }
        self.system.run_readonly((), world).unwrap_or(false)
    }
}

impl GameHooks {
    /// Adds the systems that look at transitions, if the app has states.
    pub(crate) fn watch_transitions(&mut self, app: &mut App) {
        for watch in std::mem::take(&mut self.watch) {
            watch(app);
        }
    }
}

impl SessionHooksExt for App {
    fn checkpoint_while<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        hooks(self).checkpoint_while.push(Condition::new(None, condition));
        self
    }

    fn checkpoint_on_enter<S: States>(&mut self, state: S) -> &mut Self {
        let label = format!("enter {state:?}");
        self.init_resource::<CheckpointTriggers>();
        on_enter(self, state, move |mut triggers: ResMut<CheckpointTriggers>| {
            triggers.entered.push(label.clone());
        })
    }

    fn checkpoint_on_exit<S: States>(&mut self, state: S) -> &mut Self {
        want_transition(self, WantedTransition { exited: state, entered: None });
        self
    }

    fn checkpoint_on_transition<S: States>(&mut self, exited: S, entered: S) -> &mut Self {
        want_transition(self, WantedTransition { exited, entered: Some(entered) });
        self
    }

    fn pause_session_in<S: States>(&mut self, state: S) -> &mut Self {
        hooks(self).pause_in.push(Condition::in_state(state));
        self
    }

    fn close_session_on_enter<S: States>(&mut self, state: S) -> &mut Self {
        hooks(self).closes = true;
        on_enter(
            self,
            state,
            |session: Option<Res<CurrentSession>>, mut queue: ResMut<RequestQueue>| {
                // The menu that a game starts with closes nothing.
                if session.is_some() {
                    queue.0.push_back(Request::Close);
                }
            },
        )
    }

    fn offer_recovery_in<S: States>(&mut self, state: S) -> &mut Self {
        hooks(self).offer_in.push(Condition::in_state(state));
        self
    }

    fn restore_in<S: States>(&mut self, state: S) -> &mut Self {
        hooks(self).restore_when.push(Condition::in_state(state));
        self
    }

    fn restore_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        hooks(self).restore_when.push(Condition::new(None, condition));
        self
    }

    fn restore_through<S: FreelyMutableState>(&mut self, state: S) -> &mut Self {
        hooks(self).restore_through = Some(StateOverride::new(state));
        self
    }

    fn clear_on_restore<M: Message>(&mut self) -> &mut Self {
        hooks(self).clear_on_restore.add::<M>();
        self
    }
}

fn hooks(app: &mut App) -> Mut<'_, GameHooks> {
    app.world_mut().get_resource_or_init::<GameHooks>()
}

/// Runs a system when a state is entered, but not because of a restore.
fn on_enter<S: States, M>(
    app: &mut App,
    state: S,
    system: impl IntoScheduleConfigs<ScheduleSystem, M>,
) -> &mut App {
    app.init_resource::<RequestQueue>();
    app.add_systems(OnEnter(state), system.run_if(not(session_is_restoring)))
}

fn want_transition<S: States>(app: &mut App, transition: WantedTransition<S>) {
    app.init_resource::<CheckpointTriggers>();
    let known = app.world().contains_resource::<WantedTransitions<S>>();
    if !known {
        app.insert_resource(WantedTransitions::<S>(Vec::new()));
        hooks(app).watch.push(|app| {
            app.add_systems(StateTransition, look_for_transitions::<S>.in_set(BeforeExit::Note));
        });
    }
    app.world_mut().resource_mut::<WantedTransitions<S>>().0.push(transition);
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
        triggers.leaving.push(format!("exit {:?}", wanted.exited));
    }
}
