//! The facts that a checkpoint holds about its session, beside the entities.

use serde::Serialize;

use crate::format::{Block, Values};
use crate::model::ids::SaveId;
use crate::model::session::ChaptersWritten;
use crate::read::recovery::{CHAPTER_COUNTS, CHAPTERS, CLOCK, FIELDS, STATE_CHANGES};

/// The part of a session beside its entities that can't be encoded.
#[derive(Debug, thiserror::Error)]
#[error("failed to encode {column}")]
pub(super) struct AboutSessionFailure {
    column: &'static str,
    source: rmp_serde::encode::Error,
}

/// Adds what is known of the session beside its entities.
pub(super) fn add_about_session(
    blocks: &mut Vec<Block>,
    fields: Option<&impl Serialize>,
    state_changes: Option<&impl Serialize>,
    chapters: Option<&ChaptersWritten>,
    clock: &impl Serialize,
) -> Result<(), AboutSessionFailure> {
    if let Some(fields) = fields {
        insert_world_value(blocks, FIELDS, fields)?;
    }
    if let Some(state_changes) = state_changes {
        insert_world_value(blocks, STATE_CHANGES, state_changes)?;
    }
    if let Some(chapters) = chapters.and_then(|chapters| chapters.all.as_ref()) {
        insert_world_value(blocks, CHAPTERS, chapters)?;
    }
    if let Some(counted) = chapters.and_then(|chapters| chapters.counted.as_ref()) {
        insert_world_value(blocks, CHAPTER_COUNTS, counted)?;
    }
    insert_world_value(blocks, CLOCK, clock)
}

/// Adds something about the session, as a column of its own.
fn insert_world_value(
    blocks: &mut Vec<Block>,
    column: &'static str,
    value: &impl Serialize,
) -> Result<(), AboutSessionFailure> {
    let bytes =
        rmp_serde::to_vec_named(value).map_err(|source| AboutSessionFailure { column, source })?;
    let mut values = Values::default();
    values.push(SaveId::WORLD, &bytes);
    let block = Block::values(column.into(), 0, values);
    let place = blocks.partition_point(|other| other.key() < block.key());
    blocks.insert(place, block);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::with_sources;

    struct Unencodable;

    impl Serialize for Unencodable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no such thing"))
        }
    }

    #[test]
    fn a_failure_to_encode_session_data_is_an_error() {
        let mut blocks = Vec::new();
        let known: Option<&u8> = None;
        let chapters = None;
        assert!(
            add_about_session(&mut blocks, Some(&Unencodable), known, chapters, &1_u8).is_err()
        );
        assert!(
            add_about_session(&mut blocks, known, Some(&Unencodable), chapters, &1_u8).is_err()
        );
        let error =
            add_about_session(&mut blocks, known, known, chapters, &Unencodable).unwrap_err();
        let message = with_sources(&error);
        assert!(message.contains(CLOCK) && message.contains("no such thing"), "{message}");
        assert!(blocks.is_empty());
        add_about_session(&mut blocks, Some(&1_u8), known, chapters, &1_u8).unwrap();
        assert_eq!(blocks.len(), 2);
    }
}
