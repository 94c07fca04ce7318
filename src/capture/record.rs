//! The main thread's half of a capture: copying out of the world.

mod capture;
mod columns;
mod copies;
mod encoded;
mod entities;
mod moment;
mod order;
mod read_ahead;
mod recorder;
mod recorders;
mod related;
mod removals;
mod resources;
mod spare_room;
mod states;
mod tables;
mod ticks;

pub(crate) use capture::Capture;
pub(crate) use columns::{
    Captured, CapturedColumn, CapturedComponents, ComponentRecorder, RecordColumn, Rows,
};
pub(crate) use moment::CaptureScope;
pub(crate) use order::{CapturedOrders, OrderRecorder};
pub(crate) use recorder::{Known, Recorder};
pub(crate) use related::{Related, going_with, hanging_from, links_that_despawn, ties_to};
pub(crate) use removals::Watched;
pub(crate) use resources::ResourceRecorder;
pub(crate) use states::{
    ClosingStates, StateMapping, StateRecorder, StatesBeingLeft, WaysOut, is_about_to_leave,
    leads_out,
};
