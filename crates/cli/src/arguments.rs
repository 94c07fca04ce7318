//! What was asked for on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use bevy_session_journal::store::platform_roots;

use crate::failure::Failure;

/// What `--help` says.
pub const HELP: &str = "\
Looks at the sessions that a game keeps with bevy_session. It never changes anything, and may be used
while the game runs.

  bevy-session list   [--json] DIRECTORY
  bevy-session show   [--json] DIRECTORY SESSION
  bevy-session verify [--json] [--read-data] DIRECTORY [SESSION]

DIRECTORY  what `SessionPlugin::directory` was given, the game's data directory, or any directory
           between that and a session's own; or --game STUDIO/GAME in its place, for what
           `SessionPlugin::new` was given
SESSION    a session's id, or as much of its beginning as no other has

--json       one JSON object for each line
--read-data  unpack and decode all checkpoints, instead of holding checksums against the files

Exit codes: 0 all is good, 1 something is damaged or can't be read, 2 of some session nothing good is
left, or the disk failed, 64 there is no such command, directory or session.
";

/// What was asked for.
#[derive(PartialEq, Eq, Debug)]
pub enum Task {
    Help,
    Version,
    List { directory: PathBuf, json: bool },
    Show { directory: PathBuf, session: String, json: bool },
    Verify { directory: PathBuf, session: Option<String>, read_data: bool, json: bool },
}

/// Reads the arguments, without the program's own name.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, Failure> {
    let (mut json, mut read_data, mut only_words) = (false, false, false);
    let (mut words, mut directory) = (Vec::new(), None);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--") if !only_words => only_words = true,
            Some(flag) if flag.starts_with('-') && !only_words => match flag {
                "--json" => json = true,
                "--read-data" => read_data = true,
                "--game" => directory = Some(data_of_game(arguments.next())?),
                "--help" | "-h" => return Ok(Task::Help),
                "--version" | "-V" => return Ok(Task::Version),
                unknown => return Err(Failure::usage(format!("there is no option {unknown}"))),
            },
            _ => words.push(argument),
        }
    }
    let mut words = words.into_iter();
    let command = words.next().ok_or_else(|| Failure::usage("a command is missing"))?;
    let directory = directory.or_else(|| words.next().map(PathBuf::from));
    let session = words.next().map(|word| word.to_string_lossy().into_owned());
    if let Some(word) = words.next() {
        let word = word.to_string_lossy();
        return Err(Failure::usage(format!("there is one argument too many: {word}")));
    }
    let command = command.to_string_lossy();
    if !matches!(&*command, "list" | "show" | "verify") {
        return Err(Failure::usage(format!("there is no command {command}")));
    }
    if read_data && command != "verify" {
        return Err(Failure::usage(format!("{command} has no option --read-data")));
    }
    let directory = directory.ok_or_else(|| Failure::usage("a directory is missing"))?;
    match (&*command, session) {
        ("list", None) => Ok(Task::List { directory, json }),
        ("list", Some(word)) => {
            Err(Failure::usage(format!("there is one argument too many: {word}")))
        }
        ("show", Some(session)) => Ok(Task::Show { directory, session, json }),
        ("show", None) => Err(Failure::usage("a session is missing")),
        (_, session) => Ok(Task::Verify { directory, session, read_data, json }),
    }
}

/// Where the platform keeps the data of a game.
fn data_of_game(game: Option<OsString>) -> Result<PathBuf, Failure> {
    let game = game.ok_or_else(|| Failure::usage("--game needs STUDIO/GAME"))?;
    let game = game.to_string_lossy();
    let (studio, game) =
        game.split_once('/').ok_or_else(|| Failure::usage(format!("{game} is no STUDIO/GAME")))?;
    let roots = platform_roots(studio, game);
    roots.map(|(data, _)| data).ok_or_else(|| Failure::usage("this platform names no place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, Failure> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_may_stand_anywhere() {
        for line in ["verify --read-data --json x", "--json verify x --read-data"] {
            let task = parsed(line).ok();
            let directory = PathBuf::from("x");
            assert_eq!(
                task,
                Some(Task::Verify { directory, session: None, read_data: true, json: true })
            );
        }
        let task = parsed("list -- --json").ok();
        assert_eq!(task, Some(Task::List { directory: "--json".into(), json: false }));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "",
            "list",
            "lst x",
            "list x y",
            "show x",
            "list --read-data x",
            "list --jsn x",
            "show a b c",
            "list --game",
            "list --game hop",
            "list --game acme/hop x",
        ] {
            assert!(matches!(parsed(line), Err(Failure::Usage { .. })), "{line}");
        }
    }
}
