//! State kept from frame to frame, to know when a hint is due.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{NewSession, RunId, SessionId};

use super::second_level::RestoredLevel;
use crate::capture::TypeProblem;

/// The first frames, in which no player has seen a button yet.
pub(super) const UNATTENDED_FRAMES: u32 = 3;

/// State kept from frame to frame, to know when a hint is due.
#[derive(Default)]
pub(crate) struct HintWatch {
    /// Types that can't be saved and weren't reported yet.
    pub(super) problems: Vec<TypeProblem>,
    /// True once the game's hooks were checked.
    pub(super) knows_hooks: bool,
    /// Time without a session or a request for one; `None` once there was one.
    pub(super) without_session: Option<Duration>,
    /// True if this is a developer's start, in which a needless hint does no harm.
    pub(super) is_development: bool,
    pub(super) stopped: Option<Stopped>,
    /// The number of frames, as far as they are counted.
    pub(super) frames: u32,
    /// The session that the game started before anybody can have asked for it.
    pub(super) started_at_once: Option<Box<NewSession>>,
    pub(super) run: Option<RunWatch>,
    /// Followed for some seconds after a restore.
    pub(super) level: Option<Box<RestoredLevel>>,
}

/// Sessions that a developer has stopped, and that a player would be asked about.
#[derive(Default)]
pub(in crate::lifecycle) struct Stopped {
    pub(super) sessions: Vec<SessionId>,
    /// Time without a session or a request for one, since the first was found.
    pub(super) waited: Duration,
}

/// The counters of one run.
pub(in crate::lifecycle) struct RunWatch {
    pub(super) run: RunId,
    /// Time since it began, without pauses.
    pub(super) played: Duration,
    /// Play time for which no checkpoint could be taken.
    pub(super) shut_for: Duration,
    /// The time of the last capture that was counted.
    pub(super) captured_at: Option<Duration>,
    /// Captures in a row that found no entity.
    pub(super) empty: u32,
    /// True if a capture ever found one.
    pub(super) has_saved_entities: bool,
}

impl HintWatch {
    pub(crate) fn new(problems: &[TypeProblem], is_development: bool) -> Self {
        Self {
            problems: problems.to_vec(),
            knows_hooks: false,
            without_session: Some(Duration::ZERO),
            is_development,
            stopped: None,
            frames: 0,
            started_at_once: None,
            run: None,
            level: None,
        }
    }

    /// Notes that a session isn't offered, since a developer has stopped it. If the game resumes it
    /// by itself, no hint is given.
    pub(crate) fn was_stopped_in_development(&mut self, session: SessionId) {
        self.stopped.get_or_insert_default().sessions.push(session);
    }

    /// Notes that the game calls `start`.
    pub(crate) fn note_start(&mut self, session: &NewSession) {
        if self.frames < UNATTENDED_FRAMES {
            self.started_at_once = Some(Box::new(session.clone()));
        }
    }

    /// The types that can't be saved, once.
    pub(crate) fn take_problems(&mut self) -> Vec<TypeProblem> {
        std::mem::take(&mut self.problems)
    }
}

impl RunWatch {
    pub(super) fn new(run: RunId) -> Self {
        let (played, shut_for) = (Duration::ZERO, Duration::ZERO);
        Self { run, played, shut_for, captured_at: None, empty: 0, has_saved_entities: false }
    }

    /// Follows a run through a frame: if a gate kept checkpoints from being taken, and when the
    /// last of them was captured, with `true` if it had entities.
    pub(super) fn follow(
        &mut self,
        passed: Duration,
        is_shut: bool,
        captured: Option<(Duration, bool)>,
    ) {
        self.played += passed;
        self.shut_for = if is_shut { self.shut_for + passed } else { Duration::ZERO };
        let Some((at, has_entities)) = captured.filter(|(at, _)| self.captured_at != Some(*at))
        else {
            return;
        };
        self.captured_at = Some(at);
        self.has_saved_entities |= has_entities;
        self.empty = if self.has_saved_entities { 0 } else { self.empty.saturating_add(1) };
    }
}
