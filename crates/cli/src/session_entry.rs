//! A session as an entry, for the library's queries and rules.

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::{SessionEntry, VersionFit};

use crate::place::{Left, Profile};

/// The entry of a session; `None` if it has no checkpoint.
pub fn entry_of(profile: &Profile, stored: &StoredSession) -> Option<SessionEntry> {
    let index = stored.index();
    let head = index.heads().first()?;
    let mut entry = SessionEntry::begun(&head.metadata);
    entry.status = head.status;
    entry.newest = Some(head.id);
    entry.play_time = head.play_time;
    entry.summary = head.summary_at(head.id, index.summary(head.id));
    entry.updated = head.end.as_ref().map_or(head.time, |end| end.time);
    entry.bytes = stored.bytes();
    entry.journal_bytes = stored.bytes_with_attachments();
    // With a declined side as well: rules leave such a session alone.
    entry.forked = index.heads().len() > 1;
    entry.declined = head.declined;
    entry.in_use = profile.left(head) == Left::InUse;
    entry.without_world = index.is_without_world(head.id);
    if stored.newer_format().is_some() {
        entry.fit = VersionFit::Newer;
    }
    Some(entry)
}
