//! The insights pages: what all games that were played on this machine say together, and what they teach, in four plots
//! each.

mod lessons;
mod plots;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy::window::{PrimaryWindow, WindowResized};
use bevy_session::digests::SessionsDigested;
use bevy_session_play::{
    GridCell, Insights, InsightsCommandsExt, InsightsExt, InsightsReport, Measure, Questions,
    SessionsInsights, Skill, SkillsExt,
};

use crate::hud::text;
use crate::menu::{Action, DIM, night, screen, spawn_buttons};
use crate::model::{Bite, Game};
use crate::texts::Texts;
use crate::views::{Shapes, WARM};
use plots::Cards;

/// The side of a cell of the map of bites, in units of a level.
const CELL: f32 = 200.0;
/// The levels beside each other on that map, each with so many cells of width.
pub const LEVELS: [&str; 3] = ["village", "marsh", "crossing"];
pub const LEVEL_CELLS: i32 = 12;

/// The skill of getting away from shades.
pub const DODGE: &str = "dodge";

#[derive(Resource)]
struct Report(Task<InsightsReport>);

/// The container of the plots.
#[derive(Component)]
struct Page;

/// Gathers insights, also in a game without a window.
pub fn gathered(app: &mut App) {
    // Each time that a shade comes after the fireflies, it gets them or not.
    app.add_message::<Bite>().skill(Skill::new(DODGE).mastered_with(8, 10));
    let asks = Questions::default().thirds([Measure::Deaths]);
    app.insights(Insights::default().asks(asks).deaths::<Bite>(|bite| {
        let level = LEVELS.iter().position(|level| *level == bite.level)?;
        let cell = GridCell::at(bite.at.x, bite.at.y, CELL);
        Some(GridCell::new(cell.x + LEVEL_CELLS * level as i32, cell.y))
    }));
}

/// The page.
pub fn plugin(app: &mut App) {
    app.add_plugins(lessons::plugin);
    app.add_systems(OnEnter(Game::Insights), open).add_observer(make_report).add_systems(
        Update,
        (show, look_again.run_if(on_message::<WindowResized>)).run_if(in_state(Game::Insights)),
    );
}

fn open(texts: Res<Texts>, shapes: Res<Shapes>, mut commands: Commands) {
    let screen = screen(&mut commands, Game::Insights, 0.0);
    night(&mut commands, screen, &shapes);
    commands.entity(screen).with_children(|screen| {
        screen.spawn(text(&texts.insights, 32.0, WARM));
        screen.spawn((Page, page())).with_child(text(&texts.looking, 18.0, DIM));
        let buttons = [(&texts.lessons, Action::Lessons), (&texts.back, Action::Leave)];
        screen.spawn(side_by_side()).with_children(|line| spawn_buttons(line, &buttons, 0));
    });
    look_again(commands);
}

/// The container of the plots, with as many beside each other as there is room for.
fn page() -> Node {
    Node {
        width: percent(100),
        flex_wrap: FlexWrap::Wrap,
        justify_content: JustifyContent::Center,
        column_gap: px(plots::GAP),
        row_gap: px(plots::GAP),
        ..default()
    }
}

fn side_by_side() -> Node {
    Node { column_gap: px(plots::GAP), ..default() }
}

fn look_again(mut commands: Commands) {
    commands.insights().refresh();
}

/// All sessions together take longer than a frame has, once there are thousands.
fn make_report(_: On<SessionsDigested>, insights: Res<SessionsInsights>, mut commands: Commands) {
    let sessions = insights.sessions.clone();
    let task = AsyncComputeTaskPool::get();
    commands
        .insert_resource(Report(task.spawn(async move { InsightsReport::of(sessions.iter()) })));
}

fn show(
    report: Option<ResMut<Report>>,
    page: Single<Entity, With<Page>>,
    (window, scale): (Single<&Window, With<PrimaryWindow>>, Res<UiScale>),
    texts: Res<Texts>,
    mut commands: Commands,
) {
    let Some(mut report) = report else { return };
    let Some(report) = block_on(poll_once(&mut report.0)) else { return };
    commands.remove_resource::<Report>();
    commands.entity(*page).despawn_children().with_children(|page| {
        let mut cards = Cards::new(page, &texts, window.size() / scale.0);
        cards.play_by_day(&report);
        cards.funnel(&report);
        cards.bites(&report);
        cards.crash_free(&report);
    });
}
