//! Reports: one file with which a player shows a developer what happened, and which the developer's build opens.

pub use bevy_session_journal::{Report, ReportError};

pub use crate::lifecycle::{ReportNotOpened, ReportWritten};
