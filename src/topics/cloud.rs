//! Sessions on several devices of a player, by way of a folder that a file cloud copies, such as Steam's.

pub use bevy_session_journal::{CloudError, CloudFolder};

pub use crate::lifecycle::{CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken};
