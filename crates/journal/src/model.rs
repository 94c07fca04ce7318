//! The terms of a session: identifiers, states and their transitions, metadata, scenarios, and the codes of findings.
//!
//! Plain types and rules. Nothing here knows of bytes, files or threads.

pub mod clock;
pub mod codes;
pub mod ids;
pub mod scenario;
pub mod session;
