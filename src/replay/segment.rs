//! The recording between two keyframes.

use std::time::Duration;

use bevy_session_journal::internal::model::session::TapedFrames;
use bevy_session_journal::internal::read::recovery::Tape;
use bevy_session_journal::{
    CheckpointKind, EventSource, LifecycleEvent, RecordedEvent, SessionStatus,
};

use super::Keyframe;

/// The recording between two keyframes, or after the last one.
#[derive(Default)]
pub(super) struct Segment {
    /// The frames, in order, each with its number and the time that passed before it.
    pub frames: Vec<(u64, Duration)>,
    /// The number of times that the fixed schedule had run before the first of them and before others,
    /// each with the frame's number.
    pub steps: Vec<(u64, u64)>,
    pub inputs: Vec<RecordedEvent>,
    /// The moments at which the session was paused or resumed: the frame, and the status after it.
    pub statuses: Vec<(u64, SessionStatus)>,
    /// True if it leads from one to the other without a gap.
    pub is_whole: bool,
    /// The number of the next expected frame.
    next: Option<u64>,
}

impl Segment {
    /// The recording between a keyframe and the next one, or after it if there is none.
    pub(super) fn between(tape: &Tape, from: &Keyframe, to: Option<&Keyframe>) -> Self {
        let through = to.map_or(u64::MAX, |to| to.events_through);
        let is_one_run = to.is_none_or(|to| {
            to.checkpoint.run == from.checkpoint.run && to.kind != CheckpointKind::Opening
        });
        let mut segment = Self { is_whole: is_one_run, ..Self::default() };
        if !is_one_run {
            return segment;
        }
        let begin = tape.events.partition_point(|it| it.sequence <= from.events_through);
        // A checkpoint is taken right after the frames before it were written.
        let held = tape.events.get(..begin).unwrap_or_default();
        let frame = held.last().map(|it| it.moment.frame);
        let of_its_frame = held.iter().rev().take_while(|it| Some(it.moment.frame) == frame);
        let before = of_its_frame
            .filter(|_| from.kind != CheckpointKind::Opening)
            .find(|it| it.event_type.is_of_frames());
        segment.next = before.and_then(|it| Some(it.decode::<TapedFrames>().ok()?.end()));
        for event in tape.events.iter().skip(begin).take_while(|it| it.sequence <= through) {
            segment.add(event);
        }
        segment.hand_out_copies();
        segment.inputs.sort_by_key(|input| (input.moment.tick, input.sequence));
        segment
    }

    /// The number of times that the fixed schedule had run before the first frame.
    pub(super) fn ticks(&self) -> u64 {
        self.steps.first().map_or(0, |(_, ticks)| *ticks)
    }

    fn add(&mut self, event: &RecordedEvent) {
        if event.event_type.is_of_frames() {
            match event.decode::<TapedFrames>() {
                Ok(frames) => self.add_frames(&frames),
                Err(_) => self.is_whole = false,
            }
        } else if event.event_type.source == EventSource::Input {
            self.inputs.push(event.clone());
        } else if event.event_type.source == EventSource::Lifecycle
            && let Ok(happened) = event.decode::<LifecycleEvent>()
        {
            match &*happened.subtype {
                "paused" => self.statuses.push((event.moment.frame, SessionStatus::Paused)),
                "resumed" => self.statuses.push((event.moment.frame, SessionStatus::Active)),
                _ => {}
            }
        }
    }

    /// Inputs that a run begins with, since no checkpoint held them when the process before it died, have moments of that
    /// process. The game got them before the first frame.
    fn hand_out_copies(&mut self) {
        let Some((first, _)) = self.frames.first().copied() else { return };
        let (end, ticks) = (self.next.unwrap_or(u64::MAX), self.ticks());
        for input in &mut self.inputs {
            if !(first..end).contains(&input.moment.frame) {
                (input.moment.frame, input.moment.tick) = (first, ticks);
            }
        }
    }

    fn add_frames(&mut self, taped: &TapedFrames) {
        self.is_whole &= self.next.is_none_or(|next| taped.first == next);
        self.next = Some(taped.end());
        self.steps.push((taped.first, taped.ticks));
        let numbered = (taped.first..taped.end()).zip(&taped.deltas);
        self.frames.extend(numbered.map(|(number, delta)| (number, Duration::from_nanos(*delta))));
    }
}
