//! What is kept of a player: exported, erased, and who did what with it.
//!
//! Requests go through [`library()`](crate::SessionCommands::library): [`erase_player`](crate::library::LibraryCommands::erase_player),
//! [`export_player`](crate::library::LibraryCommands::export_player) and
//! [`read_audit`](crate::library::LibraryCommands::read_audit).

pub use bevy_session_journal::{AuditActor, AuditDeed, AuditEntry, ErasureReceipt};

pub use crate::lifecycle::{AuditRead, PlayerErased, PlayerExported};
