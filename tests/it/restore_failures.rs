//! Restores that fail: up to the first change to the world they leave it as it was, and after it
//! the checkpoint is offered again.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use bevy::ecs::change_detection::ComponentTicks;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::{DeferredWorld, EntityRef};
use bevy::prelude::*;
use bevy_session::checkpoints::RunId;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::recovery::DespawnOnRestore;
use bevy_session::recovery::{CorruptionDetected, RecoveryError, RestorePrepared, RestoreStarted};
use bevy_session::{
    CheckpointId, MemoryDisk, RecoveryFailed, RequestError, SessionActivity, SessionId,
};
use serde::{Deserialize, Serialize};

use crate::common::*;
use crate::newer_files::of_a_newer_version;

/// A value with its ticks: when it was added and changed, and the value itself if reflection can read it.
type Known = (ComponentTicks, Option<String>);

/// Every component of every entity, and the game's resources and states.
fn every_value(world: &World) -> (BTreeMap<(Entity, ComponentId), Known>, Vec<Known>) {
    let archetypes = world.archetypes().iter();
    let entities = archetypes.flat_map(|archetype| archetype.entities());
    let mut values = BTreeMap::new();
    for entity in entities.map(|entity| world.entity(entity.id())) {
        // The engine's and the plugin's own resources may do what they like.
        for component in entity.archetype().components() {
            if !entity.contains::<IsResource>() {
                let ticks = entity.get_change_ticks_by_id(*component).unwrap();
                let value = value(world, entity, *component);
                values.insert((entity.id(), *component), (ticks, value));
            }
        }
    }
    let resources = vec![
        resource::<Score>(world),
        resource::<State<Phase>>(world),
        resource::<NextState<Phase>>(world),
    ];
    (values, resources)
}

fn value(world: &World, entity: EntityRef<'_>, component: ComponentId) -> Option<String> {
    let type_id = world.components().get_info(component)?.type_id()?;
    let registry = world.resource::<AppTypeRegistry>().read();
    let reflected = registry.get(type_id)?.data::<ReflectComponent>()?.reflect(entity)?;
    Some(format!("{:?}", reflected.as_partial_reflect()))
}

fn resource<R: Resource + Debug>(world: &World) -> Known {
    let ticks = world.get_resource_change_ticks::<R>().unwrap();
    (ticks, Some(format!("{:?}", world.resource::<R>())))
}

/// Panics where it is inserted, once it is armed.
#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = spring)]
struct Trap;

#[derive(Resource)]
struct Armed;

fn spring(world: DeferredWorld<'_>, _: HookContext) {
    assert!(!world.contains_resource::<Armed>(), "in a hook");
}

fn listening_game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        listen::<RecoveryAvailable>(app);
        listen::<RecoveryFailed>(app);
        listen::<CorruptionDetected>(app);
        listen::<RequestRejected>(app);
        listen::<RestorePrepared>(app);
        listen::<RestoreStarted>(app);
        listen::<SessionRestored>(app);
        listen::<CheckpointSaved>(app);
        add(app);
    })
}

/// Something of everything.
fn furnish(world: &mut World) {
    let parent = world.spawn((Health(1), Inventory(vec![1, 2]), Name::new("parent"))).id();
    for health in 10..13 {
        world.spawn((Health(health), ChildOf(parent)));
    }
    world.spawn((Health(11), Disabled, Trap));
    world.spawn((Name::new("scenery"), DespawnOnRestore));
    world.resource_mut::<Score>().0 += 3;
    world.resource_mut::<NextState<Phase>>().set(Phase::Playing);
}

/// A session with three checkpoints that somebody killed.
fn killed_game() -> (MemoryDisk, SessionId, Vec<CheckpointId>) {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk, |_| {});
    furnish(app.world_mut());
    start(&mut app, "Killed");
    let saved = play_on(&mut app);
    (disk.snapshot(), app.world().resource::<CurrentSession>().id(), saved)
}

/// Takes two more checkpoints, and names all.
fn play_on(app: &mut App) -> Vec<CheckpointId> {
    for score in [100, 200] {
        app.world_mut().resource_mut::<Score>().0 = score;
        request(app, |commands| commands.session().checkpoint(format!("{score}")));
        frames(app, 2);
    }
    seconds(app, 1.5);
    received::<CheckpointSaved>(app).into_iter().map(|saved| saved.checkpoint).collect()
}

fn journals(disk: &MemoryDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let paths =
        disk.paths().into_iter().filter(|path| path.extension() == Some("journal".as_ref()));
    paths.map(|path| (path.clone(), disk.content(&path).unwrap())).collect()
}

/// Makes every journal unusable from here on.
fn damage(disk: &MemoryDisk) {
    for (path, content) in journals(disk) {
        (30..content.len()).step_by(20).for_each(|offset| disk.corrupt(&path, offset, 0xff));
    }
}

/// Makes the data of the newest checkpoint unusable.
fn damage_the_newest(disk: &MemoryDisk) {
    for (path, content) in journals(disk) {
        let begins_data = |bytes: &[u8]| bytes == b"bvF\x1e\x01";
        let frame = content.windows(5).rposition(begins_data).unwrap();
        disk.corrupt(&path, frame + 48, 0xff);
    }
}

/// Puts a file beside the journals as a newer version of this crate would write it.
fn put_a_newer_format(disk: &MemoryDisk) {
    for (path, journal) in journals(disk) {
        disk.put(&path.with_extension("newer.journal"), &of_a_newer_version(journal));
    }
}

/// The notification that the game gets of a failed restore.
#[derive(PartialEq, Debug)]
enum Answer {
    Rejected(RequestError),
    Failed(RecoveryError),
    Unreadable,
    Newer,
    Corrupted,
}

fn answer(app: &App) -> Option<Answer> {
    if let Some(rejected) = received::<RequestRejected>(app).pop() {
        return Some(Answer::Rejected(rejected.error));
    }
    if let Some(failed) = received::<RecoveryFailed>(app).pop() {
        return Some(match failed.error {
            RecoveryError::Unreadable(_) => Answer::Unreadable,
            RecoveryError::NewerFormat(_) => Answer::Newer,
            other => Answer::Failed(other),
        });
    }
    (!received::<CorruptionDetected>(app).is_empty()).then_some(Answer::Corrupted)
}

/// Breaks something, asks for a restore, and holds the world against what it was before.
fn the_world_stays(
    disk: &MemoryDisk,
    app: &mut App,
    (session, from): (SessionId, RestoreFrom),
    break_something: impl Fn(&MemoryDisk),
    expected: Answer,
) {
    furnish(app.world_mut());
    frames(app, 3);
    let current = app.world().get_resource::<CurrentSession>().map(CurrentSession::id);
    let before = every_value(app.world());
    assert!(before.0.len() >= 20, "there should be something to compare: {before:#?}");
    break_something(disk);
    let others = answer(app);
    assert_eq!(others, None);
    request(app, |commands| commands.session().recover(session, from));
    for _ in 0..5 {
        app.update();
        let activity = app.world().resource::<SessionActivity>();
        assert!(!format!("{activity:?}").contains("restoring: true"), "{activity:?}");
    }
    assert_eq!(answer(app), Some(expected));
    let after = every_value(app.world());
    for (value, was) in &before.0 {
        let is = after.0.get(value).map(|is| format!("{is:?}"));
        assert_eq!(is, Some(format!("{was:?}")), "{value:?}");
    }
    assert_eq!(before.0.len(), after.0.len(), "nothing should be there that wasn't");
    assert_eq!(format!("{:?}", before.1), format!("{:?}", after.1));
    assert_eq!(app.world().get_resource::<CurrentSession>().map(CurrentSession::id), current);
    assert!(
        received::<RestoreStarted>(app).is_empty() && received::<SessionRestored>(app).is_empty()
    );
    assert!(received::<RestorePrepared>(app).is_empty());
}

type Breakage = fn(&MemoryDisk);

/// Ways to fail: what is broken, which checkpoint is asked for, and what is said of it.
fn ways_to_fail(saved: &[CheckpointId]) -> Vec<(Breakage, RestoreFrom, Answer)> {
    let first = RestoreFrom::Checkpoint(saved[0]);
    let newest = RestoreFrom::Checkpoint(*saved.last().unwrap());
    let unknown = CheckpointId { counter: 99, ..saved[0] };
    let run = RunId(saved[0].run.0 ^ 1);
    let of_another_run = CheckpointId { run, ..saved[0] };
    let unreadable: Breakage = |disk| disk.fail_always(Operation::Read, ErrorKind::Other);
    let no_such = || Answer::Rejected(RequestError::UnknownCheckpoint);
    vec![
        (|_| {}, RestoreFrom::Checkpoint(unknown), no_such()),
        (|_| {}, RestoreFrom::Checkpoint(of_another_run), no_such()),
        (put_a_newer_format, RestoreFrom::Latest, Answer::Newer),
        (put_a_newer_format, first, Answer::Newer),
        (damage, RestoreFrom::Latest, Answer::Failed(RecoveryError::AllDamaged)),
        (damage, first, Answer::Failed(RecoveryError::AllDamaged)),
        (damage_the_newest, newest, Answer::Corrupted),
        (unreadable, RestoreFrom::Latest, Answer::Unreadable),
        (unreadable, first, Answer::Unreadable),
    ]
}

#[test]
fn a_restore_that_fails_leaves_a_game_without_session_as_it_was() {
    let (disk, id, saved) = killed_game();
    for (break_something, from, expected) in ways_to_fail(&saved) {
        let disk = disk.snapshot();
        let mut app = listening_game(&disk, |_| {});
        the_world_stays(&disk, &mut app, (id, from), break_something, expected);
    }
}

#[test]
fn a_restore_that_fails_leaves_the_session_that_is_played_as_it_was() {
    let (_, _, saved) = killed_game();
    for way in 0..ways_to_fail(&saved).len() {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk, |_| {});
        start(&mut app, "Played");
        let id = app.world().resource::<CurrentSession>().id();
        let saved = play_on(&mut app);
        let (break_something, from, expected) = ways_to_fail(&saved).remove(way);
        the_world_stays(&disk, &mut app, (id, from), break_something, expected);
        // And the session goes on.
        disk.heal();
        let before = received::<CheckpointSaved>(&app).len();
        app.world_mut().resource_mut::<Score>().0 += 1;
        seconds(&mut app, 12.0);
        assert!(received::<CheckpointSaved>(&app).len() > before, "way {way}");
    }
}

#[test]
fn a_failed_restore_succeeds_once_the_disk_has_healed() {
    let (disk, id, saved) = killed_game();
    let mut app = listening_game(&disk, |_| {});
    let unreadable: Breakage = |disk| disk.fail_always(Operation::Read, ErrorKind::Other);
    let wanted = (id, RestoreFrom::Checkpoint(saved[1]));
    the_world_stays(&disk, &mut app, wanted, unreadable, Answer::Unreadable);
    disk.heal();
    request(&mut app, |commands| commands.session().recover(wanted.0, wanted.1));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app)[0].checkpoint, saved[1]);
    assert_eq!(app.world().resource::<Score>().0, 100);
}

/// Ways to panic while a checkpoint is put back.
fn ways_to_panic() -> Vec<(&'static str, fn(&mut App))> {
    vec![
        ("when it is prepared", |app| {
            app.add_observer(|_: On<RestorePrepared>| panic!("before the first change"));
        }),
        ("when it starts", |app| {
            app.add_observer(|_: On<RestoreStarted>| panic!("before the first change"));
        }),
        ("when a resource is inserted", |app| {
            app.add_observer(|_: On<Insert<Score>>, activity: Res<SessionActivity>| {
                assert!(!session_is_restoring(Some(activity)), "at the resources");
            });
        }),
        ("when a state is entered", |app| {
            app.add_systems(OnEnter(Phase::Playing), || panic!("in a system"));
        }),
        ("when an entity is spawned", |app| {
            app.add_observer(|added: On<Add<Health>>, healths: Query<&Health>| {
                assert!(healths.get(added.entity).is_ok_and(|health| health.0 < 12), "at the last");
            });
        }),
        ("in a hook", |app| app.world_mut().insert_resource(Armed)),
        ("when it is over", |app| {
            app.add_observer(|_: On<SessionRestored>| panic!("after the last change"));
        }),
    ]
}

#[test]
fn a_panic_during_a_restore_leaves_the_checkpoint_to_the_next_start() {
    let (disk, id, saved) = killed_game();
    for (way, add) in ways_to_panic() {
        let disk = disk.snapshot();
        let before = journals(&disk);
        let mut app = listening_game(&disk, add);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        let caught = (0..3).any(|_| catch_unwind(AssertUnwindSafe(|| app.update())).is_err());
        assert!(caught, "{way}: it should have panicked");
        // A game that goes on all the same does no harm.
        let _ = catch_unwind(AssertUnwindSafe(|| frames(&mut app, 3)));
        // Another process, or this one with a new app while the old one is still there.
        for disk in [disk.snapshot(), disk] {
            assert_eq!(journals(&disk), before, "{way}: nothing should have been written");
            comes_back(&disk, id, *saved.last().unwrap(), Phase::Playing, way);
        }
        drop(app);
    }
}

#[test]
fn a_panic_while_the_session_that_is_played_goes_back_leaves_its_newest_checkpoint() {
    for (way, add) in ways_to_panic() {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk, |_| {});
        furnish(app.world_mut());
        start(&mut app, "Played");
        let id = app.world().resource::<CurrentSession>().id();
        let saved = play_on(&mut app);
        app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Menu);
        frames(&mut app, 2);
        // What was played since then is taken before anything else.
        request(&mut app, |commands| commands.session().checkpoint("in the menu"));
        frames(&mut app, 3);
        let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
        let before = journals(&disk);
        // From here on, so that nothing of it happens while the world is built.
        add(&mut app);
        request(&mut app, |commands| {
            commands.session().recover(id, RestoreFrom::Checkpoint(saved[1]));
        });
        let caught = (0..3).any(|_| catch_unwind(AssertUnwindSafe(|| app.update())).is_err());
        assert!(caught, "{way}: it should have panicked");
        let _ = catch_unwind(AssertUnwindSafe(|| frames(&mut app, 3)));
        // Another process, or this one with a new app while the old one is still there.
        for disk in [disk.snapshot(), disk] {
            assert_eq!(journals(&disk), before, "{way}: nothing should have been written");
            comes_back(&disk, id, newest, Phase::Menu, way);
        }
        drop(app);
    }
}

/// A start on the disk offers the checkpoint, and has it.
fn comes_back(disk: &MemoryDisk, id: SessionId, newest: CheckpointId, phase: Phase, way: &str) {
    let mut app = listening_game(disk, |_| {});
    frames(&mut app, 2);
    let offers = received::<RecoveryAvailable>(&app);
    assert_eq!(offers.len(), 1, "{way}: it should be offered");
    assert_eq!((offers[0].offer.session.id, offers[0].offer.newest), (id, newest), "{way}");
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app)[0].report.entities, 5, "{way}");
    assert_eq!(app.world().resource::<Score>().0, 200, "{way}");
    assert_eq!(*app.world().resource::<State<Phase>>().get(), phase, "{way}");
}
