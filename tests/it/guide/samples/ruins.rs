use bevy::input::common_conditions::input_just_pressed;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::scenarios::Scenario;

fn make_a_scenario_of_this(current: Res<CurrentSession>, mut commands: Commands) {
    let mut scenario = Scenario::like(current.metadata(), current.fields());
    scenario.name = "Ruins".to_owned();
    let path = "assets/scenarios/ruins.scenario.ron";
    commands.session().library().save_as_scenario(current.id(), scenario, path);
}

fn plugin(app: &mut App) {
    let asked = session_is_active.and_then(input_just_pressed(KeyCode::F7));
    app.add_systems(Update, make_a_scenario_of_this.run_if(asked));
}
