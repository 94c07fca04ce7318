//! Modes of a start, and development.
//!
//! The test binary runs itself again as a process with another environment, or as one that dies.

// Feature: `BEVY_SESSION` chooses a fresh start, a resume, memory only, a report, or no sessions.
// Page: guide/development.md#while-you-develop

mod two_apps;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsRead, LifecycleEvent};
use bevy_session::hints::{SessionHint, SessionHints};
use bevy_session::prelude::*;
use bevy_session::recovery::{HowItEnded, RestorePhase, RestorePrepared};
use bevy_session::reports::Report;
use bevy_session::{MemoryDisk, RequestError, SessionActivity, SessionMode, SessionsFound};
use bevy_session_journal::internal::disk::{Layout, LocalStore, RealDisk};
use bevy_session_journal::internal::write::Upkeep;
use jiff::Timestamp;

use crate::common::*;

const ROLE: &str = "BEVY_SESSION_TEST_ROLE";
const DIRECTORY: &str = "BEVY_SESSION_TEST_DIRECTORY";
const MODE: &str = "BEVY_SESSION";

fn listening(app: &mut App) {
    listen::<SessionsFound>(app);
    listen::<RecoveryAvailable>(app);
    listen::<SessionRestored>(app);
    listen::<RequestRejected>(app);
}

fn game_in(disk: &MemoryDisk, mode: SessionMode) -> App {
    let mut app = game_with(plugin(disk).mode(mode), listening);
    frames(&mut app, 3);
    app
}

/// Plays a session, and leaves it cleanly or not at all.
fn played(disk: &MemoryDisk, name: &str, health: u32, close: bool) -> MemoryDisk {
    let mut app = game(disk);
    app.world_mut().spawn(Health(health));
    start(&mut app, name);
    if close {
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 3);
    }
    disk.snapshot()
}

fn health(app: &mut App) -> Option<u32> {
    let world = app.world_mut();
    world.query::<&Health>().iter(world).next().map(|health| health.0)
}

// Modes

#[test]
fn fresh_hides_old_slots_and_lists_those_of_this_start() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Old");
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 4);
    let disk = disk.snapshot();
    let mut app = game_in(&disk, SessionMode::Fresh);
    let names = |app: &App| -> Vec<String> {
        let slots = app.world().resource::<SessionCatalog>().slots().iter();
        slots.map(|slot| slot.session.name.clone()).collect()
    };
    assert_eq!(names(&app), [""; 0]);
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 3);
    assert_eq!(received::<RequestRejected>(&app).len(), 1, "there is nothing to load");
    start(&mut app, "New");
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Mine")));
    frames(&mut app, 4);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    assert_eq!(names(&app), ["New"]);
    let app = game_in(&disk, SessionMode::Ordinary);
    assert_eq!(names(&app).len(), 2, "nothing is deleted");
}

#[test]
fn fresh_hides_old_sessions_and_deletes_nothing() {
    let disk = played(&MemoryDisk::default(), "Old", 1, false);
    let mut app = game_in(&disk, SessionMode::Fresh);
    let found = received::<SessionsFound>(&app);
    assert_eq!((found[0].sessions, found[0].offers), (0, 0));
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    // What is played at this start is listed.
    start(&mut app, "New");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    for profile in ["another", "default"] {
        request(&mut app, |commands| commands.session().library().use_profile(profile));
        frames(&mut app, 3);
    }
    let listed = app.world().resource::<SessionCatalog>().sessions().to_vec();
    assert_eq!(listed.iter().map(|entry| &*entry.session.name).collect::<Vec<_>>(), ["New"]);
    drop(app);
    let app = game_in(&disk, SessionMode::Ordinary);
    assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 2);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
}

#[test]
fn continue_resumes_the_newest_session_closed_or_crashed() {
    for newest_is_closed in [true, false] {
        let disk = played(&MemoryDisk::default(), "Older", 1, !newest_is_closed);
        let mut game = game_in(&disk, SessionMode::Ordinary);
        game.world_mut().spawn(Health(2));
        seconds(&mut game, 20.0);
        start(&mut game, "Newer");
        if newest_is_closed {
            request(&mut game, |commands| commands.session().close(LeaveCause::Player));
            frames(&mut game, 3);
        }
        let disk = disk.snapshot();
        let mut app = game_in(&disk, SessionMode::Continue);
        assert_eq!(app.world().resource::<CurrentSession>().name(), "Newer");
        assert_eq!(health(&mut app), Some(2));
        assert!(received::<RecoveryAvailable>(&app).is_empty(), "it should not ask");
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        seconds(&mut app, 2.0);
        assert!(app.world().get_resource::<CurrentSession>().is_none(), "only once");
    }
    let empty = game_in(&MemoryDisk::default(), SessionMode::Continue);
    assert!(received::<RequestRejected>(&empty).is_empty());
}

#[test]
fn off_rejects_every_request_and_changes_no_file() {
    let disk = played(&MemoryDisk::default(), "Old", 1, false);
    let paths = disk.paths();
    let mut app = game_with(plugin(&disk).mode(SessionMode::Off), |app| {
        listening(app);
        app.checkpoint_session_on_enter(Phase::Playing).close_session_on_enter(Phase::Menu);
    });
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("New"));
        commands.session().checkpoint("by hand");
        commands.session().start_or_continue(NewSession::named("World"));
        commands.session().library().find();
        commands.session().library().use_profile("Ann");
        commands.session().library().report(Report::now(), "report.tar");
    });
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 6);
    assert!(rejected.iter().all(|rejected| rejected.error == RequestError::SessionsAreOff));
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert!(app.world().resource::<SessionCatalog>().sessions().is_empty());
    assert_eq!(disk.paths(), paths);
}

#[test]
fn memory_mode_writes_nothing_to_disk() {
    let disk = MemoryDisk::default();
    let mut app = game_in(&disk, SessionMode::Memory);
    start(&mut app, "Gone");
    assert!(disk.paths().is_empty());
}

// Development

#[test]
fn a_developer_isnt_asked_about_a_stop_and_can_ask() {
    let build = |disk: &MemoryDisk| {
        let mut app = game_with(plugin(disk).development(true), listening);
        frames(&mut app, 3);
        app
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Stopped");
    let disk = disk.snapshot();
    assert!(
        disk.paths().iter().all(|path| path.iter().any(|part| part == "development")),
        "a developer's files should lie apart"
    );
    let mut app = build(&disk);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    let hints =
        |app: &App| -> Vec<_> { app.world().resource::<SessionHints>().iter().cloned().collect() };
    assert_eq!(hints(&app), [], "the game may take it up by itself");
    frames(&mut app, 35);
    let hints = hints(&app);
    assert_eq!(hints, [SessionHint::StoppedInDevelopment]);
    assert!(hints[0].to_string().contains("SessionPlugin::development(false)"), "{}", hints[0]);
    let entry = app.world().resource::<SessionCatalog>().sessions()[0].clone();
    assert!(entry.has_crashed() && entry.can_go_on());
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
    drop(app);
    let mut server =
        game_with(plugin(&disk).development(true).recovery(RecoveryPolicy::Automatic), listening);
    frames(&mut server, 3);
    assert_eq!(health(&mut server), Some(1), "a policy that doesn't ask isn't held back");
}

#[test]
fn a_stop_in_development_gives_a_hint_if_another_session_is_started() {
    let build = |disk: &MemoryDisk| {
        let mut app = game_with(plugin(disk).development(true), |app| {
            app.add_systems(Startup, |mut commands: Commands| {
                commands.session().start(NewSession::named("Another"));
            });
        });
        frames(&mut app, 4);
        app
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk);
    app.world_mut().spawn(Health(1));
    frames(&mut app, 60);
    let app = build(&disk.snapshot());
    let hints: Vec<_> = app.world().resource::<SessionHints>().iter().cloned().collect();
    assert_eq!(hints, [SessionHint::StoppedInDevelopment]);
}

/// README's quick start, killed and started again.
#[test]
fn a_stop_in_development_gives_no_hint_with_start_or_continue() {
    let build = |disk: &MemoryDisk| {
        let mut app = game_with(plugin(disk).development(true), |app| {
            app.add_systems(Startup, |mut commands: Commands| {
                commands.session().start_or_continue(NewSession::named("Quick"));
            });
        });
        frames(&mut app, 10);
        app
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk);
    app.world_mut().spawn(Health(1));
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 3);
    let mut app = build(&disk.snapshot());
    frames(&mut app, 60);
    assert_eq!(health(&mut app), Some(1));
    let hints = app.world().get_resource::<SessionHints>();
    assert!(hints.is_none_or(|hints| hints.iter().next().is_none()), "{hints:?}");
}

/// By one setting, however the last build was left, and never in a player's build.
// Feature: A rebuild resumes where the last build stopped.
// Page: guide/development.md
#[test]
fn a_rebuild_resumes_the_session_of_the_last_build() {
    let build = |disk: &MemoryDisk, is_development: bool| {
        let plugin = plugin(disk).development(is_development).resume_in_development(true);
        let mut app = game_with(plugin, |app| {
            listening(app);
            listen::<RestorePrepared>(app);
        });
        frames(&mut app, 3);
        app
    };
    for is_closed in [true, false] {
        let disk = MemoryDisk::default();
        let mut app = build(&disk, true);
        app.world_mut().spawn(Health(7));
        start(&mut app, "Work");
        if is_closed {
            request(&mut app, |commands| commands.session().close(LeaveCause::Player));
            frames(&mut app, 3);
        }
        let mut app = build(&disk.snapshot(), true);
        assert_eq!(health(&mut app), Some(7));
        assert!(received::<RecoveryAvailable>(&app).is_empty(), "nobody is asked");
        assert!(received::<RestorePrepared>(&app)[0].losses.is_empty());
    }
    let disk = played(&MemoryDisk::default(), "A player's", 1, false);
    let mut app = build(&disk, false);
    assert_eq!(health(&mut app), None, "players are asked");
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
}

/// In development, and where the crash was too long ago to ask about it.
#[test]
fn an_unasked_death_is_in_the_log_of_its_session() {
    for is_development in [true, false] {
        let build = |disk: &MemoryDisk, month: u32| {
            let now = format!("2026-{month:02}-01T00:00:00Z").parse().unwrap();
            let plugin = plugin(disk).development(is_development).clock_from(now);
            let mut app = game_with(plugin, listen::<EventsRead>);
            frames(&mut app, 3);
            app
        };
        let disk = MemoryDisk::default();
        let mut app = build(&disk, 1);
        start(&mut app, "Old");
        let session = app.world().resource::<CurrentSession>().id();
        let mut app = build(&disk.snapshot(), 2);
        assert!(app.world().resource::<RecoveryOffers>().offers().is_empty());
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("Old"));
        });
        frames(&mut app, 10);
        assert_eq!(app.world().resource::<CurrentSession>().id(), session);
        let types = vec![LifecycleEvent::TYPE_PATH.to_owned()];
        request(&mut app, move |commands| {
            commands.session().events().read(EventQuery { types, ..EventQuery::of(session) });
        });
        frames(&mut app, 5);
        let read = received::<EventsRead>(&app).pop().unwrap();
        let events = read.result.unwrap().events;
        let happened = events.iter().filter_map(|it| it.decode::<LifecycleEvent>().ok());
        let deaths: Vec<_> = happened.flat_map(|it| it.deaths).collect();
        assert_eq!(deaths.len(), 1, "{deaths:?}");
    }
}

#[test]
fn a_developer_is_asked_after_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let output = run_child("panic in development", directory.path(), None);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    let mut app = game_with(real_game(directory.path()).development(true), listening);
    frames(&mut app, 3);
    let available = received::<RecoveryAvailable>(&app);
    assert!(matches!(available[0].offer.cause, HowItEnded::Crashed(_)), "{available:?}");
}

#[test]
fn a_game_that_panics_at_each_start_steps_back_at_most_three_times() {
    let directory = tempfile::tempdir().unwrap();
    let panic_again = || {
        let output = run_child("panic soon after each start", directory.path(), None);
        assert_eq!(output.status.code(), Some(101), "{output:?}");
        output
    };
    panic_again();
    let back: Vec<u32> = (0..8).map(|_| saw(&panic_again()).parse().unwrap()).collect();
    assert!(back[0] < back[1], "the newest of each: {back:?}");
    assert!(back[1] > back[2] && back[2] > back[3] && back[3] > back[4], "{back:?}");
    assert!(back[4..].iter().all(|score| *score == back[4]), "{back:?}");

    // A player's Continue button stays there as well, though a new session is proposed.
    let copy = tempfile::tempdir().unwrap();
    copy_directory(directory.path(), copy.path());
    let mut app = game_with(real_game(copy.path()), listening);
    frames(&mut app, 5);
    let newest = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap();
    let session = newest.session.id;
    let offer = app.world().resource::<RecoveryOffers>().of(session).next().unwrap();
    assert_eq!(offer.restore_from(), None);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 5);
    assert_eq!(app.world().resource::<Score>().0, back[4]);
    drop(app);

    // Somebody repaired it, and takes the world back to where it had come. Deaths count from then on.
    let at = |name: &str| directory.path().join(name);
    let layout = Layout::by_directory(at("data"), at("state"), "default");
    let local = LocalStore::new(Arc::new(RealDisk), layout);
    let session = local.store.sessions().unwrap()[0];
    let stored = local.store.open_session(session).unwrap();
    let (furthest, _) =
        stored.index().commits().max_by_key(|(_, commit)| commit.play_time).unwrap();
    Upkeep::of(local).rewind(session, furthest, Timestamp::now()).unwrap();
    let again: Vec<u32> = (0..3).map(|_| saw(&panic_again()).parse().unwrap()).collect();
    assert!(
        again[0] >= back[1] && again[1] > again[0] && again[2] < again[1],
        "{back:?} {again:?}"
    );
}

// Feature: A game that panics at each recovery goes back without a question too; a killed one goes on where it was.
// Page: guide/getting-started.md
#[test]
fn only_the_games_own_deaths_step_back() {
    let directory = tempfile::tempdir().unwrap();
    let die = |role: &str| {
        let output = run_child(role, directory.path(), None);
        assert!(!output.status.success(), "{output:?}");
        output
    };
    let back = |role: &str| saw(&die(role)).parse::<u32>().unwrap();
    let (panics, aborts) = ("panic soon after each start", "abort soon after each start");
    die(aborts);
    let newest: Vec<u32> =
        [aborts, aborts, aborts, aborts, panics, aborts, panics].map(back).to_vec();
    assert!(newest.is_sorted_by(|older, newer| older < newer), "the newest of each: {newest:?}");
    // Two deaths of its own, whatever came between them.
    let older: Vec<u32> = [panics, panics, panics, panics].map(back).to_vec();
    assert!(older[0] < newest[0], "older than all that was tried: {newest:?} {older:?}");
    assert!(older[0] > older[1] && older[1] > older[2], "{older:?}");
    assert_eq!(older[3], older[2], "three steps at most");
}

#[test]
fn a_kill_in_the_loading_screen_takes_nothing_back() {
    let directory = tempfile::tempdir().unwrap();
    let die = |role: &str| run_child(role, directory.path(), None);
    let back = |role: &str| saw(&die(role)).parse::<u32>().unwrap();
    let (panics, aborts) = ("panic soon after each start", "abort soon after each start");
    die(aborts);
    let newest = [panics, panics].map(back)[1];
    let stepped_back = back(aborts);
    assert!(stepped_back < newest, "{stepped_back} {newest}");
    // What was played since is the newest, and killed twice before it is shown.
    for _ in 0..2 {
        assert!(!die("abort while it loads").status.success());
    }
    let again = back(aborts);
    assert!(again > stepped_back, "{stepped_back} {again}");
}

#[test]
fn a_session_that_is_never_offered_also_steps_back() {
    let directory = tempfile::tempdir().unwrap();
    let role = "panic soon in a session that isn't offered";
    run_child(role, directory.path(), None);
    let back: Vec<u32> =
        (0..3).map(|_| saw(&run_child(role, directory.path(), None)).parse().unwrap()).collect();
    assert!(back[0] < back[1] && back[2] < back[1], "{back:?}");
}

#[test]
fn disks_and_directories_given_by_the_game_have_no_development_part() {
    let disk = played(&MemoryDisk::default(), "Killed", 1, false);
    assert!(!disk.paths().iter().any(|path| path.iter().any(|part| part == "development")));
    let directory = tempfile::tempdir().unwrap();
    let mut app = game_with(real_game(directory.path()), |_| {});
    start(&mut app, "Placed");
    assert!(!directory.path().join("data/development").exists());
    assert!(directory.path().join("data/profiles").exists());
}

// The environment

/// A game on a real disk that the test drives, regardless of the environment.
fn real_game(directory: &Path) -> SessionPlugin {
    SessionPlugin::new("Tests", "Modes").directory(directory).manual_writer()
}

/// A game as players have it, with threads and handlers.
fn threaded_game(directory: &Path) -> App {
    let plugin = SessionPlugin::new("Tests", "Modes")
        .directory(directory)
        .interval(Duration::from_millis(50));
    threaded(plugin)
}

fn threaded(plugin: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(Duration::from_millis(2))),
        plugin,
    ))
    .init_resource::<Score>();
    listening(&mut app);
    app
}

/// Starts a session, and changes something in every frame.
fn play(app: &mut App, name: &'static str) {
    app.add_systems(Startup, move |mut commands: Commands| {
        commands.session().start(NewSession::named(name));
        commands.spawn(Health(7));
    })
    .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
}

fn has_saved(session: Option<Res<CurrentSession>>, counter: u64) -> bool {
    session
        .and_then(|session| session.last_checkpoint())
        .is_some_and(|last| last.id.counter >= counter)
}

fn finished(mut app: App) -> App {
    app.finish();
    app.cleanup();
    app
}

/// Runs frames until something holds.
fn until(app: &mut App, what: &str, holds: impl Fn(&App) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(300);
    while !holds(app) {
        assert!(Instant::now() < deadline, "{what} didn't happen");
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[ignore = "the other process, run by the other tests of this module"]
fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    match std::env::var(ROLE).unwrap_or_default().as_str() {
        "look" => look(threaded_game(directory)),
        "look in a mode of its own" => {
            let plugin = SessionPlugin::new("Tests", "Modes").directory(directory);
            look(threaded(plugin.mode(SessionMode::Ordinary)));
        }
        "panic in development" => {
            let plugin = SessionPlugin::new("Tests", "Modes")
                .directory(directory)
                .development(true)
                .mode(SessionMode::Ordinary);
            let mut app = threaded(plugin);
            play(&mut app, "Developed");
            app.add_systems(Update, |session: Option<Res<CurrentSession>>| {
                assert!(!has_saved(session, 1), "a mistake of the developer");
            });
            app.run();
        }
        "panic soon after each start" => die_soon(directory, "World", true),
        "abort soon after each start" => die_soon(directory, "World", false),
        "abort while it loads" => die_while_it_loads(directory),
        "panic soon in a session that isn't offered" => die_soon(directory, "Once", true),
        "two apps, one of which panics" => two_apps::one_panics(directory),
        #[cfg(unix)]
        "two apps that are asked to exit" => two_apps::are_asked_to_exit(directory),
        other => unreachable!("{other}"),
    }
}

/// Says what came back, and panics or is killed a few checkpoints later.
fn die_soon(directory: &Path, name: &'static str, panics: bool) {
    let plugin = SessionPlugin::new("Tests", "Modes")
        .directory(directory)
        .mode(SessionMode::Ordinary)
        .interval(Duration::from_millis(5));
    let mut app = threaded(plugin);
    app.add_systems(Startup, move |mut commands: Commands| {
        let session = NewSession::named(name).recovery(name != "Once");
        commands.session().start_or_continue(session);
    })
    .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1)
    .add_systems(
        Update,
        move |session: Option<Res<CurrentSession>>, mut dies_at: Local<Option<u64>>| {
            let Some(last) = session.and_then(|session| session.last_checkpoint()) else { return };
            let dies_at = dies_at.get_or_insert(last.id.counter + 8);
            let dies = last.id.counter >= *dies_at;
            assert!(!(dies && panics), "a mistake that has nothing to do with the world");
            if dies {
                std::process::abort();
            }
        },
    )
    .add_observer(|_: On<SessionRestored>, score: Res<Score>| {
        #[expect(clippy::print_stdout, reason = "the parent reads it")]
        {
            println!("saw {}", score.0);
        }
    });
    app.run();
}

/// Is killed in a loading screen.
fn die_while_it_loads(directory: &Path) {
    let plugin =
        SessionPlugin::new("Tests", "Modes").directory(directory).mode(SessionMode::Ordinary);
    let mut app = threaded(plugin);
    app.restore_session_when(|| false)
        .add_systems(Startup, |mut commands: Commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        })
        .add_systems(Update, |activity: Res<SessionActivity>| {
            if activity.restore() == Some(RestorePhase::WaitingForGate) {
                std::process::abort();
            }
        });
    app.run();
}

/// Says what a start sees.
fn look(mut app: App) {
    let log = LogPlugin { filter: "warn".into(), ..default() };
    app.add_plugins(log).add_systems(Startup, |mut commands: Commands| {
        commands.session().pause();
    });
    let mut app = finished(app);
    // A second one in the process, which says nothing twice.
    let second = finished(threaded(
        SessionPlugin::new("Tests", "Modes").directory(tempfile::tempdir().unwrap().path()),
    ));
    until(&mut app, "an answer", |app| !received::<RequestRejected>(app).is_empty());
    let is_off = received::<RequestRejected>(&app)[0].error == RequestError::SessionsAreOff;
    if !is_off {
        until(&mut app, "a look", |app| !received::<SessionsFound>(app).is_empty());
    }
    for _ in 0..200 {
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
    let sessions = app.world().resource::<SessionCatalog>().sessions().len();
    let offers = app.world().resource::<RecoveryOffers>().offers().len();
    let plays = app.world().get_resource::<CurrentSession>().is_some();
    #[expect(clippy::print_stdout, reason = "the parent reads it")]
    {
        println!("saw off={is_off} sessions={sessions} offers={offers} plays={plays}");
    }
    drop(second);
}

fn run_child(role: &str, directory: &Path, mode: Option<&str>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "modes::child", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env(DIRECTORY, directory)
        .env("NO_COLOR", "1")
        .env_remove(MODE);
    if let Some(mode) = mode {
        command.env(MODE, mode);
    }
    command.output().unwrap()
}

fn saw(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once("saw ").map(|(_, saw)| saw.to_owned()));
    line.unwrap_or_else(|| panic!("{output:?}"))
}

#[test]
fn the_environment_names_the_mode() {
    let directory = tempfile::tempdir().unwrap();
    {
        let mut app = game_with(real_game(directory.path()), |_| {});
        app.world_mut().spawn(Health(1));
        start(&mut app, "Left");
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 5);
    }
    for (mode, expected) in [
        (None, "off=false sessions=1 offers=0 plays=false"),
        (Some("off"), "off=true sessions=0 offers=0 plays=false"),
        (Some("fresh"), "off=false sessions=0 offers=0 plays=false"),
        (Some("memory"), "off=false sessions=0 offers=0 plays=false"),
        (Some("continue"), "off=false sessions=1 offers=0 plays=true"),
    ] {
        let output = run_child("look", directory.path(), mode);
        assert_eq!(saw(&output), expected, "{mode:?}: {output:?}");
    }
    let named = run_child("look in a mode of its own", directory.path(), Some("off"));
    assert!(saw(&named).starts_with("off=false"), "a mode that the game names holds");
}

#[test]
fn an_unknown_mode_gives_one_warning_with_the_valid_ones() {
    let directory = tempfile::tempdir().unwrap();
    let output = run_child("look", directory.path(), Some("Fresh"));
    assert!(saw(&output).starts_with("off=false"));
    let log = [&output.stdout[..], &output.stderr[..]].concat();
    let log = String::from_utf8_lossy(&log);
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("is unknown")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    for part in ["BEVY_SESSION=Fresh", "off, fresh, continue, memory"] {
        assert!(warnings[0].contains(part), "{warnings:?}");
    }
}
