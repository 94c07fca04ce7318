//! Brings up to date what the program keeps of each session, or removes it.

use super::News;
use super::jobs::{Job, Slice, Tools, Urgency};
use super::slices::SLICE_TIME;
use crate::model::ids::Ticket;
use crate::read::digest::{DigestOrder, PlayedLine};

/// An order about digests, as a job.
pub(super) struct Digest {
    order: DigestOrder,
    ticket: Ticket,
    stage: Stage,
}

enum Stage {
    /// With what this process plays.
    ToCome(Option<PlayedLine>),
    UnderWay,
}

impl Digest {
    /// The session that is played is read as it is now.
    pub(super) fn new(order: DigestOrder, ticket: Ticket, played: Option<PlayedLine>) -> Self {
        Self { order, ticket, stage: Stage::ToCome(played) }
    }
}

impl Job for Digest {
    fn urgency(&self) -> Urgency {
        Urgency::Kept
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Tools { digests, finder, types, news, .. } = tools;
        if let Stage::ToCome(played) = std::mem::replace(&mut self.stage, Stage::UnderWay) {
            digests.begin(&self.order, finder, played);
        }
        let name = self.order.name();
        match digests.step(name, finder, *types, SLICE_TIME) {
            Some((digests, figures)) => {
                let ticket = Some(self.ticket);
                news.push(News::Digested { name, digests, figures, ticket });
                Slice::Done
            }
            None if digests.knows(name) => Slice::Going(self),
            None => Slice::Done,
        }
    }

    fn is_long(&self) -> bool {
        true
    }
}
