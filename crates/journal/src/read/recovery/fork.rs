//! The forks of sessions that were continued in two places, and the play since on each side.

use std::time::Duration;

use jiff::Timestamp;

use crate::disk::LocalStore;
use crate::format::{Head, Lines, SessionIndex};
use crate::model::ids::CheckpointId;

/// The fork of a session that was continued in two places, seen from the line that is offered.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct Fork {
    /// The newest checkpoint that the line has in common with another one; `None` if none is kept.
    pub common: Option<CheckpointId>,
    /// The time at which that was taken, by the clock of the machine that took it.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub parted: Option<Timestamp>,
    /// The line that is offered.
    pub own: ForkedLine,
    /// The others, the one with the highest number first. They are offered as well.
    pub others: Vec<ForkedLine>,
}

/// One side of a [`Fork`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct ForkedLine {
    /// The newest checkpoint of this line.
    pub newest: CheckpointId,
    /// Play time since the session parted; since its start, if nothing in common is kept.
    pub played: Duration,
    /// True if it was played on this machine.
    pub is_from_here: bool,
}

impl Fork {
    /// The fork at which the line of `head` parted from others that are declined or aren't, as it is; `None` if there are
    /// none.
    pub(crate) fn of(index: &SessionIndex, local: &LocalStore, head: &Head) -> Option<Self> {
        let alike = index.heads().iter().filter(|other| other.declined == head.declined);
        Self::between(index, head, alike, &|host| local.is_elsewhere(host))
    }

    /// The fork at which the line of `head` parted from all others, where the machines that are others are known.
    pub fn at(
        index: &SessionIndex,
        head: &Head,
        is_elsewhere: &dyn Fn(u64) -> bool,
    ) -> Option<Self> {
        Self::between(index, head, index.heads().iter(), is_elsewhere)
    }

    fn between<'a>(
        index: &SessionIndex,
        head: &Head,
        heads: impl Iterator<Item = &'a Head>,
        is_elsewhere: &dyn Fn(u64) -> bool,
    ) -> Option<Self> {
        let others: Vec<&Head> = heads.filter(|other| other.id != head.id).collect();
        if others.is_empty() {
            return None;
        }
        let common = newest_in_common(index, head.id, &others);
        let parting = common.and_then(|common| index.commit(common));
        let play_time = parting.map_or(Duration::ZERO, |parting| parting.play_time);
        let side = |head: &Head| ForkedLine {
            newest: head.id,
            played: head.play_time.saturating_sub(play_time),
            is_from_here: !is_elsewhere(head.host),
        };
        Some(Self {
            common,
            parted: parting.map(|parting| parting.time),
            own: side(head),
            others: others.into_iter().map(side).collect(),
        })
    }
}

/// The newest checkpoint of a line that another one has as well, or a copy of it that was made for another device.
fn newest_in_common(
    index: &SessionIndex,
    head: CheckpointId,
    others: &[&Head],
) -> Option<CheckpointId> {
    let on = |lines: &Lines, id: CheckpointId| {
        lines.contain(id) || index.original_of(id).is_some_and(|original| lines.contain(original))
    };
    let elsewhere = index.lines(others.iter().map(|other| other.id));
    let own = index.lines([head]);
    let here = index.line(head).into_iter().filter(|id| on(&elsewhere, *id));
    let there = others.iter().flat_map(|other| index.line(other.id)).filter(|id| on(&own, *id));
    here.chain(there).max_by_key(|id| id.counter)
}
