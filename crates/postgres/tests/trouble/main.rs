//! A real server in trouble, and its roles. Most of it needs `ci/postgres.sh run cargo test -p bevy_session_postgres -- --ignored`,
//! and starts further servers by that script.
#![cfg(unix)]

mod catalogue;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod failover;
mod public_role;
mod refusals;
mod roles;
mod roles_support;
mod server;
mod sharing;
mod silence;
