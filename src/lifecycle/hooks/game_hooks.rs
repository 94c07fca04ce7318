//! The hooks by which a game ties sessions to its states.

use bevy::ecs::component::ComponentId;
use bevy::prelude::*;

use super::condition::Condition;
use super::end_hook::EndHook;
use super::recovery_options::RecoveryHook;
use super::type_names::arguments;
use crate::lifecycle::guards::RequestGuard;
use crate::restore::{ClearedMessages, DroppedTypes, HeldState, StateOverride};

/// The hooks by which a game ties sessions to its states. Collected while the app is built.
#[derive(Resource, Default)]
pub(crate) struct GameHooks {
    pub checkpoint_session_while: Vec<Condition>,
    /// The conditions under which the pace of the same name is in force.
    pub paces: Vec<Condition>,
    pub pause_in: Vec<Condition>,
    pub offer_in: Vec<Condition>,
    pub restore_session_when: Vec<Condition>,
    pub restore_session_through: Option<StateOverride>,
    /// The state that the game wants to enter before the world that a cancelled restore has left is back.
    pub held_state: Option<HeldState>,
    /// If all of these hold, a restore in place leaves that out.
    pub stay_in_level_if: Vec<Condition>,
    /// Recovery options that the game adds.
    pub recovery_options: Vec<RecoveryHook>,
    /// Systems that run when a session is left, in this order.
    pub on_end: Vec<EndHook>,
    /// Guards that may refuse a request before it is handled.
    pub guards: Vec<RequestGuard>,
    /// Messages that are cleared with their world.
    pub clear_on_session_restore: ClearedMessages,
    /// Components that are removed from entities that stay in a restore in place.
    pub drop_on_rewind: DroppedTypes,
    /// The states that close the session.
    pub close_in: Vec<Condition>,
    /// Functions that add the systems for transitions, once the schedule for them exists.
    pub(super) watch: Vec<fn(&mut App)>,
    /// The states that hooks depend on.
    pub(super) states: Vec<NamedState>,
}

/// A state that a hook depends on.
pub(in crate::lifecycle) struct NamedState {
    pub(super) name: &'static str,
    pub(super) is_added: fn(&World) -> bool,
}

/// Moments at which the game wants a checkpoint.
#[derive(Resource, Default)]
pub(crate) struct CheckpointTriggers {
    /// At the end of this frame.
    pub entered: Vec<String>,
    /// At once, before the state is left.
    pub leaving: Vec<String>,
    /// At the end of this frame, even if one was taken shortly before.
    pub urgent: Option<String>,
}

impl CheckpointTriggers {
    /// Forgets all of them.
    pub(in crate::lifecycle) fn clear(&mut self) {
        self.entered.clear();
        self.leaving.clear();
    }
}

/// Bevy's path of the resource of a state.
const STATE: &str = "bevy_state::state::resources::State";

const TRANSITION: &str = "bevy_state::state::transitions::StateTransitionEvent";

/// The state of which this is the resource, if nothing ever added it to the app. A state that was
/// added may be absent, as sub-states are.
fn state_without_app(world: &World, component: ComponentId) -> Option<String> {
    let name = |component| Some(world.components().get_info(component)?.name().to_string());
    let resource = name(component)?;
    let [state] = arguments(&resource, STATE)[..] else { return None };
    let is_of_state = |name: String| arguments(&name, TRANSITION).contains(&state);
    let mut resources = world.resource_entities().iter();
    let is_added = resources.any(|(component, _)| name(component).is_some_and(is_of_state));
    (!is_added).then(|| state.to_owned())
}

impl GameHooks {
    /// Returns true if the game is where it asks about crashed sessions.
    pub(crate) fn is_in_menu(&mut self, world: &mut World) -> bool {
        let menus = &mut self.offer_in;
        menus.is_empty() || menus.iter_mut().any(|condition| condition.ask(world))
    }

    /// Returns true if the game is in a state that closes the session.
    pub(in crate::lifecycle) fn is_where_sessions_close(&mut self, world: &mut World) -> bool {
        self.close_in.iter_mut().any(|condition| condition.ask(world))
    }

    /// The errors of conditions that couldn't run, each once, with the conditions' names.
    pub(crate) fn take_failures(&mut self) -> Vec<(String, String)> {
        let failed = |condition: &mut Condition| {
            condition.take_failure().map(|error| (condition.name.clone(), error))
        };
        self.conditions().filter_map(failed).collect()
    }

    fn conditions(&mut self) -> impl Iterator<Item = &mut Condition> {
        let Self {
            checkpoint_session_while,
            paces,
            pause_in,
            offer_in,
            restore_session_when,
            close_in,
            ..
        } = self;
        [checkpoint_session_while, paces, pause_in, offer_in, restore_session_when, close_in]
            .into_iter()
            .flatten()
    }

    /// States that conditions and hooks depend on, and that aren't part of the app. States that are
    /// hidden in a condition of the game are found if Bevy knows names.
    pub(crate) fn missing_states(&mut self, world: &mut World) -> Vec<String> {
        let missing = self.states.iter().filter(|state| !(state.is_added)(world));
        let mut missing: Vec<String> = missing.map(|state| state.name.to_owned()).collect();
        let read: Vec<ComponentId> =
            self.conditions().flat_map(|condition| condition.initialize(world).to_vec()).collect();
        missing
            .extend(read.into_iter().filter_map(|component| state_without_app(world, component)));
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Adds the systems that watch transitions, if the app has states.
    pub(crate) fn watch_transitions(&mut self, app: &mut App) {
        for watch in std::mem::take(&mut self.watch) {
            watch(app);
        }
    }
}
