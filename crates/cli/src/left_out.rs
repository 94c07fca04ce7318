//! Sessions that a verb passes over which was asked for all.

use bevy_session_journal::internal::disk::{StoredSession, with_sources};
use bevy_session_journal::{SessionId, ShelfPlace};
use serde::Serialize;

use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::session_name::Chosen;

/// A session of which nothing is shown.
#[derive(Serialize)]
pub struct LeftOut {
    pub session: SessionId,
    pub why: String,
    /// True if something is damaged or can't be read.
    #[serde(skip)]
    pub is_damage: bool,
}

impl LeftOut {
    /// One of which nothing is wanted.
    pub fn unwanted(session: SessionId, why: impl Into<String>) -> Self {
        Self { session, why: why.into(), is_damage: false }
    }

    /// One that can't be shown.
    pub fn failed(session: SessionId, failure: &Failure) -> Self {
        let is_damage = !matches!(failure, Failure::WithoutWorld { .. });
        Self { session, why: with_sources(failure), is_damage }
    }

    /// Writes a line that says so.
    pub fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        output.line(format_args!("left out: session {}: {}", self.session, self.why))
    }
}

/// Opens one of all sessions, or says why it isn't wanted.
pub fn open_one_of_all(chosen: &Chosen) -> Result<OpenSession, LeftOut> {
    let id = chosen.session;
    let opened = OpenSession::of(chosen).map_err(|failure| LeftOut::failed(id, &failure))?;
    let session = opened.ok_or_else(|| LeftOut::unwanted(id, "it was deleted meanwhile"))?;
    match unwanted(&session.stored) {
        Some(why) => Err(LeftOut::unwanted(id, why)),
        None => Ok(session),
    }
}

fn unwanted(stored: &StoredSession) -> Option<&'static str> {
    if stored.index().is_forgotten() {
        return Some("it is being deleted");
    }
    let metadata = &stored.index().newest_head()?.metadata;
    match metadata.place {
        ShelfPlace::Trash { .. } => Some("it is in the trash"),
        _ if metadata.draft => Some("it hasn't begun"),
        _ => None,
    }
}
