use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::chapters::{ChapterOutcome, InChapter, NewChapter};

fn enter_mission(mut commands: Commands) -> Result {
    let mission = NewChapter::named("Mission 3").kind("mission").field("difficulty", "hard")?;
    let mission = commands.session().chapters().begin(mission);
    // What belongs to the mission leaves with it.
    commands.spawn((Saved, Name::new("Convoy"), InChapter(mission)));
    Ok(())
}

fn mission_is_won(mut commands: Commands) {
    commands.session().chapters().end_current(ChapterOutcome::Completed);
}
