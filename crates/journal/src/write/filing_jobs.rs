//! The changes to one session that isn't played, or is planned, that take one slice.

use super::News;
use super::drafting;
use super::filing;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::orders::DraftOrder;
use super::shelving;
use crate::model::ids::{CheckpointId, SessionId, Ticket};
use crate::model::session::{SessionUpdate, ShelfMove};
use crate::read::recovery::{FoundSession, OfferedSession, look_again};

/// A change of one session. A job that holds the session releases it first, and continues later.
pub(super) struct FileSession {
    pub session: SessionId,
    pub how: Filing,
    pub ticket: Ticket,
}

/// A change to a session.
pub(super) enum Filing {
    /// Its crash isn't wanted back, or only this line of a fork.
    Decline(Option<CheckpointId>),
    /// It is deleted for good.
    Forget,
    /// It moves to another place, and a crash is offered again once it is back. Into the archive takes more than a slice.
    Shelve(ShelfMove),
    /// Its metadata or fields are changed. It stays what it is: its trial continues, and a crash is still offered.
    Edit(Box<SessionUpdate>),
}

/// Writes a session down that begins later.
pub(super) struct Draft {
    pub order: Box<DraftOrder>,
    pub game_version: String,
    pub ticket: Ticket,
}

impl Job for FileSession {
    fn urgency(&self) -> Urgency {
        Urgency::Brief
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn wants(&self) -> Option<SessionId> {
        Some(self.session)
    }

    fn slice(self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Self { session, how, ticket } = *self;
        // The findings about it aren't true any more.
        tools.digests.note_changed(session);
        let now = tools.now.wall;
        let news = match how {
            Filing::Decline(line) => {
                let decline = OfferedSession { session, line };
                let result = filing::decline(tools.finder, decline, now);
                let result = result.map(|()| other_sides(decline, tools));
                News::Declined { decline, result, ticket }
            }
            Filing::Forget => {
                let result = filing::forget(tools.finder, session, now);
                let result = result.map(|()| set_aside(session, tools));
                News::Forgotten { session, result, ticket: Some(ticket) }
            }
            Filing::Shelve(how) => {
                let result = shelving::shelve(tools.finder, session, how, now);
                News::Shelved { session, how, result, ticket: Some(ticket) }
            }
            Filing::Edit(update) => {
                let result = filing::edit(tools.finder, session, (*update).clone(), now);
                News::Edited { session, update, result, ticket: Some(ticket) }
            }
        };
        tools.news.push(news);
        Slice::Done
    }
}

/// The session as it is found once a side of it was declined; `None` if all of it was. If nothing is offered any more, it is
/// set aside.
fn other_sides(decline: OfferedSession, tools: &mut Tools<'_>) -> Option<Box<FoundSession>> {
    let OfferedSession { session, line } = decline;
    let again = match line {
        Some(_) => look_again(tools.finder, tools.types, session, tools.now.wall),
        None => Ok(None),
    };
    // One that can't be read now is offered by the next start, which knows of its deaths.
    let found = again.ok()?;
    if found.as_ref().is_none_or(|found| found.offers.is_empty() && found.failure.is_none()) {
        set_aside(session, tools);
    }
    found.map(Box::new)
}

/// Nothing of a session waits for an answer any more.
fn set_aside(session: SessionId, tools: &mut Tools<'_>) {
    tools.finder.settle(session);
    tools.trials.end(session);
}

impl Job for Draft {
    fn urgency(&self) -> Urgency {
        Urgency::Brief
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn slice(self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Self { order, game_version, ticket } = *self;
        let drafted = drafting::draft(tools.finder.local(), &order, &game_version, tools.now.wall);
        tools.news.push(News::Drafted { result: drafted.map(Box::new), ticket });
        Slice::Done
    }
}
