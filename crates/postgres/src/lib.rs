#![doc = include_str!("../README.md")]
//!
//! # What is promised
//!
//! [`PostgresReplica`] is a [`ReplicaStore`](bevy_session_journal::replica::ReplicaStore): an object is one row, and
//! *create if absent* is one insert in a transaction of its own, with `synchronous_commit` on. So what was answered is
//! on the server's disk, and on that of its synchronous standbys. So is what is listed. A client that loses the answer of an
//! insert asks again, and reads whose row is there.
//!
//! [`PostgresReplica::check`] says at a game's start what a person has to change, and each fault of a replica has the
//! same words in its sources. No password is in any of them.
//!
//! A connection is encrypted, and the server's certificate is verified, by the roots of the system or by those in the file that
//! `PGSSLROOTCERT` names. Only a server on this very machine, by a loopback address or a socket, is talked to in plain text.
//!
//! # Sharing a session
//!
//! ```rust
//! use std::error::Error;
//! use std::time::Duration;
//!
//! use bevy_session_journal::SessionId;
//! use bevy_session_postgres::{PostgresReplica, SharedSession};
//!
//! /// The text goes to the spectator, by whichever way the game has.
//! fn invite(store: &PostgresReplica, session: SessionId) -> Result<String, Box<dyn Error>> {
//!     Ok(store.share(session, Duration::from_secs(2 * 3_600))?.reveal())
//! }
//!
//! fn accept(text: &str) -> Result<SharedSession, Box<dyn Error>> {
//!     // The password may be in a spectator's build, once a superuser has run `spectator.sql`.
//!     Ok(SharedSession::open("postgres://screen:PASSWORD@db.example.com/worlds", &text.parse()?)?)
//! }
//!
//! fn end(store: &PostgresReplica, text: &str) -> Result<bool, Box<dyn Error>> {
//!     Ok(store.unshare(&text.parse()?)?)
//! }
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod catalogue;
mod check;
mod connection;
mod failure;
mod hosts;
mod pool;
mod rows;
mod schema;
mod shared;
mod shares;
mod store;
mod tls;
mod token;

pub use failure::{CertificateFault, PostgresCheckError};
pub use shared::SharedSession;
pub use store::{PostgresError, PostgresReplica};
pub use token::{NoToken, ShareError, ShareToken};
