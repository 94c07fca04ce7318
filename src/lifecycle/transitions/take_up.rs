//! Resumes a session that exists: continues it, recovers it, loads a slot of it, or goes back to an
//! earlier moment of the one that is being played.
//!
//! All of these take the same steps. The checkpoint is read and decoded while the game continues.
//! Only if that succeeds is another session that is being played closed, with its last checkpoint.
//! So damage changes nothing, and no play is lost.

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::read::recovery::{PROBATION, Wanted};
use bevy_session_journal::{
    CheckpointKind, FoundSession, LeaveCause, NewSession, Proposal, RecoveryError, RecoveryOffer,
    RequestError, RestoreFrom, RestoreReason, RunId, SessionEntry, SessionId, SlotError, SlotId,
    StopReason, Ticket, Validity,
};
use tracing::{error, warn};

use super::backups::{load_backup, take_up_backup};
use super::branching::as_asked;
use super::ending::restore_when_left;
use super::leaving;
use super::restoring::{self, begin_restore, take_cancellation};
use super::starting::start_instead;
use crate::capture::is_about_to_leave;
use crate::content::{Order, Prepared};
use crate::lifecycle::checkpoints::outcomes::saving_stopped;
use crate::lifecycle::checkpoints::take_named;
use crate::lifecycle::notifications::{RecoveryFailed, RestoreCancelled, notify};
use crate::lifecycle::requests::{SessionRequest, close, finish, made_at, manner_of, reject};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::asked_checkpoints::WantedCheckpoint;
use crate::lifecycle::runtime::transition::{
    Becomes, Departure, Preparing, Taken, Transition, WantedBackup,
};
use crate::lifecycle::start_up::found::report_found;
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};
use crate::restore::RestoreManner;

/// The number of times that what is offered instead of a damaged checkpoint is tried, for a request
/// that is to succeed whatever it takes.
const TRIES: u32 = 8;

pub(in crate::lifecycle) fn continue_session(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: SessionId,
) -> Result<(), RequestError> {
    if parts.session() == Some(session) {
        // A player clicked twice.
        let made = made_at(world, ticket);
        if made.is_some_and(|made| parts.start_up.was_continued(session, made)) {
            finish(world, ticket);
            return Ok(());
        }
        return Err(RequestError::SessionRunning { current: session });
    }
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    let crashed = catalog.get(session).filter(|entry| entry.has_crashed());
    if let Some(run) = crashed.map(|entry| entry.newest.map(|newest| newest.run)) {
        let again = SessionRequest::Continue(session);
        if parts.session().is_none() && take_up_backup(parts, world, ticket, session, Some(again)) {
            return Ok(());
        }
        let from = as_offered(parts, world, session, run);
        return recover(parts, world, ticket, session, from);
    }
    let wanted = (session, RestoreFrom::Latest, RestoreReason::Continued);
    prepare(parts, world, ticket, wanted, None);
    Ok(())
}

/// The checkpoint at which a crashed session goes on: the proposed one. The player wants no new session, even if one is
/// proposed. Of a session that is offered twice, the side with this run comes first.
fn as_offered(
    parts: &RuntimeParts,
    world: &mut World,
    session: SessionId,
    run: Option<RunId>,
) -> RestoreFrom {
    let offers = world.get_resource_or_init::<RecoveryOffers>();
    let is_listed = |offer: &&RecoveryOffer| Some(offer.newest.run) == run;
    let offer = offers.of(session).find(is_listed).or_else(|| offers.of(session).next());
    let from = offer.and_then(|offer| match offer.proposed {
        Proposal::SafeStart => offer.restore_by(parts.start_up.to_go_on(session)),
        proposed => offer.restore_by(proposed),
    });
    from.unwrap_or_default()
}

pub(in crate::lifecycle) fn recover(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: SessionId,
    from: RestoreFrom,
) -> Result<(), RequestError> {
    let is_played = parts.session() == Some(session);
    let made = made_at(world, ticket).filter(|_| is_played);
    if made.is_some_and(|made| parts.start_up.was_resumed(session, from, made)) {
        finish(world, ticket);
        return Ok(());
    }
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    let known = catalog.get(session);
    let may_have_crashed = !is_played && known.is_none_or(SessionEntry::has_crashed);
    if policy == RecoveryPolicy::Never && may_have_crashed {
        return Err(RequestError::RecoveryIsOff);
    }
    if let RestoreFrom::Slot(slot) = from {
        let reason = if is_played { RestoreReason::Loaded } else { RestoreReason::Recovered };
        return recover_from_slot(parts, world, ticket, (session, slot), reason);
    }
    let reason = if is_played { RestoreReason::Rewound } else { RestoreReason::Recovered };
    prepare_after_capture(parts, world, ticket, (session, from, reason))
}

/// Has a checkpoint read. If it is of the session that is being played, the play since its last
/// checkpoint is captured first; another session is closed later, with a checkpoint.
///
/// # Errors
///
/// If the writer can't take a checkpoint now.
pub(in crate::lifecycle) fn prepare_after_capture(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    (session, from, reason): (SessionId, RestoreFrom, RestoreReason),
) -> Result<(), RequestError> {
    let tail = capture_tail(parts, world, session, CheckpointKind::Rewind)?;
    let wanted = Wanted { tail, ..wanted(world, (session, from, reason)) };
    order_preparation(parts, world, ticket, wanted, None);
    Ok(())
}

/// Has the moment of a fork read, to which no undo leads back. If the restore may be cancelled, a
/// checkpoint of what is left is taken first. It is an ordinary one: of those that rewinds leave as
/// few are kept as there are forks, so it would take the place of one.
///
/// # Errors
///
/// If the writer can't take a checkpoint now.
pub(in crate::lifecycle) fn prepare_return(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    way: (SessionId, RestoreFrom, RestoreReason),
    may_be_cancelled: bool,
) -> Result<(), RequestError> {
    let tail = match may_be_cancelled {
        true => capture_tail(parts, world, way.0, CheckpointKind::Auto)?,
        false => None,
    };
    let wanted = Wanted { tail, is_return: true, ..wanted(world, way) };
    order_preparation(parts, world, ticket, wanted, None);
    Ok(())
}

/// Takes a checkpoint of the play that is being left, if a session goes back to one of its earlier
/// moments. Returns its number, if there was anything to take.
fn capture_tail(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    kind: CheckpointKind,
) -> Result<Option<u64>, RequestError> {
    if parts.session() != Some(session) || !parts.may_capture() {
        return Ok(None);
    }
    if parts.writer.is_behind() {
        return Err(RequestError::WriterBehind);
    }
    let wanted = WantedCheckpoint::unasked(kind, None);
    Ok(take_named(parts, world, wanted).map(|checkpoint| checkpoint.counter))
}

/// Has a checkpoint read. `otherwise` is the session to start if nothing can be restored, for a
/// request to start or continue.
pub(in crate::lifecycle) fn prepare(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    way: (SessionId, RestoreFrom, RestoreReason),
    otherwise: Option<NewSession>,
) {
    order_preparation(parts, world, ticket, wanted(world, way), otherwise);
}

/// The order for a checkpoint, if nothing was captured of what is left.
fn wanted(
    world: &World,
    (session, from, reason): (SessionId, RestoreFrom, RestoreReason),
) -> Wanted {
    let settings = world.get_resource::<SessionSettings>();
    let probation = settings.map_or(PROBATION, |settings| settings.probation);
    let (tail, played, by_name, is_return) = (None, None, false, false);
    Wanted { session, from, reason, tail, played, by_name, is_return, probation }
}

fn order_preparation(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    mut wanted: Wanted,
    otherwise: Option<NewSession>,
) {
    let Wanted { session, from, reason, .. } = wanted;
    let is_by_name = otherwise.is_some();
    wanted.by_name = is_by_name && (parts.replica.is_some() || parts.has_lost_replica);
    let manner = manner_of(world, ticket).or_else(|| world.get_resource().copied());
    let manner = manner.unwrap_or_default();
    if let Some(replica) = &mut parts.replica {
        replica.by_name = is_by_name.then_some(session);
        // If the request looks for a session again, what was listed until now is too old.
        replica.search.take_if(|search| search.ticket == ticket);
    }
    parts.order(Order::Prepare { wanted, ticket });
    parts.transition = Some(Transition::Preparing(Box::new(Preparing {
        ticket,
        session,
        from,
        reason,
        manner,
        asked_at: clock::instant(),
        becomes: Becomes::ItsSession,
        otherwise,
        tries_left: TRIES,
        backup: None,
    })));
}

/// Has the checkpoint that is being read restored in place, unless the request says otherwise.
pub(in crate::lifecycle) fn put_back_in_place(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
) {
    restore_in(parts, manner_of(world, ticket).unwrap_or(RestoreManner::InPlace));
}

/// Has the checkpoint that is being read restored in this manner.
pub(in crate::lifecycle) fn restore_in(parts: &mut RuntimeParts, manner: RestoreManner) {
    if let Some(Transition::Preparing(preparing)) = &mut parts.transition {
        preparing.manner = manner;
    }
}

/// Begins a new session with the checkpoint that is being read.
pub(in crate::lifecycle) fn make_branch_of_it(parts: &mut RuntimeParts, session: &NewSession) {
    if let Some(Transition::Preparing(preparing)) = &mut parts.transition {
        preparing.becomes = Becomes::Branch(Box::new(session.clone()));
    }
}

/// Gives up the checkpoint that is being read, if the game has cancelled it.
pub(in crate::lifecycle) fn cancel_preparing_if_asked(parts: &mut RuntimeParts, world: &mut World) {
    let is_preparing = matches!(
        &parts.transition,
        Some(Transition::Preparing(preparing)) if !preparing.takes_cancellation_back()
    );
    if is_preparing && take_cancellation(world) {
        give_up_preparing(parts, world);
    }
}

/// Gives up the checkpoint that is being read, if there is one.
pub(in crate::lifecycle) fn give_up_preparing(parts: &mut RuntimeParts, world: &mut World) {
    if let Some(preparing) = end_preparing(parts) {
        give_up_prepared(parts, world, preparing.session, &preparing);
    }
}

/// Gives up what was read, or is being read, of a session.
pub(in crate::lifecycle) fn give_up_prepared(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    preparing: &Preparing,
) {
    let ticket = preparing.ticket;
    parts.order(Order::Release(session));
    close(world, ticket);
    // The game heard of it as it cancelled.
    if !preparing.takes_cancellation_back() {
        notify(world, RestoreCancelled { session, ticket, began: false });
    }
}

fn end_preparing(parts: &mut RuntimeParts) -> Option<Preparing> {
    let preparing = |transition: &mut Transition| matches!(transition, Transition::Preparing(_));
    match parts.transition.take_if(preparing) {
        Some(Transition::Preparing(preparing)) => Some(*preparing),
        _ => None,
    }
}

/// The writer has prepared a checkpoint; `None` if that was given up meanwhile.
fn answered(parts: &mut RuntimeParts, ticket: Ticket) -> Option<Preparing> {
    match &parts.transition {
        Some(Transition::Preparing(preparing)) if preparing.ticket == ticket => {
            end_preparing(parts)
        }
        _ => None,
    }
}

/// A checkpoint was read. If another session is being played, it is closed first.
pub(in crate::lifecycle) fn prepared(
    parts: &mut RuntimeParts,
    world: &mut World,
    prepared: Prepared,
    ticket: Ticket,
) {
    let Some(mut preparing) = answered(parts, ticket) else { return };
    if preparing.otherwise.is_some() {
        // Which line of the session goes on was seen when it was read.
        preparing.reason = prepared.begun.reason;
    }
    let session = prepared.metadata.id;
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    if let RestoreFrom::Slot(slot) = preparing.from {
        catalog.note_slot(slot, Validity::Verified);
    }
    let mut taken = Taken { preparing, prepared };
    if let Some(backup) = taken.preparing.backup.take() {
        return load_backup(parts, world, ticket, session, *backup, Some(taken));
    }
    // While there is nothing to be taken back.
    let Some(taken) = restoring::approve(parts, world, taken) else { return };
    let Some(taken) = as_asked(parts, world, taken) else { return };
    let session = taken.prepared.metadata.id;
    if parts.session().is_none_or(|playing| playing == session) {
        return begin_restore(parts, world, taken);
    }
    if let Err(error) = leaving::leave(parts, world, Departure::close(LeaveCause::Replaced)) {
        warn!("the played session can't be closed, so it goes on and the other one isn't restored");
        parts.order(Order::Release(session));
        return reject(world, ticket, error);
    }
    restore_when_left(parts, taken);
}

/// The previous session was left: continues with the checkpoint that was read meanwhile, unless
/// that isn't wanted any more.
pub(in crate::lifecycle) fn restore_taken(
    parts: &mut RuntimeParts,
    world: &mut World,
    taken: Taken,
) {
    if parts.exit.was_seen() || take_cancellation(world) || is_about_to_leave(world) {
        let session = taken.prepared.metadata.id;
        return give_up_prepared(parts, world, session, &taken.preparing);
    }
    begin_restore(parts, world, taken);
}

/// The chosen checkpoint is damaged. The offered replacement answers the request; a request that is
/// to succeed whatever it takes continues with the replacement.
pub(in crate::lifecycle) fn damaged(
    parts: &mut RuntimeParts,
    world: &mut World,
    found: FoundSession,
    ticket: Ticket,
) {
    let session = found.session;
    let is_offered = !found.offers.is_empty();
    let preparing = answered(parts, ticket);
    let is_last_word = preparing.as_ref().is_some_and(|it| it.otherwise.is_none());
    report_found(parts, world, found, Some(ticket).filter(|_| is_last_word));
    let Some(preparing) = preparing else { return };
    say_if_world_is_lost(parts, world, &preparing);
    match preparing.otherwise {
        None => {}
        Some(otherwise) if is_offered && preparing.tries_left > 0 => {
            let policy = world.get_resource_or_init::<SessionSettings>().recovery;
            let proposed = parts.start_up.proposed(session, policy);
            let Some(from) = proposed.restore_from() else {
                return go_on_without(parts, world, otherwise, preparing.backup, (session, ticket));
            };
            let wanted = (session, from, RestoreReason::Recovered);
            prepare(parts, world, ticket, wanted, Some(otherwise));
            if let Some(Transition::Preparing(again)) = &mut parts.transition {
                again.tries_left = preparing.tries_left - 1;
                again.backup = preparing.backup;
            }
        }
        Some(otherwise) => {
            go_on_without(parts, world, otherwise, preparing.backup, (session, ticket));
        }
    }
}

/// Nothing can be read of a session: continues with the wanted backup, or with a new session, unless
/// that would hide what the replica may have of it.
fn go_on_without(
    parts: &mut RuntimeParts,
    world: &mut World,
    otherwise: NewSession,
    backup: Option<Box<WantedBackup>>,
    (session, ticket): (SessionId, Ticket),
) {
    match backup {
        Some(backup) => load_backup(parts, world, ticket, session, backup.like(otherwise), None),
        None if parts.may_be_in_replica(session) => {
            reject(world, ticket, RequestError::ReplicaUnreachable);
        }
        None => start_instead(parts, world, ticket, &otherwise),
    }
}

/// If the play that a cancelled restore had left can't be read, the game stays in a world that
/// isn't the session's.
pub(in crate::lifecycle) fn say_if_world_is_lost(
    parts: &mut RuntimeParts,
    world: &mut World,
    preparing: &Preparing,
) {
    if preparing.takes_cancellation_back()
        && parts.playing.as_ref().is_some_and(|playing| playing.has_left_world)
    {
        saving_stopped(parts, world, StopReason::WorldLost);
    }
}

/// Nothing of the session can be restored.
pub(in crate::lifecycle) fn unrecoverable(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    error: RecoveryError,
    asked: Ticket,
) {
    error!(%session, ?error, "no checkpoint can be restored");
    let all_damaged = error == RecoveryError::AllDamaged;
    let slots = SessionCatalog::slots_left(world, session);
    let preparing = answered(parts, asked);
    // What can't be read now may be readable later; a new session would hide it.
    let goes_on = all_damaged && preparing.as_ref().is_some_and(|it| it.otherwise.is_some());
    let ticket = Some(asked).filter(|_| preparing.is_some() && !goes_on);
    if let Some(ticket) = ticket {
        close(world, ticket);
    }
    notify(world, RecoveryFailed { session, ticket, error, slots });
    let Some(preparing) = preparing else { return };
    say_if_world_is_lost(parts, world, &preparing);
    let Preparing { otherwise, backup, .. } = preparing;
    if let Some(otherwise) = otherwise.filter(|_| goes_on) {
        go_on_without(parts, world, otherwise, backup, (session, asked));
    }
}

/// The request can't be granted.
pub(in crate::lifecycle) fn not_prepared(
    parts: &mut RuntimeParts,
    world: &mut World,
    error: RequestError,
    ticket: Ticket,
) {
    let Some(preparing) = answered(parts, ticket) else { return };
    say_if_world_is_lost(parts, world, &preparing);
    note_refusal(world, preparing.from, &error);
    reject(world, ticket, error);
}

/// Notes in the catalogue what reading a slot has shown.
fn note_refusal(world: &mut World, from: RestoreFrom, error: &RequestError) {
    if let (RestoreFrom::Slot(slot), RequestError::Slot(SlotError::Damaged { .. })) = (from, error)
    {
        world.get_resource_or_init::<SessionCatalog>().note_slot(slot, Validity::Damaged);
    }
}

/// Resumes from a slot after a crash.
fn recover_from_slot(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    (session, slot): (SessionId, SlotId),
    reason: RestoreReason,
) -> Result<(), RequestError> {
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    match catalog.slot(slot) {
        Some(entry) if entry.session.id == session => {}
        Some(_) => return Err(SlotError::Unknown.into()),
        None => return Err(catalog.why_unreadable(slot).into()),
    }
    prepare_after_capture(parts, world, ticket, (session, RestoreFrom::Slot(slot), reason))
}
