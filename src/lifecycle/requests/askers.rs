//! Who asked for what is answered later.

use std::collections::VecDeque;

use super::{AttachmentRequest, Request, SessionRequest};
use crate::session::{Attachment, StartingWorld};

/// How many requests of players are remembered, the newest. A frame has a few, and each is answered soon.
const MOST: usize = 64;

/// Which player asked for what the writer works on: it knows requests, and no players.
///
/// Of requests that are equal it is known who asked last, so that nothing has to be forgotten once it is done.
#[derive(Default)]
pub(super) struct Askers(VecDeque<(Request, String)>);

impl Askers {
    /// A request is handled, for this player or for the game itself.
    pub fn note(&mut self, request: &Request, by: Option<&str>) {
        if by.is_none() && self.0.is_empty() {
            return;
        }
        let request = without_bytes(request);
        self.0.retain(|(known, _)| *known != request);
        if let Some(by) = by {
            self.0.push_back((request, by.to_owned()));
        }
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// The player who asked for it; `None` if it was the game itself.
    pub fn of(&self, request: &Request) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let request = without_bytes(request);
        self.0.iter().find(|(known, _)| *known == request).map(|(_, by)| by.as_str())
    }
}

/// The request without what is attached or begun with, which may be large.
fn without_bytes(request: &Request) -> Request {
    let emptied =
        |attachment: &Attachment| Attachment::new(attachment.name().to_owned(), Vec::new());
    match request {
        Request::Attachment(AttachmentRequest::Attach { checkpoint, attachment }) => {
            let (checkpoint, attachment) = (*checkpoint, emptied(attachment));
            AttachmentRequest::Attach { checkpoint, attachment }.into()
        }
        Request::Attachment(AttachmentRequest::AttachToSession(attachment)) => {
            AttachmentRequest::AttachToSession(emptied(attachment)).into()
        }
        Request::Session(SessionRequest::StartIn { session, world }) => {
            let world = StartingWorld::new(world.file(), Vec::new());
            SessionRequest::StartIn { session: session.clone(), world }.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{CurrentRequest, SlotRequest};

    fn named(name: String) -> Request {
        SlotRequest::Import(name.into()).into()
    }

    #[test]
    fn who_asked_last_for_the_same_is_known_and_the_game_itself_is_none() {
        let pause = Request::from(CurrentRequest::Pause);
        let mut askers = Askers::default();
        assert_eq!(askers.of(&pause), None);
        askers.note(&pause, Some("Ben"));
        askers.note(&pause, Some("Ann"));
        assert_eq!(askers.of(&pause), Some("Ann"));
        askers.note(&pause, None);
        assert_eq!(askers.of(&pause), None);
    }

    #[test]
    fn the_newest_are_remembered_and_none_of_their_bytes() {
        let mut askers = Askers::default();
        for number in 0..=MOST {
            askers.note(&named(format!("{number}")), Some("Ben"));
        }
        assert_eq!(askers.0.len(), MOST);
        assert_eq!(askers.of(&named("0".to_owned())), None);
        assert_eq!(askers.of(&named("1".to_owned())), Some("Ben"));
        let map = |bytes| -> Request {
            AttachmentRequest::AttachToSession(Attachment::new("map".to_owned(), bytes)).into()
        };
        askers.note(&map(vec![1; 1000]), Some("Ann"));
        assert_eq!(askers.of(&map(vec![1; 1000])), Some("Ann"));
        let (kept, _) = askers.0.back().unwrap();
        assert_eq!(*kept, map(Vec::new()));
    }
}
