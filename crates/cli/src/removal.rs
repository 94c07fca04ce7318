//! `remove`: takes a session out of a replica for good.

use std::process::ExitCode;
use std::sync::Arc;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{
    ClaimError, Claimant, Clearing, Direct, Log, Owner, ReplicaStore, block_on,
};
use clap::Args;
use serde::Serialize;

use crate::carry::owner;
use crate::failure::Failure;
use crate::output::{Output, some_of};
use crate::place::{Replica, read_log};

/// The arguments of `remove`.
#[derive(Args, Debug)]
pub struct Remove {
    /// The replica: `dir:PATH`, `postgres://USER@HOST:PORT/DATABASE` or `s3://BUCKET/PREFIX`
    replica: String,
    /// The id of the session, or the beginning of it
    session: String,
    /// Remove it; without this, only show what would be removed
    #[arg(long)]
    apply: bool,
    /// Also if a machine owns it, which has died without a release, or whose session this ends
    #[arg(long)]
    from_owner: bool,
}

/// What came of it, as JSON has it.
#[derive(Serialize)]
struct Removed {
    session: SessionId,
    files: usize,
    bytes: u64,
    owner: Option<String>,
    removed: bool,
}

/// Removes a session from a replica, or shows what that would remove.
pub fn remove(asked: &Remove, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    let replica = Replica::of_word(&asked.replica).ok_or_else(|| {
        Failure::usage(
            "remove needs a replica: dir:PATH, postgres://USER@HOST:PORT/DATABASE or s3://BUCKET/PREFIX",
        )
    })?;
    let store = replica.store()?;
    let session = session_of(&*store, &replica, &asked.session)?;
    let log = read_log(&store, session)?;
    let files = log.replay().map_err(Failure::of_replica)?;
    let owner = owner(&log).filter(|_| log.tombstone().is_none());
    let mut done = Removed {
        session,
        files: files.all().len(),
        bytes: files.bytes(),
        owner: owner.clone(),
        removed: false,
    };
    if asked.apply {
        match owner {
            Some(machine) if !asked.from_owner => return Err(Failure::Owned { session, machine }),
            _ => remove_from(&store, log)?,
        }
        done.removed = true;
    }
    say(&done, output)?;
    Ok(ExitCode::SUCCESS)
}

/// The session that is meant.
fn session_of(
    store: &dyn ReplicaStore,
    replica: &Replica,
    called: &str,
) -> Result<SessionId, Failure> {
    let all = store.sessions().map_err(Failure::of_replica)?;
    let is_meant = |id: &&SessionId| !called.is_empty() && id.to_string().starts_with(called);
    let meant: Vec<SessionId> = all.iter().filter(is_meant).copied().collect();
    let names = |ids: &[SessionId]| some_of(ids.iter().map(SessionId::to_string).collect());
    let (session, place) = (called.to_owned(), replica.to_string());
    match meant[..] {
        [one] => Ok(one),
        [] => Err(Failure::UnknownSession { session, place, there: names(&all) }),
        _ => {
            let (count, these) = (meant.len(), names(&meant));
            Err(Failure::AmbiguousSession { session, count, place, these })
        }
    }
}

/// Claims the session, so that nobody else plays it, leaves the mark of the removal, and deletes the rest.
fn remove_from(store: &Arc<dyn ReplicaStore>, mut log: Log) -> Result<(), Failure> {
    let (session, reach) = (log.session(), Direct(Arc::clone(store)));
    // Who has claimed it since it was looked at isn't disturbed.
    let mut claimant = Claimant::new(session, &reach).following(log.highest());
    let log = match block_on(claimant.claim(&reach, &mut log)) {
        // It was begun before, or something has come back.
        Err(ClaimError::Removed) => log,
        Err(ClaimError::Store(fault)) => return Err(Failure::of_replica(fault)),
        Err(ClaimError::Outrun) => {
            let machine = "another machine".to_owned();
            return Err(Failure::Owned { session, machine });
        }
        Ok(claim) => {
            let mut owner =
                Owner::new(reach.clone(), claim, log, 1).map_err(Failure::of_replica)?;
            while block_on(owner.remove()).map_err(Failure::of_replica)? {}
            owner.log().clone()
        }
    };
    let mut clearing = Clearing::new(log);
    while block_on(clearing.step(&reach)).map_err(Failure::of_replica)? {}
    Ok(())
}

fn say(done: &Removed, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_json() {
        return output.object(done);
    }
    let Removed { session, files, bytes, owner, removed } = done;
    let size = format!("{files} files, {bytes} bytes");
    match (removed, owner) {
        (true, _) => output.line(format_args!("{session}: removed, {size}")),
        (false, None) => output.line(format_args!("{session}: {size}; --apply removes it")),
        (false, Some(machine)) => output.line(format_args!(
            "{session}: {size}, played by {machine}; --apply --from-owner removes it"
        )),
    }
}
