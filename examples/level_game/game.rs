//! A small game with levels, a menu and a loading screen, headless.
//!
//! What belongs to the player's progress is marked; the level comes from a file each time it is
//! loaded; what is drawn is rebuilt by observers.

use bevy::prelude::*;
use bevy_session::SaveScope;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    States, TypePath, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Game {
    #[default]
    Menu,
    Loading,
    Playing,
    Paused,
}

/// Which level is played. Restored before the level is loaded, so the right one is.
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct CurrentLevel(pub String);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Player {
    pub at: Vec2,
    pub coins: u32,
    #[entities]
    pub last_door: Option<Entity>,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Tool(pub String);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Door {
    pub open: bool,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Coin;

/// A body that a physics engine would keep: it can't be serialized, but it can be made again.
#[derive(Component, PartialEq, Debug)]
pub struct Collider {
    pub radius: f32,
    pub shape: std::sync::Arc<[Vec2]>,
}

#[derive(TypePath, Serialize, Deserialize)]
pub struct ColliderSpec(f32);

impl Collider {
    pub fn circle(radius: f32) -> Self {
        let corner = |number: u16| Vec2::from_angle(f32::from(number)) * radius;
        Self { radius, shape: (0..6).map(corner).collect() }
    }
}

/// The view of the player; not saved, and made again by an observer.
#[derive(Component)]
pub struct Camera;

/// The root of a level.
#[derive(Component)]
pub struct Level;

pub fn plugin(app: &mut App) {
    app.init_state::<Game>()
        .insert_resource(CurrentLevel("cellar".to_owned()))
        // A game that comes back into a pause menu no one asked for is a nuisance.
        .save_state_as(|state| if state == Game::Paused { Game::Playing } else { state })
        .save_component_as(
            |collider: &Collider| ColliderSpec(collider.radius),
            |spec, _| Collider::circle(spec.0),
        )
        .checkpoint_session_while(in_state(Game::Playing).or_else(in_state(Game::Paused)))
        .pause_session_in(Game::Paused)
        .restore_session_through(Game::Loading)
        .restore_session_in(Game::Playing)
        .offer_recovery_in(Game::Menu)
        .close_session_on_enter(Game::Menu)
        .add_systems(OnEnter(Game::Loading), load_level)
        .add_systems(OnEnter(Game::Menu), clear_away)
        .add_systems(Update, play_once_loaded.run_if(in_state(Game::Loading)))
        .add_systems(
            OnEnter(Game::Playing),
            begin.run_if(not(session_is_restoring).and_then(not(any_with_component::<Player>))),
        )
        .add_observer(|player: On<Add<Player>>, mut commands: Commands| {
            commands.spawn((Camera, ChildOf(player.entity)));
        });
}

#[derive(Deserialize)]
struct LevelFile {
    name: String,
    player_start: (f32, f32),
    doors: Vec<Thing>,
    coins: Vec<Thing>,
}

#[derive(Deserialize)]
struct Thing {
    name: String,
    at: (f32, f32),
}

fn read_level(name: &str) -> Result<LevelFile> {
    let path = format!("{}/assets/levels/{name}.ron", env!("CARGO_MANIFEST_DIR"));
    Ok(ron::from_str(&std::fs::read_to_string(path)?)?)
}

fn load_level(
    level: Res<CurrentLevel>,
    old: Query<Entity, With<Level>>,
    mut commands: Commands,
) -> Result {
    old.iter().for_each(|old| commands.entity(old).despawn());
    let file = read_level(&level.0)?;
    let key = |name: &str| SaveKey::new(format!("{}/{name}", file.name));
    // The root is an anchor, and what is placed below it is parked while the level isn't loaded.
    let root = commands.spawn((Level, key("root"), SaveScope::new(&file.name))).id();
    for Thing { name, at } in &file.doors {
        let at = Transform::from_xyz(at.0, at.1, 0.0);
        commands.spawn((Door::default(), key(name), at, Collider::circle(1.0), ChildOf(root)));
    }
    for Thing { name, at } in &file.coins {
        let at = Transform::from_xyz(at.0, at.1, 0.0);
        commands.spawn((Coin, key(name), at, ChildOf(root)));
    }
    Ok(())
}

fn clear_away(game: Query<Entity, Or<(With<Level>, With<Player>)>>, mut commands: Commands) {
    game.iter().for_each(|entity| commands.entity(entity).despawn());
}

/// A real game waits for its assets here.
fn play_once_loaded(mut waited: Local<u32>, mut next: ResMut<NextState<Game>>) {
    *waited += 1;
    if waited.is_multiple_of(3) {
        next.set(Game::Playing);
    }
}

fn begin(level: Res<CurrentLevel>, mut commands: Commands) -> Result {
    let start = Vec2::from(read_level(&level.0)?.player_start);
    commands.spawn((Player { at: start, ..default() }, Collider::circle(0.4))).with_children(
        |player| {
            player.spawn(Tool("lamp".to_owned()));
            player.spawn(Tool("rope".to_owned()));
        },
    );
    Ok(())
}
