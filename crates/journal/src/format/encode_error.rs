//! The errors of writing.

use crate::model::ids::SaveId;

/// The error of writing data that is over a limit, or that the format can't hold.
///
/// Nothing of the group is in the segment then that a reader would believe, and the segment itself
/// can still be written to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A value is larger than a frame can be.
    #[error("a value of {bytes} bytes of {type_path} on {id} is over the limit of {limit}")]
    ValueTooLarge {
        /// The value's type.
        type_path: String,
        /// The id of the value's row.
        id: SaveId,
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// The id of a row is neither an entity's nor that of the world: it is 1, or its low 32 bits are zero.
    #[error(
        "{id} can't be the id of a row of {type_path}: an id is at least 2, and its low 32 bits aren't all zero"
    )]
    NoId {
        /// The row's type.
        type_path: String,
        /// The id.
        id: SaveId,
    },
    /// The path of a type, a label or another string is longer than the format allows.
    #[error("a string of {bytes} bytes is over the limit of {limit}: {beginning}…")]
    StringTooLong {
        /// Its first characters.
        beginning: String,
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// All values together are more than a checkpoint can hold.
    #[error("checkpoint {counter} is over the limit of {limit} bytes")]
    CheckpointTooLarge {
        /// The checkpoint.
        counter: u64,
        /// The largest size allowed.
        limit: u64,
    },
    /// More types are saved than a checkpoint can hold.
    #[error("a checkpoint with {types} types is over the limit of {limit}")]
    TooManyTypes {
        /// The number of types.
        types: usize,
        /// The largest number allowed.
        limit: usize,
    },
    /// The session's description doesn't fit into a segment's header.
    #[error("a segment's header of {bytes} bytes is over the limit of {limit}")]
    HeaderTooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// A commit or record is larger than a frame can be.
    #[error("a record of {bytes} bytes is over the limit of {limit}")]
    RecordTooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// Blocks came in another order than the one in which a group holds them.
    #[error("a block of {type_path} is out of order")]
    OutOfOrder {
        /// The block's type.
        type_path: String,
    },
    /// A header, commit or record could not be written as MessagePack.
    #[error("a header, commit or record can't be written")]
    Unwritable(#[source] rmp_serde::encode::Error),
    /// A panic interrupted the packing of rows.
    #[error("a panic interrupted the packing of rows")]
    Interrupted,
}
