//! Everything that a player meets of the plugin, drawn.

mod asking;
mod core;
mod describe;
mod ellipsis;
mod field;
mod focus;
mod font;
mod hold;
mod lists;
mod look;
mod parts;
mod pictures;
mod recovery_dialog;
mod replay_bar;
mod save_indicator;
mod session_menu;
mod session_panel;
mod shapes;
mod strings;
mod surface;
mod theme;
mod timeline;
mod widgets;

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;

pub use self::core::SessionUiSystems;
pub use recovery_dialog::{OpenRecoveryDialog, RecoveryDialog, RecoveryDialogPlugin};
pub use save_indicator::{IndicatorCorner, SaveIndicatorPlugin};
pub use session_menu::{CloseSessionMenu, OpenSessionMenu, SessionMenu, SessionMenuPlugin};
pub use session_panel::{SessionPanel, SessionPanelPlugin, ToggleSessionPanel};
pub use strings::{Counted, SessionStrings, StringsFile};
pub use theme::SessionTheme;
pub use timeline::{
    CloseSessionTimeline, OpenSessionTimeline, SessionTimeline, SessionTimelinePlugin,
};

/// All of the ready-made UI. Leave a piece out with `SessionUiPlugins.build().disable::<P>()`.
#[derive(Debug, Default)]
pub struct SessionUiPlugins;

impl PluginGroup for SessionUiPlugins {
    fn build(self) -> PluginGroupBuilder {
        PluginGroupBuilder::start::<Self>()
            .add(RecoveryDialogPlugin::default())
            .add(SessionMenuPlugin::default())
            .add(SessionTimelinePlugin::default())
            .add(SaveIndicatorPlugin::default())
            .add(SessionPanelPlugin::default())
    }
}

/// Run condition: a dialog of the ready-made UI is open and has the keyboard.
#[must_use]
pub fn session_ui_is_open(
    dialog: Option<Res<RecoveryDialog>>,
    menu: Option<Res<SessionMenu>>,
    timeline: Option<Res<SessionTimeline>>,
) -> bool {
    dialog.is_some_and(|dialog| dialog.is_open())
        || menu.is_some_and(|menu| menu.is_open())
        || timeline.is_some_and(|timeline| timeline.is_open())
}
