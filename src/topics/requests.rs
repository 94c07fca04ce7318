//! Requests: the game's requests to the plugin, guards that may refuse them, and their state.
//!
//! They are made with [`SessionCommands`](crate::SessionCommands). Each has a
//! [`Ticket`](crate::Ticket) and one final answer: [`RequestDone`](crate::RequestDone) or
//! [`RequestRejected`](crate::RequestRejected), or a notification of failure with the ticket.

pub use crate::lifecycle::{CurrentRequest, GuardedRequest, Request, SessionRequest};
