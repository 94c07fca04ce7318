use bevy::prelude::*;
use bevy_session_play::{Objective, ObjectiveCommandsExt, ObjectivesExt};

fn game(app: &mut App) {
    app.add_objectives([
        Objective::new("town").title("Found a town"),
        Objective::new("town/well").title("Dig three wells").count(3),
        Objective::new("town/inn").title("An inn").needs("town/well").optional(),
        Objective::new("sail").title("Put to sea").order(1).needs("town").hidden(),
    ]);
}

fn a_well_is_dug(mut commands: Commands) {
    commands.objectives().advance("town/well", 1);
}
