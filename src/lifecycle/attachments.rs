//! Attachments: what the main thread does for them.

use std::sync::Arc;

use bevy::prelude::*;
use tracing::debug;

use super::notifications::{AttachmentSaved, notify};
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionCatalog};
use crate::content::Order;
use crate::journal::{CheckpointId, SessionId};
use crate::recovery::THUMBNAIL;
use crate::session::{
    Attachment, AttachmentError, AttachmentOf, RequestError, check_attachment_name,
};
use crate::writer::SlotOrder;

impl RuntimeParts {
    /// Has an attachment laid beside a checkpoint, once that is durable.
    pub(super) fn attach(
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

    pub(super) fn read_attachment(
        &mut self,
        of: AttachmentOf,
        name: &str,
    ) -> Result<(), RequestError> {
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
