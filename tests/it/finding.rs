//! Finding sessions among many: queries, groups, watches, and the index that makes the first list fast.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::library::{GroupBy, GroupKey, Left, SessionQuery, SessionWatch, SortBy};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId, SessionUpdate};

use crate::common::*;

/// More sessions than from which on there is an index.
const MANY: usize = 40;

/// Changes a session that isn't played.
fn change(app: &mut App, session: SessionId, update: SessionUpdate) {
    request(app, |commands| commands.session().library().update(session, update));
    frames(app, 3);
}

fn catalog(app: &App) -> &SessionCatalog {
    app.world().resource::<SessionCatalog>()
}

fn names(app: &App, query: &SessionQuery) -> Vec<String> {
    let page = catalog(app).query(query);
    page.entries.iter().map(|entry| entry.session.name.clone()).collect()
}

/// Each of many sessions was closed: every second one of Ann, every third one tagged.
fn disk_with_many() -> (MemoryDisk, Vec<SessionId>) {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let mut ids = Vec::new();
    for number in 0..MANY {
        let player = ["Ann", "Ben"][number % 2];
        let mut new = NewSession::named(format!("Étude {number:02}")).player(player);
        if number % 3 == 0 {
            new = new.tag("waltz");
        }
        ids.push(begin(&mut app, new.field("key", &(number % 12)).unwrap()));
        close(&mut app);
    }
    (disk, ids)
}

fn index() -> PathBuf {
    Path::new("sessions/state/catalog-default.index").to_owned()
}

// Feature: Sessions are searched in any script, filtered, sorted, tagged, pinned and grouped.
// Page: guide/finding.md
#[test]
fn a_load_screen_searches_filters_sorts_and_turns_pages() {
    let (disk, _) = disk_with_many();
    let mut app = game(&disk);
    frames(&mut app, 2);
    assert!(catalog(&app).is_verified());
    let page = catalog(&app).query(&SessionQuery::default().search("ETUDE ann").page(0..5));
    assert_eq!((page.entries.len(), page.total), (5, MANY / 2));
    let waltzes = SessionQuery::default().tag("waltz").player("Ben").sort(SortBy::Name);
    assert_eq!(names(&app, &waltzes.clone().page(0..2)), ["Étude 03", "Étude 09"]);
    assert_eq!(names(&app, &waltzes.reversed().page(0..1)), ["Étude 39"]);
    let in_c = SessionQuery::default().with_field("key", &0).left_by([Left::Cleanly]);
    assert_eq!(catalog(&app).query(&in_c).total, 4);
    let groups = catalog(&app).groups(&SessionQuery::default(), GroupBy::Player).groups;
    let counted: Vec<_> = groups.iter().map(|group| (&group.key, group.count)).collect();
    let player = |name: &str| GroupKey::Player(Some(name.to_owned()));
    assert_eq!(counted, [(&player("Ben"), MANY / 2), (&player("Ann"), MANY / 2)]);
}

#[test]
fn the_played_session_is_found_by_a_tag_just_added() {
    let mut app = game(&MemoryDisk::default());
    let id = begin(&mut app, NewSession::named("Campaign"));
    request(&mut app, |commands| {
        commands.session().update(SessionUpdate::default().tag("ironman").name("Iron"));
    });
    frames(&mut app, 1);
    let found = catalog(&app).query(&SessionQuery::default().search("iron ironman")).total;
    assert_eq!(found, 1);
    assert!(catalog(&app).get(id).unwrap().session.tags.contains("ironman"));
}

// Feature: An index makes listings fast, and may be lost.
// Page: guide/finding.md#the-index
#[test]
fn the_next_start_lists_the_same_with_and_without_the_index() {
    let (disk, _) = disk_with_many();
    let first = game(&disk);
    let list = |app: &App| catalog(app).sessions().to_vec();
    let wanted = list(&first);
    assert_eq!((wanted.len(), catalog(&first).index_figures().rebuilds), (MANY, 1));
    drop(first);
    let second = game(&disk);
    let figures = catalog(&second).index_figures();
    assert_eq!((figures.hits, figures.misses), (MANY as u64, 0));
    assert_eq!(list(&second), wanted);
    drop(second);
    for damage in [0, 50] {
        let bytes = disk.content(&index()).expect("there should be an index").len();
        match damage {
            0 => disk.remove_all(&index()),
            _ => disk.corrupt(&index(), bytes / 2, 1),
        }
        let app = game(&disk);
        assert_eq!(list(&app), wanted);
        assert_eq!(catalog(&app).index_figures().hits, 0);
    }
}

#[test]
fn few_sessions_have_no_index() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    begin(&mut app, NewSession::named("One"));
    close(&mut app);
    drop(game(&disk));
    drop(app);
    assert!(disk.content(&index()).is_none());
}

#[test]
fn a_session_that_only_the_index_knows_is_not_continued() {
    let (disk, ids) = disk_with_many();
    drop(game(&disk));
    // What was played last is gone, and the index doesn't know that.
    let newest = ids.last().unwrap().to_string();
    let directory = Path::new("sessions/data/profiles/default/sessions").join(&newest);
    disk.remove_all(&directory);
    let trusting =
        SessionSettings { trust_index: Duration::from_secs(3600), ..SessionSettings::default() };
    let mut app = game_with(plugin(&disk).settings(trusting), |app| {
        listen::<SessionsFound>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    let found = received::<SessionsFound>(&app);
    assert_eq!(found.iter().map(|found| found.sessions).collect::<Vec<_>>(), [MANY - 1]);
    let same = NewSession::named(format!("Étude {}", MANY - 1)).player("Ben");
    request(&mut app, |commands| commands.session().start_or_continue(same));
    frames(&mut app, 5);
    let played = app.world().resource::<CurrentSession>().id();
    assert!(!ids.contains(&played), "the one that is gone should be begun again");
    assert!(catalog(&app).get(*ids.last().unwrap()).is_none());
    assert!(received::<RequestRejected>(&app).is_empty());
}

#[test]
fn a_trusted_index_is_handed_over_before_the_files_are_looked_at() {
    // A driven writer looks at the sessions while the plugin is being finished, as far as it goes at once.
    let read_of_what_is_removed_then = |trust_index| {
        let (disk, ids) = disk_with_many();
        drop(game(&disk));
        let settings = SessionSettings { trust_index, ..SessionSettings::default() };
        let newest = Path::new("sessions/data/profiles/default/sessions");
        let newest = newest.join(ids.last().unwrap().to_string());
        let removed_from = disk.clone();
        // An index of the future is trusted by no clock.
        let later = plugin(&disk).clock_from("2026-01-01T00:30:00Z".parse().unwrap());
        let app = game_with(later.settings(settings), |app| {
            app.add_systems(Startup, move || removed_from.remove_all(&newest));
        });
        let figures = catalog(&app).index_figures();
        (figures.hits as usize, catalog(&app).sessions().len())
    };
    assert_eq!(read_of_what_is_removed_then(Duration::ZERO), (MANY, MANY));
    assert_eq!(read_of_what_is_removed_then(Duration::from_secs(3600)), (MANY - 1, MANY - 1));
}

// Feature: A watch says which rows of a list have changed.
// Page: guide/finding.md#a-list-that-follows
#[test]
fn a_watch_follows_what_another_process_does_within_a_second() {
    let (disk, ids) = disk_with_many();
    let mut app = game_with(plugin(&disk), listen::<SessionsFound>);
    frames(&mut app, 2);
    let query = SessionQuery::default().search("etude").player("Ann");
    let mut watch = SessionWatch::new(query);
    assert_eq!(catalog(&app).follow(&mut watch).entered.len(), MANY / 2);
    let first = catalog(&app).page_of(&watch, 0..1)[0].session.id;
    assert_eq!(first, ids[MANY - 2]);

    let mut other = game(&disk);
    change(&mut other, ids[0], SessionUpdate::default().name("Nocturne"));
    change(&mut other, ids[2], SessionUpdate::default().tag("slow"));
    let new = begin(&mut other, NewSession::named("Étude nouvelle").player("Ann"));
    let before = received::<SessionsFound>(&app).len();
    let mut all = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..10 {
        app.update();
        let changes = catalog(&app).follow(&mut watch);
        all.0.extend(changes.entered);
        all.1.extend(changes.left);
        all.2.extend(changes.changed);
    }
    assert_eq!((all.0, all.1), (vec![new], vec![ids[0]]));
    assert_eq!(all.2, [ids[2]], "a tag is something that a list may show");
    assert!(catalog(&app).get(new).unwrap().in_use);
    assert!(received::<SessionsFound>(&app).len() > before, "who listens should know, too");

    // Who follows nothing is left alone.
    seconds(&mut app, 2.0);
    change(&mut other, ids[4], SessionUpdate::default().name("Nobody looks"));
    let before = received::<SessionsFound>(&app).len();
    seconds(&mut app, 3.0);
    assert_eq!(received::<SessionsFound>(&app).len(), before);
}

#[test]
fn watching_an_unanswered_crash_does_not_offer_it_again() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    begin(&mut app, NewSession::named("Crashed"));
    let killed = disk.snapshot();
    drop(app);
    let mut app = game_with(plugin(&killed), listen::<RecoveryAvailable>);
    frames(&mut app, 2);
    let mut watch = SessionWatch::new(SessionQuery::default());
    for _ in 0..40 {
        app.update();
        let _ = catalog(&app).follow(&mut watch);
    }
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
    assert_eq!(watch.total(), 1);
}

#[test]
fn a_state_directory_that_cannot_be_written_costs_only_the_index() {
    let (disk, _) = disk_with_many();
    disk.fail_always(Operation::Replace, std::io::ErrorKind::PermissionDenied);
    let app = game(&disk);
    assert_eq!(catalog(&app).sessions().len(), MANY);
    assert_eq!(catalog(&app).query(&SessionQuery::default().search("etude")).total, MANY);
}
