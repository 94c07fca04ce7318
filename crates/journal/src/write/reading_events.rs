//! Reads a page of what a session has recorded, or looks at all of it.

use super::News;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::slices::SLICE_BYTES;
use crate::model::ids::Ticket;
use crate::read::recovery::{EventReading, EventValidating};

/// A page that is asked for.
pub(super) struct ReadEvents {
    pub reading: EventReading,
    pub ticket: Ticket,
    pub waits_for: WaitsFor,
}

/// A session whose events are all looked at.
pub(super) struct ValidateEvents {
    pub validating: EventValidating,
    pub ticket: Ticket,
    pub waits_for: WaitsFor,
}

impl Job for ReadEvents {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        self.waits_for
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        if std::mem::replace(&mut self.waits_for, WaitsFor::Nothing) != WaitsFor::Nothing {
            tools.hand_over_events(self.reading.session());
        }
        let store = &tools.finder.local().store;
        let Some(ended) = in_a_slice(|| self.reading.step(store)) else {
            return Slice::Going(self);
        };
        let Self { reading, ticket, waits_for: _ } = *self;
        let (query, page) = reading.finish();
        let (query, result) = (Box::new(query), ended.map(|()| page));
        tools.news.push(News::EventsRead { query, result, ticket });
        Slice::Done
    }

    /// What was there before is read.
    fn in_vain(mut self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        self.waits_for = WaitsFor::Nothing;
        Some(self)
    }
}

impl Job for ValidateEvents {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        self.waits_for
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        if std::mem::replace(&mut self.waits_for, WaitsFor::Nothing) != WaitsFor::Nothing {
            tools.hand_over_events(self.validating.session());
        }
        let store = &tools.finder.local().store;
        let Some(ended) = in_a_slice(|| self.validating.step(store)) else {
            return Slice::Going(self);
        };
        let Self { validating, ticket, waits_for: _ } = *self;
        let (session, found) = validating.finish();
        let result = ended.map(|()| found);
        tools.news.push(News::EventsValidated { session, result, ticket });
        Slice::Done
    }

    /// What was there before is read.
    fn in_vain(mut self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        self.waits_for = WaitsFor::Nothing;
        Some(self)
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
