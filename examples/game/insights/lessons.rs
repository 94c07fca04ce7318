//! The lessons of all games: whether somebody gets better, what makes a difference, what changes, and what to do next.
//! Each with its number of games or attempts, and its 95 % confidence interval.

use std::cmp::Reverse;

use bevy::ecs::hierarchy::ChildSpawnerCommands;
use bevy::prelude::*;
use bevy::window::{PrimaryWindow, WindowResized};
use bevy_session_play::{
    Comparison, Effect, Estimate, Figure, FigureTrend, Measure, Outcome, SessionsLessons,
    Situation, SkillReport, StoryTexts,
};

use super::plots::{Cards, LABEL, at, label_ends, too_few};
use super::{look_again, page, side_by_side};
use crate::hud::text;
use crate::menu::{Action, DIM, PALE, night, screen, spawn_buttons};
use crate::model::Game;
use crate::options::Options;
use crate::texts::Texts;
use crate::views::{Shapes, WARM};

/// The width of a mark in a plot.
const DOT: f32 = 6.0;
/// The share of a card's width that a curve has if other skills are listed beside it.
const BESIDE_OTHERS: f32 = 0.45;
/// The least and the largest height of a line of that list.
const LINES: (f32, f32) = (12.0, 19.0);
/// The height of a line of words above a plot.
const LINE: f32 = 17.0;

#[derive(Component)]
struct LessonsPage;

pub fn plugin(app: &mut App) {
    let has_changed = resource_exists_and_changed::<SessionsLessons>
        .or_else(on_message::<WindowResized>)
        .or_else(state_changed::<Game>);
    app.add_systems(OnEnter(Game::Lessons), open)
        .add_systems(Update, show.run_if(in_state(Game::Lessons).and_then(has_changed)));
}

fn open(texts: Res<Texts>, shapes: Res<Shapes>, mut commands: Commands) {
    let screen = screen(&mut commands, Game::Lessons, 0.0);
    night(&mut commands, screen, &shapes);
    commands.entity(screen).with_children(|screen| {
        screen.spawn(text(&texts.lessons, 32.0, WARM));
        screen.spawn((LessonsPage, page())).with_child(text(&texts.looking, 18.0, DIM));
        let buttons = [(&texts.insights, Action::Insights), (&texts.back, Action::Leave)];
        screen.spawn(side_by_side()).with_children(|line| spawn_buttons(line, &buttons, 0));
    });
    look_again(commands);
}

fn show(
    lessons: Res<SessionsLessons>,
    page: Single<Entity, With<LessonsPage>>,
    (window, scale): (Single<&Window, With<PrimaryWindow>>, Res<UiScale>),
    (texts, options): (Res<Texts>, Res<Options>),
    mut commands: Commands,
) {
    if lessons.sessions == 0 {
        return;
    }
    // The player who has tried most, and what they have tried most first.
    let most = lessons.skills.iter().max_by_key(|it| it.attempts.all);
    let player = most.and_then(|it| it.player.as_deref());
    let mut skills: Vec<&SkillReport> =
        lessons.skills.iter().filter(|it| it.player.as_deref() == player).collect();
    skills.sort_by_key(|it| Reverse(it.attempts.all));
    let situation = Situation { player, hint_below: Situation::HINT_BELOW, ..default() };
    let words = StoryTexts::of_language(&options.language);
    let name = |key: &str| Some(texts.name_of(key).to_owned());
    let suggested = lessons.suggestions_for(&situation);
    let suggested = suggested.iter().map(|it| words.suggestion(it, name)).collect::<Vec<_>>();
    commands.entity(*page).despawn_children().with_children(|page| {
        let mut cards = Cards::new(page, &texts, window.size() / scale.0);
        cards.learning(&skills);
        let matters = lessons.what_matters();
        cards.difference(matters.first().copied().or(lessons.works.first()));
        let changes = |it: &&FigureTrend| it.slope.known().is_some_and(|slope| slope.matters);
        let with_points = |it: &&FigureTrend| it.points.len() > 1;
        let trends = || lessons.trends.iter().filter(with_points);
        cards.trend(trends().find(changes).or(trends().next()));
        cards.suggestion(suggested.first().map(|words| in_font(words, &options.language)));
    });
}

/// Bevy's own font, which English is written in, knows ASCII only.
fn in_font(words: &str, language: &str) -> String {
    if language == "en" { words.replace(['“', '”'], "\"") } else { words.to_owned() }
}

impl Cards<'_, '_> {
    /// The rate of success of each part of the attempts at the first skill, with its interval, and the rates of the others.
    fn learning(&mut self, skills: &[&SkillReport]) {
        let texts = self.texts;
        let (report, others) = match skills {
            [first, others @ ..] => (Some(*first), others),
            [] => (None, skills),
        };
        let title = report.map(|it| {
            let player = it.player.as_deref().unwrap_or_default();
            texts.learns.replace("{skill}", &name_of(it, texts)).replace("{player}", player)
        });
        let rate = report.map(|it| match &it.rate {
            Figure::Known { value, samples } => format!("{}, n={samples}", rate_of(value)),
            Figure::Insufficient { have, need } => too_few(*have, *need, texts),
        });
        let title = title.unwrap_or_else(|| texts.no_attempts.clone());
        self.card(&title, &rate.unwrap_or_default(), |plot, size| {
            let Some(report) = report else { return };
            let width = if others.is_empty() { size.x } else { size.x * BESIDE_OTHERS };
            let beside = Vec2::new(size.x - width - 2.0 * DOT, size.y);
            list(plot, (width + 2.0 * DOT, beside), others, texts);
            let size = Vec2::new(width, size.y);
            let height = size.y - LABEL;
            let step = size.x / report.curve.len().max(4) as f32;
            for (number, point) in report.curve.iter().enumerate() {
                let left = (number as f32 + 0.5) * step;
                let y = |share: f64| height * (1.0 - share as f32);
                let (low, high) = (y(point.rate.low), y(point.rate.high));
                let around =
                    Node { width: px(2), height: px(low - high), ..at(px(left - 1.0), px(high)) };
                plot.spawn((around, BackgroundColor(DIM)));
                dot(plot, left, y(point.rate.value));
            }
            let last = report.curve.last().map(|it| (it.after + it.attempts.all).to_string());
            let ends = [last.as_ref().map(|_| "1".to_owned()), last];
            let below = Node { width: px(size.x), height: px(size.y), ..at(px(0), px(0)) };
            plot.spawn(below).with_children(|below| label_ends(below, ends));
        });
    }

    /// Games of one sort beside all others.
    fn difference(&mut self, found: Option<&Comparison>) {
        let texts = self.texts;
        self.card(&texts.difference, "", |plot, size| {
            let Some(it) = found else {
                plot.spawn(text(&texts.looking, 14.0, DIM));
                return;
            };
            let what = format!(
                "{}: {} / {}",
                texts.name_of(&it.choice.to_string()),
                texts.name_of(&it.chosen),
                texts.name_of(&it.outcome.to_string())
            );
            plot.spawn((text(&what, 14.0, PALE), at(px(0), px(0))));
            let is_rate = !matches!(it.outcome, Outcome::Amount(_));
            let words = effect(&it.difference, is_rate, texts);
            plot.spawn((text(&words, 14.0, WARM), at(px(0), px(20))));
            if let Figure::Known { value, .. } = &it.difference {
                draw_interval(plot, size, value);
            }
        });
    }

    /// The trend of a figure.
    fn trend(&mut self, trend: Option<&FigureTrend>) {
        let texts = self.texts;
        let title = trend.map(|it| {
            let figure = texts.name_of(&it.figure.to_string()).to_owned();
            match &it.player {
                Some(player) => format!("{}: {figure}, {player}", texts.changes),
                None => format!("{}: {figure}", texts.changes),
            }
        });
        let title = title.unwrap_or_else(|| texts.changes.clone());
        self.card(&title, "", |plot, size| {
            let Some(trend) = trend else { return };
            let is_rate = matches!(trend.figure, Measure::Skill(_) | Measure::Focus);
            let slope = effect(&trend.slope, is_rate, texts);
            plot.spawn((text(&slope, 14.0, WARM), at(px(0), px(0))));
            let points = &*trend.points;
            let bounds = points.iter().fold((f64::MAX, f64::MIN), |(low, high), (_, value)| {
                (low.min(*value), high.max(*value))
            });
            let span = (bounds.1 - bounds.0).max(f64::EPSILON);
            let last = points.last().map_or(1.0, |(step, _)| step.max(1.0));
            let height = size.y - LABEL - LINE - DOT;
            for (step, value) in points {
                let x = (size.x - DOT) * (step / last) as f32 + DOT / 2.0;
                let share = ((value - bounds.0) / span) as f32;
                dot(plot, x, LINE + DOT / 2.0 + height * (1.0 - share));
            }
            let end = (!points.is_empty()).then(|| format!("{:.0}", last + 1.0));
            label_ends(plot, [end.as_ref().map(|_| "1".to_owned()), end]);
        });
    }

    /// The suggestion, and its reason.
    fn suggestion(&mut self, suggested: Option<String>) {
        let texts = self.texts;
        let words = suggested.unwrap_or_else(|| texts.nothing_suggested.clone());
        self.card(&texts.suggested_next, "", |plot, size| {
            let node = Node { max_width: px(size.x), ..at(px(0), px(0)) };
            plot.spawn((text(&words, 15.0, PALE), node));
        });
    }
}

/// The short name of a skill, as figures of it have.
fn name_of(report: &SkillReport, texts: &Texts) -> String {
    texts.name_of(&Measure::Skill(report.skill.clone()).to_string()).to_owned()
}

fn rate_of(rate: &Estimate) -> String {
    let Estimate { value, low, high } = rate;
    format!("{:.0} % ({:.0}-{:.0})", value * 100.0, low * 100.0, high * 100.0)
}

/// Skills, a line each: of more than there is height for, how many more they are.
fn list(
    plot: &mut ChildSpawnerCommands,
    (left, size): (f32, Vec2),
    skills: &[&SkillReport],
    texts: &Texts,
) {
    let line = (size.y / skills.len().max(1) as f32).clamp(LINES.0, LINES.1);
    let room = ((size.y / line) as usize).max(1);
    let shown = if skills.len() > room { room - 1 } else { skills.len() };
    let (shown, rest) = skills.split_at(shown);
    let lines = shown.iter().map(|it| {
        let rate = match &it.rate {
            Figure::Known { value, .. } => rate_of(value),
            Figure::Insufficient { have, need } => format!("{have} / {need}"),
        };
        (name_of(it, texts), rate)
    });
    let more = (!rest.is_empty()).then(|| (format!("+ {}", rest.len()), String::new()));
    for (number, (name, rate)) in lines.chain(more).enumerate() {
        let row = Node {
            width: px(size.x),
            height: px(line),
            overflow: Overflow::clip(),
            justify_content: JustifyContent::SpaceBetween,
            column_gap: px(DOT),
            ..at(px(left), px(number as f32 * line))
        };
        plot.spawn(row).with_children(|row| {
            let name_room = Node { flex_shrink: 1.0, overflow: Overflow::clip(), ..default() };
            let one_line = TextLayout::no_wrap();
            row.spawn(name_room).with_child((text(&name, line - 3.0, PALE), one_line));
            row.spawn((text(&rate, line - 3.0, WARM), one_line));
        });
    }
}

fn dot(plot: &mut ChildSpawnerCommands, x: f32, y: f32) {
    let place = at(px(x - DOT / 2.0), px(y - DOT / 2.0));
    let node = Node {
        width: px(DOT),
        height: px(DOT),
        border_radius: BorderRadius::all(px(DOT)),
        ..place
    };
    plot.spawn((node, BackgroundColor(WARM)));
}

/// The interval of a difference, beside a line at 0.
fn draw_interval(plot: &mut ChildSpawnerCommands, size: Vec2, effect: &Effect) {
    let most = effect.size.low.abs().max(effect.size.high.abs()).max(f64::EPSILON);
    let x = |value: f64| size.x / 2.0 + (size.x / 2.0 - DOT) * (value / most) as f32;
    let (top, height) = (48.0, (size.y - 56.0).clamp(10.0, 40.0));
    let zero = Node { width: px(1), height: px(height), ..at(px(size.x / 2.0), px(top)) };
    plot.spawn((zero, BackgroundColor(DIM)));
    plot.spawn((text("0", 13.0, DIM), at(px(size.x / 2.0 + DOT), px(top))));
    let (low, high) = (x(effect.size.low), x(effect.size.high));
    let around =
        Node { width: px(high - low), height: px(2), ..at(px(low), px(top + height / 2.0 - 1.0)) };
    plot.spawn((around, BackgroundColor(PALE)));
    dot(plot, x(effect.size.value), top + height / 2.0);
}

/// A difference with its interval, and of how many.
fn effect(figure: &Figure<Effect>, is_rate: bool, texts: &Texts) -> String {
    match figure {
        Figure::Known { value, samples } => {
            let (scale, unit) = if is_rate { (100.0, " %") } else { (1.0, "") };
            let [size, low, high] = [value.size.value, value.size.low, value.size.high]
                .map(|value| signed(value * scale));
            format!("{size}{unit} ({low} .. {high}), n={samples}")
        }
        Figure::Insufficient { have, need } => too_few(*have, *need, texts),
    }
}

/// A number with as many digits as say something.
fn signed(value: f64) -> String {
    match value.abs() {
        large if large >= 1.0 || large == 0.0 => format!("{value:+.1}"),
        small if small >= 0.01 => format!("{value:+.2}"),
        _ => format!("{value:+.4}"),
    }
}
