//! Looks at every session on this machine.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, info, warn};

use super::corruption::{self, Corruption, Intact};
use super::fork::Fork;
use super::judging::{Verdict, judge, vanished};
use super::ladder::{deaths_in_restores, failed_trial};
use super::session_finder::Records;
use super::shortlist::shortlist;
use super::slots::{THUMBNAIL, slots_of};
use super::standing::{LockHolder, Standing, standing};
use super::{
    KnownTypes, Ladder, Proposal, RecoveryOffer, SessionEntry, SessionFinder, SlotEntry,
    UnsavedPlay, VersionFit,
};
use crate::disk::process::HowItEnded;
use crate::disk::{StoreError, StoredSession, Trial, with_sources};
use crate::format::{FileProblemKind, Head, MOST_LINES, SessionIndex};
use crate::model::clock::between;
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{RecoveryError, RequestError, RestoreFrom};

/// The findings about one session.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct FoundSession {
    /// The session.
    pub session: SessionId,
    /// Its entry for listings; `None` if nothing readable is left.
    pub entry: Option<SessionEntry>,
    /// The verdict on its files, as far as they were read. `bevy-session` gives the same one, but for a session that was
    /// left in good order, of which nothing but a file can't be read: that is damaged to the tool alone.
    pub verdict: Verdict,
    /// The loss by damage to its files, if any was found. A file that can't be read now, or only by a newer version, is
    /// no damage.
    pub corruption: Option<Corruption>,
    /// The reason that nothing of it can be restored, if there is one.
    pub failure: Option<RecoveryError>,
    /// The offers after its crash: one, or two if it was continued in two places that never saw each other.
    pub offers: Vec<RecoveryOffer>,
    /// The place of its newest line on the crash-loop ladder.
    #[doc(hidden)]
    pub ladder: Ladder,
}

impl FoundSession {
    /// The checkpoint to restore of it: the [proposed](RecoveryOffer::proposed) one if it crashed, and the newest if it
    /// was closed. `None` if it has ended, is played now, was declined, is in the trash or can't be read, if it crashed
    /// and isn't to be offered ([`NewSession::recovery`](crate::NewSession::recovery)), and if the program dies on
    /// every checkpoint of it.
    #[must_use]
    pub fn restore_from(&self) -> Option<RestoreFrom> {
        if let Some(offer) = self.offers.first() {
            return offer.restore_from();
        }
        let entry = self.entry.as_ref().filter(|entry| entry.can_go_on())?;
        (!entry.has_crashed()).then_some(RestoreFrom::Latest)
    }

    /// One of which there is nothing to report but its entry.
    #[doc(hidden)]
    #[must_use]
    pub fn settled(entry: SessionEntry) -> Self {
        let session = entry.session.id;
        Self { entry: Some(entry), ..Self::nothing(session) }
    }

    fn nothing(session: SessionId) -> Self {
        Self {
            session,
            entry: None,
            verdict: Verdict::Good,
            corruption: None,
            failure: None,
            offers: Vec::new(),
            ladder: Ladder::default(),
        }
    }
}

/// Looks at every session, even at those that are known.
#[cfg(test)]
pub fn detect(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    now: Timestamp,
) -> Vec<FoundSession> {
    let sessions = match finder.store().sessions() {
        Ok(sessions) => sessions,
        Err(error) => {
            warn!(%error, "the sessions on this machine can't be listed");
            return Vec::new();
        }
    };
    finder.settle_all_but_existing();
    let found = |session| match look_at(finder, types, session, now) {
        Look::Done { found, .. } => *found,
        Look::Gone | Look::PutOff => None,
    };
    sessions.into_iter().filter_map(found).collect()
}

/// The outcome of a look at a session.
pub(super) enum Look {
    /// It was removed since it was listed.
    Gone,
    /// It has to be looked at once more, when it is known which processes died.
    PutOff,
    /// The stamp of its files, and what was found.
    Done { stamp: u64, found: Box<Option<FoundSession>> },
}

/// Looks at one session. Reads headers and commits, and of a crashed one everything that its newest
/// checkpoint needs. Writes nothing.
pub(super) fn look_at(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    session: SessionId,
    now: Timestamp,
) -> Look {
    match open_or_put_off(finder, session) {
        Ok(Some((stored, lock))) => {
            let stamp = stored.stamp();
            let found = examine(finder, types, stored, Interest::Crashes(lock), now);
            Look::Done { stamp, found: Box::new(found) }
        }
        Ok(None) => Look::PutOff,
        Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => Look::Gone,
        Err(error) if error.io_kind() == Some(ErrorKind::NotConnected) => {
            debug!(%session, error = %with_sources(&error), "the session is away with its archive's drive");
            Look::Done { stamp: 0, found: Box::new(None) }
        }
        Err(error) => {
            warn!(%session, %error, "the session can't be read");
            let failure = Some(RecoveryError::Unreadable(error.into()));
            let nothing = FoundSession::nothing(session);
            let found = Some(FoundSession { verdict: Verdict::Lost, failure, ..nothing });
            Look::Done { stamp: 0, found: Box::new(found) }
        }
    }
}

/// The entry of one session that was just made, and has no slots.
///
/// # Errors
///
/// [`RequestError`] if it can't be read.
pub(crate) fn entry_of_new(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    session: SessionId,
    now: Timestamp,
) -> Result<SessionEntry, RequestError> {
    let found = look_again(finder, types, session, now)?;
    let entry = found.and_then(|found| found.entry).ok_or(RequestError::NothingToRestore)?;
    Ok(SessionEntry { bytes: entry.journal_bytes, ..entry })
}

/// Looks at a session that this process itself has changed.
///
/// # Errors
///
/// [`RequestError`] if it can't be read.
pub(crate) fn look_again(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<FoundSession>, RequestError> {
    let stored = open(finder, session)?;
    Ok(look_at_new(finder, types, stored, now))
}

/// Looks at a session that was just made, or brought from elsewhere.
pub(crate) fn look_at_new(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    stored: StoredSession,
    now: Timestamp,
) -> Option<FoundSession> {
    examine(finder, types, stored, Interest::Crashes(LockHolder::Unknown), now)
}

/// The number of times that the files of a session without an end are read while other processes take and release it.
const LOOKS: u32 = 3;

/// Opens a session. If it has no end and no process plays it, the files are those of a moment when none did: a process
/// may have written the end and gone between a look at the files and one at the lock.
pub(super) fn open(
    finder: &mut SessionFinder,
    session: SessionId,
) -> Result<StoredSession, StoreError> {
    let opened =
        finder.going_by(&mut Records::ReadAtOnce, |finder| open_or_put_off(finder, session));
    match opened? {
        Some((stored, _)) => Ok(stored),
        None => finder.store().open_session(session),
    }
}

/// The same, and who may hold the lock; `None` if it has to wait until it is known which processes died.
pub(super) fn open_or_put_off(
    finder: &mut SessionFinder,
    session: SessionId,
) -> Result<Option<(StoredSession, LockHolder)>, StoreError> {
    let mut stored = finder.store().open_session(session)?;
    if stored.index().heads().iter().all(|head| head.end.is_some()) {
        return Ok(Some((stored, LockHolder::Unknown)));
    }
    let mut lock = LockHolder::Unknown;
    for _ in 0..LOOKS {
        match finder.is_free(session) {
            Ok(true) => {}
            // It is the one that plays, even if it has written more since.
            Ok(false) => return Ok(Some((stored, LockHolder::Another))),
            Err(_) => return Ok(Some((stored, LockHolder::Unknown))),
        }
        if finder.store().session_stamp(session).ok() == Some(stored.stamp()) {
            lock = LockHolder::NoOther;
            break;
        }
        stored = finder.store().open_session(session)?;
    }
    Ok(finder.learn_of_holders(&stored).then_some((stored, lock)))
}

/// The sessions that are read whole and offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Interest {
    /// Those that crashed, and who may have the lock of a session without an end.
    Crashes(LockHolder),
    /// This one, however it was left, since it was asked for and turned out to be damaged.
    This,
}

impl Interest {
    /// A session that was asked for was locked before it was read.
    fn lock_holder(self) -> LockHolder {
        match self {
            Self::Crashes(lock) => lock,
            Self::This => LockHolder::NoOther,
        }
    }
}

/// Returns true if a session belongs to another game, which happens to keep its files in the same place.
pub(super) fn is_of_another_game(finder: &SessionFinder, heads: &[Head]) -> bool {
    let Some(Head { metadata, .. }) = heads.first() else { return false };
    let is_other = metadata.context.is_of_another_game(finder.slots().game());
    if is_other {
        info!(session = %metadata.id, game = metadata.context.game, "a session of another game is left alone");
    }
    is_other
}

/// Looks at one session. `None` if there is nothing to report: it was forgotten, another game's, or never had a
/// checkpoint.
pub(super) fn examine(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    mut stored: StoredSession,
    interest: Interest,
    now: Timestamp,
) -> Option<FoundSession> {
    if stored.index().is_forgotten() {
        finder.note_forgotten(stored.id());
        return None;
    }
    let ends = |stored: &StoredSession| -> Vec<CheckpointId> {
        stored.index().heads().iter().map(|head| head.id).collect()
    };
    loop {
        let before = ends(&stored);
        let found = examine_lines(finder, types, &mut stored, interest, now);
        // Reading may have shown that a run has come to nothing, which brings others back.
        if ends(&stored) == before {
            return found;
        }
    }
}

/// Looks at the lines of a session as they are known now.
fn examine_lines(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    stored: &mut StoredSession,
    interest: Interest,
    now: Timestamp,
) -> Option<FoundSession> {
    let session = stored.id();
    let mut found = FoundSession::nothing(session);
    let heads = stored.index().heads().to_vec();
    if is_of_another_game(finder, &heads) {
        return None;
    }
    // The player chooses between lines that aren't declined, if there are any.
    let has_open = heads.iter().any(|head| !head.declined);
    let is_meant = |head: &Head| !head.declined || !has_open;
    let forked = heads.iter().filter(|head| is_meant(head)).nth(1).is_some();
    let vanished = vanished(stored, finder.witnessed(session));
    // No player continues in more places. Further lines can be restored by their checkpoints.
    for head in heads.iter().take(MOST_LINES) {
        let mut standing = standing(finder, session, head, interest.lock_holder());
        standing.witness = vanished.filter(|it| is_about(*it, head, &heads)).or(standing.witness);
        let trial = failed_trial(finder, session, head, &standing);
        if found.entry.is_none() {
            found.entry = Some(entry(stored, types, head, &standing));
            found.ladder = Ladder::of(finder, stored, (head, &standing), trial.as_ref());
            let is_half_archived = is_half_archived(stored, head);
            found.entry.iter().for_each(|entry| finder.note_entry(entry, is_half_archived));
        }
        let wanted = match interest {
            Interest::This => is_meant(head),
            Interest::Crashes(_) => {
                let open_fork = forked && !standing.status.has_ended();
                let is_in_trash = head.metadata.place.is_in_trash();
                let wanted = head.metadata.recovery && !head.declined && !is_in_trash;
                wanted && !standing.in_use && (standing.has_crashed() || open_fork)
            }
        };
        if wanted {
            look_for_offer(
                finder,
                types,
                stored,
                head,
                standing,
                trial.as_ref(),
                forked,
                now,
                &mut found,
            );
        }
    }
    if heads.is_empty() {
        let index = stored.index();
        // The record of a process knows nothing of a deletion that was cut off after its last file.
        let knows = stored.witness().is_some() || !index.problems().is_empty();
        let was_acknowledged = vanished.filter(|_| knows);
        let all_damaged = was_acknowledged.map(|_| RecoveryError::AllDamaged);
        found.failure = failure_without_heads(index).or(all_damaged);
    }
    found.verdict = judge(stored, finder.witnessed(session));
    if found.corruption.is_none() {
        found.corruption = corruption::as_far_as_known(stored, heads.first(), vanished);
    }
    let anything = found.entry.is_some() || found.failure.is_some() || found.corruption.is_some();
    anything.then_some(found)
}

/// Returns true if files are left of a session's way into the archive.
pub(super) fn is_half_archived(stored: &StoredSession, head: &Head) -> bool {
    let has_events = stored.event_files().0 > 0 && head.metadata.place.is_archived();
    stored.index().is_half_archived() || has_events && stored.index().heads().len() == 1
}

/// Returns true if a checkpoint that vanished was on the line of a head: it is of its run, or of a run of which nothing
/// is left.
fn is_about(vanished: CheckpointId, head: &Head, heads: &[Head]) -> bool {
    let is_of = |head: &Head| head.id.run == vanished.run;
    is_of(head) || !heads.iter().any(is_of)
}

fn look_for_offer(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    stored: &mut StoredSession,
    head: &Head,
    standing: Standing,
    trial: Option<&Trial>,
    forked: bool,
    now: Timestamp,
    found: &mut FoundSession,
) {
    let intact = match corruption::newest_intact(stored, head.id) {
        Ok(intact) => intact,
        Err(error) => {
            found.failure = Some(RecoveryError::Unreadable(error.into()));
            return;
        }
    };
    let intact_id = intact.as_ref().map(|intact| intact.id);
    let corruption = corruption::assess(stored, head, intact_id, standing.witness);
    found.corruption = found.corruption.take().or(corruption);
    match intact {
        Some(intact) => {
            finder.note_offer(stored.id(), head.id, intact.id);
            let ladder = Ladder::of(finder, stored, (head, &standing), trial);
            let deaths = trial.map(|trial| deaths_in_restores(finder, trial, head));
            let standing = deaths.into_iter().flatten().fold(standing, Standing::after);
            let slots = slots_of(finder.slots(), stored.id());
            let ways_out = (ladder, slots);
            let fork = Fork::of(stored.index(), finder.local(), head).filter(|_| forked);
            let offer = offer(stored, types, head, standing, intact, ways_out, fork, now);
            found.offers.extend(offer);
        }
        None => found.failure = Some(RecoveryError::AllDamaged),
    }
}

fn offer(
    stored: &StoredSession,
    types: &dyn KnownTypes,
    head: &Head,
    standing: Standing,
    intact: Intact,
    (ladder, slots): (Ladder, Vec<SlotEntry>),
    fork: Option<Fork>,
    now: Timestamp,
) -> Option<RecoveryOffer> {
    let proposed = match ladder.proposed {
        Proposal::Older(checkpoint) => checkpoint,
        Proposal::Newest | Proposal::SafeStart => intact.id,
    };
    let commit = stored.index().commit(intact.id)?;
    let last_sign_of_life = standing.died_at.unwrap_or(head.time).max(head.time);
    let acknowledged =
        standing.witness.map_or(0, |witness| witness.counter.saturating_sub(head.id.counter));
    let damaged = head.id.counter.saturating_sub(intact.id.counter);
    // Of a line that was left in good order, nothing is missing.
    let is_whole = standing.cause.is_none() && damaged == 0;
    let lost = standing.died_at.map(|died_at| between(commit.time, died_at));
    Some(RecoveryOffer {
        session: head.metadata.clone(),
        cause: standing.cause.unwrap_or(HowItEnded::Exited),
        causes_before: standing.causes_before,
        died_at: standing.died_at,
        unsaved: UnsavedPlay {
            time: if is_whole { Some(Duration::ZERO) } else { lost },
            acknowledged: acknowledged + damaged,
        },
        play_time: commit.play_time,
        fields: head.fields_at(intact.id).cloned().unwrap_or(intact.fields),
        newest: intact.id,
        fit: VersionFit::of(types, stored, commit),
        proposed: ladder.proposed,
        deaths_in_a_row: ladder.deaths,
        checkpoints: shortlist(
            stored.index(),
            types,
            head,
            proposed,
            &pictured(stored),
            last_sign_of_life.min(now),
        ),
        slots,
        options: Vec::new(),
        forked: fork.is_some(),
        fork,
        elsewhere: None,
        directory: stored.directory().to_path_buf(),
    })
}

pub(super) fn entry(
    stored: &StoredSession,
    types: &dyn KnownTypes,
    head: &Head,
    standing: &Standing,
) -> SessionEntry {
    let (status, in_use) = (standing.status, standing.in_use);
    SessionEntry { status, in_use, ..entry_of_line(stored, types, head) }
}

/// The entry by one line of a session, without what is known of its processes.
pub(crate) fn entry_of_line(
    stored: &StoredSession,
    types: &dyn KnownTypes,
    head: &Head,
) -> SessionEntry {
    let commit = stored.index().commit(head.id);
    SessionEntry {
        session: head.metadata.clone(),
        status: head.status,
        in_use: false,
        declined: head.declined,
        newest: Some(head.id),
        fit: commit.map(|commit| VersionFit::of(types, stored, commit)).unwrap_or_default(),
        play_time: head.play_time,
        summary: head.summary_at(head.id, stored.index().summary(head.id)),
        updated: head.updated(),
        left: head.end.as_ref().map(|end| end.leaving.clone()),
        bytes: stored.bytes(),
        journal_bytes: stored.bytes_with_attachments(),
        thumbnail: newest_thumbnail(stored, head),
        forked: stored.index().heads().len() > 1,
        without_world: stored.index().is_without_world(head.id),
    }
}

/// The checkpoints that have a picture for lists.
fn pictured(stored: &StoredSession) -> HashSet<CheckpointId> {
    let pictures = stored.beside().iter().filter(|(_, name)| name == THUMBNAIL);
    pictures.map(|(checkpoint, _)| *checkpoint).collect()
}

/// The newest checkpoint that has a picture for lists.
pub(crate) fn newest_thumbnail(stored: &StoredSession, head: &Head) -> Option<CheckpointId> {
    let pictured = pictured(stored);
    if pictured.is_empty() {
        return None;
    }
    stored.index().line(head.id).into_iter().find(|id| pictured.contains(id))
}

/// The reason that a session without one committed checkpoint can't be restored; `None` if it simply never had one,
/// which is no failure.
fn failure_without_heads(index: &SessionIndex) -> Option<RecoveryError> {
    let mut failure = None;
    for problem in index.problems() {
        if let Some(cause) = problem.why_unreadable() {
            return Some(RecoveryError::Unreadable(cause));
        }
        match &problem.kind {
            FileProblemKind::Newer(written_by) => {
                return Some(RecoveryError::NewerFormat(written_by.clone()));
            }
            kind if kind.is_damage() => failure = Some(RecoveryError::AllDamaged),
            _ => {}
        }
    }
    failure
}
