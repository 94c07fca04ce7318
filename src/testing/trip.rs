//! A round trip of a game's world, and the resources that it is lent.

use std::fmt;

use bevy::app::App;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;

use super::difference::{Difference, listed};
use super::round_trip;

/// Copies a part of the game's world into the world that it is restored into.
pub(super) type Supply = Box<dyn Fn(&World, &mut World)>;

/// The check of [`assert_restores`](super::assert_restores), for games whose hooks or `rebuild`s
/// need more than the saved data.
///
/// The game is restored into a world that has only its saved types. A hook that needs an unsaved
/// resource of the game panics there; so lend it the resource:
///
/// ```
/// use bevy::ecs::lifecycle::HookContext;
/// use bevy::ecs::world::DeferredWorld;
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::testing::RoundTrip;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Resource, Clone, Default)]
/// struct Engine(u32);
///
/// #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
/// #[reflect(Component, Saved)]
/// #[component(on_add = add_to_engine)]
/// struct Body;
///
/// fn add_to_engine(mut world: DeferredWorld, _: HookContext) {
///     world.resource_mut::<Engine>().0 += 1;
/// }
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .init_resource::<Engine>();
/// # #[cfg(not(feature = "auto_register"))]
/// # app.register_type::<Body>();
/// app.finish();
/// app.cleanup();
/// app.world_mut().spawn(Body);
/// RoundTrip::new().with_resource::<Engine>().assert_restores(&mut app);
/// ```
#[derive(Default)]
pub struct RoundTrip {
    supply: Vec<Supply>,
}

impl fmt::Debug for RoundTrip {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RoundTrip").finish_non_exhaustive()
    }
}

impl RoundTrip {
    /// A round trip with only the saved data.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lends a clone of one of the game's resources, if the game has it.
    #[must_use]
    pub fn with_resource<R: Resource + Clone>(mut self) -> Self {
        self.supply.push(Box::new(|game, world| {
            if let Some(resource) = game.get_resource::<R>() {
                world.insert_resource(resource.clone());
            }
        }));
        self
    }

    /// Prepares the world before the game is restored into it.
    #[must_use]
    pub fn with(mut self, prepare: impl Fn(&mut World) + 'static) -> Self {
        self.supply.push(Box::new(move |_, world| prepare(world)));
        self
    }

    /// The differences that a restore of the game would make, as
    /// [`differences`](super::differences).
    #[must_use]
    pub fn differences(&self, app: &mut App) -> Vec<Difference> {
        round_trip::differences(app.world_mut(), &self.supply)
    }

    /// Asserts that the game is restored as it is, as [`assert_restores`](super::assert_restores).
    ///
    /// # Panics
    ///
    /// If something is restored differently. The message names each type, entity and field, with
    /// both values.
    #[track_caller]
    pub fn assert_restores(&self, app: &mut App) {
        let differences = self.differences(app);
        assert!(
            differences.is_empty(),
            "{} saved values don't come back as they were:{}",
            differences.len(),
            listed(&differences),
        );
    }
}
