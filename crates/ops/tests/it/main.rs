//! A game that is watched, as an operator sees it: by the public API alone, on a memory disk and a clock that frames
//! move.

mod alerts;
#[path = "../../../../tests/it/common.rs"]
#[expect(dead_code, reason = "the plugin's own tests use all of it")]
mod common;
mod figures;
mod lifecycle_sinks;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod policies;
#[cfg(feature = "log")]
mod recent_logs;
#[cfg(feature = "log")]
mod reports;
mod servers;
#[cfg(feature = "log")]
mod session_logs;
#[cfg(target_os = "linux")]
mod systemd;
