//! The bar of a recorded run that is watched in the game's window.

mod draw;
mod view;

use std::time::Duration;

use bevy::prelude::*;
use bevy::ui::UiSystems;
use bevy::ui_widgets::Activate;
use bevy::window::{PresentMode, PrimaryWindow};
use bevy_session::replay::WatchedReplay;

use self::view::{BarView, Fill, Marks, RunsAlong, Track, line};
use super::look::Look;
use super::surface::show;
use super::widgets::Does;
use crate::engine::OnPress;

/// The action of a button of the bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Press {
    /// To the checkpoint before.
    Back,
    Pause,
    Step,
    /// To the checkpoint after.
    Forward,
    Slower,
    Faster,
}

/// Adds the bar, which is there as long as a replay is watched.
pub(super) fn add(app: &mut App) {
    app.add_observer(press)
        .add_observer(seek)
        .add_systems(
            PostUpdate,
            (show_bar, fill_in)
                .chain()
                .before(UiSystems::Prepare)
                .run_if(resource_exists::<WatchedReplay>),
        )
        .add_systems(Update, draw_at_once.run_if(resource_added::<WatchedReplay>));
}

/// A replay has its own clock, so that the screen's isn't waited for.
fn draw_at_once(windows: Query<&mut Window, With<PrimaryWindow>>) {
    for mut window in windows {
        window.present_mode = PresentMode::AutoNoVsync;
    }
}

fn show_bar(world: &mut World, mut marks: Local<Option<Marks>>) {
    let Some(replay) = world.get_resource::<WatchedReplay>() else { return };
    let marks = marks.get_or_insert_with(|| Marks::of(replay)).clone();
    let view = BarView::of(replay, marks);
    show(world, Some(view));
}

fn fill_in(
    replay: Res<WatchedReplay>,
    look: Res<Look>,
    mut texts: Query<(&Fill, &mut Text)>,
    mut along: Query<(&RunsAlong, &mut Node)>,
) {
    for (fill, mut text) in &mut texts {
        text.set_if_neq(Text(line(*fill, &replay, &look.words)));
    }
    let place = Val::Percent(view::share(&replay, replay.position()) * 100.0);
    for (part, mut node) in &mut along {
        let there = match part {
            RunsAlong::Head => &mut node.bypass_change_detection().left,
            RunsAlong::Played => &mut node.bypass_change_detection().width,
        };
        if std::mem::replace(there, place) != place {
            node.set_changed();
        }
    }
}

fn press(
    activate: On<Activate>,
    buttons: Query<&Does<Press>>,
    replay: Option<ResMut<WatchedReplay>>,
) {
    let (Ok(Does(press)), Some(mut replay)) = (buttons.get(activate.entity), replay) else {
        return;
    };
    match press {
        Press::Back => go(&mut replay, WatchedReplay::previous_keyframe),
        Press::Forward => go(&mut replay, WatchedReplay::next_keyframe),
        Press::Pause if replay.is_paused() => replay.resume(),
        Press::Pause => replay.pause(),
        Press::Step => replay.step(),
        Press::Slower => {
            let speed = replay.speed().unwrap_or(1.0);
            replay.set_speed(speed / 2.0);
        }
        Press::Faster => {
            let speed = replay.speed().unwrap_or(1.0);
            replay.set_speed(speed * 2.0);
        }
    }
}

/// Goes to a checkpoint, if there is one.
fn go(replay: &mut WatchedReplay, to: fn(&WatchedReplay) -> Option<Duration>) {
    if let Some(to) = to(replay) {
        replay.seek(to);
    }
}

/// Where the track is pressed, the replay goes.
fn seek(press: OnPress, tracks: Query<(), With<Track>>, replay: Option<ResMut<WatchedReplay>>) {
    let (Some(place), Some(mut replay)) = (press.hit.position, replay) else { return };
    if tracks.contains(press.entity) && place.x.is_finite() {
        // From -0.5 at the left to 0.5 at the right.
        let share = (place.x + 0.5).clamp(0.0, 1.0);
        let to = replay.begin() + replay.end().saturating_sub(replay.begin()).mul_f32(share);
        replay.seek(to);
    }
}
