//! The crash-loop ladder: what to propose for a session on which the game died soon after it was
//! restored, and again, and again.

use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use super::standing::{LockHolder, Standing, standing};
use super::{SessionFinder, Wanted};
use crate::disk::process::{HowItEnded, how_it_ended, time_of_death};
use crate::disk::{ProcessId, StoredSession, Trial, with_sources};
use crate::format::{Head, LineWalk};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{PanicInfo, ProcessDeath, RestoreFrom, RestoreReason};

/// Play time after which a restore has proven itself, unless the game sets another one.
pub const PROBATION: Duration = Duration::from_secs(60);
/// Play time by which the next proposal is older than what was tried before. A checkpoint that was taken
/// an interval earlier most likely holds what the game died of as well.
const STEP_BACK: Duration = Duration::from_secs(60);
/// Deaths in a row after which no checkpoint is proposed any more.
const DEATHS_UNTIL_SAFE_START: u32 = 3;
/// Deaths of the game's own, in a row with no others than kills between them, after which a game that asks nobody restores an
/// older checkpoint.
const DEATHS_UNTIL_STEP_DOWN: u32 = 2;
/// The number of times that such a game goes back in a row: what three older checkpoints haven't cured is most likely no
/// fault of the world's, and each step costs play.
const MOST_STEPS_BACK: u32 = 3;
/// Deaths in a row of which it is remembered how they came about.
const REMEMBERED_DEATHS: usize = 8;

/// The proposal for a crashed session. See [`RecoveryOffer::proposed`](crate::RecoveryOffer::proposed).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub enum Proposal {
    /// The newest intact checkpoint.
    #[default]
    Newest,
    /// This one, which is older than all on which the game has just died, by a minute of play if there is one: at the
    /// first and at the second death in a row soon after a restore, if the session had crashed before. If nothing older is left, the oldest that was
    /// tried, which is [`Newest`](Self::Newest) if nothing else is there.
    Older(CheckpointId),
    /// None: a new session is to be started, and this one is kept and stays listed. At the third
    /// such death.
    SafeStart,
}

impl Proposal {
    /// The checkpoint to restore, for `SessionCommands::recover`; `None` if a new session is to be started.
    #[must_use]
    pub fn restore_from(self) -> Option<RestoreFrom> {
        match self {
            Self::Newest => Some(RestoreFrom::Latest),
            Self::Older(checkpoint) => Some(RestoreFrom::Checkpoint(checkpoint)),
            Self::SafeStart => None,
        }
    }
}

/// The place of a session on the crash-loop ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ladder {
    /// The option that a policy takes by itself.
    pub proposed: Proposal,
    /// The checkpoint of a game that asks nobody and starts no other session. It steps down later, and only where the game
    /// died of itself the last time: a process that is killed may have been stopped by its player, and a phone does it all
    /// the time.
    pub without_asking: Proposal,
    /// Deaths in a row, each soon after a restore of a session that had crashed.
    pub deaths: u32,
    /// True if a new session was started in place of this one already.
    pub set_aside: bool,
}

impl Ladder {
    /// Returns true if nothing of a session is proposed any more after a failed restore.
    pub(super) fn is_hopeless_after(failed: &Trial) -> bool {
        failed.tries >= DEATHS_UNTIL_SAFE_START
    }

    /// The place of the line that ends in `head`, by the session's last restore if that failed.
    pub(super) fn of(
        finder: &SessionFinder,
        stored: &mut StoredSession,
        (head, standing): (&Head, &Standing),
        failed: Option<&Trial>,
    ) -> Self {
        let Some(trial) = failed else { return Self::default() };
        let died_of_itself = was_of_the_game(finder, trial, head, standing);
        let own_deaths = trial.own_deaths.saturating_add(u32::from(died_of_itself));
        let older = match trial.steps_back < MOST_STEPS_BACK {
            true => step_down(stored, head.id, trial.oldest),
            false => stay(stored, head.id, trial.oldest),
        };
        let proposed = match trial.tries {
            0 => Proposal::Newest,
            _ if Self::is_hopeless_after(trial) => Proposal::SafeStart,
            _ => older,
        };
        let was_played = trial.run == Some(head.id.run);
        let without_asking = match (own_deaths >= DEATHS_UNTIL_STEP_DOWN, died_of_itself) {
            (true, true) => older,
            // A restore that was stopped before it was played is still to be tried.
            (true, false) if !was_played => stay(stored, head.id, trial.play_time),
            _ => Proposal::Newest,
        };
        Self { proposed, without_asking, deaths: trial.tries, set_aside: trial.set_aside }
    }
}

/// The proposal after a death on a checkpoint of this play time, and perhaps on newer ones.
fn step_down(stored: &mut StoredSession, head: CheckpointId, oldest: Duration) -> Proposal {
    let by_a_step = oldest.checked_sub(STEP_BACK);
    let stepped = by_a_step.and_then(|before| newest_until(stored, head, before));
    let older = stepped.or_else(|| newest_before(stored, head, oldest));
    // A player who closes a loading screen has hit no crash: what is there gets its other tries.
    older.filter(|id| *id != head).map_or_else(|| stay(stored, head, oldest), Proposal::Older)
}

/// The proposal to try a moment again that was tried.
fn stay(stored: &mut StoredSession, head: CheckpointId, tried: Duration) -> Proposal {
    let again = newest_until(stored, head, tried);
    again.filter(|id| *id != head).map_or(Proposal::Newest, Proposal::Older)
}

/// The restore that is about to be made, as the next start must know it should this one not survive it. Its process and
/// its run are filled in by the writer.
pub(super) fn next_trial(
    finder: &SessionFinder,
    wanted: Wanted,
    head: &Head,
    standing: &Standing,
    checkpoint: (CheckpointId, Duration),
    newest_counter: u64,
) -> Trial {
    let session = wanted.session;
    let goes_back = matches!(wanted.reason, RestoreReason::Rewound | RestoreReason::Undone);
    let (before, tries) = if goes_back {
        // Going back is no death; but what is on trial stays so.
        let trial = trial_of(finder, session, head);
        let own = trial.filter(|trial| trial.run == Some(head.id.run));
        let tries = own.as_ref().map_or(0, |trial| trial.tries);
        (own.filter(|trial| !trial.earlier.is_empty()), tries)
    } else {
        let failed = failed_trial(finder, session, head, standing);
        // After a clean end the first death is no sign that the world is to blame.
        let first = u32::from(standing.has_crashed());
        let tries = failed.as_ref().map_or(first, |trial| trial.tries.saturating_add(1));
        (failed, tries)
    };
    let (checkpoint, play_time) = checkpoint;
    Trial {
        session,
        process: ProcessId(0),
        run: None,
        checkpoint,
        play_time,
        oldest: before.as_ref().map_or(play_time, |before| before.oldest.min(play_time)),
        newest_counter,
        tries,
        steps_back: before.as_ref().map_or(0, |before| {
            before.steps_back.saturating_add(u32::from(play_time < before.oldest))
        }),
        own_deaths: before.as_ref().map_or(0, |before| {
            let is_own = was_of_the_game(finder, before, head, standing);
            before.own_deaths.saturating_add(u32::from(is_own))
        }),
        earlier: match before {
            // Who goes back lives.
            Some(own) if goes_back => own.earlier,
            before => earlier_of(before),
        },
        probation: wanted.probation,
        set_aside: false,
    }
}

/// The processes that died in the restores before, of which the last few are remembered.
fn earlier_of(before: Option<Trial>) -> Vec<ProcessId> {
    remembered(before.iter().flat_map(Trial::processes).collect())
}

/// The last few deaths of these, as many as are remembered, in the same order.
pub(crate) fn remembered<T>(deaths: Vec<T>) -> Vec<T> {
    let surplus = deaths.len().saturating_sub(REMEMBERED_DEATHS);
    deaths.into_iter().skip(surplus).collect()
}

/// The session's last restore, if its process died before it had proven itself.
pub(super) fn failed_trial(
    finder: &SessionFinder,
    session: SessionId,
    head: &Head,
    standing: &Standing,
) -> Option<Trial> {
    if standing.in_use || standing.cause == Some(HowItEnded::Elsewhere) {
        return None;
    }
    let trial = trial_of(finder, session, head)?;
    let was_played = trial.run == Some(head.id.run);
    let went_on_elsewhere = !was_played && head.id.counter > trial.newest_counter;
    let was_left = was_played && !standing.has_crashed();
    let has_proven_itself =
        was_played && head.play_time >= trial.play_time.saturating_add(trial.probation);
    let store = finder.store();
    let lives_or_exited = store.is_alive(trial.process) || finder.has_exited(trial.process);
    let has_failed = !(went_on_elsewhere || was_left || has_proven_itself || lives_or_exited);
    has_failed.then_some(trial)
}

/// The ends, and their times, of the processes that restored the session last and died before a run of their own was on
/// disk, the oldest first.
pub(super) fn deaths_in_restores(
    finder: &SessionFinder,
    failed: &Trial,
    head: &Head,
) -> Vec<(HowItEnded, Timestamp)> {
    let is_of_head = |process: &ProcessId| {
        let record = finder.record_of(*process);
        record.is_none_or(|record| record.runs.iter().any(|held| held.run == head.id.run))
    };
    // Before the one that played the head it was another one.
    let processes: Vec<ProcessId> = failed.processes().collect();
    let since_head = processes.rsplit(is_of_head).next().unwrap_or_default();
    let records = since_head.iter().filter_map(|process| finder.record_of(*process));
    let boot = &finder.local().boot;
    records.map(|record| (how_it_ended(record, boot), time_of_death(record))).collect()
}

/// Returns true if the game died of itself after a failed restore, by a panic or by a hang: the process that made it, or the
/// one that played the line.
fn was_of_the_game(
    finder: &SessionFinder,
    failed: &Trial,
    head: &Head,
    standing: &Standing,
) -> bool {
    let restoring = deaths_in_restores(finder, failed, head).pop().map(|(end, _)| end);
    let death = restoring.or_else(|| standing.cause.clone());
    death.is_some_and(|end| ProcessDeath::new(end.name(), None).is_of_the_game())
}

/// The deaths on lines that crashed, the oldest first and the last few of them: of the process that played each, then of
/// those that died while they restored it.
pub(crate) fn deaths_of(
    finder: &mut SessionFinder,
    session: SessionId,
    heads: &[&Head],
) -> Vec<ProcessDeath> {
    let mut deaths = Vec::new();
    for head in heads {
        let standing = standing(finder, session, head, LockHolder::NoOther);
        let failed = failed_trial(finder, session, head, &standing);
        let restoring = failed.iter().flat_map(|trial| deaths_in_restores(finder, trial, head));
        let ends = standing.cause.into_iter().chain(restoring.map(|(end, _)| end));
        deaths.extend(
            ends.map(|end| ProcessDeath::new(end.name(), end.panic().map(PanicInfo::brief))),
        );
    }
    remembered(deaths)
}

/// The session's last restore that hasn't proven itself.
///
/// One that can't be read now is taken for the first try of the newest run: a trial is removed as soon as
/// it means nothing, so one that is there most likely means something. Taken for none, it would let a game
/// that recovers without asking die on the same checkpoint over and over. It isn't tried again: where files
/// can be busy for a moment, the disk has waited already.
fn trial_of(finder: &SessionFinder, session: SessionId, head: &Head) -> Option<Trial> {
    finder.store().trial(session).unwrap_or_else(|error| {
        let error = with_sources(&error);
        warn!(%session, error, "the trial of the last restore can't be read: it counts as a failed restore");
        Some(Trial {
            session,
            process: ProcessId(0),
            run: Some(head.id.run),
            checkpoint: head.id,
            play_time: head.play_time,
            oldest: head.play_time,
            newest_counter: head.id.counter,
            tries: 1,
            steps_back: 0,
            own_deaths: 0,
            earlier: Vec::new(),
            probation: PROBATION,
            set_aside: false,
        })
    })
}

/// The newest intact checkpoint on the line of `head` that was taken at less play time than this.
///
/// Numbers alone would not do: a run's first checkpoint is the same moment as the one that it set
/// out from.
fn newest_before(
    stored: &mut StoredSession,
    head: CheckpointId,
    play_time: Duration,
) -> Option<CheckpointId> {
    newest_where(stored, head, |taken| taken < play_time)
}

/// The newest one that was taken at this play time or less.
fn newest_until(
    stored: &mut StoredSession,
    head: CheckpointId,
    play_time: Duration,
) -> Option<CheckpointId> {
    newest_where(stored, head, |taken| taken <= play_time)
}

fn newest_where(
    stored: &mut StoredSession,
    head: CheckpointId,
    is_wanted: impl Fn(Duration) -> bool,
) -> Option<CheckpointId> {
    let mut walk = LineWalk::from(head);
    while let Some(id) = walk.next(stored.index()) {
        let commit = stored.index().commit(id);
        if commit.is_some_and(|commit| is_wanted(commit.play_time))
            && stored.verified_plan(id).is_ok_and(|plan| plan.is_some())
        {
            return Some(id);
        }
    }
    None
}
