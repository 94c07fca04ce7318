//! The session that a journal has open, and what becomes of it when it is dropped.

use super::{Codec, Journal};
use crate::model::ids::SessionId;
use crate::write::Order;

/// The session that a journal has open. There is one at most, since this borrows the journal.
pub(super) struct OpenSession<'j, C: Codec> {
    pub journal: &'j mut Journal<C>,
    pub session: SessionId,
    pub stage: Stage,
}

/// The stage of a session that is held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was read, and its lock is held.
    Restored,
    Played,
    Left,
}

impl<C: Codec> Drop for OpenSession<'_, C> {
    fn drop(&mut self) {
        match self.stage {
            Stage::Restored => self.journal.order(Order::Release(self.session)),
            Stage::Played => self.journal.note_abandoned(),
            Stage::Left => {}
        }
    }
}
