//! Tools to test in a few lines that your game recovers.
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
//! let before = game.checkpoint_and_snapshot("here")?;
//! game.crash_and_restart().recover()?;
//! assert_eq!(before.differences(&game.snapshot()), []);
//! # Ok(())
//! # }
//! ```
//!
//! Two things are tested here, and a game needs both:
//!
//! - [`assert_restores`] tests **values**. It saves everything that the game saves, restores it
//!   into a world that has the same types and nothing else of the game, and compares the two, field
//!   by field. It finds the field with `#[serde(skip)]`, the `Serialize` that loses something, and
//!   the `Entity` without `#[entities]`. Call it whenever a test has the game in an interesting
//!   state.
//! - [`TestGame`] tests **the game**. It kills it, starts it again, and recovers it through the
//!   game's own menus and loading screens. It finds a level which spawns its doors twice, a second
//!   player from `OnEnter`, and a gate that never opens.
//!
//! Two more test **updates**: [`assert_saves_load`] tests saves of earlier builds, which are files
//! beside the game's sources, and [`assert_saved_types`] tests the form of everything that was ever
//! saved.
//!
//! To find what a game forgot to save at all, use the [`doctor`](crate::doctor).

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
pub(crate) use game::{begin_frame_of_owner, game_in_lent_world, listen_in, plugin_on};
pub use golden_saves::assert_saves_load;
pub use recover_error::RecoverError;
pub use saved_types::assert_saved_types;
pub use snapshot::SavedSnapshot;
pub use trip::RoundTrip;

use bevy::app::App;

/// Asserts that everything that the game saves now is restored unchanged.
///
/// See [`differences`], which does the work and documents the comparison.
///
/// # Panics
///
/// If something is restored differently. The message names each type, entity and field, with both
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

/// The differences that a restore of the game would make now. Empty if all is well.
///
/// Everything that is saved is captured, written, read, and restored into a world that has the same
/// types, with no systems, observers or unsaved resources of the game. For a placed entity (see
/// [`SaveKey`](crate::SaveKey)) there is an entity with that key, and nothing else on it. Then two
/// comparisons are made:
///
/// - The written data of the two worlds, for every type, resource, state and entity, and the order
///   of siblings.
/// - The values themselves, for types that are registered with `#[reflect(Component)]` or
///   `#[reflect(Resource)]`, to find fields that aren't written at all. A field that is left out on
///   purpose is skipped if it is marked `#[reflect(ignore)]`.
///
/// Maps and sets are compared without order, NaN equals NaN, and references are equal if they name
/// the same restored entity. A reference to a despawned entity may be restored as an empty one.
/// Hooks of components run in that world, and the `rebuild` of
/// [`save_component_as`](crate::SessionAppExt::save_component_as) is called. If one of them panics,
/// since it needs more of the game than there is here, its type is named and everything else
/// compared; [`RoundTrip`] lends it what it needs. Nothing of the game itself changes, except that
/// entities get the marker [`Saved`](crate::Saved) as they do at a checkpoint. No session needs to
/// be played.
#[must_use]
pub fn differences(app: &mut App) -> Vec<Difference> {
    RoundTrip::new().differences(app)
}
