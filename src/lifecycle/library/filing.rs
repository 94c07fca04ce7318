//! Archives, deletes and updates sessions that aren't played.
//!
//! This runs beside play: only other requests about the same session wait for it.

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::ShelfMoved;
use bevy_session_journal::{
    FoundSession, OfferedSession, RequestError, SessionEntry, SessionId, SessionUpdate, ShelfMove,
    Ticket,
};

use crate::content::Order;
use crate::lifecycle::notifications::{
    RecoveryDeclined, SessionCopied, SessionMoved, SessionPurged, SessionUpdated, notify,
};
use crate::lifecycle::requests::{
    SessionRequest, check_text, finish, finish_if_asked, reject, reject_part,
};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::start_up::elsewhere::is_offered_from_elsewhere;
use crate::lifecycle::start_up::found::found_again;
use crate::lifecycle::{RecoveryOffers, SessionCatalog, playing};

pub(in crate::lifecycle) fn decline(
    parts: &mut RuntimeParts,
    world: &mut World,
    decline: OfferedSession,
    ticket: Ticket,
) -> Result<(), RequestError> {
    let session = decline.session;
    if parts.session() != Some(session) && is_offered_from_elsewhere(world, session) {
        // Nothing of it is changed before this machine has claimed it.
        if let Some(replica) = &mut parts.replica {
            replica.declined.insert(session);
        }
        declined(parts, world, session.into(), Ok(None), ticket);
        return Ok(());
    }
    file(parts, session, ticket, Order::Decline { decline, ticket })
}

pub(in crate::lifecycle) fn forget(
    parts: &mut RuntimeParts,
    session: SessionId,
    ticket: Ticket,
) -> Result<(), RequestError> {
    file(parts, session, ticket, Order::Forget { session, ticket })
}

/// Changes a session's metadata, whether it is played or not.
pub(in crate::lifecycle) fn edit(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: SessionId,
    update: &SessionUpdate,
) -> Result<(), RequestError> {
    if parts.session() == Some(session) {
        playing::update(parts, world, update)?;
        finish(world, ticket);
        return Ok(());
    }
    let update = Box::new(update.clone());
    file(parts, session, ticket, Order::Edit { session, update, ticket })
}

/// Reports that a session's metadata was changed, or that it couldn't be.
pub(in crate::lifecycle) fn edited(
    world: &mut World,
    session: SessionId,
    update: SessionUpdate,
    (result, ticket): (Result<(), RequestError>, Option<Ticket>),
) {
    if let Err(error) = result {
        let request = || SessionRequest::Update(session, Box::new(update));
        return reject_filing(world, ticket, request, error);
    }
    if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
        let mut fields = std::mem::take(&mut entry.summary.fields);
        update.clone().apply(&mut entry.session, &mut fields);
        entry.summary = std::mem::take(&mut entry.summary).with_fields(&fields);
    }
    for offer in world.get_resource_or_init::<RecoveryOffers>().of_mut(session) {
        update.clone().apply(&mut offer.session, &mut offer.fields);
    }
    notify(world, SessionUpdated { session });
    finish_if_asked(world, ticket);
}

/// Moves a session to the archive, to the trash, or back.
pub(in crate::lifecycle) fn shelve(
    parts: &mut RuntimeParts,
    session: SessionId,
    how: ShelfMove,
    ticket: Ticket,
) -> Result<(), RequestError> {
    file(parts, session, ticket, Order::Shelve { session, how, ticket })
}

/// A session was moved, or that failed.
pub(in crate::lifecycle) fn shelved(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    how: ShelfMove,
    (result, ticket): (Result<ShelfMoved, RequestError>, Option<Ticket>),
) {
    let moved = match result {
        Ok(moved) => moved,
        Err(error) => {
            let request = || SessionRequest::Shelve(session, how);
            return reject_filing(world, ticket, request, error);
        }
    };
    if moved.to.is_in_trash() {
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        parts.start_up.forget_offers_of(session);
    }
    if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
        entry.session.place = moved.to;
        let freed = moved.bytes_before.saturating_sub(moved.bytes);
        entry.bytes = entry.bytes.saturating_sub(freed);
        entry.journal_bytes = moved.bytes;
    }
    notify(world, SessionMoved { session, from: moved.from, to: moved.to });
    finish_if_asked(world, ticket);
}

/// Copies a session that isn't played to a new one.
pub(in crate::lifecycle) fn copy(
    parts: &mut RuntimeParts,
    session: SessionId,
    name: &str,
    ticket: Ticket,
) -> Result<(), RequestError> {
    check_text(name)?;
    let name = name.to_owned();
    file(parts, session, ticket, Order::Copy { session, name, ticket })
}

/// A session was copied, or not.
pub(in crate::lifecycle) fn copied(
    world: &mut World,
    session: SessionId,
    result: Result<Box<SessionEntry>, RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok(entry) => {
            let copy = entry.session.id;
            world.get_resource_or_init::<SessionCatalog>().put(*entry);
            notify(world, SessionCopied { from: session, session: copy });
            finish(world, ticket);
        }
        Err(error) => reject(world, ticket, error),
    }
}

fn file(
    parts: &mut RuntimeParts,
    session: SessionId,
    ticket: Ticket,
    order: Order,
) -> Result<(), RequestError> {
    if parts.session() == Some(session) {
        return Err(RequestError::SessionRunning { current: session });
    }
    parts.filings.begin(session, ticket);
    parts.order(order);
    Ok(())
}

pub(in crate::lifecycle) fn declined(
    parts: &mut RuntimeParts,
    world: &mut World,
    decline: OfferedSession,
    result: Result<Option<Box<FoundSession>>, RequestError>,
    ticket: Ticket,
) {
    let OfferedSession { session, line } = decline;
    match result {
        Err(error) => return reject(world, ticket, error),
        Ok(Some(found)) => found_again(parts, world, *found),
        Ok(None) => {
            offer_no_more(parts, world, session);
            if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
                entry.declined = true;
            }
        }
    }
    notify(world, RecoveryDeclined { session, line });
    finish(world, ticket);
}

pub(in crate::lifecycle) fn forgotten(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    (result, ticket): (Result<(), RequestError>, Option<Ticket>),
) {
    if let Err(error) = result {
        return reject_filing(world, ticket, || SessionRequest::Purge(session), error);
    }
    offer_no_more(parts, world, session);
    world.get_resource_or_init::<SessionCatalog>().remove(session);
    notify(world, SessionPurged { session });
    finish_if_asked(world, ticket);
}

pub(super) fn offer_no_more(parts: &mut RuntimeParts, world: &mut World, session: SessionId) {
    world.get_resource_or_init::<RecoveryOffers>().remove(session);
    parts.start_up.forget_offers_of(session);
}

/// An operation on a session failed. If it is one of many, each failure is reported.
fn reject_filing(
    world: &mut World,
    ticket: Option<Ticket>,
    request: impl FnOnce() -> SessionRequest,
    error: RequestError,
) {
    match ticket {
        Some(ticket) => reject(world, ticket, error),
        None => reject_part(world, request(), error),
    }
}
