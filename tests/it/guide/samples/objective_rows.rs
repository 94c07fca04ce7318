use bevy::prelude::*;
use bevy_session_play::{ObjectiveStanding, Objectives};

fn plugin(app: &mut App) {
    app.add_systems(Update, draw.run_if(resource_changed::<Objectives>));
}

fn draw(objectives: Res<Objectives>) {
    for row in objectives.list() {
        let mark = match &row.standing {
            ObjectiveStanding::Completed => "x".to_owned(),
            ObjectiveStanding::Failed => "failed".to_owned(),
            ObjectiveStanding::Locked { missing } => format!("needs {}", missing[0]),
            ObjectiveStanding::Open => format!("{}/{}", row.done, row.count),
        };
        info!("{:indent$}[{mark}] {}", "", row.title, indent = 2 * row.depth);
    }
    info!("{:.0} % in all", objectives.progress() * 100.0);
}
