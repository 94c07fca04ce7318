//! Requests: what a game asks of the plugin, what it may refuse, and which of them is being handled.
//!
//! Made by [`SessionCommands`](crate::SessionCommands). Each has a [`Ticket`](crate::Ticket) and one last word:
//! [`RequestDone`](crate::RequestDone) or [`RequestRejected`](crate::RequestRejected), or a notification of failure that names the ticket.

pub use crate::lifecycle::{CurrentRequest, GuardedRequest, Request, SessionRequest};
