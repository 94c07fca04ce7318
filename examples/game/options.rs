//! Options for the person who starts the game.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use bevy::prelude::*;
use directories::ProjectDirs;

pub const HELP: &str = "\
Lamplighter: a small game that nothing can kill for good.

Usage: game [OPTIONS]

  --entities N      fireflies in a level, each of them saved [default: as the scenario says]
  --data DIR        keep sessions below DIR [default: where this system keeps a game's data]; the pictures of
                    --shots and --film are taken there, and it must not exist [default: a temporary directory]
  --seed N          where fireflies are in a new game [default: another place each time]
  --plant N         play N sessions in no time, to have something in the load menu, and exit
  --replay PATH     watch what was recorded: a report, or a directory of sessions, of which it is the last
  --shots DIR       play the whole story by itself, crash included, and put pictures of it into DIR
  --film DIR        play a crash and the way back, and put the pictures of a film into DIR
  --window WxH      the size of the window [default: 1280x720]
  --language en|de  what the game speaks [default: en]
  --help            print this and exit

Without a window, for those who look whether a crash can be played again:

  --panic-seed N        play by itself, with a bug in the rules that N decides, until that panics
  --last-report FILE    write a report of the last run into FILE
  --replay-report FILE  play such a report until it panics, and print where";

/// The options of the command line.
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct Options {
    pub data: PathBuf,
    pub entities: Option<u32>,
    pub seed: Option<u64>,
    pub window: (u32, u32),
    /// The name of a file in `assets/lamplighter`.
    pub language: String,
    pub plant: Option<u32>,
    pub shots: Option<PathBuf>,
    /// True if the pictures are those of a film.
    pub film: bool,
    pub replay: Option<PathBuf>,
    pub panic_seed: Option<u64>,
    pub last_report: Option<PathBuf>,
    pub replay_report: Option<PathBuf>,
    /// Which part of the story this process plays; it is started by the one that has `--shots` or `--film` only.
    pub act: Option<u8>,
    pub help: bool,
}

impl Options {
    /// Reads the command line, or says in a sentence what is wrong with it.
    pub fn from_command_line() -> Result<Self, String> {
        let mut options = Self {
            data: PathBuf::new(),
            entities: None,
            seed: None,
            window: (1280, 720),
            language: "en".to_owned(),
            plant: None,
            shots: None,
            film: false,
            replay: None,
            panic_seed: None,
            last_report: None,
            replay_report: None,
            act: None,
            help: false,
        };
        let mut data = None;
        let mut arguments = env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            let name = argument.to_string_lossy();
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value."));
            match &*name {
                "--data" => data = Some(value()?.into()),
                "--entities" => options.entities = Some(number(&name, &value()?)?),
                "--seed" => options.seed = Some(number(&name, &value()?)?),
                "--window" => options.window = size(&name, &value()?)?,
                "--language" => options.language = language(&name, &value()?)?,
                "--plant" => options.plant = Some(number(&name, &value()?)?),
                "--replay" => options.replay = Some(value()?.into()),
                "--panic-seed" => options.panic_seed = Some(number(&name, &value()?)?),
                "--last-report" => options.last_report = Some(value()?.into()),
                "--replay-report" => options.replay_report = Some(value()?.into()),
                "--shots" => options.shots = Some(value()?.into()),
                "--film" => (options.shots, options.film) = (Some(value()?.into()), true),
                "--act" => options.act = Some(number(&name, &value()?)?),
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("There is no option {name}; --help lists them.")),
            }
        }
        options.data = data.unwrap_or_else(|| match options.shots {
            Some(_) => place_of_shots(),
            None => place_of_data(),
        });
        Ok(options)
    }
}

fn place_of_data() -> PathBuf {
    ProjectDirs::from("", "bevy_session", "Lamplighter").map_or_else(
        || env::temp_dir().join("lamplighter"),
        |directories| directories.data_local_dir().to_path_buf(),
    )
}

/// The story is none of the player's games.
fn place_of_shots() -> PathBuf {
    env::temp_dir().join(format!("lamplighter-{}", std::process::id()))
}

fn number<T: std::str::FromStr>(name: &str, value: &OsString) -> Result<T, String> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| format!("{name} can't be {text:?}: it needs to be a whole number."))
}

fn language(name: &str, value: &OsString) -> Result<String, String> {
    match &*value.to_string_lossy() {
        known @ ("en" | "de") => Ok(known.to_owned()),
        other => Err(format!("{name} can't be {other:?}: it needs to be en or de.")),
    }
}

fn size(name: &str, value: &OsString) -> Result<(u32, u32), String> {
    let text = value.to_string_lossy();
    let sides = text
        .split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sides.ok_or_else(|| format!("{name} can't be {text:?}: it needs to be like 1280x720."))
}
