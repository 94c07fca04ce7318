use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task};
use bevy_session::digests::SessionsDigested;
use bevy_session_play::{Figure, InsightsCommandsExt, InsightsReport, SessionsInsights};

#[derive(States, Clone, PartialEq, Eq, Hash, Debug)]
enum Menu { Main, Insights }

#[derive(Resource)]
struct Report(Task<InsightsReport>);

fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Menu::Insights), open_page).add_observer(make_report);
}

fn open_page(mut commands: Commands) {
    commands.insights().refresh();
}

fn make_report(_: On<SessionsDigested>, insights: Res<SessionsInsights>, mut commands: Commands) {
    let sessions = insights.sessions.clone();
    let task = AsyncComputeTaskPool::get().spawn(async move { InsightsReport::of(sessions.iter()) });
    commands.insert_resource(Report(task));
}

fn line(report: &InsightsReport) -> String {
    match report.endings.crash_free {
        Figure::Known { value, samples } => {
            format!("{:.1} % of {samples} without a crash", value.value * 100.0)
        }
        Figure::Insufficient { have, need } => format!("{have} of {need} sessions: too few to say"),
    }
}
