//! Attachments: what the main thread does for them.

use std::sync::Arc;

use bevy::prelude::*;
use tracing::{debug, error};

use super::notifications::{
    AttachmentRead, AttachmentSaved, SessionAttachmentRemoved, SessionAttachmentSaved, notify,
};
use super::requests::{AttachmentRequest, reject};
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionCatalog, SessionSettings};
use crate::content::Order;
use crate::journal::{CheckpointId, SessionId};
use crate::recovery::THUMBNAIL;
use crate::session::{
    Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion, RequestError,
    check_attachment_name,
};
use crate::writer::{News, SessionAttachmentOrder, SlotOrder};

impl RuntimeParts {
    pub(super) fn handle_attachment_request(
        &mut self,
        world: &World,
        request: &AttachmentRequest,
    ) -> Result<(), RequestError> {
        match request {
            AttachmentRequest::Attach { checkpoint, attachment } => {
                self.attach(*checkpoint, attachment)
            }
            AttachmentRequest::AttachToSession(attachment) => {
                let quota = world.resource::<SessionSettings>().attachments;
                self.attach_to_session(attachment, quota)
            }
            AttachmentRequest::Detach { name } => self.detach(name),
            AttachmentRequest::Read { of, name } => self.read_attachment(*of, name),
        }
    }

    /// Has an attachment laid beside a checkpoint, once that is durable.
    fn attach(
        &mut self,
        checkpoint: CheckpointId,
        attachment: &Attachment,
    ) -> Result<(), RequestError> {
        let Some(playing) = &self.playing else { return Err(RequestError::NoSession) };
        attachment.check()?;
        if playing.line.has_yet_to_reach(checkpoint) {
            return Err(AttachmentError::UnknownCheckpoint.into());
        }
        let (session, attachment) = (playing.session, attachment.clone());
        self.order(Order::Slot(SlotOrder::Attach { session, checkpoint, attachment }));
        Ok(())
    }

    /// Has something attached to the session itself, once that is on the disk.
    fn attach_to_session(
        &mut self,
        attachment: &Attachment,
        quota: AttachmentQuota,
    ) -> Result<(), RequestError> {
        let Some(playing) = &self.playing else { return Err(RequestError::NoSession) };
        attachment.check()?;
        let (session, attachment) = (playing.session, attachment.clone());
        let order = SessionAttachmentOrder::Attach { session, attachment, quota };
        self.order(Order::SessionAttachment(order));
        Ok(())
    }

    fn detach(&mut self, name: &str) -> Result<(), RequestError> {
        let Some(playing) = &self.playing else { return Err(RequestError::NoSession) };
        check_attachment_name(name)?;
        let (session, name) = (playing.session, name.to_owned());
        self.order(Order::SessionAttachment(SessionAttachmentOrder::Detach { session, name }));
        Ok(())
    }

    fn read_attachment(&mut self, of: AttachmentOf, name: &str) -> Result<(), RequestError> {
        check_attachment_name(name)?;
        self.order(Order::ReadAttachment { of, name: name.to_owned() });
        Ok(())
    }
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

/// What was done with attachments of a session itself, and what was read of any.
pub(super) fn handle_attachment_news(world: &mut World, news: News) {
    match news {
        News::SessionAttachment { order, result } => session_attachment_done(world, order, result),
        News::AttachmentRead { of, name, result } => {
            notify(world, AttachmentRead { of, name, result });
        }
        _ => {}
    }
}

/// Something was attached to a session itself, or taken away from it, or not.
fn session_attachment_done(
    world: &mut World,
    order: SessionAttachmentOrder,
    result: Result<Vec<AttachmentVersion>, AttachmentError>,
) {
    let session = order.session();
    let attachments = match result {
        Ok(attachments) => attachments,
        Err(error) => {
            error!(%session, %error, "the attachments of a session are as they were");
            return reject(world, asked_for(order), error.into());
        }
    };
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
}

fn asked_for(order: SessionAttachmentOrder) -> AttachmentRequest {
    match order {
        SessionAttachmentOrder::Attach { attachment, .. } => {
            AttachmentRequest::AttachToSession(attachment)
        }
        SessionAttachmentOrder::Detach { name, .. } => AttachmentRequest::Detach { name },
    }
}
