use bevy::prelude::*;
use bevy_session_play::{Attempt, DrawnSkill, Insights, InsightsExt, Questions, Skill, SkillsExt};
use serde::{Deserialize, Serialize};

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Struck {
    was_parried: bool,
}

fn learning(app: &mut App) {
    let parry = Skill::new("parry").drawn_from(|struck: &Struck| Some(Attempt::new(struck.was_parried)));
    app.insights(Insights::default().counts::<Struck>().asks(Questions::default().smallest_rate(0.1)))
        .skill(parry);
}
