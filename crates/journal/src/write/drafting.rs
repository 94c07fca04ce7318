//! Writes sessions down that are planned, and begin later.
//!
//! A draft is a session like any other, left in good order, whose one checkpoint has no world. The run that begins it
//! continues from there.

use std::time::Duration;

use jiff::Timestamp;

use super::group_copy::CopyFailure;
use super::open_segment::{OpenSegment, Preamble};
use super::orders::DraftOrder;
use super::unplayed_run;
use crate::disk::{FinishedFile, LocalStore};
use crate::format::{
    CheckpointKind, Commit, FEATURE_WITHOUT_WORLD, Record, SegmentHeader, TypeList,
};
use crate::model::ids::{CheckpointId, SaveId};
use crate::model::session::{CheckpointSummary, Leaving, RequestError, SessionStatus};
use crate::read::recovery::SessionEntry;

/// The number of a draft's one checkpoint.
const ONLY: u64 = 1;

/// Writes a draft down, durably. If that fails, nothing of it is left.
pub(super) fn draft(
    local: &LocalStore,
    order: &DraftOrder,
    game_version: &str,
    now: Timestamp,
) -> Result<SessionEntry, RequestError> {
    let DraftOrder { metadata, session } = order;
    let lock = local.store.lock_session(metadata.id)?;
    // The id is new, so no other process can hold it.
    let lock = lock.ok_or(RequestError::SessionInUse)?;
    let header = SegmentHeader {
        optional_features: FEATURE_WITHOUT_WORLD,
        ..unplayed_run::header(local, metadata.clone(), (game_version, 0), now)
    };
    let summary = CheckpointSummary::default().with_fields(&session.fields);
    let written = write(local, &header, &summary, order, now);
    if let Err(error) = written {
        let _ = local.store.remove_session(metadata.id);
        return Err(error);
    }
    drop(lock);
    let bytes = local.store.session_bytes(metadata.id).unwrap_or_default();
    let newest = CheckpointId { run: header.run, counter: ONLY };
    Ok(SessionEntry::drafted(metadata.clone(), newest, summary, bytes))
}

fn write(
    local: &LocalStore,
    header: &SegmentHeader,
    summary: &CheckpointSummary,
    order: &DraftOrder,
    now: Timestamp,
) -> Result<(), RequestError> {
    let segment = OpenSegment::begin(&local.store, header, Preamble::default())?;
    let group = segment.begin_group(ONLY);
    let finished = group.finish(&commit(summary, now)).map_err(CopyFailure::from);
    let mut segment = finished?;
    if summary.fields_left_out {
        // The summary has no room for all of them.
        segment.append_record(&Record::Fields(Box::new(order.session.fields.clone())))?;
    }
    segment.append_record(&Record::End {
        status: SessionStatus::Closed,
        reason: None,
        leaving: Leaving::default(),
        time: now,
        play_time: Duration::ZERO,
    })?;
    segment.sync(&local.store)?;
    let newest = CheckpointId { run: header.run, counter: ONLY };
    local.store.note_finished(header.session, Some(newest), [FinishedFile::whole(header)]);
    Ok(())
}

/// The checkpoint of a draft: what lists show of it, and no world.
fn commit(summary: &CheckpointSummary, now: Timestamp) -> Commit {
    Commit {
        counter: ONLY,
        base: None,
        kind: CheckpointKind::Opening,
        label: None,
        time: now,
        play_time: Duration::ZERO,
        entities: 0,
        types: TypeList::default(),
        carried: TypeList::default(),
        incomplete: Vec::new(),
        next_save_id: SaveId::FIRST,
        summary: Some(Box::new(summary.clone())),
        events_through: 0,
        origin: None,
        without_world: true,
        after_failure: false,
        tape: None,
    }
}
