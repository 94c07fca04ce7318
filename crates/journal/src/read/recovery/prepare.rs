//! Reads and decodes the checkpoint that was chosen.

use std::time::Duration;

use jiff::Timestamp;

use super::about::AboutSession;
use super::corruption::is_damaged;
use super::detect::{FoundSession, Interest, examine};
use super::event_line::EventsAt;
use super::goal::Candidates;
use super::ladder::{failed_trial, next_trial};
use super::prepare_draft::prepare_without_world;
use super::prepare_slot::prepare_slot;
use super::standing::{LockHolder, Standing, standing};
use super::{Decode, KnownTypes, ReadProgress, SessionFinder, Wanted};
use crate::disk::{StoredSession, Trial, unknown_if_gone};
use crate::format::{
    Begun, CheckpointKind, FrameKind, Head, Lineage, Plan, ReadError, SessionIndex,
};
use crate::model::ids::{CheckpointId, SaveId, SessionId};
use crate::model::session::{
    Chapters, Fields, GameClock, Move, RecoveryError, RequestError, RestoreFrom, RestoreReason,
    SessionMetadata, StateChange,
};

/// A checkpoint that is ready to be put into the world, and what the run after it must know.
#[derive(Debug)]
pub struct Prepared<I> {
    /// Its metadata, with later edits.
    pub metadata: SessionMetadata,
    /// True if the session begins with it: it was a draft, and there is no world to restore.
    pub is_draft: bool,
    /// The checkpoint that was read.
    pub checkpoint: CheckpointId,
    /// The lineage of the new run.
    pub lineage: Lineage,
    /// The reason of the new run's begin, and the checkpoint that it leaves.
    pub begun: Begun,
    /// The highest checkpoint number that the session ever used.
    pub newest_counter: u64,
    /// The first id that no entity has had.
    pub next_save_id: SaveId,
    /// The reason for which the checkpoint was taken.
    pub kind: CheckpointKind,
    /// Time played until then.
    pub play_time: Duration,
    /// The game's own fields at that moment.
    pub fields: Fields,
    /// Changes of the status, the oldest first.
    pub state_changes: Vec<StateChange>,
    /// Chapters until then, open ones included.
    pub chapters: Chapters,
    /// True if the process that played it last died.
    pub has_crashed: bool,
    /// The engine's clocks at that moment.
    pub clock: GameClock,
    /// The decoded world.
    pub image: I,
    /// Frames on the line that this version doesn't know and must not lose.
    pub unknown_frames: Vec<(FrameKind, Vec<u8>)>,
    /// The events that go with it.
    pub events: EventsAt,
    /// The restore's record for the next start, should the game not survive it. `None` for a slot, which the player
    /// chose deliberately.
    pub trial: Option<Trial>,
}

impl<I> Prepared<I> {
    /// Splits it into the decoded image, and all else that was read.
    pub fn split(self) -> (I, Prepared<()>) {
        let rest = Prepared {
            metadata: self.metadata,
            is_draft: self.is_draft,
            checkpoint: self.checkpoint,
            lineage: self.lineage,
            begun: self.begun,
            newest_counter: self.newest_counter,
            next_save_id: self.next_save_id,
            kind: self.kind,
            play_time: self.play_time,
            fields: self.fields,
            state_changes: self.state_changes,
            chapters: self.chapters,
            has_crashed: self.has_crashed,
            clock: self.clock,
            image: (),
            unknown_frames: self.unknown_frames,
            events: self.events,
            trial: self.trial,
        };
        (self.image, rest)
    }
}

/// The reason that nothing was prepared.
pub enum PrepareFailure {
    /// For a reason that another request can avoid.
    Rejected(RequestError),
    /// The checkpoint is damaged. The findings have what is left instead.
    Damaged(Box<FoundSession>),
    /// The session can't be restored.
    Unrecoverable(RecoveryError),
}

impl From<RequestError> for PrepareFailure {
    fn from(error: RequestError) -> Self {
        Self::Rejected(error)
    }
}

/// Reads and decodes a checkpoint. The session's lock is held by the caller.
pub fn prepare<D: Decode>(
    finder: &mut SessionFinder,
    types: &D,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Prepared<D::Image>, PrepareFailure> {
    // The last reading is no part of this.
    finder.progress().end();
    if let RestoreFrom::Slot(slot) = wanted.from {
        return prepare_slot(finder, types, wanted, slot);
    }
    let mut stored = open(finder, wanted.session)?;
    // Who asks by name may be given the newest after all.
    if wanted.from == RestoreFrom::Latest || wanted.by_name {
        refuse_to_guess(stored.index())?;
    }
    let head = choose_head(stored.index(), wanted)?;
    refuse_another_game(&head, finder.slots().game())?;
    if stored.index().is_without_world(head.id) {
        return prepare_without_world(types, &stored, &head, wanted.reason, finder.progress());
    }
    let standing = standing(finder, wanted.session, &head, LockHolder::NoOther);
    let wanted = of_line(finder, stored.index(), wanted, (&head, &standing));
    check_move(&standing, wanted)?;
    let offered = finder.offered(wanted.session, head.id);
    let candidates = Candidates::of(stored.index(), &head, wanted, offered)?;
    let found = first_readable(&mut stored, types, candidates, finder.progress())?;
    let Some((checkpoint, image, mut about)) = found else {
        return Err(damaged(finder, types, wanted.session, now));
    };
    let Some(commit) = stored.index().commit(checkpoint) else {
        return Err(RequestError::UnknownCheckpoint.into());
    };
    let newest_counter = stored.index().newest_counter();
    let moment = (checkpoint, commit.play_time);
    let trial = next_trial(finder, wanted, &head, &standing, moment, newest_counter);
    // A player who goes back, or left in good order, has seen the events after it.
    let is_replayed = wanted.reason == RestoreReason::Recovered
        && checkpoint == head.id
        && standing.has_crashed();
    let events =
        EventsAt::read(finder.store(), &stored, (checkpoint, commit.events_through), is_replayed);
    Ok(Prepared {
        trial: (wanted.reason != RestoreReason::BranchedOff).then_some(trial),
        events,
        checkpoint,
        lineage: stored.index().lineage_from(checkpoint, head.id),
        begun: begun(stored.index(), wanted, checkpoint, head.id),
        newest_counter,
        next_save_id: next_save_id(stored.index()),
        kind: commit.kind,
        play_time: commit.play_time,
        chapters: about.chapters(),
        fields: head.fields_at(checkpoint).cloned().unwrap_or(about.fields),
        metadata: head.metadata.taken_up(),
        is_draft: false,
        state_changes: about.state_changes,
        has_crashed: standing.has_crashed(),
        clock: about.clock,
        image,
        unknown_frames: stored.carried().map_err(unreadable)?,
    })
}

/// A session of another game is never resumed.
fn refuse_another_game(head: &Head, game: &str) -> Result<(), RequestError> {
    let context = &head.metadata.context;
    match context.is_of_another_game(game) {
        true => Err(RequestError::OtherGame { game: context.game.clone() }),
        false => Ok(()),
    }
}

/// The reason of the new run's begin, where it goes on from a checkpoint and leaves a line with this end.
fn begun(
    index: &SessionIndex,
    wanted: Wanted,
    checkpoint: CheckpointId,
    left: CheckpointId,
) -> Begun {
    let before = index.begun(checkpoint);
    match wanted.is_return {
        true => Begun::returned(before, left),
        false => Begun::after(before, wanted.reason, Some(left)),
    }
}

/// Reads the first of these checkpoints that can be read; `None` if all that are there are damaged.
fn first_readable<D: Decode>(
    stored: &mut StoredSession,
    types: &D,
    mut candidates: Candidates,
    progress: &ReadProgress,
) -> Result<Option<(CheckpointId, D::Image, AboutSession)>, PrepareFailure> {
    while let Some(id) = candidates.next(stored.index()) {
        match read(stored, types, id, progress) {
            Ok(Some((image, about))) => return Ok(Some((id, image, about))),
            Ok(None) if is_damaged(stored.index(), id) => {}
            Ok(None) => {
                let is_known = stored.index().has_known(id.run);
                let error = match is_known && id.counter <= stored.index().newest_counter() {
                    true => RequestError::CheckpointPruned,
                    false => RequestError::UnknownCheckpoint,
                };
                return Err(not_there(stored.index(), error));
            }
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(None)
}

/// Reads a checkpoint, around any damage; `None` if there is no intact way to it.
pub(super) fn read<D: Decode>(
    stored: &mut StoredSession,
    types: &D,
    checkpoint: CheckpointId,
    progress: &ReadProgress,
) -> Result<Option<(D::Image, AboutSession)>, ReadError> {
    // Everything is checked as it is read. Only where that meets damage is it worth reading twice,
    // to find out which part it is.
    if let Some(plan) = stored.index().plan(checkpoint) {
        match decode(stored, types, &plan, progress) {
            Err(error) if error.is_damage() => {}
            read => return read,
        }
    }
    match stored.verified_plan(checkpoint)? {
        Some(plan) => decode(stored, types, &plan, progress),
        None => Ok(None),
    }
}

pub(super) fn unreadable(error: ReadError) -> PrepareFailure {
    PrepareFailure::Unrecoverable(RecoveryError::Unreadable(error.into()))
}

fn open(finder: &SessionFinder, session: SessionId) -> Result<StoredSession, PrepareFailure> {
    let stored = finder.store().open_session(session).map_err(unknown_if_gone)?;
    if stored.index().is_forgotten() {
        return Err(RequestError::UnknownSession.into());
    }
    refuse_newer(&stored)?;
    Ok(stored)
}

/// An old build must not continue what a newer one wrote: it would lose what it can't read.
pub(super) fn refuse_newer(stored: &StoredSession) -> Result<(), PrepareFailure> {
    if let Some(written_by) = stored.newer_format() {
        let error = RecoveryError::NewerFormat(written_by.clone());
        return Err(PrepareFailure::Unrecoverable(error));
    }
    Ok(())
}

/// A file that can't be read now may hold newer checkpoints, and the numbers that a new run must count on from. To
/// continue without it, the caller names a checkpoint.
fn refuse_to_guess(index: &SessionIndex) -> Result<(), PrepareFailure> {
    index.unreadable_file().map_or(Ok(()), |cause| {
        Err(PrepareFailure::Unrecoverable(RecoveryError::Unreadable(cause)))
    })
}

/// Nothing is there, as far as is known: what is asked for may be in a file that can't be
/// read now.
fn not_there(index: &SessionIndex, error: RequestError) -> PrepareFailure {
    refuse_to_guess(index).err().unwrap_or(PrepareFailure::Rejected(error))
}

/// The line that is left: the one that is played, or else the one with the checkpoint on it, or else the
/// newest. By its name a session goes on with the line that was played last.
pub(super) fn choose_head(index: &SessionIndex, wanted: Wanted) -> Result<Head, PrepareFailure> {
    let heads = index.heads();
    let newest = index.newest_head();
    let head = match wanted.from {
        _ if wanted.by_name => index.played_last().or(newest),
        RestoreFrom::Checkpoint(id) => line_with(index, id),
        RestoreFrom::OnSide { newest, .. } => {
            // More of it may have come since.
            let side = heads.iter().find(|head| index.line(head.id).contains(&newest));
            Some(side.ok_or_else(|| not_there(index, RequestError::UnknownCheckpoint))?)
        }
        _ => newest,
    };
    let played = heads.iter().find(|head| Some(head.id.run) == wanted.played);
    if let Some(head) = played.or(head) {
        return Ok(head.clone());
    }
    let damaged = index.problems().iter().any(|problem| problem.kind.is_damage());
    Err(match damaged {
        true => PrepareFailure::Unrecoverable(RecoveryError::AllDamaged),
        false => not_there(index, RequestError::NothingToRestore),
    })
}

/// The line with a checkpoint on it, first of those that aren't declined; the newest if there is none.
pub(crate) fn line_with(index: &SessionIndex, checkpoint: CheckpointId) -> Option<&Head> {
    let with_it = index.heads().iter().find(|head| index.line(head.id).contains(&checkpoint));
    with_it.or(index.newest_head())
}

/// What a request by name means on the line that goes on: what was asked for went by what was known before the session was
/// this machine's. A line that wasn't closed is recovered, and an older checkpoint counts only where the game has died on
/// this very line.
fn of_line(
    finder: &SessionFinder,
    index: &SessionIndex,
    mut wanted: Wanted,
    (head, standing): (&Head, &Standing),
) -> Wanted {
    if !wanted.by_name {
        return wanted;
    }
    if wanted.reason == RestoreReason::Continued && standing.status.is_running() {
        wanted.reason = RestoreReason::Recovered;
    }
    if let RestoreFrom::Checkpoint(id) | RestoreFrom::OnSide { checkpoint: id, .. } = wanted.from {
        let has_died = failed_trial(finder, wanted.session, head, standing).is_some();
        if !has_died || !index.line(head.id).contains(&id) {
            wanted.from = RestoreFrom::Latest;
        }
    }
    wanted
}

fn check_move(standing: &Standing, wanted: Wanted) -> Result<(), RequestError> {
    let step = match wanted.reason {
        RestoreReason::Rewound
        | RestoreReason::Loaded
        | RestoreReason::Undone
        | RestoreReason::BranchedOff
        | RestoreReason::Replayed => return Ok(()),
        RestoreReason::Continued => Move::Continue,
        RestoreReason::Recovered => Move::Recover,
    };
    standing.status.after(step)?;
    Ok(())
}

fn decode<D: Decode>(
    stored: &StoredSession,
    types: &D,
    plan: &Plan,
    progress: &ReadProgress,
) -> Result<Option<(D::Image, AboutSession)>, ReadError> {
    let Some(commit) = stored.index().commit(plan.checkpoint) else { return Ok(None) };
    let mut about = AboutSession::default();
    let mut blocks = stored
        .blocks(plan)?
        .filter(|block| !block.as_ref().is_ok_and(|block| about.take_up(block)));
    let image = types.decode(commit, &mut blocks, progress)?;
    Ok(Some((image, about)))
}

/// No id that any branch of the session has used is given away again.
pub(crate) fn next_save_id(index: &SessionIndex) -> SaveId {
    let commits = index.checkpoints().into_iter().filter_map(|info| index.commit(info.id));
    commits.map(|commit| commit.next_save_id).max().unwrap_or(SaveId::FIRST)
}

fn damaged(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    session: SessionId,
    now: Timestamp,
) -> PrepareFailure {
    let found = finder
        .store()
        .open_session(session)
        .ok()
        .and_then(|stored| examine(finder, types, stored, Interest::This, now));
    match found {
        Some(found) => PrepareFailure::Damaged(Box::new(found)),
        None => PrepareFailure::Unrecoverable(RecoveryError::AllDamaged),
    }
}
