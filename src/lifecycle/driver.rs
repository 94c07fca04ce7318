//! The driver: what it does in a frame, and which room each request, answer and step belongs to. It knows all of them;
//! none of them knows it.

mod routes;

pub(super) mod answers;
pub(super) mod dispatch;
pub(super) mod exit;
pub(super) mod frame;
pub(super) mod stopped;
pub(super) mod suspend;
pub(super) mod switched_off;
