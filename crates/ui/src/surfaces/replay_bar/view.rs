//! The content of the bar.

use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::replay::{ReplayManner, ReplayMark, ReplayMarkKind, WatchStage, WatchedReplay};

use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, shortened};

/// Places at which marks are told apart: of several at one, the first is drawn.
const PLACES: f32 = 400.0;

/// The marks of the bar: where each is, in thousandths of the bar.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Marks(pub Arc<[(ReplayMarkKind, u16)]>);

impl Marks {
    pub(super) fn of(replay: &WatchedReplay) -> Self {
        let place = |mark: &ReplayMark| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 1000"
            )]
            let place = ((share(replay, mark.at) * PLACES).round() * 1000.0 / PLACES) as u16;
            (mark.kind, place)
        };
        let mut marks: Vec<_> = replay.marks().iter().map(place).collect();
        // What is drawn later lies above.
        marks.sort_by_key(|(kind, place)| (order(*kind), *place));
        marks.dedup();
        Self(marks.into())
    }
}

fn order(kind: ReplayMarkKind) -> u8 {
    match kind {
        ReplayMarkKind::Keyframe => 1,
        ReplayMarkKind::Chapter => 2,
        ReplayMarkKind::Crash => 3,
        _ => 0,
    }
}

/// A moment's place in a replay, from 0 to 1.
pub(super) fn share(replay: &WatchedReplay, at: Duration) -> f32 {
    let whole = replay.end().saturating_sub(replay.begin());
    if whole.is_zero() {
        return 0.0;
    }
    at.saturating_sub(replay.begin()).div_duration_f32(whole).clamp(0.0, 1.0)
}

/// The bar's shape. What changes with each frame is filled in.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct BarView {
    pub marks: Marks,
    pub is_paused: bool,
    /// True if it can be played on from here.
    pub can_play: bool,
    /// True if it can go to another moment.
    pub can_go: bool,
}

impl BarView {
    pub(super) fn of(replay: &WatchedReplay, marks: Marks) -> Self {
        let can_go = !replay.stage().is_over();
        let can_play = can_go && !matches!(replay.stage(), WatchStage::Failed { .. });
        Self { marks, is_paused: replay.is_paused(), can_play, can_go }
    }
}

/// The line on which all that happened is marked.
#[derive(Component)]
pub(super) struct Track;

/// A part that follows the position.
#[derive(Component)]
pub(super) enum RunsAlong {
    Head,
    Played,
}

/// A text that is filled in.
#[derive(Component, Clone, Copy)]
pub(super) enum Fill {
    Time,
    Speed,
    Stage,
    Lacks,
}

/// The words of a text.
pub(super) fn line(text: Fill, replay: &WatchedReplay, words: &SessionStrings) -> String {
    match text {
        Fill::Time => {
            let end = clock(replay.end().saturating_sub(replay.begin()));
            let at = clock(replay.position().saturating_sub(replay.begin()));
            fill(&words.replay_time, &[("at", &at), ("end", &end)])
        }
        Fill::Speed => {
            let speed = replay.speed().map_or_else(|| "-".to_owned(), |speed| speed.to_string());
            fill(&words.replay_speed, &[("speed", &speed)])
        }
        Fill::Stage => stage(replay, words),
        Fill::Lacks => lacks(replay, words),
    }
}

/// The reasons why an exact replay can't be the same as what was recorded.
fn lacks(replay: &WatchedReplay, words: &SessionStrings) -> String {
    if replay.manner() != ReplayManner::Exact {
        return String::new();
    }
    let mut lacks = Vec::new();
    if !replay.has_inputs() {
        lacks.push(words.replay_no_inputs.clone());
    }
    if replay.missing() > 0 {
        lacks.push(fill(&words.replay_missing, &[("count", &replay.missing().to_string())]));
    }
    if !replay.unreadable_inputs().is_empty() {
        let types = replay.unreadable_inputs().iter().map(|(path, _)| short_name(path));
        let types = types.collect::<Vec<_>>().join(", ");
        lacks.push(fill(&words.replay_unreadable, &[("types", &shortened(&types, 80))]));
    }
    if let Some(out) = replay.out_of_step() {
        lacks.push(fill(&words.replay_out_of_step, &[("frame", &out.frame.to_string())]));
    }
    lacks.join(" · ")
}

/// The name of a type without its path.
fn short_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn stage(replay: &WatchedReplay, words: &SessionStrings) -> String {
    let differing = replay.diverged().len();
    match replay.stage() {
        WatchStage::Panicked { message } => {
            fill(&words.replay_panicked, &[("message", &shortened(message, 120))])
        }
        WatchStage::Failed { error } => {
            fill(&words.replay_failed, &[("error", &shortened(&error.to_string(), 120))])
        }
        _ if differing > 0 => fill(&words.replay_differs, &[("count", &differing.to_string())]),
        WatchStage::AtEnd => words.replay_at_end.clone(),
        _ => String::new(),
    }
}

/// Minutes, seconds and tenths.
fn clock(time: Duration) -> String {
    let (minutes, seconds) = (time.as_secs() / 60, time.as_secs() % 60);
    format!("{minutes}:{seconds:02}.{}", time.subsec_millis() / 100)
}
