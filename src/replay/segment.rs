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
    /// What the game was handed when it had restored the first keyframe after a crash, but for inputs.
    pub handed_out: Vec<RecordedEvent>,
    /// The session's status at the first keyframe, if it is known.
    pub status: Option<SessionStatus>,
    /// The moments at which the session was paused or resumed: the frame, and the status after it.
    pub statuses: Vec<(u64, SessionStatus)>,
    /// True if it leads from one to the other without a gap.
    pub is_whole: bool,
    /// True if the process went on from one to the other.
    is_one_run: bool,
    /// The number of the first frame after the keyframe, if it is known.
    first: Option<u64>,
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
        let mut segment = Self { is_whole: is_one_run, is_one_run, ..Self::default() };
        if !is_one_run {
            return segment;
        }
        // The rest of such a frame belongs to neither side. Where nothing is left to compare, it is played without it.
        let is_within_frame = |it: &Keyframe| it.tape.is_some_and(|it| it.is_within_frame);
        if let Some(to) = to {
            segment.is_whole &= !is_within_frame(from) && !is_within_frame(to);
        }
        if let Some(position) = from.tape {
            let (paused, active) = (SessionStatus::Paused, SessionStatus::Active);
            segment.status = Some(if position.is_paused { paused } else { active });
            segment.first = Some(position.frames.saturating_add(1));
            segment.next = segment.first;
        }
        let begin = tape.events.partition_point(|it| it.sequence <= from.events_through);
        for event in tape.events.iter().skip(begin).take_while(|it| it.sequence <= through) {
            match event.sequence <= from.handed_out_through {
                true => segment.add_handed_out(event),
                false => segment.add(event),
            }
        }
        let end = to.and_then(|to| Some(to.tape?.frames.saturating_add(1)));
        segment.is_whole &= end.is_none() || segment.next.is_none() || end == segment.next;
        segment.move_handed_out(from.handed_out_through);
        segment
    }

    /// The number of times that the fixed schedule had run before the first frame.
    pub(super) fn ticks(&self) -> u64 {
        self.steps.first().map_or(0, |(_, ticks)| *ticks)
    }

    /// Returns true if frames were recorded that can't be played.
    pub(super) fn has_gap(&self) -> bool {
        self.is_one_run && !self.is_whole
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
                "paused" => self.add_status(event.moment.frame, SessionStatus::Paused),
                "resumed" => self.add_status(event.moment.frame, SessionStatus::Active),
                _ => {}
            }
        }
    }

    /// In the frame of the keyframe itself, the session may be paused or resumed after it.
    fn add_status(&mut self, frame: u64, status: SessionStatus) {
        match self.first.is_some_and(|first| frame < first) {
            true => self.status = Some(status),
            false => self.statuses.push((frame, status)),
        }
    }

    /// Inputs that were handed out are fed like others, or the game's own systems would take them for what they drop.
    fn add_handed_out(&mut self, event: &RecordedEvent) {
        match event.event_type.source {
            EventSource::Input => self.inputs.push(event.clone()),
            EventSource::Message | EventSource::Event => self.handed_out.push(event.clone()),
            _ => {}
        }
    }

    /// The moments of inputs that were handed out are those of the process that died. The game got them before the first
    /// frame.
    fn move_handed_out(&mut self, through: u64) {
        let Some((first, _)) = self.frames.first().copied() else { return };
        let ticks = self.ticks();
        for input in self.inputs.iter_mut().take_while(|input| input.sequence <= through) {
            (input.moment.frame, input.moment.tick) = (first, ticks);
        }
    }

    /// Inputs behind the last frames are of frames that were lost with their process, and are never due.
    fn add_frames(&mut self, taped: &TapedFrames) {
        self.is_whole &= self.next.is_none_or(|next| taped.first == next);
        self.next = Some(taped.end());
        self.steps.push((taped.first, taped.ticks));
        let numbered = (taped.first..taped.end()).zip(&taped.deltas);
        self.frames.extend(numbered.map(|(number, delta)| (number, Duration::from_nanos(*delta))));
    }
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::internal::format::TapePosition;
    use bevy_session_journal::{CheckpointId, RunId, SaveId};
    use bevy_session_journal::{EventMoment, EventType};

    use super::*;
    use crate::saved::encode_message_pack;

    fn keyframe(frames: u64) -> Keyframe {
        Keyframe {
            checkpoint: CheckpointId { run: RunId(1), counter: 1 },
            kind: CheckpointKind::Auto,
            label: None,
            play_time: Duration::ZERO,
            events_through: 0,
            next_save_id: SaveId::FIRST,
            restored: None,
            tape: Some(TapePosition { frames, is_paused: false, is_within_frame: false }),
            handed_out_through: 0,
        }
    }

    fn taped(first: u64, count: usize) -> RecordedEvent {
        let frames = TapedFrames { first, ticks: 0, deltas: vec![16_000_000; count] };
        let mut data = Vec::new();
        encode_message_pack(&frames, &mut data).unwrap();
        RecordedEvent {
            sequence: first,
            moment: EventMoment::default(),
            event_type: EventType::of_frames(),
            data,
        }
    }

    #[test]
    fn a_tape_that_begins_after_its_keyframe_is_not_whole() {
        let keyframe = keyframe(10);
        for (first, is_whole) in [(11, true), (12, false), (71, false), (10, false)] {
            let events = vec![taped(first, 60), taped(first + 60, 3)];
            let tape = Tape { keyframes: vec![keyframe.clone()], events, missing: 0 };
            let segment = Segment::between(&tape, &keyframe, None);
            assert_eq!((segment.is_whole, segment.frames.len()), (is_whole, 63), "{first}");
        }
    }

    #[test]
    fn segments_at_a_checkpoint_within_a_frame_are_not_whole() {
        let (mut from, mut to) = (keyframe(10), keyframe(70));
        to.events_through = 100;
        let tape = Tape { keyframes: Vec::new(), events: vec![taped(11, 60)], missing: 0 };
        let is_whole =
            |from: &Keyframe, to: &Keyframe| Segment::between(&tape, from, Some(to)).is_whole;
        assert!(is_whole(&from, &to));
        to.tape.as_mut().unwrap().is_within_frame = true;
        assert!(!is_whole(&from, &to));
        to.tape.as_mut().unwrap().is_within_frame = false;
        from.tape.as_mut().unwrap().is_within_frame = true;
        assert!(!is_whole(&from, &to));
    }

    #[test]
    fn a_tape_that_ends_before_its_next_keyframe_is_not_whole() {
        for (frames, is_whole) in [(70, true), (71, false), (130, false)] {
            let (from, to) = (keyframe(10), Keyframe { events_through: 100, ..keyframe(frames) });
            let tape = Tape { keyframes: Vec::new(), events: vec![taped(11, 60)], missing: 0 };
            assert_eq!(Segment::between(&tape, &from, Some(&to)).is_whole, is_whole, "{frames}");
        }
    }
}
