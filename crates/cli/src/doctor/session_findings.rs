//! Findings about a session.

use std::path::Path;

use bevy_session_journal::internal::disk::{StoredSession, with_sources};
use bevy_session_journal::internal::format::FileProblemKind;
use bevy_session_journal::internal::read::recovery::validate_events;
use bevy_session_journal::{Code, SessionId};

use super::Finding;
use crate::condition::{Condition, describe};
use crate::place::{Left, Profile};

/// A session that takes more than this is large.
const LARGE: u64 = 256 << 20;

/// Looks at a session. One that was deleted meanwhile has nothing to be said of.
pub fn of(profile: &Profile, session: SessionId) -> Vec<Finding> {
    let directory = profile.directory_of(session);
    let mut stored = match profile.open(session) {
        Ok(Some(stored)) => stored,
        Ok(None) => return Vec::new(),
        Err(error) => {
            let what = with_sources(&error);
            return vec![finding(Code::FileUnreadable, session, &directory, what)];
        }
    };
    let mut findings = files(profile, &mut stored, &directory);
    findings.extend(standing(profile, &stored, &directory));
    findings
}

fn finding(code: Code, session: SessionId, place: &Path, what: impl Into<String>) -> Finding {
    Finding { code, session: Some(session), place: place.to_owned(), what: what.into() }
}

/// Problems of the files of a session.
fn files(profile: &Profile, stored: &mut StoredSession, directory: &Path) -> Vec<Finding> {
    let session = stored.id();
    let mut findings = Vec::new();
    let unread = stored.check_frames();
    if let Some(error) = unread.iter().find(|error| !error.is_damage()) {
        findings.push(finding(Code::FileUnreadable, session, directory, with_sources(error)));
    }
    for problem in stored.index().problems() {
        let code = match problem.kind {
            FileProblemKind::Newer(_) => Code::SessionNewer,
            FileProblemKind::Unreadable { .. } => Code::FileUnreadable,
            _ => continue,
        };
        findings.push(finding(code, session, &problem.path, describe(&problem.kind)));
    }
    if let Some(written_by) = stored.newer_format()
        && !findings.iter().any(|it| it.code == Code::SessionNewer)
    {
        findings.push(finding(Code::SessionNewer, session, directory, written_by.to_string()));
    }
    let is_damage = |it: &Finding| it.code == Code::FileUnreadable || it.code == Code::SessionNewer;
    let is_known = findings.iter().any(is_damage);
    match profile.judge(stored) {
        Condition::Lost if !is_known => {
            let what = "no checkpoint is left that can be restored";
            findings.push(finding(Code::SessionLost, session, directory, what));
        }
        Condition::Damaged if unread.iter().any(|it| it.is_damage()) || !is_known => {
            findings.push(finding(Code::SessionDamaged, session, directory, offer(stored)));
        }
        _ => {}
    }
    for (path, read) in stored.check_attachments(profile.disk()) {
        if let Err(error) = read {
            let what = with_sources(&error);
            findings.push(finding(Code::AttachmentDamaged, session, &path, what));
        }
    }
    if !profile.is_file()
        && let Some(what) = damage_of_events(profile, stored)
    {
        findings.push(finding(Code::EventsDamaged, session, directory, what));
    }
    findings
}

/// The damage of a session's events, in words.
fn damage_of_events(profile: &Profile, stored: &StoredSession) -> Option<String> {
    match validate_events(profile.disk(), stored) {
        Ok(events) if events.is_whole() => None,
        Ok(events) => Some(match events.lost_through {
            Some(through) => format!("the last events are missing, up to number {through}"),
            None => format!("{} frames of events are damaged", events.damaged_frames),
        }),
        Err(error) => Some(format!("they can't be read: {}", with_sources(&error))),
    }
}

/// The intact part of a damaged session, in words.
fn offer(stored: &StoredSession) -> String {
    let index = stored.index();
    let newest = index.heads().iter().find_map(|head| index.newest_intact(head.id));
    let newest =
        newest.map(|plan| format!("; the newest intact checkpoint is {}", plan.checkpoint));
    format!("some of it is damaged{}", newest.unwrap_or_default())
}

/// Findings about the state of a session.
fn standing(profile: &Profile, stored: &StoredSession, directory: &Path) -> Vec<Finding> {
    let (session, index) = (stored.id(), stored.index());
    let mut findings = Vec::new();
    if index.is_forgotten() {
        let what = "it is being deleted, and some of it is still there";
        return vec![finding(Code::DeletionUnfinished, session, directory, what)];
    }
    let lines = index.open_heads().count();
    if lines > 1 {
        let what = format!("it has {lines} lines that were played separately");
        findings.push(finding(Code::SessionForked, session, directory, what));
    }
    if let Some(head) = index.newest_head()
        && profile.left(head) == Left::Crashed
        && !head.declined
    {
        let cause = profile.cause(head).unwrap_or_default();
        let what = format!("it crashed, and the player hasn't decided about it yet: {cause}");
        findings.push(finding(Code::CrashUndecided, session, directory, what));
    }
    let bytes = stored.bytes_with_attachments();
    if bytes > LARGE {
        let what = format!("it takes {} MB", bytes >> 20);
        findings.push(finding(Code::SessionLarge, session, directory, what));
    }
    findings
}
