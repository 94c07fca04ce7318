use bevy::input::common_conditions::input_just_pressed;
use bevy::prelude::*;
use bevy_session::prelude::*;

fn list_branches(session: Res<CurrentSession>) {
    let timeline = session.timeline();
    for branch in timeline.branches() {
        let parted = branch.leaves_at.and_then(|id| timeline.get(id));
        let minutes = parted.map_or(0, |parted| parted.play_time.as_secs() / 60);
        info!("a branch that leaves at minute {minutes}, up to {}", branch.end);
    }
}

fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        list_branches.run_if(session_is_active).run_if(input_just_pressed(KeyCode::KeyB)),
    );
}
