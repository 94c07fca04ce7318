//! The objectives. Places come with the scenario, from `assets/scenarios`; the rest is the same each night.

use bevy::prelude::*;
use bevy::text::FontSize;
use bevy_session_play::{
    Objective, ObjectiveCommandsExt, ObjectiveCompleted, ObjectiveList, ObjectiveListPlugin,
    ObjectiveState, Objectives, ObjectivesExt,
};

use crate::hud::Note;
use crate::model::{CurrentLevel, Game, Lamp, Player, Score};
use crate::play::LONGEST_TAIL;
use crate::texts::Texts;
use crate::views::WARM;

/// The group of all places.
const LAMPS: &str = "lamps";
const SWARM: &str = "swarm";
const UNHARMED: &str = "unharmed";

pub fn plugin(app: &mut App) {
    let texts = app.world().resource::<Texts>().clone();
    app.add_objectives([
        Objective::new(SWARM).title(texts.swarm).optional().order(1),
        Objective::new(UNHARMED).title(texts.unharmed).optional().order(2),
    ])
    .complete_objective(SWARM, |player: Query<&Player>| {
        player.iter().any(|player| player.tail.len() == LONGEST_TAIL)
    })
    .fail_objective(UNHARMED, |score: Res<Score>| score.stolen > 0)
    .complete_objective(UNHARMED, |objectives: Res<Objectives>| {
        objectives.get(LAMPS).is_some_and(|lamps| lamps.state() == ObjectiveState::Completed)
    })
    .add_systems(Update, count_lamps.run_if(in_state(Game::Playing)));
}

/// The objectives of a night without a scenario: the ones that `--plant` plants.
pub fn places() -> [Objective; 2] {
    [
        Objective::new(LAMPS).title("Light every lamp"),
        Objective::new("lamps/village").title("The village").count(4),
    ]
}

/// Shows the objectives.
pub fn seen(app: &mut App) {
    app.add_plugins(ObjectiveListPlugin).add_observer(
        |done: On<ObjectiveCompleted>,
         objectives: Res<Objectives>,
         texts: Res<Texts>,
         mut note: ResMut<Note>| {
            if let Some(objective) = objectives.get(&done.key) {
                note.say(&texts.achieved.replace("{title}", objective.title()));
            }
        },
    );
}

/// The world has the number, so it is right after a crash as well.
fn count_lamps(
    changed: Query<(), Changed<Lamp>>,
    lamps: Query<&Lamp>,
    level: Res<CurrentLevel>,
    objectives: Res<Objectives>,
    mut commands: Commands,
) {
    let key = format!("{LAMPS}/{}", level.0);
    let is_open = objectives.get(&key).is_some_and(|place| place.is_available());
    if is_open && !changed.is_empty() {
        let lit = lamps.iter().filter(|lamp| lamp.is_lit()).count();
        commands.objectives().reach(key, lit as u32);
    }
}

/// A list in the colours of the game.
pub fn list(size: f32) -> ObjectiveList {
    ObjectiveList {
        font: TextFont { font_size: FontSize::Px(size), ..default() },
        accent: WARM,
        ..default()
    }
}
