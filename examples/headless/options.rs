//! Options for the person who runs the colony.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::RestoreManner;
use bevy_session::replay::ReplayManner;

const MOST_ENTITIES: u32 = 10_000_000;

pub const HELP: &str = "\
A colony that survives `kill -9`.

Usage: headless [OPTIONS]

  --data DIR          keep sessions and local state below DIR
                      [default: where this system keeps a game's data]
  --policies FILE     what an operator sets, as in examples/headless/policies.ron
  --entities N        entities of a new colony [default: 2000]
  --seconds S         play for S seconds, then quit as a player does [default: for ever]
  --checkpoint-ms MS  time between two checkpoints [default: 1000]
  --changes FRACTION  how much of the colony changes between two checkpoints, 0 to 1
                      [default: 0.01]
  --restore MANNER    how rewinds and loads put the colony back: in-place, onto what is there,
                      or respawn [default: respawn]
  --seed N            what happens in a new colony [default: 1]
  --json              print one JSON object per line
  --stdin             read commands from standard input, one per line, and answer each:
                      checkpoint LABEL, save NAME, load NAME, rewind SECONDS,
                      undo-rewind, chapter NAME, end-chapter completed|failed|abandoned,
                      hash, pause, resume, sessions, slots, events N, report PATH,
                      drain, replica-sessions, close, die panic|abort|kill|exit|suspend,
                      players, export-player NAME PATH, erase NAME, cleanup, audit N
  --player NAME       the player whose colony it is: theirs is continued, or begun
  --metrics ADDR      serve Prometheus' text format at ADDR/metrics; needs a build with
                      --features metrics
  --replica URL       keep the colony in dir:PATH, or in postgres://USER@HOST:PORT/DB or
                      s3://BUCKET/PREFIX?endpoint=URL, which need a build with
                      --features replica: another machine goes on with it
  --lifecycle FILE    append what happens to sessions to FILE, one JSON object per line
  --machine NAME      what this machine is called there [default: its host's name]
  --lease-ms MS       how long a machine may be silent before another goes on [default: 3000]
  --send-every-ms MS  time between two transfers to the replica; 0 sends at once
                      [default: 1000 to a bucket, otherwise 0]
  --play-on-when-fenced
                      go on as a colony of its own when another machine has taken over
  --cloud-folder PATH put the colony into a folder that a file cloud copies between a player's
                      devices, and go on with what another device has put there
  --open REPORT.tar   go on where a report was written; what is saved is kept in memory
  --new               found a new colony, even if there is one to go on with
  --panic-seed N      a bug in the rules, which panics 200 to 2,000 steps after the start
  --last-report PATH  write a report of the last run, and end
  --replay-report PATH  play the last seconds of such a report again, in memory
  --replay MANNER     play the newest session below --data again, and change no file:
                      keyframes, from checkpoint to checkpoint, or exact, step by step
  --help              print this and exit";

/// The options of the command line.
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct Options {
    pub data: Option<PathBuf>,
    /// The file of what an operator sets.
    pub policies: Option<PathBuf>,
    pub entities: u32,
    pub play_for: Option<Duration>,
    pub checkpoint: Duration,
    pub changes: f64,
    pub seed: u64,
    pub restore: RestoreManner,
    pub json: bool,
    pub stdin: bool,
    /// The player whose colony it is.
    pub player: Option<String>,
    /// The address that metrics are served on.
    pub metrics: Option<String>,
    /// The file of lifecycle events.
    pub lifecycle: Option<PathBuf>,
    /// The replica of the colony.
    pub replica: Option<String>,
    /// The name of this machine in the replica.
    pub machine: Option<String>,
    /// The time for which a machine may be silent there.
    pub lease: Duration,
    /// The time between two transfers to the replica, if not the usual one.
    pub send_every: Option<Duration>,
    pub play_on_when_fenced: bool,
    /// The folder that a file cloud copies.
    pub cloud_folder: Option<PathBuf>,
    /// The report to open.
    pub open: Option<PathBuf>,
    /// Which bug the colony has.
    pub panic_seed: Option<u64>,
    /// The path of a report of the last run that is to be written.
    pub last_report: Option<PathBuf>,
    /// The report to play again.
    pub replay_report: Option<PathBuf>,
    /// The manner in which the newest session is played again.
    pub replay: Option<ReplayManner>,
    pub new: bool,
    pub help: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data: None,
            policies: None,
            entities: 2_000,
            play_for: None,
            checkpoint: Duration::from_secs(1),
            changes: 0.01,
            seed: 1,
            restore: RestoreManner::Respawn,
            json: false,
            stdin: false,
            player: None,
            metrics: None,
            lifecycle: None,
            replica: None,
            machine: None,
            lease: Duration::from_secs(3),
            send_every: None,
            play_on_when_fenced: false,
            cloud_folder: None,
            open: None,
            panic_seed: None,
            last_report: None,
            replay_report: None,
            replay: None,
            new: false,
            help: false,
        }
    }
}

impl Options {
    /// Reads the command line, or says in a sentence what is wrong with it.
    pub fn from_command_line() -> Result<Self, String> {
        let mut options = Self::parse(env::args_os().skip(1))?;
        // The plugin opens it by itself; here it is to be known that it does.
        let mode = env::var("BEVY_SESSION").unwrap_or_default();
        let opened = mode.strip_prefix("open:").map(PathBuf::from);
        options.open = options.open.or(opened);
        Ok(options)
    }

    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let name = argument.to_string_lossy();
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value."));
            match &*name {
                "--data" => options.data = Some(value()?.into()),
                "--policies" => options.policies = Some(value()?.into()),
                "--entities" => options.entities = number(&name, &value()?)?,
                "--seconds" => options.play_for = Some(seconds(&name, &value()?)?),
                "--checkpoint-ms" => {
                    options.checkpoint = Duration::from_millis(number(&name, &value()?)?);
                }
                "--changes" => options.changes = number(&name, &value()?)?,
                "--seed" => options.seed = number(&name, &value()?)?,
                "--restore" => options.restore = manner(&value()?)?,
                "--json" => options.json = true,
                "--stdin" => options.stdin = true,
                "--player" => options.player = Some(value()?.to_string_lossy().into_owned()),
                "--metrics" => options.metrics = Some(value()?.to_string_lossy().into_owned()),
                "--lifecycle" => options.lifecycle = Some(value()?.into()),
                "--replica" => options.replica = Some(value()?.to_string_lossy().into_owned()),
                "--machine" => options.machine = Some(value()?.to_string_lossy().into_owned()),
                "--lease-ms" => {
                    options.lease = Duration::from_millis(number(&name, &value()?)?);
                }
                "--send-every-ms" => {
                    let every = Duration::from_millis(number(&name, &value()?)?);
                    options.send_every = Some(every);
                }
                "--cloud-folder" => options.cloud_folder = Some(value()?.into()),
                "--play-on-when-fenced" => options.play_on_when_fenced = true,
                "--open" => options.open = Some(value()?.into()),
                "--panic-seed" => options.panic_seed = Some(number(&name, &value()?)?),
                "--last-report" => options.last_report = Some(value()?.into()),
                "--replay-report" => options.replay_report = Some(value()?.into()),
                "--replay" => options.replay = Some(replay_manner(&value()?)?),
                "--new" => options.new = true,
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("There is no option {name}; --help lists them.")),
            }
        }
        if !(1..=MOST_ENTITIES).contains(&options.entities) {
            return Err(format!("--entities is a number from 1 to {MOST_ENTITIES}."));
        }
        if !(0.0..=1.0).contains(&options.changes) {
            return Err("--changes is a fraction between 0 and 1.".into());
        }
        Ok(options)
    }
}

fn manner(value: &OsString) -> Result<RestoreManner, String> {
    match &*value.to_string_lossy() {
        "in-place" => Ok(RestoreManner::InPlace),
        "respawn" => Ok(RestoreManner::Respawn),
        other => Err(format!("--restore is in-place or respawn, not {other:?}.")),
    }
}

fn replay_manner(value: &OsString) -> Result<ReplayManner, String> {
    match &*value.to_string_lossy() {
        "keyframes" => Ok(ReplayManner::Keyframes),
        "exact" => Ok(ReplayManner::Exact),
        other => Err(format!("--replay is keyframes or exact, not {other:?}.")),
    }
}

fn number<T: FromStr>(name: &str, value: &OsString) -> Result<T, String> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| format!("{name} can't be {text:?}: it needs to be a number."))
}

fn seconds(name: &str, value: &OsString) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number(name, value)?)
        .map_err(|_| format!("{name} can't be negative or endless."))
}
