//! Kills the runnable example with SIGKILL, again and again, and looks at how it comes back.
//!
//! The example is a separate process, and all that is believed is what it printed before it died:
//! each line is printed before the next thing happens, so what was acknowledged is known exactly.

#![expect(clippy::print_stdout, reason = "a failure is replayed with the seed that is printed")]

mod both_ways;
mod cloud;
mod commands;
mod erasing;
mod filing;
mod finding;
mod game;
mod insights;
#[cfg(feature = "game")]
mod lamplighter;
mod metrics;
mod notes;
mod objectives;
mod oracle;
mod replays;
mod replica;
mod reports;

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(unix)]
use rustix::process::Signal;

use game::{Game, Story};
use oracle::{Oracle, TakenUp};

/// A small colony with many checkpoints.
const BUSY: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "20", "--changes", "0.1"];
/// Kills, unless `BEVY_SESSION_KILLS` asks for more.
const ROUNDS: u32 = 50;

// Feature: After `kill -9` the game is back at an acknowledged checkpoint or a newer one.
// Page: guide/recovery.md
#[test]
fn every_kill_is_recovered_at_an_acknowledged_or_newer_checkpoint() {
    let rounds = number_from_environment("BEVY_SESSION_KILLS").map_or(ROUNDS, |n| n as u32);
    let seed = number_from_environment("BEVY_SESSION_SEED").unwrap_or_else(now);
    println!("{rounds} kills, BEVY_SESSION_SEED={seed}");
    let mut dice = Dice(seed);
    let directory = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::default();
    let mut last_words = String::new();
    for round in 0..rounds {
        let mut game = Game::start(directory.path(), &BUSY);
        let ending = Ending::draw(&mut dice, round);
        ending.bring_about(&mut game);
        let story = game.kill();
        if let Err(complaint) = oracle.listen(&story) {
            let kept = directory.keep();
            panic!(
                "{complaint}\n\nround {round}, BEVY_SESSION_SEED={seed}, {ending:?}, files kept in \
                 {}\n{story}\n--- the round before ---\n{last_words}",
                kept.display()
            );
        }
        last_words = format!("{ending:?}\n{story}");
    }
    // However busy the machine is: how far the rounds before got is up to that.
    let mut game = Game::start(directory.path(), &BUSY);
    (0..3).for_each(|_| game.wait_for("checkpoint_saved"));
    learn(&mut oracle, &game.kill());
    println!("{} recoveries, {} acknowledged", oracle.recoveries, oracle.acknowledged);
    assert!(oracle.recoveries > rounds / 3, "most rounds should get as far as a recovery");
    assert!(oracle.acknowledged >= 3, "the last round gets on with the game");
}

#[test]
fn a_colony_continues_where_the_player_quit() {
    let directory = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::default();
    // So long an interval that there is no checkpoint between the first and the last.
    let arguments = ["--entities", "300", "--checkpoint-ms", "86400000", "--seconds", "0.3"];
    let mut expected = TakenUp::Started;
    for _ in 0..3 {
        let story = Game::start(directory.path(), &arguments).finish();
        learn(&mut oracle, &story);
        assert_eq!(story.exit_code(), Some(0), "{story}");
        assert_eq!(story.count("session_closed"), 1, "{story}");
        assert_eq!(story.count("captured"), 2, "the end should be captured\n{story}");
        assert_eq!(story.count("recovery_available"), 0, "quitting should be no crash\n{story}");
        assert_eq!(oracle.taken_up, Some(expected), "{story}");
        expected = TakenUp::Continued { at: oracle.newest() };
    }
}

#[test]
#[cfg(unix)]
fn a_signal_is_an_exit_and_no_crash() {
    let directory = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::default();
    let mut expected = TakenUp::Started;
    for signal in [Signal::TERM, Signal::INT, Signal::TERM] {
        let mut game = Game::start(directory.path(), &BUSY);
        game.wait_for("checkpoint_saved");
        game.signal(signal);
        let story = game.finish();
        learn(&mut oracle, &story);
        assert_eq!(story.exit_code(), Some(0), "{story}");
        assert_eq!(story.count("session_closed"), 1, "{story}");
        assert_eq!(story.count("recovery_available"), 0, "{story}");
        assert_eq!(oracle.taken_up, Some(expected), "{story}");
        expected = TakenUp::Continued { at: oracle.newest() };
    }
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Game::start(directory.path(), &BUSY);
    first.wait_for("checkpoint_saved");
    for arguments in [&BUSY[..], &["--new"]] {
        let second = Game::start(directory.path(), arguments).finish();
        assert_eq!(second.exit_code(), Some(1), "{second}");
        assert_eq!(second.errors(), ["session_in_use"], "{second}");
        assert_eq!(second.events.len(), 1, "the second one should touch nothing\n{second}");
    }
    first.wait_for("checkpoint_saved");
    let mut oracle = Oracle::default();
    learn(&mut oracle, &first.kill());

    let mut third = Game::start(directory.path(), &BUSY);
    third.wait_for("checkpoint_saved");
    learn(&mut oracle, &third.kill());
    assert!(matches!(oracle.taken_up, Some(TakenUp::Recovered { .. })), "{oracle:?}");
}

#[test]
fn the_first_checkpoint_holds_the_whole_colony() {
    let directory = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::default();
    for round in 0..2 {
        let arguments = ["--entities", "300", "--checkpoint-ms", "60000"];
        let mut game = Game::start(directory.path(), &arguments);
        game.wait_for("checkpoint_saved");
        let story = game.kill();
        learn(&mut oracle, &story);
        let opening = story.events.iter().find(|line| line["event"] == "captured").unwrap();
        assert_eq!(opening["kind"], "full", "{story}");
        let rows = opening["changed"].as_u64().unwrap();
        assert!(rows >= 300 * 5, "everybody has five components\n{story}");
        let expected = [TakenUp::Started, TakenUp::Recovered { at: 1 }][round];
        assert_eq!(oracle.taken_up, Some(expected), "{story}");
    }
}

#[test]
fn a_wrong_option_is_answered_with_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let all = [&["--frobnicate"][..], &["--entities", "many"], &["--changes", "2"], &["--seed"]];
    for wrong in all {
        let story = Game::start(directory.path(), wrong).finish();
        assert_eq!(story.exit_code(), Some(1), "{story}");
        assert!(story.complaints().contains(wrong[0]), "it should name the option\n{story}");
    }
    assert_eq!(directory.path().read_dir().unwrap().count(), 0, "nothing should be written");
}

fn learn(oracle: &mut Oracle, story: &Story) {
    if let Err(complaint) = oracle.listen(story) {
        panic!("{complaint}\n{story}");
    }
}

/// The moment at which a round ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// So long after the start of the process: while it starts up or recovers.
    AfterStart(Duration),
    /// So long after it had taken the session up: around its own first snapshot.
    AfterTakeUp(Duration),
    /// So long after the capture of this many checkpoints: while they are written.
    AfterCaptures(u32, Duration),
    /// So long after it was asked to exit: while the end is written.
    #[cfg(unix)]
    WhileExiting(Duration),
}

impl Ending {
    fn draw(dice: &mut Dice, round: u32) -> Self {
        match round % 5 {
            0 => Self::AfterStart(dice.up_to(Duration::from_millis(30))),
            1 => Self::AfterStart(dice.up_to(Duration::from_millis(900))),
            2 => Self::AfterTakeUp(dice.up_to(Duration::from_millis(40))),
            #[cfg(unix)]
            3 if dice.roll(3) == 0 => Self::WhileExiting(dice.up_to(Duration::from_millis(20))),
            _ => {
                let captures = 1 + dice.roll(20) as u32;
                Self::AfterCaptures(captures, dice.up_to(Duration::from_millis(12)))
            }
        }
    }

    /// Returns when the process is to be killed.
    fn bring_about(self, game: &mut Game) {
        let wait = match self {
            Self::AfterStart(wait) => wait,
            Self::AfterTakeUp(wait) => {
                game.wait_for("captured");
                wait
            }
            Self::AfterCaptures(captures, wait) => {
                (0..captures).for_each(|_| game.wait_for("captured"));
                wait
            }
            #[cfg(unix)]
            Self::WhileExiting(wait) => {
                game.wait_for("checkpoint_saved");
                game.signal(Signal::TERM);
                wait
            }
        };
        std::thread::sleep(wait);
    }
}

/// Random numbers that can be drawn again (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides
    }

    fn up_to(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.roll(limit.as_micros() as u64 + 1))
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64
}
