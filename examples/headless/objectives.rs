//! The colony's objectives, and its questions to the insights. As in a plain game, objectives go by conditions on the
//! world and by a count of events.
//!
//! Objectives are no part of the digest: they are completed at the end of a frame, after hashes are taken.

use bevy::prelude::*;
use bevy_session_play::{
    Attempt, DrawnSkill, GridCell, Insights, InsightsExt, Objective, ObjectiveCommandsExt,
    ObjectiveView, Objectives, ObjectivesExt, Skill, SkillsExt,
};

use crate::colony::{Building, Colony, Died, Mined};

/// Deeds that it takes to build a monument.
const MONUMENT: u64 = 10_000;
/// Ore that a vein has at most.
const MOST_ORE: f32 = 50.0;
/// The size of a cell in the map of deaths.
const CELL: f32 = 100.0;
/// Who works in a house that is full.
const FULL_HOUSE: usize = 4;

pub fn plugin(app: &mut App) {
    app.add_objectives([
        Objective::new("mine").title("Live off the mountain"),
        Objective::new("mine/first_vein").title("Dig out a vein"),
        Objective::new("mine/veins").title("Dig out twenty").needs("mine/first_vein").count(20),
        Objective::new("homes").title("Run a tidy colony"),
        Objective::new("homes/foremen").title("A foreman for each building"),
        Objective::new("homes/full_house").title("Four who work under one roof").optional(),
        Objective::new("monument").title("Be remembered").needs("mine").needs("homes"),
    ])
    .complete_objective("homes/foremen", each_building_has_a_foreman)
    .complete_objective("homes/full_house", a_house_is_full)
    .complete_objective("monument", enough_is_done)
    .insights(
        Insights::default()
            .deaths::<Died>(|died| Some(GridCell::at(died.x, died.y, CELL)))
            .counts::<Mined>(),
    )
    // A vein that somebody had claimed is dug out as it was meant to be.
    .skill(Skill::new("mining").drawn_from(|mined: &Mined| {
        let quality = mined.amount as f32 / MOST_ORE;
        Some(Attempt::new(mined.worker.is_some()).with_quality(quality))
    }))
    .add_systems(PostUpdate, count_veins);
}

/// Each vein counts for what can be gone about when it is dug out.
fn count_veins(
    mut mined: MessageReader<Mined>,
    objectives: Res<Objectives>,
    mut commands: Commands,
) {
    let is_available = |key| objectives.get(key).is_some_and(|it: ObjectiveView| it.is_available());
    for _ in mined.read() {
        let counted = ["mine/first_vein", "mine/veins"].into_iter().find(|key| is_available(*key));
        if let Some(key) = counted {
            commands.objectives().advance(key, 1);
        }
    }
}

fn each_building_has_a_foreman(buildings: Query<&Building>) -> bool {
    !buildings.is_empty() && buildings.iter().all(|building| building.foreman.is_some())
}

fn a_house_is_full(buildings: Query<&Building>) -> bool {
    buildings.iter().any(|building| building.staff.len() >= FULL_HOUSE)
}

fn enough_is_done(colony: Option<Res<Colony>>) -> bool {
    colony.is_some_and(|colony| colony.deeds >= MONUMENT)
}
