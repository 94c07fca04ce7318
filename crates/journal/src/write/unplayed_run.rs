//! The header of a file that is written about a session while it isn't played.

use jiff::Timestamp;

use crate::disk::LocalStore;
use crate::format::{FileKind, SegmentHeader};
use crate::model::ids::{RunId, random_u64};
use crate::model::session::SessionMetadata;

/// The header of a fresh run, which names no other one yet, by this build of the game.
pub(super) fn header(
    local: &LocalStore,
    metadata: SessionMetadata,
    (game_version, schema): (&str, u64),
    created: Timestamp,
) -> SegmentHeader {
    SegmentHeader {
        required_features: 0,
        optional_features: 0,
        session: metadata.id,
        run: RunId::random(),
        ancestors: Vec::new(),
        supersedes: Vec::new(),
        begun: None,
        host: local.host.id,
        boot: local.boot.clone(),
        segment: 0,
        nonce: random_u64(),
        predecessor: None,
        base: None,
        game_version: game_version.to_owned(),
        schema,
        created,
        metadata,
        kind: FileKind::Segment,
    }
}
