//! Sessions that are tied to the game's states.

// Feature: No checkpoint is taken behind a closed gate; states take checkpoints, pause and close.
// Page: guide/states-and-gates.md

use std::task::Poll;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::requests::{CurrentRequest, GuardedRequest, Request};
use bevy_session::slots::SlotFailed;
use bevy_session::{
    CheckpointCaptured, CheckpointKind, MemoryDisk, SessionPaused, SessionRestored, SessionResumed,
    SessionStatus,
};
use serde::{Deserialize, Serialize};

use crate::common::{
    Game, Health, Score, frames, game_with, listen, plugin, received, request, seconds, start,
};

fn game(disk: &MemoryDisk, hooks: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        app.init_state::<Game>().save_state::<Game>();
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointSaved>(app);
        listen::<SessionPaused>(app);
        listen::<SessionResumed>(app);
        listen::<SessionClosed>(app);
        listen::<SessionRestored>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RequestRejected>(app);
        hooks(app);
    })
}

fn enter(app: &mut App, state: Game) {
    app.world_mut().resource_mut::<NextState<Game>>().set(state);
    frames(app, 1);
}

fn captured(app: &mut App) -> Vec<(CheckpointKind, u64)> {
    frames(app, 1);
    let captured = received::<CheckpointCaptured>(app);
    captured.iter().map(|captured| (captured.kind, captured.entities)).collect()
}

fn state(app: &App) -> Game {
    *app.world().resource::<State<Game>>().get()
}

fn recover(app: &mut App) {
    frames(app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 3);
}

#[test]
fn the_menu_is_never_captured_and_a_closing_gate_takes_a_checkpoint() {
    let disk = MemoryDisk::default();
    let hooks = |app: &mut App| {
        app.checkpoint_session_while(in_state(Game::Playing));
    };
    let mut app = game(&disk, hooks);
    request(&mut app, |commands| commands.session().start(NewSession::named("Gated")));
    seconds(&mut app, 20.0);
    assert_eq!(captured(&mut app), [], "the gate is closed");

    enter(&mut app, Game::Playing);
    let player = (Health(10), DespawnOnExit(Game::Playing));
    let player = app.world_mut().spawn(player).id();
    seconds(&mut app, 6.0);
    let opened = captured(&mut app).len();
    app.world_mut().get_mut::<Health>(player).unwrap().0 = 3;
    app.world_mut().resource_mut::<Score>().0 = 42;
    enter(&mut app, Game::Menu);
    let all = captured(&mut app);
    assert_eq!(all.len(), opened + 1);
    assert_eq!(all[opened], (CheckpointKind::State, 1), "the player should still be there");
    assert!(app.world().get_entity(player).is_err());
    seconds(&mut app, 30.0);
    assert_eq!(captured(&mut app).len(), opened + 1);

    let mut app = game(&disk.snapshot(), hooks);
    recover(&mut app);
    assert_eq!(state(&app), Game::Playing, "the state that was left is the one that was saved");
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap(), &Health(3));
    assert_eq!(world.resource::<Score>().0, 42);
}

#[test]
fn quitting_to_the_menu_can_be_continued_where_the_player_was() {
    quit_and_continue(|app| {
        app.checkpoint_session_while(in_state(Game::Playing)).close_session_on_enter(Game::Menu);
    });
    // The state that closes the session is a gate of its own.
    quit_and_continue(|app| _ = app.close_session_on_enter(Game::Menu));
}

fn quit_and_continue(hooks: fn(&mut App)) {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, hooks);
    enter(&mut app, Game::Playing);
    start(&mut app, "Quit");
    app.world_mut().spawn((Health(5), DespawnOnExit(Game::Playing)));
    enter(&mut app, Game::Menu);
    frames(&mut app, 3);
    let closed = received::<SessionClosed>(&app);
    assert!(closed.len() == 1 && closed[0].complete, "{closed:?}");
    assert!(received::<RequestRejected>(&app).is_empty());

    let session = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    assert_eq!(state(&app), Game::Playing);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap(), &Health(5));
}

/// The next game begins while the game's own work at the end of the last one isn't done.
#[test]
fn a_session_that_is_being_left_saves_nothing_of_the_next_game() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |app| {
        let mut steps = 0;
        app.checkpoint_session_while(in_state(Game::Playing))
            .checkpoint_session_on_enter(Game::Playing)
            .close_session_on_enter(Game::Menu)
            .on_session_end(move || {
                steps += 1;
                if steps < 6 { Poll::Pending } else { Poll::Ready(()) }
            });
    });
    enter(&mut app, Game::Playing);
    start(&mut app, "Quit");
    app.world_mut().spawn((Health(5), DespawnOnExit(Game::Playing)));
    enter(&mut app, Game::Menu);
    enter(&mut app, Game::Playing);
    app.world_mut().spawn((Health(100), DespawnOnExit(Game::Playing)));
    assert!(received::<SessionClosed>(&app).is_empty(), "it is being left");
    frames(&mut app, 10);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    enter(&mut app, Game::Menu);

    let session = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap(), &Health(5));
}

#[test]
fn a_session_that_the_game_ends_is_not_closed_once_more_by_its_menu() {
    for frames_before_the_menu in [0, 1] {
        let mut app = game(&MemoryDisk::default(), |app| {
            let mut steps = 0;
            app.close_session_on_enter(Game::Menu).on_session_end(move || {
                steps += 1;
                if steps < 4 { Poll::Pending } else { Poll::Ready(()) }
            });
        });
        enter(&mut app, Game::Playing);
        start(&mut app, "Lost");
        let mut commands = app.world_mut().commands();
        commands.session().end(EndReason::Failed, LeaveCause::Player);
        app.world_mut().flush();
        frames(&mut app, frames_before_the_menu);
        enter(&mut app, Game::Menu);
        frames(&mut app, 6);
        assert_eq!(received::<RequestRejected>(&app).len(), 0);
        let sessions = app.world().resource::<SessionCatalog>();
        assert!(!sessions.sessions()[0].can_go_on(), "it has ended");
    }
}

#[test]
fn a_menu_closes_a_session_whose_end_a_guard_refuses() {
    let only_the_host_ends_it = |asked: In<GuardedRequest>| match &asked.request {
        Request::Current(CurrentRequest::End { .. }) => Err("you aren't the host".to_owned()),
        _ => Ok(()),
    };
    let mut app = game(&MemoryDisk::default(), |app| {
        app.close_session_on_enter(Game::Menu).guard_session_requests(only_the_host_ends_it);
    });
    enter(&mut app, Game::Playing);
    start(&mut app, "Lost");
    let mut commands = app.world_mut().commands();
    commands.session().end(EndReason::Failed, LeaveCause::Player);
    app.world_mut().flush();
    enter(&mut app, Game::Menu);
    frames(&mut app, 3);
    assert_eq!(received::<RequestRejected>(&app).len(), 1, "the end");
    assert!(!app.world().contains_resource::<CurrentSession>());
    assert!(app.world().resource::<SessionCatalog>().sessions()[0].can_go_on());
}

#[test]
fn quitting_to_the_menu_leaves_a_slot_where_that_is_asked_for() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |app| {
        listen::<SlotSaved>(app);
        listen::<SlotFailed>(app);
        app.world_mut().resource_mut::<SessionSettings>().exit_slot = true;
        app.checkpoint_session_while(in_state(Game::Playing)).close_session_on_enter(Game::Menu);
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Never played")));
    frames(&mut app, 3);
    enter(&mut app, Game::Loading);
    enter(&mut app, Game::Menu);
    frames(&mut app, 3);
    assert_eq!(received::<SlotFailed>(&app).len(), 0, "there is nothing to make a slot of");
    enter(&mut app, Game::Playing);
    start(&mut app, "Quit");
    app.world_mut().spawn((Health(5), DespawnOnExit(Game::Playing)));
    enter(&mut app, Game::Menu);
    frames(&mut app, 5);
    assert_eq!(received::<SessionClosed>(&app).len(), 2);
    let saved = received::<SlotSaved>(&app);
    assert_eq!(saved.len(), 1, "{:?}", received::<SlotFailed>(&app));
    assert_eq!((&*saved[0].slot.name, saved[0].slot.entities), ("Quit", 1));
}

#[test]
fn a_checkpoint_that_is_asked_for_behind_a_closed_gate_is_taken_when_it_opens() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.checkpoint_session_while(in_state(Game::Playing));
    });
    enter(&mut app, Game::Playing);
    start(&mut app, "Patient");
    enter(&mut app, Game::Loading);
    let before = captured(&mut app).len();
    request(&mut app, |commands| commands.session().checkpoint("before the boss"));
    seconds(&mut app, 3.0);
    assert_eq!(captured(&mut app).len(), before);
    enter(&mut app, Game::Playing);
    frames(&mut app, 2);
    let all = captured(&mut app);
    assert_eq!((all.len(), all[before].0), (before + 1, CheckpointKind::Manual));
}

#[test]
fn entering_leaving_and_crossing_states_takes_checkpoints() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.checkpoint_session_on_enter(Game::Won)
            .checkpoint_session_on_exit(Game::Loading)
            .checkpoint_session_on_transition(Game::Playing, Game::Paused)
            .add_systems(OnEnter(Game::Won), |mut score: ResMut<Score>| score.0 += 1000);
    });
    start(&mut app, "Hooked");
    app.world_mut().resource_mut::<SessionSettings>().interval = std::time::Duration::MAX;
    seconds(&mut app, 2.0);
    let mut expected = captured(&mut app).len();
    for (state, takes) in [
        (Game::Loading, false),
        (Game::Playing, true),
        (Game::Paused, true),
        (Game::Playing, false),
        (Game::Won, true),
    ] {
        app.world_mut().resource_mut::<Score>().0 += 1;
        enter(&mut app, state);
        seconds(&mut app, 2.0);
        expected += usize::from(takes);
        assert_eq!(captured(&mut app).len(), expected, "entering {state:?}");
    }
}

/// Its text is as long as the level that it holds.
#[derive(States, Reflect, Serialize, Deserialize, Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Level(String);

#[test]
fn a_state_with_a_long_text_is_recorded_cut() {
    let level = |letter: &str| Level(letter.repeat(10_000));
    let mut app = game(&MemoryDisk::default(), |app| {
        app.init_state::<Level>().save_state::<Level>().checkpoint_session_on_exit(level("a"));
    });
    start(&mut app, "Long");
    for letter in ["a", "b"] {
        app.world_mut().resource_mut::<Score>().0 += 1;
        app.world_mut().resource_mut::<NextState<Level>>().set(level(letter));
        seconds(&mut app, 2.0);
    }
    let (captured, saved) = (captured(&mut app).len(), received::<CheckpointSaved>(&app).len());
    assert!(captured > 1 && saved == captured, "{saved} of {captured}");
    let changes = app.world().resource::<CurrentSession>().state_changes().iter();
    let texts: Vec<&String> = changes.flat_map(|change| &change.to).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.iter().all(|text| text.starts_with("Level(\"") && text.len() == 4096));
}

#[test]
fn state_changes_within_the_gap_share_one_checkpoint() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.checkpoint_session_on_enter(Game::Loading)
            .checkpoint_session_on_enter(Game::Playing)
            .checkpoint_session_on_enter(Game::Won);
    });
    start(&mut app, "Hasty");
    app.world_mut().resource_mut::<SessionSettings>().interval = std::time::Duration::MAX;
    seconds(&mut app, 2.0);
    let before = captured(&mut app).len();
    for state in [Game::Loading, Game::Playing, Game::Won] {
        app.world_mut().resource_mut::<Score>().0 += 1;
        enter(&mut app, state);
    }
    assert_eq!(captured(&mut app).len(), before + 1, "the first one is taken at once");
    seconds(&mut app, 3.0);
    assert_eq!(captured(&mut app).len(), before + 2, "and one for all that came within the gap");
}

#[test]
fn a_session_is_paused_in_the_pause_state_and_after_a_restore_into_it() {
    let disk = MemoryDisk::default();
    let hooks = |app: &mut App| {
        app.pause_session_in(Game::Paused);
    };
    let mut app = game(&disk, hooks);
    enter(&mut app, Game::Playing);
    start(&mut app, "Pause");
    enter(&mut app, Game::Paused);
    let status = |app: &App| app.world().resource::<CurrentSession>().status();
    assert_eq!(status(&app), SessionStatus::Paused);
    let play_time = app.world().resource::<CurrentSession>().play_time();
    seconds(&mut app, 60.0);
    assert_eq!(app.world().resource::<CurrentSession>().play_time(), play_time);

    let mut recovered = game(&disk.snapshot(), hooks);
    recover(&mut recovered);
    assert_eq!((state(&recovered), status(&recovered)), (Game::Paused, SessionStatus::Paused));
    enter(&mut recovered, Game::Playing);
    assert_eq!(status(&recovered), SessionStatus::Active);
    enter(&mut app, Game::Playing);
    assert_eq!(status(&app), SessionStatus::Active);
    assert_eq!(received::<SessionPaused>(&app).len(), 1);
}

#[test]
fn a_state_can_be_saved_as_another_one() {
    let disk = MemoryDisk::default();
    let build = |disk: &MemoryDisk| {
        game_with(plugin(disk), |app| {
            app.init_state::<Game>().save_state_as(|state| match state {
                Game::Paused => Game::Playing,
                other => other,
            });
        })
    };
    let mut app = build(&disk);
    start(&mut app, "Mapped");
    enter(&mut app, Game::Paused);
    request(&mut app, |commands| commands.session().checkpoint("paused"));
    frames(&mut app, 2);
    let mut app = build(&disk.snapshot());
    recover(&mut app);
    assert_eq!(state(&app), Game::Playing);
}

#[test]
fn offers_wait_for_the_menu_that_shows_them() {
    let disk = MemoryDisk::default();
    let mut crashed = game(&disk, |_| {});
    start(&mut crashed, "Crashed");
    let mut app = game(&disk.snapshot(), |app| {
        app.insert_state(Game::Loading).offer_recovery_in(Game::Menu);
    });
    seconds(&mut app, 3.0);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 0);
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1, "whoever asks may know");
    enter(&mut app, Game::Menu);
    frames(&mut app, 2);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
}

#[test]
fn with_autosave_off_states_take_no_checkpoints() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.checkpoint_session_on_enter(Game::Won)
            .checkpoint_session_while(not(in_state(Game::Menu)));
    });
    enter(&mut app, Game::Playing);
    start(&mut app, "Off");
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    let before = captured(&mut app).len();
    for state in [Game::Won, Game::Menu, Game::Playing] {
        app.world_mut().resource_mut::<Score>().0 += 1;
        enter(&mut app, state);
        seconds(&mut app, 2.0);
    }
    assert_eq!(captured(&mut app).len(), before);
}

#[test]
fn state_changes_are_recorded_and_restored() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_| {});
    start(&mut app, "Wanderer");
    for state in [Game::Loading, Game::Playing] {
        enter(&mut app, state);
    }
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 2);
    let way = |app: &App| -> Vec<(Option<String>, Option<String>)> {
        let changes = app.world().resource::<CurrentSession>().state_changes().iter();
        changes.map(|change| (change.from.clone(), change.to.clone())).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let expected = [(text("Menu"), text("Loading")), (text("Loading"), text("Playing"))];
    assert_eq!(way(&app), expected);
    let mut app = game(&disk.snapshot(), |_| {});
    recover(&mut app);
    assert_eq!(way(&app)[..2], expected);
}

#[cfg(feature = "window")]
#[test]
fn a_suspend_saves_and_a_loss_of_focus_saves_if_set() {
    use bevy_window::{AppLifecycle, WindowFocused};
    let mut app = game(&MemoryDisk::default(), |app| {
        app.add_message::<AppLifecycle>().add_message::<WindowFocused>();
    });
    start(&mut app, "Phone");
    let mut expected = captured(&mut app).len();
    let mut change = |app: &mut App, takes: bool| {
        app.world_mut().resource_mut::<Score>().0 += 1;
        frames(app, 1);
        expected += usize::from(takes);
        assert_eq!(captured(app).len(), expected);
    };
    app.world_mut().write_message(AppLifecycle::WillSuspend);
    change(&mut app, true);
    app.world_mut().write_message(AppLifecycle::Running);
    change(&mut app, false);
    let focus_lost = WindowFocused { window: Entity::PLACEHOLDER, focused: false };
    app.world_mut().write_message(focus_lost.clone());
    change(&mut app, false);
    app.world_mut().resource_mut::<SessionSettings>().checkpoint_on_focus_loss = true;
    app.world_mut().write_message(focus_lost);
    change(&mut app, true);
}

#[test]
fn a_slot_that_is_asked_for_behind_a_closed_gate_is_saved_when_it_opens_or_as_the_game_was_left() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.checkpoint_session_while(in_state(Game::Playing));
        listen::<SlotSaved>(app);
        listen::<SlotFailed>(app);
    });
    enter(&mut app, Game::Playing);
    start(&mut app, "Slots");
    app.world_mut().spawn(Health(1));
    enter(&mut app, Game::Loading);
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 5);
    assert_eq!(received::<SlotSaved>(&app).len(), 0);
    enter(&mut app, Game::Playing);
    frames(&mut app, 5);
    assert_eq!(received::<SlotSaved>(&app).len(), 1);
    enter(&mut app, Game::Loading);
    request(&mut app, |commands| {
        commands.session().slots().quick_save();
        commands.session().close(LeaveCause::Player);
    });
    frames(&mut app, 5);
    let saved = received::<SlotSaved>(&app);
    assert_eq!((saved.len(), received::<SlotFailed>(&app).len()), (2, 0));
    let newest = received::<CheckpointCaptured>(&app).pop().unwrap().checkpoint;
    assert_eq!(saved[1].slot.checkpoint, newest);
}

#[test]
fn postponed_checkpoints_are_taken_one_per_frame() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.checkpoint_session_while(in_state(Game::Playing));
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Put off")));
    frames(&mut app, 4);
    for number in 0..15 {
        request(&mut app, |commands| {
            commands.session().checkpoint("boss");
            commands.session().checkpoint(format!("wave {number}"));
        });
        frames(&mut app, 1);
    }
    enter(&mut app, Game::Playing);
    let mut before = captured(&mut app).len();
    let mut most = 0;
    for _ in 0..60 {
        let now = captured(&mut app).len();
        most = most.max(now - before);
        before = now;
    }
    assert_eq!(most, 1, "no frame takes them all");
    let all = received::<CheckpointCaptured>(&app);
    let named = all.iter().filter(|it| it.kind == CheckpointKind::Manual).count();
    assert_eq!(named, 30, "one for each that was asked for");
}

/// The gate's last answer doesn't hold when a state is left, because entities may have changed since.
#[test]
fn a_gate_that_goes_by_entities_is_asked_again_where_a_state_is_left() {
    #[derive(Component)]
    struct Boss;

    let gates: [fn(&mut App); 2] = [
        |app| _ = app.checkpoint_session_while(|bosses: Query<&Boss>| bosses.is_empty()),
        |app| {
            app.checkpoint_session_while(
                |bosses: Query<(), With<Boss>>, state: Res<State<Game>>| {
                    bosses.is_empty() || *state.get() == Game::Loading
                },
            );
        },
    ];
    for gate in gates {
        let mut app = game(&MemoryDisk::default(), gate);
        enter(&mut app, Game::Playing);
        start(&mut app, "Gated");
        frames(&mut app, 3);
        let saved = captured(&mut app).len();
        app.world_mut().resource_mut::<Score>().0 = 3;
        app.world_mut().spawn(Boss);
        enter(&mut app, Game::Menu);
        assert_eq!(captured(&mut app).len(), saved + 1, "it closes, and what is left is saved");
    }
}

#[derive(Component)]
struct Foe;

static ASKED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

#[test]
fn a_gate_is_asked_once_a_frame_and_once_more_where_a_state_is_left() {
    let gates: [fn(&mut App); 2] = [
        |app| {
            app.checkpoint_session_while(|state: Res<State<Game>>, _: Res<Time>| {
                ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                *state.get() == Game::Playing
            });
        },
        |app| {
            app.checkpoint_session_while(|state: Res<State<Game>>, foes: Query<&Foe>| {
                ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                *state.get() == Game::Playing && foes.is_empty()
            });
        },
    ];
    gates.into_iter().for_each(is_asked_once_a_frame);
}

fn is_asked_once_a_frame(gate: fn(&mut App)) {
    let asked = || ASKED.load(std::sync::atomic::Ordering::Relaxed);
    let mut app = game(&MemoryDisk::default(), gate);
    enter(&mut app, Game::Playing);
    start(&mut app, "Gated");
    let before = asked();
    frames(&mut app, 10);
    assert_eq!(asked(), before + 10);
    let saved = captured(&mut app).len();
    app.world_mut().resource_mut::<Score>().0 = 3;
    let before = asked();
    enter(&mut app, Game::Menu);
    assert_eq!(asked(), before + 2, "as the state is left, and at the end of the frame");
    assert_eq!(captured(&mut app).len(), saved + 1, "what is left is saved");
}
