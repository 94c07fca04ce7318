//! The lag of a replica: which checkpoints are durable here and aren't known to be there.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::library::SessionPurged;
use bevy_session::replica::{
    CheckpointReplicated, ReplicaSessions, SessionClaimed, SessionFenced, SessionReleased,
};
use bevy_session::{CheckpointSaved, SessionId};

use super::super::session_figures::SessionFigures;

/// Checkpoints that are remembered. Those after them count as saved when the last of these was.
const MOST_WAITING: usize = 1024;
/// Checkpoints within this time are one.
const ONE: Duration = Duration::from_secs(1);

/// Notifications about what is durable, here and in the replica.
#[derive(SystemParam)]
pub(in super::super) struct Heard<'w, 's> {
    saved: MessageReader<'w, 's, CheckpointSaved>,
    replicated: MessageReader<'w, 's, CheckpointReplicated>,
    fenced: MessageReader<'w, 's, SessionFenced>,
    released: MessageReader<'w, 's, SessionReleased>,
    claimed: MessageReader<'w, 's, SessionClaimed>,
    purged: MessageReader<'w, 's, SessionPurged>,
}

/// A checkpoint that waits for the replica, and those that came shortly after it.
pub(in super::super) struct Waiting {
    session: SessionId,
    /// The number of the last of them. Numbers of a session only rise.
    newest: u64,
    since: Duration,
    /// True if the session was left before all of it was there. It is sent once the replica answers, or when the session
    /// is played here again.
    is_left: bool,
}

/// Measures for how long the oldest of them waits.
pub(in super::super) fn collect(
    mut heard: Heard,
    replica: Option<Res<ReplicaSessions>>,
    consent: Option<Res<Consent>>,
    mut figures: ResMut<SessionFigures>,
    time: Option<Res<Time<Real>>>,
    mut waiting: Local<VecDeque<Waiting>>,
) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    // What is withheld on purpose isn't late.
    let is_withheld = consent.is_some_and(|consent| !consent.is_given(Purpose::Replica));
    if is_withheld {
        waiting.clear();
    }
    for saved in heard.saved.read().filter(|_| replica.is_some() && !is_withheld) {
        note(&mut waiting, saved.session, saved.checkpoint.counter, now);
    }
    for there in heard.replicated.read() {
        let counter = there.checkpoint.counter;
        waiting.retain(|it| it.session != there.session || it.newest > counter);
    }
    for released in heard.released.read() {
        // What isn't there yet is on this machine alone.
        waiting.retain(|it| it.session != released.session || !released.complete);
        let left = waiting.iter_mut().filter(|it| it.session == released.session);
        left.for_each(|it| it.is_left = true);
    }
    // One whose entries there can't be read isn't released either. It is over once another one is played.
    for session in heard.claimed.read().map(|claimed| claimed.session) {
        waiting.retain(|it| it.session == session || it.is_left);
        let played = waiting.iter_mut().filter(|it| it.session == session);
        played.for_each(|it| it.is_left = false);
    }
    // What waits no longer is no lag.
    let fenced = heard.fenced.read().map(|fenced| fenced.session);
    for session in fenced.chain(heard.purged.read().map(|purged| purged.session)) {
        waiting.retain(|it| it.session != session);
    }
    let since = waiting.front().map(|oldest| oldest.since);
    let figures = figures.bypass_change_detection();
    figures.behind.replica = since.map(|since| now.saturating_sub(since));
}

fn note(waiting: &mut VecDeque<Waiting>, session: SessionId, counter: u64, now: Duration) {
    let is_full = waiting.len() == MOST_WAITING;
    match waiting.back_mut() {
        Some(last)
            if last.session == session && (is_full || now.saturating_sub(last.since) < ONE) =>
        {
            last.newest = counter;
        }
        _ => {
            if is_full {
                waiting.pop_front();
            }
            waiting.push_back(Waiting { session, newest: counter, since: now, is_left: false });
        }
    }
}
