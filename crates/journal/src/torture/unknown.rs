//! A frame as a later release may write one, which this one doesn't know and must not lose.

use crate::format::FrameKind;
use crate::model::ids::SessionId;

const NUMBER: u8 = 9;

/// The frame of a session.
pub fn frame(session: SessionId) -> (FrameKind, Vec<u8>) {
    let byte = NUMBER | FrameKind::MAY_BE_SKIPPED | FrameKind::MUST_BE_CARRIED;
    let kind = FrameKind::from_byte(byte).expect("the number isn't 0");
    (kind, format!("of {session}").into_bytes())
}
