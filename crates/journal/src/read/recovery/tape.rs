//! The recording of a session, from checkpoint to checkpoint: enough to play it again.

use std::time::Duration;

use super::event_line::line_of;
use super::event_walk::{EventWalk, Step, Stretch};
use crate::disk::{Disk, EventFiles, StoreError, StoredSession};
use crate::format::{
    CheckpointKind, EventFrame, EventPrivacy, EventSource, EventStretch, RecordedEvent,
    TapePosition,
};
use crate::model::ids::{CheckpointId, SaveId};
use crate::model::session::{LifecycleEvent, RestoreReason};

/// Bytes of events in memory that go with a report at the most, which are packed to about an eighth of that. One input in
/// each of 64 steps a second makes as much in some ten minutes, and a checkpoint is rarely that old.
const MOST_OF_REPORT: usize = 8 << 20;

/// The recording of a session's newest line, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The checkpoints that can be restored.
    pub keyframes: Vec<Keyframe>,
    /// The events before, between and after them.
    pub events: Vec<RecordedEvent>,
    /// Events that are missing: damaged, private, or more than there is room for.
    pub missing: u64,
}

/// A checkpoint at which a replay can begin, and with which it can be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyframe {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// The reason for which it was taken.
    pub kind: CheckpointKind,
    /// The game's label for it.
    pub label: Option<String>,
    /// Play time at that moment.
    pub play_time: Duration,
    /// The last event that it holds.
    pub events_through: u64,
    /// Entities with this id and higher ones are younger.
    pub next_save_id: SaveId,
    /// The reason for which the game restored an earlier checkpoint when it took this one, which is then the first after
    /// that; `None` if it was taken while the game was played.
    pub restored: Option<RestoreReason>,
    /// Where the recording goes on; `None` if no frames were recorded.
    pub tape: Option<TapePosition>,
    /// The last of the events after it that the game was handed when it had restored it after a crash: no checkpoint held
    /// them. 0 if there were none.
    pub handed_out_through: u64,
}

/// The recording after a checkpoint of a file that stands alone.
#[derive(Debug, Default)]
pub(crate) struct RecordedAfter {
    /// As of the [`Keyframe`].
    pub handed_out_through: u64,
    pub events: Vec<RecordedEvent>,
    /// Events that are missing.
    pub missing: u64,
}

impl Tape {
    /// Reads all of a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if its directory can't be listed.
    pub fn of_session(disk: &dyn Disk, stored: &StoredSession) -> Result<Self, StoreError> {
        let files = EventFiles::open(disk, stored.directory(), stored.id())?;
        let line = line_of(stored.index(), &files, None).unwrap_or_default();
        let stretches: Vec<Stretch> = line
            .into_iter()
            .map(|EventStretch { run, through }| Stretch { run, low: 0, high: through })
            .collect();
        let mut tape = Self { keyframes: keyframes(stored), ..Self::default() };
        tape.read(&files, &stretches, usize::MAX, |_| true);
        tape.note_handed_out();
        Ok(tape)
    }

    /// The checkpoints of a file that stands alone and has no events beside it.
    #[must_use]
    pub fn of_file(stored: &StoredSession) -> Self {
        Self { keyframes: keyframes(stored), ..Self::default() }
    }

    /// Reads what may leave the machine of what was recorded after a checkpoint, by the run that took it.
    pub(crate) fn after(
        disk: &dyn Disk,
        stored: &StoredSession,
        checkpoint: CheckpointId,
    ) -> Result<Self, StoreError> {
        let files = EventFiles::open(disk, stored.directory(), stored.id())?;
        let Some(keyframe) = keyframe(stored, checkpoint) else { return Ok(Self::default()) };
        let through = keyframe.events_through;
        let of_run = stored.index().commits().filter(|(id, _)| id.run == checkpoint.run);
        let mut is_beginning =
            of_run.map(|(_, commit)| commit.events_through).min() == Some(through);
        let low = through.saturating_add(1);
        let stretch = Stretch { run: checkpoint.run, low, high: u64::MAX };
        let mut tape = Self { keyframes: vec![keyframe], ..Self::default() };
        tape.read(&files, &[stretch], MOST_OF_REPORT, |event| {
            is_beginning &= !is_of_session(event) || is_restore(event);
            is_beginning || is_played_again(event)
        });
        tape.note_handed_out();
        // What the run began with was handed out to the game, whatever it is.
        let handed_out = tape.keyframes.last().map_or(0, |keyframe| keyframe.handed_out_through);
        tape.events.retain(|event| event.sequence <= handed_out || is_played_again(event));
        let before = tape.events.len();
        tape.events.retain(|event| event.event_type.privacy == EventPrivacy::Shared);
        tape.missing += (before - tape.events.len()) as u64;
        Ok(tape)
    }

    /// A checkpoint of a file that stands alone, and what was recorded after it.
    pub(crate) fn of_checkpoint(
        stored: &StoredSession,
        checkpoint: CheckpointId,
        recorded: RecordedAfter,
    ) -> Self {
        let RecordedAfter { handed_out_through, events, missing } = recorded;
        let keyframe = keyframe(stored, checkpoint);
        let keyframe = keyframe.map(|keyframe| Keyframe { handed_out_through, ..keyframe });
        Self { keyframes: keyframe.into_iter().collect(), events, missing }
    }

    /// Finds what a run began with: it comes before the event of the restore, the first of the session's own.
    fn note_handed_out(&mut self) {
        let mut first = None;
        for keyframe in &mut self.keyframes {
            let (run, through) = (keyframe.checkpoint.run, keyframe.events_through);
            if first.is_none_or(|(of, _)| of != run) {
                first = Some((run, through));
            }
            // Those right after the first one of a run may have been taken before the game had it all.
            if first == Some((run, through)) {
                let begin = self.events.partition_point(|event| event.sequence <= through);
                let after = self.events.get(begin..).unwrap_or_default();
                keyframe.handed_out_through = handed_out_through(after);
            }
        }
    }

    fn read(
        &mut self,
        files: &EventFiles,
        stretches: &[Stretch],
        room: usize,
        mut is_wanted: impl FnMut(&RecordedEvent) -> bool,
    ) {
        let mut walk = EventWalk::new(files, stretches, false);
        let mut bytes = 0;
        while let Some(step) = walk.step() {
            let Step::Frame(walked) = step else { continue };
            let Ok(frame) = EventFrame::decode(&walked.payload) else { continue };
            for event in frame.events(|_| true) {
                if !walk.admit(&walked, event.sequence) || !is_wanted(&event) {
                    continue;
                }
                let path = event.event_type.path.len();
                bytes += path + event.data.len() + size_of::<RecordedEvent>();
                match bytes > room {
                    true => self.missing += 1,
                    false => self.events.push(event),
                }
            }
        }
        self.missing += walk.damaged_frames();
    }
}

/// Returns true if an event decides what an exact replay does. Of what happened to the session that is a pause and its
/// end; the end of a process that died, with its backtrace, is masked elsewhere and has no place here.
fn is_played_again(event: &RecordedEvent) -> bool {
    let is_pause = || {
        let happened = event.decode::<LifecycleEvent>();
        happened.is_ok_and(|it| matches!(&*it.subtype, "paused" | "resumed"))
    };
    match event.event_type.source {
        EventSource::Input => true,
        EventSource::Lifecycle => event.event_type.is_of_frames() || is_pause(),
        _ => false,
    }
}

/// The last of the events before the restore with which they begin; 0 if they don't.
fn handed_out_through(events: &[RecordedEvent]) -> u64 {
    let restored = events.iter().position(is_of_session);
    let restored = restored.filter(|place| events.get(*place).is_some_and(is_restore));
    let before = events.get(..restored.unwrap_or_default()).unwrap_or_default();
    before.last().map_or(0, |event| event.sequence)
}

fn is_of_session(event: &RecordedEvent) -> bool {
    event.event_type.source == EventSource::Lifecycle
}

fn is_restore(event: &RecordedEvent) -> bool {
    let is_restore = |it: LifecycleEvent| RestoreReason::of_event(&it.subtype).is_some();
    is_of_session(event) && event.decode::<LifecycleEvent>().is_ok_and(is_restore)
}

/// The checkpoints on the newest line that can be restored.
fn keyframes(stored: &StoredSession) -> Vec<Keyframe> {
    let Some(head) = stored.index().newest_head() else { return Vec::new() };
    let mut line = stored.index().line(head.id);
    line.reverse();
    line.into_iter().filter_map(|checkpoint| keyframe(stored, checkpoint)).collect()
}

fn keyframe(stored: &StoredSession, checkpoint: CheckpointId) -> Option<Keyframe> {
    let index = stored.index();
    let commit = index.commit(checkpoint)?;
    if index.is_without_world(checkpoint) || index.plan(checkpoint).is_none() {
        return None;
    }
    Some(Keyframe {
        checkpoint,
        kind: commit.kind,
        label: commit.label.clone(),
        play_time: commit.play_time,
        events_through: commit.events_through,
        next_save_id: commit.next_save_id,
        restored: restored_for(stored, checkpoint, commit.kind),
        tape: commit.tape,
        handed_out_through: 0,
    })
}

/// The reason for the restore after which a checkpoint is the first.
fn restored_for(
    stored: &StoredSession,
    checkpoint: CheckpointId,
    kind: CheckpointKind,
) -> Option<RestoreReason> {
    // A slot, and what is left of a thinned run, have no earlier one of it either.
    let opens_run = kind == CheckpointKind::Opening;
    stored.index().begun(checkpoint).filter(|_| opens_run).map(|begun| begun.reason)
}
