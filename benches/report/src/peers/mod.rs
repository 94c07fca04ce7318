//! Other crates, on the same worlds.

pub mod dynamic_world;
pub mod moonshine;
pub mod redb;
