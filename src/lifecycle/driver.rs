//! The driver: the steps of a frame, and the topic that handles each request and report. It knows
//! all topics; none of them knows it.

mod routes;

pub(super) mod answers;
pub(super) mod dispatch;
pub(super) mod exit;
pub(super) mod frame;
pub(super) mod stopped;
pub(super) mod suspend;
mod switched_off;
