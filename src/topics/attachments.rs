//! The game's own files in a session, beside its world: maps that players draw, recordings,
//! pictures.
//!
//! They are written and read through [`attachments()`](crate::SessionCommands::attachments), which
//! returns [`AttachmentCommands`].

pub use bevy_session_journal::{
    Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion,
};

pub use crate::lifecycle::{
    AttachmentCommands, AttachmentRead, AttachmentRequest, AttachmentSaved,
    SessionAttachmentRemoved, SessionAttachmentSaved,
};
