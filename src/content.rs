//! The content of a session: the game's types as the writer and recovery use them.

mod world_content;

use bevy_session_journal::internal::read::recovery;
use bevy_session_journal::internal::write;

pub(crate) use world_content::{Claimed, ContentOrder, ContentReport, Start, WorldContent};

use crate::capture::Capture;
use crate::restore::WorldImage;

pub(crate) type CheckpointOrder = write::CheckpointOrder<Box<Capture>>;
pub(crate) type Link = write::Link<WorldContent>;
pub(crate) type Order = write::Order<WorldContent>;
pub(crate) type Prepared = recovery::Prepared<WorldImage>;
pub(crate) type Report = write::Report<WorldContent>;
pub(crate) type TakeUp = write::TakeUp<Start>;
pub(crate) type Worker = write::Worker<WorldContent>;
