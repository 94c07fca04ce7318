//! The sessions that would go by the rules, and why.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::Timestamp;

use super::{LeftAs, LetGo, Retention};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::ProvenTime;
use crate::read::recovery::{SessionEntry, VersionFit};

/// The sessions that would go by the rules.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RetentionPreview {
    /// The sessions, those that were left longest ago first.
    pub sessions: Vec<WouldGo>,
    /// The place where they would go.
    pub let_go: LetGo,
}

/// A session that would go.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct WouldGo {
    /// The session.
    pub session: SessionId,
    /// The name of the session, as the player sees it.
    pub name: String,
    /// The time at which it was left.
    pub left: Timestamp,
    /// Bytes of its journal and attachments.
    pub bytes: u64,
    /// The reason for which it would go.
    pub reason: RetentionReason,
    /// Its newest checkpoint: a session that has been continued since is passed over.
    pub newest: CheckpointId,
}

/// The reason for which a session would go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum RetentionReason {
    /// The rule for sessions that were left so doesn't keep it.
    Rule(LeftAs),
    /// All sessions together take more bytes than they may.
    TotalBytes,
}

impl RetentionPreview {
    /// Bytes of the sessions that would go.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sessions.iter().map(|session| session.bytes).sum()
    }
}

impl Retention {
    /// Returns the sessions that would go now. Nothing is changed, read or asked.
    ///
    /// `time` is a lower bound of the current time, and `clock` the time by the clock. A session that was left later
    /// than that never goes, and takes no other's place among the newest.
    #[must_use]
    pub fn preview<'a>(
        &self,
        sessions: impl IntoIterator<Item = &'a SessionEntry>,
        time: ProvenTime,
        clock: Timestamp,
    ) -> RetentionPreview {
        let sessions: Vec<&SessionEntry> = sessions.into_iter().collect();
        let mut preview = RetentionPreview { sessions: Vec::new(), let_go: self.let_go };
        let Some(now) = time.now(clock) else { return preview };
        let mut past: Vec<&SessionEntry> =
            sessions.iter().copied().filter(|entry| entry.updated <= now).collect();
        // Of those that were left at one moment, the order is that of their ids.
        past.sort_by_key(|entry| Reverse((entry.updated, entry.session.id)));
        let last = past.iter().filter(|entry| entry.session.place.is_open()).find(|it| !it.in_use);
        let last = last.map(|entry| entry.session.id);
        past.retain(|entry| Some(entry.session.id) != last && may_go(entry));
        let mut gone = HashSet::new();
        for (left, keep) in &self.rules {
            let of_rule: Vec<&&SessionEntry> =
                past.iter().filter(|entry| LeftAs::of(entry) == Some(*left)).collect();
            let moments: Vec<Timestamp> = of_rule.iter().map(|entry| entry.updated).collect();
            let kept = keep.by_number(&moments);
            for (place, entry) in of_rule.iter().enumerate() {
                let is_old =
                    keep.within.is_none_or(|within| time.has_passed(entry.updated, within, clock));
                if is_old && !kept.contains(&place) && !keep.keeps_nothing() {
                    gone.insert(entry.session.id);
                    preview.add(entry, RetentionReason::Rule(*left));
                }
            }
        }
        self.keep_to_total(&sessions, &past, &gone, &mut preview);
        preview.sessions.sort_by_key(|session| (session.left, session.session));
        preview
    }

    /// Lets the oldest go until all that stay fit.
    fn keep_to_total(
        &self,
        sessions: &[&SessionEntry],
        past: &[&SessionEntry],
        gone: &HashSet<SessionId>,
        preview: &mut RetentionPreview,
    ) {
        let Some(most) = self.total_bytes else { return };
        let at_hand = sessions.iter().filter(|entry| entry.session.place.is_open());
        let staying = at_hand.filter(|entry| !gone.contains(&entry.session.id));
        let mut total: u64 = staying.map(|entry| entry.journal_bytes).sum();
        for entry in past.iter().rev().filter(|entry| !gone.contains(&entry.session.id)) {
            if total <= most {
                return;
            }
            total -= entry.journal_bytes;
            preview.add(entry, RetentionReason::TotalBytes);
        }
    }
}

impl RetentionPreview {
    fn add(&mut self, entry: &SessionEntry, reason: RetentionReason) {
        let Some(newest) = entry.newest else { return };
        self.sessions.push(WouldGo {
            session: entry.session.id,
            name: entry.session.name.clone(),
            left: entry.updated,
            bytes: entry.journal_bytes,
            reason,
            newest,
        });
    }
}

/// Returns true if any rule may remove a session.
fn may_go(entry: &SessionEntry) -> bool {
    let is_protected = entry.session.pinned || entry.forked || entry.fit == VersionFit::Newer;
    let is_at_hand = entry.session.place.is_open() && entry.newest.is_some();
    is_at_hand && !is_protected && LeftAs::of(entry).is_some()
}
