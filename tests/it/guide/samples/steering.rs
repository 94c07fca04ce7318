use bevy::prelude::*;
use bevy_session::events::{RecordInputs, RecordingExt};
use serde::{Deserialize, Serialize};

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Steer {
    left: bool,
}

fn what_is_recorded(app: &mut App) {
    app.add_message::<Steer>().record_inputs::<Steer>(FixedUpdate);
    app.add_systems(FixedUpdate, (read_keys.before(RecordInputs), drive.after(RecordInputs)));
}

fn read_keys(keys: Res<ButtonInput<KeyCode>>, mut steering: MessageWriter<Steer>) { /* … */ }

fn drive(mut steering: MessageReader<Steer>) { /* … */ }
