//! Resources and systems that all pieces of the ready-made UI share.

use bevy::ecs::schedule::{InternedScheduleLabel, ScheduleLabel};
use bevy::input_focus::{InputFocus, InputFocusSystems, InputFocusVisible};
use bevy::prelude::*;
use bevy::ui::UiSystems;
use bevy_session::replay::ReplayPaused;
use bevy_session::{RecoveryOffers, SessionCatalog};

use super::strings::{SessionStrings, StringsFile};
use super::theme::SessionTheme;
use super::{ellipsis, focus, font, look, pictures, strings, widgets};

/// When the ready-made UI works, within [`Update`], and in [`ReplayPaused`] while a watched replay is paused.
#[derive(SystemSet, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SessionUiSystems {
    /// Theme, words and pictures are brought up to date.
    Prepare,
    /// The screen is brought up to date.
    Show,
}

/// The schedules in which the ready-made UI works: also while a [watched replay](bevy_session::replay::Replay::watch) is paused.
pub(super) fn schedules() -> [InternedScheduleLabel; 2] {
    [Update.intern(), ReplayPaused.intern()]
}

/// Adds what all pieces share, once.
struct CorePlugin;

pub(super) fn add_core(app: &mut App) {
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
            .init_resource::<ellipsis::KnownCuts>()
            // As `SessionPlugin` and Bevy's own plugins do, which may be added later.
            .init_resource::<RecoveryOffers>()
            .init_resource::<SessionCatalog>()
            .init_resource::<InputFocus>()
            .init_resource::<InputFocusVisible>()
            .add_observer(pictures::receive_picture)
            .add_observer(pictures::forget_replaced)
            .add_observer(pictures::forget_slot)
            .add_observer(focus::on_key)
            .add_observer(focus::on_key_in_field)
            .add_observer(focus::on_gamepad)
            .add_observer(focus::on_wheel)
            .add_observer(focus::on_press)
            .add_systems(
                PreUpdate,
                (focus::keep_focus, focus::follow_sticks)
                    .chain()
                    .before(InputFocusSystems::Dispatch),
            )
            .add_systems(PostUpdate, widgets::paint_buttons)
            .add_systems(PostUpdate, ellipsis::cut_at_edge.after(UiSystems::PostLayout));
        for schedule in schedules() {
            app.configure_sets(
                schedule,
                (SessionUiSystems::Prepare, SessionUiSystems::Show).chain(),
            )
            .add_systems(
                schedule,
                (look::follow_look, pictures::finish_pictures).in_set(SessionUiSystems::Prepare),
            )
            .add_systems(schedule, ellipsis::cut_again.after(SessionUiSystems::Show));
        }
    }

    fn finish(&self, app: &mut App) {
        font::add(app);
        // Without assets the built-in English is all there is.
        if app.world().contains_resource::<AssetServer>() {
            app.init_asset::<SessionStrings>().init_asset_loader::<strings::StringsLoader>();
            for schedule in schedules() {
                app.add_systems(
                    schedule,
                    strings::take_strings
                        .run_if(resource_exists::<StringsFile>)
                        .before(SessionUiSystems::Prepare),
                );
            }
        }
    }
}
