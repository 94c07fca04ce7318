//! Going back by writing what differs onto the entities that are there.

// Feature: Rewinds, undos and loads in place keep sprites, children and ids of entities.
// Page: guide/rewind-in-place.md

mod bad_input;
mod forks;
mod levels;
mod links;
mod openings;
mod placed;

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoredInPlace;
use bevy_session::slots::SlotFailed;
use bevy_session::{MemoryDisk, SessionCommands, SessionId};
use serde::{Deserialize, Serialize};

use crate::common::*;
use crate::slots::{load, save};

/// A sprite that the game draws. It isn't saved.
#[derive(Component, Clone, PartialEq, Debug, Default)]
pub struct Sprite(pub u32);

/// Whom it looks at. It isn't saved, and makes no sense after a rewind.
#[derive(Component)]
struct Glance(#[expect(dead_code, reason = "nobody asks")] Entity);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable)]
struct Serial(u32);

/// Comes with [`Glow`], which isn't saved.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(Glow)]
struct Lamp;

#[derive(Component, Default)]
struct Glow;

/// The number of calls of hooks and observers.
#[derive(Resource, Default)]
struct Heard {
    inserted: u32,
    removed: u32,
    watched: u32,
}

/// A game that goes back in place, unless a request says otherwise, and takes checkpoints only where it is asked.
pub fn in_place_game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    in_place_game_with(plugin(disk), add)
}

/// The same with another plugin.
fn in_place_game_with(plugin: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_with(plugin, |app| {
        app.init_resource::<Heard>()
            .drop_on_rewind::<Glance>()
            .add_observer(|_: On<Insert<Health>>, mut heard: ResMut<Heard>| heard.inserted += 1)
            .add_observer(|_: On<Remove<Health>>, mut heard: ResMut<Heard>| heard.removed += 1);
        listen::<SlotSaved>(app);
        listen::<SlotFailed>(app);
        listen::<CheckpointSaved>(app);
        listen::<SessionRestored>(app);
        listen::<RestoredInPlace>(app);
        add(app);
    });
    app.insert_resource(RestoreManner::InPlace);
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::MAX;
    app
}

/// Asks something of the session that is played, and waits until it should be done.
pub fn ask<R>(app: &mut App, ask: impl FnOnce(&mut SessionCommands) -> R) {
    request(app, |commands| ask(&mut commands.session()));
    frames(app, 5);
}

pub fn checkpoint(app: &mut App) {
    ask(app, |session| session.checkpoint("then"));
    seconds(app, 1.0);
}

/// Goes back to the newest checkpoint that has a name; what came of it.
pub fn go_back(app: &mut App) -> SessionRestored {
    ask_to_go_back(app);
    last_restore(app)
}

/// The same, in a game that may make it wait.
fn ask_to_go_back(app: &mut App) {
    let saved = received::<CheckpointSaved>(app);
    let then = saved.iter().rfind(|saved| saved.label.is_some()).unwrap().checkpoint;
    ask(app, |session| session.rewind(RewindTo::Checkpoint(then)));
}

/// A restore waits until it is there.
#[derive(Resource)]
struct OpenGate;

fn wait_for_gate(app: &mut App) {
    app.restore_session_when(|gate: Option<Res<OpenGate>>| gate.is_some());
}

/// All saved health, ascending.
fn health(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let mut health: Vec<u32> = world.query::<&Health>().iter(world).map(|it| it.0).collect();
    health.sort_unstable();
    health
}

/// Takes a session up in a process of its own, as the newest checkpoint has it.
fn recovered(session: SessionId, mut app: App) -> App {
    frames(&mut app, 2);
    ask(&mut app, |commands| commands.recover(session, RestoreFrom::Latest));
    app
}

pub fn last_restore(app: &App) -> SessionRestored {
    received::<SessionRestored>(app).pop().expect("something should be restored")
}

fn counted(restored: &SessionRestored) -> (bool, u64, u64, u64) {
    let report = &restored.report;
    (report.in_place, report.written, report.spawned, report.despawned)
}

/// Spawns two entities that are drawn, the first with a child that is drawn and with an observer.
fn furnish(app: &mut App) -> [Entity; 2] {
    let world = app.world_mut();
    let first = world.spawn((Health(1), Sprite(11))).id();
    let second = world.spawn((Health(2), Sprite(22))).id();
    world.spawn((Sprite(111), ChildOf(first)));
    world
        .entity_mut(first)
        .insert(Glance(second))
        .observe(|_: On<RestoredInPlace>, mut heard: ResMut<Heard>| heard.watched += 1);
    [first, second]
}

#[test]
fn an_in_place_restore_keeps_sprites_and_reports_only_differences() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let [first, second] = furnish(&mut app);
    start(&mut app, "Drawn");
    checkpoint(&mut app);
    app.world_mut().get_mut::<Health>(first).unwrap().0 = 100;
    *app.world_mut().resource_mut::<Heard>() = Heard::default();
    let restored = go_back(&mut app);
    assert_eq!(counted(&restored), (true, 1, 0, 0), "{:?}", restored.report);
    let world = app.world();
    assert_eq!(world.get::<Health>(first), Some(&Health(1)));
    assert_eq!(world.get::<Sprite>(first), Some(&Sprite(11)), "what isn't saved stays");
    assert_eq!(world.get::<Children>(first).unwrap().len(), 1, "and so does what is drawn below");
    assert!(world.get::<Glance>(first).is_none(), "but for what is declared");
    assert_eq!(world.get::<Health>(second), Some(&Health(2)));
    let heard = world.resource::<Heard>();
    assert_eq!((heard.inserted, heard.removed, heard.watched), (1, 0, 1));
    let changed = received::<RestoredInPlace>(&app);
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].entity, first);
    assert!(changed[0].has_changed::<Health>() && !changed[0].has_changed::<Inventory>());
}

#[test]
fn undo_and_load_restore_in_place_unless_the_request_overrides_it() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let [first, _] = furnish(&mut app);
    start(&mut app, "Drawn");
    let slot = save(&mut app, SaveSlot::manual("One"));
    ask(&mut app, |session| session.slots().quick_save());
    checkpoint(&mut app);
    let set = |app: &mut App, value| app.world_mut().get_mut::<Health>(first).unwrap().0 = value;
    let is = |app: &App, value| {
        assert!(last_restore(app).report.in_place);
        assert_eq!(app.world().get::<Health>(first), Some(&Health(value)));
        assert_eq!(app.world().get::<Sprite>(first), Some(&Sprite(11)));
    };
    set(&mut app, 5);
    go_back(&mut app);
    is(&app, 1);
    set(&mut app, 6);
    ask(&mut app, |session| session.rewind(RewindTo::BeforeRewind));
    is(&app, 5);
    load(&mut app, slot.id);
    is(&app, 1);
    set(&mut app, 7);
    ask(&mut app, |session| session.slots().quick_load());
    is(&app, 1);
    ask(&mut app, |session| session.rewind(RewindTo::BeforeLoad));
    is(&app, 7);
    let request = |app: &mut App, manner| {
        request(app, |commands| {
            commands.session().restoring(manner).slots().load(slot.id);
        });
        frames(app, 6);
    };
    request(&mut app, RestoreManner::Respawn);
    assert!(!last_restore(&app).report.in_place);
    assert!(app.world().get_entity(first).is_err(), "everything is spawned again");
    app.insert_resource(RestoreManner::Respawn);
    let world = app.world_mut();
    let survivors: Vec<Entity> =
        world.query_filtered::<Entity, With<Health>>().iter(world).collect();
    request(&mut app, RestoreManner::InPlace);
    assert_eq!(counted(&last_restore(&app)), (true, 0, 0, 0), "nothing differs");
    assert!(survivors.iter().all(|entity| app.world().get_entity(*entity).is_ok()));
}

#[test]
fn by_default_a_restore_respawns_everything() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    app.world_mut().remove_resource::<RestoreManner>();
    let [first, _] = furnish(&mut app);
    start(&mut app, "Drawn");
    checkpoint(&mut app);
    let restored = go_back(&mut app);
    assert_eq!(counted(&restored), (false, 0, 2, 2));
    assert!(app.world().get_entity(first).is_err());
}

#[test]
fn missing_entities_are_spawned_and_later_ones_despawned() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let [first, second] = furnish(&mut app);
    start(&mut app, "Drawn");
    checkpoint(&mut app);
    app.world_mut().despawn(second);
    let came = app.world_mut().spawn((Health(9), Sprite(9))).id();
    ask(&mut app, |session| session.checkpoint(""));
    let late = app.world_mut().spawn(Health(10)).id();
    let saved = received::<CheckpointSaved>(&app);
    let then = saved.iter().find(|saved| saved.label.as_deref() == Some("then")).unwrap();
    let then = then.checkpoint;
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(then)));
    assert_eq!(counted(&last_restore(&app)), (true, 0, 1, 2));
    let world = app.world_mut();
    assert!([came, late, second].iter().all(|entity| world.get_entity(*entity).is_err()));
    assert_eq!(world.get::<Sprite>(first), Some(&Sprite(11)));
    let mut health: Vec<u32> = world.query::<&Health>().iter(world).map(|it| it.0).collect();
    health.sort_unstable();
    assert_eq!(health, [1, 2]);
}

#[test]
fn an_entity_with_a_changed_immutable_component_is_respawned_and_reported() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let [first, second] = furnish(&mut app);
    app.world_mut().entity_mut(first).insert(Serial(1));
    app.world_mut().entity_mut(second).insert(Serial(2));
    start(&mut app, "Drawn");
    checkpoint(&mut app);
    app.world_mut().entity_mut(first).insert(Serial(3));
    let restored = go_back(&mut app);
    assert_eq!(counted(&restored), (true, 0, 1, 1));
    let is = restored.report.respawned_as(first).expect("it is spawned again");
    assert_eq!(app.world().get::<Serial>(is), Some(&Serial(1)));
    assert_eq!(restored.report.respawned_as(second), None);
    assert_eq!(app.world().get::<Serial>(second), Some(&Serial(2)));
}

#[test]
fn a_removed_component_takes_its_required_components_along() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let [first, second] = furnish(&mut app);
    // The game's own, long before.
    app.world_mut().entity_mut(second).insert(Glow);
    start(&mut app, "Drawn");
    checkpoint(&mut app);
    for entity in [first, second] {
        app.world_mut().entity_mut(entity).insert(Lamp);
    }
    let restored = go_back(&mut app);
    assert_eq!(counted(&restored), (true, 2, 0, 0));
    let world = app.world();
    assert!(world.get::<Lamp>(first).is_none() && world.get::<Lamp>(second).is_none());
    assert!(world.get::<Glow>(first).is_none(), "it came with the lamp");
    assert!(world.get::<Glow>(second).is_some(), "it was there before");
    assert_eq!(world.get::<Sprite>(first), Some(&Sprite(11)));
}

#[test]
fn only_changed_states_transition_and_despawn_their_entities_first() {
    #[derive(Resource, Default)]
    struct Entered(u32);
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        app.init_resource::<Entered>()
            .add_systems(OnEnter(Phase::Menu), |mut entered: ResMut<Entered>| entered.0 += 1);
    });
    let [first, _] = furnish(&mut app);
    app.world_mut().entity_mut(first).insert(DespawnOnExit(Phase::Menu));
    start(&mut app, "Drawn");
    checkpoint(&mut app);
    let before = app.world().resource::<Entered>().0;
    go_back(&mut app);
    assert_eq!(app.world().resource::<Entered>().0, before);
    assert_eq!(app.world().get::<Sprite>(first), Some(&Sprite(11)));
    let playing = app.world_mut().spawn((Health(7), DespawnOnExit(Phase::Playing))).id();
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    app.update();
    assert!(app.world().get_entity(first).is_err());
    let restored = go_back(&mut app);
    assert_eq!(app.world().resource::<Entered>().0, before + 1);
    assert!(app.world().get_entity(playing).is_err());
    assert_eq!(counted(&restored), (true, 0, 1, 0), "the state had taken the other along");
}
