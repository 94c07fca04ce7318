//! The choice of checkpoints that are shown to a player.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{KnownTypes, OfferedCheckpoint, VersionFit};
use crate::format::{CheckpointInfo, Head, SessionIndex};
use crate::model::clock::between;
use crate::model::ids::CheckpointId;

/// The newest ones are all listed, as many as this.
const NEWEST: usize = 5;
/// After them, one is listed for each such stretch of play time. Unlike the clock's time, it only grows.
const APART: Duration = Duration::from_secs(60);

/// The checkpoints on the line of `head` to choose from, newest first, with the `proposed` one
/// among them. Ages are counted back from `end`; `pictured` are those with a picture.
pub(super) fn shortlist(
    index: &SessionIndex,
    types: &dyn KnownTypes,
    head: &Head,
    proposed: CheckpointId,
    pictured: &HashSet<CheckpointId>,
    end: Timestamp,
) -> Vec<OfferedCheckpoint> {
    let line: HashSet<CheckpointId> = index.line(head.id).into_iter().collect();
    let mut pinned = index.last_of_other_builds(head.id);
    pinned.extend(index.before_collapses(head.id));
    let mut infos: Vec<CheckpointInfo> = index.checkpoints();
    infos.retain(|info| line.contains(&info.id));
    let mut last_listed: Option<Duration> = None;
    let mut listed = Vec::new();
    for (rank, info) in infos.into_iter().enumerate() {
        let far_apart = last_listed.is_none_or(|last| last.saturating_sub(info.play_time) >= APART);
        if rank < NEWEST || far_apart {
            last_listed = Some(info.play_time);
        } else if info.id != proposed
            && !info.kind.is_named(info.label.as_deref())
            && !pinned.contains(&info.id)
        {
            continue;
        }
        listed.push(OfferedCheckpoint {
            id: info.id,
            time: info.time,
            age: between(info.time, end),
            play_time: info.play_time,
            kind: info.kind,
            after_failure: info.after_failure,
            label: info.label,
            bytes: info.bytes,
            entities: info.entities,
            fit: VersionFit::of_rows(types, info.types.iter().chain(info.carried.iter())),
            validity: info.validity,
            summary: head.summary_at(info.id, index.summary(info.id)),
            thumbnail: pictured.contains(&info.id),
        });
    }
    listed
}
