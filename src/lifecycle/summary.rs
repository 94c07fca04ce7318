//! The summary of a session's run.

use std::time::Duration;

use bevy_session_journal::SessionTally;
use bevy_session_journal::internal::model::clock::Moment;

use super::CurrentSession;

/// The figures of a session's run: from when it was started or resumed until it was left.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct SessionSummary {
    /// Time played in all runs together, pauses excluded.
    pub play_time: Duration,
    /// Time played in this run, pauses excluded.
    pub played: Duration,
    /// Time that this run took by the clock, pauses included.
    pub wall_clock: Duration,
    /// Checkpoints of this run that are durable.
    pub checkpoints: u64,
    /// The number of times that a checkpoint of the session was restored, in all runs together.
    pub restores: u32,
    /// The number of processes that died while they played it, as far as it was recovered after
    /// that.
    pub deaths: u32,
    /// The most time that a capture of this run took of a frame.
    pub largest_stall: Duration,
    /// The bytes of each type's values in this run before compression, largest first.
    pub types: Vec<TypeBytes>,
}

/// The bytes of one type's values.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TypeBytes {
    /// The type, by its name in the session's files.
    pub type_path: String,
    /// Bytes before compression.
    pub bytes: u64,
}

/// Counts of a run in progress.
#[derive(Default)]
pub(crate) struct RunFigures {
    began: Option<Duration>,
    /// Play time when it began.
    play_time: Duration,
    checkpoints: u64,
    largest_stall: Duration,
}

impl RunFigures {
    /// A run begins with a session that was played for this long.
    pub(super) fn begin(now: Moment, play_time: Duration) -> Self {
        Self { began: Some(now.elapsed), play_time, ..Self::default() }
    }

    pub(super) fn note_saved(&mut self) {
        self.checkpoints += 1;
    }

    pub(super) fn note_capture(&mut self, took: Duration) {
        self.largest_stall = self.largest_stall.max(took);
    }

    /// The summary of the run.
    pub(super) fn sum_up(
        &self,
        current: &CurrentSession,
        now: Moment,
        types: Vec<(String, u64)>,
    ) -> SessionSummary {
        let SessionTally { restores, deaths, .. } = current.metadata.tally;
        let types = types.into_iter().map(|(type_path, bytes)| TypeBytes { type_path, bytes });
        SessionSummary {
            play_time: current.play_time,
            played: current.play_time.saturating_sub(self.play_time),
            wall_clock: self
                .began
                .map_or(Duration::ZERO, |began| now.elapsed.saturating_sub(began)),
            checkpoints: self.checkpoints,
            restores,
            deaths,
            largest_stall: self.largest_stall,
            types: types.collect(),
        }
    }
}
