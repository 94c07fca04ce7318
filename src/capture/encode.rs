//! The writer thread's half of a capture: from copied values to column blocks.

mod anchors;
mod awaited;
mod carried;
mod claims;
mod column;
mod encoder;
mod failure;
mod places;
mod presence;
mod row_order;
mod save_ids;
mod split;

pub(crate) use awaited::{NamedOrder, put_in_place};
pub(crate) use carried::Carried;
pub(crate) use claims::Settled;
pub(crate) use column::ColumnWriter;
pub(crate) use encoder::{ClaimedRows, Encoder, WrittenRows};
#[cfg(test)]
pub(crate) use encoder::{Encoded, EncodedFacts};
pub(crate) use failure::EncodeFailure;
#[cfg(test)]
pub(crate) use failure::EncodeFailureReason;
pub(crate) use places::KeyedIds;
