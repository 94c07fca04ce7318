//! Settings, rules and alerts that an operator writes into one file, without a build of the game.
//!
//! [`SessionPlugin::policies`](crate::SessionPlugin::policies) names the file. It is text in the
//! format RON, with a section for each topic. Sections and what is in them may be left out; what the
//! file has replaces what the code has set, when the app is finished.
//!
//! ```ron
//! (
//!     settings: (
//!         interval: "30s",
//!         max_bytes_per_second: "256KiB",
//!         recovery: automatic,
//!         capture_budget: (frame: "50ms", share: 0.02),
//!         storage: (max_session_bytes: "128MiB", trash: "7days", unanswered_crashes: "30days"),
//!         patience: (exit: "10s"),
//!     ),
//!     retention: (
//!         completed: (within: "90days", newest: 20),
//!         total_bytes: "8GiB",
//!         let_go: archive(with_world),
//!     ),
//!     alerts: [
//!         (when: p95_above("checkpoint", "250ms"), then: [stretch(4.0)]),
//!         (when: memory_above("6GiB"), over: "5min", then: [refuse_sessions]),
//!     ],
//! )
//! ```
//!
//! | section | who reads it | what is in it |
//! | --- | --- | --- |
//! | `settings` | this crate | fields of [`SessionSettings`](crate::SessionSettings), by their names |
//! | `retention` | this crate | [`Retention`](crate::library::Retention), instead of the code's: a [`Keep`](crate::library::Keep) for each way in which a session was [left](crate::library::LeftAs), `total_bytes`, and `let_go` |
//! | `alerts` | `SessionFiguresPlugin` of `bevy_session_ops` | alerts, and the limits that they answer with |
//!
//! A length of time is text, such as `"90s"` or `"7days"`; where nothing may happen at all, it may be
//! `"never"`. Bytes are a number, or text such as `"256MiB"`.
//!
//! # If the file can't be read
//!
//! A file that is missing, torn, or has a word that nobody knows is no reason to play by other limits
//! than the operator's. So nothing of it counts, and sessions are off for this start, as in
//! [`SessionMode::Off`](crate::SessionMode::Off): no file of a session is read or written, and each
//! request is rejected with [`RequestError::PoliciesUnreadable`](crate::RequestError::PoliciesUnreadable),
//! until a start finds the file corrected. The error has the file, the line, the column and the
//! words that are known; it is logged, in [`SessionPolicies`], and in [`PoliciesRejected`].

pub use crate::policies::{
    PoliciesExt, PoliciesRejected, PolicyBytes, PolicyError, PolicySection, PolicyTime,
    SessionPolicies,
};
