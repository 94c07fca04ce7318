//! The costs of ten thousand sessions, on a real disk and with the writer on its thread.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::digests::SessionsDigested;
use bevy_session::prelude::*;
use bevy_session::{EndReason, SessionLast};
use bevy_session_play::*;

use super::planted::{Died, Looted, build};

/// The number of sessions: ten thousand, unless the environment says otherwise.
fn wanted() -> usize {
    std::env::var("SESSIONS").ok().and_then(|it| it.parse().ok()).unwrap_or(10_000)
}

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let name = format!("bevy-session-insights-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn app(directory: &Path) -> App {
    let mut app = build(SessionPlugin::new("Bench", "Insights").directory(directory));
    app.finish();
    app.cleanup();
    app
}

/// Runs frames until this holds.
fn until(app: &mut App, holds: impl Fn(&World) -> bool) {
    while !holds(app.world()) {
        app.update();
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Plays a session for a moment.
fn play(app: &mut App, number: usize) {
    let player = ["Ann", "Ben", "Cleo"][number % 3];
    let session = NewSession::named(format!("Session {number}")).player(player);
    app.world_mut().commands().session().start(session);
    until(app, |world| {
        let current = world.get_resource::<CurrentSession>();
        current.is_some_and(|current| current.last_checkpoint().is_some())
    });
    for deed in 0..8 {
        app.world_mut().write_message(Looted);
        if deed % 4 == 0 {
            app.world_mut().write_message(Died { x: (number % 50) as f32, y: deed as f32 });
        }
        app.update();
    }
    app.world_mut().commands().session().end(EndReason::Completed, LeaveCause::Player);
    until(app, |world| !world.contains_resource::<CurrentSession>());
}

/// Asks for all insights: how long it takes by the clock, the writer's work, the longest frame, and how many were read.
fn refresh(app: &mut App) -> (Duration, Duration, Duration, usize) {
    app.world_mut().resource_mut::<Messages<SessionsDigested>>().clear();
    app.world_mut().commands().insights().refresh();
    app.world_mut().flush();
    let (begun, mut longest) = (Instant::now(), Duration::ZERO);
    loop {
        let frame = Instant::now();
        app.world_mut().run_schedule(SessionLast);
        longest = longest.max(frame.elapsed());
        let answers = app.world().resource::<Messages<SessionsDigested>>();
        if let Some(answer) = answers.get_cursor().read(answers).last() {
            let figures = answer.figures;
            return (begun.elapsed(), figures.work, longest, figures.read);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[expect(clippy::print_stdout, reason = "these are figures")]
fn tell(what: &str, (clock, work, frame, read): (Duration, Duration, Duration, usize)) {
    println!(
        "{what}: {clock:.1?} by the clock, {work:.1?} of work, {read} read, longest frame {frame:.1?}"
    );
}

#[test]
#[ignore = "plays 10,000 sessions"]
#[expect(clippy::print_stdout, reason = "these are figures")]
fn ten_thousand_sessions() {
    let (directory, sessions) = (Directory::new(), wanted());
    let mut game = app(&directory.0);
    (0..sessions).for_each(|number| play(&mut game, number));
    drop(game);

    let verified = |world: &World| world.resource::<SessionCatalog>().is_verified();
    let mut game = app(&directory.0);
    until(&mut game, verified);
    tell("from nothing", refresh(&mut game));
    tell("nothing changed", refresh(&mut game));
    play(&mut game, sessions);
    tell("one changed", refresh(&mut game));
    let begun = Instant::now();
    let insights = game.world().resource::<SessionsInsights>().clone();
    let report = InsightsReport::of(insights.sessions.iter());
    println!("a report of {}: {:.1?}", report.sessions, begun.elapsed());
    assert_eq!(report.sessions, sessions + 1);
    drop(game);

    let mut game = app(&directory.0);
    until(&mut game, verified);
    tell("from the file of another process", refresh(&mut game));
}

/// Attempts of each of a thousand sessions: a million together.
const ATTEMPTS: usize = 1_000;

#[test]
#[ignore = "plays 1,000 sessions with 1,000 attempts each"]
#[expect(clippy::print_stdout, reason = "these are figures")]
fn a_million_attempts_in_logs() {
    let directory = Directory::new();
    let sessions = wanted().min(1_000);
    let mut game = app(&directory.0);
    for number in 0..sessions {
        let session = NewSession::named(format!("Session {number}")).player("Ann");
        game.world_mut().commands().session().start(session);
        until(&mut game, |world| world.contains_resource::<CurrentSession>());
        for attempt in 0..ATTEMPTS {
            let succeeded = attempt % 3 > 0;
            game.world_mut().commands().insights().attempt("parry", Attempt::new(succeeded));
            if attempt % 100 == 99 {
                game.update();
            }
        }
        game.world_mut().commands().session().end(EndReason::Completed, LeaveCause::Player);
        until(&mut game, |world| !world.contains_resource::<CurrentSession>());
    }
    drop(game);
    let mut game = app(&directory.0);
    until(&mut game, |world| world.resource::<SessionCatalog>().is_verified());
    tell("from nothing", refresh(&mut game));
    let insights = game.world().resource::<SessionsInsights>();
    let read = insights.sessions.iter().filter_map(|it| it.value.skills.get("parry"));
    let read: usize = read.map(|record| record.tally().all).sum();
    println!("{read} attempts in {} sessions", insights.sessions.len());
    assert_eq!(read, sessions * ATTEMPTS);
}
