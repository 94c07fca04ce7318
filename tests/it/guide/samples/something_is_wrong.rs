use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::reports::Report;

fn something_is_wrong(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
    if keys.just_pressed(KeyCode::F8) {
        let report = Report::now().note("The door ate my dog.").events(200).picture();
        commands.session().library().report(report, "report.tar");
    }
}

fn plugin(app: &mut App) {
    app.add_systems(Update, something_is_wrong);
}
