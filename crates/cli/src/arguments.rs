//! The arguments of the command line.

mod resolving;

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::archive::Keep;
use crate::cat::Wanted;
use crate::diff::Compared;
use crate::export::Exported;
use crate::fork::Forks;
use crate::health::{Baselines, Bounds};
use crate::import::Imported;
use crate::insights::Asked;
use crate::list::Filters;
use crate::player::Player;
use crate::prune::Rules;
use crate::removal::Remove;
use crate::view::Viewed;

const EXIT_CODES: &str = "\
Exit codes: 0 all is good; 1 something is damaged, can't be read, or is refused, such as for a session in use; \
2 nothing intact is left of what was asked for, or the disk failed; 64 there is no such command, place, session or \
checkpoint, or the place for the result is taken.";

/// Inspects the sessions that a game keeps with `bevy_session`.
///
/// It may be used while the game runs. Only `import`, `rewind`, `archive`, `unarchive`, `delete`, `undelete`, and with
/// `--apply` `prune` and `player erase`, change a game's files. They do it as the game does, under its locks.
#[derive(Parser, Debug)]
#[command(name = "bevy-session", version, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
    /// Write JSON: one object for each line
    #[arg(long, global = true)]
    pub json: bool,
}

/// The tool's commands.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// List the sessions, one on each line
    #[command(after_help = example("list ~/.local/share/acme/hop\n  bevy-session list --game Acme/Hop --left crash --since 7d"))]
    List(List),
    /// Show everything about a session: status, files, checkpoints, crashes
    #[command(after_help = example("show --game Acme/Hop 01a1fb8e-1228"))]
    Show(OfSession),
    /// Check the files of a session, or of all sessions and slots, against their checksums
    #[command(after_help = example("verify --read-data --game Acme/Hop"))]
    Verify(Verify),
    /// Print the values of a checkpoint, one row on each line
    #[command(after_help = example("cat --game Acme/Hop last --type Health\n  bevy-session cat quick.save"))]
    Cat(Cat),
    /// Compare two checkpoints: print what differs, one field on each line
    ///
    /// Exit codes are those of diff: 0 nothing differs, 1 something does, 2 one can't be read.
    #[command(after_help = example("diff --game Acme/Hop last last~12 last --ignore '**.translation'"))]
    Diff(Diff),
    /// Print the recorded events and checkpoints of sessions, in the order of time
    #[command(after_help = example("log --game Acme/Hop last --follow\n  bevy-session log --game Acme/Hop last last~1"))]
    Log(Log),
    /// Show what makes a session large: its bytes by file, frame, type and checkpoint
    #[command(after_help = example("stats --game Acme/Hop last"))]
    Stats(OfSession),
    /// Export a checkpoint, and the events up to it, as rows for other programs
    ///
    /// Of one session, any checkpoint can be chosen. Of several, the newest of each is exported, and each row names its
    /// session.
    #[command(after_help = example("export --game Acme/Hop last --to json > world.json\n  bevy-session export --game Acme/Hop last 7 --to csv --output ./world\n  bevy-session export --game Acme/Hop --all --to sqlite --output all.db"))]
    Export(Export),
    /// Write an HTML page that shows sessions, in one file that any browser opens
    #[command(after_help = example("view --game Acme/Hop last --output last.html\n  bevy-session view --game Acme/Hop --all --output all.html"))]
    View(View),
    /// Show the fork of a session that was played on in two places
    #[command(subcommand, after_help = example("fork show --game Acme/Hop last"))]
    Fork(Forks),
    /// Report what all sessions show: who gets better, which levels are too hard, what works, where players stop
    ///
    /// Each statement has its number of samples and its interval; one with too few samples says how many it needs.
    /// Sessions in the trash, and those that were played without the player's consent, aren't counted.
    #[command(after_help = example("insights --game Acme/Hop --output insights.html\n  bevy-session insights --game Acme/Hop --skill parry=hop::Struck:was_parried --deaths hop::Died --json"))]
    Insights(OfAll),
    /// Copy what is intact of a damaged session into a new directory, which a game can play
    ///
    /// The session itself stays as it is. Exit codes: 0 all was kept, 1 something was lost, 2 nothing intact is left.
    #[command(after_help = example("repair --game Acme/Hop last --to ./repaired"))]
    Repair(Repair),
    /// Import reports, exported sessions and slots into the directory of their game, each as a slot
    ///
    /// The game's load menu then shows them. Nothing is replaced: a file that was imported before is reported as
    /// already there. The game may be running.
    #[command(after_help = example("import crash.report.tar --game Acme/Hop\n  bevy-session import quick.save --into ./my-game"))]
    Import(Imported),
    /// Take a session back to a checkpoint, at which its game then goes on
    ///
    /// The game must not play the session. Nothing is removed: what is newer stays as a branch, to which `rewind` leads
    /// as well. Deaths after earlier restores don't count any more. Use `show` to see branches and checkpoints.
    #[command(after_help = example("rewind --game Acme/Hop last @12:30\n  bevy-session rewind --game Acme/Hop Relics 7"))]
    Rewind(Rewind),
    /// Copy a session of a replica into a new directory, which a game can play
    ///
    /// The session isn't claimed: a machine that plays it isn't disturbed.
    #[command(after_help = example("pull postgres://arena@db.example.com/worlds last --to ./my-game"))]
    Pull(Pull),
    /// Bring a replica up to date with a session of a game's directory
    ///
    /// This is done as by a game that plays the session, under its lock. It is refused while another machine
    /// owns the session.
    #[command(after_help = example("push --game Acme/Hop last --to postgres://arena@db.example.com/worlds"))]
    Push(Push),
    /// Bring a second store to the state of a replica, once: all sessions, or those whose ids begin so
    ///
    /// What is removed in the replica is removed there too. A session of which the second store has something that the
    /// replica has lost is left as it is. Exit codes: 0 all are whole, 1 one isn't.
    #[command(after_help = example("mirror postgres://arena@db.example.com/worlds --to s3://saves/archive"))]
    Mirror(Mirrored),
    /// Remove a session from a replica for good
    ///
    /// Without --apply, it only shows what would be removed. No machine plays the session after that, and what one still
    /// has of it stays there. Random numbers are left, by which every machine knows that it is gone.
    #[command(after_help = example("remove postgres://arena@db.example.com/worlds 01a1fb8e-1228 --apply"))]
    Remove(Remove),
    /// Archive sessions: of each, its newest checkpoint, or its summary alone, is kept in one file
    ///
    /// It is refused while the session is played, and while a crash waits for the player's decision.
    #[command(after_help = example("archive --game Acme/Hop 01a1fb8e-1228 Relics"))]
    Archive(Archive),
    /// Take sessions out of the archive again, unless only their summary was kept
    #[command(after_help = example("unarchive --game Acme/Hop Relics"))]
    Unarchive(Unarchive),
    /// Move sessions to the trash; undelete takes them out again
    ///
    /// Their files stay. The game removes them after 30 days in the trash, or the time that it sets.
    #[command(after_help = example("delete --game Acme/Hop 'My first farm'"))]
    Delete(Delete),
    /// Take sessions out of the trash again
    #[command(after_help = example("undelete --game Acme/Hop 'My first farm'"))]
    Undelete(Undelete),
    /// Show which sessions retention rules would remove, and why
    ///
    /// Nothing is removed without --apply. A game does the same with the same rules.
    #[command(after_help = example("prune --game Acme/Hop --keep failed=7d,newest:5 --keep closed=newest:100"))]
    Prune(Prune),
    /// List the players whose data is kept, or export or erase all data of one
    #[command(subcommand, after_help = example("player list --game Acme/Hop\n  bevy-session player export --game Acme/Hop --name steam:42 --to steam-42.tar\n  bevy-session player erase --game Acme/Hop --name steam:42"))]
    Player(Player),
    /// List the kinds of files that a game keeps, the personal data in each, and when it is removed
    #[command(after_help = example("inventory --json"))]
    Inventory,
    /// Find what is wrong and say what to do about it, with codes that the runbook explains
    ///
    /// Exit codes: 0 nothing is wrong, 1 something is.
    #[command(after_help = example("doctor --game Acme/Hop\n  bevy-session doctor --game Acme/Hop --second-place 'Documents/Hop saves'"))]
    Doctor(Doctor),
    /// Check that a game runs and saves, for a probe that opens no port
    ///
    /// This reads the record that each process of a game writes once a second. Exit codes: 0 it runs and is within the
    /// bounds, 1 it isn't, 2 no process of the game runs, 64 there is no such place. With `--baseline`: 0 no figure is worse,
    /// 1 one is.
    #[command(after_help = example("health --game Acme/Hop --max-age 30s --max-checkpoint-age 5m\n  bevy-session health --game Acme/Hop --playing\n  bevy-session health --game Acme/Hop --baseline 1.4.json"))]
    Health(Health),
    /// Write a script that completes the command line in a shell
    #[command(after_help = example("completions bash > ~/.local/share/bash-completion/completions/bevy-session"))]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// A place.
#[derive(Args, Debug)]
pub struct OfPlace {
    /// A directory or file that holds sessions
    ///
    /// What `SessionPlugin::directory` was given, the game's data directory, any directory between that and a
    /// session's own, the folder of a file cloud, the file of a slot, an archive or a segment, or a report. Or a
    /// replica, which is only read: `dir:PATH`, `postgres://USER@HOST:PORT/DATABASE` with the password in PGPASSWORD, or
    /// `s3://BUCKET/PREFIX` with the keys in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    #[arg(value_hint = ValueHint::AnyPath)]
    place: Option<OsString>,
    /// The game, whose data directory on this platform is used instead of PLACE
    ///
    /// Its names are what `SessionPlugin::new` was given.
    #[arg(long, value_name = "STUDIO/GAME")]
    game: Option<Game>,
}

/// The arguments of `list`.
#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    place: OfPlace,
    /// List the slots instead: saves that players made. Filters don't apply
    #[arg(long)]
    slots: bool,
    #[command(flatten, next_help_heading = "Filters")]
    filters: Filters,
}

/// A session of a place.
#[derive(Args, Debug)]
pub struct OfSession {
    #[command(flatten)]
    place: OfPlace,
    /// The session: an id or the beginning of one, a name, `last` or `last~2`
    ///
    /// `last` is the session that was played last, and `last~2` the second before it, not counting the trash.
    /// A file holds one session, so none has to be named.
    session: Option<OsString>,
}

/// Sessions of a place that are named, one by one.
#[derive(Args, Debug)]
pub struct Sessions {
    #[command(flatten)]
    place: OfPlace,
    /// The sessions: ids or the beginnings of them, names, `last` or `last~2`
    #[arg(value_name = "SESSION")]
    sessions: Vec<OsString>,
}

/// The arguments of `pull`.
#[derive(Args, Debug)]
pub struct Pull {
    #[command(flatten)]
    pub session: OfSession,
    /// The directory that is to be made, or is empty
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub to: PathBuf,
}

/// The arguments of `push`.
#[derive(Args, Debug)]
pub struct Push {
    #[command(flatten)]
    pub session: OfSession,
    /// The replica: `dir:PATH`, `postgres://USER@HOST:PORT/DATABASE` or `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "REPLICA")]
    pub to: String,
}

/// The arguments of `mirror`.
#[derive(Args, Debug)]
pub struct Mirrored {
    /// The replica: `dir:PATH`, `postgres://USER@HOST:PORT/DATABASE` or `s3://BUCKET/PREFIX`
    #[arg(value_name = "REPLICA")]
    pub from: String,
    /// The beginning of a session's id
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// The second store, named in the same way
    #[arg(long, value_name = "REPLICA")]
    pub to: String,
}

/// The arguments of `archive`.
#[derive(Args, Debug)]
pub struct Archive {
    #[command(flatten)]
    sessions: Sessions,
    /// What is kept of each
    #[arg(long, value_enum, default_value_t)]
    keep: Keep,
}

/// The arguments of `delete`.
#[derive(Args, Debug)]
pub struct Delete {
    #[command(flatten)]
    sessions: Sessions,
}

/// The arguments of `undelete`.
#[derive(Args, Debug)]
pub struct Undelete {
    #[command(flatten)]
    sessions: Sessions,
}

/// The arguments of `unarchive`.
#[derive(Args, Debug)]
pub struct Unarchive {
    #[command(flatten)]
    sessions: Sessions,
}

/// The arguments of `verify`.
#[derive(Args, Debug)]
pub struct Verify {
    #[command(flatten)]
    pub session: OfSession,
    /// Unpack and decode all checkpoints as well
    #[arg(long)]
    pub read_data: bool,
}

/// A checkpoint of a session.
#[derive(Args, Debug)]
pub struct OfCheckpoint {
    #[command(flatten)]
    session: OfSession,
    /// The checkpoint: `7`, `7@e5a9`, `last`, `last~2` or `@12:30` [default: last]
    ///
    /// A number, on the newest line or wherever only one has it; a number and the beginning of its run; the
    /// newest on the newest line, or the second before it; or the newest there at or before a local time, which
    /// may have a date: `@2026-01-31T12:30`.
    checkpoint: Option<OsString>,
}

/// The arguments of `rewind`.
#[derive(Args, Debug)]
pub struct Rewind {
    #[command(flatten)]
    session: OfSession,
    /// The checkpoint: `7`, `7@e5a9`, `last`, `last~2` or `@12:30`, see `cat --help`
    checkpoint: Option<OsString>,
}

/// The arguments of `cat`.
#[derive(Args, Debug)]
pub struct Cat {
    #[command(flatten)]
    pub checkpoint: OfCheckpoint,
    #[command(flatten)]
    pub wanted: Wanted,
}

/// The arguments of `diff`.
#[derive(Args, Debug)]
pub struct Diff {
    #[command(flatten)]
    session: OfSession,
    /// The checkpoint to compare from: `7`, `7@e5a9`, `last~2` or `@12:30`, see `cat --help`
    before: Option<OsString>,
    /// The checkpoint that is compared with it [default: last]
    after: Option<OsString>,
    /// Look for AFTER in this file, whatever session it holds, or for the same session in this directory
    #[arg(long, value_name = "PLACE", value_hint = ValueHint::AnyPath)]
    with: Option<OsString>,
    #[command(flatten)]
    pub compared: Compared,
}

/// Sessions of a place: some, or all.
#[derive(Args, Debug)]
pub struct SomeSessions {
    #[command(flatten)]
    sessions: Sessions,
    /// All sessions of the place
    #[arg(long)]
    all: bool,
}

/// The arguments of `log`.
#[derive(Args, Debug)]
pub struct Log {
    #[command(flatten)]
    pub sessions: SomeSessions,
    /// Keep printing new entries, until interrupted or the session is deleted
    #[arg(long, short)]
    pub follow: bool,
}

/// The arguments of `export`.
#[derive(Args, Debug)]
pub struct Export {
    #[command(flatten)]
    place: OfPlace,
    /// The session and its checkpoint, as `cat --help` names them, or several sessions [default checkpoint: last]
    ///
    /// Of two words, the second is a checkpoint if it is `7`, `7@e5a9`, `last`, `last~2` or `@12:30`.
    #[arg(value_name = "SESSION [CHECKPOINT] | SESSION")]
    words: Vec<OsString>,
    /// All sessions of the place
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    pub wanted: Exported,
}

/// The arguments of `view`.
#[derive(Args, Debug)]
pub struct View {
    #[command(flatten)]
    pub sessions: SomeSessions,
    #[command(flatten)]
    pub wanted: Viewed,
}

/// The arguments of `insights`.
#[derive(Args, Debug)]
pub struct OfAll {
    #[command(flatten)]
    pub place: OfPlace,
    #[command(flatten)]
    pub asked: Asked,
}

/// The arguments of `prune`.
#[derive(Args, Debug)]
pub struct Prune {
    #[command(flatten)]
    pub place: OfPlace,
    #[command(flatten)]
    pub rules: Rules,
}

/// The arguments of `repair`.
#[derive(Args, Debug)]
pub struct Repair {
    #[command(flatten)]
    pub session: OfSession,
    /// Where the copy is written: a directory that isn't there yet or is empty
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub to: PathBuf,
}

/// The arguments of `doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    place: OfPlace,
    /// What `SessionPlugin::fallback_directory` was given: report the sessions there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    second_place: Option<PathBuf>,
}

/// The arguments of `health`.
#[derive(Args, Debug)]
pub struct Health {
    #[command(flatten)]
    pub place: OfPlace,
    #[command(flatten)]
    pub bounds: Bounds,
    #[command(flatten)]
    pub baselines: Baselines,
}

/// A game, by the names that `SessionPlugin::new` was given.
#[derive(Clone, Debug)]
pub struct Game {
    pub studio: String,
    pub game: String,
}

impl FromStr for Game {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (studio, game) = text.split_once('/').ok_or("expected STUDIO/GAME")?;
        Ok(Self { studio: studio.to_owned(), game: game.to_owned() })
    }
}

/// The script for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bevy-session", &mut script);
    script
}

/// The example below a command's help.
fn example(line: &str) -> String {
    format!("Example:\n  bevy-session {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_passes_the_checks_of_clap() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_has_an_example() {
        for verb in Arguments::command().get_subcommands() {
            let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("bevy-session "), "{}", verb.get_name());
        }
    }

    #[test]
    fn options_may_stand_anywhere() {
        for line in ["verify --read-data --json x", "--json verify x --read-data"] {
            let words = ["bevy-session"].into_iter().chain(line.split_whitespace());
            let arguments = Arguments::try_parse_from(words);
            let Ok(Arguments { verb: Verb::Verify(verify), json: true }) = arguments else {
                panic!("{line}: {arguments:?}");
            };
            assert!(verify.read_data && verify.session.place.place.is_some(), "{line}");
        }
    }
}
