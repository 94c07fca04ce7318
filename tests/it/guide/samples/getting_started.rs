use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
enum Game { #[default] Menu, Playing }

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Health { current: f32, max: f32 }

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Score(u32);

fn main() -> AppExit {
    let mut app = App::new();
    app.add_plugins(DefaultPlugins)
        .add_plugins(SessionPlugin::new("Studio", "Hop").version(env!("CARGO_PKG_VERSION")));
    game(&mut app);
    app.run()
}

fn game(app: &mut App) {
    app.init_resource::<Score>()
        .init_state::<Game>()
        .save_state::<Game>()
        .save_component::<Transform>() // a type of Bevy's, on entities that are saved
        .checkpoint_session_while(in_state(Game::Playing)) // no checkpoint of the menu
        .close_session_on_enter(Game::Menu)
        .offer_recovery_in(Game::Menu);
}

// Buttons of the menu.
fn new_game(mut score: ResMut<Score>, mut next: ResMut<NextState<Game>>, mut commands: Commands) {
    *score = Score::default(); // `start` saves the world as it is
    commands.spawn((
        Health { current: 80.0, max: 100.0 },
        Transform::default(),
        DespawnOnExit(Game::Playing),
    ));
    commands.session().start(NewSession::named("Campaign").player("Maverick"));
    next.set(Game::Playing);
}

fn continue_game(catalog: Res<SessionCatalog>, mut commands: Commands) {
    if let Some(last) = catalog.newest_to_continue() {
        commands.session().continue_session(last.session.id);
    }
}

// A dialog's button, shown in the menu while `recovery_is_pending`.
fn recover(offers: Res<RecoveryOffers>, mut commands: Commands) {
    // The newest, or an older one once the game dies again and again.
    offers.accept(&mut commands);
}
