//! Reports: one file in which a player sends a developer what happened, and which the developer's
//! build opens.

pub use bevy_session_journal::{Report, ReportError};

pub use crate::lifecycle::{ReportNotOpened, ReportWritten};
