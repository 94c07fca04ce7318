//! The sessions that aren't played: their list, and operations on them beside play.

pub(super) mod cleanup;
pub(super) mod digests;
pub(super) mod editing_many;
pub(super) mod filing;
pub(super) mod players;
pub(super) mod watching;
