use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::checkpoints::CheckpointSummary;

#[derive(States, Clone, PartialEq, Eq, Hash, Debug)]
enum Game { Menu }

fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Game::Menu), load_menu).add_observer(begin_mission);
}

/// In `OnEnter`, `CurrentSession` may not be there yet.
fn begin_mission(_: On<SessionStarted>, mut session: ResMut<CurrentSession>) -> Result {
    session.set("mission", &3)?;
    session.set(CheckpointSummary::PROGRESS, &0.4_f32)?;
    session.set(CheckpointSummary::OBJECTIVE, "Find the bridge")?;
    Ok(())
}

fn load_menu(sessions: Res<SessionCatalog>) {
    for entry in sessions.sessions() {
        let mission: u32 = entry.summary.fields.get("mission").unwrap_or_default();
        let difficulty = entry.summary.states.get("Difficulty");
        info!("{}: mission {mission}, {difficulty:?}", entry.session.name);
    }
}
