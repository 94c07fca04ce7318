//! A replica's mirror: a second store that has the same files.
//!
//! It is fed from the replica and not from a machine, so it has only what the replica has acknowledged, and what is withheld
//! never gets there. It has claims, entries and seals of its own. Before anything is changed there, an entry says up to where
//! the replica's log was read: as long as the replica still has that place, whatever differs is its owners' doing. If it
//! hasn't, it has lost something that is perhaps nowhere else, and nothing in the mirror is touched.
//!
//! [`Mirror::step`] does one piece for one session and says when it wants to be called again; [`MirrorKeeper`] does that for
//! all sessions of a process. Neither runs on the thread that plays.

mod alike;
mod doubts;
mod keeper;
mod owning;
mod place;
mod source;
mod sweep;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use self::alike::{Alike, Differences, is_contained, replace_all};
use self::doubts::Doubts;
pub use self::keeper::{MirrorKeeper, MirrorOrder, MirrorReport};
use self::owning::Owning;
use self::place::{History, Place};
use self::source::ReplicaSource;
use super::pause::{AFTER_FAULT, longer};
use super::{
    ClaimError, Claimant, Clearing, CompareError, Difference, Direct, Epoch, Files, Log, Owner,
    ReadError, Removing, ReplicaStore, StoreFault, Trouble, Watch, Watcher, block_on,
};
use crate::model::ids::{CheckpointId, SessionId};

/// The time until a session is looked at again that isn't mirrored, since the mirror has more or something can't be read.
const UNTIL_NEXT_TRY: Duration = Duration::from_secs(600);
/// The time until a replica is looked at again that is just being claimed.
const WHILE_CLAIMED: Duration = Duration::from_secs(1);

/// The options of a [`Mirror`].
#[derive(Clone, Debug)]
pub struct MirrorOptions {
    /// The replica that is mirrored. It is only read.
    pub replica: Arc<dyn ReplicaStore>,
    /// The store that gets the same files.
    pub mirror: Arc<dyn ReplicaStore>,
    /// The name of this machine, for people.
    pub machine: String,
    /// The time that the mirror of another machine may be silent before this one goes on in its place.
    pub lease: Duration,
    /// The time between two looks at the replica.
    pub interval: Duration,
}

/// One of the two stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The replica, which is read.
    Replica,
    /// Its mirror.
    Mirror,
}

/// News of a session in the mirror.
#[derive(Debug)]
pub enum MirrorNews {
    /// The mirror has all that the replica had when it was looked at, and so this checkpoint.
    Whole(Option<CheckpointId>),
    /// A store gives no answer.
    Lost(Side, StoreFault),
    /// Both answer again.
    Back,
    /// Nothing is mirrored for now, for this reason. Said once, until all of it is mirrored again.
    Refused(Unmirrored),
    /// Nothing more comes, for this reason.
    Over(MirrorOver),
}

/// The reason that a session isn't mirrored, though both stores answer.
#[derive(Debug, thiserror::Error)]
pub enum Unmirrored {
    /// The mirror has something that the replica has lost, or never had.
    #[error("the mirror has something that the replica doesn't have, and is left as it is")]
    MirrorIsAhead,
    /// Both are the same store.
    #[error("the replica and its mirror are the same store")]
    SameStore,
    /// It was removed in the mirror alone, for good.
    #[error("it was removed in the mirror")]
    RemovedThere,
    /// An entry, a seal or a claim is missing in the replica, or nobody goes on with it.
    #[error("the log of the replica has a gap")]
    Gap,
    /// The log of one can't be read.
    #[error("the log of the {} can't be read", match .0 { Side::Replica => "replica", Side::Mirror => "mirror" })]
    Unreadable(Side, #[source] ReadError),
}

/// The end of a session's mirroring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MirrorOver {
    /// It was let go of, and the mirror has all that the replica has.
    LetGo,
    /// It is removed in the replica, and so in the mirror.
    Removed,
    /// It is removed in the replica, and wasn't in the mirror any more, or never was.
    WasRemoved,
    /// It was removed in the mirror alone, for good.
    RemovedThere,
}

/// Brings one session of a mirror to the replica's state, over and over.
pub struct Mirror {
    options: Arc<MirrorOptions>,
    replica: Direct,
    mirror: Direct,
    /// The replica's log as it was read last.
    log: Log,
    alike: Alike,
    stage: Stage,
    /// The newest checkpoint that the replica is known to have, and the one that it had before its log was read last.
    newest: Option<CheckpointId>,
    promised: Option<CheckpointId>,
    until: Until,
    lost: Option<Side>,
    pause: Duration,
    doubts: Doubts,
}

/// The time until which a session is mirrored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// As long as it is played.
    Left,
    /// It is brought up to date once more by a look that is to come, and then released.
    NextLook,
    /// The last look goes on: the log was read since the session was left.
    ThisLook,
}

enum Stage {
    Looking {
        log: Log,
        watcher: Watcher,
        waits: bool,
    },
    Claiming {
        log: Log,
        claimant: Claimant,
    },
    Owning(Box<Owning>),
    /// It is removed in the replica.
    Removing(Box<Removing<Direct>>),
    /// With true if something was there.
    Clearing(Box<Clearing>, bool),
    Over,
}

/// The reason that a step ends early.
enum Halt {
    Store(Side, StoreFault),
    Refused(Unmirrored),
    /// The replica was compacted meanwhile, or an entry is missing: it is looked at again.
    Again,
    /// What was read of the replica is read again.
    Reread,
    /// The replica is being claimed at this moment: what was read of several epochs may never have been there together.
    Unsettled,
    /// Its machine may still bring the replica up to date: it is looked at again after an interval.
    Later,
    /// This machine doesn't own the session in the mirror any more: it begins from the start.
    Unowned,
    Over(MirrorOver),
}

/// The result of comparing both sides.
enum Compared {
    /// The mirror has what the replica has.
    Whole,
    /// The mirror lacks these. What it gets is in the replica up to this place.
    Differs { source: Box<ReplicaSource>, end: Place, differences: Differences },
    /// There is more to be read.
    NotYet,
}

impl Halt {
    fn of(side: Side) -> impl Fn(ReadError) -> Self {
        move |error| match error {
            ReadError::Store(fault) => Self::Store(side, fault),
            ReadError::Missing { .. } if side == Side::Replica => Self::Again,
            ReadError::Missing { .. } => Self::Unowned,
            error => Self::Refused(Unmirrored::Unreadable(side, error)),
        }
    }

    /// A file of the replica can't be read.
    fn of_source(error: io::Error) -> Self {
        match error.downcast::<ReadError>() {
            Ok(error) => Self::of(Side::Replica)(error),
            // Its bytes end earlier than its log says.
            Err(_) => Self::Again,
        }
    }

    fn of_comparison(error: CompareError) -> Self {
        match error {
            CompareError::Here(error) => Self::of_source(error),
            CompareError::There(error) => Self::of(Side::Mirror)(error),
        }
    }

    fn of_mirror(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(fault) => Self::Store(Side::Mirror, fault),
            Trouble::Unreadable(error) => Self::of(Side::Mirror)(error),
            Trouble::Fenced | Trouble::WentBack | Trouble::Ended => Self::Unowned,
        }
    }
}

fn in_replica(fault: StoreFault) -> Halt {
    Halt::Store(Side::Replica, fault)
}

fn in_mirror(fault: StoreFault) -> Halt {
    Halt::Store(Side::Mirror, fault)
}

impl fmt::Debug for Mirror {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mirror").field("session", &self.session()).finish_non_exhaustive()
    }
}

impl Mirror {
    /// One that hasn't asked any store for anything yet.
    #[must_use]
    pub fn new(session: SessionId, options: &Arc<MirrorOptions>) -> Self {
        Self {
            options: Arc::clone(options),
            replica: Direct(Arc::clone(&options.replica)),
            mirror: Direct(Arc::clone(&options.mirror)),
            log: Log::new(session),
            alike: Alike::default(),
            stage: Stage::looking(session),
            newest: None,
            promised: None,
            until: Until::Left,
            lost: None,
            pause: Duration::ZERO,
            doubts: Doubts::default(),
        }
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.log.session()
    }

    /// The replica has this checkpoint. A look that begins from now on has it as well.
    pub fn replicated(&mut self, checkpoint: CheckpointId) {
        self.newest = Some(checkpoint);
    }

    /// From now on it is to be mirrored for as long as it is played, or only once more.
    pub fn leave(&mut self, is_leaving: bool) {
        self.until = if is_leaving { Until::NextLook } else { Until::Left };
        if let Stage::Owning(owning) = &mut self.stage
            && !is_leaving
        {
            owning.stay();
        }
        self.look_now();
    }

    /// The replica may have lost what it had: no checkpoint of before is named any more.
    pub fn forget_checkpoints(&mut self) {
        (self.newest, self.promised) = (None, None);
    }

    /// Looks at the replica as soon as it is stepped again.
    pub fn look_now(&mut self) {
        if let Stage::Owning(owning) = &mut self.stage {
            owning.look_now();
        }
    }

    /// Returns true if it can't go on by itself soon: a store gives no answer, another machine mirrors the session, or
    /// it isn't to be mirrored.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        let waits = matches!(self.stage, Stage::Looking { waits: true, .. });
        self.lost.is_some() || self.is_refused() || waits
    }

    /// Returns true if the mirror gave no answer when it was asked last.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost == Some(Side::Mirror)
    }

    /// Returns true if it isn't mirrored for now, for a reason that was said.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.doubts.is_refused()
    }

    /// Returns true if another machine mirrors the session.
    #[must_use]
    pub fn waits_for_owner(&self) -> bool {
        matches!(self.stage, Stage::Looking { waits: true, .. })
    }

    /// Returns true if nothing more comes of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Does one piece at a moment of the monotonic clock, and adds what became of it to `news`. The duration is how long
    /// nothing has to be done.
    pub fn step(&mut self, now: Duration, news: &mut Vec<MirrorNews>) -> Duration {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let (stage, done) = match stage {
            Stage::Looking { log, watcher, .. } => self.look(now, log, watcher, news),
            Stage::Claiming { log, claimant } => self.claim(now, log, claimant),
            Stage::Owning(owning) => self.own(now, owning, news),
            Stage::Removing(removing) => self.remove(removing),
            Stage::Clearing(clearing, is_news) => self.clear(clearing, is_news),
            Stage::Over => return Duration::MAX,
        };
        self.stage = stage;
        match done {
            Ok(rest) => {
                self.pause = Duration::ZERO;
                if self.lost.take().is_some() {
                    news.push(MirrorNews::Back);
                }
                rest
            }
            Err(Halt::Store(side, fault)) => self.note_fault(side, fault, news),
            Err(Halt::Refused(why)) => self.refuse(why, news),
            Err(Halt::Unsettled) => WHILE_CLAIMED,
            Err(Halt::Again | Halt::Unowned) => self.next_pause(),
            Err(Halt::Reread) => {
                self.log = Log::new(self.session());
                self.next_pause()
            }
            Err(Halt::Later) => self.options.interval,
            Err(Halt::Over(over)) => {
                self.stage = Stage::Over;
                news.push(MirrorNews::Over(over));
                Duration::MAX
            }
        }
    }

    fn refuse(&mut self, why: Unmirrored, news: &mut Vec<MirrorNews>) -> Duration {
        self.forget_checkpoints();
        if matches!(why, Unmirrored::Unreadable(..) | Unmirrored::Gap) {
            // What couldn't be read is read again.
            (self.alike, self.log) = (Alike::default(), Log::new(self.session()));
            self.stage = Stage::looking(self.session());
        }
        if self.doubts.refuse() {
            news.push(MirrorNews::Refused(why));
        }
        UNTIL_NEXT_TRY
    }

    fn note_fault(
        &mut self,
        side: Side,
        fault: StoreFault,
        news: &mut Vec<MirrorNews>,
    ) -> Duration {
        if self.lost.replace(side) != Some(side) {
            news.push(MirrorNews::Lost(side, fault));
        }
        self.next_pause()
    }

    fn next_pause(&mut self) -> Duration {
        self.pause = longer(self.pause);
        self.pause
    }

    /// Looks at both logs, and finds out if there is something to do.
    fn look(
        &mut self,
        now: Duration,
        mut log: Log,
        mut watcher: Watcher,
        news: &mut Vec<MirrorNews>,
    ) -> (Stage, Result<Duration, Halt>) {
        let read = self
            .read_replica()
            .and_then(|()| block_on(log.refresh(&self.mirror)).map_err(in_mirror));
        if let Err(halt) = read {
            return (Stage::Looking { log, watcher, waits: false }, Err(halt));
        }
        let watch = watcher.look(&log, now, self.options.lease);
        if watch == Watch::Removed {
            // What has come back is removed once more.
            let has_left = log.has_leftovers();
            let clearing = Stage::Clearing(Box::new(Clearing::new(log)), has_left);
            return (clearing, Ok(Duration::ZERO));
        }
        let end_of = |log: &Log| log.end().map(|(epoch, position, it)| (epoch, position, it.nonce));
        if end_of(&log).is_some_and(|end| end_of(&self.log) == Some(end)) {
            let halt = Halt::Refused(Unmirrored::SameStore);
            return (Stage::Looking { log, watcher, waits: false }, Err(halt));
        }
        let is_removed = self.log.tombstone().is_some();
        if is_removed && log.highest() == Epoch::default() {
            return (Stage::Over, Err(Halt::Over(MirrorOver::WasRemoved)));
        }
        if !is_removed {
            if watch == Watch::Held && !self.is_leaving() {
                return (Stage::Looking { log, watcher, waits: true }, Ok(self.options.lease / 10));
            }
            match self.compare_with(&log) {
                Ok(Compared::Differs { .. }) => {}
                done => {
                    let done = done.map_err(|halt| self.doubt(halt, now));
                    let done = done.and_then(|compared| self.rest_after(&compared, news));
                    return (Stage::Looking { log, watcher, waits: false }, done);
                }
            }
        }
        if watch == Watch::Held {
            return (Stage::Looking { log, watcher, waits: true }, Ok(self.options.lease / 10));
        }
        let claimant = Claimant::new(self.session(), &self.mirror).following(log.highest());
        (Stage::Claiming { log, claimant }, Ok(Duration::ZERO))
    }

    /// Nothing has to be sent.
    fn rest_after(
        &mut self,
        compared: &Compared,
        news: &mut Vec<MirrorNews>,
    ) -> Result<Duration, Halt> {
        if matches!(compared, Compared::NotYet) {
            return Ok(Duration::ZERO);
        }
        self.say_whole(news);
        match self.until {
            Until::ThisLook => Err(Halt::Over(MirrorOver::LetGo)),
            Until::Left | Until::NextLook => Ok(self.options.interval),
        }
    }

    fn is_leaving(&self) -> bool {
        self.until != Until::Left
    }

    fn doubt(&mut self, halt: Halt, now: Duration) -> Halt {
        let is_leaving = self.is_leaving();
        self.doubts.weigh(halt, now, self.options.lease, is_leaving)
    }

    fn say_whole(&mut self, news: &mut Vec<MirrorNews>) {
        self.doubts = Doubts::default();
        news.push(MirrorNews::Whole(self.promised));
    }

    /// Reads what is new in the replica's log.
    fn read_replica(&mut self) -> Result<(), Halt> {
        self.promised = self.newest;
        if self.until == Until::NextLook {
            self.until = Until::ThisLook;
        }
        let known = self.log.end().map(|(epoch, position, entry)| (epoch, position, entry.nonce));
        self.refresh_replica()?;
        if let Some(known) = known
            && !block_on(self.log.stands(&self.replica, known)).map_err(in_replica)?
        {
            // It was compacted, or has lost entries. What was read before may be of a log that is none any more.
            self.log = Log::new(self.session());
            self.refresh_replica()?;
        }
        Ok(())
    }

    fn refresh_replica(&mut self) -> Result<(), Halt> {
        block_on(self.log.refresh_in_one_look(&self.replica)).map_err(in_replica)
    }

    fn compare_with(&mut self, log: &Log) -> Result<Compared, Halt> {
        let there = log.replay().map_err(Halt::of(Side::Mirror))?;
        self.compare(log, &there, Place::newest_of(log))
    }

    /// Compares the files of both sides, once it is known that none is lost by making them the same.
    fn compare(
        &mut self,
        log: &Log,
        there: &Files,
        newest: Option<Place>,
    ) -> Result<Compared, Halt> {
        let compared = self.compare_files(log, there, newest)?;
        if !matches!(compared, Compared::NotYet) {
            self.doubts.forget_gap();
        }
        Ok(compared)
    }

    fn compare_files(
        &mut self,
        log: &Log,
        there: &Files,
        newest: Option<Place>,
    ) -> Result<Compared, Halt> {
        let source =
            ReplicaSource::new(&self.replica, &self.log).map_err(Halt::of(Side::Replica))?;
        if !self.log.is_settled() {
            return Err(Halt::Unsettled);
        }
        let history = match newest {
            Some(place) => block_on(place.history(&self.replica, &self.log)).map_err(in_replica)?,
            None if there.all().is_empty() => History::Same,
            None => History::Another,
        };
        let is_known = history == History::Same;
        let both = (&self.mirror, log);
        let compared = block_on(self.alike.difference(both, &source, there));
        let Some(mut differences) = compared.map_err(Halt::of_comparison)? else {
            return Ok(Compared::NotYet);
        };
        if !is_known {
            let both = (&self.mirror, log, there);
            let contained = block_on(is_contained(both, &source, &differences, history));
            if !contained.map_err(Halt::of_comparison)? {
                return Err(Halt::Refused(Unmirrored::MirrorIsAhead));
            }
            self.forget_checkpoints();
        }
        if self.log.end().is_none() {
            self.forget_checkpoints();
            return Ok(Compared::Whole);
        }
        let is_same = differences.values().all(|difference| *difference == Difference::Same);
        // A place whose epoch is gone is named anew: each look at it asks for the seals.
        let is_current = is_known && newest.is_none_or(|place| !place.is_old(&self.log));
        if is_same && (is_current || there.all().is_empty()) {
            return Ok(Compared::Whole);
        }
        let end = block_on(Place::end_of(&self.replica, &self.log)).map_err(in_replica)?;
        let end = end.ok_or(Halt::Again)?;
        replace_all(&mut differences);
        Ok(Compared::Differs { source: Box::new(source), end, differences })
    }

    fn claim(
        &mut self,
        now: Duration,
        mut log: Log,
        mut claimant: Claimant,
    ) -> (Stage, Result<Duration, Halt>) {
        let claim = match block_on(claimant.claim(&self.mirror, &mut log)) {
            Ok(claim) => claim,
            Err(ClaimError::Store(fault)) => {
                return (Stage::Claiming { log, claimant }, Err(in_mirror(fault)));
            }
            Err(ClaimError::Outrun | ClaimError::Removed) => {
                return (Stage::looking(self.session()), Ok(AFTER_FAULT));
            }
        };
        if self.log.tombstone().is_some() {
            let removing = Removing::new(self.mirror.clone(), claim, log);
            return (Stage::Removing(Box::new(removing)), Ok(Duration::ZERO));
        }
        // From here on, a look that can't be ended is said again, and leaving waits for what is sent.
        self.doubts.forget_refusal();
        let newest = Place::newest_of(&log);
        match Owner::new(self.mirror.clone(), claim, log, 1) {
            Ok(mut owner) => {
                owner.renew(&self.options.machine);
                (Stage::Owning(Box::new(Owning::new(owner, newest, now))), Ok(Duration::ZERO))
            }
            Err(error) => (Stage::looking(self.session()), Err(Halt::of(Side::Mirror)(error))),
        }
    }

    fn remove(&mut self, mut removing: Box<Removing<Direct>>) -> (Stage, Result<Duration, Halt>) {
        match block_on(removing.step()) {
            Ok(true) => (Stage::Removing(removing), Ok(Duration::ZERO)),
            Ok(false) => {
                let clearing = Clearing::new(removing.log().clone());
                (Stage::Clearing(Box::new(clearing), true), Ok(Duration::ZERO))
            }
            Err(trouble) => match Halt::of_mirror(trouble) {
                halt @ Halt::Store(..) => (Stage::Removing(removing), Err(halt)),
                halt => (Stage::looking(self.session()), Err(halt)),
            },
        }
    }

    /// Deletes what is left, or has come back, of a session that is removed in the mirror.
    fn clear(
        &mut self,
        mut clearing: Box<Clearing>,
        is_news: bool,
    ) -> (Stage, Result<Duration, Halt>) {
        match block_on(clearing.step(&self.mirror)) {
            Ok(true) => (Stage::Clearing(clearing, is_news), Ok(Duration::ZERO)),
            Ok(false) => {
                let over = match self.log.tombstone() {
                    Some(_) if is_news => MirrorOver::Removed,
                    Some(_) => MirrorOver::WasRemoved,
                    None => MirrorOver::RemovedThere,
                };
                (Stage::Over, Err(Halt::Over(over)))
            }
            Err(fault) => (Stage::Clearing(clearing, is_news), Err(in_mirror(fault))),
        }
    }
}

impl Stage {
    fn looking(session: SessionId) -> Self {
        Self::Looking { log: Log::new(session), watcher: Watcher::default(), waits: false }
    }
}
