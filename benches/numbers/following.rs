//! How far a world that follows a session is behind the one that is played.

use std::thread;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replica::{DirectoryReplica, Followed, Replica, SessionFollower};
use bevy_session::{MemoryDisk, SessionId};

use crate::game::{Position, request, spawn_mixed};
use crate::measure::{median, row};

const ENTITIES: usize = 10_000;
/// Positions that change in a frame.
const CHANGES: usize = 2;
const CHECKPOINTS: usize = 60;
const FRAME: Duration = Duration::from_millis(16);
/// The time for all of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Plays by the clock for a minute, so it is measured where it is named.
pub fn following() {
    let directory = tempfile::tempdir().expect("a directory for a moment");
    let place = directory.path().to_owned();
    measure("in a directory", move || {
        Replica::new(DirectoryReplica::open(&place).expect("a directory for a replica"))
    });
    #[cfg(feature = "replica")]
    if let Ok(url) = std::env::var("BEVY_SESSION_POSTGRES") {
        measure("in Postgres", move || {
            Replica::new(bevy_session_postgres::PostgresReplica::new(&url).expect("a URL"))
        });
    }
}

/// Every checkpoint that came into the following world, with its age then.
#[derive(Resource, Default)]
struct Lags(Vec<Duration>);

fn measure(place: &str, replica: impl Fn() -> Replica) {
    let mut owner = app(replica().machine("owner"));
    spawn_mixed(&mut owner, ENTITIES);
    request(&mut owner, |commands| commands.session().start(NewSession::named("Bench")));
    while !owner.world().contains_resource::<CurrentSession>() {
        frame(&mut owner);
    }
    let session = owner.world().resource::<CurrentSession>().id();
    owner.world_mut().resource_mut::<SessionSettings>().interval = Duration::from_secs(1);
    // Two processes of a game; here two threads.
    let replica = replica().machine("follower");
    let follower = thread::spawn(move || follow(replica, session));
    let mut first = 0;
    while !follower.is_finished() {
        frame(&mut owner);
        move_some(&mut owner, &mut first);
    }
    let mut lags = follower.join().expect("the follower");
    lags.sort_unstable();
    let slow = lags.get(lags.len() * 95 / 100).copied().unwrap_or_default();
    row(
        &format!(
            "a follower {place} behind its owner: 10,000 entities, a checkpoint a second, {} checkpoints (aim ≤ 100 ms)",
            lags.len()
        ),
        format!("{} ms in the median, p95 {} ms", median(lags).as_millis(), slow.as_millis()),
    );
}

fn app(replica: Replica) -> App {
    let plugin = SessionPlugin::new("Bench", "Numbers").disk(MemoryDisk::default());
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        plugin.replica(replica),
    ));
    app.finish();
    app.cleanup();
    app.update();
    app
}

/// Follows the session until enough checkpoints have come, and returns how old each one was.
fn follow(replica: Replica, session: SessionId) -> Vec<Duration> {
    let mut app = app(replica);
    app.init_resource::<Lags>()
        .add_observer(|event: On<Followed>, mut lags: ResMut<Lags>| lags.0.push(event.lag))
        .insert_resource(SessionFollower::of(session));
    let begun = Instant::now();
    while app.world().resource::<Lags>().0.len() < CHECKPOINTS && begun.elapsed() < PATIENCE {
        frame(&mut app);
    }
    std::mem::take(&mut app.world_mut().resource_mut::<Lags>().0)
}

/// A frame, and the rest of its time.
fn frame(app: &mut App) {
    let begun = Instant::now();
    app.update();
    thread::sleep(FRAME.saturating_sub(begun.elapsed()));
}

/// Changes the next positions.
fn move_some(app: &mut App, first: &mut usize) {
    let world = app.world_mut();
    let mut positions = world.query::<&mut Position>();
    for mut position in positions.iter_mut(world).skip(*first).take(CHANGES) {
        position.0 += 1.0;
    }
    *first = (*first + CHANGES) % ENTITIES;
}
