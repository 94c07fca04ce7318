//! The session menu's views and edits: favourites, archive, trash, new names.

// Feature: A menu searches, groups, continues, ends, archives, copies and deletes sessions.
// Page: guide/ready-made-ui.md#the-menu

use bevy::prelude::*;
use bevy_session::library::{SessionMoved, SessionPurged};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId, SessionMetadata, SessionStatus};
use bevy_session_ui::OpenSessionMenu;

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use super::session_menu::{is_open, menu_game, played, titles};
use crate::common::*;

fn catalog(app: &App) -> &SessionCatalog {
    app.world().resource::<SessionCatalog>()
}

fn named(app: &App, name: &str) -> SessionId {
    let mut entries = catalog(app).sessions().iter();
    entries.find(|entry| entry.session.name == name).expect("it should be there").session.id
}

fn metadata(app: &App, session: SessionId) -> SessionMetadata {
    catalog(app).get(session).expect("it should be there").session.clone()
}

/// Presses a button, and doesn't wait until that is durable.
fn press_only(app: &mut App, label: &str) {
    let button = button(app, label).expect("it should be there");
    app.world_mut().trigger(bevy::ui_widgets::Activate { entity: button });
    app.world_mut().run_schedule(Update);
}

#[test]
fn a_deleted_session_is_in_the_trash_at_once_and_undo_brings_it_back() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    let alpha = named(&app, "Alpha");
    press(&mut app, "Alpha");
    press_only(&mut app, "Delete");
    assert!(button(&mut app, "Alpha").is_none(), "it should leave the list at once");
    assert!(is_shown(&mut app, "\"Alpha\" is in the trash."), "{:?}", texts(&mut app));
    frames(&mut app, 3);
    assert!(metadata(&app, alpha).place.is_in_trash());
    press(&mut app, "Undo (6)");
    frames(&mut app, 3);
    assert!(metadata(&app, alpha).place.is_open());
    assert!(button(&mut app, "Alpha").is_some());
    assert_eq!(received::<SessionMoved>(&app).len(), 2);
    assert!(!is_shown(&mut app, "Undo"));
}

#[test]
fn the_trash_says_when_something_goes_for_good_and_gives_it_back() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    press(&mut app, "Alpha");
    press(&mut app, "Delete");
    seconds(&mut app, 8.0);
    assert!(!is_shown(&mut app, "Undo"), "a toast goes by itself");
    press(&mut app, "Trash");
    assert_eq!(titles(&mut app, &["Alpha", "Bravo", "Bravo slot"]), ["Alpha"]);
    assert!(is_shown(&mut app, "deleted just now, removed for good in 30 days"));
    press(&mut app, "Restore");
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "The trash is empty."), "{:?}", texts(&mut app));
    assert!(is_shown(&mut app, "\"Alpha\" is back."));
    press(&mut app, "Games");
    assert!(button(&mut app, "Alpha").is_some());
}

#[test]
fn deleting_for_good_asks_for_confirmation() {
    let mut app = menu_game(&played(&[("Alpha", 3.0)]));
    listen::<SessionPurged>(&mut app);
    press(&mut app, "Alpha");
    press(&mut app, "Delete");
    press(&mut app, "Trash");
    press(&mut app, "Delete for good");
    assert!(is_shown(&mut app, "This can't be undone."));
    press(&mut app, "Back");
    frames(&mut app, 3);
    assert!(received::<SessionPurged>(&app).is_empty());
    press(&mut app, "Delete for good");
    press(&mut app, "Delete for good");
    frames(&mut app, 3);
    assert_eq!(received::<SessionPurged>(&app).len(), 1);
}

#[test]
fn a_session_is_archived_after_a_question_and_brought_back() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    let alpha = named(&app, "Alpha");
    press(&mut app, "Alpha");
    press(&mut app, "Archive it");
    assert!(is_shown(&mut app, "Its newest save is kept"), "{:?}", texts(&mut app));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 3);
    assert!(metadata(&app, alpha).place.is_open(), "Escape leaves it as it is");
    press(&mut app, "Archive it");
    press(&mut app, "Archive it");
    frames(&mut app, 3);
    assert!(!metadata(&app, alpha).place.is_open());
    assert!(is_shown(&mut app, "\"Alpha\" is in the archive."));
    press(&mut app, "Archive");
    assert_eq!(titles(&mut app, &["Alpha", "Bravo"]), ["Alpha"]);
    press(&mut app, "Bring back");
    frames(&mut app, 3);
    assert!(metadata(&app, alpha).place.is_open());
    assert!(is_shown(&mut app, "The archive is empty."));
}

#[test]
fn a_session_is_duplicated_and_the_copy_is_what_is_chosen_then() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    let alpha = named(&app, "Alpha");
    press(&mut app, "Alpha");
    press(&mut app, "Duplicate");
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "Copied as \"Alpha (copy)\"."), "{:?}", texts(&mut app));
    let copy = named(&app, "Alpha (copy)");
    assert_ne!(copy, alpha);
    let mut listed = titles(&mut app, &["Alpha", "Alpha (copy)", "Bravo"]);
    listed.sort();
    assert_eq!(listed, ["Alpha", "Alpha (copy)", "Bravo"]);
    press(&mut app, "Delete");
    frames(&mut app, 3);
    assert!(metadata(&app, copy).place.is_in_trash(), "the copy should be chosen");
    assert!(metadata(&app, alpha).place.is_open());
}

#[test]
fn a_copy_with_too_long_a_name_is_refused_with_the_reason() {
    let long = "x".repeat(bevy_session::limits::STRING_BYTES - 3);
    let mut app = menu_game(&played(&[(&long, 3.0)]));
    press(&mut app, "Duplicate");
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "That did not work"), "{:?}", texts(&mut app));
}

#[test]
fn favourites_have_a_view_of_their_own() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    let bravo = named(&app, "Bravo");
    press(&mut app, "Favourites");
    assert!(is_shown(&mut app, "There are no favourites yet."));
    press(&mut app, "Games");
    press(&mut app, "Bravo");
    press_only(&mut app, "Favourite");
    assert!(button(&mut app, "Remove from favourites").is_some(), "it should be one at once");
    frames(&mut app, 3);
    assert!(metadata(&app, bravo).pinned);
    press(&mut app, "Favourites");
    assert_eq!(titles(&mut app, &["Alpha", "Bravo"]), ["Bravo"]);
    press_only(&mut app, "Remove from favourites");
    assert_eq!(titles(&mut app, &["Alpha", "Bravo"]), Vec::<String>::new());
    frames(&mut app, 3);
    assert!(!metadata(&app, bravo).pinned);
}

#[test]
fn renaming_validates_the_name_beside_the_field() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    let alpha = named(&app, "Alpha");
    press(&mut app, "Alpha");
    press(&mut app, "Rename");
    assert_eq!(fields(&mut app), ["Alpha"]);
    assert!(is_typing(&app), "one can type at once");
    fill_in(&mut app, "");
    assert!(is_shown(&mut app, "Please give it a name."));
    press(&mut app, "Rename");
    assert_eq!(fields(&mut app), [""], "the form stays");
    fill_in(&mut app, &"x".repeat(4097));
    assert!(is_shown(&mut app, "4097 of at most 4096 bytes"), "{:?}", texts(&mut app));
    fill_in(&mut app, "");
    type_text(&mut app, "Gamma");
    named_key(&mut app, KeyCode::Enter, bevy::input::keyboard::Key::Enter);
    assert!(fields(&mut app).iter().all(String::is_empty), "the form is closed");
    assert!(button(&mut app, "Gamma").is_some(), "{:?}", texts(&mut app));
    frames(&mut app, 3);
    assert_eq!(metadata(&app, alpha).name, "Gamma");

    press(&mut app, "Bravo slot");
    press(&mut app, "Rename");
    fill_in(&mut app, "Before the boss");
    press(&mut app, "Rename");
    frames(&mut app, 3);
    assert!(catalog(&app).slots().iter().any(|slot| slot.name == "Before the boss"));
}

#[test]
fn an_edit_that_is_refused_is_taken_back_with_its_reason() {
    let disk = played(&[("Bravo", 5.0), ("Alpha", 3.0)]);
    let mut app = menu_game(&disk);
    let alpha = named(&app, "Alpha");
    let mut other = game(&disk);
    request(&mut other, |commands| commands.session().continue_session(alpha));
    frames(&mut other, 4);
    press(&mut app, "Alpha");
    press(&mut app, "Rename");
    fill_in(&mut app, "Gamma");
    press_only(&mut app, "Rename");
    assert!(button(&mut app, "Gamma").is_some(), "it is shown at once: {:?}", texts(&mut app));
    frames(&mut app, 4);
    assert!(button(&mut app, "Alpha").is_some(), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Gamma").is_none());
    assert!(is_shown(&mut app, "it is open in another window of the game"));
    // By now the list knows who holds it.
    seconds(&mut app, 2.0);
    assert!(is_shown(&mut app, "Open in another window"), "{:?}", texts(&mut app));
    drop(other);
}

#[test]
fn the_session_that_is_played_is_ended_after_a_question() {
    let mut app = menu_game(&played(&[("Alpha", 3.0)]));
    let alpha = named(&app, "Alpha");
    press(&mut app, "Alpha");
    press(&mut app, "Continue");
    frames(&mut app, 4);
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 3);
    press(&mut app, "Alpha");
    assert!(button(&mut app, "Delete").is_none(), "what is played can't be deleted");
    press(&mut app, "End it");
    assert!(is_shown(&mut app, "It can't be continued after that."));
    press(&mut app, "End it");
    frames(&mut app, 4);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert_eq!(catalog(&app).get(alpha).unwrap().status, SessionStatus::Abandoned);
    assert!(is_shown(&mut app, "Given up"), "{:?}", texts(&mut app));
}

#[test]
fn every_view_and_form_is_tidy_in_every_window() {
    let long = "Long name ".repeat(30);
    let sessions = [("Alpha", 1.0), ("Bravo", 1.0), ("Charlie", 1.0), (&*long, 1.0)];
    let mut app = menu_game(&played(&sessions));
    press(&mut app, "Name");
    for name in ["Bravo", "Charlie"] {
        press(&mut app, name);
        press(&mut app, "Delete");
    }
    press(&mut app, "Alpha");
    press(&mut app, "Favourite");
    press(&mut app, "Archive it");
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        let window = format!("{width} x {height} at {scale}");
        assert_tidy(&mut app, &format!("{window}, a question"));
        press(&mut app, "Back");
        for view in ["Favourites", "Archive", "Trash", "Games"] {
            press(&mut app, view);
            assert_tidy(&mut app, &format!("{window}, {view}"));
        }
        press(&mut app, "Alpha");
        let is_tiny = button(&mut app, "More").is_some();
        if is_tiny {
            press(&mut app, "More");
            assert_tidy(&mut app, &format!("{window}, more"));
        }
        press(&mut app, "Rename");
        fill_in(&mut app, "");
        assert_tidy(&mut app, &format!("{window}, a new name"));
        press(&mut app, "Back");
        press(&mut app, "Archive it");
    }
}

#[test]
fn a_refusal_is_tidy_in_every_window() {
    let disk = played(&[("Alpha", 1.0), (&"Long name ".repeat(30), 1.0)]);
    let mut app = menu_game(&disk);
    press(&mut app, "Name");
    let mut other = game(&disk);
    let alpha = named(&app, "Alpha");
    request(&mut other, |commands| commands.session().continue_session(alpha));
    frames(&mut other, 4);
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        press(&mut app, "Alpha");
        let is_tiny = button(&mut app, "More").is_some();
        if is_tiny {
            press(&mut app, "More");
        }
        press(&mut app, "Favourite");
        frames(&mut app, 4);
        assert!(is_shown(&mut app, "That did not work"), "{:?}", texts(&mut app));
        assert_tidy(&mut app, &format!("{width} x {height} at {scale}, a refusal"));
        if is_tiny {
            press(&mut app, "Back");
        }
    }
    drop(other);
}

#[test]
fn every_view_says_when_it_is_empty() {
    let mut app = menu_game(&MemoryDisk::default());
    for (view, said) in [
        ("Favourites", "There are no favourites yet."),
        ("Archive", "The archive is empty."),
        ("Trash", "The trash is empty."),
        ("Games", "Nothing has been saved yet."),
    ] {
        press(&mut app, view);
        assert!(is_shown(&mut app, said), "{:?}", texts(&mut app));
    }
}

#[test]
fn a_draft_is_shown_as_planned_and_begins_from_the_menu() {
    let mut app = menu_game(&played(&[("Bravo", 5.0)]));
    let friday = NewSession::named("Friday");
    request(&mut app, |commands| commands.session().library().draft(friday));
    frames(&mut app, 4);
    press(&mut app, "Friday");
    assert!(is_shown(&mut app, "Planned"), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Begin").is_some() && button(&mut app, "Delete").is_some());
    assert!(button(&mut app, "Archive it").is_none() && button(&mut app, "Continue").is_none());
    let planned = named(&app, "Friday");
    press(&mut app, "Begin");
    frames(&mut app, 5);
    assert_eq!(app.world().resource::<CurrentSession>().id(), planned);
    assert!(!metadata(&app, planned).draft);
    assert!(!is_open(&app), "it closes once something is played");
}
