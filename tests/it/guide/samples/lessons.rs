use bevy::prelude::*;
use bevy_session_play::{Figure, Hardness, LessonsLearnt, SessionsLessons};

fn plugin(app: &mut App) {
    app.add_observer(answer);
}

fn answer(_: On<LessonsLearnt>, lessons: Res<SessionsLessons>) {
    // Does Ann get better at parrying?
    if let Some(parry) = lessons.skill(Some("Ann"), "parry") {
        match &parry.better {
            Figure::Known { value, .. } => info!("{}", value.matters && value.size.value > 0.0),
            Figure::Insufficient { have, need } => info!("{have} of {need} attempts: too few to say"),
        }
    }
    // Is level 3 too hard?
    if let Some(level) = lessons.levels.iter().find(|it| it.level == "level 3") {
        info!("{}", level.hardness() == Hardness::Harder);
    }
}
