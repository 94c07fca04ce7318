//! Three servers whose worlds outlive them: each round one is killed with its disk, and another plays on.
//!
//! `ci/fleet.sh` starts a Postgres and runs it; `--replica dir:PATH` needs none:
//!
//! ```text
//! cargo build --example headless --example fleet
//! target/debug/examples/fleet --replica dir:/tmp/fleet-replica --rounds 5
//! ```
//!
//! It says who plays what, how long nobody played it, and what was lost. It ends with 1 if something was lost that was
//! replicated, or if a world isn't the one that was saved.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to people")]

mod server;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::server::Server;

/// How long a server may take until it plays.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a fleet is to do: be played on this long after a lease, and lose no more play than this.
const BACK_WITHIN: Duration = Duration::from_secs(2);
const MOST_LOST: Duration = Duration::from_secs(1);

/// What was chosen on the command line.
struct Options {
    headless: PathBuf,
    directory: PathBuf,
    replica: String,
    servers: usize,
    rounds: usize,
    entities: String,
    lease: Duration,
    checkpoint: String,
}

/// What a death has cost.
struct Outage {
    /// From the death on, or from the start of who plays on, whichever was later.
    nobody_played: Duration,
    /// What was played since the checkpoint with which it goes on.
    lost: Duration,
    /// It goes on with an older checkpoint than was replicated.
    lost_replicated: bool,
    /// The world is the one that was saved.
    is_true: bool,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    match play(&options) {
        Ok(outages) => report(&options, &outages),
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let program = env::current_exe().map_err(|error| format!("Where am I? {error}."))?;
    let mut options = Options {
        headless: program.with_file_name(format!("headless{}", env::consts::EXE_SUFFIX)),
        directory: env::temp_dir().join(format!("bevy_session_fleet-{}", std::process::id())),
        replica: String::new(),
        servers: 3,
        rounds: 3,
        entities: "10000".to_owned(),
        lease: Duration::from_secs(3),
        checkpoint: "500".to_owned(),
    };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value."))?;
        let number = || value.parse::<usize>().map_err(|_| format!("{word} {value} is no number."));
        match &*word {
            "--headless" => options.headless = value.into(),
            "--directory" => options.directory = value.into(),
            "--replica" => options.replica = value,
            "--servers" => options.servers = number()?.max(1),
            "--rounds" => options.rounds = number()?,
            "--entities" => options.entities = value,
            "--lease-ms" => options.lease = Duration::from_millis(number()? as u64),
            "--checkpoint-ms" => options.checkpoint = value,
            _ => return Err(format!("{word} isn't known.")),
        }
    }
    match options.replica.is_empty() {
        true => {
            Err("--replica is dir:PATH, postgres://USER@HOST:PORT/DB or s3://BUCKET/PREFIX."
                .to_owned())
        }
        false => Ok(options),
    }
}

/// Kills one server after the other, and has another play on.
fn play(options: &Options) -> Result<Vec<Outage>, String> {
    let mut fleet: Vec<Server> = Vec::new();
    for number in 0..options.servers {
        let mut server = start(options, format!("server-{number}"), &["--new"])?;
        server.wait_for(&["session_started"], PATIENCE)?;
        fleet.push(server);
    }
    let mut outages = Vec::new();
    for round in 0..options.rounds {
        for server in &mut fleet {
            // All of them have something that would be missed.
            server.wait_for(&["replicated"], PATIENCE)?;
        }
        say_who_plays(&fleet);
        let victim = fleet.remove(0);
        let machine = format!("server-{}", options.servers + round);
        println!("{} is killed, and its disk is gone", victim.machine);
        let dead = victim.kill();
        remove(&options.directory.join(&dead.machine))?;
        let started = Instant::now();
        let mut server = start(options, machine, &[])?;
        let back = server.wait_for(&["session_recovered", "session_continued"], PATIENCE)?;
        let checkpoint = back.number("checkpoint").unwrap_or(0);
        let played = dead.captured(checkpoint);
        let outage = Outage {
            nobody_played: back.heard.duration_since(started.max(dead.died)),
            lost: played.map_or(Duration::MAX, |it| dead.died.saturating_duration_since(it.heard)),
            lost_replicated: checkpoint < dead.replicated(),
            is_true: played.is_some_and(|it| it.text("hash") == back.text("hash")),
        };
        println!(
            "{} plays on after {:.2} s with checkpoint {checkpoint}; {:.2} s of play are lost",
            server.machine,
            outage.nobody_played.as_secs_f64(),
            outage.lost.as_secs_f64(),
        );
        outages.push(outage);
        fleet.push(server);
    }
    say_who_plays(&fleet);
    for server in fleet {
        let dead = server.kill();
        remove(&options.directory.join(&dead.machine))?;
    }
    Ok(outages)
}

fn start(options: &Options, machine: String, more: &[&str]) -> Result<Server, String> {
    let data = options.directory.join(&machine);
    fs::create_dir_all(&data).map_err(|error| format!("{} {error}.", data.display()))?;
    let lease = options.lease.as_millis().to_string();
    let data = data.display().to_string();
    // Beside the disk of the server, which is lost with it.
    let lifecycle = options.directory.join(format!("{machine}.jsonl")).display().to_string();
    let arguments = [
        &["--lifecycle", &*lifecycle][..],
        &["--json", "--stdin", "--data", &*data, "--machine", &*machine],
        &["--replica", &*options.replica, "--lease-ms", &*lease],
        &["--entities", &*options.entities, "--checkpoint-ms", &*options.checkpoint],
        more,
    ];
    Server::start(&options.headless, machine.clone(), &arguments.concat())
}

fn remove(path: &Path) -> Result<(), String> {
    fs::remove_dir_all(path).map_err(|error| format!("{} {error}.", path.display()))
}

fn say_who_plays(fleet: &[Server]) {
    for server in fleet {
        println!(
            "  {:<10} plays {} (epoch {}), checkpoint {} is replicated",
            server.machine,
            server.session().unwrap_or("nothing"),
            server.epoch(),
            server.replicated(),
        );
    }
}

/// Says what all rounds have come to.
fn report(options: &Options, outages: &[Outage]) -> ExitCode {
    let of = |what: fn(&Outage) -> Duration| {
        let mut all: Vec<f64> = outages.iter().map(|it| what(it).as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        (all.get(all.len() / 2).copied().unwrap_or(0.0), all.last().copied().unwrap_or(0.0))
    };
    let (median, most) = of(|it| it.nobody_played);
    let (lost, most_lost) = of(|it| it.lost);
    let lost_replicated = outages.iter().filter(|it| it.lost_replicated).count();
    let untrue = outages.iter().filter(|it| !it.is_true).count();
    let late = outages.iter().filter(|it| it.nobody_played > options.lease + BACK_WITHIN).count();
    let costly = outages.iter().filter(|it| it.lost > MOST_LOST).count();
    println!(
        "{} rounds with a lease of {:?}: played on after {median:.2} s in the median and {most:.2} s at most; \
         {lost:.2} s of play lost in the median and {most_lost:.2} s at most; \
         {lost_replicated} times something that was replicated; {untrue} worlds weren't the saved ones; \
         {late} times later than {BACK_WITHIN:?} after the lease, {costly} times more than {MOST_LOST:?} lost",
        outages.len(),
        options.lease,
    );
    if lost_replicated + untrue > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
