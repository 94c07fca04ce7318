//! All that the timeline shows, as a plain value.

use bevy_session::library::{Timeline, Validity};
use bevy_session::recovery::{RestorePhase, RestoreReason};
use bevy_session::{CheckpointId, SessionActivity};

use super::rows::{Row, RowFacts, rows};
use super::state::{Does, Failure, SessionTimeline};
use crate::surfaces::describe::{fill, restored_share, restoring};

/// All that the timeline shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct TimelineView {
    pub title: String,
    /// The sentence that going back loses no play.
    pub advice: String,
    pub alert: Option<String>,
    /// Instead of a list: there is nothing in it.
    pub empty: Option<String>,
    /// The rows that are shown.
    pub rows: Vec<Row>,
    pub first: usize,
    /// The number of rows, shown or not.
    pub total: usize,
    /// The one that is chosen, wherever the list is scrolled to.
    pub chosen: Option<Row>,
    /// The progress of a restore, from 0 to 1, and its text.
    pub progress: Option<(f32, String)>,
    /// The buttons below: action, label, and true for the one that is meant to be pressed.
    pub buttons: Vec<(Does, String, bool)>,
}

/// The inputs of the view, beside the timeline itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub rows: RowFacts<'a>,
    pub activity: SessionActivity,
    /// Rows that there is room for.
    pub room: usize,
}

impl SessionTimeline {
    /// All that is shown now; `None` if the timeline is closed.
    pub(super) fn view(&self, facts: Facts) -> Option<TimelineView> {
        if !self.is_open {
            return None;
        }
        let words = facts.rows.words;
        let mut view =
            TimelineView { title: words.timeline_title.clone(), ..TimelineView::default() };
        if self.asked.is_some() {
            let text = restoring(facts.activity, words).clone();
            view.progress = Some((restored_share(facts.activity), text));
            if matches!(facts.activity.restore(), None | Some(RestorePhase::Reading)) {
                view.buttons.push((Does::Cancel, words.cancel.clone(), false));
            }
            return Some(view);
        }
        view.alert = self.failure.as_ref().map(|failure| {
            let reason = match failure {
                Failure::Rejected(error) => words.why_request_failed(error),
                Failure::Unrecoverable(error) => words.why_unrecoverable(error),
                Failure::Damaged => &words.reason_damaged,
            };
            fill(&words.menu_failed, &[("reason", reason)])
        });
        let rows = rows(facts.rows);
        view.total = rows.len();
        view.first = self.first_row.min(view.total.saturating_sub(facts.room));
        view.chosen = rows.iter().find(|row| Some(row.id) == self.chosen).cloned();
        view.rows = rows.into_iter().skip(view.first).take(facts.room).collect();
        if view.total == 0 {
            view.empty = Some(words.timeline_empty.clone());
        } else {
            view.advice = words.timeline_keeps.clone();
        }
        self.add_buttons(facts, &mut view);
        Some(view)
    }

    fn add_buttons(&self, facts: Facts, view: &mut TimelineView) {
        let words = facts.rows.words;
        match facts.rows.timeline.lines.first().and_then(|line| line.begun) {
            Some(RestoreReason::Rewound) => {
                view.buttons.push((Does::UndoRewind, words.timeline_undo_rewind.clone(), false));
            }
            Some(RestoreReason::Loaded) => {
                view.buttons.push((Does::UndoLoad, words.timeline_undo_load.clone(), false));
            }
            _ => {}
        }
        let close = if self.is_from_menu { &words.back } else { &words.close };
        view.buttons.push((Does::Close, close.clone(), false));
        if let Some(chosen) = view.chosen.as_ref().filter(|row| row.mark.is_none()) {
            let label = match chosen.limb.branch {
                Some(_) => &words.timeline_go_on,
                None => &words.timeline_go_back,
            };
            view.buttons.push((Does::GoBack, label.clone(), true));
        }
    }

    /// All checkpoints that are listed, from top to bottom.
    pub(super) fn listed(facts: RowFacts) -> Vec<CheckpointId> {
        rows(facts).into_iter().map(|row| row.id).collect()
    }
}

/// The first choice when the timeline opens: the newest checkpoint that isn't damaged.
pub(super) fn first_choice(timeline: &Timeline) -> Option<CheckpointId> {
    let end = timeline.lines.first()?.end;
    let mut line = timeline.line(end);
    line.find(|it| it.validity != Validity::Damaged).map(|it| it.id)
}
