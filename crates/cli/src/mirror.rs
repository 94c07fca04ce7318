//! `mirror`: brings a second store to the state of a replica, once.

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::disk::with_sources;
use bevy_session_journal::internal::model::clock::Clock;
use bevy_session_journal::replica::{
    Listing, Mirror, MirrorNews, MirrorOptions, MirrorOver, ReplicaStore,
};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Replica;

/// The name of this tool in the mirror.
const MACHINE: &str = "bevy-session";
/// The time that another process may be silent that mirrors the same session.
const LEASE: Duration = Duration::from_secs(300);
/// The time that a replica may be in the middle of a claim or a compaction.
const PATIENCE: Duration = Duration::from_secs(60);
/// Some sessions aren't whole in the mirror.
const NOT_WHOLE: u8 = 1;

/// The outcome of one session.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Came {
    /// Nothing had to be sent.
    Same,
    Brought,
    /// It is removed on both sides.
    Removed,
    /// Another process mirrors it.
    Held,
    /// The mirror has more, or one of both can't be read.
    Refused,
}

/// A session, as JSON has it.
#[derive(Serialize)]
struct Mirrored {
    session: SessionId,
    came: Came,
    /// The reason, if it isn't whole.
    why: Option<String>,
}

/// Brings all sessions of a replica, or those whose ids begin so, into another one.
pub fn mirror(
    from: &str,
    to: &str,
    id: Option<&str>,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let [replica, mirror] = [open(from)?, open(to)?];
    let id = id.unwrap_or_default().to_lowercase();
    let mut sessions = replica.sessions().map_err(Failure::of_replica)?;
    sessions.retain(|session| session.to_string().starts_with(&id));
    if sessions.is_empty() && !id.is_empty() {
        return Err(Failure::usage(format!(
            "the replica has no session whose id begins with {id}"
        )));
    }
    let options = Arc::new(MirrorOptions {
        replica,
        mirror,
        machine: MACHINE.to_owned(),
        lease: LEASE,
        interval: Duration::from_secs(1),
    });
    let mut is_whole = true;
    for session in sessions {
        let mirrored = bring(session, &options);
        is_whole &= mirrored.why.is_none();
        match output.is_json() {
            true => output.object(&mirrored)?,
            false => output.line(format_args!("{mirrored}"))?,
        }
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(NOT_WHOLE) })
}

fn open(word: &str) -> Result<Arc<dyn ReplicaStore>, Failure> {
    let replica = Replica::of_word(word).ok_or_else(|| {
        Failure::usage(
            "both are dir:PATH, postgres://USER@HOST:PORT/DATABASE or s3://BUCKET/PREFIX",
        )
    })?;
    replica.store()
}

/// Brings one session, and lets go of it.
fn bring(session: SessionId, options: &Arc<MirrorOptions>) -> Mirrored {
    let clock = Clock::system();
    let before = listed(session, options);
    let mut mirror = Mirror::new(session, options);
    mirror.leave(true);
    let (mut news, mut waited) = (Vec::new(), Duration::ZERO);
    let (came, why) = loop {
        let rest = mirror.step(clock.moment(Duration::ZERO).elapsed, &mut news);
        let is_same = |now: Option<Listing>| now.is_some() && now == before;
        if let Some(end) = news.drain(..).find_map(end_of) {
            break match end {
                (Came::Brought, None) if is_same(listed(session, options)) => (Came::Same, None),
                end => end,
            };
        }
        if mirror.waits_for_owner() {
            break (Came::Held, Some("another process mirrors it".to_owned()));
        }
        if waited > PATIENCE {
            break (
                Came::Refused,
                Some("it is being claimed in the replica, or its log there has a gap".to_owned()),
            );
        }
        let rest = rest.min(Duration::from_secs(1));
        thread::sleep(rest);
        waited += rest;
    };
    Mirrored { session, came, why }
}

fn listed(session: SessionId, options: &MirrorOptions) -> Option<Listing> {
    options.mirror.list(session).ok()
}

/// The end of a session by this news; `None` if it goes on.
fn end_of(news: MirrorNews) -> Option<(Came, Option<String>)> {
    match news {
        MirrorNews::Over(MirrorOver::LetGo) => Some((Came::Brought, None)),
        MirrorNews::Over(MirrorOver::Removed | MirrorOver::WasRemoved) => {
            Some((Came::Removed, None))
        }
        MirrorNews::Over(MirrorOver::RemovedThere) => {
            Some((Came::Refused, Some("it was removed in the mirror".to_owned())))
        }
        MirrorNews::Refused(why) => Some((Came::Refused, Some(with_sources(&why).to_string()))),
        MirrorNews::Lost(_, fault) => Some((Came::Refused, Some(with_sources(&fault).to_string()))),
        MirrorNews::Whole(_) | MirrorNews::Back => None,
    }
}

impl fmt::Display for Mirrored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, came, why } = self;
        let came = match came {
            Came::Same => "both sides are the same",
            Came::Brought => "mirrored",
            Came::Removed => "removed",
            Came::Held | Came::Refused => "not mirrored",
        };
        match why {
            Some(why) => write!(formatter, "{session}: {came}: {why}"),
            None => write!(formatter, "{session}: {came}"),
        }
    }
}
