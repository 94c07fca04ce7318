use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{Attempt, Insights, InsightsCommandsExt, InsightsExt, Skill, SkillsExt};

fn learning(app: &mut App) {
    app.insights(Insights::default())
        .skill(Skill::new("aim").mastered_with(9, 10)) // mastered once 9 of the last 10 attempts succeeded
        .add_observer(the_game_begins);
}

fn the_arrow_has_landed(In((has_hit, precision)): In<(bool, f32)>, mut commands: Commands) {
    commands.insights().attempt("aim", Attempt::new(has_hit).with_quality(precision));
}

fn the_game_begins(_: On<SessionStarted>, mut commands: Commands) {
    commands.insights().chose("opening", "king's pawn");
}
