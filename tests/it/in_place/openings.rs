//! The first checkpoint of the run that follows.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, MemoryDisk};

use super::{ask, checkpoint, go_back, in_place_game, last_restore};
use crate::common::*;

/// The entities that the game changes once it is back.
#[derive(Resource)]
struct OnceBack {
    changed: Entity,
    gone: Entity,
}

fn values(app: &mut App) -> Vec<(u32, Option<Vec<u32>>)> {
    let world = app.world_mut();
    let mut query = world.query::<(&Health, Option<&Inventory>)>();
    let values = query.iter(world);
    let mut values: Vec<_> =
        values.map(|(health, inventory)| (health.0, inventory.map(|it| it.0.clone()))).collect();
    values.sort();
    values
}

#[test]
fn changes_by_observers_after_the_restore_are_in_the_opening_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = in_place_game(&disk, |app| {
        listen::<CheckpointCaptured>(app);
        app.add_observer(
            |_: On<SessionRestored>, back: Option<Res<OnceBack>>, mut commands: Commands| {
                let Some(back) = back else { return };
                commands.entity(back.changed).insert(Health(50));
                commands.entity(back.gone).despawn();
                commands.spawn((Health(60), Inventory(vec![6])));
            },
        );
    });
    let spawn = |app: &mut App, health: u32| {
        app.world_mut().spawn((Health(health), Inventory(vec![health]))).id()
    };
    let entities: Vec<Entity> = (1..6).map(|health| spawn(&mut app, health)).collect();
    start(&mut app, "Opened");
    checkpoint(&mut app);
    app.world_mut().get_mut::<Health>(entities[0]).unwrap().0 = 10;
    app.world_mut().despawn(entities[4]);
    app.insert_resource(OnceBack { changed: entities[1], gone: entities[2] });
    assert!(go_back(&mut app).report.in_place);
    let opening = received::<CheckpointCaptured>(&app).pop().unwrap();
    assert!(opening.full, "it needs no older bytes");
    assert!(opening.rows < 20, "and copies what was written since: {}", opening.rows);
    let expected = values(&mut app);
    let some = |health| (health, Some(vec![health]));
    assert_eq!(
        expected,
        [some(1), some(4), some(5), (50, Some(vec![2])), (60, Some(vec![6]))],
        "the world that is played"
    );
    let session = app.world().resource::<CurrentSession>().id();
    seconds(&mut app, 1.0);

    // Killed, and started again.
    let mut again = in_place_game(&disk.snapshot(), |_| {});
    ask(&mut again, |commands| commands.recover(session, RestoreFrom::Latest));
    assert_eq!(last_restore(&again).report.entities, 5);
    assert_eq!(values(&mut again), expected);
}
