//! The interface of a disk, for games that keep sessions on one of their own:
//! [`SessionPlugin::on_disk`](crate::SessionPlugin::on_disk).
//!
//! `bevy_session_journal::disk::conformance`, behind that package's feature `testing`, checks such a disk.

pub use bevy_session_journal::disk::{
    AppendFile, DirEntry, Disk, Hold, Lock, ReadAt, RealDisk, Room,
};
