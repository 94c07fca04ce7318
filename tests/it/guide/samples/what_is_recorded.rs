use bevy::prelude::*;
use bevy_session::events::RecordingExt;
use serde::{Deserialize, Serialize};

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Looted { item: String, gold: u32 }

#[derive(Event, TypePath, Clone, Serialize, Deserialize)]
struct BossDefeated { name: String }

fn what_is_recorded(app: &mut App) {
    app.add_message::<Looted>();
    // What observers see as well as what readers read.
    app.record_messages::<Looted>();
    app.record_events::<BossDefeated>().durable();
}
