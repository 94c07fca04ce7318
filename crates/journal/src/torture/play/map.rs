//! The attachment of the session itself: added, replaced, and removed.

use super::super::Fact;
use super::super::attachments::{MAP, map};
use super::Play;
use crate::model::ids::Ticket;
use crate::model::session::{AttachmentError, AttachmentQuota};
use crate::write::{Order, SessionAttachmentOrder};

/// Room for the newest version and the one before it, so that each goes that is older.
const ROOM: AttachmentQuota = AttachmentQuota { bytes: 4000, versions: 2 };

impl Play {
    /// Attaches the next drawing of the session's map.
    pub(super) fn attach_map(&mut self) {
        let Some(session) = self.played() else { return };
        self.attachments += 1;
        let drawing = self.attachments;
        let attachment = map(session, drawing);
        let order = SessionAttachmentOrder::Attach { session, attachment, quota: ROOM };
        self.ask_for_map(order, Some(drawing));
    }

    pub(super) fn detach_map(&mut self) {
        let Some(session) = self.played() else { return };
        let order = SessionAttachmentOrder::Detach { session, name: MAP.to_owned() };
        self.ask_for_map(order, None);
    }

    fn ask_for_map(&mut self, order: SessionAttachmentOrder, drawing: Option<u32>) {
        let (session, number) = (order.session(), self.number());
        self.asked_maps.push_back(number);
        self.note(session, Fact::MapAsked { number, drawing });
        let news =
            self.game.order(Order::SessionAttachment { order, ticket: Ticket::new() }, self.now);
        self.take_news(Some(session), news);
        self.turn();
    }

    /// Notes an answer about the map. The oldest request is answered first.
    pub(super) fn hear_of_map<T>(
        &mut self,
        order: &SessionAttachmentOrder,
        result: &Result<T, AttachmentError>,
    ) {
        // A test that asks by itself keeps its own books.
        let Some(number) = self.asked_maps.pop_front() else { return };
        let fact = match result {
            Ok(_) => Fact::MapChanged { number },
            Err(AttachmentError::Missing | AttachmentError::NotSaved) => {
                Fact::MapRefused { number }
            }
            // The disk may have done it, and only then have said that it failed.
            Err(_) => return,
        };
        self.note(order.session(), fact);
    }
}
