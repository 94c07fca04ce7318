//! Ready-made UI for everything that a player meets of this crate. Behind the feature `ui`.
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
//!
//! | plugin | what it shows | opened by |
//! | --- | --- | --- |
//! | [`RecoveryDialogPlugin`] | what happened, what was lost, what to go on from | a crash |
//! | [`SessionMenuPlugin`] | sessions and slots, to find, continue, load, archive and delete | [`OpenSessionMenu`] |
//! | [`SessionTimelinePlugin`] | checkpoints and branches, to go back to | [`OpenSessionTimeline`] |
//! | [`SaveIndicatorPlugin`] | a mark while saving, a warning while that is impossible | itself |
//! | [`SessionPanelPlugin`] | times, sizes and errors, for developers | F9 |
//!
//! Each is a plugin of its own, and each is optional. They need what `DefaultPlugins` brings, and, as
//! all UI does, a camera. A game that draws its own needs none of this: the notifications say all, as
//! `examples/own_dialog.rs` shows.
//!
//! # Looks and words
//!
//! [`SessionTheme`] has the colours, the font and the size of text, and [`SessionStrings`] every word,
//! from a RON file if you like. The font that comes along has the letters of Latin, Greek and Cyrillic
//! alphabets: set [`SessionTheme::font`] for names and languages with others, or switch on Bevy's
//! feature `system_font_discovery`.
//!
//! # Keys
//!
//! Mouse, keyboard and gamepad do the same: Tab and arrows or the D-pad and the left stick move the
//! focus, Enter, Space or South presses, Escape or East goes back, Page Up, Page Down and the shoulder
//! buttons turn pages. While a dialog is open it keeps the focus, and pointers don't reach what is
//! below it. What the game itself reads of [`ButtonInput`] it goes on
//! reading; [`session_ui_is_open`] is a run condition for that:
//!
//! ```
//! use bevy::prelude::*;
//! use bevy_session::ui::session_ui_is_open;
//!
//! # fn menu_keys() {}
//! App::new().add_systems(Update, menu_keys.run_if(not(session_ui_is_open)));
//! ```

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
