//! Prove that your game recovers, in ten lines.
//!
//! ```
//! use bevy::prelude::*;
//! use bevy_session::prelude::*;
//! use bevy_session::testing::{TestGame, assert_restores};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
//! # #[reflect(Component, Saved)]
//! # struct Health(u32);
//!
//! // The game's own way to make its app, but for the window.
//! fn build(session: SessionPlugin) -> App {
//!     let mut app = App::new();
//!     app.add_plugins((MinimalPlugins, session));
//!     app
//! }
//!
//! # fn main() -> Result<(), bevy_session::testing::RecoverError> {
//! // #[test] fn the_game_recovers() …
//! let mut game = TestGame::new(build);
//! game.start(NewSession::named("Campaign"))?;
//! game.world().spawn((Health(80), Name::new("Ada")));
//! assert_restores(game.app_mut());
//!
//! game.checkpoint("here")?;
//! let before = game.snapshot();
//! game.crash_and_restart().recover()?;
//! assert_eq!(before.differences(&game.snapshot()), []);
//! # Ok(())
//! # }
//! ```
//!
//! Two things are proved here, and a game wants both:
//!
//! - [`assert_restores`] looks at **values**. It saves everything that the game saves, restores it into
//!   a world that knows the same types and nothing else of the game, and compares the two, field by
//!   field. It finds the field with `#[serde(skip)]`, the `Serialize` that loses something, and the
//!   `Entity` without `#[entities]`. Call it whenever a test has the game in an interesting state.
//! - [`TestGame`] looks at **the game**. It kills it, starts it again, and recovers it through the
//!   game's own menus and loading screens, so that a level which spawns its doors twice, a second
//!   player from `OnEnter`, or a gate that never opens comes to light.
//!
//! Two more look at **updates**: [`assert_saves_load`] at saves of earlier builds, which are files beside the game's
//! sources, and [`assert_saved_types`] at the form of everything that was ever saved.
//!
//! To see what a game forgot to save at all, ask the [`doctor`](crate::doctor).

mod complete_app;
mod difference;
mod fresh_world;
mod game;
mod golden_saves;
mod heard;
mod recover_error;
mod round_trip;
mod saved_rows;
mod saved_types;
mod side;
mod snapshot;
mod trip;

pub use difference::{Difference, DifferenceKind};
pub(crate) use fresh_world::FreshWorld;
pub use game::TestGame;
pub use golden_saves::assert_saves_load;
pub use recover_error::RecoverError;
pub use saved_types::assert_saved_types;
pub use snapshot::SavedSnapshot;
pub use trip::RoundTrip;

use bevy::app::App;

/// Asserts that everything that the game saves now comes back as it is.
///
/// See [`differences`], which does the work and says what is compared.
///
/// # Panics
///
/// If something doesn't come back as it is. The message names each type, entity and field, with both
/// values.
///
/// ```should_panic
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::testing::assert_restores;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
/// #[reflect(Component, Saved)]
/// struct Health {
///     current: u32,
///     #[serde(skip)]
///     max: u32,
/// }
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()));
/// # #[cfg(not(feature = "auto_register"))]
/// # app.register_type::<Health>();
/// app.finish();
/// app.cleanup();
/// app.world_mut().spawn((Health { current: 80, max: 100 }, Name::new("Ada")));
/// // … Health of `Ada` (…), field `max`: 100 came back as 0
/// assert_restores(&mut app);
/// ```
#[track_caller]
pub fn assert_restores(app: &mut App) {
    RoundTrip::new().assert_restores(app);
}

/// What of the game wouldn't come back as it is now. Empty if all is well.
///
/// Everything that is saved is captured, written, read, and restored into a world that knows the same
/// types, with no systems, observers or unsaved resources of the game. For what a level places (see
/// [`SaveKey`](crate::SaveKey)) there is an entity with that key, and nothing else on it. Then two
/// comparisons are made:
///
/// - What is written of the two worlds, for every type, resource, state and entity, and the order of
///   siblings.
/// - The values themselves, for types that are registered with `#[reflect(Component)]` or
///   `#[reflect(Resource)]`, so that a field is found which isn't written at all. A field that is left
///   out on purpose is passed over if it is marked `#[reflect(ignore)]`.
///
/// Maps and sets are compared without order, NaN equals NaN, and references are equal if they name
/// what comes back as the same entity. A reference to a dead entity may come back as one to no one.
/// Hooks of components run in that world, and the `rebuild` of
/// [`save_component_as`](crate::SessionAppExt::save_component_as) is called. If one of them panics, since
/// it needs more of the game than there is here, its type is named and everything else compared;
/// [`RoundTrip`] lends it what it needs. Nothing of the game itself changes, except that entities
/// get the marker [`Saved`](crate::Saved) as they do at a checkpoint. A session needn't be played.
#[must_use]
pub fn differences(app: &mut App) -> Vec<Difference> {
    RoundTrip::new().differences(app)
}
