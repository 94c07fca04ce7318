//! Exits that come of an answer, in whichever step of a frame the writer gives it.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId};

use crate::common::*;

/// For each session that was left: true if the last moment was saved, with the score in it.
fn left(app: &App) -> Vec<bool> {
    received::<SessionClosed>(app).iter().map(|closed| closed.complete).collect()
}

/// A game that exits as soon as one of these is there.
fn exits_at<E: Event + Clone + Message>(disk: &MemoryDisk, delay: u64) -> App
where
    for<'a> E::Trigger<'a>: Default,
{
    game_with(plugin(disk).writer_delay(delay), |app| {
        listen::<SessionClosed>(app);
        app.add_observer(|_: On<E>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
    })
}

/// Runs frames until the app exits, as a runner does, and one more to hear what was said in the last one.
fn run(app: &mut App) {
    for _ in 0..40 {
        app.update();
        if app.should_exit().is_some() {
            app.update();
            return;
        }
    }
    panic!("it should exit");
}

/// The saved score of a session that was left.
fn saved(disk: &MemoryDisk, session: SessionId) -> u32 {
    let mut app = game(&disk.snapshot());
    frames(&mut app, 3);
    assert!(!entry(&app, session).has_crashed());
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    app.world().resource::<Score>().0
}

#[test]
fn a_game_that_exits_once_a_slot_is_saved_loses_nothing() {
    for delay in 1..=6 {
        let disk = MemoryDisk::default();
        let mut app = exits_at::<SlotSaved>(&disk, delay);
        request(&mut app, |commands| commands.session().start(NewSession::named("World")));
        frames(&mut app, 12);
        let id = app.world().resource::<CurrentSession>().id();
        request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("quit")));
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        run(&mut app);
        assert_eq!(left(&app), [true], "after {delay} turns");
        // The frame after the exit isn't the player's any more.
        let score = app.world().resource::<Score>().0 - 1;
        assert_eq!(saved(&disk, id), score, "after {delay} turns");
    }
}

#[test]
fn a_game_that_exits_on_its_restore_closes_the_session() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().resource_mut::<Score>().0 = 7;
    start(&mut app, "World");
    let id = app.world().resource::<CurrentSession>().id();
    let crashed = disk.snapshot();
    for delay in 1..=6 {
        let disk = crashed.snapshot();
        let mut app = exits_at::<SessionRestored>(&disk, delay);
        frames(&mut app, 8);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        run(&mut app);
        assert_eq!(left(&app), [true], "after {delay} turns");
        assert_eq!(saved(&disk, id), 7);
    }
}

/// A game that has changed since as many checkpoints wait for the writer as it takes, and its session.
fn game_behind(disk: &MemoryDisk) -> (App, SessionId) {
    let mut app = game_with(plugin(disk).writer_delay(60), |app| {
        listen::<SessionClosed>(app);
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("World")));
    frames(&mut app, 80);
    let id = app.world().resource::<CurrentSession>().id();
    for number in 1..=20 {
        app.world_mut().resource_mut::<Score>().0 = number;
        request(&mut app, |commands| commands.session().checkpoint(format!("{number}")));
        frames(&mut app, 1);
    }
    app.world_mut().resource_mut::<Score>().0 = 99;
    (app, id)
}

#[test]
fn an_exit_saves_the_last_state_behind_many_waiting_checkpoints() {
    let disk = MemoryDisk::default();
    let (mut app, id) = game_behind(&disk);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 2);
    assert_eq!(left(&app), [true]);
    assert_eq!(saved(&disk, id), 99);
}

#[test]
fn a_session_that_is_closed_behind_many_waiting_checkpoints_saves_its_last_state() {
    let disk = MemoryDisk::default();
    let (mut app, id) = game_behind(&disk);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 400);
    assert_eq!(left(&app), [true]);
    assert_eq!(saved(&disk, id), 99);
}
