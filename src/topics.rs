//! The public names for each topic, in a module of that name.

pub mod attachments;
pub mod chapters;
pub mod checkpoints;
pub mod cloud;
pub mod digests;
pub mod ends;
pub mod events;
pub mod external;
pub mod hints;
pub mod library;
pub mod placed;
pub mod recovery;
pub mod replica;
pub mod reports;
pub mod requests;
pub mod slots;
pub mod types;
