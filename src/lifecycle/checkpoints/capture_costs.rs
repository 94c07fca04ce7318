//! The types that cost most in a capture that took too long.

use std::cmp::Reverse;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::CheckpointKind;
use tracing::warn;

use crate::capture::Capture;
use crate::lifecycle::CurrentPace;
use crate::lifecycle::capture_budget::CaptureCost;
use crate::lifecycle::notifications::{CaptureOverBudget, CheckpointCaptured, notify};
use crate::lifecycle::runtime::RuntimeParts;

/// Reports the types that cost most, if a capture took more than its budget.
pub(in crate::lifecycle) fn hold_against_budget(
    parts: &mut RuntimeParts,
    world: &mut World,
    captured: &CheckpointCaptured,
    capture: &Capture,
) {
    let budget = world.get_resource_or_init::<CurrentPace>().capture_budget;
    let capture_time = captured.capture_time;
    let budget = budget.map_or(Duration::MAX, |budget| budget.time());
    let Some(playing) = &mut parts.playing else { return };
    if capture_time <= budget {
        return;
    }
    let costs = playing.recorder.costs(capture);
    let costs = parts.types.columns().zip(costs).map(|(saved_type, (time, rows))| CaptureCost {
        type_path: saved_type.type_path().to_string(),
        time,
        rows,
    });
    let mut costliest: Vec<CaptureCost> = costs.collect();
    costliest.sort_by_key(|cost| Reverse(cost.time));
    costliest.truncate(NAMED);
    let CheckpointCaptured { session, checkpoint, kind, full, .. } = *captured;
    let is_news = kind == CheckpointKind::Auto && !playing.over_budget_logged;
    if is_news {
        playing.over_budget_logged = true;
        warn!(
            ?capture_time,
            ?budget,
            ?costliest,
            page = PAGE,
            "a checkpoint's capture took longer than its budget"
        );
    }
    let over_budget =
        CaptureOverBudget { session, checkpoint, kind, full, capture_time, budget, costliest };
    notify(world, over_budget);
}

/// The page that says what a capture costs, also in a debug build.
const PAGE: &str = "docs/guide/costs.md#what-can-go-wrong";

/// Types that a report names.
pub(in crate::lifecycle) const NAMED: usize = 5;
