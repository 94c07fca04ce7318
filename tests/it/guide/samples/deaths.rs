use bevy::prelude::*;
use bevy_session_play::{GridCell, Insights, InsightsExt};
use serde::{Deserialize, Serialize};

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Died { at: Vec2 }

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Looted;

fn insights(app: &mut App) {
    app.insights(
        Insights::default()
            // A map of deaths, in cells of 64 units.
            .deaths::<Died>(|died| Some(GridCell::at(died.at.x, died.at.y, 64.0)))
            .counts::<Looted>()
            .hint_after(5),
    );
}
