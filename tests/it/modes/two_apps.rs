//! Two apps in one process.

#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
#[cfg(unix)]
use crate::waiting::wait_until;

#[test]
fn two_apps_with_places_of_their_own_dont_know_each_other() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut apps: Vec<App> = [(&here, "Here"), (&there, "There")]
        .into_iter()
        .map(|(directory, name)| {
            let plugin = SessionPlugin::new("Tests", "Modes")
                .directory(directory.path())
                .mode(SessionMode::Ordinary);
            let mut app = threaded(plugin);
            play(&mut app, name);
            finished(app)
        })
        .collect();
    for app in &mut apps {
        until(app, "a checkpoint", |app| {
            let session = app.world().get_resource::<CurrentSession>();
            session.is_some_and(|session| session.last_checkpoint().is_some())
        });
    }
    for app in &apps {
        assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 1);
        assert!(received::<RequestRejected>(app).is_empty());
    }
}

#[test]
fn two_apps_in_one_place_cannot_play_the_same_session() {
    let directory = tempfile::tempdir().unwrap();
    let build = || {
        let plugin = SessionPlugin::new("Tests", "Modes")
            .directory(directory.path())
            .mode(SessionMode::Ordinary);
        let mut app = threaded(plugin);
        app.add_systems(Startup, |mut commands: Commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        });
        finished(app)
    };
    let mut first = build();
    until(&mut first, "a checkpoint", |app| {
        let session = app.world().get_resource::<CurrentSession>();
        session.is_some_and(|session| session.last_checkpoint().is_some())
    });
    let session = first.world().resource::<CurrentSession>().id();
    let mut second = build();
    until(&mut second, "an answer", |app| !received::<RequestRejected>(app).is_empty());
    assert_eq!(received::<RequestRejected>(&second)[0].error, RequestError::SessionInUse);
    assert!(received::<RecoveryAvailable>(&second).is_empty(), "it is no crash");
    assert!(second.world().resource::<SessionCatalog>().get(session).unwrap().in_use);
    request(&mut second, |commands| commands.session().recover(session, RestoreFrom::Latest));
    until(&mut second, "an answer", |app| received::<RequestRejected>(app).len() == 2);
    assert_eq!(received::<RequestRejected>(&second)[1].error, RequestError::SessionInUse);
}

/// One app panics on its thread, and the other one is played on and exits.
pub fn one_panics(directory: &Path) {
    let (here, there) = (directory.join("here"), directory.join("there"));
    let mut dying = threaded_game(&here);
    play(&mut dying, "Dying");
    dying.add_systems(Update, |session: Option<Res<CurrentSession>>| {
        assert!(!has_saved(session, 3), "the one bridge collapsed");
    });
    // An app is built where it runs.
    let living = std::thread::spawn(move || {
        let mut living = threaded_game(&there);
        play(&mut living, "Living");
        living.add_systems(
            Update,
            |session: Option<Res<CurrentSession>>, mut exit: MessageWriter<AppExit>| {
                if has_saved(session, 30) {
                    exit.write(AppExit::Success);
                }
            },
        );
        living.run()
    });
    let mut dying = finished(dying);
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        loop {
            dying.update();
            std::thread::sleep(Duration::from_millis(2));
        }
    }));
    assert!(died.is_err());
    assert!(living.join().unwrap().is_success());
}

#[test]
fn a_panic_of_one_app_is_not_a_crash_of_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let output = run_child("two apps, one of which panics", directory.path(), None);
    assert!(output.status.success(), "{output:?}");
    let ended = |place: &str| {
        let app = game_with(real_game(&directory.path().join(place)), |_| {});
        app.world().resource::<PreviousRun>().ended.clone()
    };
    let HowItEnded::Crashed(panic) = ended("here") else { panic!("{:?}", ended("here")) };
    assert!(panic.message.contains("the one bridge collapsed"), "{panic:?}");
    assert_eq!(ended("there"), HowItEnded::Exited);
}

/// Both apps run, and a signal asks the process to exit. Before that, a third one has been asked
/// to and is gone: that it was asked is its own business.
#[cfg(unix)]
pub fn are_asked_to_exit(directory: &Path) {
    let send = || {
        let process = std::process::id().to_string();
        Command::new("kill").args(["-TERM", &process]).status().unwrap();
    };
    let mut before = threaded_game(&directory.join("before"));
    play(&mut before, "Before");
    before.add_systems(
        Update,
        move |session: Option<Res<CurrentSession>>, mut sent: Local<bool>| {
            if has_saved(session, 1) && !std::mem::replace(&mut *sent, true) {
                send();
            }
        },
    );
    assert!(before.run().is_success());
    let playing = Arc::new(AtomicUsize::new(0));
    let apps = ["here", "there"].map(|place| {
        let (directory, playing) = (directory.join(place), Arc::clone(&playing));
        std::thread::spawn(move || {
            let mut app = threaded_game(&directory);
            play(&mut app, place);
            let count = move |session: Option<Res<CurrentSession>>, mut counted: Local<bool>| {
                if has_saved(session, 1) && !std::mem::replace(&mut *counted, true) {
                    playing.fetch_add(1, Ordering::Relaxed);
                }
            };
            app.add_systems(Update, count);
            app.run()
        })
    });
    wait_until(|| playing.load(Ordering::Relaxed) == 2);
    send();
    for app in apps {
        assert!(app.join().unwrap().is_success());
    }
}

#[test]
#[cfg(unix)]
fn a_signal_asks_all_apps_to_exit() {
    let directory = tempfile::tempdir().unwrap();
    let output = run_child("two apps that are asked to exit", directory.path(), None);
    assert!(output.status.success(), "{output:?}");
    for place in ["before", "here", "there"] {
        let mut app = game_with(real_game(&directory.path().join(place)), |_| {});
        frames(&mut app, 2);
        assert_eq!(app.world().resource::<PreviousRun>().ended, HowItEnded::Exited, "{place}");
        let catalog = app.world().resource::<SessionCatalog>();
        assert!(catalog.newest_to_continue().is_some(), "{place}");
    }
}
