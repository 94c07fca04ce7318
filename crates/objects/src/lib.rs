#![doc = include_str!("../README.md")]
//!
//! # Guarantees
//!
//! [`ObjectReplica`] is a [`ReplicaStore`](bevy_session_journal::replica::ReplicaStore): each object of a session is one object of
//! the bucket, created with `If-None-Match: *` and never changed. There is no compare-and-set and no deletion with a
//! condition. A machine that loses the answer of a creation asks again, and reads whose bytes stand there.
//!
//! Before anything else is asked of a bucket, it is [checked](ObjectReplica::check): one that ignores the condition, or keeps
//! versions, would let two machines own one session.
//!
//! Connections use TLS, and the server's certificate is verified by the roots of the system. Plain HTTP is for a server on
//! this very machine, or for environments with `AWS_ALLOW_HTTP=true`. No key, token or signature is in an error, in
//! `Debug` or in a log.
//!
//! # Sharing a session
//!
//! The document of a share is replaced by `If-Match`, so nobody brings back what another has ended. A server that ignores the
//! condition is asked first, and may then write what arrives late.
//!
//! ```rust
//! use std::error::Error;
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use bevy_session_journal::SessionId;
//! use bevy_session_objects::{ObjectReplica, SharedSession};
//!
//! /// The text goes to the spectator, by whichever way the game has. The plugin has the same store, as
//! /// `Replica::new(Arc::clone(store))`.
//! fn invite(store: &Arc<ObjectReplica>, session: SessionId) -> Result<String, Box<dyn Error>> {
//!     Ok(store.share(session, Duration::from_secs(2 * 3_600))?.reveal())
//! }
//!
//! fn accept(text: &str) -> Result<SharedSession, Box<dyn Error>> {
//!     Ok(SharedSession::open(&text.parse()?)?)
//! }
//!
//! /// Any process that has the keys can do it.
//! fn end(store: &ObjectReplica, text: &str) -> Result<bool, Box<dyn Error>> {
//!     Ok(store.unshare(&text.parse()?)?)
//! }
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod address;
mod bucket;
mod check;
mod credentials;
mod document;
mod error;
mod failure;
mod keys;
mod patience;
mod place;
mod renewal;
mod shared;
mod shares;
mod sharing;
mod store;
mod tls;

pub use object_store;

pub use address::{NoAddress, ShareAddress, ShareError};
pub use check::CheckError;
pub use credentials::Keys;
pub use error::BucketError;
pub use failure::ObjectFailure;
pub use shared::{SharedError, SharedSession};
pub use store::ObjectReplica;
