//! `pull` and `push`: bring a session from a replica into a new directory, and from a game's directory into a replica.

#![expect(
    clippy::disallowed_methods,
    reason = "it writes where it was asked to, beside the store's files"
)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::disk::{Disk, Layout, LocalStore, RealDisk, sync_all};
use bevy_session_journal::internal::format::TypeRows;
use bevy_session_journal::internal::model::clock::Clock;
use bevy_session_journal::internal::read::recovery::{KnownTypes, VersionFit};
use bevy_session_journal::replica::{
    Direct, FileName, Keeper, KeeperOptions, Log, Over, Readiness, Receiver, Recorders,
    ReplicaOrder, ReplicaReport, ReplicaStore, SessionFiles, block_on, fetch,
};
use serde::Serialize;

use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::{Place, Replica, read_log};
use crate::target::EmptyDirectory;

/// What the profile is called whose name isn't known.
const DEFAULT_PROFILE: &str = "default";

/// What this tool is called in the replica.
const MACHINE: &str = "bevy-session";

/// What came of it, as JSON has it.
#[derive(Serialize)]
struct Carried {
    session: SessionId,
    /// `same` or `brought`.
    came: &'static str,
    bytes: u64,
}

/// Writes a session of a replica into a new directory, which a game can play.
pub fn pull(
    place: &Place,
    session: &OpenSession,
    to: &Path,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let id = session.stored.id();
    let Place::Replica(replica) = place else {
        return Err(Failure::usage(
            "pull needs a session of a replica: dir:PATH, postgres://… or s3://…",
        ));
    };
    let target = EmptyDirectory::at(to, &session.profile.directory.sessions)?;
    let store = replica.store()?;
    let log = read_log(&store, id)?;
    let mut bytes = 0;
    target.fill("data", |data| {
        let (data, state) = (data.to_owned(), PathBuf::new());
        let layout = Layout { data, state, profile: DEFAULT_PROFILE.to_owned() };
        let mut files = Written::new(SessionFiles::of(&layout, id));
        let fetched = block_on(fetch(&Direct(Arc::clone(&store)), &log, &mut files));
        bytes = fetched.map_err(Failure::of_replica)?;
        Ok(())
    })?;
    say(output, &Carried { session: id, came: "brought", bytes }, "pulled")
}

/// Writes fetched files where they belong.
struct Written {
    place: SessionFiles,
    file: Option<(PathBuf, File)>,
}

impl Written {
    fn new(place: SessionFiles) -> Self {
        Self { place, file: None }
    }
}

impl Receiver for Written {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        let path = self.place.path(name);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        self.file = Some((path.clone(), File::create_new(path)?));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.iter_mut().try_for_each(|(_, file)| file.write_all(bytes))
    }

    fn end(&mut self) -> io::Result<()> {
        let Some((path, file)) = self.file.take() else { return Ok(()) };
        sync_all(&file)?;
        RealDisk.sync_dir(path.parent().unwrap_or(&path))
    }
}

/// Brings a replica up to date with a session of a game's directory.
pub fn push(session: &OpenSession, to: &str, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    let id = session.stored.id();
    let replica = Replica::of_word(to).ok_or_else(|| {
        Failure::usage("--to is dir:PATH, postgres://USER@HOST:PORT/DATABASE or s3://BUCKET/PREFIX")
    })?;
    let (store, local) = (replica.store()?, Arc::new(session.profile.to_change()?));
    let before = read_log(&store, id)?;
    if before.tombstone().is_some() {
        return Err(Failure::Removed { session: id });
    }
    // An earlier push that was stopped is no owner that plays.
    if let Some(machine) = owner(&before).filter(|machine| machine != MACHINE) {
        return Err(Failure::Owned { session: id, machine });
    }
    send(&store, &local, id)?;
    let there = read_log(&store, id)?.replay().map_err(Failure::of_replica)?;
    let is_same = before.replay().is_ok_and(|before| {
        before.all().keys().eq(there.all().keys()) && before.bytes() == there.bytes()
    });
    let came = if is_same { "same" } else { "brought" };
    say(output, &Carried { session: id, came, bytes: there.bytes() }, "pushed")
}

/// The machine that owns a session, as far as can be known.
pub fn owner(log: &Log) -> Option<String> {
    let epoch = log.highest();
    let is_free = log.is_empty() || log.seal(epoch).is_some_and(|(_, released)| released);
    (!is_free).then(|| log.owner().unwrap_or("another machine").to_owned())
}

/// Claims a session, catches the replica up, and lets go of it.
fn send(
    store: &Arc<dyn ReplicaStore>,
    local: &Arc<LocalStore>,
    session: SessionId,
) -> Result<(), Failure> {
    let options = KeeperOptions {
        store: Arc::clone(store),
        machine: MACHINE.to_owned(),
        lease: Duration::from_secs(10),
        interval: Duration::ZERO,
        may_lag: Duration::MAX,
        lock_patience: Duration::ZERO,
        erases: false,
    };
    let clock = Clock::system();
    let now = || clock.moment(Duration::ZERO);
    let types = Arc::new(NoTypes);
    let (recorders, game) = (Recorders::default(), String::new());
    let mut keeper = Keeper::new(options, Arc::clone(local), recorders, types, game);
    keeper.execute(ReplicaOrder::Ready(session), now());
    loop {
        let rest = keeper.turn(now());
        let mut reports: Vec<ReplicaReport> = keeper.reports().collect();
        // Why it is so may come behind it.
        reports.sort_by_key(|it| matches!(it, ReplicaReport::Ready(_, Readiness::Unclaimed)));
        for report in reports {
            if let ReplicaReport::Ready(_, Readiness::Claimed) = report {
                keeper.execute(ReplicaOrder::LetGo(session), now());
            } else if let Some(end) = end_of(session, report) {
                return end;
            }
        }
        thread::sleep(rest.min(Duration::from_millis(10)));
    }
}

/// The end of a push by this report; `None` if it goes on.
fn end_of(session: SessionId, report: ReplicaReport) -> Option<Result<(), Failure>> {
    let failure =
        match report {
            ReplicaReport::LetGo(_, true) => return Some(Ok(())),
            ReplicaReport::Ready(_, Readiness::InUse) => Failure::InUse { session },
            ReplicaReport::Ready(_, Readiness::Removed)
            | ReplicaReport::Over(_, _, Over::Removed) => Failure::Removed { session },
            ReplicaReport::Ready(_, Readiness::Forked)
            | ReplicaReport::Over(_, _, Over::Forked) => Failure::Forked { session },
            ReplicaReport::Lost(fault) => Failure::of_replica(fault),
            ReplicaReport::Over(_, _, Over::Unreadable(error)) => Failure::of_replica(error),
            ReplicaReport::Over(_, _, Over::Unread(error)) | ReplicaReport::Failed(_, error) => {
                Failure::Unsent { session, source: error.into() }
            }
            ReplicaReport::Over(_, _, Over::WentBack) => {
                let source = "the replica has lost what it had acknowledged".into();
                Failure::Unsent { session, source }
            }
            ReplicaReport::Over(_, _, Over::Fenced) => {
                Failure::Owned { session, machine: "another machine".to_owned() }
            }
            ReplicaReport::Ready(_, Readiness::Unclaimed) => {
                Failure::Unsent { session, source: "its files can't be listed".into() }
            }
            ReplicaReport::LetGo(_, false) => {
                Failure::Unsent { session, source: "it wasn't sent as a whole".into() }
            }
            _ => return None,
        };
    Some(Err(failure))
}

struct NoTypes;

impl KnownTypes for NoTypes {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

fn say(output: &mut Output<'_>, carried: &Carried, done: &str) -> Result<ExitCode, Failure> {
    let Carried { session, came, bytes } = carried;
    match (output.is_json(), *came) {
        (true, _) => output.object(carried)?,
        (false, "same") => output.line(format_args!("{session}: both sides are the same"))?,
        (false, _) => output.line(format_args!("{session}: {done}, {bytes} bytes"))?,
    }
    Ok(ExitCode::SUCCESS)
}
