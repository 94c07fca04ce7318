//! Several processes and one session: some fight for it, some only look at it.

// Feature: One process plays a session; another waits or is refused, and a lost lock is noticed.
// Page: guide/servers.md#directories

mod beside;

use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;

use crate::process::{Memory, Process, Story, directory, role, say, start_session, talking_game};
use crate::waiting::wait_until;

/// Fights, unless `BEVY_SESSION_FIGHTS` asks for more.
const ROUNDS: usize = 12;

/// The name of a checkpoint that only retention by name keeps.
const KEEPSAKE: &str = "keepsake";

#[test]
#[ignore = "the process that fights, run by the other tests of this module"]
fn child() {
    let Some(role) = role() else { return };
    let mut app = talking_game();
    match &*role {
        "begin" => app.add_systems(Startup, start_session).add_observer(
            |_: On<SessionStarted>, mut commands: Commands| {
                commands.session().checkpoint(KEEPSAKE);
            },
        ),
        "recover" => app.add_observer(recover),
        "start or continue" => app.add_systems(Startup, |mut commands: Commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        }),
        other => unreachable!("{other}"),
    };
    app.add_observer(|_: On<RequestRejected>, mut exit: MessageWriter<AppExit>| {
        exit.write(AppExit::error());
    });
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::from_millis(10);
    say("ready");
    wait_until(|| directory().join("go").exists());
    app.run();
}

/// Takes the session up, from the dialog or from the menu.
fn recover(
    _: On<SessionsFound>,
    mut commands: Commands,
    offers: Res<RecoveryOffers>,
    catalog: Res<SessionCatalog>,
    mut exit: MessageWriter<AppExit>,
) {
    let Some(entry) = catalog.sessions().first() else { panic!("there should be a session") };
    if entry.in_use {
        say("rejected SessionInUse");
        exit.write(AppExit::error());
    } else if let Some(offer) = offers.offers().first() {
        commands.session().recover(offer.session.id, RestoreFrom::Latest);
    } else {
        commands.session().continue_session(entry.session.id);
    }
}

/// Lets games go for the session at the same instant. Hands out the one that got it.
fn fight(roles: &[&str], directory: &Path, memory: &mut Memory) -> Process {
    let _ = std::fs::remove_file(directory.join("go"));
    let mut games: Vec<Process> =
        roles.iter().map(|role| Process::start("fight::child", role, directory)).collect();
    games.iter_mut().for_each(|game| drop(game.wait_for(&["ready"])));
    std::fs::write(directory.join("go"), "").unwrap();
    let mut winner = None;
    let mut losers = Vec::new();
    for mut game in games {
        if game.wait_for(&["saved", "rejected"]).starts_with("saved") {
            assert!(winner.replace(game).is_none(), "two play the same session: {roles:?}");
        } else {
            losers.push(game.finish());
        }
    }
    for story in &losers {
        assert_eq!(story.of("rejected").collect::<Vec<_>>(), ["SessionInUse"], "{story:?}");
        assert_eq!(story.of("captured").count() + story.of("restored").count(), 0, "{story:?}");
        memory.listen(story);
    }
    winner.unwrap_or_else(|| panic!("no game got the session: {roles:?} {losers:?}"))
}

/// Lets the winner play on until a few more checkpoints are safe, or not even one.
fn play_on(winner: &mut Process, round: usize) {
    (0..round % 4 * 3).for_each(|_| drop(winner.wait_for(&["saved"])));
}

#[test]
fn one_of_several_processes_gets_a_session_and_nothing_is_lost() {
    let rounds = std::env::var("BEVY_SESSION_FIGHTS").ok().and_then(|number| number.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let directory = tempfile::tempdir().unwrap();
    let mut memory = Memory::default();
    let mut winner = fight(&["begin"], directory.path(), &mut memory);
    let mut left = false;
    for round in 0..rounds {
        play_on(&mut winner, round);
        let story = if left { leave(winner) } else { winner.kill() };
        memory.listen(&story);
        let way = ["recover", "start or continue"];
        let roles: Vec<&str> = (0..2 + round % 2).map(|game| way[(round / 2 + game) % 2]).collect();
        winner = fight(&roles, directory.path(), &mut memory);
        // Every third one leaves in good order, and then it is a closed session they fight for.
        left = cfg!(unix) && round % 3 == 0;
    }
    let story = winner.kill();
    memory.listen(&story);
    assert!(memory.acknowledged > 4 * rounds as u64, "they should get on with it: {memory:?}");
}

fn leave(winner: Process) -> Story {
    #[cfg(unix)]
    winner.terminate();
    let story = winner.finish();
    assert_eq!(story.of("closed").collect::<Vec<_>>(), ["true"], "{story:?}");
    story
}
