//! The four plots, drawn with nodes.

use bevy::ecs::hierarchy::ChildSpawnerCommands;
use bevy::prelude::*;
use bevy_session_play::{Figure, InsightsReport};

use super::{LEVEL_CELLS, LEVELS};
use crate::hud::text;
use crate::menu::{DIM, PALE};
use crate::texts::Texts;
use crate::views::WARM;

/// Width and height of what is drawn in a card.
const PLOT: (f32, f32) = (520.0, 130.0);
const CARD: Color = Color::srgba(0.045, 0.058, 0.088, 0.92);
const DANGER: Color = Color::srgb(0.97, 0.45, 0.40);
/// Days and weeks that are shown.
const NEWEST: usize = 28;

/// How long was played on each of the days on which somebody played.
pub fn play_by_day(page: &mut ChildSpawnerCommands, report: &InsightsReport, texts: &Texts) {
    let days: Vec<_> = report.days.iter().rev().take(NEWEST).collect();
    let hours = |time: &std::time::Duration| time.as_secs_f32() / 3600.0;
    let total = format!("{:.1} h", report.play.as_secs_f32() / 3600.0);
    card(page, &texts.play_by_day, &total, |plot| {
        let most = days.iter().map(|(_, play)| hours(play)).fold(0.1, f32::max);
        let bars = days.iter().rev().map(|(_, play)| (hours(play) / most, WARM));
        draw_bars(plot, &bars.collect::<Vec<_>>());
        let ends = [days.last(), days.first()].map(|day| day.map(|(day, _)| day.to_string()));
        label_ends(plot, ends);
    });
}

/// The share of games in which each objective was completed.
pub fn funnel(page: &mut ChildSpawnerCommands, report: &InsightsReport, texts: &Texts) {
    let sessions = report.sessions.max(1);
    let games = texts.games.replace("{n}", &report.sessions.to_string());
    card(page, &texts.completed_by, &games, |plot| {
        for (row, (key, completed)) in report.funnel().into_iter().take(6).enumerate() {
            let top = px(row as f32 * 21.0);
            let share = completed as f32 / sessions as f32;
            let name = key.rsplit('/').next().unwrap_or(key);
            plot.spawn((text(name, 14.0, PALE), at(px(0), top)));
            let bar = Node { width: px(300.0 * share), height: px(12), ..at(px(130), top) };
            plot.spawn((bar, BackgroundColor(WARM)));
            let count = text(&completed.to_string(), 14.0, DIM);
            plot.spawn((count, at(px(140.0 + 300.0 * share), top)));
        }
    });
}

/// Where shades bit, level by level.
pub fn bites(page: &mut ChildSpawnerCommands, report: &InsightsReport, texts: &Texts) {
    card(page, &texts.bites, &report.deaths.to_string(), |plot| {
        let most = report.places.values().copied().max().unwrap_or(1) as f32;
        let side = 13.0;
        let left_of = |level: i32| level as f32 * (LEVEL_CELLS as f32 * side + 20.0);
        for (level, name) in LEVELS.iter().enumerate() {
            let left = left_of(level as i32);
            let ground = Node {
                width: px(LEVEL_CELLS as f32 * side),
                height: px(8.0 * side),
                ..at(px(left), px(0))
            };
            plot.spawn((ground, BackgroundColor(Color::srgb(0.07, 0.09, 0.13))));
            plot.spawn((text(name, 13.0, DIM), at(px(left), px(8.0 * side + 6.0))));
        }
        for (cell, bites) in &report.places {
            // The middle of a level is at 0, 0.
            let column = cell.x + LEVEL_CELLS / 2;
            let (level, column) = (column.div_euclid(LEVEL_CELLS), column.rem_euclid(LEVEL_CELLS));
            let left = left_of(level) + column as f32 * side;
            let row = (3 - cell.y).clamp(0, 7);
            let place = at(px(left), px(row as f32 * side));
            let node = Node { width: px(side - 1.0), height: px(side - 1.0), ..place };
            let heat = DANGER.with_alpha(0.25 + 0.75 * *bites as f32 / most);
            plot.spawn((node, BackgroundColor(heat)));
        }
    });
}

/// The share of games of each week that never crashed.
pub fn crash_free(page: &mut ChildSpawnerCommands, report: &InsightsReport, texts: &Texts) {
    let all = said(&report.crash_free, texts);
    card(page, &texts.crash_free, &all, |plot| {
        let weeks: Vec<_> = report.weeks.iter().rev().take(NEWEST).collect();
        // Of a week with too few games there is a shadow, and no bar that says something.
        let bar = |figure: &Figure<f64>| match figure {
            Figure::Known { value, .. } => (*value as f32, WARM),
            Figure::Insufficient { .. } => (1.0, DIM.with_alpha(0.12)),
        };
        let bars = weeks.iter().rev().map(|(_, week)| bar(&week.crash_free));
        draw_bars(plot, &bars.collect::<Vec<_>>());
        let ends = [weeks.last(), weeks.first()].map(|week| week.map(|(week, _)| week.to_string()));
        label_ends(plot, ends);
    });
}

fn said(figure: &Figure<f64>, texts: &Texts) -> String {
    match figure {
        Figure::Known { value, .. } => format!("{:.0} %", value * 100.0),
        Figure::Insufficient { have, need } => {
            let words = texts.too_few.replace("{have}", &have.to_string());
            words.replace("{need}", &need.to_string())
        }
    }
}

fn card(
    page: &mut ChildSpawnerCommands,
    title: &str,
    sum: &str,
    draw: impl FnOnce(&mut ChildSpawnerCommands),
) {
    let node = Node {
        padding: UiRect::all(px(16)),
        row_gap: px(12),
        flex_direction: FlexDirection::Column,
        border_radius: BorderRadius::all(px(12)),
        ..default()
    };
    page.spawn((node, BackgroundColor(CARD))).with_children(|card| {
        let line = Node { justify_content: JustifyContent::SpaceBetween, ..default() };
        card.spawn(line).with_children(|line| {
            line.spawn(text(title, 18.0, PALE));
            line.spawn(text(sum, 18.0, WARM));
        });
        let plot = Node { width: px(PLOT.0), height: px(PLOT.1), ..default() };
        card.spawn(plot).with_children(draw);
    });
}

/// Bars of these shares of the height, from the left.
fn draw_bars(plot: &mut ChildSpawnerCommands, bars: &[(f32, Color)]) {
    let step = PLOT.0 / bars.len().max(4) as f32;
    for (number, (share, color)) in bars.iter().enumerate() {
        let height = (PLOT.1 - 22.0) * share;
        let place = at(px(number as f32 * step), px(PLOT.1 - 22.0 - height));
        let node = Node { width: px(step * 0.8), height: px(height.max(1.0)), ..place };
        plot.spawn((node, BackgroundColor(*color)));
    }
}

/// What the first and the last bar stand for.
fn label_ends(plot: &mut ChildSpawnerCommands, [first, last]: [Option<String>; 2]) {
    let below = px(PLOT.1 - 16.0);
    if let Some(first) = &first {
        plot.spawn((text(first, 13.0, DIM), at(px(0), below)));
    }
    if let Some(last) = last.filter(|last| first.as_ref() != Some(last)) {
        let place = Node { right: px(0), left: Val::Auto, ..at(px(0), below) };
        plot.spawn((text(&last, 13.0, DIM), place));
    }
}

fn at(left: Val, top: Val) -> Node {
    Node { position_type: PositionType::Absolute, left, top, ..default() }
}
