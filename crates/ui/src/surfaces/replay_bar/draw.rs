//! The bar as a tree.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;
use bevy_session::replay::ReplayMarkKind;

use super::Press;
use super::view::{BarView, Fill, RunsAlong, Track};
use crate::surfaces::look::{Look, TextSize};
use crate::surfaces::pictures::Pictures;
use crate::surfaces::surface::View;
use crate::surfaces::widgets::{ButtonKind, Does, Ink};

/// The height of the track, in pixels of the design.
const TRACK: f32 = 26.0;

impl View for BarView {
    type Action = Press;
    const IS_MODAL: bool = false;
    const LAYER: i32 = 9;

    fn first_focus(&self) -> Option<Press> {
        Some(Press::Pause)
    }

    fn draw(&self, look: &Look, _: &Pictures, root: &mut ChildSpawner) {
        let ground = Node {
            position_type: PositionType::Absolute,
            bottom: look.px(16.0),
            left: look.px(16.0),
            right: look.px(16.0),
            padding: UiRect::axes(look.px(16.0), look.px(12.0)),
            border: UiRect::all(Val::Px(1.0)),
            border_radius: BorderRadius::all(look.px(12.0)),
            ..look.column(10.0)
        };
        let colours = (
            BackgroundColor(look.theme.surface.with_alpha(0.94)),
            BorderColor::all(look.theme.line),
        );
        root.spawn((ground, colours)).with_children(|bar| {
            self.draw_track(look, bar);
            self.draw_buttons(look, bar);
        });
    }
}

impl BarView {
    fn draw_track(&self, look: &Look, parent: &mut ChildSpawner) {
        let track = Node {
            width: Val::Percent(100.0),
            height: look.px(TRACK),
            border_radius: BorderRadius::all(look.px(4.0)),
            ..default()
        };
        parent.spawn((track, BackgroundColor(look.theme.raised), Track)).with_children(|track| {
            let played = Node {
                position_type: PositionType::Absolute,
                height: Val::Percent(100.0),
                border_radius: BorderRadius::all(look.px(4.0)),
                ..default()
            };
            let ground = BackgroundColor(look.theme.chosen);
            track.spawn((played, ground, RunsAlong::Played, Pickable::IGNORE));
            for (kind, place) in self.marks.0.iter() {
                draw_mark(look, track, *kind, f32::from(*place) / 10.0);
            }
            let head = Node { top: look.px(-3.0), ..upright(look, 3.0, TRACK + 6.0, 0.0) };
            let colour = BackgroundColor(look.theme.text);
            track.spawn((head, colour, RunsAlong::Head, Pickable::IGNORE));
        });
    }

    fn draw_buttons(&self, look: &Look, parent: &mut ChildSpawner) {
        let words = &look.words;
        let row = Node { flex_wrap: FlexWrap::Wrap, row_gap: look.px(8.0), ..look.row(8.0) };
        parent.spawn((row, Pickable::IGNORE)).with_children(|row| {
            let pause = if self.is_paused { &words.replay_resume } else { &words.replay_pause };
            let buttons = [
                (self.can_go, &words.replay_back, Press::Back),
                (self.can_play, pause, Press::Pause),
                (self.can_play, &words.replay_step, Press::Step),
                (self.can_go, &words.replay_forward, Press::Forward),
                (self.can_play, &words.replay_slower, Press::Slower),
                (self.can_play, &words.replay_faster, Press::Faster),
            ];
            for (_, label, press) in buttons.into_iter().filter(|(is_offered, ..)| *is_offered) {
                look.button_of_height(row, 36.0, ButtonKind::Secondary, label, Does(press));
            }
            if self.can_play {
                row.spawn((look.line("", TextSize::Small, Ink::Muted), Fill::Speed));
            }
            row.spawn((look.line("", TextSize::Small, Ink::Text), Fill::Time));
            row.spawn((look.text("", TextSize::Small, Ink::Warning), Fill::Stage));
            row.spawn((look.text("", TextSize::Small, Ink::Muted), Fill::Lacks));
        });
    }
}

/// Each kind has a height of its own beside its colour.
fn draw_mark(look: &Look, track: &mut ChildSpawner, kind: ReplayMarkKind, percent: f32) {
    let theme = &look.theme;
    let (width, height, colour) = match kind {
        ReplayMarkKind::Keyframe => (2.0, TRACK * 0.6, theme.muted),
        ReplayMarkKind::Chapter => (3.0, TRACK, theme.accent),
        ReplayMarkKind::Crash => (5.0, TRACK, theme.danger),
        _ => (3.0, 3.0, theme.text),
    };
    let node = upright(look, width, height, percent);
    track.spawn((node, BackgroundColor(colour), Pickable::IGNORE));
}

/// A mark on the lower edge of the track, with its middle at its place.
fn upright(look: &Look, width: f32, height: f32, percent: f32) -> Node {
    Node {
        position_type: PositionType::Absolute,
        left: Val::Percent(percent),
        bottom: Val::ZERO,
        width: look.px(width),
        height: look.px(height),
        margin: UiRect::left(look.px(-width / 2.0)),
        ..default()
    }
}
