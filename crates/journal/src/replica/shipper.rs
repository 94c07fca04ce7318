//! The work of a machine on a replica while it plays a session: it claims, compares, catches up, and sends what becomes
//! durable.
//!
//! [`Shipper::step`] does one piece of that and says when it wants to be called again, so that a thread, a test or a
//! program with a loop of its own can drive it. It never runs on the thread that plays.

mod arriving;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use self::arriving::Arriving;
use super::arrival::{Arrival, Arrived};
use super::claim::owner_of;
use super::comparison::is_gone;
use super::pause::AFTER_FAULT;
use super::recorder::{Happened, RecordedFiles, Recorder};
use super::{
    ArrivalError, CatalogueLine, CatchUp, Change, Claim, ClaimError, Claimant, CompareError,
    Direct, Epoch, FileName, Log, MAX_PAYLOAD, Mark, Owner, Position, Reach, ReadError,
    ReplicaStore, Source, Standing, StoreFault, Trouble, Watch, Watcher, block_on, clear_removed,
    compare, difference,
};
use crate::disk::{Disk, LocalStore, SessionCard};
use crate::model::ids::SessionId;

/// Entries that are on their way at a time.
const WINDOW: usize = 4;
/// The time to rest when there is nothing to do.
const AT_REST: Duration = Duration::from_millis(20);
/// The number of failures of this machine's files in a row after which they last: a disk stays full, or a file continues to
/// be listed and missing because another program has removed it.
const MOST_IN_VAIN: u32 = 16;

/// News of the session in the replica.
#[derive(Debug)]
pub enum ReplicaNews {
    /// This machine owns it there.
    Claimed(Epoch),
    /// Everything up to this [`Recorder::count`] is in the replica, whatever happens to this machine.
    Replicated(u64),
    /// The store gives no answer.
    Lost(StoreFault),
    /// It answers again.
    Back,
    /// This machine's files can't be read or written while the session isn't played yet. It is tried again.
    Failed(io::Error),
    /// Nothing more is sent, for this reason. Local files are as they were.
    Over(Over),
}

/// The reason that nothing more is sent.
#[derive(Debug)]
pub enum Over {
    /// Another machine owns the session by now.
    Fenced,
    /// The replica has something that this machine has never had, and the other way round.
    Forked,
    /// The session was removed from the replica.
    Removed,
    /// The replica has lost what it had acknowledged.
    WentBack,
    /// Everything is replicated, and another machine can claim the session at once.
    Released,
    /// The replica can't be read.
    Unreadable(ReadError),
    /// This machine's files can't be read or written, and nothing waits for that any longer: the session isn't played any
    /// more. While it is played it is tried again, for as long as it takes.
    Unread(io::Error),
}

impl Over {
    /// Returns true if the session isn't this machine's any more, even if the store answers again.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Fenced | Self::Forked | Self::Removed | Self::WentBack)
    }
}

/// The options of a [`Shipper`].
#[derive(Clone, Debug)]
pub struct ShipperOptions {
    /// The store of the session's files on this machine.
    pub local: Arc<LocalStore>,
    /// The recorder of the files that become durable there.
    pub recorder: Recorder,
    /// The name of this machine, so that people see who owns a session.
    pub machine: String,
    /// The time that an owner may be silent before another machine claims the session. It is renewed three times as
    /// often.
    pub lease: Duration,
    /// The least time between two transmissions. Nothing waits for it when a replica is caught up or drained.
    pub interval: Duration,
    /// The path of this machine's mark: a small file in its state directory.
    pub mark: PathBuf,
    /// True if a fork of the session is joined before it is played, and false if it is left to be played by itself.
    pub joins_forks: bool,
}

/// Sends a session's files to a replica.
pub struct Shipper {
    options: ShipperOptions,
    reach: Direct,
    stage: Stage,
    is_lost: bool,
    is_draining: bool,
    /// Nothing of it is sent for now.
    is_withheld: bool,
    /// Its files change by what is played; until then by what is fetched.
    is_played: bool,
    /// The time at which something was sent last.
    sent_at: Option<Duration>,
    /// The number of failures of this machine's files since what was noted was sent.
    in_vain: u32,
    /// Distinguishes the temporary names in the replica from those of others.
    staging: u64,
    /// It was released, and something of this machine's isn't there.
    has_unsent: bool,
}

enum Stage {
    Waiting { log: Log, watcher: Watcher },
    Claiming { log: Log, claimant: Claimant },
    Arriving(Box<Arriving>),
    Owning(Box<Owning>),
    Over,
}

struct Owning {
    owner: Owner<Direct>,
    mark: Mark,
    /// The mark is on disk.
    is_marked: bool,
    catch_up: Option<(CatchUp, RecordedFiles, u64)>,
    /// True if the changes aren't known, even if some are noted by now: both sides are to be compared before anything
    /// else is sent.
    must_compare: bool,
    /// The store's catalogue may have a line about the session.
    is_listed: bool,
    /// The time of the first line about it, which comes before a renewal: who shares the session asks if it is played.
    introduced: Option<Duration>,
    /// The number that is reached with each entry that is sent.
    sent: VecDeque<(Position, u64)>,
    renewed: Duration,
}

impl fmt::Debug for Shipper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shipper").field("session", &self.session()).finish_non_exhaustive()
    }
}

/// The reason that a step failed.
enum Halt {
    Store(StoreFault),
    /// A file of this machine can't be read or written now.
    Local(io::Error),
    Over(Over),
}

impl From<StoreFault> for Halt {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(fault) => Self::Store(fault),
            error => Self::Over(Over::Unreadable(error)),
        }
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Local(error)
    }
}

impl From<CompareError> for Halt {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Here(error) => error.into(),
            CompareError::There(error) => error.into(),
        }
    }
}

impl From<ArrivalError> for Halt {
    fn from(error: ArrivalError) -> Self {
        match error {
            ArrivalError::Read(error) => error.into(),
            ArrivalError::Write(error) => error.into(),
        }
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(fault) => Self::Store(fault),
            Trouble::Fenced => Self::Over(Over::Fenced),
            Trouble::WentBack => Self::Over(Over::WentBack),
            Trouble::Ended => Self::Over(Over::Released),
            Trouble::Unreadable(error) => error.into(),
        }
    }
}

impl Shipper {
    /// One that hasn't asked the store for anything yet.
    #[must_use]
    pub fn new(store: Arc<dyn ReplicaStore>, options: ShipperOptions) -> Self {
        let log = Log::new(options.recorder.place().session);
        let stage = Stage::Waiting { log, watcher: Watcher::default() };
        let (is_lost, is_draining, is_withheld, is_played) = (false, false, false, false);
        let (sent_at, in_vain) = (None, 0);
        let reach = Direct(store);
        let staging = reach.random() as u64;
        Self {
            options,
            reach,
            stage,
            is_lost,
            is_draining,
            is_withheld,
            is_played,
            sent_at,
            in_vain,
            staging,
            has_unsent: false,
        }
    }

    /// The same of one who has looked at the session before: since then its owner's silence counts.
    #[must_use]
    pub(super) fn having_seen(self, log: Log, watcher: Watcher) -> Self {
        Self { stage: Stage::Waiting { log, watcher }, ..self }
    }

    /// Returns true if the store gave no answer when it was asked last.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.options.recorder.place().session
    }

    /// From now on the session is played here: what the replica has isn't fetched any more.
    pub fn play(&mut self) {
        self.is_played = true;
    }

    /// Returns true if it waits for the session's owner to go, or to be silent for the length of a lease.
    #[must_use]
    pub fn waits_for_owner(&self) -> bool {
        matches!(self.stage, Stage::Waiting { .. }) && !self.is_lost
    }

    /// Returns true if the session is this machine's in the replica, as far as it knows.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        matches!(self.stage, Stage::Arriving(_) | Stage::Owning(_))
    }

    /// Returns true if the session was released though the replica lacks something that this machine has.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.has_unsent
    }

    /// Returns true if this machine's files can't be read or written, and that lasts.
    #[must_use]
    pub fn fails_here(&self) -> bool {
        self.in_vain >= MOST_IN_VAIN
    }

    /// Sends nothing more of the session's files, or goes on with all that was withheld. An entry that was begun is ended.
    /// Where the session is drained meanwhile, it is released with what the replica has.
    pub fn withhold(&mut self, is_withheld: bool) {
        if std::mem::replace(&mut self.is_withheld, is_withheld)
            && !is_withheld
            && let Stage::Owning(owning) = &mut self.stage
        {
            owning.introduced = Some(Duration::ZERO);
        }
    }

    /// Returns true if nothing of the session is sent for now.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// From now on everything is sent, and then the session is released. The next news of the kind
    /// [`ReplicaNews::Over`] says when that is done.
    pub fn drain(&mut self) {
        if !std::mem::replace(&mut self.is_draining, true) {
            self.in_vain = 0;
        }
    }

    /// Returns true if nothing more comes of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Does one piece at a moment of the monotonic clock, and adds what became of it to `news`. The duration is how long
    /// nothing has to be done.
    pub fn step(&mut self, now: Duration, news: &mut Vec<ReplicaNews>) -> Duration {
        let is_unclaimed = matches!(self.stage, Stage::Waiting { .. } | Stage::Claiming { .. });
        if is_unclaimed && self.is_withheld && self.is_played {
            return AT_REST;
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let (stage, done) = match stage {
            Stage::Waiting { log, watcher } => self.wait(now, log, watcher),
            Stage::Claiming { log, claimant } => self.claim(now, log, claimant, news),
            Stage::Arriving(arriving) => self.arrive(now, arriving, news),
            Stage::Owning(mut owning) => {
                let done = self.own(now, &mut owning, news);
                (Stage::Owning(owning), done)
            }
            Stage::Over => return Duration::MAX,
        };
        self.stage = stage;
        match done {
            Ok(rest) => {
                if std::mem::take(&mut self.is_lost) {
                    news.push(ReplicaNews::Back);
                }
                rest
            }
            Err(Halt::Store(fault)) => {
                if !std::mem::replace(&mut self.is_lost, true) {
                    news.push(ReplicaNews::Lost(fault));
                }
                AFTER_FAULT
            }
            Err(Halt::Local(error)) => self.fail_here(error, news),
            Err(Halt::Over(over)) => self.end(over, news),
        }
    }

    /// A file of this machine can't be read or written. A session that is played stays this machine's in the replica: what is
    /// missing there is sent once it can be, and an owner who gave up would not hear that another machine plays by now.
    fn fail_here(&mut self, error: io::Error, news: &mut Vec<ReplicaNews>) -> Duration {
        let passes = is_gone(&error) || error.kind() == io::ErrorKind::ResourceBusy;
        let is_asked_for = !self.is_played && !self.is_draining;
        let lasts = self.fails_here() || is_asked_for && !passes;
        if lasts && self.is_draining {
            return self.end(Over::Unread(error), news);
        }
        self.in_vain = self.in_vain.saturating_add(1);
        let rest = match lasts {
            // One that is owned is renewed in time.
            true if self.is_owner() => self.options.lease / 3,
            // Each try claims once more, before a machine that waits for the session may.
            true => self.options.lease / 2,
            false if is_gone(&error) => AT_REST,
            false => AFTER_FAULT,
        };
        if lasts && is_asked_for {
            news.push(ReplicaNews::Failed(error));
        } else if self.in_vain == MOST_IN_VAIN {
            let session = self.session();
            warn!(%session, %error, "files can't be read or written for the replica, so it falls behind");
        }
        rest
    }

    fn end(&mut self, over: Over, news: &mut Vec<ReplicaNews>) -> Duration {
        self.stage = Stage::Over;
        news.push(ReplicaNews::Over(over));
        Duration::MAX
    }

    fn wait(
        &self,
        now: Duration,
        mut log: Log,
        mut watcher: Watcher,
    ) -> (Stage, Result<Duration, Halt>) {
        if let Err(fault) = block_on(log.refresh(&self.reach)) {
            return (Stage::Waiting { log, watcher }, Err(fault.into()));
        }
        match watcher.look(&log, now, self.options.lease) {
            Watch::Removed => {
                // Entries that have come back are removed once more.
                let _ = block_on(clear_removed(&self.reach, &log));
                (Stage::Over, Err(Halt::Over(Over::Removed)))
            }
            // A machine that has forked needn't wait for the owner, nor take its session.
            _ if !self.is_played && !self.options.joins_forks && self.has_forked(&log) => {
                (Stage::Over, Err(Halt::Over(Over::Forked)))
            }
            Watch::Held if !self.is_own(log.highest()) => {
                (Stage::Waiting { log, watcher }, Ok(self.options.lease / 10))
            }
            Watch::Held | Watch::Free | Watch::Lapsed => {
                let claimant = Claimant::new(self.session(), &self.reach);
                let claimant = claimant.following(log.highest());
                (Stage::Claiming { log, claimant }, Ok(Duration::ZERO))
            }
        }
    }

    /// Returns true if this machine and the replica have surely changed without each other. A fork that can't be known
    /// yet is found once the session is claimed.
    fn has_forked(&self, log: &Log) -> bool {
        let Ok(there) = log.replay() else { return false };
        let (here, _) = self.options.recorder.begin_comparison(self.options.local.store.disk());
        let (mark, next) = (self.read_mark(), log.highest().next());
        let standing = compare(&self.reach, log, &here, &there, mark.as_ref(), next);
        matches!(block_on(standing), Ok(Standing::Forked))
    }

    /// Returns true if the newest claim is an earlier one of this machine, whose lock on the session this process
    /// holds.
    fn is_own(&self, epoch: Epoch) -> bool {
        let mark = self.read_mark().map(|mark| mark.claim);
        let owner = block_on(owner_of(&self.reach, self.session(), epoch));
        mark.is_some_and(|claim| matches!(owner, Ok(Some(owner)) if owner == claim.id))
    }

    fn claim(
        &self,
        now: Duration,
        mut log: Log,
        mut claimant: Claimant,
        news: &mut Vec<ReplicaNews>,
    ) -> (Stage, Result<Duration, Halt>) {
        match block_on(claimant.claim(&self.reach, &mut log)) {
            Err(ClaimError::Store(fault)) => (Stage::Claiming { log, claimant }, Err(fault.into())),
            Err(ClaimError::Removed) => (Stage::Over, Err(Halt::Over(Over::Removed))),
            Err(ClaimError::Outrun) => {
                let watcher = Watcher::default();
                (Stage::Waiting { log, watcher }, Ok(AT_REST))
            }
            Ok(claim) => {
                let epoch = claim.epoch;
                let begun = self.begin(now, claim, log);
                self.claimed(epoch, begun, news)
            }
        }
    }

    /// Continues where a session that was claimed is to be had, and where it isn't.
    fn claimed(
        &self,
        epoch: Epoch,
        begun: Result<Stage, Halt>,
        news: &mut Vec<ReplicaNews>,
    ) -> (Stage, Result<Duration, Halt>) {
        match begun {
            Ok(stage) => {
                if matches!(stage, Stage::Owning(_)) {
                    news.push(ReplicaNews::Claimed(epoch));
                }
                (stage, Ok(Duration::ZERO))
            }
            Err(halt @ (Halt::Store(_) | Halt::Local(_))) => {
                // The epoch that was claimed is left, and the next one taken, unless another has taken it meanwhile: it
                // has waited until this machine was silent for the length of a lease, and plays by now.
                let log = Log::new(self.session());
                let claimant = Claimant::new(self.session(), &self.reach).following(epoch);
                (Stage::Claiming { log, claimant }, Err(halt))
            }
            Err(halt) => (Stage::Over, Err(halt)),
        }
    }

    /// Compares both sides, and begins to bring here what is newer in the replica, or to catch it up.
    fn begin(&self, now: Duration, claim: Claim, log: Log) -> Result<Stage, Halt> {
        let ShipperOptions { local, recorder, .. } = &self.options;
        let mut owner = Owner::new(self.reach.clone(), claim, log, WINDOW)?;
        let before = self.read_mark();
        let (here, _) = recorder.begin_comparison(local.store.disk());
        let (reach, store, place) = (&self.reach, &local.store, recorder.place());
        let standing =
            compare(reach, owner.log(), &here, owner.files(), before.as_ref(), claim.epoch);
        let (arrival, joins) = match block_on(standing)? {
            Standing::Same | Standing::ReplicaIsBehind => {
                return Ok(Stage::Owning(Box::new(self.owning(now, owner)?)));
            }
            Standing::MachineIsBehind if !self.is_played => {
                let log = (reach, owner.log());
                (Some(block_on(Arrival::replacing(log, &here, store, place))?), false)
            }
            Standing::Forked if !self.is_played && self.options.joins_forks => {
                let log = (reach, owner.log());
                (block_on(Arrival::joining(log, &here, store, place))?, true)
            }
            // The session that is played continues from the machine's files.
            Standing::MachineIsBehind | Standing::Forked => (None, false),
        };
        match arrival {
            Some(arrival) => {
                owner.renew(&self.options.machine);
                Ok(Stage::Arriving(Box::new(Arriving { owner, arrival, joins, renewed: now })))
            }
            None => {
                // Another needn't wait for who doesn't play it.
                let _ = block_on(owner.release());
                Err(Halt::Over(Over::Forked))
            }
        }
    }

    /// The owner's work from here on: the files of this machine are those of the session.
    fn owning(&self, now: Duration, mut owner: Owner<Direct>) -> Result<Owning, Halt> {
        let mark = Mark::new(owner.claim(), owner.files());
        self.write_mark(&mark)?;
        owner.renew(&self.options.machine);
        let catch_up = Some(self.catch_up(&owner)?);
        let (is_marked, must_compare, sent) = (true, false, VecDeque::new());
        let (is_listed, introduced) = (true, Some(now));
        Ok(Owning {
            owner,
            mark,
            is_marked,
            catch_up,
            must_compare,
            is_listed,
            introduced,
            sent,
            renewed: now,
        })
    }

    fn catch_up(&self, owner: &Owner<Direct>) -> Result<(CatchUp, RecordedFiles, u64), Halt> {
        let (here, count) = self.options.recorder.begin_comparison(self.options.local.store.disk());
        let differences = block_on(difference(&self.reach, owner.log(), &here, owner.files()))?;
        let number_of = |name: &FileName| {
            let seed = self.staging.wrapping_add(here.number(name));
            xxh3_64_with_seed(name.name().as_bytes(), seed)
        };
        let catch_up = CatchUp::new(&number_of, &differences, &here.files()?, owner.files());
        Ok((catch_up, here, count))
    }

    fn own(
        &mut self,
        now: Duration,
        owning: &mut Owning,
        news: &mut Vec<ReplicaNews>,
    ) -> Result<Duration, Halt> {
        let is_renewed = now.saturating_sub(owning.renewed) >= self.options.lease / 3;
        if is_renewed {
            owning.renewed = now;
            owning.owner.renew(&self.options.machine);
            block_on(owning.owner.look_back())?;
        }
        let mut unsent = self.mark_claim(owning).err();
        if owning.is_marked {
            self.introduce(now, owning);
        }
        let mut is_idle = match self.send_if_due(now, owning, news) {
            Ok(is_sent) => !is_sent,
            // What was sent before is acknowledged all the same.
            Err(Halt::Local(error)) => {
                unsent = Some(error);
                true
            }
            Err(halt) => return Err(halt),
        };
        is_idle &= !self.compact(owning, news)?;
        block_on(owning.owner.settle())?;
        self.report(owning, news, false);
        if is_renewed {
            self.describe(owning, true);
        }
        if let Some(error) = unsent {
            return Err(error.into());
        }
        if self.is_draining && is_idle && owning.owner.is_settled() {
            // Both sides have these files now.
            self.write_mark(&Mark::new(owning.owner.claim(), owning.owner.files()))?;
            block_on(owning.owner.release())?;
            self.describe(owning, false);
            return Err(Halt::Over(Over::Released));
        }
        Ok(if is_idle && owning.owner.is_settled() { AT_REST } else { Duration::ZERO })
    }

    /// Sends one entry, if it is time to. Returns true if there was one.
    fn send_if_due(
        &mut self,
        now: Duration,
        owning: &mut Owning,
        news: &mut Vec<ReplicaNews>,
    ) -> Result<bool, Halt> {
        let may_send = owning.is_marked
            && !self.is_withheld
            && owning.owner.can_send()
            && owning.owner.has_room()
            && self.may_send(now, owning);
        if !may_send || !self.send(owning, news)? {
            return Ok(false);
        }
        self.sent_at = Some(now);
        // A part of a comparison may be sent many times.
        if owning.catch_up.is_none() {
            self.in_vain = 0;
        }
        Ok(true)
    }

    /// Describes a session that was claimed once there is a card of it. A player who isn't known yet may not agree.
    fn introduce(&self, now: Duration, owning: &mut Owning) {
        if !self.is_withheld && owning.introduced.is_some_and(|due| due <= now) {
            let is_described = self.describe(owning, true);
            owning.introduced = (!is_described).then(|| now.saturating_add(AFTER_FAULT));
        }
    }

    /// Writes the session's line into the store's catalogue, or takes it out where its player has withdrawn. It is for people, so a
    /// fault of it is no news, and it comes after the renewal beside it. Returns true if it was described.
    fn describe(&self, owning: &mut Owning, is_played: bool) -> bool {
        let (session, store, epoch) = (self.session(), &self.reach.0, owning.owner.claim().epoch);
        if self.is_withheld && owning.is_listed {
            owning.is_listed = store.forget(session, epoch).is_err();
        } else if let Some(card) = SessionCard::of(&self.options.local.store, session)
            && !self.is_withheld
        {
            let machine = is_played.then(|| self.options.machine.clone());
            store.describe(&CatalogueLine::of(card, epoch, machine));
            owning.is_listed = true;
            return true;
        }
        false
    }

    /// Makes the mark of a claim durable, before the first entry of the claim is sent.
    fn mark_claim(&self, owning: &mut Owning) -> io::Result<()> {
        if !owning.is_marked {
            self.write_mark(&owning.mark)?;
            owning.is_marked = true;
        }
        Ok(())
    }

    /// Does a piece of a compaction, if one is due or under way, and returns true if so. It waits for the claim's mark.
    fn compact(&self, owning: &mut Owning, news: &mut Vec<ReplicaNews>) -> Result<bool, Halt> {
        if owning.owner.is_compaction_due() && !self.is_draining && !self.is_withheld {
            block_on(owning.owner.begin_compaction())?;
        }
        if !owning.owner.is_compacting() {
            return Ok(false);
        }
        if owning.is_marked {
            block_on(owning.owner.compact())?;
            if owning.owner.claim() != owning.mark.claim {
                owning.mark = Mark::new(owning.owner.claim(), owning.owner.files());
                owning.is_marked = false;
                // Entries that were sent before the seal are acknowledged.
                self.report(owning, news, true);
                news.push(ReplicaNews::Claimed(owning.mark.claim.epoch));
            }
        }
        Ok(true)
    }

    /// Returns true if it is time to send the changes.
    fn may_send(&self, now: Duration, owning: &Owning) -> bool {
        let is_due = |sent: Duration| now.saturating_sub(sent) >= self.options.interval;
        let is_catching_up = owning.catch_up.is_some() || owning.must_compare;
        self.is_draining || is_catching_up || self.sent_at.is_none_or(is_due)
    }

    fn report(&self, owning: &mut Owning, news: &mut Vec<ReplicaNews>, all: bool) {
        let acknowledged = owning.owner.acknowledged_to();
        let mut reached = None;
        while let Some((_, count)) =
            owning.sent.pop_front_if(|(position, _)| all || *position <= acknowledged)
        {
            reached = Some(count);
        }
        news.extend(reached.map(ReplicaNews::Replicated));
    }

    /// Sends one entry. Returns true if there was one.
    fn send(&self, owning: &mut Owning, news: &mut Vec<ReplicaNews>) -> Result<bool, Halt> {
        if owning.must_compare {
            self.compare_again(owning)?;
        }
        if let Some((catch_up, here, count)) = &mut owning.catch_up {
            match catch_up.next(here) {
                Ok(Some((changes, payload))) => {
                    let (is_done, count) = (catch_up.is_done(), *count);
                    let position = owning.owner.send_changes(changes, &payload)?;
                    if is_done {
                        owning.sent.push_back((position, count));
                        owning.catch_up = None;
                    }
                }
                Ok(None) => {
                    // There was no difference.
                    news.push(ReplicaNews::Replicated(*count));
                    owning.catch_up = None;
                }
                Err(error) => {
                    owning.must_compare = is_gone(&error);
                    return Err(error.into());
                }
            }
            return Ok(true);
        }
        let Ok((changes, payload, count)) = self.changes() else {
            owning.must_compare = true;
            return self.send(owning, news);
        };
        if changes.is_empty() {
            return Ok(false);
        }
        let position = owning.owner.send_changes(changes, &payload)?;
        owning.sent.push_back((position, count));
        Ok(true)
    }

    /// Finds the files that the replica is to get. Changes up to now are forgotten with that, so the comparison stays
    /// due until it succeeds.
    fn compare_again(&self, owning: &mut Owning) -> Result<(), Halt> {
        owning.catch_up = None;
        block_on(owning.owner.settle_all())?;
        owning.catch_up = Some(self.catch_up(&owning.owner)?);
        owning.must_compare = false;
        Ok(())
    }

    /// The changes as one entry; an error if both sides have to be compared.
    fn changes(&self) -> Result<(Vec<Change>, Vec<u8>, u64), Unknown> {
        let ShipperOptions { recorder, local, .. } = &self.options;
        let disk = local.store.disk();
        let (mut changes, mut payload, mut count) = (Vec::new(), Vec::new(), 0);
        while let Some(happened) = recorder.front().map_err(|_| Unknown)? {
            let append = |name: &FileName, offset: u64, bytes: &[u8]| {
                let (len, hash) = (bytes.len() as u64, xxh3_64(bytes));
                Change::Append { name: name.clone(), offset, len, hash }
            };
            let read = |name, file, from, len| {
                recorder.read(&**disk, (name, file), from, len).map_err(|_| Unknown)
            };
            match &happened {
                Happened::Created(name) => changes.push(Change::Create { name: name.clone() }),
                Happened::Removed(name) => changes.push(Change::Remove { name: name.clone() }),
                // Larger ones are staged by a comparison.
                Happened::Grew { from, to, .. } if to - from > MAX_PAYLOAD as u64 => {
                    return Err(Unknown);
                }
                Happened::Replaced { len, .. } if *len > MAX_PAYLOAD as u64 => return Err(Unknown),
                Happened::Grew { name, file, from, to } => {
                    if !payload.is_empty() && payload.len() as u64 + to - from > MAX_PAYLOAD as u64
                    {
                        break;
                    }
                    let bytes = read(name, *file, *from, to - from)?;
                    changes.push(append(name, *from, &bytes));
                    payload.extend_from_slice(&bytes);
                }
                Happened::Replaced { name, file, len } => {
                    if !payload.is_empty() && payload.len() as u64 + len > MAX_PAYLOAD as u64 {
                        break;
                    }
                    let bytes = read(name, *file, 0, *len)?;
                    changes.push(Change::Remove { name: name.clone() });
                    changes.push(Change::Create { name: name.clone() });
                    changes.push(append(name, 0, &bytes));
                    payload.extend_from_slice(&bytes);
                }
            }
            count = recorder.take_front();
        }
        Ok((changes, payload, count))
    }

    fn read_mark(&self) -> Option<Mark> {
        read_mark(&**self.options.local.store.disk(), &self.options.mark)
    }

    fn write_mark(&self, mark: &Mark) -> io::Result<()> {
        let bytes = rmp_serde::to_vec(mark).map_err(io::Error::other)?;
        self.options.local.store.disk().replace(&self.options.mark, &bytes)
    }
}

/// The changes can't be sent as they happened.
struct Unknown;

/// The mark that a machine has of a session.
pub(super) fn read_mark(disk: &dyn Disk, path: &Path) -> Option<Mark> {
    const MOST: usize = 16 << 20;
    let bytes = disk.read(path, MOST).ok()?;
    rmp_serde::from_slice(&bytes).ok()
}
