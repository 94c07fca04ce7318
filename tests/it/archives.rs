//! Archives in a place of their own: found, taken back, moved, refused, removed.

use std::fs;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::library::{
    ArchivePlaceError, Archived, CleanupFinished, PlayerErased, Remaining, SessionMoved,
    SessionPlace, SessionPurged,
};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;

/// A disk on which the directory `large` is there, as a disk that is mounted.
fn with_large() -> MemoryDisk {
    let disk = MemoryDisk::default();
    disk.put(Path::new("large/note"), b"mounted");
    disk
}

fn listening(plugin: SessionPlugin) -> App {
    let mut app = game_with(plugin, |app| {
        listen::<SessionMoved>(app);
        listen::<SessionPurged>(app);
        listen::<CleanupFinished>(app);
        listen::<PlayerErased>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 3);
    app
}

/// A game that archives to `large`.
fn game_to_large(disk: &MemoryDisk) -> App {
    listening(plugin(disk).archive_directory("large"))
}

/// Lets the writer do all that it has to do.
fn settle(app: &mut App) {
    frames(app, 150);
}

/// Plays a session of this player and closes it.
fn play(app: &mut App, player: &str, name: &str) -> SessionId {
    app.world_mut().resource_mut::<Score>().0 = 7;
    let session = begin(app, NewSession::named(name).player(player));
    seconds(app, 2.0);
    close(app);
    frames(app, 3);
    session
}

fn archive(app: &mut App, session: SessionId) {
    request(app, |commands| {
        commands.session().library().archive(session, Archived::WithWorld);
    });
    settle(app);
}

/// A game that has played a session and archived it.
fn archived(disk: &MemoryDisk) -> (App, SessionId) {
    let mut app = game_to_large(disk);
    let session = play(&mut app, "Ann", "Spring");
    archive(&mut app, session);
    assert_eq!(received::<RequestRejected>(&app).len(), 0);
    assert!(entry(&app, session).session.place.is_archived());
    (app, session)
}

/// The files of a session below a directory.
fn files(disk: &MemoryDisk, root: &str, session: SessionId) -> Vec<PathBuf> {
    let id = session.to_string();
    let is_of_it = |path: &PathBuf| {
        path.starts_with(root) && path.components().any(|part| part.as_os_str() == &*id)
    };
    let is_of_data = |path: &PathBuf| !path.starts_with("sessions/state");
    disk.paths().into_iter().filter(|path| is_of_it(path) && is_of_data(path)).collect()
}

/// The names of what a list shows.
fn listed(app: &mut App) -> Vec<String> {
    request(app, |commands| commands.session().library().find());
    frames(app, 20);
    let catalog = app.world().resource::<SessionCatalog>();
    let mut names: Vec<String> =
        catalog.sessions().iter().map(|entry| entry.session.name.clone()).collect();
    names.sort();
    names
}

fn last_refusal(app: &App) -> RequestError {
    received::<RequestRejected>(app).pop().expect("it should be rejected").error
}

fn place(app: &App) -> &SessionPlace {
    app.world().resource::<SessionPlace>()
}

#[test]
fn an_archived_session_is_in_the_place_of_archives_alone_and_comes_back() {
    let disk = with_large();
    let (app, session) = archived(&disk);
    let own = place(&app).archives().expect("it can be used").to_owned();
    assert!(own.starts_with("large") && own != Path::new("large"), "{}", own.display());
    assert_eq!(files(&disk, "sessions", session), [] as [PathBuf; 0]);
    let moved = files(&disk, "large", session);
    assert!(!moved.is_empty() && moved.iter().all(|path| path.starts_with(&own)), "{moved:?}");
    drop(app);

    // Another process finds it, once, and plays it on where sessions are played.
    let mut app = game_to_large(&disk);
    assert_eq!(listed(&mut app), ["Spring"]);
    assert!(entry(&app, session).session.place.is_archived());
    app.world_mut().resource_mut::<Score>().0 = 0;
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 6);
    assert_eq!(received::<RequestRejected>(&app).len(), 0);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
    assert_eq!(app.world().resource::<Score>().0, 7);
    assert_eq!(files(&disk, "large", session), [] as [PathBuf; 0]);
    assert!(!files(&disk, "sessions", session).is_empty());
    close(&mut app);

    archive(&mut app, session);
    assert_eq!(files(&disk, "sessions", session), [] as [PathBuf; 0]);
    request(&mut app, |commands| commands.session().library().unarchive(session));
    settle(&mut app);
    assert!(entry(&app, session).session.place.is_open());
    assert_eq!(files(&disk, "large", session), [] as [PathBuf; 0]);
    assert_eq!(listed(&mut game_to_large(&disk.snapshot())), ["Spring"]);
}

#[test]
fn without_its_disk_nothing_is_archived_and_nothing_is_lost() {
    let disk = MemoryDisk::default();
    let mut app = game_to_large(&disk);
    let missing = ArchivePlaceError::NotThere { path: "large".into() };
    assert_eq!(place(&app).archives_error(), Some(&missing));
    assert_eq!(place(&app).archives(), None);
    let session = play(&mut app, "Ann", "Spring");
    archive(&mut app, session);
    assert_eq!(last_refusal(&app), RequestError::ArchivePlace(missing));
    assert!(entry(&app, session).session.place.is_open());
    assert!(!files(&disk, "sessions", session).is_empty());

    // The disk is mounted while the game runs.
    disk.put(Path::new("large/note"), b"mounted");
    archive(&mut app, session);
    assert!(entry(&app, session).session.place.is_archived());
    assert_eq!(files(&disk, "sessions", session), [] as [PathBuf; 0]);
    drop(app);

    // At the next start it isn't, and another directory is where it was mounted.
    let mounted = disk.snapshot();
    disk.remove_all(Path::new("large"));
    disk.put(Path::new("large/note"), b"the mount point");
    let mut app = game_to_large(&disk);
    assert!(listed(&mut app).is_empty());
    let missing = place(&app).missing_archives().to_vec();
    assert!(matches!(&*missing, [own] if own.starts_with("large")), "{missing:?}");
    let other = play(&mut app, "Ann", "Summer");
    archive(&mut app, other);
    let refusal = last_refusal(&app);
    let expected = ArchivePlaceError::NotThere { path: missing[0].clone() };
    assert_eq!(refusal, RequestError::ArchivePlace(expected));
    assert_eq!(files(&disk, "large", other), [] as [PathBuf; 0], "nothing is put there");
    drop(app);

    disk.take_from(&mounted, Path::new("large"));
    let mut app = game_to_large(&disk);
    assert_eq!(listed(&mut app), ["Spring", "Summer"]);
}

#[test]
fn a_cleanup_moves_what_was_archived_before() {
    let disk = with_large();
    let mut app = listening(plugin(&disk));
    let session = play(&mut app, "Ann", "Spring");
    archive(&mut app, session);
    assert!(!files(&disk, "sessions", session).is_empty());
    drop(app);

    let mut app = game_to_large(&disk);
    assert!(!files(&disk, "sessions", session).is_empty(), "no start waits for that");
    request(&mut app, |commands| commands.session().library().clean_up());
    settle(&mut app);
    let finished = received::<CleanupFinished>(&app).pop().expect("it should be over");
    assert!(finished.outcome.refused.is_empty(), "{:?}", finished.outcome.refused);
    assert_eq!(files(&disk, "sessions", session), [] as [PathBuf; 0]);
    assert!(!files(&disk, "large", session).is_empty());
    drop(app);

    // A game that archives there no more finds it all the same, and leaves it.
    let mut app = listening(plugin(&disk));
    assert_eq!(listed(&mut app), ["Spring"]);
    assert_eq!(place(&app).archives(), None);
    request(&mut app, |commands| commands.session().library().clean_up());
    settle(&mut app);
    assert!(!files(&disk, "large", session).is_empty());
}

#[test]
fn after_a_change_of_the_setting_both_places_are_searched() {
    let disk = with_large();
    let (app, first) = archived(&disk);
    drop(app);
    disk.put(Path::new("larger/note"), b"mounted");
    let mut app = listening(plugin(&disk).archive_directory("larger"));
    let second = play(&mut app, "Ann", "Summer");
    archive(&mut app, second);
    assert!(!files(&disk, "large", first).is_empty() && !files(&disk, "larger", second).is_empty());
    drop(app);
    let mut app = listening(plugin(&disk).archive_directory("larger"));
    assert_eq!(listed(&mut app), ["Spring", "Summer"]);
    assert_eq!(place(&app).missing_archives(), [] as [PathBuf; 0]);
    request(&mut app, |commands| commands.session().library().unarchive(first));
    settle(&mut app);
    assert_eq!(files(&disk, "large", first), [] as [PathBuf; 0]);
    drop(app);

    disk.remove_all(Path::new("large"));
    let mut app = listening(plugin(&disk).archive_directory("larger"));
    assert_eq!(listed(&mut app), ["Spring", "Summer"]);
    assert_eq!(place(&app).missing_archives().len(), 1, "it may have held archives");
}

#[test]
fn what_is_removed_or_erased_is_gone_from_the_place_of_archives() {
    let disk = with_large();
    let (mut app, first) = archived(&disk);
    let second = play(&mut app, "Ann", "Summer");
    archive(&mut app, second);
    request(&mut app, |commands| commands.session().library().purge(first));
    settle(&mut app);
    assert_eq!(received::<SessionPurged>(&app).len(), 1);
    assert_eq!(files(&disk, "large", first), [] as [PathBuf; 0]);

    // Without the disk it can't be known what is hers.
    let mounted = disk.snapshot();
    disk.remove_all(Path::new("large"));
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    settle(&mut app);
    let refusal = last_refusal(&app);
    let is_missing =
        matches!(refusal, RequestError::ArchivePlace(ArchivePlaceError::NotThere { .. }));
    assert!(is_missing, "{refusal}");
    assert_eq!(received::<PlayerErased>(&app).len(), 0);

    disk.take_from(&mounted, Path::new("large"));
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    settle(&mut app);
    let erased = received::<PlayerErased>(&app).pop().expect("it should be done");
    assert_eq!(
        (erased.receipt.sessions, &*erased.receipt.remaining),
        (1, &[Remaining::Elsewhere][..])
    );
    assert_eq!(files(&disk, "large", second), [] as [PathBuf; 0]);
    drop(app);
    assert!(listed(&mut game_to_large(&disk)).is_empty());
}

#[test]
fn a_place_within_the_games_own_directories_is_refused() {
    for within in
        ["sessions/data", "sessions/data/profiles/default/sessions", "sessions/state/logs"]
    {
        let disk = MemoryDisk::default();
        disk.put(&Path::new(within).join("note"), b"there");
        let mut app = listening(plugin(&disk).archive_directory(within));
        let error = place(&app).archives_error().cloned();
        let is_refused = matches!(
            &error,
            Some(ArchivePlaceError::Within { path, within: around })
                if path == Path::new(within) && path.starts_with(around)
        );
        assert!(is_refused, "{error:?}");
        let session = play(&mut app, "Ann", "Spring");
        archive(&mut app, session);
        assert_eq!(last_refusal(&app), RequestError::ArchivePlace(error.unwrap()));
        assert!(entry(&app, session).session.place.is_open());
    }
}

#[test]
fn those_who_share_a_place_see_their_own_archives() {
    let directory = tempfile::tempdir().unwrap();
    let large = directory.path().join("large");
    fs::create_dir(&large).unwrap();
    let game = |name: &str, profile: &str| {
        let plugin = SessionPlugin::new("Tests", name)
            .directory(directory.path().join(name))
            .archive_directory(&large)
            .profile(profile)
            .clock_from("2026-01-01T00:00:00Z".parse().unwrap());
        listening(plugin)
    };
    for (name, profile) in [("Hop", "ann"), ("Hop", "ben"), ("Skip", "ann")] {
        let mut app = game(name, profile);
        let session = play(&mut app, "Ann", &format!("{name} of {profile}"));
        archive(&mut app, session);
        assert_eq!(received::<RequestRejected>(&app).len(), 0);
        let own = place(&app).archives().unwrap().join("profiles").join(profile);
        assert!(own.join("sessions").join(session.to_string()).is_dir(), "{}", own.display());
    }
    for (name, profile) in [("Hop", "ann"), ("Hop", "ben"), ("Skip", "ann")] {
        let mut app = game(name, profile);
        assert_eq!(listed(&mut app), [format!("{name} of {profile}")]);
    }
}
