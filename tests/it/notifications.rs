//! The notifications that no other module needs, and how all of them are sent.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::{AutosaveStretched, CheckpointDrifted};
use bevy_session::library::SessionPurged;
use bevy_session::prelude::*;
use bevy_session::{
    CheckpointCaptured, MemoryDisk, RequestError, SessionsFound, Ticket, recovery_is_pending,
    saving_is_in_progress,
};

use crate::common::*;

// Feature: Each notification is an event and a message.
// Page: guide/cheat-sheet.md
#[test]
fn every_notification_reaches_observers_and_message_readers() {
    #[derive(Resource, Default)]
    struct Observed(u32);
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<SessionStarted>(app);
        app.init_resource::<Observed>()
            .add_observer(|_: On<SessionStarted>, mut observed: ResMut<Observed>| observed.0 += 1);
    });
    start(&mut app, "Twice");
    assert_eq!(received::<SessionStarted>(&app).len(), 1);
    assert_eq!(app.world().resource::<Observed>().0, 1);
}

// Feature: A named checkpoint is taken at once, and is known by its ticket until it is durable.
// Page: guide/cheat-sheet.md
#[test]
fn requested_checkpoints_have_their_label_and_ticket_from_capture_to_end() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointSaved>(app);
        listen::<CheckpointFailed>(app);
    });
    start(&mut app, "Labels");
    frames(&mut app, 1);
    let opening = received::<CheckpointSaved>(&app).remove(0);
    assert_eq!((opening.label, opening.ticket), (None, None));
    let mut commands = app.world_mut().commands();
    let asked: Vec<Ticket> = (0..3).map(|_| commands.session().checkpoint("alike")).collect();
    app.world_mut().flush();
    frames(&mut app, 6);
    let alike = Some("alike".to_owned());
    let expected: Vec<_> = asked.iter().map(|ticket| (alike.clone(), Some(*ticket))).collect();
    let captured = received::<CheckpointCaptured>(&app).split_off(1);
    let captured: Vec<_> = captured.into_iter().map(|it| (it.label, it.ticket)).collect();
    assert_eq!(captured, expected);
    let saved = received::<CheckpointSaved>(&app).split_off(1);
    let saved: Vec<_> = saved.into_iter().map(|it| (it.label, it.ticket)).collect();
    assert_eq!(saved, expected);
    assert_eq!(received::<CheckpointFailed>(&app).len(), 0);
}

#[test]
fn each_lost_requested_checkpoint_is_reported_once() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<CheckpointSaved>(app);
        listen::<CheckpointFailed>(app);
    });
    start(&mut app, "Lost");
    // Its files vanish under three named checkpoints of one turn.
    disk.remove_all("sessions/data".as_ref());
    request(&mut app, |commands| {
        for label in ["one", "two", "three"] {
            commands.session().checkpoint(label);
        }
    });
    app.world_mut().resource_mut::<Score>().0 += 1;
    seconds(&mut app, 12.0);
    let lost = received::<CheckpointFailed>(&app).into_iter().filter(|it| it.retry_in.is_none());
    let mut lost: Vec<_> = lost.filter_map(|it| it.label).collect();
    let saved = received::<CheckpointSaved>(&app).into_iter().filter_map(|it| it.label);
    lost.extend(saved);
    lost.sort();
    assert_eq!(lost, ["one", "three", "two"], "each is saved or lost, and that is said once");
}

#[test]
fn a_checkpoint_that_cannot_be_taken_fails_with_its_label() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<CheckpointFailed>);
    start(&mut app, "Nameless");
    let current = app.world_mut().remove_resource::<CurrentSession>().unwrap();
    request(&mut app, |commands| commands.session().checkpoint("too early"));
    frames(&mut app, 3);
    app.insert_resource(current);
    let failed = received::<CheckpointFailed>(&app).remove(0);
    assert_eq!(failed.label.as_deref(), Some("too early"));
    assert!(failed.ticket.is_some());
}

#[test]
fn entities_spawned_by_start_observers_are_in_the_first_checkpoint() {
    let disk = MemoryDisk::default();
    let build = |disk: &MemoryDisk| game_with(plugin(disk), listen::<SessionRestored>);
    let mut app = build(&disk);
    app.add_observer(|_: On<SessionStarted>, mut commands: Commands| {
        commands.spawn(Health(12));
    });
    start(&mut app, "Spawned");
    let id = app.world().resource::<CurrentSession>().id();
    let mut app = build(&disk.snapshot());
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 12);
}

#[test]
fn a_high_write_rate_stretches_the_interval_and_is_reported() {
    let settings = SessionSettings {
        interval: Duration::from_secs(1),
        max_bytes_per_second: 100,
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&MemoryDisk::default()).settings(settings), |app| {
        listen::<AutosaveStretched>(app);
        listen::<CheckpointSaved>(app);
        app.add_systems(Update, |mut healths: Query<&mut Health>| {
            for mut health in &mut healths {
                health.0 += 1;
            }
        });
    });
    app.world_mut().spawn_batch((0..200).map(Health));
    start(&mut app, "Stretched");
    seconds(&mut app, 60.0);
    let stretched = received::<AutosaveStretched>(&app);
    let interval = stretched.last().expect("it should be reported").interval;
    assert!(interval > Duration::from_secs(4), "{interval:?}");
    let saved = received::<CheckpointSaved>(&app).len();
    assert!(saved < 15, "checkpoints should be rarer than once a second: {saved}");
}

#[test]
fn an_undetected_change_is_reported_and_a_full_checkpoint_follows() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<CheckpointDrifted>(app);
        listen::<SessionRestored>(app);
    });
    let entity = app.world_mut().spawn((Health(1), Inventory(vec![1]))).id();
    app.world_mut().spawn(Health(2));
    start(&mut app, "Drifted");
    let id = app.world().resource::<CurrentSession>().id();
    // Somebody clears the trackers before the plugin sees the removal.
    app.world_mut().entity_mut(entity).remove::<Inventory>();
    app.world_mut().clear_trackers();
    app.world_mut().clear_trackers();
    app.world_mut().entity_mut(entity).insert(Health(7));
    seconds(&mut app, 12.0);
    let drifted = received::<CheckpointDrifted>(&app);
    assert!(
        drifted[0].types.iter().any(|drifted| drifted.type_path.ends_with("Inventory")),
        "{drifted:?}"
    );
    let mut app = game_with(plugin(&disk.snapshot()), listen::<SessionRestored>);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Inventory>().iter(world).count(), 0);
}

#[test]
fn sessions_are_found_and_forgotten() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Forgotten");
    let id = app.world().resource::<CurrentSession>().id();
    let mut app = game_with(plugin(&disk.snapshot()), |app| {
        listen::<SessionsFound>(app);
        listen::<SessionPurged>(app);
    });
    frames(&mut app, 2);
    assert_eq!(received::<SessionsFound>(&app)[0].sessions, 1);
    request(&mut app, |commands| commands.session().library().purge(id));
    frames(&mut app, 3);
    assert_eq!(received::<SessionPurged>(&app)[0].session, id);
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
}

#[test]
fn run_conditions_reflect_the_state_of_the_session() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Conditions");
    let world = app.world_mut();
    assert!(world.run_system_cached(session_is_active).unwrap());
    assert!(!world.run_system_cached(session_is_paused).unwrap());
    assert!(!world.run_system_cached(session_is_restoring).unwrap());
    assert!(!world.run_system_cached(recovery_is_pending).unwrap());
    assert!(!world.run_system_cached(saving_is_in_progress).unwrap());
    disk.fail_always(bevy_session::external::Operation::Append, std::io::ErrorKind::StorageFull);
    app.world_mut().spawn(Health(2));
    seconds(&mut app, 6.0);
    assert!(app.world_mut().run_system_cached(saving_is_in_progress).unwrap());
    disk.heal();
    seconds(&mut app, 3.0);
    assert!(!app.world_mut().run_system_cached(saving_is_in_progress).unwrap());
}

#[test]
fn sessions_added_later_are_found_on_request() {
    let disk = MemoryDisk::default();
    let mut other = game(&disk);
    let mut app = game_with(plugin(&disk), |app| {
        listen::<SessionsFound>(app);
        listen::<RecoveryAvailable>(app);
    });
    frames(&mut app, 2);
    assert!(app.world().resource::<SessionCatalog>().sessions().is_empty());
    start(&mut other, "Elsewhere");
    request(&mut other, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut other, 3);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    assert_eq!(received::<SessionsFound>(&app).len(), 2);
    let closed = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap();
    assert_eq!(closed.session.name, "Elsewhere");
    // A session that is played here is in use, and no crash.
    start(&mut app, "Here");
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 2);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
}

#[test]
fn a_second_server_does_not_split_the_world() {
    let disk = MemoryDisk::default();
    let mut first = game(&disk);
    request(&mut first, |commands| {
        commands.session().start_or_continue(NewSession::named("World"));
    });
    frames(&mut first, 4);
    let mut second = game_with(plugin(&disk), listen::<RequestRejected>);
    request(&mut second, |commands| {
        commands.session().start_or_continue(NewSession::named("World"));
    });
    seconds(&mut second, 3.0);
    assert_eq!(received::<RequestRejected>(&second)[0].error, RequestError::SessionInUse);
}
