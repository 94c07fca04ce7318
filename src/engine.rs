//! The differences between the versions of Bevy for which this crate is published. Elsewhere
//! the library has three: the table of moved types, which knows all releases, the attribute of `Saved`
//! that asks for a summary tick, and texts that name `On<Add<…>>`.
//!
//! This source is for the newest version. `ci/bevy-0.19.sh` derives the source for the one before,
//! where the build script sets `bevy_0_19`.

#[cfg(bevy_0_19)]
mod bevy_0_19;
#[cfg(not(bevy_0_19))]
mod bevy_0_20;

/// A transition between states that a game has pending.
pub(crate) enum Pending<'a, S> {
    /// None.
    No,
    /// To this state, which is entered once more if it is the current one.
    Always(&'a S),
    /// To this state, unless it is the current one.
    IfDifferent(&'a S),
}

#[cfg(bevy_0_19)]
pub(crate) use bevy_0_19::*;
#[cfg(not(bevy_0_19))]
pub(crate) use bevy_0_20::*;
