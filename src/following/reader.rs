//! Reads and decodes what has come of a followed session.

use bevy::ecs::entity::Entity;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::read::recovery::Prepared;
use bevy_session_journal::replica::{Tail, TailError, Tailed};
use bevy_session_journal::{SaveId, SessionStatus};
use jiff::Timestamp;

use crate::content::WorldContent;
use crate::restore::WorldImage;

/// Reads and decodes what has come.
pub(super) struct Reader {
    pub tail: Tail,
    pub content: WorldContent,
    /// Which entities of the world are which of the session. Empty before there are any.
    living: Vec<(Entity, SaveId)>,
    status: Option<SessionStatus>,
}

/// A report of the reading thread.
pub(super) enum News {
    Checkpoint(Box<NewCheckpoint>),
    /// Its owner has left the session, or somebody plays it again.
    Status(Option<SessionStatus>),
    Stalled(TailError),
}

/// A checkpoint that is to be put into the world.
pub(super) struct NewCheckpoint {
    pub prepared: Box<Prepared<WorldImage>>,
    pub taken: Timestamp,
}

/// The outcome of a checkpoint in the world.
pub(super) struct Applied {
    /// Which entities are which of the session.
    pub living: Vec<(Entity, SaveId)>,
    /// The rest of it. Freeing it would take a frame as long as decoding did.
    pub remains: Option<Box<WorldImage>>,
}

impl Reader {
    pub fn new(tail: Tail, content: WorldContent) -> Self {
        Self { tail, content, living: Vec::new(), status: None }
    }

    /// The last checkpoint is in the world.
    pub fn note(&mut self, applied: Applied) {
        self.living = applied.living;
        drop(applied.remains);
    }

    /// Looks what has come; `true` if there is a checkpoint, after which nothing is read until it is in the world.
    pub fn look(&mut self, news: &mut Vec<News>) -> bool {
        let Tailed { checkpoint, status } = match self.tail.look(&self.content, clock::timestamp())
        {
            Ok(tailed) => tailed,
            Err(error) => {
                news.push(News::Stalled(error));
                return false;
            }
        };
        let has_come = checkpoint.is_some();
        if let Some((mut prepared, taken)) = checkpoint {
            if !self.living.is_empty() {
                prepared.image.note_living(self.living.drain(..).map(|(entity, id)| (id, entity)));
            }
            news.push(News::Checkpoint(Box::new(NewCheckpoint { prepared, taken })));
        }
        if status != self.status {
            self.status = status;
            news.push(News::Status(status));
        }
        has_come
    }
}
