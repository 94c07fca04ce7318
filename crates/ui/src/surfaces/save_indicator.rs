//! A small mark while something is being saved, and a warning when it can't be.

use std::time::Duration;

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::prelude::*;
use bevy_session::checkpoints::{CheckpointError, SavingResumed, SavingStopped};
use bevy_session::slots::{SlotError, SlotFailed};
use bevy_session::{
    CheckpointCaptured, CheckpointFailed, CheckpointSaved, SessionActivity, SessionClosed,
    SessionEnded, SessionId,
};

use super::core::{SessionUiSystems, add_core};
use super::describe::{fill, shortened};
use super::look::{Look, TextSize};
use super::pictures::Pictures;
use super::surface::{Surface, View, show};
use super::widgets::Ink;

/// A small mark while bytes are on their way to the disk, and a clear warning for as long as they
/// can't be written.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ui::{IndicatorCorner, SaveIndicatorPlugin};
///
/// App::new()
///     .add_plugins((DefaultPlugins, SessionPlugin::new("Studio", "Hop")))
///     .add_plugins(SaveIndicatorPlugin::default().corner(IndicatorCorner::TopRight))
///     .run();
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaveIndicatorPlugin {
    corner: IndicatorCorner,
    shortest: Duration,
    with_text: bool,
}

impl Default for SaveIndicatorPlugin {
    fn default() -> Self {
        let shortest = Duration::from_secs(1);
        Self { corner: IndicatorCorner::default(), shortest, with_text: true }
    }
}

impl SaveIndicatorPlugin {
    /// The corner of the window. The lower right one by default.
    #[must_use]
    pub fn corner(mut self, corner: IndicatorCorner) -> Self {
        self.corner = corner;
        self
    }

    /// Sets the shortest time for which the mark is shown. 1 second by default.
    #[must_use]
    pub fn shortest(mut self, time: Duration) -> Self {
        self.shortest = time;
        self
    }

    /// Shows a word beside the mark, or leaves it out. Shown by default.
    #[must_use]
    pub fn with_text(mut self, with_text: bool) -> Self {
        self.with_text = with_text;
        self
    }
}

/// A corner of the window.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum IndicatorCorner {
    /// The upper left one.
    TopLeft,
    /// The upper right one.
    TopRight,
    /// The lower left one.
    BottomLeft,
    /// The lower right one.
    #[default]
    BottomRight,
}

/// The time for which a failed save of a slot is shown.
const SLOT_WARNING: Duration = Duration::from_secs(8);

/// The state of the indicator.
#[derive(Resource, Debug)]
struct Indicator {
    settings: SaveIndicatorPlugin,
    /// Real time until which the mark is to be seen.
    seen_until: Duration,
    warning: Option<Warning>,
    /// A slot that could not be saved, and until when that is shown.
    slot: Option<(String, SlotError, Duration)>,
}

#[derive(Clone, PartialEq, Debug)]
enum Warning {
    Failing(CheckpointError),
    /// This session isn't saved any more; `None` if nothing is, whatever is played.
    Stopped(Option<SessionId>),
}

/// All that the indicator shows.
#[derive(Clone, PartialEq, Debug)]
struct IndicatorView {
    corner: IndicatorCorner,
    saving: Option<String>,
    warnings: Vec<String>,
}

/// The mark that pulses.
#[derive(Component)]
struct Pulse;

impl Plugin for SaveIndicatorPlugin {
    fn build(&self, app: &mut App) {
        add_core(app);
        app.insert_resource(Indicator {
            settings: self.clone(),
            seen_until: Duration::ZERO,
            warning: None,
            slot: None,
        })
        .add_observer(|failed: On<CheckpointFailed>, mut indicator: ResMut<Indicator>| {
            if !matches!(indicator.warning, Some(Warning::Stopped(_))) {
                indicator.warning = Some(Warning::Failing(failed.error.clone()));
            }
        })
        .add_observer(|saved: On<CheckpointSaved>, mut indicator: ResMut<Indicator>| {
            // Another session may be saved where one isn't whose lock was lost, or whose world.
            let of_it = Warning::Stopped(Some(saved.session));
            indicator.warning.take_if(|warning| *warning != of_it);
        })
        .add_observer(|closed: On<SessionClosed>, mut indicator: ResMut<Indicator>| {
            indicator.leave(closed.session, closed.complete);
        })
        .add_observer(|ended: On<SessionEnded>, mut indicator: ResMut<Indicator>| {
            indicator.leave(ended.session, ended.complete);
        })
        .add_observer(|stopped: On<SavingStopped>, mut indicator: ResMut<Indicator>| {
            let only = stopped.session.filter(|_| stopped.reason.is_of_one_session());
            indicator.warning = Some(Warning::Stopped(only));
        })
        .add_observer(|_: On<SavingResumed>, mut indicator: ResMut<Indicator>| {
            indicator.warning = None;
        })
        .add_observer(note_captured)
        .add_observer(slot_failed)
        .add_systems(Update, (show_indicator, pulse).chain().in_set(SessionUiSystems::Show));
    }
}

impl Indicator {
    /// A session was left: whatever kept it from being saved is over, and if its last save was written, so are failures.
    fn leave(&mut self, session: SessionId, complete: bool) {
        self.warning.take_if(|warning| match warning {
            Warning::Failing(_) => complete,
            Warning::Stopped(stopped) => *stopped == Some(session),
        });
    }

    /// All that is shown now.
    fn view(&mut self, is_saving: bool, now: Duration, look: &Look) -> Option<IndicatorView> {
        let words = &look.words;
        if is_saving {
            self.seen_until = now.saturating_add(self.settings.shortest);
        }
        self.slot.take_if(|(_, _, until)| *until <= now);
        let mut warnings = Vec::new();
        match &self.warning {
            Some(Warning::Failing(error)) => {
                let reason = words.why_checkpoint_failed(error);
                warnings.push(fill(&words.saving_fails, &[("reason", reason)]));
            }
            Some(Warning::Stopped(_)) => warnings.push(words.saving_stopped.clone()),
            None => {}
        }
        if let Some((name, error, _)) = &self.slot {
            let name = if name.is_empty() { &words.kind_quick } else { name };
            let (name, reason) = (shortened(name, 40), words.why_slot_failed(error));
            warnings.push(fill(&words.slot_fails, &[("name", &name), ("reason", reason)]));
        }
        let word = if self.settings.with_text { words.saving.clone() } else { String::new() };
        // If nothing can be written, a mark that says so would be a lie.
        let is_seen = now < self.seen_until && self.warning.is_none();
        let saving = is_seen.then_some(word);
        if saving.is_none() && warnings.is_empty() {
            return None;
        }
        Some(IndicatorView { corner: self.settings.corner, saving, warnings })
    }
}

/// A checkpoint that is durable within the frame is to be seen as well.
fn note_captured(
    _: On<CheckpointCaptured>,
    time: Res<Time<Real>>,
    mut indicator: ResMut<Indicator>,
) {
    indicator.seen_until = time.elapsed().saturating_add(indicator.settings.shortest);
}

fn slot_failed(failed: On<SlotFailed>, time: Res<Time<Real>>, mut indicator: ResMut<Indicator>) {
    let until = time.elapsed().saturating_add(SLOT_WARNING);
    indicator.slot = Some((failed.slot.name().to_owned(), failed.error.clone(), until));
}

fn show_indicator(world: &mut World) {
    let is_saving = world.get_resource::<SessionActivity>().is_some_and(SessionActivity::is_saving);
    let now = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
    let view = world.resource_scope(|world, mut indicator: Mut<Indicator>| {
        indicator.bypass_change_detection().view(is_saving, now, world.resource::<Look>())
    });
    let has_root = world
        .get_resource::<Surface<IndicatorView>>()
        .is_some_and(|surface| surface.root.is_some());
    if view.is_some() || has_root {
        show(world, view);
    }
}

fn pulse(time: Res<Time<Real>>, mut marks: Query<&mut BackgroundColor, With<Pulse>>) {
    let wave = (time.elapsed_secs_wrapped() * std::f32::consts::TAU / 1.2).sin();
    for mut mark in &mut marks {
        mark.0.set_alpha(0.7 + 0.3 * wave);
    }
}

impl View for IndicatorView {
    type Action = ();
    const IS_MODAL: bool = false;
    const LAYER: i32 = 40;

    fn first_focus(&self) -> Option<()> {
        None
    }

    fn draw(&self, look: &Look, _: &Pictures, root: &mut ChildSpawner) {
        let (left, top) = match self.corner {
            IndicatorCorner::TopLeft => (true, true),
            IndicatorCorner::TopRight => (false, true),
            IndicatorCorner::BottomLeft => (true, false),
            IndicatorCorner::BottomRight => (false, false),
        };
        let corner = Node {
            position_type: PositionType::Absolute,
            width: Val::Percent(100.0),
            height: Val::Percent(100.0),
            padding: UiRect::all(look.px(16.0)),
            align_items: if left { AlignItems::FlexStart } else { AlignItems::FlexEnd },
            justify_content: if top { JustifyContent::FlexStart } else { JustifyContent::FlexEnd },
            ..look.column(8.0)
        };
        root.spawn((corner, Pickable::IGNORE)).with_children(|corner| {
            for warning in &self.warnings {
                draw_warning(look, warning, corner);
            }
            if let Some(word) = &self.saving {
                draw_mark(look, word, corner);
            }
        });
    }
}

fn draw_warning(look: &Look, text: &str, parent: &mut ChildSpawner) {
    let node = Node {
        max_width: look.px(440.0),
        padding: UiRect::axes(look.px(16.0), look.px(12.0)),
        border: UiRect::left(look.px(4.0)),
        border_radius: BorderRadius::all(look.px(8.0)),
        ..default()
    };
    let colours = (BackgroundColor(look.theme.surface), BorderColor::all(look.theme.warning));
    parent.spawn((node, colours, Pickable::IGNORE)).with_children(|warning| {
        warning.spawn(look.text(text, TextSize::Body, Ink::Warning));
    });
}

fn draw_mark(look: &Look, word: &str, parent: &mut ChildSpawner) {
    let node = Node {
        padding: UiRect::axes(look.px(12.0), look.px(8.0)),
        border_radius: BorderRadius::MAX,
        ..look.row(8.0)
    };
    let ground = BackgroundColor(look.theme.surface.with_alpha(0.85));
    parent.spawn((node, ground, Pickable::IGNORE)).with_children(|mark| {
        let disc = Node {
            width: look.px(10.0),
            height: look.px(10.0),
            border_radius: BorderRadius::MAX,
            ..default()
        };
        mark.spawn((disc, BackgroundColor(look.theme.accent), Pulse, Pickable::IGNORE));
        if !word.is_empty() {
            mark.spawn(look.line(word, TextSize::Small, Ink::Text));
        }
    });
}
