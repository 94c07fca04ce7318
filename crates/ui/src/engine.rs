//! Differences between the versions of Bevy for which this crate is published. No other file of it depends on the
//! version.

#[cfg(bevy_0_19)]
mod bevy_0_19;
#[cfg(not(bevy_0_19))]
mod bevy_0_20;

#[cfg(bevy_0_19)]
pub(crate) use bevy_0_19::*;
#[cfg(not(bevy_0_19))]
pub(crate) use bevy_0_20::*;
