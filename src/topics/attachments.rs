//! Files of the game's that are kept in a session beside its world: maps that players draw, recordings, pictures.
//!
//! Written and read through [`attachments()`](crate::SessionCommands::attachments), whose methods [`AttachmentCommands`] has.

pub use bevy_session_journal::{
    Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion,
};

pub use crate::lifecycle::{
    AttachmentCommands, AttachmentRead, AttachmentRequest, AttachmentSaved,
    SessionAttachmentRemoved, SessionAttachmentSaved,
};
