//! Ready-made UI: a recovery dialog, and soon more. Each piece is a plugin of its own, and each is
//! optional. Behind the feature `ui`.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_session::prelude::*;
//! use bevy_session::ui::SessionUiPlugins;
//!
//! App::new()
//!     .add_plugins((DefaultPlugins, SessionPlugin::new("Studio", "Hop")))
//!     .add_plugins(SessionUiPlugins)
//!     .run();
//! ```
mod describe;
mod focus;
mod look;
mod parts;
mod pictures;
mod recovery_dialog;
mod save_indicator;
mod session_menu;
mod session_panel;
mod strings;
mod surface;
mod theme;
mod widgets;

use bevy::app::PluginGroupBuilder;
use bevy::input_focus::{InputFocus, InputFocusSystems, InputFocusVisible};
use bevy::prelude::*;

pub use recovery_dialog::{OpenRecoveryDialog, RecoveryDialog, RecoveryDialogPlugin};
pub use save_indicator::{IndicatorCorner, SaveIndicatorPlugin};
pub use session_menu::{CloseSessionMenu, OpenSessionMenu, SessionMenu, SessionMenuPlugin};
pub use session_panel::{SessionPanel, SessionPanelPlugin, ToggleSessionPanel};
pub use strings::{Counted, SessionStrings, StringsFile};
pub use theme::SessionTheme;

/// All of the ready-made UI. Leave a piece out with `SessionUiPlugins.build().disable::<P>()`.
#[derive(Debug, Default)]
pub struct SessionUiPlugins;

impl PluginGroup for SessionUiPlugins {
    fn build(self) -> PluginGroupBuilder {
        PluginGroupBuilder::start::<Self>()
            .add(RecoveryDialogPlugin::default())
            .add(SessionMenuPlugin::default())
            .add(SaveIndicatorPlugin::default())
            .add(SessionPanelPlugin::default())
    }
}

/// When the ready-made UI works, within [`Update`].
#[derive(SystemSet, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UiSystems {
    /// Theme, words and pictures are brought up to date.
    Prepare,
    /// What is on the screen is brought up to date.
    Show,
}

/// What all pieces need.
struct CorePlugin;

fn add_core(app: &mut App) {
    if !app.is_plugin_added::<CorePlugin>() {
        app.add_plugins(CorePlugin);
    }
}

impl Plugin for CorePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<SessionTheme>()
            .init_resource::<SessionStrings>()
            .init_resource::<look::Look>()
            .init_resource::<pictures::Pictures>()
            // As Bevy's own plugins do, which may be added later.
            .init_resource::<InputFocus>()
            .init_resource::<InputFocusVisible>()
            .configure_sets(Update, (UiSystems::Prepare, UiSystems::Show).chain())
            .add_observer(pictures::receive_picture)
            .add_observer(pictures::forget_replaced)
            .add_observer(pictures::forget_slot)
            .add_observer(focus::on_key)
            .add_observer(focus::on_gamepad)
            .add_observer(focus::on_wheel)
            .add_observer(focus::on_press)
            .add_systems(
                PreUpdate,
                (focus::keep_focus, focus::follow_sticks)
                    .chain()
                    .before(InputFocusSystems::Dispatch),
            )
            .add_systems(
                Update,
                (look::follow_look, pictures::finish_pictures).in_set(UiSystems::Prepare),
            )
            .add_systems(PostUpdate, widgets::paint_buttons);
    }

    fn finish(&self, app: &mut App) {
        // Without assets the built-in English is all there is.
        if app.world().contains_resource::<AssetServer>() {
            app.init_asset::<SessionStrings>()
                .init_asset_loader::<strings::StringsLoader>()
                .add_systems(
                    Update,
                    strings::take_strings
                        .run_if(resource_exists::<StringsFile>)
                        .before(UiSystems::Prepare),
                );
        }
    }
}
