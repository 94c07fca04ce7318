//! Dying and coming back, through every notification.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::Validity;
use bevy_session::prelude::*;
use bevy_session::recovery::{
    CorruptionDetected, HowItEnded, RecoveryDeclined, RecoveryError, RestorePrepared,
    RestoreReason, RestoreStarted,
};
use bevy_session::{
    CheckpointId, CheckpointSaved, MemoryDisk, RecoveryFailed, RequestDone, RequestError,
    SessionId, SessionsFound, recovery_is_pending,
};

use crate::common::*;

/// A game with everything that recovery reports listened to.
fn listening_game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionsFound>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RestorePrepared>(app);
        listen::<RestoreStarted>(app);
        listen::<SessionRestored>(app);
        listen::<SessionRecovered>(app);
        listen::<CorruptionDetected>(app);
        listen::<RecoveryFailed>(app);
        listen::<RecoveryDeclined>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointSaved>(app);
    })
}

/// Plays a session with two checkpoints, and hands out what `kill -9` leaves of it.
fn killed_game() -> (MemoryDisk, SessionId, Vec<CheckpointId>) {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn((Health(1), Inventory(vec![1, 2]), Name::new("Ada"))).id();
    start(&mut app, "Killed");
    let id = app.world().resource::<CurrentSession>().id();
    seconds(&mut app, 20.0);
    app.world_mut().entity_mut(entity).insert(Health(2));
    app.world_mut().resource_mut::<Score>().0 = 7;
    app.world_mut().resource_mut::<CurrentSession>().set("mission", &"bridge").unwrap();
    seconds(&mut app, 6.0);
    app.world_mut().entity_mut(entity).insert(Health(3));
    seconds(&mut app, 2.0);
    let saved =
        received::<CheckpointSaved>(&app).into_iter().map(|saved| saved.checkpoint).collect();
    (disk.snapshot(), id, saved)
}

// Feature: An offer has the checkpoints to choose from and what was lost.
// Page: guide/recovery.md
#[test]
fn a_killed_session_is_offered_with_what_it_takes_to_decide() {
    let (disk, id, saved) = killed_game();
    let mut app = listening_game(&disk);
    frames(&mut app, 2);
    let available = received::<RecoveryAvailable>(&app);
    assert_eq!(available.len(), 1);
    let offer = &available[0].offer;
    assert_eq!(offer.session.id, id);
    assert_eq!(offer.cause, HowItEnded::Abnormal { machine_restarted: false });
    assert_eq!(Some(&offer.newest), saved.last());
    assert_eq!(offer.fields.get::<String>("mission").as_deref(), Some("bridge"));
    assert_eq!(offer.checkpoints.len(), saved.len());
    assert_eq!(offer.checkpoints[0].validity, Validity::Verified);
    assert_eq!(offer.checkpoints[0].entities, 1);
    let unsaved = offer.unsaved.time.expect("the heartbeat should date the death");
    assert!(unsaved >= Duration::from_secs(1) && unsaved < Duration::from_secs(6), "{unsaved:?}");
    assert_eq!(offer.unsaved.acknowledged, 0);
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1);
    assert!(app.world_mut().run_system_cached(recovery_is_pending).unwrap());
    let found = received::<SessionsFound>(&app);
    assert_eq!((found[0].sessions, found[0].offers), (1, 1));
}

#[test]
fn recovering_puts_everything_back_where_it_was() {
    let (disk, id, saved) = killed_game();
    let mut app = listening_game(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 5);
    let restored = received::<SessionRestored>(&app);
    assert_eq!(restored[0].reason, RestoreReason::Recovered);
    assert_eq!(Some(&restored[0].checkpoint), saved.last());
    assert_eq!(restored[0].report.entities, 1);
    assert_eq!(received::<RestorePrepared>(&app).len(), 1);
    assert_eq!(received::<RestoreStarted>(&app).len(), 1);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    let world = app.world_mut();
    let (health, inventory, name) =
        world.query::<(&Health, &Inventory, &Name)>().single(world).unwrap();
    assert_eq!((health.0, &inventory.0[..], name.as_str()), (2, &[1, 2][..], "Ada"));
    assert_eq!(world.resource::<Score>().0, 7);
    let current = world.resource::<CurrentSession>();
    assert_eq!(current.get::<String>("mission").as_deref(), Some("bridge"));
    assert!(current.play_time() > Duration::from_secs(20), "play time should go on");
    assert!(world.resource::<RecoveryOffers>().is_empty());
    let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    assert!(newest.counter > saved.last().unwrap().counter, "numbers should only grow");
}

#[test]
fn an_older_checkpoint_can_be_chosen() {
    let (disk, id, saved) = killed_game();
    let mut app = listening_game(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Checkpoint(saved[0])));
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 1);
    assert_eq!(world.resource::<Score>().0, 0);
}

#[test]
fn dying_right_after_a_recovery_loses_nothing() {
    let (disk, id, _) = killed_game();
    let mut disk = disk;
    for _ in 0..5 {
        let mut app = listening_game(&disk);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 2);
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().single(world).unwrap().0, 2);
        disk = disk.snapshot();
    }
}

#[test]
fn a_declined_session_is_kept_and_not_asked_for_again() {
    let (disk, id, _) = killed_game();
    let mut app = listening_game(&disk);
    request(&mut app, |commands| commands.session().decline(id));
    frames(&mut app, 3);
    assert_eq!(received::<RecoveryDeclined>(&app).len(), 1);
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    drop(app);

    let mut app = listening_game(&disk);
    frames(&mut app, 3);
    assert!(received::<RecoveryAvailable>(&app).is_empty(), "it should not be offered again");
    let entry = app.world().resource::<SessionCatalog>().get(id).unwrap().clone();
    assert!(entry.declined);
    // It can still be had by asking for it, and is offered again if it crashes again.
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    let mut app = listening_game(&disk.snapshot());
    frames(&mut app, 3);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
}

#[test]
fn several_crashed_sessions_are_all_offered() {
    let mut disk = MemoryDisk::default();
    for name in ["One", "Two", "Three"] {
        let mut app = listening_game(&disk);
        app.world_mut().spawn(Health(1));
        start(&mut app, name);
        disk = disk.snapshot();
    }
    let mut app = listening_game(&disk);
    frames(&mut app, 3);
    let mut names: Vec<_> = received::<RecoveryAvailable>(&app)
        .into_iter()
        .map(|available| available.offer.session.name)
        .collect();
    names.sort();
    assert_eq!(names, ["One", "Three", "Two"]);
}

// Feature: A policy asks the player, recovers without asking, or ignores crashes.
#[test]
fn recovery_off_means_no_offer_and_no_restore() {
    let (disk, id, _) = killed_game();
    let mut app = game_with(plugin(&disk).recovery(RecoveryPolicy::Never), |app| {
        listen::<RecoveryAvailable>(app);
        listen::<RequestRejected>(app);
    });
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert_eq!(received::<RequestRejected>(&app)[0].error, RequestError::RecoveryIsOff);
    let previous = app.world().resource::<PreviousRun>();
    assert!(matches!(previous.ended, HowItEnded::Abnormal { .. }), "detection should go on");
}

#[test]
fn recovery_off_allows_rewinds_of_a_session_that_did_not_crash() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk).recovery(RecoveryPolicy::Never), |app| {
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointSaved>(app);
    });
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Played");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().checkpoint("one"));
    frames(&mut app, 3);
    let one = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    app.world_mut().entity_mut(entity).insert(Health(2));
    for is_played in [true, false] {
        if !is_played {
            request(&mut app, |commands| commands.session().close(LeaveCause::Player));
            frames(&mut app, 3);
        }
        let from = RestoreFrom::Checkpoint(one);
        request(&mut app, |commands| commands.session().recover(id, from));
        frames(&mut app, 4);
    }
    assert_eq!(received::<RequestRejected>(&app).len(), 0, "no crash, no recovery");
    assert_eq!(received::<SessionRestored>(&app).len(), 2);
}

// Feature: `start_or_continue` starts, continues or recovers a session in one call.
// Page: guide/getting-started.md#without-a-menu
#[test]
fn start_or_continue_starts_then_recovers_then_continues() {
    let disk = MemoryDisk::default();
    let mut ids = Vec::new();
    let mut images = vec![disk];
    for kill in [true, false, false] {
        let disk = images.last().unwrap().clone();
        let mut app = listening_game(&disk);
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        });
        frames(&mut app, 4);
        ids.push(app.world().resource::<CurrentSession>().id());
        if !kill {
            request(&mut app, |commands| commands.session().close(LeaveCause::Player));
            frames(&mut app, 3);
        }
        images.push(disk.snapshot());
    }
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "it should be one session: {ids:?}");
}

#[test]
fn an_exit_is_never_a_crash() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Exited");
    app.world_mut().entity_mut(entity).insert(Health(5));
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);
    let mut app = listening_game(&disk);
    frames(&mut app, 3);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert_eq!(app.world().resource::<PreviousRun>().ended, HowItEnded::Exited);
    let closed = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
    request(&mut app, |commands| commands.session().continue_session(closed));
    frames(&mut app, 3);
    let world = app.world_mut();
    let health = world.query::<&Health>().single(world).unwrap().0;
    assert_eq!(health, 5, "the exit's own checkpoint should hold the last change");
}

#[test]
fn a_continue_button_continues_a_crashed_session() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(5));
    start(&mut app, "Killed");
    let killed = app.world().resource::<CurrentSession>().id();
    for declines in [false, true] {
        let mut app = listening_game(&disk.snapshot());
        frames(&mut app, 3);
        if declines {
            request(&mut app, |commands| commands.session().decline(killed));
            frames(&mut app, 3);
        }
        let catalog = app.world().resource::<SessionCatalog>();
        let newest = catalog.newest_to_continue().map(|entry| entry.session.id);
        assert_eq!(newest, (!declines).then_some(killed));
        // Whoever chooses it from the list of all sessions wants it all the same.
        request(&mut app, |commands| commands.session().continue_session(killed));
        frames(&mut app, 3);
        assert_eq!(received::<SessionRecovered>(&app).len(), 1);
        assert_eq!(received::<SessionRestored>(&app).len(), 1);
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().single(world).unwrap().0, 5);
    }
}

/// The button would do nothing, or what the player mustn't, at each press.
#[test]
fn a_continue_button_skips_crashes_that_cannot_be_continued() {
    let start_two = |last: NewSession| {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk);
        app.world_mut().spawn(Health(5));
        start(&mut app, "Closed");
        let closed = app.world().resource::<CurrentSession>().id();
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 20);
        request(&mut app, |commands| commands.session().start(last));
        seconds(&mut app, 6.0);
        let killed = app.world().resource::<CurrentSession>().id();
        (disk.snapshot(), closed, killed)
    };
    let newest = |disk: &MemoryDisk, policy: RecoveryPolicy| {
        let mut app = game_with(plugin(disk).recovery(policy), |_| {});
        frames(&mut app, 3);
        let catalog = app.world().resource::<SessionCatalog>();
        assert_eq!(catalog.sessions().len(), 2);
        catalog.newest_to_continue().map(|entry| entry.session.id)
    };
    let ask = RecoveryPolicy::Ask;
    let (disk, closed, killed) = start_two(NewSession::named("Killed"));
    assert_eq!(newest(&disk, ask), Some(killed));
    assert_eq!(newest(&disk, RecoveryPolicy::Never), Some(closed));

    // Nothing but its commits can be read.
    let damaged = disk.snapshot();
    let is_its = |path: &PathBuf| path.parent().is_some_and(|it| it.ends_with(killed.to_string()));
    let journals = damaged.paths().into_iter().filter(|path| {
        is_its(path) && path.extension().is_some_and(|extension| extension == "journal")
    });
    for path in journals {
        // Within the first frame, which everything after it builds on.
        let bytes = damaged.content(&path).unwrap();
        let header = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        damaged.corrupt(&path, 24 + header + 50, 1);
    }
    let mut app = listening_game(&damaged);
    frames(&mut app, 3);
    assert_eq!(received::<RecoveryFailed>(&app)[0].error, RecoveryError::AllDamaged);
    assert_eq!(newest(&damaged, ask), Some(closed));

    // Another machine may be playing it.
    let synced = disk.snapshot();
    let state = Path::new("sessions/state");
    synced.remove_all(state);
    let other = MemoryDisk::default();
    drop(listening_game(&other));
    synced.take_from(&other, state);
    assert_eq!(newest(&synced, ask), Some(closed));

    let (disk, closed, _) = start_two(NewSession::named("Once").recovery(false));
    assert_eq!(newest(&disk, ask), Some(closed));
}

#[test]
fn two_clicks_on_a_continue_button_restore_once() {
    let (disk, id, _) = killed_game();
    let mut app = listening_game(&disk);
    listen::<RequestDone>(&mut app);
    frames(&mut app, 3);
    let clicks = [0, 1, 2].map(|wait| {
        frames(&mut app, wait);
        let offer =
            |offers: Res<RecoveryOffers>, mut commands: Commands| offers.accept(&mut commands);
        app.world_mut().run_system_cached(offer).unwrap()
    });
    seconds(&mut app, 2.0);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    let restored = received::<SessionRestored>(&app);
    assert!(
        restored.iter().all(|it| it.session == id && it.reason == RestoreReason::Recovered),
        "{restored:?}"
    );
    let answered: Vec<_> = received::<RequestDone>(&app).iter().map(|done| done.ticket).collect();
    let clicked: Vec<_> = clicks.into_iter().flatten().collect();
    assert!(clicked.iter().all(|ticket| answered.contains(ticket)), "{clicked:?} {answered:?}");
}

#[test]
fn two_clicks_on_a_button_that_names_the_session_restore_once() {
    let closed = MemoryDisk::default();
    let mut app = listening_game(&closed);
    start(&mut app, "Closed");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 20);
    for disk in [killed_game().0, closed.snapshot()] {
        let mut app = listening_game(&disk);
        listen::<RequestDone>(&mut app);
        frames(&mut app, 3);
        let session =
            app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
        let clicks = [0, 1].map(|wait| {
            frames(&mut app, wait);
            let ticket = app.world_mut().commands().session().continue_session(session);
            app.world_mut().flush();
            ticket
        });
        seconds(&mut app, 2.0);
        assert_eq!(received::<SessionRestored>(&app).len(), 1);
        let answered: Vec<_> = received::<RequestDone>(&app).iter().map(|it| it.ticket).collect();
        assert!(clicks.iter().all(|ticket| answered.contains(ticket)), "{clicks:?} {answered:?}");
        let rejected =
            app.world_mut().run_system_cached(|mut rejected: MessageReader<RequestRejected>| {
                rejected.read().count()
            });
        assert_eq!(rejected.unwrap(), 0);
    }
}

// Feature: Components, resources and states are saved by a mark on the type or by one call.
#[test]
fn states_are_restored_through_their_transition() {
    #[derive(Resource, Default)]
    struct Entered(u32);
    let build = |disk: &MemoryDisk| {
        game_with(plugin(disk), |app| {
            app.init_resource::<Entered>().add_systems(
                OnEnter(Phase::Playing),
                |mut entered: ResMut<Entered>| {
                    entered.0 += 1;
                },
            );
            app.add_systems(
                OnEnter(Phase::Playing),
                (|mut commands: Commands| {
                    commands.spawn(Health(100));
                })
                .run_if(not(session_is_restoring)),
            );
        })
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk);
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 2);
    start(&mut app, "States");
    let id = app.world().resource::<CurrentSession>().id();
    let image = disk.snapshot();
    let mut app = build(&image);
    assert_eq!(*app.world().resource::<State<Phase>>().get(), Phase::Menu);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(*app.world().resource::<State<Phase>>().get(), Phase::Playing);
    assert_eq!(app.world().resource::<Entered>().0, 1, "`OnEnter` should have run once");
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().iter(world).count(), 1, "there should be one player");
}

/// Two processes that start for the first time at once draw an id of the machine each, and one replaces the other's.
#[test]
fn a_session_of_this_machine_is_no_other_machines_when_its_id_was_replaced() {
    let disk = MemoryDisk::default();
    let mut first = game(&disk);
    first.world_mut().spawn(Health(1));
    start(&mut first, "Campaign");
    seconds(&mut first, 6.0);
    let (disk, other) = (disk.snapshot(), MemoryDisk::default());
    let _other = game(&other);
    let host = Path::new("sessions/state/host");
    disk.put(host, &other.content(host).expect("the id of a machine"));
    let mut app = game(&disk);
    frames(&mut app, 3);
    let offers = app.world().resource::<RecoveryOffers>().offers();
    assert_eq!(offers.len(), 1);
    assert_ne!(offers[0].cause, HowItEnded::Elsewhere);
}
