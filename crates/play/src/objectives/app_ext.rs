//! Registers a game's objectives and their conditions.

use bevy::ecs::schedule::SystemCondition;
use bevy::prelude::*;
use bevy_session::Condition;

use super::change::ObjectiveStep;
use super::key::ObjectiveKey;
use super::objective::Objective;
use super::plugin::ObjectivesPlugin;
use super::registry::{Criteria, Criterion, Registry};

/// Registers the objectives of every session, and conditions on which they are done.
///
/// Calls may stand before or after the plugins, in any order. They add [`ObjectivesPlugin`] if it isn't there.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_play::{Objective, ObjectivesExt};
///
/// #[derive(Resource, Default)]
/// struct Wells(u32);
///
/// fn three_wells_are_dug(wells: Res<Wells>) -> bool {
///     wells.0 >= 3
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .init_resource::<Wells>()
///     .add_objectives([
///         Objective::new("town").title("Found a town"),
///         Objective::new("town/well").title("Dig three wells"),
///         Objective::new("town/wall").needs("town/well").optional(),
///     ])
///     .complete_objective("town/well", three_wells_are_dug);
/// ```
pub trait ObjectivesExt {
    /// Registers an objective that every session has.
    ///
    /// It is spawned when a session starts, and after a restore of a session that lacks it. One that the session
    /// has gets this definition, and keeps what became of it. One that a session has and no build registers any
    /// more stays as [`ObjectiveRetired`](crate::ObjectiveRetired). Of several with one key, the first counts, and
    /// [`ObjectiveProblem::Duplicate`](crate::ObjectiveProblem::Duplicate) says so.
    fn add_objective(&mut self, objective: Objective) -> &mut Self;

    /// Registers several; see [`add_objective`](Self::add_objective).
    fn add_objectives(&mut self, objectives: impl IntoIterator<Item = Objective>) -> &mut Self;

    /// Completes an objective when this holds. Called more than once, each condition does.
    ///
    /// It is asked once a frame while a session is active and nothing is restored, and only while the objective is
    /// open, not locked and not blocked; so it costs nothing before and after. That is after the game's own systems
    /// and before requests are handled and checkpoints are taken, so what holds in a frame is in that frame's
    /// checkpoint.
    ///
    /// A condition that can't be asked, because a resource isn't there, doesn't hold, and
    /// [`SessionHint::ConditionFailed`](bevy_session::hints::SessionHint::ConditionFailed) says so. One that panics is a
    /// crash of the game, as with any system: what that frame had brought is neither recorded nor saved, and after
    /// the recovery the game is as in the frame before, with nothing lost or doubled. Asking one costs about what
    /// running an empty system does; `cargo bench -p bevy_session_play` measures it.
    fn complete_objective<M>(
        &mut self,
        key: impl Into<ObjectiveKey>,
        condition: impl SystemCondition<M>,
    ) -> &mut Self;

    /// Fails an objective when this holds; otherwise as [`complete_objective`](Self::complete_objective). Of several
    /// that hold in one frame, the one that was set first counts.
    fn fail_objective<M>(
        &mut self,
        key: impl Into<ObjectiveKey>,
        condition: impl SystemCondition<M>,
    ) -> &mut Self;
}

impl ObjectivesExt for App {
    fn add_objective(&mut self, objective: Objective) -> &mut Self {
        ObjectivesPlugin::ensure(self);
        self.world_mut().get_resource_or_init::<Registry>().add(objective);
        self
    }

    fn add_objectives(&mut self, objectives: impl IntoIterator<Item = Objective>) -> &mut Self {
        for objective in objectives {
            self.add_objective(objective);
        }
        self
    }

    fn complete_objective<M>(
        &mut self,
        key: impl Into<ObjectiveKey>,
        condition: impl SystemCondition<M>,
    ) -> &mut Self {
        add_criterion(self, key.into(), ObjectiveStep::Completed, Condition::new(condition))
    }

    fn fail_objective<M>(
        &mut self,
        key: impl Into<ObjectiveKey>,
        condition: impl SystemCondition<M>,
    ) -> &mut Self {
        add_criterion(self, key.into(), ObjectiveStep::Failed, Condition::new(condition))
    }
}

fn add_criterion(
    app: &mut App,
    key: ObjectiveKey,
    step: ObjectiveStep,
    condition: Condition,
) -> &mut App {
    ObjectivesPlugin::ensure(app);
    let mut criteria = app.world_mut().get_resource_or_init::<Criteria>();
    criteria.0.push(Criterion { key, place: None, step, condition });
    app
}
