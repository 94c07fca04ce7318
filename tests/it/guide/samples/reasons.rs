use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::LeaveCause;
use bevy_session::ends::Leaving;

#[derive(States, Clone, PartialEq, Eq, Hash, Debug)]
enum Game { Playing, Deserted, Over }

fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Game::Deserted), nobody_is_there)
        .add_systems(OnEnter(Game::Over), game_over);
}

fn nobody_is_there(mut commands: Commands) {
    commands.session().close(Leaving::by(LeaveCause::Idle).saying("ten minutes without input"));
}

fn game_over(mut commands: Commands) {
    commands.session().end(EndReason::Failed, "The reactor blew up");
}
