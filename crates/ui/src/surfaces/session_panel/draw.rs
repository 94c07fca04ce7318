//! The panel as a tree, whose texts and charts are filled in when they change.

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::input_focus::InputFocusVisible;
use bevy::prelude::*;
use bevy::ui_widgets::Activate;
use bevy_session::library::SessionPlace;
use bevy_session::monitoring::StandingAlerts;
use bevy_session::{CurrentSession, SessionActivity, SessionCommandsExt};

use super::chart::{Chart, picture, redraw};
use super::record::SessionPanel;
use super::{SessionPanelPlugin, ToggleSessionPanel};
use crate::surfaces::describe::{fill, shortened};
use crate::surfaces::focus::GoBack;
use crate::surfaces::look::{Look, TextSize};
use crate::surfaces::pictures::Pictures;
use crate::surfaces::surface::{Surface, View, show};
use crate::surfaces::widgets::{self, ButtonKind, Ink};
use crate::surfaces::{OpenSessionTimeline, SessionTimeline};

/// The panel's shape. What stands in it is filled in later, so that it isn't built again each second.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct PanelView {
    has_timeline: bool,
    has_crash: bool,
    warns_of_power_cuts: bool,
}

/// The action of a button of the panel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Does {
    Checkpoint,
    Timeline,
    Crash,
    Close,
}

/// A text that is filled in.
#[derive(Component, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    Name,
    Status,
    Played,
    Last,
    Queue,
    Place,
    Value(Chart),
    ErrorCount,
    Errors,
    Alerts,
    Activity,
}

/// The version of the panel that a chart was drawn with.
#[derive(Component, Default)]
pub(super) struct DrawnWith(Option<u32>);

/// Opens and closes the panel by its key; with Shift, the keyboard goes to it.
pub(super) fn toggle(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    plugin: Res<SessionPanelPlugin>,
    mut panel: ResMut<SessionPanel>,
) {
    let Some((keys, key)) = keys.zip(plugin.key) else { return };
    if !keys.just_pressed(key) {
        return;
    }
    if keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]) {
        panel.is_open = true;
        panel.wants_focus = true;
    } else {
        panel.is_open ^= true;
    }
}

pub(super) fn show_panel(world: &mut World) {
    let is_open = world.resource::<SessionPanel>().is_open;
    let has_root =
        world.get_resource::<Surface<PanelView>>().is_some_and(|surface| surface.root.is_some());
    if !is_open && !has_root {
        return;
    }
    let has_timeline = world.contains_resource::<SessionTimeline>();
    let has_crash = world.resource::<SessionPanelPlugin>().crash.is_some();
    let activity = world.get_resource::<SessionActivity>();
    let warns_of_power_cuts = activity.is_some_and(|activity| !activity.power_cuts_are_covered());
    if std::mem::take(
        &mut world.resource_mut::<SessionPanel>().bypass_change_detection().wants_focus,
    ) {
        world.get_resource_or_init::<Surface<PanelView>>().wants_focus = Some(Does::Checkpoint);
        if let Some(mut visible) = world.get_resource_mut::<InputFocusVisible>() {
            visible.0 = true;
        }
    }
    show(world, is_open.then_some(PanelView { has_timeline, has_crash, warns_of_power_cuts }));
}

/// A button was pressed.
pub(super) fn act(
    activate: On<Activate>,
    buttons: Query<&widgets::Does<Does>>,
    plugin: Res<SessionPanelPlugin>,
    mut commands: Commands,
) {
    let Ok(widgets::Does(does)) = buttons.get(activate.entity) else { return };
    match does {
        Does::Checkpoint => {
            commands.session().checkpoint("session panel");
        }
        Does::Timeline => commands.trigger(OpenSessionTimeline::default()),
        Does::Crash => plugin.crash.into_iter().for_each(|crash| crash()),
        Does::Close => commands.trigger(ToggleSessionPanel),
    }
}

pub(super) fn go_back(
    event: On<GoBack>,
    surface: Option<Res<Surface<PanelView>>>,
    mut panel: ResMut<SessionPanel>,
) {
    if surface.and_then(|surface| surface.root) == Some(event.entity) {
        panel.is_open = false;
    }
}

/// Fills in texts and charts that have changed.
pub(super) fn fill_in(
    panel: Res<SessionPanel>,
    session: Option<Res<CurrentSession>>,
    place: Option<Res<SessionPlace>>,
    alerts: Option<Res<StandingAlerts>>,
    look: Res<Look>,
    images: Option<ResMut<Assets<Image>>>,
    mut lines: Query<(&Line, &mut Text)>,
    mut charts: Query<(&Chart, &mut DrawnWith, &mut ImageNode)>,
) {
    for (line, mut text) in &mut lines {
        let now = match line {
            Line::Place => place.as_deref().map(|place| kept_in(place, &look)).unwrap_or_default(),
            Line::Alerts => alerts.as_deref().map(standing).unwrap_or_default(),
            line => said(*line, &panel, session.as_deref(), &look),
        };
        if text.0 != now {
            text.0 = now;
        }
    }
    let Some(mut images) = images else { return };
    for (chart, mut drawn, mut node) in &mut charts {
        if drawn.0 == Some(panel.version) {
            continue;
        }
        let (values, colour) = (chart.values(&panel), look.theme.accent);
        if drawn.0.is_some() && images.contains(&node.image) {
            if let Some(mut image) = images.get_mut(&node.image) {
                redraw(&mut image, &values, colour);
            }
        } else {
            node.image = images.add(picture(&values, colour));
        }
        drawn.0 = Some(panel.version);
    }
}

fn said(line: Line, panel: &SessionPanel, session: Option<&CurrentSession>, look: &Look) -> String {
    let words = &look.words;
    let of_session = |said: fn(&CurrentSession) -> String| session.map(said).unwrap_or_default();
    match line {
        Line::Name => session.map_or_else(
            || words.panel_no_session.clone(),
            |session| shortened(session.name(), 28),
        ),
        Line::Status => of_session(|session| format!("{:?}", session.status())),
        Line::Played => of_session(CurrentSession::play_time_text),
        Line::Last => of_session(|session| {
            let last = session.last_checkpoint();
            last.map_or(String::new(), |last| format!("{} {:?}", last.id.counter, last.kind))
        }),
        Line::Queue => panel.on_their_way.len().to_string(),
        Line::Value(chart) => {
            let values = chart.values(panel);
            let Some(last) = values.last() else { return String::new() };
            let largest = values.iter().copied().fold(0.0, f32::max);
            let (last, max) = (format!("{last:.2}"), format!("{largest:.2}"));
            fill(&words.panel_value, &[("last", &last), ("max", &max)])
        }
        Line::ErrorCount if panel.errors.is_empty() => words.panel_no_errors.clone(),
        Line::Activity => panel.activity.lines.join("\n"),
        Line::Errors => panel.errors.iter().cloned().collect::<Vec<_>>().join("\n"),
        Line::ErrorCount | Line::Alerts | Line::Place => String::new(),
    }
}

/// The directory of sessions and slots.
fn kept_in(place: &SessionPlace, look: &Look) -> String {
    match place.is_in_memory() {
        true => look.words.panel_in_memory.clone(),
        false => place.data().display().to_string(),
    }
}

/// The alerts that stand, each with the code that the runbook explains.
fn standing(alerts: &StandingAlerts) -> String {
    let said = alerts.0.iter().map(|alert| format!("{}: {}", alert.code, alert.what));
    said.map(|line| shortened(&line, 160)).collect::<Vec<_>>().join("\n")
}

impl View for PanelView {
    type Action = Does;
    const IS_MODAL: bool = false;
    const LAYER: i32 = 10;

    fn first_focus(&self) -> Option<Does> {
        Some(Does::Checkpoint)
    }

    fn draw(&self, look: &Look, _: &Pictures, root: &mut ChildSpawner) {
        let ground = Node {
            position_type: PositionType::Absolute,
            top: look.px(16.0),
            right: look.px(16.0),
            width: look.px(376.0),
            max_height: Val::Percent(94.0),
            padding: UiRect::all(look.px(16.0)),
            border: UiRect::all(Val::Px(1.0)),
            border_radius: BorderRadius::all(look.px(12.0)),
            overflow: Overflow::clip(),
            ..look.column(if look.is_compact() { 4.0 } else { 8.0 })
        };
        let colours = (
            BackgroundColor(look.theme.surface.with_alpha(0.94)),
            BorderColor::all(look.theme.line),
        );
        let words = &look.words;
        root.spawn((ground, colours)).with_children(|panel| {
            draw_line(look, panel, &words.panel_title, Line::Name, TextSize::Body);
            draw_line(look, panel, &words.panel_status, Line::Status, TextSize::Small);
            draw_line(look, panel, &words.panel_played, Line::Played, TextSize::Small);
            draw_line(look, panel, &words.panel_last, Line::Last, TextSize::Small);
            draw_line(look, panel, &words.panel_queue, Line::Queue, TextSize::Small);
            panel.spawn((column_of_lines(look), Pickable::IGNORE)).with_children(|column| {
                column.spawn(look.line(&words.panel_place, TextSize::Small, Ink::Muted));
                column.spawn((look.text("", TextSize::Small, Ink::Text), Line::Place));
            });
            if self.warns_of_power_cuts {
                panel.spawn(look.line(&words.panel_power_cuts, TextSize::Small, Ink::Warning));
            }
            for chart in Chart::ALL {
                draw_chart(look, panel, chart);
            }
            panel.spawn((column_of_lines(look), Pickable::IGNORE)).with_children(|column| {
                column.spawn(look.line(&words.panel_activity, TextSize::Small, Ink::Muted));
                column.spawn((look.text("", TextSize::Small, Ink::Text), Line::Activity));
            });
            panel.spawn((column_of_lines(look), Pickable::IGNORE)).with_children(|errors| {
                draw_line(look, errors, &words.panel_errors, Line::ErrorCount, TextSize::Small);
                for line in [Line::Alerts, Line::Errors] {
                    errors.spawn((look.text("", TextSize::Small, Ink::Warning), line));
                }
            });
            self.draw_buttons(look, panel);
        });
    }
}

/// Texts that are cut where the panel ends.
fn column_of_lines(look: &Look) -> Node {
    Node { flex_shrink: 1.0, min_height: Val::ZERO, overflow: Overflow::clip(), ..look.column(2.0) }
}

impl PanelView {
    fn draw_buttons(&self, look: &Look, parent: &mut ChildSpawner) {
        let line = Node {
            flex_shrink: 0.0,
            flex_wrap: FlexWrap::Wrap,
            row_gap: look.px(8.0),
            ..look.row(8.0)
        };
        parent.spawn(line).with_children(|line| {
            let words = &look.words;
            let mut button = |label: &str, does| {
                look.button(line, ButtonKind::Secondary, label, widgets::Does(does));
            };
            button(&words.panel_checkpoint, Does::Checkpoint);
            if self.has_timeline {
                button(&words.timeline_title, Does::Timeline);
            }
            if self.has_crash {
                button(&words.panel_crash, Does::Crash);
            }
            button(&words.close, Does::Close);
        });
    }
}

fn draw_line(look: &Look, parent: &mut ChildSpawner, label: &str, line: Line, size: TextSize) {
    let row = Node {
        justify_content: JustifyContent::SpaceBetween,
        flex_shrink: 0.0,
        overflow: Overflow::clip(),
        ..look.row(8.0)
    };
    parent.spawn((row, Pickable::IGNORE)).with_children(|row| {
        row.spawn(look.line(label, size, Ink::Muted));
        row.spawn((look.line("", size, Ink::Text), line));
    });
}

fn draw_chart(look: &Look, parent: &mut ChildSpawner, chart: Chart) {
    let words = &look.words;
    let label = match chart {
        Chart::Capture => &words.panel_capture,
        Chart::Write => &words.panel_write,
        Chart::Size => &words.panel_size,
    };
    draw_line(look, parent, label, Line::Value(chart), TextSize::Small);
    if look.is_compact() {
        return;
    }
    let frame = Node {
        width: Val::Percent(100.0),
        height: look.px(32.0),
        flex_shrink: 0.0,
        border_radius: BorderRadius::all(look.px(4.0)),
        ..default()
    };
    let image = ImageNode::default().with_mode(NodeImageMode::Stretch);
    let ground = BackgroundColor(look.theme.raised);
    parent.spawn((frame, image, ground, chart, DrawnWith::default(), Pickable::IGNORE));
}
