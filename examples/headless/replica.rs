//! `--replica`: the colony outlives its machine. What is said of that, and which colony is gone on with.
//!
//! These lines are printed of it:
//!
//! | line | |
//! | --- | --- |
//! | `replicated` with `checkpoint` | it can be had from the replica, with what is kept before it |
//! | `claimed` with `session`, `epoch` | it is this machine's, before it is played or once the replica is back |
//! | `fenced` with `session`, `epoch` | another machine owns it; the process ends with 3, unless `--play-on-when-fenced` is given |
//! | `forked` with `session`, `here_s`, `there_s` | `--data` and the replica went on without each other; what is here goes on as a colony of its own |
//! | `replica_lost` with `error`, `replica_back` | it can't be reached, or can again |

use std::fs;
use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::prelude::*;
use bevy_session::replica::{
    CheckpointReplicated, DirectoryReplica, Replica, ReplicaBack, ReplicaLost, ReplicaOwner,
    ReplicaSession, ReplicaSessions, SessionClaimed, SessionFenced, SessionForked, Standing,
    WhenFenced,
};

use crate::options::Options;
use crate::report::{Line, Reporter};

/// The exit code if another machine plays the colony.
const FENCED: u8 = 3;
/// The longest time that an exit waits for the replica.
const DRAIN: Duration = Duration::from_secs(10);

/// The replica of the command line, or why it can't be had.
pub fn chosen(options: &Options) -> Result<Option<Replica>, String> {
    let Some(url) = &options.replica else { return Ok(None) };
    let replica = match url.split_once(':') {
        Some(("dir", path)) => {
            let store = DirectoryReplica::open(Path::new(path))
                .map_err(|error| format!("The replica {path} can't be opened: {error}."))?;
            Replica::new(store)
        }
        Some(("postgres", _)) => of_postgres(url)?,
        Some(("s3", _)) => of_bucket(url)?,
        _ => {
            let places =
                "dir:PATH, postgres://USER@HOST:PORT/DB or s3://BUCKET/PREFIX?endpoint=URL";
            return Err(format!("--replica is {places}."));
        }
    };
    let replica = match options.send_every {
        Some(every) => replica.send_every(every),
        None => replica,
    };
    let when_fenced = match options.play_on_when_fenced {
        true => WhenFenced::GoOnAsFork,
        false => WhenFenced::Close,
    };
    Ok(Some(
        replica
            .machine(machine(options))
            .lease(options.lease)
            .exit_waits(DRAIN)
            .when_fenced(when_fenced),
    ))
}

#[cfg(not(feature = "replica"))]
fn of_postgres(_: &str) -> Result<Replica, String> {
    Err("--replica postgres://… needs a build with `--features replica`.".to_owned())
}

#[cfg(not(feature = "replica"))]
fn of_bucket(_: &str) -> Result<Replica, String> {
    Err("--replica s3://… needs a build with `--features replica`.".to_owned())
}

/// The name of this machine.
pub fn machine(options: &Options) -> String {
    let of_system = || fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
    let name = options.machine.clone().unwrap_or_else(of_system);
    if name.is_empty() { "headless".to_owned() } else { name }
}

pub fn plugin(app: &mut App) {
    app.add_observer(replicated)
        .add_observer(claimed)
        .add_observer(fenced)
        .add_observer(forked)
        .add_observer(lost)
        .add_observer(back);
}

fn replicated(replicated: On<CheckpointReplicated>, reporter: Res<Reporter>) {
    reporter.say(&Line::Replicated { checkpoint: replicated.checkpoint.counter });
}

fn claimed(claimed: On<SessionClaimed>, reporter: Res<Reporter>) {
    let (session, epoch) = (claimed.session.to_string(), claimed.epoch);
    reporter.say(&Line::Claimed { session, epoch });
}

fn fenced(
    fenced: On<SessionFenced>,
    options: Res<Options>,
    reporter: Res<Reporter>,
    mut exit: MessageWriter<AppExit>,
) {
    let (session, epoch) = (fenced.session.to_string(), fenced.epoch);
    reporter.say(&Line::Fenced { session, epoch });
    if !options.play_on_when_fenced {
        exit.write(AppExit::from_code(FENCED));
    }
}

fn forked(
    forked: On<SessionForked>,
    catalog: Res<SessionCatalog>,
    replica: Res<ReplicaSessions>,
    reporter: Res<Reporter>,
) {
    let seconds = |time: Duration| time.as_secs_f64();
    let here = catalog.get(forked.session).map(|entry| seconds(entry.play_time));
    let there = replica.get(forked.session).and_then(|it| it.entry.as_ref());
    reporter.say(&Line::Forked {
        session: forked.session.to_string(),
        common_play_s: None,
        here_s: here,
        there_s: there.map(|entry| seconds(entry.play_time)),
    });
}

fn lost(lost: On<ReplicaLost>, reporter: Res<Reporter>) {
    reporter.say(&Line::ReplicaLost { error: lost.error.to_string() });
}

fn back(_: On<ReplicaBack>, reporter: Res<Reporter>) {
    reporter.say(&Line::ReplicaBack {});
}

/// Which colony is gone on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The one in `--data`, if there is one.
    Here,
    /// One of the replica, and whether it was left in good order.
    There { session: SessionId, closed: bool },
    /// All have an owner, or the replica hasn't answered yet.
    Wait,
}

/// Chooses between what is `here` and what the replica has, but for those that can't be had.
pub fn choose(
    here: Option<SessionId>,
    replica: &ReplicaSessions,
    options: &Options,
    given_up: &[SessionId],
) -> Choice {
    match replica.is_reachable() {
        None => return Choice::Wait,
        Some(false) => return Choice::Here,
        Some(true) => {}
    }
    let machine = machine(options);
    let is_own = |owner: &ReplicaOwner| owner.machine().is_none_or(|other| other == machine);
    let there = here.and_then(|here| replica.get(here));
    let is_newest_here = match there {
        None => here.is_some(),
        Some(ReplicaSession { here: Some(Standing::Forked), .. }) => true,
        Some(it) => it.here != Some(Standing::MachineIsBehind) && is_own(&it.owner),
    };
    if is_newest_here || options.new {
        return Choice::Here;
    }
    let mut all: Vec<_> = replica.sessions().iter().collect();
    all.retain(|it| !given_up.contains(&it.session));
    let mut all: Vec<_> = all.into_iter().filter_map(|it| Some((it, it.entry.as_ref()?))).collect();
    all.retain(|(_, entry)| entry.can_go_on());
    all.retain(|(_, entry)| options.player.is_none() || entry.session.player == options.player);
    all.sort_by_key(|(_, entry)| entry.updated);
    let free = all.iter().rev().find(|(it, _)| is_own(&it.owner));
    match (free, all.is_empty()) {
        (Some((it, entry)), _) => {
            let closed = entry.status == bevy_session::SessionStatus::Closed;
            Choice::There { session: it.session, closed }
        }
        (None, false) => Choice::Wait,
        (None, true) => Choice::Here,
    }
}

#[cfg(feature = "replica")]
fn of_postgres(url: &str) -> Result<Replica, String> {
    let store = bevy_session_postgres::PostgresReplica::new(url);
    let store = store.map_err(|error| format!("{error}."))?;
    match store.check() {
        Err(error) if error.is_refusal() => {
            Err(format!("The database can't be used: {}.", whole(&error)))
        }
        _ => Ok(Replica::new(store)),
    }
}

/// A bucket that somebody has to change is refused before the colony is played.
#[cfg(feature = "replica")]
fn of_bucket(url: &str) -> Result<Replica, String> {
    use bevy_session_objects::ObjectReplica;

    let store = ObjectReplica::s3(url).map_err(|error| format!("{error}."))?;
    match store.check() {
        Err(error) if error.is_refusal() => {
            Err(format!("The bucket can't be used: {}.", whole(&error)))
        }
        // Whoever watches this colony doesn't wait for half a minute.
        _ => Ok(Replica::new(store).send_every(Duration::from_secs(1))),
    }
}

/// An error with its causes.
#[cfg(feature = "replica")]
fn whole(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(whole);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
