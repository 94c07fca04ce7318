use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::ObjectiveCompleted;

#[derive(Resource, Reflect, Clone, Default, serde::Serialize, serde::Deserialize)]
#[reflect(Resource, Saved)]
struct Gold(u32);

fn plugin(app: &mut App) {
    app.init_resource::<Gold>().add_observer(reward);
}

fn reward(completed: On<ObjectiveCompleted>, mut gold: ResMut<Gold>) {
    if completed.key == "town" {
        gold.0 += 100;
    }
}
