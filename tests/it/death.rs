//! Real processes that die in different ways, and what the next start says of them.
//!
//! The test binary runs itself again as the process that dies.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{HowItEnded, SessionMode};

use crate::common::{Health, Score};

const WAY: &str = "BEVY_SESSION_TEST_WAY_TO_DIE";
const DIRECTORY: &str = "BEVY_SESSION_TEST_DIRECTORY";

fn game(directory: &Path) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(Duration::from_millis(2))),
        SessionPlugin::new("Tests", "Death")
            .directory(directory)
            .mode(SessionMode::Ordinary)
            .interval(Duration::from_millis(50)),
    ))
    .init_resource::<Score>();
    app
}

/// What the child does once something is saved.
fn die(
    mut score: ResMut<Score>,
    session: Option<Res<CurrentSession>>,
    mut exit: MessageWriter<AppExit>,
) {
    let Some(last) = session.and_then(|session| session.last_checkpoint()) else { return };
    score.0 += 1;
    if last.id.counter < 3 {
        return;
    }
    match std::env::var(WAY).unwrap_or_default().as_str() {
        "panic" => panic!("the bridge collapsed"),
        "abort" => std::process::abort(),
        "process exit" => std::process::exit(3),
        "stack overflow" => drop(dig(score.0.into())),
        "panic on a thread of its own" => {
            let digger = std::thread::spawn(|| panic!("the tunnel collapsed"));
            digger.join().expect("a game that looks after its threads");
        }
        #[cfg(unix)]
        way @ ("SEGV" | "KILL" | "TERM" | "INT") => {
            let signal = format!("-{way}");
            let process = std::process::id().to_string();
            Command::new("kill").args([signal, process]).status().unwrap();
        }
        "app exit" => drop(exit.write(AppExit::Success)),
        "caught panic, then abort" if score.0 < 1_000 => {
            // A panic that the game survives is not what it dies of.
            let _ = std::panic::catch_unwind(|| panic!("only a scratch"));
            score.0 = 1_000;
        }
        // Long enough after it for the writer to have heard of the frames in between.
        "caught panic, then abort" if score.0 > 1_050 => std::process::abort(),
        "caught panic, then abort" => {}
        other => unreachable!("{other}"),
    }
}

/// Recurses until the stack ends.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn dig(depth: u64) -> u64 {
    std::hint::black_box([depth; 64]);
    dig(depth + 1) + 1
}

#[test]
#[ignore = "the process that dies, run by the other tests of this module"]
fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let mut app = game(directory.as_ref());
    app.add_systems(Startup, |mut commands: Commands| {
        commands.start_session(NewSession::named("Doomed"));
        commands.spawn(Health(42));
    });
    app.add_systems(Update, die);
    app.run();
}

fn run_child(way: &str) -> (tempfile::TempDir, ExitStatus) {
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "death::child", "--ignored", "--nocapture"])
        .env(WAY, way)
        .env(DIRECTORY, directory.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    (directory, status)
}

/// Starts the game again, recovers what is offered, and hands out what it was told.
fn next_start(directory: &Path) -> (HowItEnded, Vec<HowItEnded>, u32) {
    #[derive(Resource, Default)]
    struct Told(Vec<HowItEnded>);
    let mut app = game(directory);
    app.init_resource::<Told>()
        .add_observer(
            |told: On<RecoveryAvailable>, mut causes: ResMut<Told>, mut commands: Commands| {
                causes.0.push(told.offer.cause.clone());
                commands.recover(told.offer.session.id, RestoreFrom::Latest);
            },
        )
        .add_observer(
            |_: On<SessionsFound>, mut commands: Commands, catalog: Res<SessionCatalog>| {
                if let Some(closed) = catalog.newest_closed() {
                    commands.continue_session(closed.session.id);
                }
            },
        )
        .add_observer(|_: On<SessionRestored>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
    // The app is moved into its runner, so what it was told is handed out before it is dropped.
    let (sender, receiver) = std::sync::mpsc::channel();
    app.add_observer(
        move |_: On<SessionRestored>,
              previous: Option<Res<PreviousRun>>,
              told: Res<Told>,
              health: Single<&Health>| {
            let previous = previous.expect("the last run should be known").ended.clone();
            let _ = sender.send((previous, told.0.clone(), health.0));
        },
    );
    app.run();
    receiver.recv().expect("something should have been restored")
}

#[test]
fn a_panic_is_a_crash_with_its_message_and_place() {
    let (directory, status) = run_child("panic");
    assert_eq!(status.code(), Some(101));
    let (previous, causes, health) = next_start(directory.path());
    let HowItEnded::Crashed(panic) = &previous else { panic!("{previous:?}") };
    assert_eq!(panic.message, "the bridge collapsed");
    assert!(panic.place.as_deref().unwrap().contains("death.rs"), "{:?}", panic.place);
    assert!(panic.backtrace.is_some());
    assert_eq!(causes, [previous]);
    assert_eq!(health, 42);
}

#[test]
fn an_abort_and_an_exit_behind_the_apps_back_are_abnormal() {
    let signals = if cfg!(unix) { &["SEGV", "KILL"][..] } else { &[] };
    for way in ["abort", "process exit", "stack overflow"].iter().chain(signals) {
        let (directory, status) = run_child(way);
        assert!(!status.success());
        let (previous, causes, health) = next_start(directory.path());
        assert_eq!(previous, HowItEnded::Abnormal { machine_restarted: false }, "{way}");
        assert_eq!((causes, health), (vec![previous], 42));
    }
}

#[test]
fn a_panic_elsewhere_that_takes_the_game_along_is_a_crash() {
    let (directory, status) = run_child("panic on a thread of its own");
    assert_eq!(status.code(), Some(101));
    let (previous, ..) = next_start(directory.path());
    assert!(matches!(previous, HowItEnded::Crashed(_)), "{previous:?}");
}

#[test]
#[cfg(unix)]
fn a_signal_that_asks_is_an_exit() {
    for way in ["TERM", "INT"] {
        let (directory, status) = run_child(way);
        assert!(status.success(), "{way}: {status}");
        let (previous, causes, health) = next_start(directory.path());
        assert_eq!((previous, causes, health), (HowItEnded::Exited, vec![], 42), "{way}");
    }
}

#[test]
fn a_panic_that_was_survived_is_not_the_cause() {
    let (directory, status) = run_child("caught panic, then abort");
    assert!(!status.success());
    let (previous, ..) = next_start(directory.path());
    assert_eq!(previous, HowItEnded::Abnormal { machine_restarted: false });
}

#[test]
fn an_app_that_exits_is_no_crash_and_can_be_continued() {
    let (directory, status) = run_child("app exit");
    assert!(status.success());
    let (previous, causes, health) = next_start(directory.path());
    assert_eq!((previous, causes, health), (HowItEnded::Exited, vec![], 42));
}
