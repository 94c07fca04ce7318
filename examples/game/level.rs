//! Levels, from `assets/lamplighter/*.level.ron`. A level places lamps and shades under the names by
//! which a checkpoint finds them again; fireflies belong to none, and are saved as they are.

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, LoadContext};
use bevy::prelude::*;
use bevy_session::SaveScope;
use bevy_session::prelude::*;
use bevy_session_play::PlayedBy;
use serde::Deserialize;

use crate::crew::Seat;
use crate::model::{CurrentLevel, Dice, Firefly, Game, Lamp, Night, Player, Score, Shade};
use crate::options::Options;

#[derive(Asset, TypePath, Clone, Debug, Deserialize)]
pub struct Level {
    pub name: String,
    /// The level after this one.
    pub next: Option<String>,
    pub size: Vec2,
    pub start: Vec2,
    pub lamps: Vec<PlacedLamp>,
    pub shades: Vec<PlacedShade>,
    pub rocks: Vec<Rock>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PlacedLamp {
    pub name: String,
    pub at: Vec2,
    pub needs: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PlacedShade {
    pub name: String,
    pub at: Vec2,
}

#[derive(Component, Clone, Debug, Deserialize)]
pub struct Rock {
    pub at: Vec2,
    pub radius: f32,
}

/// The level that is there. Not saved: it is loaded again.
#[derive(Resource, Deref)]
pub struct LoadedLevel(pub Level);

/// Everything of a level hangs below this.
#[derive(Component)]
#[require(Transform, Visibility)]
pub struct LevelRoot;

#[derive(Resource)]
struct BeingLoaded(Handle<Level>);

pub fn plugin(app: &mut App) {
    app.init_asset::<Level>()
        .register_asset_loader(LevelLoader)
        .add_systems(OnEnter(Game::Loading), load)
        .add_systems(Update, build_once_loaded.run_if(in_state(Game::Loading)))
        .add_systems(
            OnTransition { exited: Game::Loading, entered: Game::Playing },
            // What is restored has its players and its fireflies already.
            begin.run_if(not(session_is_restoring)),
        )
        .add_systems(OnEnter(Game::Menu), clear_away);
}

fn load(level: Res<CurrentLevel>, assets: Res<AssetServer>, mut commands: Commands) {
    let path = format!("lamplighter/{}.level.ron", level.0);
    commands.insert_resource(BeingLoaded(assets.load(path)));
}

fn build_once_loaded(
    loading: Res<BeingLoaded>,
    assets: Res<AssetServer>,
    levels: Res<Assets<Level>>,
    old: Query<Entity, With<LevelRoot>>,
    mut next: ResMut<NextState<Game>>,
    mut commands: Commands,
) {
    if assets.load_state(&loading.0).is_failed() {
        return next.set(Game::Menu);
    }
    let Some(level) = levels.get(&loading.0) else { return };
    old.iter().for_each(|old| commands.entity(old).despawn());
    commands.insert_resource(LoadedLevel(level.clone()));
    let key = |name: &str| SaveKey::new(format!("{}/{name}", level.name));
    // Leaving a level is no loss of what is placed in it: its lamps are as they were on return.
    let root = commands.spawn((LevelRoot, key("root"), SaveScope::new(&level.name))).id();
    for PlacedLamp { name, at, needs } in level.lamps.clone() {
        let at = Transform::from_translation(at.extend(0.0));
        let key = key(&name);
        commands.spawn((Lamp { name, needs, fireflies: 0 }, key, at, ChildOf(root)));
    }
    for PlacedShade { name, at: home } in &level.shades {
        let at = Transform::from_translation(home.extend(0.0));
        let shade = Shade { home: *home, ..default() };
        commands.spawn((shade, key(name), at, ChildOf(root)));
    }
    for rock in level.rocks.clone() {
        let at = Transform::from_translation(rock.at.extend(0.0));
        commands.spawn((rock, at, Visibility::default(), ChildOf(root)));
    }
    next.set(Game::Playing);
}

/// A level that is entered, and not restored. Players who are away come along, and find themselves here.
fn begin(
    level: Res<LoadedLevel>,
    options: Res<Options>,
    night: Res<Night>,
    root: Single<Entity, With<LevelRoot>>,
    mut players: Query<(&mut Player, &mut Transform, &PlayedBy)>,
    mut dice: ResMut<Dice>,
    mut commands: Commands,
) {
    for (mut player, mut at, PlayedBy(of)) in &mut players {
        player.tail.clear();
        *at = Seat::of(of).unwrap_or(Seat::Left).beside(level.start);
    }
    for _ in 0..options.entities.unwrap_or(night.fireflies) {
        let at = (Vec2::new(dice.fraction(), dice.fraction()) - 0.5) * level.size;
        let firefly = Firefly { drift: dice.direction() * 24.0, caught: false };
        let at = Transform::from_translation(at.extend(0.0));
        commands.spawn((firefly, at, ChildOf(*root)));
    }
}

fn clear_away(
    game: Query<Entity, Or<(With<LevelRoot>, With<Player>)>>,
    mut level: ResMut<CurrentLevel>,
    mut score: ResMut<Score>,
    mut commands: Commands,
) {
    game.iter().for_each(|entity| commands.entity(entity).despawn());
    commands.remove_resource::<LoadedLevel>();
    *level = default();
    *score = default();
}

#[derive(TypePath)]
struct LevelLoader;

impl AssetLoader for LevelLoader {
    type Asset = Level;
    type Settings = ();
    type Error = BevyError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        _: &(),
        _: &mut LoadContext<'_>,
    ) -> Result<Level> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        Ok(ron::de::from_bytes(&bytes)?)
    }

    fn extensions(&self) -> &[&str] {
        &["level.ron"]
    }
}
