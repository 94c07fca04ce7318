//! The worlds and the game that the figures of `bevy_session` are measured with.
//!
//! `cargo run --release -p bevy_session_benchmarks` measures everything beside the crate's peers and
//! writes `docs/benchmarks.md`. The benches of this package use the same worlds.

pub mod game;
pub mod statistics;
pub mod worlds;

/// The result of a measurement.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
