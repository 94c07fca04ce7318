//! The interface for the other packages of `bevy_session`, beyond the public one. It changes with any release.
//!
//! One module for each room, lowest first: a room knows only those above it.

pub mod model {
    pub use crate::model::*;
}
pub mod format {
    pub use crate::format::*;
}
pub mod disk {
    pub use crate::disk::*;
    pub mod process {
        pub use crate::disk::process::*;
    }
}
pub mod read {
    pub use crate::read::*;
}
pub mod write {
    pub use crate::write::*;
}
#[cfg(any(test, feature = "testing"))]
pub mod deep {
    pub use crate::deep::*;
}
