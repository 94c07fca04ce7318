//! The rules of the lifecycle, as plain types: no ECS, no files.

mod metadata;
mod status;

pub use metadata::{
    Field, FieldError, Fields, NewSession, SessionContext, SessionMetadata, SessionPriority,
};
pub use status::{EndReason, IllegalMove, Move, SessionStatus};
