//! Delayed commands and messages of the world that was left, which mustn't reach the world that a restore brings back.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::DelayedCommandsExt;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionActivity, SessionId, SessionRestored, SessionSettings};
use serde::{Deserialize, Serialize};

use crate::common::{
    Health, Phase, Score, frames, game_with, listen, plugin, received, request, seconds, start,
};

/// A rewind to the checkpoint "here", which was taken at health 1.
fn game(add: impl FnOnce(&mut App)) -> (App, SessionId) {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<SessionRestored>(app);
        add(app);
    });
    app.world_mut().spawn((Health(1), Fuse));
    // The clock goes back by as much as was played.
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::MAX;
    start(&mut app, "Left behind");
    let session = app.world().resource::<CurrentSession>().id();
    (app, session)
}

fn health(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let mut health: Vec<u32> =
        world.query::<&Health>().iter(world).map(|health| health.0).collect();
    health.sort_unstable();
    health
}

fn go_back(app: &mut App, session: SessionId) {
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 1);
    for _ in 0..10 {
        if !received::<SessionRestored>(app).is_empty() {
            return;
        }
        frames(app, 1);
    }
    panic!("the session should be restored");
}

#[test]
fn delayed_commands_of_the_world_that_was_left_never_come() {
    let (mut app, session) = game(|_| {});
    request(&mut app, |commands| {
        commands.delayed().secs(3.0).spawn(Health(666));
    });
    seconds(&mut app, 1.0);
    go_back(&mut app, session);
    // The game's clock went back: by it, it would be time 3 seconds after the start.
    seconds(&mut app, 30.0);
    assert_eq!(health(&mut app), [1]);
}

#[test]
fn delayed_commands_of_the_restored_world_run_after_their_delay() {
    let (mut app, session) = game(|app| {
        app.restore_session_when(|score: Option<Res<OpenGate>>| score.is_some());
        app.add_observer(
            |_: On<Add<Fuse>>, activity: Res<SessionActivity>, mut commands: Commands| {
                if activity.restore().is_some() {
                    commands.delayed().secs(2.0).spawn(Health(21));
                }
            },
        );
    });
    seconds(&mut app, 40.0);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 2);
    // While its level is loaded.
    request(&mut app, |commands| {
        commands.delayed().secs(4.0).spawn(Health(42));
    });
    seconds(&mut app, 1.0);
    app.insert_resource(OpenGate);
    frames(&mut app, 1);
    seconds(&mut app, 1.5);
    assert_eq!(health(&mut app), [1]);
    seconds(&mut app, 1.0);
    assert_eq!(health(&mut app), [1, 21]);
    seconds(&mut app, 1.0);
    assert_eq!(health(&mut app), [1, 21, 42]);
}

#[derive(Resource)]
struct OpenGate;

/// Where it is added, something is put off.
#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Fuse;

/// A hit on what is there now.
#[derive(Message, Clone)]
struct Hit;

/// A message that the game didn't name.
#[derive(Message, Clone)]
struct Note;

/// The number of messages read since the restore.
#[derive(Resource, Default, Debug, PartialEq)]
struct ReadSince {
    is_restored: bool,
    hits: usize,
    notes: usize,
}

#[test]
fn messages_that_the_game_names_are_dropped_by_a_restore_and_others_are_read() {
    let (mut app, session) = game(|app| {
        app.add_message::<Hit>().add_message::<Note>();
        app.clear_on_session_restore::<Hit>().clear_on_session_restore::<Hit>();
        app.init_resource::<ReadSince>();
        app.add_observer(|_: On<SessionRestored>, mut since: ResMut<ReadSince>| {
            since.is_restored = true;
        });
        app.add_systems(
            First,
            |mut hits: MessageReader<Hit>,
             mut notes: MessageReader<Note>,
             mut since: ResMut<ReadSince>| {
                let (hits, notes) = (hits.read().count(), notes.read().count());
                if since.is_restored {
                    since.hits += hits;
                    since.notes += notes;
                }
            },
        );
        app.add_systems(
            Update,
            |mut hits: MessageWriter<Hit>,
             mut notes: MessageWriter<Note>,
             since: Res<ReadSince>| {
                if !since.is_restored {
                    hits.write(Hit);
                    notes.write(Note);
                }
            },
        );
    });
    app.world_mut().resource_mut::<Score>().0 = 3;
    go_back(&mut app, session);
    frames(&mut app, 3);
    assert_eq!(
        *app.world().resource::<ReadSince>(),
        ReadSince { is_restored: true, hits: 0, notes: 1 }
    );
    // Later ones are read as ever.
    app.world_mut().write_message(Hit);
    frames(&mut app, 2);
    assert_eq!(app.world().resource::<ReadSince>().hits, 1);
    assert_eq!(*app.world().resource::<State<Phase>>().get(), Phase::Menu);
}
