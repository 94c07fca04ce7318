//! The four plots, drawn with nodes.

use bevy::ecs::hierarchy::ChildSpawnerCommands;
use bevy::prelude::*;
use bevy_session_play::{Estimate, Figure, InsightsReport};

use super::{LEVEL_CELLS, LEVELS};
use crate::hud::text;
use crate::menu::{DIM, PALE};
use crate::texts::Texts;
use crate::views::WARM;

/// Width and height of what is drawn in a card, where there is room for it.
const LARGEST: Vec2 = Vec2::new(600.0, 180.0);
/// Around the plot of a card, and what is written above it.
const PADDING: f32 = 12.0;
const HEADING: f32 = 30.0;
/// Between two cards.
pub const GAP: f32 = 12.0;
/// Beside all cards, and above and below them: the title and the button.
const AROUND: Vec2 = Vec2::new(GAP, 140.0);
/// Below bars and maps, for what they stand for.
pub(super) const LABEL: f32 = 22.0;
const WIDEST_BAR: f32 = 48.0;
const CARD: Color = Color::srgba(0.045, 0.058, 0.088, 0.92);
const DANGER: Color = Color::srgb(0.97, 0.45, 0.40);
/// Days and weeks that are shown.
const NEWEST: usize = 28;

/// The cards of the page, of a size at which all four have room.
pub struct Cards<'a, 'w> {
    page: &'a mut ChildSpawnerCommands<'w>,
    pub(super) texts: &'a Texts,
    size: Vec2,
}

impl<'a, 'w> Cards<'a, 'w> {
    /// Two beside each other, or, if the window is higher than wide, all below one another.
    pub fn new(page: &'a mut ChildSpawnerCommands<'w>, texts: &'a Texts, window: Vec2) -> Self {
        let columns = if window.x < window.y { 1.0 } else { 2.0 };
        let card = (window - AROUND) / Vec2::new(columns, 4.0 / columns) - GAP;
        let room = card - Vec2::new(0.0, HEADING) - 2.0 * PADDING;
        Self { page, texts, size: room.clamp(Vec2::splat(60.0), LARGEST) }
    }

    /// The play time on each of the days on which somebody played.
    pub fn play_by_day(&mut self, report: &InsightsReport) {
        let days: Vec<_> = report.calendar.days.iter().rev().take(NEWEST).collect();
        let hours = |time: &std::time::Duration| time.as_secs_f32() / 3600.0;
        let total = format!("{:.1} h", report.times.play.as_secs_f32() / 3600.0);
        self.card(&self.texts.play_by_day, &total, |plot, size| {
            let most = days.iter().map(|(_, play)| hours(play)).fold(0.1, f32::max);
            let bars = days.iter().rev().map(|(_, play)| (hours(play) / most, WARM));
            draw_bars(plot, size, &bars.collect::<Vec<_>>());
            let ends = [days.last(), days.first()].map(|day| day.map(|(day, _)| day.to_string()));
            label_ends(plot, ends);
        });
    }

    /// The share of games in which each objective was completed.
    pub fn funnel(&mut self, report: &InsightsReport) {
        let texts = self.texts;
        let games = texts.games.replace("{n}", &report.sessions.to_string());
        self.card(&texts.completed_by, &games, |plot, size| {
            let row = (size.y / 6.0).min(26.0);
            let widest = size.x - 190.0;
            for (number, (key, completed)) in report.funnel().into_iter().take(6).enumerate() {
                let top = px(number as f32 * row);
                let width = widest * completed as f32 / report.sessions.max(1) as f32;
                let name = texts.name_of(key.rsplit('/').next().unwrap_or(key));
                plot.spawn((text(name, 14.0, PALE), at(px(0), top)));
                let bar = Node { width: px(width), height: px(12), ..at(px(140), top) };
                plot.spawn((bar, BackgroundColor(WARM)));
                let count = text(&completed.to_string(), 14.0, DIM);
                plot.spawn((count, at(px(150.0 + width), top)));
            }
        });
    }

    /// Where shades bit, level by level.
    pub fn bites(&mut self, report: &InsightsReport) {
        let texts = self.texts;
        self.card(&texts.bites, &report.deaths.to_string(), |plot, size| {
            let most = report.places.values().copied().max().unwrap_or(1) as f32;
            let between = 20.0;
            let levels = LEVELS.len() as f32;
            let width = (size.x - between * (levels - 1.0)) / (levels * LEVEL_CELLS as f32);
            let side = width.min((size.y - LABEL) / 8.0).floor();
            let level_width = LEVEL_CELLS as f32 * side;
            let left_of = |level: i32| level as f32 * (level_width + between);
            for (level, name) in LEVELS.iter().enumerate() {
                let left = px(left_of(level as i32));
                let size = (px(level_width), px(8.0 * side));
                let ground = Node { width: size.0, height: size.1, ..at(left, px(0)) };
                plot.spawn((ground, BackgroundColor(Color::srgb(0.07, 0.09, 0.13))));
                let below = at(left, px(8.0 * side + 6.0));
                plot.spawn((text(texts.name_of(name), 13.0, DIM), below));
            }
            for (cell, bites) in &report.places {
                // The middle of a level is at 0, 0.
                let column = cell.x + LEVEL_CELLS / 2;
                let level = column.div_euclid(LEVEL_CELLS);
                let left = left_of(level) + column.rem_euclid(LEVEL_CELLS) as f32 * side;
                let row = (3 - cell.y).clamp(0, 7);
                let place = at(px(left), px(row as f32 * side));
                let node = Node { width: px(side - 1.0), height: px(side - 1.0), ..place };
                let heat = DANGER.with_alpha(0.25 + 0.75 * *bites as f32 / most);
                plot.spawn((node, BackgroundColor(heat)));
            }
        });
    }

    /// The share of games of each week that never crashed.
    pub fn crash_free(&mut self, report: &InsightsReport) {
        let all = said(&report.endings.crash_free, self.texts);
        self.card(&self.texts.crash_free, &all, |plot, size| {
            let weeks: Vec<_> = report.calendar.weeks.iter().rev().take(NEWEST).collect();
            // Of a week with too few games there is a shadow, and no bar that says something.
            let bar = |figure: &Figure<Estimate>| match figure {
                Figure::Known { value, .. } => (value.value as f32, WARM),
                Figure::Insufficient { .. } => (1.0, DIM.with_alpha(0.12)),
            };
            let bars = weeks.iter().rev().map(|(_, week)| bar(&week.crash_free));
            draw_bars(plot, size, &bars.collect::<Vec<_>>());
            let ends =
                [weeks.last(), weeks.first()].map(|week| week.map(|(week, _)| week.to_string()));
            label_ends(plot, ends);
        });
    }

    pub(super) fn card(
        &mut self,
        title: &str,
        sum: &str,
        draw: impl FnOnce(&mut ChildSpawnerCommands, Vec2),
    ) {
        let size = self.size;
        let node = Node {
            padding: UiRect::all(px(PADDING)),
            flex_direction: FlexDirection::Column,
            border_radius: BorderRadius::all(px(12)),
            ..default()
        };
        self.page.spawn((node, BackgroundColor(CARD))).with_children(|card| {
            let heading = Node {
                width: px(size.x),
                height: px(HEADING),
                justify_content: JustifyContent::SpaceBetween,
                ..default()
            };
            card.spawn(heading).with_children(|line| {
                line.spawn(text(title, 16.0, PALE));
                line.spawn(text(sum, 16.0, WARM));
            });
            let plot = Node { width: px(size.x), height: px(size.y), ..default() };
            card.spawn(plot).with_children(|plot| draw(plot, size));
        });
    }
}

fn said(figure: &Figure<Estimate>, texts: &Texts) -> String {
    match figure {
        Figure::Known { value, .. } => format!("{:.0} %", value.value * 100.0),
        Figure::Insufficient { have, need } => too_few(*have, *need, texts),
    }
}

/// A note on the number of samples, and the number that it takes.
pub(super) fn too_few(have: usize, need: usize, texts: &Texts) -> String {
    let words = texts.too_few.replace("{have}", &have.to_string());
    words.replace("{need}", &need.to_string())
}

/// Bars of these shares of the height, from the left.
fn draw_bars(plot: &mut ChildSpawnerCommands, size: Vec2, bars: &[(f32, Color)]) {
    let step = size.x / bars.len().max(4) as f32;
    let highest = size.y - LABEL;
    for (number, (share, color)) in bars.iter().enumerate() {
        let height = highest * share;
        let place = at(px(number as f32 * step), px(highest - height));
        let width = px((step * 0.8).min(WIDEST_BAR));
        let node = Node { width, height: px(height.max(1.0)), ..place };
        plot.spawn((node, BackgroundColor(*color)));
    }
}

/// Labels the first and the last bar.
pub(super) fn label_ends(plot: &mut ChildSpawnerCommands, [first, last]: [Option<String>; 2]) {
    let below = |left, right| Node { right, bottom: px(0), ..at(left, Val::Auto) };
    if let Some(first) = &first {
        plot.spawn((text(first, 13.0, DIM), below(px(0), Val::Auto)));
    }
    if let Some(last) = last.filter(|last| first.as_ref() != Some(last)) {
        plot.spawn((text(&last, 13.0, DIM), below(Val::Auto, px(0))));
    }
}

pub(super) fn at(left: Val, top: Val) -> Node {
    Node { position_type: PositionType::Absolute, left, top, ..default() }
}
