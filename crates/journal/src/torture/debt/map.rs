//! The debt of a session's own attachments.

use crate::torture::Fact;

/// The drawings that the map of a session may have: the one that was acknowledged last, and those that were asked for
/// since, in order.
#[derive(Clone, Debug)]
pub struct OwedMap {
    /// The number of the request that leads to it, and the drawing; `None` if there is no map then.
    possible: Vec<(u64, Option<u32>)>,
}

impl Default for OwedMap {
    fn default() -> Self {
        Self { possible: vec![(0, None)] }
    }
}

impl OwedMap {
    pub fn follow(&mut self, fact: &Fact) {
        match fact {
            Fact::MapAsked { number, drawing } => self.possible.push((*number, *drawing)),
            // Requests are done in order, so nothing before it can come back.
            Fact::MapChanged { number } => {
                let place = self.possible.iter().position(|(asked, _)| asked == number);
                self.possible.drain(..place.expect("it should have been asked for"));
            }
            Fact::MapRefused { number } => self.possible.retain(|(asked, _)| asked != number),
            // A map that is being deleted may be gone, or not yet.
            Fact::Forgetting => self.possible.push((u64::MAX, None)),
            Fact::Forgotten => *self = Self::default(),
            _ => {}
        }
    }

    /// Checks the map that was found: `None` if there is none, and a drawing of `None` if it can't be read.
    pub fn check(&self, found: Option<Option<u32>>) -> Result<(), String> {
        let is_possible = |drawing: &Option<u32>| found == drawing.map(Some);
        match self.possible.iter().any(|(_, drawing)| is_possible(drawing)) {
            true => Ok(()),
            false => Err(format!("its map is {found:?}, and not one of {:?}", self.possible)),
        }
    }
}
