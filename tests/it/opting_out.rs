//! Values that aren't saved or are saved as something else, and the game's own clock.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreLossReason;
use bevy_session::{CheckpointCaptured, MemoryDisk, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{
    Health, Score, frames, game_with, listen, plugin, received, request, seconds, start,
};

/// Cannot be written: what it knows came from an engine.
#[derive(Component, PartialEq, Debug)]
struct Collider {
    radius: f32,
    engine: u32,
}

#[derive(TypePath, Serialize, Deserialize)]
struct ColliderSpec {
    radius: f32,
}

#[derive(Resource, Default)]
struct Engine(u32);

fn game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionRestored>(app);
        add(app);
    })
}

fn with_colliders(app: &mut App) {
    app.init_resource::<Engine>().save_component_as(
        |collider: &Collider| ColliderSpec { radius: collider.radius },
        |spec, world| {
            assert!(spec.radius >= 0.0, "a circle has no negative radius");
            let mut engine = world.resource_mut::<Engine>();
            engine.0 += 1;
            Collider { radius: spec.radius, engine: engine.0 }
        },
    );
}

fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("now"));
    frames(app, 2);
}

fn recover(app: &mut App) {
    frames(app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 3);
}

fn healths(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let mut healths: Vec<u32> =
        world.query_filtered::<&Health, With<Saved>>().iter(world).map(|health| health.0).collect();
    healths.sort_unstable();
    healths
}

// Feature: `Unsaved` leaves out an entity and everything below it.
// Page: guide/what-is-saved.md#what-isnt-saved
#[test]
fn descendants_of_an_unsaved_entity_are_not_saved() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_| {});
    let world = app.world_mut();
    world.spawn(Health(1));
    let menu = world.spawn((Health(2), Unsaved)).id();
    let model = world.spawn((Health(3), ChildOf(menu))).id();
    world.spawn((Health(4), ChildOf(model)));
    start(&mut app, "Menu");
    // One that comes later, and one that leaves.
    app.world_mut().spawn((Health(5), ChildOf(model)));
    checkpoint(&mut app);
    let mut recovered = game(&disk.snapshot(), |_| {});
    recover(&mut recovered);
    assert_eq!(healths(&mut recovered), [1]);

    app.world_mut().entity_mut(model).remove::<ChildOf>();
    checkpoint(&mut app);
    let mut recovered = game(&disk.snapshot(), |_| {});
    recover(&mut recovered);
    assert_eq!(healths(&mut recovered), [1, 3, 4, 5]);

    app.world_mut().entity_mut(menu).remove::<Unsaved>();
    app.world_mut().entity_mut(model).insert(Unsaved);
    checkpoint(&mut app);
    let mut recovered = game(&disk.snapshot(), |_| {});
    recover(&mut recovered);
    assert_eq!(healths(&mut recovered), [1, 2]);
}

#[test]
fn an_entity_reparented_between_checkpoints_is_saved_by_its_new_parent() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_| {});
    let world = app.world_mut();
    let menu = world.spawn(Unsaved).id();
    let (level, group) = (world.spawn_empty().id(), world.spawn_empty().id());
    let moved = world.spawn((Health(1), ChildOf(menu))).id();
    world.spawn((Health(2), ChildOf(group)));
    start(&mut app, "Moving");
    checkpoint(&mut app);
    // A group that isn't saved itself takes what hangs from it along, and one leaves the menu.
    app.world_mut().entity_mut(group).insert(ChildOf(menu));
    app.world_mut().entity_mut(moved).insert(ChildOf(level));
    checkpoint(&mut app);
    let mut recovered = game(&disk.snapshot(), |_| {});
    recover(&mut recovered);
    assert_eq!(healths(&mut recovered), [1]);
    // And back, with the marker put on by hand where it doesn't count.
    app.world_mut().entity_mut(group).remove::<ChildOf>();
    app.world_mut().entity_mut(moved).insert(ChildOf(menu));
    checkpoint(&mut app);
    app.world_mut().entity_mut(moved).insert(Saved);
    checkpoint(&mut app);
    let mut recovered = game(&disk.snapshot(), |_| {});
    recover(&mut recovered);
    assert_eq!(healths(&mut recovered), [2]);
}

#[test]
fn unsaved_entities_survive_a_restore() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_| {});
    app.world_mut().spawn(Health(1));
    start(&mut app, "Survivor");
    let ghost = app.world_mut().spawn((Health(2), Unsaved)).id();
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert!(app.world().get_entity(ghost).is_ok());
    assert_eq!(healths(&mut app), [1]);
}

#[test]
fn unsaved_children_are_counted_and_respawned_by_observers() {
    #[derive(Component)]
    struct Camera;
    let disk = MemoryDisk::default();
    let add = |app: &mut App| {
        app.add_observer(|player: On<Add<Health>>, mut commands: Commands| {
            commands.spawn((Camera, ChildOf(player.entity)));
        });
    };
    let mut app = game(&disk, add);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Camera");
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app)[0].report.unsaved_children, 1);
    let world = app.world_mut();
    assert_eq!(world.query::<&Camera>().iter(world).count(), 1, "the observer spawned it again");
}

// Feature: Types without serde are saved by reflection, or as another value and rebuilt.
#[test]
fn a_component_without_serde_is_rebuilt_with_the_world_at_hand() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, with_colliders);
    app.world_mut().spawn((Health(1), Collider { radius: 2.5, engine: 0 }));
    start(&mut app, "Physics");
    for mut collider in app.world_mut().query::<&mut Collider>().iter_mut(app.world_mut()) {
        collider.radius = 7.0;
    }
    checkpoint(&mut app);
    let mut app = game(&disk.snapshot(), with_colliders);
    recover(&mut app);
    let world = app.world_mut();
    let collider = world.query::<&Collider>().single(world).unwrap();
    assert_eq!(*collider, Collider { radius: 7.0, engine: 1 });
}

#[test]
fn a_panicking_rebuild_loses_its_component_and_keeps_the_value() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, with_colliders);
    app.world_mut().spawn((Health(1), Collider { radius: -1.0, engine: 0 }));
    app.world_mut().spawn((Health(2), Collider { radius: 1.0, engine: 0 }));
    start(&mut app, "Broken");
    let disk = disk.snapshot();
    let mut app = game(&disk, with_colliders);
    recover(&mut app);
    assert_eq!(healths(&mut app), [1, 2], "everything else should be there");
    let world = app.world_mut();
    assert_eq!(world.query::<&Collider>().iter(world).count(), 1);
    let losses = received::<SessionRestored>(&app)[0].report.losses.clone();
    let [loss] = &losses[..] else { panic!("{losses:?}") };
    assert!(loss.type_path.ends_with("ColliderSpec") && loss.rows == 1);
    let RestoreLossReason::NotRebuilt { message } = &loss.reason else { panic!("{loss:?}") };
    assert!(message.contains("negative radius"), "{message}");
    checkpoint(&mut app);
    // A build that has fixed it finds the value.
    let mut app = game(&disk.snapshot(), |app| {
        app.save_component_as(
            |collider: &Collider| ColliderSpec { radius: collider.radius },
            |spec, _| Collider { radius: spec.radius.abs(), engine: 9 },
        );
    });
    recover(&mut app);
    let world = app.world_mut();
    assert_eq!(world.query::<&Collider>().iter(world).count(), 2);
}

#[test]
fn the_virtual_clock_is_restored() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_| {});
    start(&mut app, "Clock");
    seconds(&mut app, 30.0);
    app.world_mut().resource_mut::<Score>().0 = 1;
    checkpoint(&mut app);
    let clocks = |app: &App| {
        let world = app.world();
        (world.resource::<Time<Virtual>>().elapsed(), world.resource::<Time<Fixed>>().elapsed())
    };
    let saved = clocks(&app);
    let crashed = disk.snapshot();
    let mut recovered = game(&crashed, |_| {});
    frames(&mut recovered, 2);
    let real = recovered.world().resource::<Time<Real>>().elapsed();
    recover(&mut recovered);
    let (virtual_time, fixed) = clocks(&recovered);
    let since = recovered.world().resource::<Time<Real>>().elapsed() - real;
    assert!(virtual_time > saved.0 - since && virtual_time <= saved.0 + since, "{virtual_time:?}");
    assert!(fixed > saved.1 - since && fixed <= saved.1 + since, "{fixed:?}");
    // Backwards too.
    seconds(&mut app, 60.0);
    let session = app.world().resource::<CurrentSession>().id();
    let checkpoint = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    request(&mut app, |commands| {
        commands.session().recover(session, RestoreFrom::Checkpoint(checkpoint));
    });
    frames(&mut app, 3);
    assert!(clocks(&app).0 < saved.0 + std::time::Duration::from_secs(2));
}

#[test]
fn an_idle_game_writes_nothing_although_its_clock_runs() {
    let mut app = game(&MemoryDisk::default(), listen::<CheckpointCaptured>);
    start(&mut app, "Idle");
    seconds(&mut app, 60.0);
    assert_eq!(received::<CheckpointCaptured>(&app).len(), 1);
}
