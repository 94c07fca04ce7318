//! The world as what is kept in a session: what the writer and recovery ask of the game's types.

mod world_content;

use bevy_session_journal::{recovery, writer};

pub(crate) use world_content::{Claimed, ContentOrder, ContentReport, Start, WorldContent};

use crate::capture::Capture;
use crate::restore::WorldImage;

pub(crate) type CheckpointOrder = writer::CheckpointOrder<Box<Capture>>;
pub(crate) type Link = writer::Link<WorldContent>;
pub(crate) type Order = writer::Order<WorldContent>;
pub(crate) type Prepared = recovery::Prepared<WorldImage>;
pub(crate) type Report = writer::Report<WorldContent>;
pub(crate) type TakeUp = writer::TakeUp<Start>;
pub(crate) type Worker = writer::Worker<WorldContent>;
