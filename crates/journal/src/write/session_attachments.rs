//! Attachments that are added to the session that is being played, and removed from it, one after the other and between
//! the checkpoints.
//!
//! An attachment of the session itself (`write/session_attachments.rs`, `disk/session_attachments.rs`) waits only until
//! the session is on the disk, and needs no lock of the slots. Each version is a file of its own: the next one is
//! durable before older ones go, so there is no moment in which there is none. The game gets the list of them with the
//! timeline. A session that is copied takes them along before its world, a slot and a report don't, and the archive
//! leaves the files where they are.

use tracing::{debug, warn};

use super::News;
use super::asked::SessionAttachmentOrder;
use super::jobs::{Job, Queue, Slice, Tools, Urgency, WaitsFor};
use crate::disk::{DirectoryStore, with_sources};
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{Attachment, AttachmentError, AttachmentQuota, AttachmentVersion};
use crate::write::retention::attachments::chosen;

/// A request about a session's attachments, with its ticket.
pub(super) struct AttachToSession(pub SessionAttachmentOrder, pub Ticket);

impl Job for AttachToSession {
    fn urgency(&self) -> Urgency {
        Urgency::Saving
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::FirstCheckpointOf(self.0.session())
    }

    fn queue(&self) -> Option<Queue> {
        Some(Queue::SessionAttachments)
    }

    fn slice(self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Self(order, ticket) = *self;
        let store = &tools.finder.local().store;
        let result = match &order {
            SessionAttachmentOrder::Attach { session, attachment, quota } => {
                attach(store, *session, attachment, *quota)
            }
            SessionAttachmentOrder::Detach { session, name } => detach(store, *session, name),
        };
        tools.news.push(News::SessionAttachment { order, result, ticket });
        Slice::Done
    }

    /// There is no such session to attach it to.
    fn in_vain(self: Box<Self>, news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        let Self(order, ticket) = *self;
        let result = Err(AttachmentError::NotSaved);
        news.push(News::SessionAttachment { order, result, ticket });
        None
    }
}

/// Writes the next version, and only then removes those that aren't kept.
fn attach(
    store: &DirectoryStore,
    session: SessionId,
    attachment: &Attachment,
    quota: AttachmentQuota,
) -> Result<Vec<AttachmentVersion>, AttachmentError> {
    let there = store.session_attachments(session)?;
    let name = attachment.name();
    let before = there.iter().rfind(|listed| listed.name == name);
    let version = before.map_or(0, |before| before.version).saturating_add(1);
    let added = AttachmentVersion::new(name.to_owned(), version, attachment.bytes().len() as u64);
    let (kept, surplus) = chosen(there, added, quota)?;
    store.write_session_attachment(session, version, attachment)?;
    debug!(%session, name, version, "attached to the session");
    let left = surplus.into_iter().filter(|old| !is_removed(store, session, old));
    let mut all: Vec<_> = kept.into_iter().chain(left).collect();
    all.sort_unstable();
    Ok(all)
}

/// Removes a version that isn't kept, and returns true if it is gone. One that can't be removed is tried again with the
/// next.
fn is_removed(store: &DirectoryStore, session: SessionId, old: &AttachmentVersion) -> bool {
    let removed = store.remove_session_attachment(session, &old.name, old.version);
    if let Err(error) = &removed {
        let error = with_sources(error);
        warn!(%session, %error, "an older version of an attachment can't be removed");
    }
    removed.is_ok()
}

/// Removes all versions, the newest last: after any interruption, no older one has taken its place.
fn detach(
    store: &DirectoryStore,
    session: SessionId,
    name: &str,
) -> Result<Vec<AttachmentVersion>, AttachmentError> {
    let there = store.session_attachments(session)?;
    let (versions, others): (Vec<_>, Vec<_>) =
        there.into_iter().partition(|listed| listed.name == name);
    let (newest, older) = versions.split_last().ok_or(AttachmentError::Missing)?;
    for old in older {
        store.remove_session_attachment(session, &old.name, old.version)?;
    }
    // The system may keep the order of two removals, or not.
    store.sync_session(session)?;
    store.remove_session_attachment(session, &newest.name, newest.version)?;
    store.sync_session(session)?;
    debug!(%session, name, "taken away from the session");
    Ok(others)
}
