//! One session is being played when another is resumed.

use bevy::prelude::*;
use bevy::state::state::StateTransition;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreLosses, RestoreReason};
use bevy_session::requests::{CurrentRequest, Request};
use bevy_session::slots::SlotId;
use bevy_session::{
    CheckpointKind, MemoryDisk, RequestError, SessionId, SessionLast, SessionSystems,
    SessionUpdate, Ticket,
};

use crate::common::*;
use crate::slots::*;

/// A game that plays "Two" of health 2, after it has played "One" of health 1 and closed it.
fn game_of_two(disk: &MemoryDisk) -> (App, SessionId, SessionId) {
    let mut app = slot_game(disk);
    let one = start_as(&mut app, "One", "Ann");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    set_health(&mut app, 2);
    let two = start_as(&mut app, "Two", "Ann");
    (app, one, two)
}

fn played(app: &App) -> SessionId {
    app.world().resource::<CurrentSession>().id()
}

#[test]
fn continue_recover_and_load_save_and_close_the_played_session() {
    type Ask = fn(&mut Commands, SessionId, SlotId) -> Ticket;
    let ways: [(Ask, RestoreReason); 3] = [
        (|commands, one, _| commands.session().continue_session(one), RestoreReason::Continued),
        (
            |commands, one, _| commands.session().recover(one, RestoreFrom::Latest),
            RestoreReason::Recovered,
        ),
        (|commands, _, slot| commands.session().slots().load(slot), RestoreReason::Loaded),
    ];
    for (ask, reason) in ways {
        let disk = MemoryDisk::default();
        let mut app = slot_game(&disk);
        let one = start_as(&mut app, "One", "Ann");
        let slot = save(&mut app, SaveSlot::manual("Here")).id;
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 3);
        set_health(&mut app, 2);
        let two = start_as(&mut app, "Two", "Ann");
        set_health(&mut app, 20);
        request(&mut app, |commands| ask(commands, one, slot));
        frames(&mut app, 6);
        assert!(
            received::<RequestRejected>(&app).is_empty(),
            "{:?}",
            received::<RequestRejected>(&app)
        );
        let closed: Vec<_> =
            received::<SessionClosed>(&app).into_iter().map(|it| it.session).collect();
        assert_eq!(closed, [one, two], "{reason:?}");
        let exits = received::<CheckpointSaved>(&app).into_iter();
        let exits =
            exits.filter(|saved| saved.session == two && saved.kind == CheckpointKind::Exit);
        assert_eq!(exits.count(), 1, "{reason:?}");
        let restored = received::<SessionRestored>(&app).pop().unwrap();
        assert_eq!((restored.session, restored.reason), (one, reason));
        assert_eq!((played(&app), health(&mut app)), (one, 1));
        // And back again, to the very frame that was left.
        request(&mut app, |commands| commands.session().continue_session(two));
        frames(&mut app, 6);
        assert_eq!((played(&app), health(&mut app)), (two, 20), "{reason:?}");
    }
}

#[test]
fn the_played_session_continues_if_the_other_cannot_be_read() {
    let disk = MemoryDisk::default();
    let (mut app, one, two) = game_of_two(&disk);
    let of_one = |path: &std::path::PathBuf| {
        path.to_string_lossy().contains(&one.to_string()) && path.extension().is_some()
    };
    for path in disk.paths().into_iter().filter(of_one) {
        let mut bytes = disk.content(&path).unwrap();
        bytes.iter_mut().skip(100).for_each(|byte| *byte ^= 0x5a);
        disk.put(&path, &bytes);
    }
    set_health(&mut app, 20);
    request(&mut app, |commands| commands.session().continue_session(one));
    frames(&mut app, 6);
    assert!(received::<SessionRestored>(&app).is_empty());
    assert_eq!(
        received::<SessionClosed>(&app).len(),
        1,
        "only the first was closed, by the player"
    );
    assert_eq!((played(&app), health(&mut app)), (two, 20));
}

#[test]
fn continuing_the_played_session_is_rejected() {
    let (mut app, _, two) = game_of_two(&MemoryDisk::default());
    request(&mut app, |commands| commands.session().continue_session(two));
    frames(&mut app, 3);
    assert_eq!(last_rejection(&app), RequestError::SessionRunning { current: two });
    assert_eq!(played(&app), two);
}

#[test]
fn a_request_is_about_the_session_that_was_played_when_it_was_made() {
    let (mut app, one, two) = game_of_two(&MemoryDisk::default());
    request(&mut app, |commands| commands.session().continue_session(one));
    app.update();
    assert_eq!(played(&app), two, "the other one is on its way");
    request(&mut app, |commands| commands.session().checkpoint("Of the second"));
    frames(&mut app, 6);
    assert_eq!(played(&app), one);
    let rejected = received::<RequestRejected>(&app).pop().expect("it came too late");
    assert_eq!(rejected.error, RequestError::OtherSession { asked_of: two });
    assert!(matches!(rejected.request, Request::Current(CurrentRequest::Checkpoint { .. })));
}

#[test]
fn requests_after_a_continue_apply_to_the_continued_session() {
    let (mut app, one, _) = game_of_two(&MemoryDisk::default());
    request(&mut app, |commands| {
        commands.session().continue_session(one);
        commands.session().update(SessionUpdate::default().name("The first"));
    });
    frames(&mut app, 6);
    assert!(received::<RequestRejected>(&app).is_empty());
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.id(), current.name()), (one, "The first"));
}

/// The values that a system saw between the requests and the captures of a frame.
#[derive(Resource, Default)]
struct Seen(Vec<String>);

#[test]
fn a_game_can_order_its_systems_against_the_steps_of_a_frame() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen_to_slots(app);
        app.init_resource::<Seen>().add_systems(
            SessionLast,
            (
                (|mut commands: Commands| {
                    commands.session().update(SessionUpdate::default().name("Renamed"));
                })
                .before(SessionSystems::Requests),
                (|session: Res<CurrentSession>,
                  mut seen: ResMut<Seen>,
                  mut score: ResMut<Score>| {
                    seen.0.push(session.name().to_owned());
                    score.0 += 1;
                })
                .after(SessionSystems::Requests)
                .before(SessionSystems::Capture),
            )
                .run_if(session_is_active),
        );
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Campaign")));
    seconds(&mut app, 5.5);
    let seen = &app.world().resource::<Seen>().0;
    assert!(seen.iter().all(|name| name == "Renamed"), "the request came into its own frame");
    let frames_before_newest = {
        let newest = received::<CheckpointSaved>(&app).pop().unwrap();
        assert_eq!(newest.kind, CheckpointKind::Auto);
        seen.len()
    };
    let mut app = slot_game(&disk.snapshot());
    frames(&mut app, 2);
    let session = received::<RecoveryAvailable>(&app).pop().unwrap().offer.session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    let restored = app.world().resource::<Score>().0 as usize;
    assert!(restored > 40 && restored <= frames_before_newest, "{restored}");
}

/// Something happens in the middle of a frame, once: between the requests and the rest.
#[derive(Resource)]
struct InBetween(Option<fn(&mut World)>);

fn happens_in_between(app: &mut App) {
    let happen = |world: &mut World| {
        if let Some(happens) = world.resource_mut::<InBetween>().0.take() {
            happens(world);
        }
    };
    app.insert_resource(InBetween(None)).add_systems(
        SessionLast,
        happen.after(SessionSystems::Requests).before(SessionSystems::Capture),
    );
}

#[test]
fn a_menu_opened_while_another_session_is_read_loses_no_play() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen_to_slots(app);
        happens_in_between(app);
        app.checkpoint_session_while(in_state(Phase::Playing));
        let world = app.world_mut();
        let hero = world.query_filtered::<Entity, With<Health>>().single(world).unwrap();
        world.entity_mut(hero).insert(DespawnOnExit(Phase::Playing));
    });
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    app.update();
    let one = start_as(&mut app, "One", "Ann");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let two = start_as(&mut app, "Two", "Ann");
    set_health(&mut app, 20);
    app.insert_resource(InBetween(Some(|world| {
        world.resource_mut::<NextState<Phase>>().set(Phase::Menu);
        world.run_schedule(StateTransition);
        assert_eq!(world.query::<&Health>().iter(world).count(), 0, "the level is gone");
    })));
    request(&mut app, |commands| commands.session().continue_session(one));
    frames(&mut app, 6);
    assert_eq!((played(&app), health(&mut app)), (one, 1));
    request(&mut app, |commands| commands.session().continue_session(two));
    frames(&mut app, 6);
    assert_eq!((played(&app), health(&mut app)), (two, 20));
}

/// Saved by the first build of a game, and unknown to the second.
#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
struct Cloak(u8);

#[test]
fn the_played_session_continues_if_the_other_would_lose_values() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen_to_slots(app);
        app.save_component::<Cloak>();
    });
    app.world_mut().spawn((Saved, Cloak(3)));
    let one = start_as(&mut app, "One", "Ann");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);

    let mut app = slot_game(&disk.snapshot());
    let two = start_as(&mut app, "Two", "Ann");
    app.world_mut().resource_mut::<SessionSettings>().losses = RestoreLosses::Refuse;
    request(&mut app, |commands| commands.session().continue_session(one));
    frames(&mut app, 6);
    assert!(matches!(last_rejection(&app), RequestError::WouldLose { .. }));
    assert!(received::<SessionClosed>(&app).is_empty());
    assert_eq!(played(&app), two);
}

#[test]
fn a_cancelled_continue_is_not_restored() {
    let directory = tempfile::tempdir().unwrap();
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins,
        bevy::state::app::StatesPlugin,
        SessionPlugin::new("Tests", "Choices").directory(directory.path()),
    ));
    listen::<SessionRestored>(&mut app);
    app.finish();
    app.cleanup();
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(300);
    let until = |app: &mut App, is_there: &dyn Fn(&App) -> bool| {
        while !is_there(app) {
            assert!(std::time::Instant::now() < patience, "it takes too long");
            app.update();
        }
    };
    let mut left = Vec::new();
    for (name, health) in [("X", 1), ("Y", 2), ("Played", 3)] {
        let hero = app.world_mut().spawn(Health(health)).id();
        request(&mut app, |commands| commands.session().start(NewSession::named(name)));
        until(&mut app, &|app| {
            let session = app.world().get_resource::<CurrentSession>();
            session.is_some_and(|session| session.last_checkpoint().is_some())
        });
        left.push(played(&app));
        if name != "Played" {
            request(&mut app, |commands| commands.session().close(LeaveCause::Player));
            until(&mut app, &|app| !app.world().contains_resource::<CurrentSession>());
            app.world_mut().despawn(hero);
        }
    }
    let (x, y) = (left[0], left[1]);
    request(&mut app, |commands| commands.session().continue_session(x));
    app.update();
    request(&mut app, |commands| {
        commands.session().cancel_restore();
        commands.session().continue_session(y);
    });
    until(&mut app, &|app| !received::<SessionRestored>(app).is_empty());
    let restored: Vec<_> = received::<SessionRestored>(&app).iter().map(|it| it.session).collect();
    assert_eq!(restored, [y]);
    assert_eq!((played(&app), health(&mut app)), (y, 2));
}

#[test]
fn a_placed_entity_spawned_as_the_session_closes_blocks_no_later_start() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    app.world_mut().spawn((Inventory(vec![7]), SaveKey::new("chest")));
    start_as(&mut app, "One", "Ann");
    frames(&mut app, 2);

    let mut app = game_with(plugin(&disk.snapshot()), |app| {
        listen_to_slots(app);
        happens_in_between(app);
    });
    frames(&mut app, 2);
    let session = received::<RecoveryAvailable>(&app).pop().unwrap().offer.session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    app.insert_resource(InBetween(Some(|world| {
        world.spawn((Inventory(vec![]), SaveKey::new("chest")));
    })));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    let two = start_as(&mut app, "Two", "Ann");
    assert_ne!(two, session, "a session can be started after it");
}
