//! Requests about other sessions, even if the writer takes long to answer them: the session that is played is recorded
//! and captured meanwhile.

// Feature: Play, events and autosave continue while other sessions are edited or archived.
// Page: guide/keeping.md

use std::task::Poll;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsDropped, EventsRead, RecordingExt};
use bevy_session::library::{
    Archived, SessionCopied, SessionDrafted, SessionMoved, SessionQuery, SessionUpdated,
    SessionsEdited, ShelfMove,
};
use bevy_session::placed::PlacedRestored;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreCancelled, RestorePhase};
use bevy_session::{
    CheckpointCaptured, CheckpointKind, MemoryDisk, RequestError, SaveScope, SessionActivity,
    SessionClosed, SessionId, SessionRestored, SessionUpdate,
};
use serde::{Deserialize, Serialize};

use crate::common::*;

/// Turns between an order and its answer: the next frame, some frames, and longer than anybody waits.
const DELAYS: [u64; 3] = [1, 9, 60];

#[derive(Message, TypePath, Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Dug(u32);

fn game(disk: &MemoryDisk, delay: u64) -> App {
    let mut app = game_with(plugin(disk).writer_delay(delay), |app| {
        app.add_message::<Dug>().record_messages::<Dug>();
        app.insert_resource(SessionSettings {
            interval: Duration::from_secs(1),
            ..SessionSettings::default()
        });
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointSaved>(app);
        listen::<EventsDropped>(app);
        listen::<EventsRead>(app);
        listen::<PlacedRestored>(app);
        listen::<RequestRejected>(app);
        listen::<SessionClosed>(app);
        listen::<SessionCopied>(app);
        listen::<SessionMoved>(app);
        listen::<SessionRestored>(app);
        listen::<SessionUpdated>(app);
        listen::<SessionsEdited>(app);
    });
    frames(&mut app, delay as usize + 2);
    app
}

/// Runs frames until the writer has answered all that it was asked.
fn settle(app: &mut App, delay: u64) {
    frames(app, 4 * delay as usize + 8);
}

/// Sessions that were left before.
fn others(app: &mut App, count: u32, delay: u64) -> Vec<SessionId> {
    (0..count).map(|number| left(app, &format!("Other {number}"), delay)).collect()
}

/// A session that was left before.
fn left(app: &mut App, name: &str, delay: u64) -> SessionId {
    app.world_mut().spawn(Health(7));
    request(app, |commands| commands.session().start(NewSession::named(name)));
    settle(app, delay);
    let id = app.world().resource::<CurrentSession>().id();
    request(app, |commands| commands.session().close(LeaveCause::Player));
    settle(app, delay);
    id
}

fn play(app: &mut App, delay: u64) -> SessionId {
    request(app, |commands| commands.session().start(NewSession::named("Played")));
    settle(app, delay);
    app.world().resource::<CurrentSession>().id()
}

/// A frame in which something is dug, and the score says how much.
fn dig(app: &mut App, number: u32) {
    app.world_mut().write_message(Dug(number));
    app.world_mut().resource_mut::<Score>().0 = number + 1;
    frames(app, 1);
}

/// The numbers that a session has recorded as dug.
fn dug(app: &mut App, session: SessionId, delay: u64) -> Vec<u32> {
    let query = EventQuery {
        types: vec![Dug::type_path().to_owned()],
        newest_first: false,
        limit: usize::MAX,
        ..EventQuery::of(session)
    };
    request(app, |commands| commands.session().events().read(query));
    settle(app, delay);
    let read = received::<EventsRead>(app).pop().expect("they should be read");
    let page = read.result.expect("they should be there");
    page.events.iter().map(|event| event.decode::<Dug>().expect("one of those").0).collect()
}

/// Digs for some frames, with something done in each; those in which a checkpoint was taken.
fn dig_on(app: &mut App, frames: u32, mut each: impl FnMut(&mut App, u32)) -> Vec<u32> {
    let mut captured = received::<CheckpointCaptured>(app).len();
    let mut taken = Vec::new();
    for number in 0..frames {
        each(app, number);
        dig(app, number);
        let now = received::<CheckpointCaptured>(app).len();
        if std::mem::replace(&mut captured, now) < now {
            taken.push(number);
        }
    }
    taken
}

/// When checkpoints are taken of a game that asks for nothing.
fn taken_alone(count: u32, delay: u64) -> Vec<u32> {
    let mut app = game(&MemoryDisk::default(), delay);
    others(&mut app, count, delay);
    play(&mut app, delay);
    dig_on(&mut app, 200, |_, _| {})
}

#[test]
fn constant_edits_of_other_sessions_lose_no_event_or_checkpoint() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let mut app = game(&disk, delay);
        let ids = others(&mut app, 4, delay);
        let played = play(&mut app, delay);
        let mut asked = 0;
        let taken = dig_on(&mut app, 200, |app, number| {
            // Some are always under way, and each is answered in the end.
            if !u64::from(number).is_multiple_of(delay) {
                return;
            }
            let number = asked;
            asked += 1;
            request(app, |commands| {
                let mut session = commands.session();
                let update = SessionUpdate::default().name(format!("Other {number}"));
                session.library().update(ids[0], update);
                match number % 4 {
                    0 => session.library().archive(ids[1], Archived::WithWorld),
                    1 => session.library().unarchive(ids[1]),
                    2 => session.library().delete(ids[2]),
                    _ => session.library().undelete(ids[2]),
                };
                if number == 2 {
                    session.library().copy(ids[3], format!("Copy {number}"));
                }
            });
        });
        assert_eq!(taken, taken_alone(4, delay), "delay {delay}");
        assert!(delay > 9 || taken.len() > 15, "{taken:?}");
        assert!(received::<EventsDropped>(&app).is_empty());
        frames(&mut app, 600 + 60 * delay as usize);
        assert_eq!(dug(&mut app, played, delay), (0..200).collect::<Vec<_>>(), "delay {delay}");
        let rejected = received::<RequestRejected>(&app);
        assert!(rejected.is_empty(), "each was done in its order: {:?}", rejected.first());
        assert_eq!(received::<SessionCopied>(&app).len(), 1);
        assert_eq!(received::<SessionMoved>(&app).len(), asked, "delay {delay}");
        let name = format!("Other {}", asked - 1);
        assert_eq!(entry(&app, ids[0]).session.name, name, "delay {delay}");
    }
}

#[test]
fn an_exit_during_edits_of_other_sessions_takes_the_last_checkpoint() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let mut app = game(&disk, delay);
        let ids = others(&mut app, 2, delay);
        let played = play(&mut app, delay);
        request(&mut app, |commands| {
            commands.session().library().update(ids[0], SessionUpdate::default().name("Renamed"));
            commands.session().library().archive(ids[1], Archived::WithWorld);
            commands.session().library().unarchive(ids[1]);
        });
        dig(&mut app, 7);
        app.world_mut().write_message(AppExit::Success);
        dig(&mut app, 8);
        let closed = received_now::<SessionClosed>(&mut app);
        assert!(closed.iter().any(|it| it.session == played && it.complete), "{closed:?}");
        drop(app);
        let mut app = game(&disk, 2);
        request(&mut app, |commands| commands.session().continue_session(played));
        settle(&mut app, 2);
        assert_eq!(app.world().resource::<Score>().0, 9);
        assert_eq!(dug(&mut app, played, 2), [7, 8]);
        assert_eq!(entry(&app, ids[0]).session.name, "Renamed");
    }
}

/// The messages received in this frame and the one before.
fn received_now<M: Message + Clone>(app: &mut App) -> Vec<M> {
    frames(app, 1);
    received::<M>(app)
}

#[test]
fn an_archive_waiting_behind_a_long_edit_does_not_stop_play() {
    let delay = 1;
    let disk = MemoryDisk::default();
    let mut app = game(&disk, delay);
    others(&mut app, 40, delay);
    let other = left(&mut app, "Alone", delay);
    let played = play(&mut app, delay);
    request(&mut app, |commands| {
        let archive = ShelfMove::Archive(Archived::WithWorld);
        commands.session().library().edit_all(SessionQuery::default().search("Other"), archive);
        commands.session().library().archive(other, Archived::WithWorld);
    });
    let mut answered_after = None;
    let taken = dig_on(&mut app, 200, |app, number| {
        if answered_after.is_none()
            && received::<SessionMoved>(app).iter().any(|it| it.session == other)
        {
            answered_after = Some(number);
        }
    });
    assert!(answered_after.is_some_and(|number| number > 20), "{answered_after:?}");
    assert_eq!(taken, taken_alone(0, delay));
    let edited = received::<SessionsEdited>(&app);
    assert_eq!(edited.iter().map(|it| it.edited).collect::<Vec<_>>(), [40]);
    frames(&mut app, 200);
    assert_eq!(dug(&mut app, played, delay), (0..200).collect::<Vec<_>>());
}

#[test]
fn requests_on_one_session_are_done_in_order_and_delay_no_other() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let mut app = game(&disk, delay);
        let ids = others(&mut app, 2, delay);
        play(&mut app, delay);
        let captured = received::<CheckpointCaptured>(&app).len();
        request(&mut app, |commands| {
            let mut session = commands.session();
            session.library().archive(ids[0], Archived::WithWorld);
            session.library().update(ids[0], SessionUpdate::default().name("First"));
            session.library().update(ids[0], SessionUpdate::default().name("Second"));
            session.continue_session(ids[0]);
        });
        frames(&mut app, 1);
        // The next frame's request means what is played, and waits for none of it.
        app.world_mut().resource_mut::<Score>().0 = 5;
        request(&mut app, |commands| commands.session().checkpoint("mine"));
        frames(&mut app, 2);
        let mine = received::<CheckpointCaptured>(&app);
        let mine = mine[captured..].iter().filter(|it| it.kind == CheckpointKind::Manual);
        assert_eq!(mine.count(), 1, "delay {delay}");
        settle(&mut app, 4 * delay);
        let current = app.world().resource::<CurrentSession>();
        assert_eq!((current.id(), current.name()), (ids[0], "Second"), "delay {delay}");
        assert!(received::<RequestRejected>(&app).is_empty());
    }
}

#[test]
fn events_recorded_during_a_cancelled_rewind_are_kept() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let mut app = game(&disk, delay);
        let played = play(&mut app, delay);
        dig(&mut app, 0);
        request(&mut app, |commands| {
            commands.session().recover(played, RestoreFrom::Latest);
        });
        dig(&mut app, 1);
        request(&mut app, |commands| commands.session().cancel_restore());
        for number in 2..6 {
            dig(&mut app, number);
        }
        settle(&mut app, delay);
        assert!(received::<SessionRestored>(&app).is_empty());
        assert_eq!(dug(&mut app, played, delay), [0, 1, 2, 3, 4, 5], "delay {delay}");
    }
}

#[test]
fn events_recorded_while_a_session_ends_are_kept() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        app.add_message::<Dug>().record_messages::<Dug>();
        listen::<EventsRead>(app);
        let mut left = 5;
        app.on_session_end(move || {
            left -= 1;
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        });
    });
    let played = play(&mut app, 2);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    for number in 0..4 {
        dig(&mut app, number);
    }
    settle(&mut app, 2);
    assert_eq!(dug(&mut app, played, 2), [0, 1, 2, 3]);
}

/// Spawns a level.
fn load_level(app: &mut App) {
    let world = app.world_mut();
    let root = world.spawn((SaveKey::new("level"), SaveScope::new("level"))).id();
    for number in 0..3 {
        let key = SaveKey::new(format!("level/{number}"));
        world.spawn((Health(1), Inventory(vec![1]), key, ChildOf(root)));
    }
}

fn unload_level(app: &mut App) {
    let world = app.world_mut();
    let mut roots = world.query_filtered::<Entity, With<SaveScope>>();
    let root = roots.single(world).expect("a level is loaded");
    world.despawn(root);
}

fn healths(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let mut all = world.query_filtered::<&Health, With<SaveKey>>();
    let mut all: Vec<u32> = all.iter(world).map(|health| health.0).collect();
    all.sort_unstable();
    all
}

/// A session whose level was left with changed values.
fn level_left(disk: &MemoryDisk, delay: u64) -> (App, SessionId) {
    let mut app = game(disk, delay);
    let played = play(&mut app, delay);
    load_level(&mut app);
    settle(&mut app, delay);
    let world = app.world_mut();
    let mut all = world.query_filtered::<&mut Health, With<SaveKey>>();
    all.iter_mut(world).zip(70..).for_each(|(mut health, value)| health.0 = value);
    settle(&mut app, delay);
    unload_level(&mut app);
    settle(&mut app, delay);
    seconds(&mut app, 2.0);
    (app, played)
}

/// The same session in the next process, with its level loaded.
fn next_start(disk: &MemoryDisk, session: SessionId) -> Vec<u32> {
    let mut app = game(&disk.snapshot(), 2);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    settle(&mut app, 2);
    load_level(&mut app);
    settle(&mut app, 2);
    healths(&mut app)
}

#[test]
fn a_pending_claim_delays_nothing_and_its_fresh_values_are_not_saved() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let (mut app, played) = level_left(&disk, delay);
        load_level(&mut app);
        frames(&mut app, 1);
        assert_eq!(healths(&mut app), [1, 1, 1], "the values are on their way");
        request(&mut app, |commands| commands.session().checkpoint("before they have theirs"));
        for number in 0..=delay as u32 / 2 {
            dig(&mut app, number);
        }
        let saved = disk.snapshot();
        settle(&mut app, delay);
        assert_eq!(healths(&mut app), [70, 71, 72], "delay {delay}");
        assert_eq!(next_start(&saved, played), [70, 71, 72], "a crash before, delay {delay}");
        // From here on they are the game's again.
        let world = app.world_mut();
        let mut all = world.query_filtered::<&mut Health, With<SaveKey>>();
        all.iter_mut(world).zip(80..).for_each(|(mut health, value)| health.0 = value);
        request(&mut app, |commands| commands.session().checkpoint("after"));
        settle(&mut app, delay);
        assert_eq!(next_start(&disk, played), [80, 81, 82], "a crash after, delay {delay}");
        let dug = dug(&mut app, played, delay);
        assert_eq!(dug, (0..=delay as u32 / 2).collect::<Vec<_>>(), "delay {delay}");
        assert!(received::<EventsDropped>(&app).is_empty());
    }
}

#[test]
fn an_exit_while_a_claim_waits_loses_no_kept_value() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let (mut app, played) = level_left(&disk, delay);
        load_level(&mut app);
        frames(&mut app, 1);
        app.world_mut().write_message(AppExit::Success);
        dig(&mut app, 3);
        drop(app);
        let mut app = game(&disk, 2);
        request(&mut app, |commands| commands.session().continue_session(played));
        settle(&mut app, 2);
        assert_eq!(app.world().resource::<Score>().0, 4, "the last checkpoint was taken");
        load_level(&mut app);
        settle(&mut app, 2);
        assert_eq!(healths(&mut app), [70, 71, 72], "delay {delay}");
    }
}

#[test]
fn a_level_left_before_its_values_arrive_keeps_them() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let (mut app, played) = level_left(&disk, delay);
        for _ in 0..3 {
            load_level(&mut app);
            frames(&mut app, 1);
            unload_level(&mut app);
            frames(&mut app, 1);
        }
        settle(&mut app, delay);
        seconds(&mut app, 2.0);
        assert_eq!(next_start(&disk, played), [70, 71, 72], "delay {delay}");
        load_level(&mut app);
        settle(&mut app, delay);
        assert_eq!(healths(&mut app), [70, 71, 72], "delay {delay}");
    }
}

#[test]
fn an_entity_despawned_before_its_values_arrive_stays_gone() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let (mut app, played) = level_left(&disk, delay);
        load_level(&mut app);
        frames(&mut app, 1);
        let world = app.world_mut();
        let mut keys = world.query::<(Entity, &SaveKey)>();
        let of_key = |(_, key): &(Entity, &SaveKey)| key.as_str() == "level/1";
        let taken = keys.iter(world).find(of_key).expect("it is there").0;
        world.despawn(taken);
        settle(&mut app, delay);
        request(&mut app, |commands| commands.session().checkpoint("taken"));
        settle(&mut app, delay);
        assert_eq!(healths(&mut app).len(), 2, "delay {delay}");
        assert_eq!(next_start(&disk, played).len(), 2, "delay {delay}");
    }
}

#[test]
fn a_profile_change_waits_for_earlier_requests_on_its_sessions() {
    for delay in DELAYS {
        let disk = MemoryDisk::default();
        let mut app = game(&disk, delay);
        let ids = others(&mut app, 3, delay);
        request(&mut app, |commands| {
            let mut session = commands.session();
            session
                .library()
                .edit_all(SessionQuery::default(), SessionUpdate::default().tag("all"));
            session.library().archive(ids[0], Archived::WithWorld);
            session.library().use_profile("Ben");
        });
        settle(&mut app, 4 * delay);
        assert!(received::<RequestRejected>(&app).is_empty(), "delay {delay}");
        request(&mut app, |commands| commands.session().library().use_profile("default"));
        settle(&mut app, 4 * delay);
        assert!(!entry(&app, ids[0]).session.place.is_open(), "delay {delay}");
        for id in ids {
            assert!(entry(&app, id).session.tags.contains("all"), "delay {delay}");
        }
    }
}

#[test]
fn deleting_the_played_session_is_refused() {
    let mut app = game(&MemoryDisk::default(), 2);
    let played = play(&mut app, 2);
    request(&mut app, |commands| commands.session().library().delete(played));
    settle(&mut app, 2);
    let rejected = received::<RequestRejected>(&app).pop().expect("it is refused");
    assert_eq!(rejected.error, RequestError::SessionRunning { current: played });
}

/// Sessions that are planned in one frame, which the writer needs several slices of its time for.
const PLANNED: usize = 600;

fn plan_many(app: &mut App) {
    request(app, |commands| {
        for number in 0..PLANNED {
            commands.session().library().draft(NewSession::named(format!("Plan {number}")));
        }
    });
}

fn planned(app: &App) -> usize {
    let sessions = app.world().resource::<SessionCatalog>().sessions();
    sessions.iter().filter(|entry| entry.session.name.starts_with("Plan ")).count()
}

#[test]
fn a_checkpoint_goes_before_a_burst_of_disk_requests() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, 1);
    play(&mut app, 1);
    plan_many(&mut app);
    app.world_mut().resource_mut::<Score>().0 = 7;
    request(&mut app, |commands| commands.session().checkpoint("now"));
    let is_saved = |app: &App| {
        let saved = received::<CheckpointSaved>(app);
        saved.iter().any(|it| it.label.as_deref() == Some("now"))
    };
    while !is_saved(&app) {
        frames(&mut app, 1);
    }
    assert!(planned(&app) < PLANNED, "all of it was done before the checkpoint");
    while planned(&app) < PLANNED {
        frames(&mut app, 1);
    }
}

/// In which order the writer has answered.
#[derive(Resource, Default)]
struct Answers {
    drafts: usize,
    drafts_before_close: Option<usize>,
}

#[test]
fn the_last_checkpoint_of_an_exit_goes_before_a_burst_of_disk_requests() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, 1);
    let session = play(&mut app, 1);
    plan_many(&mut app);
    app.world_mut().resource_mut::<Score>().0 = 7;
    app.add_observer(|_: On<SessionDrafted>, mut answers: ResMut<Answers>| answers.drafts += 1);
    app.add_observer(|_: On<SessionClosed>, mut answers: ResMut<Answers>| {
        answers.drafts_before_close = Some(answers.drafts);
    });
    app.init_resource::<Answers>().world_mut().write_message(AppExit::Success);
    frames(&mut app, 1);
    let before = app.world().resource::<Answers>().drafts_before_close;
    assert!(before.is_some_and(|drafts| drafts < PLANNED / 2), "{before:?} before the end");
    // What is on the disk at the end of that frame.
    let mut again = game(&disk.snapshot(), 1);
    request(&mut again, |commands| commands.session().continue_session(session));
    settle(&mut again, 1);
    assert_eq!(again.world().resource::<Score>().0, 7);
    frames(&mut app, 3);
    assert_eq!(planned(&app), PLANNED, "the rest is done as long as the program lives");
}

#[derive(Resource)]
struct OpenGate;

/// A level comes back after a rewind was asked for, and gets its values while the rewind waits for its gate.
#[test]
fn values_of_a_level_that_arrive_at_the_gate_of_a_rewind_do_not_hold_it_up() {
    const DELAY: u64 = 9;
    for is_cancelled in [false, true] {
        let mut app = game_with(plugin(&MemoryDisk::default()).writer_delay(DELAY), |app| {
            app.restore_session_when(resource_exists::<OpenGate>);
            listen::<RequestRejected>(app);
            listen::<RestoreCancelled>(app);
            listen::<SessionRestored>(app);
        });
        settle(&mut app, DELAY);
        play(&mut app, DELAY);
        load_level(&mut app);
        settle(&mut app, DELAY);
        unload_level(&mut app);
        request(&mut app, |commands| commands.session().checkpoint("here"));
        settle(&mut app, DELAY);
        request(&mut app, |commands| commands.session().rewind(RewindTo::Ago(Duration::ZERO)));
        frames(&mut app, 2);
        load_level(&mut app);
        settle(&mut app, DELAY);
        let phase = app.world().resource::<SessionActivity>().restore();
        assert_eq!(phase, Some(RestorePhase::WaitingForGate));
        if is_cancelled {
            request(&mut app, |commands| commands.session().cancel_restore());
        } else {
            app.world_mut().insert_resource(OpenGate);
        }
        settle(&mut app, DELAY);
        let heard = (received::<RestoreCancelled>(&app), received::<SessionRestored>(&app));
        assert_eq!((heard.0.len(), heard.1.len()), if is_cancelled { (1, 0) } else { (0, 1) });
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        settle(&mut app, DELAY);
        assert!(received::<RequestRejected>(&app).is_empty());
        assert!(app.world().get_resource::<CurrentSession>().is_none(), "requests are answered");
    }
}
