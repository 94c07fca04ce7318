//! The page by symptom: each is brought about, and what the log says of it stands on the page.

use bevy::prelude::*;
use bevy_session::hints::{HintGiven, SessionHint};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId, SessionMode};

use crate::common::*;

const PAGE: &str = include_str!("../../../docs/guide/troubleshooting.md");

/// The words of the log in the first column of the table that follows a line.
fn words_below(heading: &str) -> Vec<&'static str> {
    let (_, below) = PAGE.split_once(heading).unwrap_or_else(|| panic!("{heading} is on the page"));
    let rows = below.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.filter_map(|cell| cell.trim().strip_prefix('`')?.strip_suffix('`')).collect()
}

/// Asserts that each row of a table is about one of these, and each of these in a row of its own.
fn assert_on_page(heading: &str, logged: &[String]) {
    let words = words_below(heading);
    assert_eq!(words.len(), logged.len(), "{words:?}\n{logged:?}");
    for (words, logged) in words.iter().zip(logged) {
        // A name of an error, and its text.
        let is_said = words.split("`: `").all(|part| logged.contains(part));
        assert!(is_said, "{words:?} should be in {logged:?}");
    }
}

fn listening(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        listen::<HintGiven>(app);
        listen::<RequestRejected>(app);
        add(app);
    })
}

fn hint_of(mut app: App, play: impl FnOnce(&mut App)) -> String {
    play(&mut app);
    seconds(&mut app, 35.0);
    let given = received::<HintGiven>(&app);
    assert_eq!(given.len(), 1, "{given:?}");
    given[0].hint.to_string()
}

#[test]
fn nothing_is_saved() {
    let disk = MemoryDisk::default();
    let no_session = hint_of(listening(&disk, |_| {}), |app| {
        app.world_mut().spawn(Health(1));
    });
    let no_entity = hint_of(listening(&disk, |_| {}), |app| start(app, "Empty"));
    let gate = |app: &mut App| {
        app.checkpoint_session_while(in_state(Phase::Playing));
    };
    let shut_gate = hint_of(listening(&disk, gate), |app| {
        app.world_mut().spawn(Health(1));
        request(app, |commands| commands.session().start(NewSession::named("Shut")));
    });
    assert_on_page("## Nothing is saved", &[no_session, no_entity, shut_gate]);
}

#[test]
fn a_request_did_nothing() {
    let refused = |app: &mut App, ask: &dyn Fn(&mut Commands)| {
        request(app, |commands| ask(commands));
        frames(app, 4);
        let rejected = received::<RequestRejected>(app);
        let error = &rejected.last().unwrap_or_else(|| panic!("it is refused")).error;
        format!("{error:?}: {error}")
    };
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, |_| {});
    app.world_mut().spawn(Health(1));
    let none = refused(&mut app, &|commands| {
        commands.session().checkpoint("early");
    });
    start(&mut app, "Campaign");
    let played = app.world().resource::<CurrentSession>().id();
    let already = refused(&mut app, &|commands| {
        commands.session().start(NewSession::named("Another"));
    });
    let nothing = refused(&mut app, &|commands| {
        commands.session().rewind(RewindTo::BeforeRewind);
    });
    let mut second = listening(&disk, |_| {});
    frames(&mut second, 3);
    let in_use = refused(&mut second, &|commands| {
        commands.session().continue_session(played);
    });
    let unknown = refused(&mut second, &|commands| {
        commands.session().continue_session(SessionId::random());
    });
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 3);
    let ended = refused(&mut app, &|commands| {
        commands.session().continue_session(played);
    });
    let mut off = game_with(plugin(&disk).mode(SessionMode::Off), listen::<RequestRejected>);
    let off = refused(&mut off, &|commands| {
        commands.session().start(NewSession::named("Off"));
    });
    assert_on_page(
        "## My request did nothing",
        &[none, already, ended, in_use, unknown, nothing, off],
    );
}

/// The page has the words of hints that other tests bring about: modes, the dialog, restores.
#[test]
fn the_texts_of_hints_are_on_the_troubleshooting_page() {
    let said = [SessionHint::StoppedInDevelopment, SessionHint::DialogWithoutCamera];
    assert_on_page("## Nobody was asked", &said.map(|hint| hint.to_string()));
    let (_, wrong) = PAGE.split_once("## It came back wrong").expect("the section");
    let text = |text: &str| text.to_owned();
    let saved = vec![text("hop::Lamp")];
    let hints = [
        (
            "nothing has put it back",
            SessionHint::NotPutBack { saved, components: vec![text("Sprite")] }.to_string(),
        ),
        (
            "are there twice",
            SessionHint::SpawnedTwice { saved: vec![text("hop::Lamp")], entities: 3 }.to_string(),
        ),
        (
            "came back without their ChildOf",
            SessionHint::LinkNotRestored { type_path: text("bevy::ChildOf"), entities: 2 }
                .to_string(),
        ),
        (
            "holds an entity that isn't mapped",
            SessionHint::EntityNotMapped { type_path: text("hop::Aim"), field: text(".at") }
                .to_string(),
        ),
        (
            "values of a type aren't restored",
            text(include_str!("../../../src/lifecycle/losses.rs")),
        ),
    ];
    for (words, said) in hints {
        assert!(wrong.contains(&format!("`{words}`")), "{words:?} should be on the page");
        assert!(said.contains(words), "{words:?} should be in {said:?}");
    }
}
