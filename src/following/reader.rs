//! Reads and decodes what has come of a followed session.

use std::error::Error;
use std::iter::successors;

use bevy::ecs::entity::Entity;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::read::recovery::Prepared;
use bevy_session_journal::replica::{Tail, TailError, Tailed};
use bevy_session_journal::{FailureCause, SaveId, SessionStatus};
use jiff::Timestamp;

use crate::content::WorldContent;
use crate::restore::WorldImage;

/// The reasons that are said until a checkpoint is followed again.
const MOST_REASONS: usize = 8;

/// Reads and decodes what has come.
pub(super) struct Reader {
    pub tail: Tail,
    pub content: WorldContent,
    /// Which entities of the world are which of the session. Empty before there are any.
    living: Vec<(Entity, SaveId)>,
    absent: Vec<(Entity, SaveId)>,
    status: Option<SessionStatus>,
    /// The reasons for which nothing could be read since the last checkpoint.
    said: Vec<String>,
    /// Nothing will ever be read again.
    is_over: bool,
}

/// A report of the reading thread.
pub(super) enum News {
    Checkpoint(Box<NewCheckpoint>),
    /// Its owner has left the session, or somebody plays it again.
    Status(Option<SessionStatus>),
    Stalled(Stall),
}

/// The reason that nothing is read.
pub(super) struct Stall {
    pub error: FailureCause,
    /// Nothing will ever be read again.
    pub is_over: bool,
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
    /// What stands in references for those that wait for their level.
    pub absent: Vec<(Entity, SaveId)>,
    /// The rest of it. Freeing it would take a frame as long as decoding did.
    pub remains: Option<Box<WorldImage>>,
}

impl Reader {
    pub fn new(tail: Tail, content: WorldContent) -> Self {
        Self {
            tail,
            content,
            living: Vec::new(),
            absent: Vec::new(),
            status: None,
            said: Vec::new(),
            is_over: false,
        }
    }

    /// The last checkpoint is in the world.
    pub fn note(&mut self, applied: Applied) {
        (self.living, self.absent) = (applied.living, applied.absent);
        drop(applied.remains);
    }

    /// Returns true if nothing will ever be read again.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Looks what has come; `true` if there is a checkpoint, after which nothing is read until it is in the world.
    pub fn look(&mut self, news: &mut Vec<News>) -> bool {
        let Tailed { checkpoint, status } = match self.tail.look(&self.content, clock::timestamp())
        {
            Ok(tailed) => tailed,
            Err(error) => {
                news.extend(self.stall(error).map(News::Stalled));
                return false;
            }
        };
        let has_come = checkpoint.is_some();
        if let Some((mut prepared, taken)) = checkpoint {
            self.said.clear();
            if !self.living.is_empty() {
                let by_id = |(entity, id)| (id, entity);
                prepared.image.note_living(self.living.drain(..).map(by_id));
                prepared.image.note_left(self.absent.drain(..).map(by_id));
            }
            news.push(News::Checkpoint(Box::new(NewCheckpoint { prepared, taken })));
        }
        if status != self.status {
            self.status = status;
            news.push(News::Status(status));
        }
        has_come
    }

    /// A reason that wasn't said yet.
    fn stall(&mut self, error: TailError) -> Option<Stall> {
        self.is_over = error.is_final();
        let reason = reason(&error);
        let is_known = self.said.len() >= MOST_REASONS || self.said.contains(&reason);
        if is_known && !self.is_over {
            return None;
        }
        self.said.push(reason);
        Some(Stall { error: FailureCause::new(error), is_over: self.is_over })
    }
}

/// The causes of an error, without what was asked for.
fn reason(error: &TailError) -> String {
    let error: &dyn Error = match error {
        TailError::Store(fault) => &*fault.source,
        error => error,
    };
    let causes: Vec<String> =
        successors(Some(error), |&error| error.source()).map(ToString::to_string).collect();
    causes.join(": ")
}
