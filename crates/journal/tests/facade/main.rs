//! The journal as a program without an engine uses it, on a disk in memory and with a clock that stands
//! still unless it is advanced.

mod failures;
mod notes;
mod replica;
mod rows;
mod sessions;
