//! Attachments, on the main thread.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::check_attachment_name;
use bevy_session_journal::internal::read::recovery::THUMBNAIL;
use bevy_session_journal::internal::write::{News, SessionAttachmentOrder, SlotOrder};
use bevy_session_journal::{
    Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion, CheckpointId,
    RequestError, SessionId, Ticket,
};
use tracing::{debug, error};

use super::notifications::{
    AttachmentRead, AttachmentSaved, SessionAttachmentRemoved, SessionAttachmentSaved, notify,
};
use super::requests::{AttachmentRequest, finish, reject};
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionCatalog, SessionSettings};
use crate::content::Order;

pub(super) fn handle_attachment_request(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    request: &AttachmentRequest,
) -> Result<(), RequestError> {
    match request {
        AttachmentRequest::Attach { checkpoint, attachment } => {
            attach(parts, ticket, *checkpoint, attachment)
        }
        AttachmentRequest::AttachToSession(attachment) => {
            let quota = world.resource::<SessionSettings>().storage.attachments;
            attach_to_session(parts, ticket, attachment, quota)
        }
        AttachmentRequest::Detach { name } => detach(parts, ticket, name),
        AttachmentRequest::Read { of, name } => read_attachment(parts, ticket, *of, name),
    }
}

/// Saves an attachment of a checkpoint, once that is durable.
fn attach(
    parts: &mut RuntimeParts,
    ticket: Ticket,
    checkpoint: CheckpointId,
    attachment: &Attachment,
) -> Result<(), RequestError> {
    let Some(playing) = &parts.playing else { return Err(RequestError::NoSession) };
    attachment.check()?;
    if playing.line.has_yet_to_reach(checkpoint) {
        return Err(AttachmentError::UnknownCheckpoint.into());
    }
    let (session, attachment) = (playing.session, attachment.clone());
    let order = SlotOrder::Attach { session, checkpoint, attachment };
    parts.order(Order::Slot { order, ticket: Some(ticket) });
    Ok(())
}

/// Saves an attachment of the session itself, once that is on disk.
fn attach_to_session(
    parts: &mut RuntimeParts,
    ticket: Ticket,
    attachment: &Attachment,
    quota: AttachmentQuota,
) -> Result<(), RequestError> {
    let Some(playing) = &parts.playing else { return Err(RequestError::NoSession) };
    attachment.check()?;
    let (session, attachment) = (playing.session, attachment.clone());
    let order = SessionAttachmentOrder::Attach { session, attachment, quota };
    parts.order(Order::SessionAttachment { order, ticket });
    Ok(())
}

fn detach(parts: &mut RuntimeParts, ticket: Ticket, name: &str) -> Result<(), RequestError> {
    let Some(playing) = &parts.playing else { return Err(RequestError::NoSession) };
    check_attachment_name(name)?;
    let (session, name) = (playing.session, name.to_owned());
    let order = SessionAttachmentOrder::Detach { session, name };
    parts.order(Order::SessionAttachment { order, ticket });
    Ok(())
}

fn read_attachment(
    parts: &mut RuntimeParts,
    ticket: Ticket,
    of: AttachmentOf,
    name: &str,
) -> Result<(), RequestError> {
    check_attachment_name(name)?;
    parts.order(Order::ReadAttachment { of, name: name.to_owned(), ticket });
    Ok(())
}

/// An attachment lies beside its checkpoint.
pub(super) fn attached(
    world: &mut World,
    session: SessionId,
    checkpoint: CheckpointId,
    name: String,
) {
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    let entry = catalog.get_mut(session).filter(|entry| {
        let is_newer = entry.thumbnail.is_none_or(|known| known.counter <= checkpoint.counter);
        name == THUMBNAIL && is_newer
    });
    if let Some(entry) = entry {
        entry.thumbnail = Some(checkpoint);
    }
    let current = world.get_resource_mut::<CurrentSession>();
    if let Some(mut current) = current.filter(|current| current.id() == session) {
        Arc::make_mut(&mut current.timeline).note_picture(checkpoint, &name);
    }
    debug!(%session, %checkpoint, name, "attachment saved");
    notify(world, AttachmentSaved { session, checkpoint, name });
}

/// Handles the writer's reports about attachments of a session, and attachments that were read.
pub(super) fn handle_attachment_news(world: &mut World, news: News) {
    match news {
        News::SessionAttachment { order, result, ticket } => {
            match session_attachment_done(world, order, result) {
                Ok(()) => finish(world, ticket),
                Err(error) => reject(world, ticket, error.into()),
            }
        }
        News::AttachmentRead { of, name, result, ticket } => {
            notify(world, AttachmentRead { of, name, result });
            finish(world, ticket);
        }
        _ => {}
    }
}

/// An attachment of a session itself was saved or removed, or that failed.
fn session_attachment_done(
    world: &mut World,
    order: SessionAttachmentOrder,
    result: Result<Vec<AttachmentVersion>, AttachmentError>,
) -> Result<(), AttachmentError> {
    let session = order.session();
    let attachments = result.inspect_err(|error| {
        error!(%session, %error, "the request about an attachment failed; the session's attachments are unchanged");
    })?;
    let newest = |name: &str| attachments.iter().rfind(|listed| listed.name == name).cloned();
    let written = match &order {
        SessionAttachmentOrder::Attach { attachment, .. } => newest(attachment.name()),
        SessionAttachmentOrder::Detach { .. } => None,
    };
    let current = world.get_resource_mut::<CurrentSession>();
    if let Some(mut current) = current.filter(|current| current.id() == session) {
        Arc::make_mut(&mut current.timeline).attachments = attachments;
    }
    match (order, written) {
        (SessionAttachmentOrder::Attach { .. }, Some(attachment)) => {
            debug!(%session, name = attachment.name, "attachment saved");
            notify(world, SessionAttachmentSaved { session, attachment });
        }
        (SessionAttachmentOrder::Attach { .. }, None) => {}
        (SessionAttachmentOrder::Detach { name, .. }, _) => {
            debug!(%session, name, "attachment removed");
            notify(world, SessionAttachmentRemoved { session, name });
        }
    }
    Ok(())
}
