//! Going back within a level that is there.

// Feature: A level that is loaded already isn't loaded again.
// Page: guide/rewind-in-place.md#within-a-level

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    OpenGate, Sprite, ask, ask_to_go_back, checkpoint, go_back, in_place_game, last_restore,
    wait_for_gate,
};
use crate::common::*;

/// Which level is played.
#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Level(u32);

/// Which level is there.
#[derive(Resource, Default)]
struct LoadedLevel(u32);

#[derive(Resource, Default)]
struct Loaded(u32);

fn play() -> (App, Entity) {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        app.init_state::<Game>()
            .save_state::<Game>()
            .init_resource::<Level>()
            .init_resource::<LoadedLevel>()
            .init_resource::<Loaded>()
            .restore_session_through(Game::Loading)
            .restore_session_in(Game::Playing)
            .stay_in_level_if(|level: Res<Level>, loaded: Res<LoadedLevel>| level.0 == loaded.0)
            .add_systems(
                OnEnter(Game::Loading),
                |level: Res<Level>,
                 mut loaded: ResMut<LoadedLevel>,
                 mut times: ResMut<Loaded>,
                 mut next: ResMut<NextState<Game>>| {
                    loaded.0 = level.0;
                    times.0 += 1;
                    next.set(Game::Playing);
                },
            );
    });
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Loading);
    frames(&mut app, 3);
    let entity = app.world_mut().spawn((Health(1), Sprite(1), DespawnOnExit(Game::Playing))).id();
    start(&mut app, "Level");
    checkpoint(&mut app);
    app.world_mut().resource_mut::<Loaded>().0 = 0;
    (app, entity)
}

#[test]
fn an_in_place_rewind_does_not_reload_the_current_level() {
    let (mut app, entity) = play();
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 5;
    assert!(go_back(&mut app).report.in_place);
    assert_eq!(app.world().resource::<Loaded>().0, 0, "no loading screen");
    assert_eq!(app.world().get::<Health>(entity), Some(&Health(1)));
    assert_eq!(app.world().get::<Sprite>(entity), Some(&Sprite(1)), "the screen doesn't blink");

    // Everything is spawned again, unless it goes in place.
    app.insert_resource(RestoreManner::Respawn);
    go_back(&mut app);
    assert_eq!(app.world().resource::<Loaded>().0, 1);
    assert!(app.world().get_entity(entity).is_err());
}

#[test]
fn a_rewind_into_another_level_loads_it() {
    let (mut app, entity) = play();
    app.world_mut().resource_mut::<Level>().0 = 2;
    app.world_mut().resource_mut::<LoadedLevel>().0 = 2;
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 5;
    go_back(&mut app);
    assert_eq!(app.world().resource::<Loaded>().0, 1);
    assert_eq!(app.world().resource::<LoadedLevel>().0, 0);
    let mut health = app.world_mut().query::<&Health>();
    assert_eq!(health.single(app.world()).unwrap(), &Health(1));
    ask(&mut app, |session| session.rewind(RewindTo::BeforeRewind));
    assert_eq!(app.world().resource::<Loaded>().0, 2, "and so it is on the way back");
    assert_eq!(app.world().resource::<Level>().0, 2);
}

#[test]
fn a_rewind_during_a_level_load_ends_in_the_saved_level() {
    let (mut app, entity) = play();
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 5;
    app.world_mut().resource_mut::<Level>().0 = 2;
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Loading);
    let saved = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    request(&mut app, |commands| {
        commands.session().rewind(RewindTo::Checkpoint(saved));
    });
    frames(&mut app, 6);
    assert!(last_restore(&app).report.in_place);
    assert_eq!(app.world().resource::<LoadedLevel>().0, 0);
    assert_eq!(app.world().resource::<State<Game>>().get(), &Game::Playing);
    let mut health = app.world_mut().query::<&Health>();
    assert_eq!(health.single(app.world()).unwrap(), &Health(1));
}

#[test]
fn a_level_left_by_a_cancelled_restore_is_loaded_again() {
    #[derive(Component)]
    struct Scenery;
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        app.init_state::<Game>()
            .save_state::<Game>()
            .init_resource::<Level>()
            .init_resource::<LoadedLevel>()
            .insert_resource(OpenGate)
            .restore_session_through(Game::Loading)
            .stay_in_level_if(|level: Res<Level>, loaded: Res<LoadedLevel>| level.0 == loaded.0)
            .add_systems(OnEnter(Game::Loading), |mut next: ResMut<NextState<Game>>| {
                next.set(Game::Playing);
            })
            .add_systems(OnEnter(Game::Playing), |mut commands: Commands| {
                commands.spawn((Scenery, DespawnOnExit(Game::Playing)));
            });
        wait_for_gate(app);
    });
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Loading);
    frames(&mut app, 3);
    let entity = app.world_mut().spawn((Health(1), Sprite(1))).id();
    start(&mut app, "Level");
    checkpoint(&mut app);
    app.world_mut().resource_mut::<Level>().0 = 2;
    app.world_mut().resource_mut::<LoadedLevel>().0 = 2;
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = 5;
    frames(&mut app, 2);
    app.world_mut().remove_resource::<OpenGate>();
    ask_to_go_back(&mut app);
    ask(&mut app, |session| session.cancel_restore());
    let scenery = |app: &mut App| app.world_mut().query::<&Scenery>().iter(app.world()).count();
    app.insert_resource(OpenGate);
    frames(&mut app, 8);
    assert_eq!(app.world().resource::<State<Game>>().get(), &Game::Playing);
    assert_eq!(scenery(&mut app), 1, "the level is there");
    assert!(last_restore(&app).report.in_place);
    assert_eq!(app.world().get::<Health>(entity), Some(&Health(5)));
    assert_eq!(app.world().get::<Sprite>(entity), Some(&Sprite(1)));
    assert_eq!(app.world().resource::<Level>().0, 2);
}

#[test]
fn a_despawned_entity_of_the_level_returns_by_reloading_it() {
    fn boss(mut commands: Commands) {
        commands.spawn((Health(7), SaveKey::new("boss"), DespawnOnExit(Game::Playing)));
    }
    let (mut app, _) = play();
    app.add_systems(OnEnter(Game::Loading), boss);
    app.world_mut().run_system_cached(boss).unwrap();
    frames(&mut app, 2);
    checkpoint(&mut app);
    go_back(&mut app);
    assert_eq!(app.world().resource::<Loaded>().0, 0, "all of it is there");

    let mut bosses = app.world_mut().query_filtered::<(Entity, &Health), With<SaveKey>>();
    let (killed, _) = bosses.single(app.world()).unwrap();
    app.world_mut().despawn(killed);
    frames(&mut app, 2);
    go_back(&mut app);
    assert_eq!(app.world().resource::<Loaded>().0, 1, "only the level has the boss");
    let (_, health) = bosses.single(app.world()).expect("the boss is back");
    assert_eq!(health, &Health(7));
}
