//! The edits that can be made to many sessions at once.

use super::{SessionUpdate, ShelfMove};

/// An edit that is made to each of many sessions.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum SessionEdit {
    /// Its metadata or its fields are changed.
    Update(SessionUpdate),
    /// It is moved into the trash or the archive, or brought back.
    Move(ShelfMove),
    /// It is deleted for good, with its slots left as they are.
    Purge,
}

impl From<SessionUpdate> for SessionEdit {
    fn from(update: SessionUpdate) -> Self {
        Self::Update(update)
    }
}

impl From<ShelfMove> for SessionEdit {
    fn from(how: ShelfMove) -> Self {
        Self::Move(how)
    }
}
