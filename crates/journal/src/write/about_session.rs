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

/// What is known of the session beside its entities.
pub(super) fn about_session(
    fields: Option<&impl Serialize>,
    state_changes: Option<&impl Serialize>,
    chapters: Option<&ChaptersWritten>,
    clock: &impl Serialize,
) -> Result<Vec<Block>, AboutSessionFailure> {
    let mut blocks = vec![world_value(CLOCK, clock)?];
    if let Some(fields) = fields {
        blocks.push(world_value(FIELDS, fields)?);
    }
    if let Some(state_changes) = state_changes {
        blocks.push(world_value(STATE_CHANGES, state_changes)?);
    }
    if let Some(chapters) = chapters.and_then(|chapters| chapters.all.as_ref()) {
        blocks.push(world_value(CHAPTERS, chapters)?);
    }
    if let Some(counted) = chapters.and_then(|chapters| chapters.counted.as_ref()) {
        blocks.push(world_value(CHAPTER_COUNTS, counted)?);
    }
    Ok(blocks)
}

/// Something about the session, as a column of its own.
fn world_value(column: &'static str, value: &impl Serialize) -> Result<Block, AboutSessionFailure> {
    let bytes =
        rmp_serde::to_vec_named(value).map_err(|source| AboutSessionFailure { column, source })?;
    let mut values = Values::default();
    values.push(SaveId::WORLD, &bytes);
    Ok(Block::values(column.into(), 0, values))
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
        let known: Option<&u8> = None;
        let chapters = None;
        assert!(about_session(Some(&Unencodable), known, chapters, &1_u8).is_err());
        assert!(about_session(known, Some(&Unencodable), chapters, &1_u8).is_err());
        let error = about_session(known, known, chapters, &Unencodable).unwrap_err();
        let message = with_sources(&error);
        assert!(message.contains(CLOCK) && message.contains("no such thing"), "{message}");
        assert_eq!(about_session(Some(&1_u8), known, chapters, &1_u8).unwrap().len(), 2);
    }
}
