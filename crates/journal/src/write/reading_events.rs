//! Reads a page of what a session has recorded, or looks at all of it.

use super::News;
use super::jobs::{Job, Slice, Tools, Urgency};
use super::slices::SLICE_BYTES;
use crate::model::ids::Ticket;
use crate::read::recovery::{EventReading, EventValidating};

/// A page that is asked for.
pub(super) struct ReadEvents(pub EventReading, pub Ticket);

/// A session whose events are all looked at.
pub(super) struct ValidateEvents(pub EventValidating, pub Ticket);

impl Job for ReadEvents {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let store = &tools.finder.local().store;
        let Some(ended) = in_a_slice(|| self.0.step(store)) else { return Slice::Going(self) };
        let Self(reading, ticket) = *self;
        let (query, page) = reading.finish();
        let (query, result) = (Box::new(query), ended.map(|()| page));
        tools.news.push(News::EventsRead { query, result, ticket });
        Slice::Done
    }
}

impl Job for ValidateEvents {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let store = &tools.finder.local().store;
        let Some(ended) = in_a_slice(|| self.0.step(store)) else { return Slice::Going(self) };
        let Self(validating, ticket) = *self;
        let (session, found) = validating.finish();
        let result = ended.map(|()| found);
        tools.news.push(News::EventsValidated { session, result, ticket });
        Slice::Done
    }
}

/// Reads for a slice, by steps that return the bytes that they read. Returns the result, if the reading ended.
fn in_a_slice<E>(mut step: impl FnMut() -> Result<Option<usize>, E>) -> Option<Result<(), E>> {
    let mut read = 0;
    while read < SLICE_BYTES {
        match step() {
            Ok(Some(bytes)) => read += bytes,
            Ok(None) => return Some(Ok(())),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}
