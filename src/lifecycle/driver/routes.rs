//! Passes each request to its topic.

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::check_slot_name;
use bevy_session_journal::internal::write::SlotOrder;
use bevy_session_journal::{RequestError, Ticket};

use crate::content::Order;
use crate::lifecycle::attachments::handle_attachment_request;
use crate::lifecycle::chapters::{begin_chapter, end_chapter, end_current_chapter};
use crate::lifecycle::external::answer_external;
use crate::lifecycle::library::cleanup::clean_up;
use crate::lifecycle::library::digests::order_digests;
use crate::lifecycle::library::editing_many::{self, edit_all};
use crate::lifecycle::library::filing;
use crate::lifecycle::playing::{change_placed, checkpoint_on_request, pause, resume, update};
use crate::lifecycle::reporting::{self, save_as_scenario};
use crate::lifecycle::requests::{
    CurrentRequest, ExternalRequest, Request, SessionRequest, SlotRequest,
};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::asked_checkpoints::{Asker, WantedCheckpoint};
use crate::lifecycle::runtime::transition::Departure;
use crate::lifecycle::slots::saving::save_slot;
use crate::lifecycle::start_up::offers::take_option;
use crate::lifecycle::transitions::backups::recover_external;
use crate::lifecycle::transitions::beginning_worlds::start_in;
use crate::lifecycle::transitions::forking::fork_world;
use crate::lifecycle::transitions::loading::{load, quick_load};
use crate::lifecycle::transitions::profiles::use_profile;
use crate::lifecycle::transitions::rewinding::{self, branch_off};
use crate::lifecycle::transitions::starting::{self, start_or_continue};
use crate::lifecycle::transitions::take_up::{continue_session, recover};
use crate::lifecycle::transitions::{drafts, leaving};

pub(super) fn handle_by_topic(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    request: &Request,
) -> Result<(), RequestError> {
    match request {
        Request::Session(request) => handle_session_request(parts, world, ticket, request)?,
        Request::Current(request) => handle_current_request(parts, world, ticket, request)?,
        Request::Slot(request) => handle_slot_request(parts, world, ticket, request)?,
        Request::Attachment(request) => {
            handle_attachment_request(parts, world, ticket, request)?;
        }
        Request::ReadEvents(query) => {
            parts.order(Order::ReadEvents { query: query.clone(), ticket });
        }
        Request::ValidateEvents(session) => {
            parts.order(Order::ValidateEvents { session: *session, ticket });
        }
        Request::Digest(order) => order_digests(parts, world, ticket, order)?,
        Request::External(ExternalRequest::Answer { request, result }) => {
            answer_external(parts, world, *request, result.clone())?;
        }
        Request::External(ExternalRequest::Recover { session, slot }) => {
            recover_external(parts, world, ticket, (*session, slot), None)?;
        }
        Request::UseProfile(profile) => use_profile(parts, world, ticket, profile)?,
        Request::Report { report, path } => reporting::report(parts, world, ticket, report, path)?,
        Request::SaveAsScenario { of, scenario, path } => {
            save_as_scenario(parts, world, ticket, (*of, scenario), path)?;
        }
        Request::Export { session, path } => {
            reporting::export(parts, world, ticket, *session, path);
        }
    }
    Ok(())
}

fn handle_session_request(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    request: &SessionRequest,
) -> Result<(), RequestError> {
    match request {
        SessionRequest::Start(session) => {
            parts.hints.note_start(session);
            starting::start(parts, world, ticket, session)
        }
        SessionRequest::StartIn { session, world: file } => {
            start_in(parts, world, ticket, (session, file))
        }
        SessionRequest::StartOrContinue(session) => {
            start_or_continue(parts, world, ticket, session)
        }
        SessionRequest::Continue(session) => continue_session(parts, world, ticket, *session),
        SessionRequest::Recover(session, from) => recover(parts, world, ticket, *session, *from),
        SessionRequest::CancelRestore => Err(RequestError::NothingToCancel),
        SessionRequest::Decline(decline) => filing::decline(parts, world, *decline, ticket),
        SessionRequest::Purge(session) => filing::forget(parts, *session, ticket),
        SessionRequest::TakeOption { offered, option } => {
            take_option(parts, world, *offered, option)
        }
        SessionRequest::Update(session, update) => {
            filing::edit(parts, world, ticket, *session, update)
        }
        SessionRequest::Draft(session) => drafts::draft(parts, world, ticket, session),
        SessionRequest::Copy { session, name } => filing::copy(parts, *session, name, ticket),
        SessionRequest::Shelve(session, how) => filing::shelve(parts, *session, *how, ticket),
        SessionRequest::EditAll(query, edit) => {
            edit_all(parts, world, ticket, query, edit);
            Ok(())
        }
        SessionRequest::Prune(preview) => {
            editing_many::prune(parts, world, ticket, preview);
            Ok(())
        }
        SessionRequest::ExportPlayer { player, path } => {
            let (player, path) = (player.clone(), path.clone());
            parts.order(Order::ExportPlayer { player, path, ticket });
            Ok(())
        }
        SessionRequest::ErasePlayer { player } => {
            parts.order(Order::ErasePlayer { player: player.clone(), ticket });
            Ok(())
        }
        SessionRequest::ReadAudit { limit } => {
            parts.order(Order::ReadAudit { limit: *limit, ticket });
            Ok(())
        }
        SessionRequest::CleanUp => {
            clean_up(parts, world, ticket);
            Ok(())
        }
        SessionRequest::Find => {
            parts.start_up.asked();
            parts.order(Order::Detect { ticket: Some(ticket) });
            Ok(())
        }
    }
}

fn handle_current_request(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    request: &CurrentRequest,
) -> Result<(), RequestError> {
    match request {
        CurrentRequest::Pause => pause(parts, world),
        CurrentRequest::Resume => resume(parts, world),
        CurrentRequest::Update(changes) => update(parts, world, changes),
        CurrentRequest::Checkpoint { label, kind } => {
            let (label, asker) = (Some(label.clone()), Asker::Request(ticket));
            checkpoint_on_request(parts, world, WantedCheckpoint { kind: *kind, label, asker })
        }
        CurrentRequest::Close(leaving) => {
            leaving::leave(parts, world, Departure::close(leaving.clone()).asked_for(ticket))
        }
        CurrentRequest::End { reason, leaving } => {
            leaving::leave(parts, world, Departure::end(*reason, leaving.clone()).asked_for(ticket))
        }
        CurrentRequest::ForgetKey(key) => {
            change_placed(parts, world, |placed| placed.release(key.clone()))
        }
        CurrentRequest::ForgetKeys(prefix) => {
            change_placed(parts, world, |placed| placed.release_all(prefix))
        }
        CurrentRequest::Fork => fork_world(parts, world, ticket),
        CurrentRequest::Rewind(to) => rewinding::rewind(parts, world, ticket, *to),
        CurrentRequest::BranchOff { checkpoint, session } => {
            branch_off(parts, world, ticket, *checkpoint, session)
        }
        CurrentRequest::BeginChapter { id, chapter } => begin_chapter(parts, world, *id, chapter),
        CurrentRequest::EndChapter { chapter, outcome } => {
            end_chapter(parts, world, *chapter, *outcome)
        }
        CurrentRequest::EndCurrentChapter(outcome) => end_current_chapter(parts, world, *outcome),
    }
}

fn handle_slot_request(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    request: &SlotRequest,
) -> Result<(), RequestError> {
    let order = match request {
        SlotRequest::Save(slot) => return save_slot(parts, world, ticket, slot),
        SlotRequest::Load(slot) => return load(parts, world, ticket, *slot),
        SlotRequest::QuickLoad => return quick_load(parts, world, ticket),
        SlotRequest::Copy { slot, name } => {
            check_slot_name(name)?;
            SlotOrder::Copy { slot: *slot, name: name.clone() }
        }
        SlotRequest::Rename { slot, name } => {
            check_slot_name(name)?;
            SlotOrder::Rename { slot: *slot, name: name.clone() }
        }
        SlotRequest::Delete(slot) => SlotOrder::Delete { slot: *slot },
        SlotRequest::Protect { slot, protected } => {
            SlotOrder::Protect { slot: *slot, protected: *protected }
        }
        SlotRequest::Import(path) => SlotOrder::Import { path: path.clone() },
    };
    parts.order(Order::Slot { order, ticket: Some(ticket) });
    Ok(())
}
