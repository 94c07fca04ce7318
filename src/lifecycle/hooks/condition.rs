//! The game's conditions, with their names.

use std::any::type_name_of_val;
use std::fmt;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::error::FallbackErrorHandler;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::schedule::{BoxedCondition, SystemCondition};
use bevy::ecs::system::RunSystemError;
use bevy::prelude::*;

use super::type_names::arguments;
use crate::engine;
use crate::lifecycle::hints::{SessionHint, give_hint};

/// A run condition of the game that is evaluated by hand, with its name: for plugins that, like
/// this one, take conditions of a game (`when this holds, the quest is done`).
///
/// If it can't run, because a resource doesn't exist, it doesn't hold, and
/// [`SessionHint::ConditionFailed`](crate::hints::SessionHint::ConditionFailed) is given once.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::Condition;
///
/// #[derive(Resource)]
/// struct Water(u32);
///
/// fn the_well_is_full(water: Res<Water>) -> bool {
///     water.0 >= 10
/// }
///
/// let mut world = World::new();
/// let mut condition = Condition::new(the_well_is_full);
/// assert!(!condition.holds(&mut world), "there is no such resource");
/// world.insert_resource(Water(10));
/// assert!(condition.holds(&mut world));
/// ```
pub struct Condition {
    pub(crate) name: String,
    system: BoxedCondition,
    /// The state that it depends on, if its type shows exactly one.
    state: Option<String>,
    /// The resources and components that it reads; `None` until it is initialized.
    reads: Option<Vec<ComponentId>>,
    /// True if it depends on entities: on their components, or on their existence.
    asks_entities: bool,
    held: bool,
    asked: Option<Asked>,
    is_unanswered: bool,
    failure: Failure,
}

/// The last evaluation of a condition.
#[derive(Clone, Copy)]
struct Asked {
    /// The tick of the evaluation: earlier changes have this tick at most.
    at: Tick,
    /// The number of the resources it reads that existed.
    resources: usize,
}

/// The state of a condition's failure to run, and of its report.
enum Failure {
    Never,
    /// It couldn't run, and that hasn't been reported yet.
    Unsaid(String),
    Said,
}

impl fmt::Debug for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut condition = formatter.debug_struct("Condition");
        condition.field("name", &self.name).field("held", &self.held).finish_non_exhaustive()
    }
}

impl Condition {
    /// A condition that is named after its type.
    pub fn new<M>(condition: impl SystemCondition<M>) -> Self {
        Self::named(None, condition)
    }

    /// Returns true if it holds now. If it can't run, it doesn't hold, and a hint says why.
    ///
    /// It sees the world as a system that runs once per call does: change detection is relative to
    /// the last call.
    pub fn holds(&mut self, world: &mut World) -> bool {
        let holds = self.ask(world);
        if let Some(error) = self.take_failure() {
            give_hint(world, SessionHint::ConditionFailed { condition: self.name.clone(), error });
        }
        holds
    }

    pub(super) fn named<M>(name: Option<String>, condition: impl SystemCondition<M>) -> Self {
        let type_name = type_name_of_val(&condition).to_owned();
        let system = Box::new(IntoSystem::into_system(condition));
        let name = name.unwrap_or_else(|| {
            // Bevy knows no names of systems unless its feature `debug` is on.
            let known = system.name().to_string();
            if known.contains("::") { spoken(&known) } else { spoken(&type_name) }
        });
        let state = state_in(&type_name);
        let (held, asked, is_unanswered, failure) = (false, None, false, Failure::Never);
        let (reads, asks_entities) = (None, false);
        Self { name, system, state, reads, asks_entities, held, asked, is_unanswered, failure }
    }

    pub(super) fn in_state<S: States>(state: S) -> Self {
        let name = format!("{state:?}");
        Self::named(Some(name), in_state(state))
    }

    /// Returns true if it holds now. If it can't run, it doesn't hold; the caller gives the hint.
    pub(crate) fn ask(&mut self, world: &mut World) -> bool {
        self.initialize(world);
        let answer = self.system.run_readonly((), world);
        if let Err(RunSystemError::Failed(error)) = &answer
            && matches!(self.failure, Failure::Never)
        {
            self.failure = Failure::Unsaid(first_line(&error.to_string()));
        }
        self.is_unanswered = answer.is_err();
        self.held = answer.unwrap_or(false);
        let resources = self.resources(world).count();
        self.asked = Some(Asked { at: world.increment_change_tick(), resources });
        self.held
    }

    /// Returns true if the answer may have changed: a resource that it reads was changed, inserted
    /// or removed, it reads something unknown, or it reads entities and a state is being left.
    /// Passing time, and changes of entities in a frame that leaves no state, are left to the
    /// evaluation at the end of the frame.
    pub(in crate::lifecycle) fn may_have_changed(&self, world: &World, leaves: bool) -> bool {
        let reads_nothing = self.reads.as_ref().is_none_or(Vec::is_empty) && !self.asks_entities;
        let Some(asked) = self.asked.filter(|_| !reads_nothing) else { return true };
        if self.asks_entities && leaves {
            return true;
        }
        let now = world.read_change_tick();
        let times = [
            world.component_id::<Time>(),
            world.component_id::<Time<Real>>(),
            world.component_id::<Time<Virtual>>(),
            world.component_id::<Time<Fixed>>(),
        ];
        let is_newer = |(read, resource): (ComponentId, Entity)| {
            let ticks =
                world.get_entity(resource).ok().and_then(|it| it.get_change_ticks_by_id(read));
            !times.contains(&Some(read)) && ticks.is_some_and(|it| it.is_changed(asked.at, now))
        };
        self.resources(world).count() != asked.resources || self.resources(world).any(is_newer)
    }

    /// The resources that it reads, as far as they exist.
    fn resources(&self, world: &World) -> impl Iterator<Item = (ComponentId, Entity)> {
        let reads = self.reads.iter().flatten();
        reads.filter_map(|read| Some((*read, world.resource_entities().get(*read)?)))
    }

    /// Returns true if it couldn't run the last time.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.is_unanswered
    }

    /// Returns true if it held when it was last evaluated.
    pub(crate) fn held(&self) -> bool {
        self.held
    }

    pub(super) fn initialize(&mut self, world: &mut World) -> &[ComponentId] {
        let (system, asks_entities) = (&mut self.system, &mut self.asks_entities);
        self.reads.get_or_insert_with(|| {
            let access = engine::initialize(&mut **system, world);
            let mut parts = access.filtered_accesses().iter();
            *asks_entities = parts.any(|part| part.with_filters().all(|id| id != IS_RESOURCE));
            // Read by whatever is made of other conditions, and seldom there.
            let handler = world.component_id::<FallbackErrorHandler>();
            let reads = access.combined_access().try_iter_access();
            let reads = reads.into_iter().flatten().map(|read| *read.index());
            reads.filter(|read| Some(*read) != handler).collect()
        })
    }

    /// The state that it depends on, if a resource that it reads doesn't exist.
    pub(in crate::lifecycle) fn absent_state(&self, world: &World) -> Option<String> {
        let is_absent = |read: &ComponentId| {
            let required = world.get_required_components_by_id(*read);
            let is_resource =
                required.is_some_and(|required| required.iter_ids().any(|id| id == IS_RESOURCE));
            is_resource && world.resource_entities().get(*read).is_none()
        };
        let state = self.state.as_ref()?;
        self.reads.as_ref()?.iter().any(is_absent).then(|| state.clone())
    }

    pub(super) fn take_failure(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.failure, Failure::Said) {
            Failure::Unsaid(error) => Some(error),
            before => {
                self.failure = before;
                None
            }
        }
    }
}

/// Bevy's condition for a state.
const IN_STATE: &str = "bevy_state::condition::in_state";

/// The state that a condition depends on, if its type shows exactly one.
fn state_in(type_name: &str) -> Option<String> {
    match arguments(type_name, IN_STATE)[..] {
        [state] => Some(state.to_owned()),
        _ => None,
    }
}

/// The readable name of a condition; for a combined one, its states.
fn spoken(name: &str) -> String {
    let states = arguments(name, IN_STATE);
    let is_of_others = name.contains("CombinatorSystem<");
    match states[..] {
        [state] if !is_of_others => format!("in_state<{state}>"),
        [_, ..] => {
            let states = states.into_iter().map(|state| format!("in_state<{state}>"));
            states.collect::<Vec<_>>().join(" with ")
        }
        [] => name.replace("bevy_state::condition::", "").replace(">::{{closure}}", ">"),
    }
}

/// The first line of an error. Bevy's errors end with a backtrace.
fn first_line(error: &str) -> String {
    error.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::any::type_name;

    use super::*;

    #[test]
    fn a_condition_has_the_name_written_in_code() {
        #[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
        struct Game;
        let named = |condition: Condition| condition.name;
        let one = named(Condition::new(in_state(Game)));
        assert!(one.starts_with("in_state<") && one.ends_with("Game>"), "{one}");
        let either = Condition::new(in_state(Game).or_else(in_state(Game)));
        assert_eq!(either.state.as_deref(), Some(type_name::<Game>()));
        assert!(named(either).contains(type_name::<Game>()));
        #[derive(States, Clone, PartialEq, Eq, Hash, Debug)]
        struct Level<T: Send + Sync + Clone + Eq + std::hash::Hash + fmt::Debug + 'static>(T);
        let nested = Condition::new(in_state(Level(Some(Level(1_u8)))));
        assert_eq!(nested.state.as_deref(), Some(type_name::<Level<Option<Level<u8>>>>()));
        assert_eq!(nested.name, format!("in_state<{}>", type_name::<Level<Option<Level<u8>>>>()));
        fn is_loaded() -> bool {
            true
        }
        let own = named(Condition::new(is_loaded));
        assert!(own.ends_with("is_loaded"), "{own}");
    }
}
