//! The sources of a world.

use crate::model::ids::{SessionId, SlotId};

/// The source of a world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum WorldOf {
    /// The newest checkpoint of a session; of the one that is played, this moment.
    Session(SessionId),
    /// The checkpoint in a slot.
    Slot(SlotId),
}

impl From<SessionId> for WorldOf {
    fn from(session: SessionId) -> Self {
        Self::Session(session)
    }
}

impl From<SlotId> for WorldOf {
    fn from(slot: SlotId) -> Self {
        Self::Slot(slot)
    }
}
