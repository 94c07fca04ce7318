//! The sessions of a replica, beside this machine's.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::recorder::{Recorder, SessionFiles};
use super::{
    CompareError, Direct, Epoch, FetchError, FileName, Log, Mark, Position, ReadError, Receiver,
    ReplicaStore, Standing, StoreFault, Watch, Watcher, block_on, compare, fetch,
};
use crate::disk::{HostId, HostIdOrigin, LocalStore, MemoryDisk, StoredSession};
use crate::format::{FileProblemKind, SessionIndex};
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::read::recovery::{
    FoundSession, KnownTypes, RecoveryOffer, SessionEntry, SessionFinder, entry_of_line,
    look_at_new,
};

/// The number of looks after which a removed session is looked at again.
const SKIPPED: u32 = 9;

/// A session in a replica.
#[derive(Clone, PartialEq, Debug)]
pub struct ReplicaSession {
    /// The session.
    pub session: SessionId,
    /// Its entry for listings, as of when it was read last: while another machine plays it, it isn't read again. Of a
    /// session with a fork it is that of the line that was played last, if that can go on. `None` if nothing of it can be
    /// read.
    pub entry: Option<SessionEntry>,
    /// True if nothing was sent of it yet by which it would have an entry: no journal, as during a long first upload.
    pub is_unsent: bool,
    /// Its owner.
    pub owner: ReplicaOwner,
    /// The offer to recover it, if its owner crashed and it can be taken over.
    pub offer: Option<RecoveryOffer>,
    /// True if this machine has played it last.
    pub is_from_here: bool,
    /// The relation of this machine's files to it; `None` if this machine has none.
    pub here: Option<Standing>,
}

impl ReplicaSession {
    /// Returns true if this machine has played it last and has nothing of it any more.
    #[must_use]
    pub fn was_removed_here(&self) -> bool {
        self.is_from_here && self.here.is_none()
    }
}

/// The owner of a session in a replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReplicaOwner {
    /// None: its last owner has released it.
    Nobody,
    /// This machine, which plays it.
    ThisMachine,
    /// A machine of this name, as far as can be known.
    Another(String),
    /// A machine of this name, which has been silent for the length of a lease.
    Silent(String),
}

impl ReplicaOwner {
    /// Returns true if the session can be taken over at once.
    #[must_use]
    pub fn may_be_followed(&self) -> bool {
        matches!(self, Self::Nobody | Self::Silent(_))
    }

    /// The name of the machine that owns it, as far as can be known; `None` if there is none, and for this machine.
    #[must_use]
    pub fn machine(&self) -> Option<&str> {
        match self {
            Self::Another(machine) => Some(machine),
            Self::Nobody | Self::ThisMachine | Self::Silent(_) => None,
        }
    }
}

/// The outcome of a look at one session.
pub(super) enum Looked {
    /// There is more to read.
    InPart,
    TooLarge,
    Removed,
    Found(Box<ReplicaSession>),
}

/// The findings about all sessions of a replica.
#[derive(Default)]
pub(super) struct Survey {
    seen: BTreeMap<SessionId, Seen>,
}

struct Seen {
    /// Looks in which a removed session isn't looked at.
    skips: u32,
    log: Log,
    watcher: Watcher,
    /// What the log's end was when the session was read: its epoch, its position and the number of entries.
    read_at: Option<(Epoch, Position, usize)>,
    /// The stamp of this machine's files when they were compared.
    stamp: Option<u64>,
    entry: Option<SessionEntry>,
    /// The players of all its lines; `None` if it can't be read.
    players: Option<BTreeSet<String>>,
    is_unsent: bool,
    offer: Option<RecoveryOffer>,
    is_from_here: bool,
    here: Option<Standing>,
}

/// The surroundings of a survey.
pub(super) struct Surveyor<'a> {
    pub store: &'a Arc<dyn ReplicaStore>,
    pub local: &'a LocalStore,
    pub types: &'a dyn KnownTypes,
    pub game: &'a str,
    pub lease: Duration,
    /// The mark that this machine has of a session.
    pub mark: &'a dyn Fn(SessionId) -> Option<Mark>,
    /// Sessions that have an owner are read as well, though they are others by then.
    pub reads_all: bool,
}

impl Survey {
    /// The findings about a session.
    pub fn seen(&self, session: SessionId) -> Option<(Log, Watcher)> {
        let seen = self.seen.get(&session)?;
        Some((seen.log.clone(), seen.watcher.clone()))
    }

    /// The log of a session, and the players of all its lines, as far as both are of one moment and can be read.
    pub fn read(&self, session: SessionId) -> Option<(&Log, &BTreeSet<String>)> {
        let seen = self.seen.get(&session)?;
        let players = seen.players.as_ref().filter(|_| seen.read_at == Some(end_of(&seen.log)))?;
        Some((&seen.log, players))
    }

    /// Looks at one session of the store beside other work: each time so many entries are read, and once all are, what it has, if
    /// that isn't more than so many bytes.
    pub fn look_at(
        &mut self,
        session: SessionId,
        (most_entries, most_bytes): (usize, u64),
        surveyor: &Surveyor<'_>,
        now: Moment,
    ) -> Result<Looked, StoreFault> {
        let reach = Direct(Arc::clone(surveyor.store));
        let seen = self.seen.entry(session).or_insert_with(|| Seen::nothing_of(session));
        if !block_on(seen.log.read_ahead(&reach, most_entries))? {
            return Ok(Looked::InPart);
        }
        block_on(seen.log.refresh(&reach))?;
        if seen.log.bytes() > most_bytes {
            return Ok(Looked::TooLarge);
        }
        let owner = seen.judge(&reach, surveyor, false, now)?;
        Ok(owner.map_or(Looked::Removed, |owner| Looked::Found(Box::new(seen.found(owner)))))
    }

    /// The logs of the sessions that were removed.
    pub fn removed(&self) -> impl Iterator<Item = &Log> {
        self.seen.values().map(|seen| &seen.log).filter(|log| log.tombstone().is_some())
    }

    /// Looks at all sessions. Those that were removed aren't among them.
    pub fn look(
        &mut self,
        surveyor: &Surveyor<'_>,
        own: &dyn Fn(SessionId) -> bool,
        now: Moment,
    ) -> Result<Vec<ReplicaSession>, StoreFault> {
        let sessions = surveyor.store.sessions()?;
        self.seen.retain(|session, _| sessions.contains(session));
        let mut found = Vec::new();
        for session in sessions {
            let seen = self.seen.entry(session).or_insert_with(|| Seen::nothing_of(session));
            if seen.is_skipped() {
                continue;
            }
            if let Some(owner) = seen.look(surveyor, own(session), now)? {
                found.push(seen.found(owner));
            }
        }
        Ok(found)
    }
}

impl Seen {
    fn nothing_of(session: SessionId) -> Self {
        let (log, watcher) = (Log::new(session), Watcher::default());
        Self {
            skips: 0,
            log,
            watcher,
            read_at: None,
            stamp: None,
            entry: None,
            players: None,
            is_unsent: false,
            offer: None,
            is_from_here: false,
            here: None,
        }
    }

    /// Returns true if nothing was left of a removed session, and it wasn't long ago: it may come back, but each look costs a
    /// request.
    fn is_skipped(&mut self) -> bool {
        let is_gone = self.log.tombstone().is_some() && !self.log.has_leftovers();
        self.skips = if is_gone && self.skips < SKIPPED { self.skips + 1 } else { 0 };
        self.skips > 0
    }

    /// What was found of the session, which has this owner.
    fn found(&self, owner: ReplicaOwner) -> ReplicaSession {
        ReplicaSession {
            session: self.log.session(),
            entry: self.entry.clone(),
            is_unsent: self.is_unsent,
            offer: self.offer.clone().filter(|_| owner.may_be_followed()),
            owner,
            is_from_here: self.is_from_here,
            here: self.here,
        }
    }

    /// Reads what is new in the log. The owner of the session; `None` if it was removed.
    fn look(
        &mut self,
        surveyor: &Surveyor<'_>,
        is_own: bool,
        now: Moment,
    ) -> Result<Option<ReplicaOwner>, StoreFault> {
        let reach = Direct(Arc::clone(surveyor.store));
        block_on(self.log.refresh(&reach))?;
        self.judge(&reach, surveyor, is_own, now)
    }

    /// The same by the log as it was read.
    fn judge(
        &mut self,
        reach: &Direct,
        surveyor: &Surveyor<'_>,
        is_own: bool,
        now: Moment,
    ) -> Result<Option<ReplicaOwner>, StoreFault> {
        let watch = self.watcher.look(&self.log, now.elapsed, surveyor.lease);
        let name = || self.log.owner().unwrap_or_default().to_owned();
        let owner = match watch {
            Watch::Removed => return Ok(None),
            _ if is_own => ReplicaOwner::ThisMachine,
            Watch::Free => ReplicaOwner::Nobody,
            Watch::Held => ReplicaOwner::Another(name()),
            Watch::Lapsed => ReplicaOwner::Silent(name()),
        };
        let end = end_of(&self.log);
        // Of a session whose owner has sent nothing yet, not even the name is known.
        let may_be_read = surveyor.reads_all || owner.may_be_followed() || self.entry.is_none();
        let is_new = self.read_at != Some(end) && may_be_read;
        let stamp = surveyor.local.store.session_stamp(self.log.session()).ok();
        if is_new || (stamp != self.stamp && owner.may_be_followed()) {
            let here = stands_here(reach, &self.log, surveyor)?;
            (self.here, self.stamp) = (here, stamp);
        }
        if is_new && self.read(reach, surveyor, now)? {
            self.read_at = Some(end);
        }
        Ok(Some(owner))
    }

    /// Reads what the replica has of it as the planner reads it on a disk. What can't be read leaves what was known. Returns false if a compaction has moved something meanwhile, so that it has to be read again.
    fn read(
        &mut self,
        reach: &Direct,
        surveyor: &Surveyor<'_>,
        now: Moment,
    ) -> Result<bool, StoreFault> {
        let session = self.log.session();
        let opened = match open_fetched(reach, &self.log, surveyor.local) {
            Ok(opened) => opened,
            Err(FetchError::Read(ReadError::Store(fault))) => return Err(fault),
            Err(FetchError::Read(ReadError::Missing { .. })) => return Ok(false),
            Err(error) => {
                warn!(%session, %error, "the session can't be read in the replica");
                self.players = None;
                return Ok(true);
            }
        };
        (self.entry, self.offer, self.is_from_here, self.is_unsent) = Default::default();
        let stored = opened.as_ref().map(|(_, stored)| stored);
        let heads = stored.iter().flat_map(|stored| stored.index().heads());
        let players = heads.filter_map(|head| head.metadata.player.clone()).collect();
        self.players = stored.is_none_or(says_whose_it_is).then_some(players);
        self.is_unsent = stored.is_none_or(|stored| has_no_journal(stored.index()));
        let Some((fetched, stored)) = opened else { return Ok(true) };
        let index = stored.index();
        let line = index.played_last().or(index.heads().first());
        self.is_from_here = line.is_some_and(|head| !fetched.is_elsewhere(head.host));
        let line = line.map(|head| entry_of_line(&stored, surveyor.types, head));
        let mut finder = SessionFinder::new(Arc::new(fetched), Vec::new(), Duration::ZERO)
            .of_game(surveyor.game.to_owned());
        let found = look_at_new(&mut finder, surveyor.types, stored, now.wall);
        let Some(FoundSession { entry, offers, .. }) = found else { return Ok(true) };
        // What was found is that of the line with the most checkpoints.
        let is_found =
            |line: &SessionEntry| entry.as_ref().is_some_and(|it| it.newest == line.newest);
        let entry = match line.filter(|line| !is_found(line)) {
            Some(line) => entry.map(|entry| SessionEntry { in_use: entry.in_use, ..line }),
            None => entry,
        };
        self.entry = entry.map(|entry| SessionEntry { bytes: entry.journal_bytes, ..entry });
        self.offer = offers.into_iter().next();
        Ok(true)
    }
}

/// The end of a log: its epoch, its position and the number of entries.
fn end_of(log: &Log) -> (Epoch, Position, usize) {
    let epoch = log.highest();
    (epoch, log.highest_position(epoch), log.len())
}

/// Opens what the replica has of a session as the planner opens it on a disk; `None` if that can't be opened.
fn open_fetched(
    reach: &Direct,
    log: &Log,
    local: &LocalStore,
) -> Result<Option<(LocalStore, StoredSession)>, FetchError> {
    let session = log.session();
    let (memory, layout) = (MemoryDisk::default(), local.store.layout().clone());
    let place = SessionFiles::of(&layout, session);
    let mut files = InMemory { disk: &memory, place: &place, file: None };
    block_on(fetch(reach, log, &mut files))?;
    let mut fetched = LocalStore::new(Arc::new(memory), layout);
    // What isn't of this machine is of another one, even if this one is new.
    fetched.host = HostId { origin: HostIdOrigin::Known, ..local.host };
    fetched.boot.clone_from(&local.boot);
    let stored = fetched.store.open_session(session).ok();
    Ok(stored.map(|stored| (fetched, stored)))
}

/// Returns true if the lines of a session say whose it is. A file that can't be read may hold a newer one, by which it is
/// another player's; of one that is damaged in part, the header says it.
fn says_whose_it_is(stored: &StoredSession) -> bool {
    use FileProblemKind::{Damaged, Newer, NoFile, Unreadable};
    let hides_a_line =
        |kind: &FileProblemKind| matches!(kind, Damaged | Newer(_) | NoFile | Unreadable { .. });
    !stored.index().problems().iter().any(|problem| hides_a_line(&problem.kind))
}

/// Returns true if no file is there that says anything of a session.
fn has_no_journal(index: &SessionIndex) -> bool {
    index.heads().is_empty() && index.problems().is_empty() && !index.is_forgotten()
}

/// The relation of this machine's files to a log; `None` if there are none. Files that can't be compared count as the same:
/// the replica has nothing more that could be had.
fn stands_here(
    reach: &Direct,
    log: &Log,
    surveyor: &Surveyor<'_>,
) -> Result<Option<Standing>, StoreFault> {
    let disk = surveyor.local.store.disk();
    let place = SessionFiles::of(surveyor.local.store.layout(), log.session());
    let recorder = match Recorder::new(&**disk, place) {
        Ok(recorder) if recorder.has_files() => recorder,
        Ok(_) => return Ok(None),
        Err(_) => return Ok(Some(Standing::Same)),
    };
    let (here, _) = recorder.begin_comparison(disk);
    let Ok(there) = log.replay() else { return Ok(Some(Standing::Same)) };
    let (mark, next) = ((surveyor.mark)(log.session()), log.highest().next());
    match block_on(compare(reach, log, &here, &there, mark.as_ref(), next)) {
        Ok(standing) => Ok(Some(standing)),
        Err(CompareError::There(ReadError::Store(fault))) => Err(fault),
        Err(_) => Ok(Some(Standing::Same)),
    }
}

struct InMemory<'a> {
    disk: &'a MemoryDisk,
    place: &'a SessionFiles,
    file: Option<(FileName, Vec<u8>)>,
}

impl Receiver for InMemory<'_> {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.file = Some((name.clone(), Vec::new()));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.iter_mut().for_each(|(_, file)| file.extend_from_slice(bytes));
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some((name, bytes)) = self.file.take() {
            self.disk.put(&self.place.path(&name), &bytes);
        }
        Ok(())
    }
}
