//! Making a second session of one.

use super::Play;
use crate::model::ids::SessionId;
use crate::model::ids::Ticket;
use crate::model::session::RequestError;
use crate::read::recovery::SessionEntry;
use crate::write::{News, Order};

impl Play {
    /// Copies a session.
    ///
    /// # Errors
    ///
    /// The error that the writer reports.
    pub fn copy(&mut self, session: SessionId, name: &str) -> Result<SessionEntry, RequestError> {
        let before = self.head_of(session);
        let news = self.order_copy(session, name);
        let copied = self.take_copied(news);
        if let Ok(entry) = &copied {
            self.know_again(entry.session.id, before);
        }
        copied
    }

    /// Asks for a copy, and waits for nothing.
    pub fn order_copy(&mut self, session: SessionId, name: &str) -> Vec<News> {
        self.order(Order::Copy { session, name: name.to_owned(), ticket: Ticket::new() })
    }

    fn take_copied(&mut self, mut news: Vec<News>) -> Result<SessionEntry, RequestError> {
        for _ in 0..1000 {
            let copied = news.into_iter().find_map(|news| match news {
                News::Copied { result, .. } => Some(result.map(|entry| *entry)),
                _ => None,
            });
            if let Some(result) = copied {
                return result;
            }
            news = self.game.turn(self.now);
            self.hear(self.played(), &news);
        }
        panic!("it should be reported");
    }
}
