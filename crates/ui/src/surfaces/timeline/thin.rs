//! The checkpoints of a line that are shown: of hundreds, those that a player would look for.

use std::collections::HashSet;
use std::time::Duration;

use bevy_session::library::TimelineCheckpoint;
use bevy_session::{CheckpointId, CheckpointKind};

/// The number of the newest that are all shown.
const NEWEST: usize = 8;
/// For so long, one of each minute is shown, and one of each ten before.
const MINUTES: Duration = Duration::from_secs(600);
/// The number of those of a branch that are shown, beside its end.
const OF_A_BRANCH: usize = 3;

/// The checkpoints that are shown of the line that is played, the newest first, as `line` is. A branch leaves at each
/// of `joints`.
pub(super) fn thinned<'a>(
    line: &[&'a TimelineCheckpoint],
    joints: &HashSet<CheckpointId>,
) -> Vec<&'a TimelineCheckpoint> {
    let Some(newest) = line.first() else { return Vec::new() };
    let mut last_span = None;
    let mut shown = Vec::new();
    for checkpoint in line.iter().copied() {
        // An opening is the same moment as the one before it.
        if checkpoint.kind == CheckpointKind::Opening && checkpoint.parent.is_some() {
            continue;
        }
        let span = span_of(checkpoint, newest);
        let stands_out = shown.len() < NEWEST
            || checkpoint.parent.is_none()
            || joints.contains(&checkpoint.id)
            || is_named(checkpoint);
        if stands_out || last_span != Some(span) {
            shown.push(checkpoint);
            last_span = Some(span);
        }
    }
    shown
}

/// The checkpoints that are shown of a branch, the newest first, as `own` is: those that it shares with no line.
pub(super) fn thinned_branch<'a>(own: &[&'a TimelineCheckpoint]) -> Vec<&'a TimelineCheckpoint> {
    let older = own.iter().skip(1).filter(|checkpoint| is_named(checkpoint)).take(OF_A_BRANCH);
    own.iter().take(1).chain(older).copied().collect()
}

/// True if it has a name, was asked for, or begins a chapter.
fn is_named(checkpoint: &TimelineCheckpoint) -> bool {
    let label = checkpoint.label.as_deref().unwrap_or_default();
    let was_asked_for = matches!(checkpoint.kind, CheckpointKind::Manual | CheckpointKind::Quick);
    !label.trim().is_empty() || was_asked_for || checkpoint.begins().is_some()
}

/// The minute of play, or further back the ten minutes, of a checkpoint.
fn span_of(checkpoint: &TimelineCheckpoint, newest: &TimelineCheckpoint) -> (bool, u64) {
    let minutes = checkpoint.play_time.as_secs() / 60;
    let is_recent = newest.play_time.saturating_sub(checkpoint.play_time) < MINUTES;
    (is_recent, if is_recent { minutes } else { minutes / 10 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy_session_journal::internal::deep::offers::on_timeline;

    /// A line of a checkpoint every so many seconds, the newest first.
    fn line(checkpoints: u64, every: u64) -> Vec<TimelineCheckpoint> {
        let played = |counter| Duration::from_secs(every * counter);
        (1..=checkpoints).rev().map(|counter| on_timeline(1, counter, played(counter))).collect()
    }

    fn shown(line: &[TimelineCheckpoint], joints: &[u64]) -> Vec<u64> {
        let ids = line.iter().filter(|it| joints.contains(&it.id.counter)).map(|it| it.id);
        let line: Vec<&TimelineCheckpoint> = line.iter().collect();
        thinned(&line, &ids.collect()).iter().map(|it| it.id.counter).collect()
    }

    #[test]
    fn autosaves_of_an_hour_are_thinned_to_a_page_or_two() {
        // One every two seconds: 1800 of them.
        let shown = shown(&line(1800, 2), &[]);
        assert_eq!(shown[..9], [1800, 1799, 1798, 1797, 1796, 1795, 1794, 1793, 1769]);
        assert!(shown.len() <= 8 + 10 + 6 + 1, "{shown:?}");
        assert_eq!(shown.last(), Some(&1), "the oldest is among them");
        let recent = shown.iter().filter(|counter| **counter > 1500);
        assert_eq!(recent.count(), 8 + 9, "one for each minute of the last ten");
    }

    #[test]
    fn names_chapters_and_forkings_are_all_shown() {
        let mut line = line(1800, 2);
        for (counter, label) in [(700, "The bridge"), (701, " "), (702, "The gate")] {
            line[1800 - counter].label = Some(label.to_owned());
        }
        line[1800 - 703].kind = CheckpointKind::Quick;
        let shown = shown(&line, &[704]);
        let near: Vec<u64> = shown.into_iter().filter(|it| (700..=710).contains(it)).collect();
        assert_eq!(near, [704, 703, 702, 700]);
    }

    #[test]
    fn the_opening_checkpoint_of_a_run_is_not_shown() {
        let mut line = line(4, 1);
        line[1].kind = CheckpointKind::Opening;
        line[1].parent = Some(line[2].id);
        line[3].kind = CheckpointKind::Opening;
        assert_eq!(shown(&line, &[]), [4, 2, 1], "the oldest is the start of play");
        assert!(shown(&[], &[]).is_empty());
    }

    #[test]
    fn a_branch_shows_its_end_and_its_newest_named_checkpoints() {
        let mut line = line(100, 2);
        for counter in [10, 20, 30, 40, 99] {
            line[100 - counter].label = Some("named".to_owned());
        }
        let line: Vec<&TimelineCheckpoint> = line.iter().collect();
        let shown = thinned_branch(&line);
        let shown: Vec<u64> = shown.iter().map(|it| it.id.counter).collect();
        assert_eq!(shown, [100, 99, 40, 30]);
        assert!(thinned_branch(&[]).is_empty());
    }
}
