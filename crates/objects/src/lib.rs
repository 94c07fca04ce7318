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
