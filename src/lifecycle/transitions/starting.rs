//! Starts sessions.

use std::time::Duration;

use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use bevy_session_journal::internal::write::EventStart;
use bevy_session_journal::{
    EventTrigger, Fields, LeaveCause, NewSession, Proposal, RequestError, RestoreFrom,
    RestoreReason, RunId, SaveId, SessionContext, SessionEntry, SessionId, SessionMetadata, Ticket,
};
use tracing::{info, warn};

use super::backups::take_up_backup;
use super::take_up;
use super::whereabouts::{Whereabouts, is_named, whereabouts};
use crate::capture::{Carried, KeyedIds, Placed};
use crate::content::{Order, Prepared, Start, TakeUp};
use crate::lifecycle::game_context::compare_context;
use crate::lifecycle::gates::gate_is_open;
use crate::lifecycle::notifications::{SessionStarted, notify};
use crate::lifecycle::recording::note_lifecycle;
use crate::lifecycle::requests::{
    CurrentRequest, RequestQueue, SessionRequest, check_text, finish, made_at, reject,
};
use crate::lifecycle::runtime::transition::{Taken, Transition};
use crate::lifecycle::runtime::{Playing, RuntimeParts};
use crate::lifecycle::start_up::Race;
use crate::lifecycle::summary::RunFigures;
use crate::lifecycle::{CurrentSession, GameContext, SessionCatalog, SessionSettings};
use crate::monitoring::Restraints;

/// The page that says when an older checkpoint is restored, or none.
const LADDER_PAGE: &str = "docs/guide/recovery.md#a-game-that-dies-again-and-again";

/// Checks that the texts of a new session are short enough, and its tags and links few enough.
pub(in crate::lifecycle) fn check_texts(session: &NewSession) -> Result<(), RequestError> {
    let texts = [&session.name, &session.description, &session.session_type];
    session.tags.check()?;
    session.links.check()?;
    texts.into_iter().chain(&session.player).try_for_each(|text| check_text(text))
}

/// Checks that no raised alert refuses new sessions. Called once, before anything is done: the
/// played session may be closed for it.
pub(in crate::lifecycle) fn admit_session(world: &World) -> Result<(), RequestError> {
    let restraints = world.get_resource::<Restraints>();
    let refused = restraints.and_then(|restraints| restraints.refuses_sessions.clone());
    refused.map_or(Ok(()), |limit| Err(RequestError::LimitReached { limit }))
}

/// The start of a session's first run.
struct FirstRun {
    pub metadata: SessionMetadata,
    pub fields: Fields,
    /// Its content, if it was a draft.
    pub draft: Option<Prepared>,
    /// The request that this answers.
    pub ticket: Ticket,
}

pub(in crate::lifecycle) fn start(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: &NewSession,
) -> Result<(), RequestError> {
    check_texts(session)?;
    // Without the resource, which a game can take away, nothing can be closed.
    let can_be_closed = parts.playing.is_some() && world.contains_resource::<CurrentSession>();
    if can_be_closed && session.replaces_current {
        let mut queue = world.get_resource_or_init::<RequestQueue>();
        queue.do_first(ticket, SessionRequest::Start(session.clone()).into());
        let close = CurrentRequest::Close(LeaveCause::Replaced.into());
        queue.do_first(Ticket::new(), close.into());
        return Ok(());
    }
    parts.require_no_session()?;
    let mut metadata = session.begin(SessionId::random(), parts.time.now().wall);
    metadata.context = GameContext::of(world);
    let fields = session.fields.clone();
    begin_first_run(parts, world, FirstRun { metadata, fields, draft: None, ticket });
    Ok(())
}

/// Has the writer begin a run in a world of which nothing was saved yet.
///
/// What leaves from here on has left in this session, however long the writer takes to begin it.
fn begin_first_run(parts: &mut RuntimeParts, world: &mut World, first: FirstRun) {
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.begin(HashSet::default(), HashSet::default());
    }
    let FirstRun { metadata, fields, draft, ticket } = first;
    let known = draft.map(|draft| (draft.lineage, draft.unknown_frames, draft.newest_counter));
    let (lineage, unknown_frames, newest_counter) = known.unwrap_or_default();
    let run = RunId::random();
    parts.order(Order::TakeUp(Box::new(TakeUp {
        metadata: metadata.clone(),
        run,
        lineage,
        begun: None,
        start: Start {
            next_save_id: SaveId::FIRST,
            seeds: Vec::new(),
            absent: Vec::new(),
            carried: Carried::default(),
            gone: KeyedIds::default(),
            anchors: KeyedIds::default(),
            opening: None,
        },
        unknown_frames,
        events: EventStart { records: parts.events.has_types(), ..EventStart::default() },
    })));
    let metadata = Box::new(metadata);
    parts.transition = Some(Transition::Opening { metadata, fields, run, newest_counter, ticket });
}

pub(in crate::lifecycle) fn start_or_continue(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    new: &NewSession,
) -> Result<(), RequestError> {
    // Whatever comes of it but another wait, the wait is over.
    let race = parts.start_up.take_race();
    if is_playing_already(world, new) {
        finish(world, ticket);
        return Ok(());
    }
    parts.require_no_session()?;
    let whereabouts = whereabouts(parts, world, ticket, new)?;
    if let Whereabouts::There(session, reason) = whereabouts {
        let way = (session, RestoreFrom::Latest, reason);
        take_up::prepare(parts, world, ticket, way, Some(new.clone()));
        return Ok(());
    }
    let known = world.get_resource_or_init::<SessionCatalog>();
    // A second process beside the first would split the one world into two.
    if known.sessions().iter().any(|entry| entry.in_use && is_named(entry, new)) {
        return try_start_again(parts, world, ticket, (new, race), RequestError::SessionInUse);
    }
    // The world may be there, and a new one beside it would take its place from then on. Where the sessions can't be listed,
    // the request has waited already.
    if matches!(whereabouts, Whereabouts::Nowhere)
        && let Some(failure) = parts.start_up.why_incomplete()
    {
        return match parts.start_up.sessions_are_known() {
            true => try_start_again(parts, world, ticket, (new, race), failure),
            false => Err(failure),
        };
    }
    match whereabouts {
        Whereabouts::Here(session) => go_on_here(parts, world, ticket, (session, false), new),
        Whereabouts::HereAlone(session) => go_on_here(parts, world, ticket, (session, true), new),
        Whereabouts::Nowhere | Whereabouts::There(..) => {
            admit_session(world)?;
            start(parts, world, ticket, new)
        }
        Whereabouts::Unknown => {
            let again = SessionRequest::StartOrContinue(new.clone());
            world.get_resource_or_init::<RequestQueue>().do_first(ticket, again.into());
            Ok(())
        }
    }
}

/// Resumes a session of this machine. `is_alone` if the replica gives no answer.
fn go_on_here(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    (session, is_alone): (SessionId, bool),
    new: &NewSession,
) -> Result<(), RequestError> {
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    let known = world.get_resource_or_init::<SessionCatalog>();
    let has_crashed = known.get(session).is_some_and(SessionEntry::has_crashed);
    let again = || Some(SessionRequest::StartOrContinue(new.clone()));
    if has_crashed && take_up_backup(parts, world, ticket, session, again()) {
        return Ok(());
    }
    let reason = if has_crashed { RestoreReason::Recovered } else { RestoreReason::Continued };
    let proposed = parts.start_up.proposed(session, policy);
    if let Proposal::Older(checkpoint) = proposed {
        warn!(%session, %checkpoint, page = LADDER_PAGE, "the game died soon after its last restores, so an older checkpoint is restored; the play since then is kept as a branch");
    }
    match proposed.restore_from() {
        Some(from) => {
            let way = (session, from, reason);
            take_up::prepare(parts, world, ticket, way, Some(new.clone()));
            Ok(())
        }
        None if is_alone => Err(RequestError::ReplicaUnreachable),
        None => start_safely(parts, world, ticket, session, new),
    }
}

/// Returns true if the requested session is being played already, as after an automatic recovery.
fn is_playing_already(world: &World, new: &NewSession) -> bool {
    let current = world.get_resource::<CurrentSession>();
    current.is_some_and(|current| {
        current.name() == new.name && current.player() == new.player.as_deref()
    })
}

/// Another process plays the requested session, or the disk can't be read. If that is about to end, waiting a little is
/// enough.
///
/// # Errors
///
/// The reason, once that took too long.
fn try_start_again(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    (new, race): (&NewSession, Option<Race>),
    reason: RequestError,
) -> Result<(), RequestError> {
    if !parts.start_up.may_try_again(race, parts.time.now()) {
        return Err(reason);
    }
    if let Some(stopwatch) = &mut parts.writer.stopwatch {
        stopwatch.note_lock_wait();
    }
    let again = SessionRequest::StartOrContinue(new.clone());
    world.get_resource_or_init::<RequestQueue>().do_first(ticket, again.into());
    Ok(())
}

/// Starts a new session instead of one on which the game died again and again. The old one is kept
/// and stays listed.
///
/// # Errors
///
/// [`RequestError::ReplicaUnreachable`] if the replica is away: it may have something newer, on which
/// the game doesn't die.
pub(in crate::lifecycle) fn start_safely(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    instead_of: SessionId,
    new: &NewSession,
) -> Result<(), RequestError> {
    if parts.is_replica_lost() {
        return Err(RequestError::ReplicaUnreachable);
    }
    warn!(
        session = %instead_of,
        page = LADDER_PAGE,
        "the game died again and again after it restored the session: a new session is started"
    );
    parts.order(Order::SetAside(instead_of));
    start(parts, world, ticket, new)
}

/// Starts the requested session, since no older one could be continued.
pub(in crate::lifecycle) fn start_instead(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: &NewSession,
) {
    info!(name = session.name, "nothing can be restored: a new session is started");
    if let Err(error) = start(parts, world, ticket, session) {
        reject(world, ticket, error);
    }
}

/// The writer has begun the run of the session that is to be started.
pub(in crate::lifecycle) fn taken_up(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    context: SessionContext,
) {
    // A restore has begun its run already; only a start waits for it.
    let Some(Transition::Opening { mut metadata, fields, run, newest_counter, ticket }) =
        parts.transition.take_if(|transition| matches!(transition, Transition::Opening { .. }))
    else {
        return compare_context(parts, world, session, context);
    };
    metadata.context = context;
    parts.start_up.note_own(session);
    world.get_resource_or_init::<SessionCatalog>().put(SessionEntry::begun(&metadata));
    world.insert_resource(CurrentSession::new(*metadata, fields));
    let figures = RunFigures::begin(parts.time.now(), Duration::ZERO);
    let mut playing =
        Playing::new(session, run, newest_counter, figures, parts.recorder(world, None));
    playing.gate.turn(gate_is_open(parts, world));
    playing.go_on_recording(world);
    parts.start_up.note_played();
    parts.playing = Some(playing);
    parts.writer.note_start(made_at(world, ticket));
    info!(%session, "session started");
    // What was recorded on the way to a run is none of it.
    parts.events.skip(world);
    note_lifecycle(parts, "started", EventTrigger::Player, |event| {
        event.between(None, Some("active".to_owned()))
    });
    notify(world, SessionStarted { session });
    finish(world, ticket);
}

/// Begins a draft.
pub(in crate::lifecycle) fn begin_draft(parts: &mut RuntimeParts, world: &mut World, taken: Taken) {
    let Taken { preparing, prepared } = taken;
    let mut metadata = prepared.metadata.clone().begun(parts.time.now().wall);
    metadata.context = GameContext::of(world);
    begin_first_run(
        parts,
        world,
        FirstRun {
            metadata,
            fields: prepared.fields.clone(),
            draft: Some(prepared),
            ticket: preparing.ticket,
        },
    );
}
