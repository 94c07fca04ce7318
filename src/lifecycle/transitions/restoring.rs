//! Restores a prepared checkpoint into the world, step by step.
//!
//! Without any one of these steps, some ordinary game broke:
//!
//! | step | what happens | why |
//! | --- | --- | --- |
//! | 1 | If the session goes back within itself and no gate is closed, take a `Rewind` checkpoint. Read, check, decode off the main thread. | The rewind can be undone; a refusal changes nothing. |
//! | 2 | Set `session_is_restoring`, trigger `RestoreStarted`. | Game systems can stand back. |
//! | 3 | Resources, except those with references; states by `set_if_neq`, or a loading screen; transitions. | `OnEnter` loads the right level; nothing reads dangling references. |
//! | 4a | Wait for the gate, once a frame after `StateTransition`. | The game loads what entities belong to. |
//! | 4b | Enter the saved states; all below is in the same step. | Old states' exits mustn't despawn restored entities. |
//! | 5a | Despawn saved entities, and placed ones that are gone for good, until none is left. Remove from the other placed ones what the checkpoint lacks, and despawn what comes of it. | Observers of deaths and removals spawn loot. |
//! | 5b | Drop delayed commands from before step 2, and `clear_on_session_restore` messages. | They concern the old world. |
//! | 5c | Resources again, with references. | Deaths may have changed them. |
//! | 5d | Map references; spawn parents first, siblings in order, entities whole. | Observers look at neighbouring components. |
//! | 5e | Other relationships, in target order. | Bevy appends to target lists. |
//! | 5f | Remove required components that the checkpoint lacks, and what comes of that, at most three times, unless new since its `bevy_session::Build`. | Play removed them, an update adds them. |
//! | 5g | Rewrite in place, without triggers, what hooks and observers changed; insert immutable or removed values, at most three times; report the rest. | Saved values already include hooks' effects. |
//! | 5h | Restore list orders (`restore/lists.rs`). | Reinserted links move to the end. |
//! | 5i | Reset placed entities unknown to the checkpoint. | They aren't restored. |
//! | 6 | `SessionRestored`; a capture opens the run. | The run needs no older bytes. |
//!
//! A restore can be cancelled until its gate is open (4b). The resources then get the values that they had when it began,
//! and those that didn't exist are removed. If no state was left, that is all. If one was, its entities and its level are
//! gone: the checkpoint that was taken of the played session is restored, in the same manner and through the same loading
//! screen, and that can't be cancelled. Without a session the states are entered again.

use std::any::TypeId;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::Tick;
use bevy::ecs::world::error::TryRunScheduleError;
use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::read::recovery;
use bevy_session_journal::internal::write::EventStart;
use bevy_session_journal::{
    CheckpointError, CheckpointId, EventTrigger, RequestError, RestoreFrom, RestoreReason, RunId,
    SessionContext, SessionEntry, SessionId, SessionStatus, ShelfPlace, Ticket,
};
use tracing::{debug, error, info, info_span, warn};

use super::menus::is_on_the_way_to_menu;
use super::starting::begin_draft;
use super::take_up::{self, give_up_prepared, say_if_world_is_lost};
use crate::capture::{KeyedIds, Known, Placed, Recorder, StateLog, set_clock};
use crate::content::{ContentOrder, Order, Prepared, Start, TakeUp};
use crate::lifecycle::activity::{RestorePhase, set_activity};
use crate::lifecycle::checkpoints::outcomes::{give_up_asked, saving_resumed};
use crate::lifecycle::deferring::give_up_deferred;
use crate::lifecycle::gates::gate_is_open;
use crate::lifecycle::hints::follow_level;
use crate::lifecycle::notifications::{
    RestoreCancelled, RestorePrepared, RestoreStalled, RestoreStarted, SessionRecovered,
    SessionRestored, notify, notify_entities,
};
use crate::lifecycle::recording::line::{Due, EventLine};
use crate::lifecycle::recording::note_lifecycle;
use crate::lifecycle::requests::{
    Request, RequestQueue, SessionRequest, ask, close, finish, made_at, reject,
};
use crate::lifecycle::runtime::transition::{Becomes, Preparing, Restoring, Taken, Transition};
use crate::lifecycle::runtime::{Playing, RuntimeParts, SavedMoment};
use crate::lifecycle::settings::RestoreLosses;
use crate::lifecycle::summary::RunFigures;
use crate::lifecycle::{
    CurrentSession, GameContext, LastCheckpoint, RecoveryOffers, SessionCatalog, SessionSettings,
};
use crate::restore::{EntitiesReplaced, Leftovers, RestoreLoss, RestoreLossReason, RestoreManner};

/// Asks the game and its settings if the checkpoint that was read is to be restored; `None` if it
/// isn't, which is reported. Nothing has changed yet.
pub(in crate::lifecycle) fn approve(
    parts: &mut RuntimeParts,
    world: &mut World,
    taken: Taken,
) -> Option<Taken> {
    let prepared = &taken.prepared;
    let session = prepared.metadata.id;
    if prepared.is_draft {
        // There is nothing to restore.
        return unless_cancelled(parts, world, taken);
    }
    let checkpoint = prepared.checkpoint;
    let losses = prepared.image.losses().to_vec();
    let settings = world.get_resource_or_init::<SessionSettings>();
    let is_refused = settings.losses == RestoreLosses::Refuse && losses.iter().any(can_be_had);
    notify(world, RestorePrepared { session, checkpoint, losses: losses.clone() });
    if is_refused {
        let page = "docs/guide/versions.md";
        warn!(%session, %checkpoint, ?losses, page, "restore refused: this build would lose saved values");
        parts.order(Order::Release(session));
        let types = losses.into_iter().map(|loss| loss.type_path).collect();
        reject(world, taken.preparing.ticket, RequestError::WouldLose { types });
        say_if_world_is_lost(parts, world, &taken.preparing);
        return None;
    }
    unless_cancelled(parts, world, taken)
}

fn unless_cancelled(parts: &mut RuntimeParts, world: &mut World, taken: Taken) -> Option<Taken> {
    let is_cancelled = !taken.preparing.takes_cancellation_back() && take_cancellation(world);
    if is_cancelled || is_on_the_way_to_menu(parts, world) {
        let session = taken.prepared.metadata.id;
        give_up_prepared(parts, world, session, &taken.preparing);
        return None;
    }
    Some(taken)
}

/// Begins the steps of a restore: up to here nothing of the world has changed. A draft just begins.
pub(in crate::lifecycle) fn begin_restore(
    parts: &mut RuntimeParts,
    world: &mut World,
    taken: Taken,
) {
    if taken.prepared.is_draft {
        return begin_draft(parts, world, taken);
    }
    let Taken { preparing, mut prepared } = taken;
    let (session, checkpoint) = (prepared.metadata.id, prepared.checkpoint);
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.stop_recording();
    }
    set_activity(world, |activity| activity.restore = Some(RestorePhase::WaitingForGate));
    notify(world, RestoreStarted { session, checkpoint });

    let leftovers = Leftovers::note(world, parts.hooks.clear_on_session_restore.clone());
    parts.hooks.held_state = None;
    let through = parts.hooks.restore_session_through.clone();
    let mut kept = prepared.image.keep_world(world, through.as_ref());
    if !parts.start_up.has_played() {
        prepared.image.leave_what_an_update_begins_with();
    }
    prepared.image.insert_resources(world);
    let through = through.filter(|_| !stays_in_level(parts, world, &prepared, &preparing));
    if through.is_none() {
        kept.leave_no_state();
    }
    let before = world.get_resource::<CurrentSession>().cloned();
    let mut current = session_as_saved(&prepared, parts.time.now().wall);
    let same = before.as_ref().filter(|before| before.id() == session);
    current.chapters.note_restore(same.map(CurrentSession::chapters));
    // Until the new run has a checkpoint, it is what it was.
    current.timeline = same.map(|same| Arc::clone(&same.timeline)).unwrap_or_default();
    world.insert_resource(current);
    let (image, through_state) = (&prepared.image, through.as_ref());
    let is_set = |state| image.sets_state(state, through_state);
    enter_states(world, is_set, |world| image.set_states(world, through_state));
    let now = parts.time.now().elapsed;
    let patience = world.get_resource_or_init::<SessionSettings>().patience.restore;
    parts.transition = Some(Transition::Restoring(Box::new(Restoring {
        prepared,
        preparing,
        before,
        kept,
        leftovers,
        through: through.is_some(),
        since: now,
        report_at: now.saturating_add(patience),
    })));
    go_on_restoring(parts, world);
}

/// Enters states for a restore. If one of them is the menu's, that isn't the game's wish.
fn enter_states(
    world: &mut World,
    is_set: impl Fn(TypeId) -> bool,
    enter: impl FnOnce(&mut World) -> Result<(), TryRunScheduleError>,
) {
    if let Err(error) = enter(world) {
        error!(%error, "the states can't be entered");
    }
    let mut queue = world.get_resource_or_init::<RequestQueue>();
    if let Some(menu) = queue.take_menu().filter(|menu| !menu.comes_of(is_set)) {
        queue.note_menu(menu);
    }
}

/// Returns true if the checkpoint's level is loaded already, so that it needs no loading screen. What the level has
/// placed has to be there as well: only a level that is loaded again brings back what has gone of it.
fn stays_in_level(
    parts: &mut RuntimeParts,
    world: &mut World,
    prepared: &Prepared,
    preparing: &Preparing,
) -> bool {
    // What belonged to a state that was left on the way is gone, whatever the game says of its level.
    let has_left_world = parts.playing.as_ref().is_some_and(|playing| playing.has_left_world);
    if parts.hooks.stay_in_level_if.is_empty() || has_left_world {
        return false;
    }
    let manner = prepared.image.manner(manner_here(parts, prepared.metadata.id, preparing));
    if manner != RestoreManner::InPlace || !prepared.image.finds_all_placed(world) {
        return false;
    }
    parts.hooks.stay_in_level_if.iter_mut().all(|condition| condition.ask(world))
}

/// Continues the restore that waits for its gate, if there is one and the gate is open.
pub(in crate::lifecycle) fn go_on_restoring(parts: &mut RuntimeParts, world: &mut World) {
    let Some(Transition::Restoring(restoring)) = &mut parts.transition else { return };
    let session = restoring.prepared.metadata.id;
    let closed = parts.hooks.restore_session_when.iter_mut().find_map(|gate| {
        let is_open = gate.ask(world);
        (!is_open).then(|| gate.name.clone())
    });
    if let Some(gate) = closed {
        let waited = parts.time.now().elapsed.saturating_sub(restoring.since);
        if parts.time.now().elapsed >= restoring.report_at {
            // Reported again after twice the time.
            restoring.report_at = parts.time.now().elapsed.saturating_add(waited);
            let page = "docs/guide/states-and-gates.md#the-order-of-a-restore";
            warn!(%session, gate, ?waited, page, "the restore waits for its gate");
            notify(world, RestoreStalled { session, gate, waited });
        }
        if take_cancellation(world) {
            cancel_restoring(parts, world);
        }
        return;
    }
    if let Some(Transition::Restoring(restoring)) = parts.transition.take() {
        finish_restore(parts, world, *restoring);
    }
}

fn finish_restore(parts: &mut RuntimeParts, world: &mut World, restoring: Restoring) {
    let played = restoring.prepared.metadata.id;
    let manner = manner_here(parts, played, &restoring.preparing);
    let Restoring { prepared, preparing, leftovers, through, .. } = restoring;
    let (image, prepared) = prepared.split();
    let session = prepared.metadata.id;
    let checkpoint = prepared.checkpoint;
    let span =
        info_span!("restore", session.id = %session, %checkpoint, entities = tracing::field::Empty);
    let _span = span.enter();
    set_activity(world, |activity| activity.restore = Some(RestorePhase::Replacing));
    // Before the entities are there: what belongs to a state goes with its exit.
    if through {
        let is_set = |state| image.sets_state(state, None);
        enter_states(world, is_set, |world| image.set_states(world, None));
    }
    let replaced = match image.manner(manner) {
        RestoreManner::Respawn => image.replace_entities(world, &leftovers),
        RestoreManner::InPlace => {
            let recorder = parts.playing.as_mut().map(|playing| &mut playing.recorder);
            let known = parts.captured.of(checkpoint).zip(recorder);
            let known = known.map(|(since, recorder)| Known { since, recorder });
            image.write_in_place(world, &leftovers, &parts.hooks.drop_on_rewind, known)
        }
    };
    let clock_before = world.get_resource::<Time>().map(Time::elapsed).unwrap_or_default();
    set_clock(prepared.clock, world);
    Leftovers::keep_delays(world, clock_before);
    span.record("entities", replaced.report.entities);
    begin_restored_run(parts, world, prepared, replaced, &preparing);
}

/// The manner of restoring a checkpoint into the present world: in place only if that is the
/// session's. What a cancelled restore took with the states that it left is spawned again.
fn manner_here(parts: &RuntimeParts, session: SessionId, preparing: &Preparing) -> RestoreManner {
    match parts.session() == Some(session) {
        true => preparing.manner,
        false => RestoreManner::Respawn,
    }
}

/// The world is the session's again: begins the run that follows the checkpoint.
pub(in crate::lifecycle) fn begin_restored_run(
    parts: &mut RuntimeParts,
    world: &mut World,
    mut prepared: recovery::Prepared<()>,
    mut replaced: EntitiesReplaced,
    preparing: &Preparing,
) {
    let (session, checkpoint) = (prepared.metadata.id, prepared.checkpoint);
    let (reason, left) = (preparing.reason, prepared.begun.left);
    let (report, changed) = (mem::take(&mut replaced.report), mem::take(&mut replaced.changed));
    let as_saved = replaced.as_saved;
    if let Some(remains) = replaced.remains.take_if(|_| as_saved.is_none()) {
        // Freeing it would take a frame as long as decoding did.
        parts.order(Order::Content(ContentOrder::Free(remains)));
    }
    let context_before = note_restored(world, &mut prepared, &replaced, reason);
    let crash = parts.start_up.take_crash(session, prepared.play_time);
    // What isn't handed out happened in a world that is lost, and is no part of this one.
    prepared.events.after.retain(|event| parts.events.is_replayed(event));
    let due = Due::new(prepared.events.after.clone(), &replaced.seeds);

    let run = RunId::random();
    let figures = RunFigures::begin(parts.time.now(), prepared.play_time);
    // Before any observer runs: what those change belongs to the run.
    let fresh = record_again(parts, world, as_saved);
    parts.has_failed = false;
    let was_lost = parts
        .playing
        .as_mut()
        .is_some_and(|left| mem::take(&mut left.has_left_world) && left.is_stopped);
    let is_open = gate_is_open(parts, world);
    let newest_event = prepared.events.next.saturating_sub(1);
    let events = EventLine::after(newest_event, prepared.events.through, due);
    let newest_counter = prepared.newest_counter;
    let origin = origin_of(preparing, checkpoint);
    take_up_restored(parts, made_at(world, preparing.ticket), run, prepared, replaced);
    give_up_deferred(parts, world);
    // What of the run before isn't durable by now was given up with it.
    give_up_asked(parts, world, u64::MAX, &CheckpointError::WriterBehind);
    let recorder = parts.playing.take().map(|left| left.recorder).or(fresh);
    parts.playing = recorder.map(|recorder| {
        let mut playing = Playing::new(session, run, newest_counter, figures, recorder);
        playing.context_before = Some(context_before);
        playing.line.is_as_restored = as_saved.is_some();
        playing.gate.turn(is_open);
        playing.origin = origin;
        playing.events = events;
        playing.go_on_recording(world);
        playing
    });
    follow_level(parts, world);
    if was_lost {
        saving_resumed(parts, world);
    }
    // What was recorded on the way to a run is none of it, and neither is the frame in which it ends.
    parts.events.skip(world);
    parts.time.begin_play();
    note_lifecycle(parts, reason.event(), EventTrigger::Player, |event| {
        let event = event.between(None, Some("active".to_owned()));
        let event = event.details(checkpoint.to_string());
        // Also if the player takes an older save instead: the record of the process that died goes with the first checkpoint.
        match crash.filter(|_| reason != RestoreReason::BranchedOff) {
            Some((deaths, lost)) => event.after_deaths(deaths, lost),
            None => event,
        }
    });
    parts.claims.clear();
    world.get_resource_or_init::<RecoveryOffers>().remove(session);
    note_in_catalogue(world, session);
    let (elapsed, ticket) = (preparing.asked_at.elapsed(), preparing.ticket);
    info!(?reason, ?elapsed, in_place = report.in_place, "session restored");
    notify_entities(world, changed);
    notify(world, SessionRestored { session, checkpoint, reason, ticket, left, report, elapsed });
    answer(parts, world, preparing, checkpoint);
}

/// Where a run begins that follows a checkpoint. That of another session, or of a file, is none of its own.
fn origin_of(preparing: &Preparing, checkpoint: CheckpointId) -> Option<SavedMoment> {
    let from = match preparing.from {
        from @ RestoreFrom::Slot(_) => from,
        _ => RestoreFrom::Checkpoint(checkpoint),
    };
    matches!(preparing.becomes, Becomes::ItsSession).then_some(SavedMoment { checkpoint, from })
}

/// Answers the request for a restore that is done.
fn answer(
    parts: &mut RuntimeParts,
    world: &mut World,
    preparing: &Preparing,
    checkpoint: CheckpointId,
) {
    let Preparing { session, reason, .. } = *preparing;
    if reason == RestoreReason::Recovered {
        notify(world, SessionRecovered { session, checkpoint });
    }
    if matches!(reason, RestoreReason::Recovered | RestoreReason::Continued) {
        parts.start_up.note_resumed(session, preparing.from, clock::instant());
    }
    finish(world, preparing.ticket);
}

/// Restarts the recorder of the run that is left; a new one, if there is none.
fn record_again(
    parts: &mut RuntimeParts,
    world: &mut World,
    as_saved: Option<Tick>,
) -> Option<Recorder> {
    match &mut parts.playing {
        None => Some(parts.recorder(world, as_saved)),
        Some(left) => {
            left.recorder.begin_again(world, as_saved);
            None
        }
    }
}

/// Notes that a session is played, and neither archived, in the trash nor declined. A new one is listed from now on, and so is
/// one of which only a slot was left.
fn note_in_catalogue(world: &mut World, session: SessionId) {
    let current = world.get_resource::<CurrentSession>().filter(|current| current.id() == session);
    let begun = current.map(|current| SessionEntry::begun(current.metadata()));
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    if let Some(begun) = begun.filter(|_| catalog.get(session).is_none()) {
        catalog.put(begun);
    }
    if let Some(entry) = catalog.get_mut(session) {
        entry.in_use = true;
        entry.declined = false;
        entry.session.place = ShelfPlace::Open;
    }
}

/// Has the writer begin the run that follows a checkpoint, which was asked for at this time.
fn take_up_restored(
    parts: &mut RuntimeParts,
    made_at: Option<Instant>,
    run: RunId,
    prepared: recovery::Prepared<()>,
    replaced: EntitiesReplaced,
) {
    if parts.session() != Some(prepared.metadata.id) {
        parts.writer.note_start(made_at);
    }
    parts.start_up.note_played();
    parts.order(Order::TakeUp(Box::new(TakeUp {
        metadata: prepared.metadata,
        run,
        lineage: prepared.lineage,
        begun: Some(prepared.begun),
        start: Start {
            next_save_id: prepared.next_save_id,
            seeds: replaced.seeds,
            absent: replaced.absent,
            carried: replaced.carried,
            gone: KeyedIds::of(replaced.gone),
            anchors: KeyedIds::of(replaced.anchors),
            opening: replaced.remains,
        },
        unknown_frames: prepared.unknown_frames,
        events: EventStart {
            records: parts.events.has_types(),
            replayed: prepared.events.after,
            line: prepared.events.line,
        },
    })));
}

/// Cancels a restore that waits for its gate, and makes the world what it was.
///
/// If states were left, their entities are gone, so the played session is restored as it was left:
/// by a restore of the checkpoint that was taken then, through the same loading screen.
pub(in crate::lifecycle) fn cancel_restoring(parts: &mut RuntimeParts, world: &mut World) {
    let Some(restoring) = give_up_restoring(parts, world) else { return };
    let Restoring { prepared, kept, preparing, .. } = *restoring;
    let (session, ticket) = (prepared.metadata.id, preparing.ticket);
    // Also where this was to bring back what an earlier one had left.
    let was_left = prepared.image.has_left_states(world, &kept)
        || parts.playing.as_ref().is_some_and(|playing| playing.has_left_world);
    let newest = parts.playing.as_ref().map(|playing| (playing.session, playing.newest().from));
    if let Some((session, from)) = newest
        && was_left
    {
        close(world, ticket);
        notify(world, RestoreCancelled { session, ticket, began: true });
        leave_world(parts);
        let ticket = ask(world, SessionRequest::Recover(session, from));
        take_up::prepare(parts, world, ticket, (session, from, RestoreReason::Undone), None);
        take_up::restore_in(parts, preparing.manner);
        return;
    }
    let is_set = |state| prepared.image.sets_state(state, kept.left_for());
    enter_states(world, is_set, |world| prepared.image.give_states_back(world, &kept));
    if parts.playing.is_some()
        && let Some(mut placed) = world.get_resource_mut::<Placed>()
    {
        placed.go_on_recording();
    }
    // It wasn't asked while the restore waited, and the app may exit in this very frame.
    let is_open = gate_is_open(parts, world);
    if let Some(playing) = &mut parts.playing {
        playing.gate.turn(is_open);
    }
    set_activity(world, |activity| activity.restore = None);
    close(world, ticket);
    notify(world, RestoreCancelled { session, ticket, began: true });
}

/// Gives up a restore that waits for its gate. Resources are what they were, and states are as the restore has set them.
pub(super) fn give_up_restoring(
    parts: &mut RuntimeParts,
    world: &mut World,
) -> Option<Box<Restoring>> {
    let is_restoring = |at: &mut Transition| matches!(at, Transition::Restoring(_));
    let Some(Transition::Restoring(mut restoring)) = parts.transition.take_if(is_restoring) else {
        return None;
    };
    let session = restoring.prepared.metadata.id;
    restoring.prepared.image.give_resources_back(world);
    match restoring.before.take() {
        Some(before) => world.insert_resource(before),
        None => drop(world.remove_resource::<CurrentSession>()),
    }
    parts.order(Order::Release(session));
    debug!(%session, "restore cancelled");
    Some(restoring)
}

/// The world of the played session is left: neither the loading screen nor what comes of it is saved.
pub(super) fn leave_world(parts: &mut RuntimeParts) {
    if let Some(playing) = &mut parts.playing {
        playing.has_left_world = true;
        playing.gate.turn(false);
    }
}

/// Returns true if the game has cancelled the restore. Handled out of turn, since all other
/// requests wait for the restore.
pub(in crate::lifecycle) fn take_cancellation(world: &mut World) -> bool {
    let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return false };
    let is_cancellation =
        |request: &Request| *request == Request::Session(SessionRequest::CancelRestore);
    let taken = queue.take(is_cancellation);
    let tickets: Vec<Ticket> = taken.iter().map(|asked| queue.open(asked)).collect();
    tickets.iter().for_each(|ticket| finish(world, *ticket));
    !tickets.is_empty()
}

/// Returns true if another build may be able to read these values: values that were never written
/// are lost to all.
fn can_be_had(loss: &RestoreLoss) -> bool {
    loss.reason != RestoreLossReason::NotWritten
}

/// Notes in the world that its session is played again. Returns the context in which it was played
/// before.
fn note_restored(
    world: &mut World,
    prepared: &mut recovery::Prepared<()>,
    replaced: &EntitiesReplaced,
    reason: RestoreReason,
) -> SessionContext {
    let has_crashed = prepared.has_crashed && reason == RestoreReason::Recovered;
    let metadata = &mut prepared.metadata;
    metadata.tally.restores = metadata.tally.restores.saturating_add(1);
    metadata.tally.deaths = metadata.tally.deaths.saturating_add(has_crashed.into());
    let context_before = mem::replace(&mut metadata.context, GameContext::of(world));
    if let Some(mut current) = world.get_resource_mut::<CurrentSession>() {
        current.metadata.clone_from(metadata);
    }
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        let gone = replaced.gone.iter().map(|(_, key)| key.clone()).collect();
        placed.begin(gone, replaced.carried.waiting().cloned().collect());
    }
    if let Some(mut log) = world.get_resource_mut::<StateLog>() {
        log.take();
    }
    set_activity(world, |activity| activity.restore = None);
    context_before
}

/// The session as the checkpoint has it.
pub(in crate::lifecycle) fn session_as_saved(
    prepared: &Prepared,
    now: jiff::Timestamp,
) -> CurrentSession {
    let mut session = CurrentSession::new(prepared.metadata.clone(), prepared.fields.clone());
    let rest = Duration::from_nanos(prepared.clock.played_rest.into());
    session.play_time = prepared.play_time + rest;
    session.last_checkpoint = Some(LastCheckpoint {
        id: prepared.checkpoint,
        kind: prepared.kind,
        play_time: prepared.play_time,
    });
    session.status = SessionStatus::Active;
    session.state_changes.clone_from(&prepared.state_changes);
    session.chapters.clone_from(&prepared.chapters);
    session.updated = now;
    session
}
