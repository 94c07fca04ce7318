//! What it takes to erase a player among ten thousand sessions, and to clean up half of these, beside play. Takes
//! minutes, and is left out unless it is named: `cargo bench --bench numbers -- people cleanup`.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::{CleanupChange, Keep, LeftAs, Retention};
use bevy_session::prelude::*;
use bevy_session::rules::SessionRulesExt;

use crate::measure::{row, temporary};
use crate::mentions::Mentions;
use crate::thousands::{Answers, Beside, Measured, PLAYERS, SESSIONS, TO_A_SLOT, make, player};

/// The first player who is erased, and how many are.
const FIRST: usize = 7;
const ERASED: usize = 20;
/// The sessions that no rule keeps.
const GO: usize = 5_000;

/// Some of two hundred players are erased, one after the other.
pub fn people() {
    let directory = temporary("people");
    make(&directory);
    let first = player(FIRST);
    let before = Mentions::below(&directory, &first);
    assert!(before.plain > 0 && before.packed > 0, "the search has to find what is there");
    let mut game = Beside::begin(directory, |_| {});
    let erased: Vec<Measured> = (FIRST..FIRST + ERASED).map(|it| erase(&mut game, it)).collect();
    let sessions = SESSIONS / PLAYERS;
    Measured::longest_of(erased).rows(&format!(
        "erasing one of {PLAYERS} players, with {sessions} of {SESSIONS} sessions, beside play until the receipt; {ERASED} times, the longest"
    ));
    // The end of a process writes as well.
    let directory = game.end();
    let after = Mentions::below(&directory, &first);
    row(
        "bytes left of the player's name, packed frames opened (aim 0)",
        format!(
            "{} of {}, in {} files with {} packed frames",
            after.plain + after.packed,
            before.plain + before.packed,
            after.files,
            after.frames
        ),
    );
    let _ = std::fs::remove_dir_all(directory);
}

fn erase(game: &mut Beside, number: usize) -> Measured {
    let erased = player(number);
    let measured = game.measure(
        |commands| commands.session().library().erase_player(&*erased),
        |world| world.resource::<Answers>().erased.is_some(),
    );
    let receipt = game.app.world_mut().resource_mut::<Answers>().erased.take();
    let receipt = receipt.expect("it was waited for");
    let sessions = SESSIONS / PLAYERS;
    let expected = (sessions, sessions.div_ceil(TO_A_SLOT), true);
    assert_eq!((receipt.sessions, receipt.slots, receipt.is_complete()), expected, "{receipt:?}");
    measured
}

/// Half of the sessions go into the trash by a rule, and in the next process for good.
pub fn cleanup() {
    let made = temporary("made");
    make(&made);
    // The session that was left last stays, whatever the rules say.
    let rules = Retention::default().keep(LeftAs::Closed, Keep::newest_of(SESSIONS - GO - 1));
    // The rules are followed once after the start as well, when these sessions aren't there yet.
    let mut game = Beside::begin(temporary("cleanup"), |app| {
        app.prune_sessions(rules);
    });
    game.bring(&made);
    let measured = clean_up(&mut game, |_| {}, |_| true);
    let cleaned = game.app.world_mut().resource_mut::<Answers>().cleaned.take();
    let cleaned = cleaned.expect("it was waited for");
    assert!(cleaned.is_complete && cleaned.refused.is_empty(), "{:?}", cleaned.refused);
    assert_eq!((cleaned.count(CleanupChange::Trashed), in_trash(game.app.world())), (GO, GO));
    measured
        .rows(&format!("a cleanup beside play that puts {GO} of {SESSIONS} sessions in the trash"));
    let mut game = Beside::begin(game.end(), |_| {});
    // Not before it is measured: the start looks at the trash as well.
    let measured = clean_up(
        &mut game,
        |settings| settings.storage.trash = Some(Duration::ZERO),
        |world| in_trash(world) == 0,
    );
    measured.rows(&format!("a cleanup beside play that removes these {GO} for good"));
    let left = game.app.world().resource::<SessionCatalog>().sessions().len();
    // This one and the one before were played meanwhile.
    assert_eq!(left, SESSIONS - GO + 2);
    let directory = game.end();
    for directory in [directory, made] {
        let _ = std::fs::remove_dir_all(directory);
    }
}

/// Cleans up by other settings, until something is the case as well.
fn clean_up(
    game: &mut Beside,
    set: fn(&mut SessionSettings),
    is_so: fn(&World) -> bool,
) -> Measured {
    game.measure(
        |commands| {
            commands.queue(move |world: &mut World| {
                set(&mut world.resource_mut::<SessionSettings>());
            });
            commands.session().library().clean_up()
        },
        |world| world.resource::<Answers>().cleaned.is_some() && is_so(world),
    )
}

fn in_trash(world: &World) -> usize {
    let sessions = world.resource::<SessionCatalog>().sessions().iter();
    sessions.filter(|entry| entry.session.place.is_in_trash()).count()
}
