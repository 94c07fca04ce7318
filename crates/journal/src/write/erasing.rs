//! Erases a player: from sessions, archives, trash, slots, indexes, digests, logs and process records, and from what
//! the audit log says.
//!
//! First all sessions are looked at, and nothing is changed: if one of the player's is played, that is the answer. Then
//! a file says durably that the player is being erased (`disk/erasure_files.rs`). From then on each step may be the last
//! before a power cut: a cleanup finds the file and begins again, and finds less to do. What can't be done now, such as in
//! a session of another player that is played, keeps the file, and the next cleanups try again. The receipt, an entry of
//! the audit log, comes before the file goes.
//!
//! A session of another player in which this one is named is reduced to its newest checkpoint, with other letters in the
//! place of the name ([`Snapshot::blanking`]): its earlier checkpoints and its events can't be changed in their place.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow::{Break, Continue};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tracing::{debug, warn};

use super::News;
use super::archiving::the_only_line;
use super::auditing::{Auditor, forget_in};
use super::filing::{forget_for_good, refuse_to_guess, take};
use super::jobs::{ActsFor, Holds, Job, Slice, Tools, Urgency, WaitsFor};
use super::snapshot::Snapshot;
use super::snapshot_writing::SnapshotWriting;
use super::trials::Trials;
use crate::disk::process::ProcessGuard;
use crate::disk::{
    DirectoryStore, Disk, Erasure, Layout, SessionLock, StoreError, StoredSession, blank_records,
    log_files, slots_in, with_sources,
};
use crate::format::{FRAME_HEADER_BYTES, FrameHeader, FrameOpener, Segment};
use crate::model::ids::{SessionId, Ticket, random_u64};
use crate::model::session::{
    Archived, AuditDeed, AuditEntry, ErasureOrder, ErasureReceipt, PlayerText, RequestError,
};
use crate::read::digest::Keepers;
use crate::read::recovery::{LockHolder, SessionFinder, standing};

/// The largest file in which a name is looked for at once.
const MOST_BYTES: usize = 4 << 30;
/// First bytes of a frame.
const FRAME: &[u8] = b"bvF\x1e";

/// What it is done with: of a process that plays, or of a tool, which has no record, no trials and no digests.
pub(super) struct ErasingTools<'a> {
    pub finder: &'a mut SessionFinder,
    pub digests: Option<&'a mut Keepers>,
    pub trials: Option<&'a mut Trials>,
    pub process: Option<&'a ProcessGuard>,
    pub auditor: &'a mut Auditor,
    pub now: Timestamp,
    pub news: &'a mut Vec<News>,
}

impl ErasingTools<'_> {
    fn note_changed(&mut self, session: SessionId) {
        if let Some(digests) = &mut self.digests {
            digests.note_changed(session);
        }
    }
}

impl Tools<'_> {
    pub(super) fn for_erasing(&mut self) -> ErasingTools<'_> {
        ErasingTools {
            finder: self.finder,
            digests: Some(&mut *self.digests),
            trials: Some(&mut *self.trials),
            process: Some(self.process),
            auditor: self.auditor,
            now: self.now.wall,
            news: self.news,
        }
    }
}

/// A player who is being erased.
pub(super) struct Erasing {
    erasure: Erasure,
    name: PlayerText,
    /// Whether the file says so already.
    has_begun: bool,
    stage: Stage,
    receipt: ErasureReceipt,
}

enum Stage {
    /// It is looked whose the sessions are.
    Look {
        waiting: Option<Vec<SessionId>>,
        found: Found,
    },
    /// Slots go: those of the player's sessions as long as it is known which these are.
    Slots(Found),
    /// The player's own sessions go.
    Remove(Found),
    /// Those of others are reduced.
    Reduce {
        named: VecDeque<SessionId>,
        reducing: Option<Box<Reducing>>,
    },
    State,
    Done,
}

/// Sessions in which the player was found.
#[derive(Default)]
struct Found {
    own: VecDeque<SessionId>,
    named: VecDeque<SessionId>,
}

/// A session of another player that is written again.
struct Reducing {
    session: SessionId,
    place: PathBuf,
    bytes_before: u64,
    writing: SnapshotWriting,
    _lock: SessionLock,
}

impl Erasing {
    /// Begins; `None` if the player has no name.
    pub(super) fn begin(order: ErasureOrder) -> Option<Self> {
        let ErasureOrder { player, by } = order;
        Self::of(Erasure { number: random_u64(), player, by }, false)
    }

    /// Goes on with what was begun.
    pub(super) fn resume(erasure: Erasure) -> Option<Self> {
        Self::of(erasure, true)
    }

    fn of(erasure: Erasure, has_begun: bool) -> Option<Self> {
        let name = PlayerText::of(&erasure.player, erasure.number)?;
        let receipt = ErasureReceipt { number: erasure.number, ..ErasureReceipt::default() };
        let stage = Stage::Look { waiting: None, found: Found::default() };
        Some(Self { erasure, name, has_begun, stage, receipt })
    }

    /// What was done.
    pub(super) fn receipt(self) -> ErasureReceipt {
        self.receipt
    }

    /// The session that it keeps to itself between two steps.
    pub(super) fn holds(&self) -> Holds {
        match &self.stage {
            Stage::Reduce { reducing: Some(reducing), .. } => Holds::Session(reducing.session),
            _ => Holds::Nothing,
        }
    }

    /// Lets go of it. It is begun again.
    pub(super) fn let_go(&mut self, finder: &SessionFinder) {
        let Stage::Reduce { named, reducing } = &mut self.stage else { return };
        if let Some(reducing) = reducing.take() {
            named.push_front(reducing.session);
            reducing.writing.let_go(finder.store());
        }
    }

    /// Does the next piece of work; whether there is more.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. Before the file says that the player is being erased nothing has changed then; after that, the
    /// next cleanup goes on.
    pub(super) fn step(&mut self, tools: &mut ErasingTools<'_>) -> Result<bool, RequestError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Look { waiting, found } => self.look(waiting, found, tools)?,
            Stage::Remove(found) => self.remove_next(found, tools),
            Stage::Reduce { named, reducing: None } => self.reduce_next(named, tools),
            Stage::Reduce { named, reducing: Some(reducing) } => {
                self.go_on_reducing(named, *reducing, tools)
            }
            Stage::Slots(found) => self.remove_slots(found, tools)?,
            Stage::State => {
                self.clear_state(tools)?;
                Stage::Done
            }
            Stage::Done => Stage::Done,
        };
        Ok(!matches!(self.stage, Stage::Done))
    }

    fn look(
        &mut self,
        waiting: Option<Vec<SessionId>>,
        mut found: Found,
        tools: &mut ErasingTools<'_>,
    ) -> Result<Stage, RequestError> {
        let store = tools.finder.store();
        let mut waiting = match waiting {
            Some(waiting) => waiting,
            None => store.sessions()?,
        };
        let Some(session) = waiting.pop() else { return self.begin_removing(found, store) };
        match whose(store, session, &self.name) {
            Ok(Whose::Own) if !self.has_begun && store.is_session_locked(session)? => {
                return Err(RequestError::SessionInUse);
            }
            Ok(Whose::Own) => found.own.push_back(session),
            Ok(Whose::Named) => found.named.push_back(session),
            Ok(Whose::Other) => {}
            Err(error) => {
                warn!(%session, error = %with_sources(&error), "it can't be read whose a session is");
                self.receipt.pending.push(session);
            }
        }
        Ok(Stage::Look { waiting: Some(waiting), found })
    }

    fn begin_removing(
        &mut self,
        found: Found,
        store: &DirectoryStore,
    ) -> Result<Stage, RequestError> {
        if !std::mem::replace(&mut self.has_begun, true) {
            store.begin_erasure(&self.erasure)?;
        }
        Ok(Stage::Slots(found))
    }

    fn remove_next(&mut self, mut found: Found, tools: &mut ErasingTools<'_>) -> Stage {
        let Some(session) = found.own.pop_front() else {
            return Stage::Reduce { named: found.named, reducing: None };
        };
        match remove(tools, session) {
            Ok((files, bytes)) => {
                self.receipt.sessions += 1;
                self.receipt.files += files;
                self.receipt.bytes += bytes;
                tools.news.push(News::Forgotten { session, result: Ok(()), ticket: None });
            }
            Err(error) => self.put_off(session, &error),
        }
        Stage::Remove(found)
    }

    fn reduce_next(
        &mut self,
        mut named: VecDeque<SessionId>,
        tools: &mut ErasingTools<'_>,
    ) -> Stage {
        let Some(session) = named.pop_front() else { return Stage::State };
        let reducing = match Reducing::begin(tools.finder, session, &self.name, tools.now) {
            Ok(reducing) => Some(Box::new(reducing)),
            Err(error) => {
                self.put_off(session, &error);
                None
            }
        };
        Stage::Reduce { named, reducing }
    }

    fn go_on_reducing(
        &mut self,
        named: VecDeque<SessionId>,
        reducing: Reducing,
        tools: &mut ErasingTools<'_>,
    ) -> Stage {
        let session = reducing.session;
        match reducing.step(tools.finder.store(), &self.name) {
            Ok(Continue(reducing)) => {
                return Stage::Reduce { named, reducing: Some(Box::new(reducing)) };
            }
            Ok(Break((files, freed))) => {
                tools.note_changed(session);
                tools.finder.forget_known(session);
                self.receipt.files += files;
                self.receipt.bytes += freed;
                self.receipt.reduced.push(session);
            }
            Err(error) => self.put_off(session, &error),
        }
        Stage::Reduce { named, reducing: None }
    }

    fn put_off(&mut self, session: SessionId, error: &RequestError) {
        debug!(%session, error = %with_sources(error), "a player can't be erased from a session now");
        self.receipt.pending.push(session);
    }

    fn remove_slots(
        &mut self,
        found: Found,
        tools: &mut ErasingTools<'_>,
    ) -> Result<Stage, RequestError> {
        let store = tools.finder.store();
        let lock = match store.slots().lock() {
            Err(error) if error.io_kind() == Some(io::ErrorKind::Unsupported) => None,
            // Another process works on the slots for a moment.
            Ok(None) => return Ok(Stage::Slots(found)),
            locked => locked?,
        };
        let (disk, directory) = (&**store.disk(), store.layout().slots());
        let mut gone = Vec::new();
        for slot in slots_in(disk, &directory)? {
            let path = match &slot {
                Ok(slot) => slot.path.to_path_buf(),
                Err(unread) => unread.path.clone(),
            };
            let is_own = slot.as_ref().is_ok_and(|slot| {
                let player = slot.header.metadata.player.as_deref();
                player.is_some_and(|player| self.name.is(player))
                    || found.own.contains(&slot.header.session)
            });
            if is_own || holds(disk, &path, &self.name)? {
                self.receipt.bytes += disk.open(&path).and_then(|file| file.len()).unwrap_or(0);
                gone.push(path);
            }
        }
        self.receipt.slots += gone.len();
        self.receipt.files += gone.len() as u64;
        store.slots().remove(gone.iter().map(PathBuf::as_path))?;
        store.slots().sweep();
        drop(lock);
        Ok(Stage::Remove(found))
    }

    /// What is known of sessions, what was logged, and what the audit log says; then the receipt.
    fn clear_state(&mut self, tools: &mut ErasingTools<'_>) -> Result<(), RequestError> {
        let name = &self.name;
        let store = tools.finder.store();
        let disk = &**store.disk();
        self.receipt.files += remove_indexes(store)?;
        if let Some(digests) = &mut tools.digests {
            let emptied = digests.of_another_profile().into_iter();
            tools.news.extend(emptied.map(|(name, digests, figures)| News::Digested {
                name,
                digests,
                figures,
                ticket: None,
            }));
        }
        if let Some(process) = tools.process {
            process.erase_from_log(&|line| name.is_in(line.as_bytes()));
        }
        let state = &store.layout().state;
        for file in log_files(disk, state) {
            self.receipt.files += u64::from(clear_log(disk, &file.path, name)?);
        }
        self.receipt.files += blank_records(disk, state, name)?;
        if let Some(process) = tools.process {
            process.beat(tools.finder.local(), tools.now);
        }
        tools.auditor.forget(|player| name.is(player));
        let changed = store.audit().change(|entry| forget_in(entry, |player| name.is(player)))?;
        self.receipt.files += changed as u64;
        self.note_receipt(tools)?;
        let store = tools.finder.store();
        if self.receipt.is_complete() {
            store.end_erasure(self.erasure.number)?;
        }
        tools.finder.note_index_gone();
        Ok(())
    }

    /// The receipt, once, however often the work was interrupted.
    fn note_receipt(&self, tools: &mut ErasingTools<'_>) -> Result<(), RequestError> {
        let store = tools.finder.store();
        let work = self.erasure.number;
        let is_noted = store.audit().read()?.iter().any(|entry| entry.work == work);
        if is_noted || !self.receipt.is_complete() {
            return Ok(());
        }
        let (by, at) = (self.erasure.by.clone(), tools.now);
        let mut entry = AuditEntry::new(at, by, AuditDeed::ErasedPlayer, None);
        forget_in(&mut entry, |player| self.name.is(player));
        let ErasureReceipt { files, bytes, .. } = self.receipt;
        Ok(tools.auditor.add(store, AuditEntry { files, bytes, work, ..entry })?)
    }
}

/// How a session belongs to a player.
enum Whose {
    Own,
    /// It is another player's, and this one is named in it.
    Named,
    Other,
}

fn whose(
    store: &DirectoryStore,
    session: SessionId,
    name: &PlayerText,
) -> Result<Whose, RequestError> {
    let stored = match store.open_session(session) {
        Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => return Ok(Whose::Other),
        opened => opened?,
    };
    let is_own = |player: Option<&String>| player.is_some_and(|player| name.is(player));
    let index = stored.index();
    let heads = index.heads().iter().map(|head| head.metadata.player.as_ref());
    let headers = index.segments().iter().map(|it| it.header.metadata.player.as_ref());
    let owns = match index.heads().is_empty() {
        false => heads.clone().any(is_own),
        true => headers.clone().any(is_own),
    };
    if owns {
        return Ok(Whose::Own);
    }
    drop(stored);
    let directory = store.layout().session(session);
    let disk = &**store.disk();
    let entries = disk.list(&directory).map_err(|error| unreadable(&directory, error))?;
    if entries.is_empty() {
        remove_empty(store, session)?;
    }
    for entry in entries.iter().filter(|entry| entry.is_file) {
        if holds(disk, &directory.join(&entry.name), name)? {
            return Ok(Whose::Named);
        }
    }
    Ok(Whose::Other)
}

/// Removes the directory of a session whose removal was cut off right before that, unless a process is just about to begin
/// it.
fn remove_empty(store: &DirectoryStore, session: SessionId) -> Result<(), RequestError> {
    let Some(_lock) = store.lock_session(session)? else { return Ok(()) };
    let layout = store.layout();
    if store.disk().remove_dir(&layout.session(session)).is_ok() {
        store.sync_directories(&[layout.sessions()])?;
        let _ = store.disk().remove(&layout.lock(session));
    }
    Ok(())
}

/// Whether a file holds the name anywhere, be it packed.
fn holds(disk: &dyn Disk, path: &Path, name: &PlayerText) -> Result<bool, RequestError> {
    let bytes = match disk.read(path, MOST_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        read => read.map_err(|error| unreadable(path, error))?,
    };
    if name.is_in(&bytes) {
        return Ok(true);
    }
    let opened = disk.open(path).ok().and_then(|file| Segment::open(path, file).ok());
    let Some(nonce) = opened.map(|segment| segment.header().nonce) else { return Ok(false) };
    let mut opener = FrameOpener::new(nonce);
    let mut rest = &*bytes;
    while let Some(place) = rest.windows(FRAME.len()).position(|window| window == FRAME) {
        rest = rest.get(place..).unwrap_or_default();
        let whole = FrameHeader::decode(rest, nonce).and_then(|header| {
            let end = FRAME_HEADER_BYTES + header.stored_len as usize;
            Some((header, rest.get(FRAME_HEADER_BYTES..end)?))
        });
        let Some((header, stored)) = whole else {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        if opener.open_slice(&header, stored).is_ok_and(|raw| name.is_in(&raw)) {
            return Ok(true);
        }
        rest = rest.get(FRAME_HEADER_BYTES + stored.len()..).unwrap_or_default();
    }
    Ok(false)
}

/// Removes a session with all that the state directory says of it. Files that went, and their bytes.
fn remove(tools: &mut ErasingTools<'_>, session: SessionId) -> Result<(u64, u64), RequestError> {
    let local = tools.finder.local();
    let store = &local.store;
    let lock = store.lock_session(session)?.ok_or(RequestError::SessionInUse)?;
    let stored = store.open_session(session)?;
    let entries = store.disk().list(stored.directory()).unwrap_or_default();
    let files: Vec<_> = entries.iter().filter(|entry| entry.is_file).collect();
    let counted = (files.len() as u64, files.iter().map(|entry| entry.len).sum());
    match stored.index().is_forgotten() {
        // It was begun before.
        true => store.remove_session(session)?,
        false => forget_for_good(local, &stored, tools.now)?,
    }
    drop(lock);
    let trial = store.layout().trial(session);
    for path in [store.layout().lock(session), trial] {
        let _ = store.disk().remove(&path);
    }
    tools.note_changed(session);
    if let Some(trials) = &mut tools.trials {
        trials.end(session);
    }
    tools.finder.settle(session);
    tools.finder.forget_known(session);
    Ok(counted)
}

impl Reducing {
    fn begin(
        finder: &mut SessionFinder,
        session: SessionId,
        name: &PlayerText,
        now: Timestamp,
    ) -> Result<Self, RequestError> {
        let (stored, lock) = take(&finder.local().store, session)?;
        refuse_to_guess(stored.index())?;
        let head = the_only_line(&stored)?;
        if head.metadata.draft {
            return Err(RequestError::NotBegun);
        }
        let standing = standing(finder, session, &head, LockHolder::NoOther);
        if standing.has_crashed() && !head.declined {
            return Err(RequestError::CrashUndecided);
        }
        let what = match stored.index().is_without_world(head.id) {
            true => Archived::SummaryOnly,
            false => Archived::WithWorld,
        };
        let local = finder.local();
        let says = (standing.status, head.metadata.clone());
        let snapshot = Snapshot::of(local, &stored, &head, says, now).blanking(name)?;
        let (place, bytes_before) = (snapshot.place(&local.store), stored.bytes_with_attachments());
        let writing = SnapshotWriting::begin(stored, snapshot, what, &local.store)?;
        Ok(Self { session, place, bytes_before, writing, _lock: lock })
    }

    /// Does the next slice; once it is done, the files that went and the bytes that are free.
    fn step(
        self,
        store: &DirectoryStore,
        name: &PlayerText,
    ) -> Result<std::ops::ControlFlow<(u64, u64), Self>, RequestError> {
        let Self { session, place, bytes_before, writing, _lock } = self;
        match writing.step(store)? {
            Continue(writing) => {
                Ok(Continue(Self { session, place, bytes_before, writing, _lock }))
            }
            Break((stored, _)) => {
                drop(stored);
                let files = clear_reduced(store, session, &place, name)?;
                let bytes = store.session_bytes(session).unwrap_or(bytes_before);
                Ok(Break((files, bytes_before.saturating_sub(bytes))))
            }
        }
    }
}

/// Removes what the one file takes the place of, and what else names the player. How many files that is.
fn clear_reduced(
    store: &DirectoryStore,
    session: SessionId,
    place: &Path,
    name: &PlayerText,
) -> Result<u64, RequestError> {
    store.sync_session(session)?;
    let directory = store.layout().session(session);
    let entries = store.disk().list(&directory).map_err(|error| unreadable(&directory, error))?;
    let kept = StoredSession::of_file(&**store.disk(), place, session);
    let head = kept.index().heads().first().map(|head| head.id);
    let mut files = 0;
    for entry in entries.iter().filter(|entry| entry.is_file) {
        let path = directory.join(&entry.name);
        let is_log = Layout::is_segment_name(&entry.name) || Layout::is_events_name(&entry.name);
        let is_gone = path != place && (is_log || holds(&**store.disk(), &path, name)?);
        if is_gone {
            store.remove_segment(&path)?;
            files += 1;
        }
    }
    store.remove_attachments(session, |checkpoint| Some(checkpoint) != head);
    store.sync_session(session)?;
    Ok(files)
}

/// Removes what is known of all sessions, which is found out again.
fn remove_indexes(store: &DirectoryStore) -> Result<u64, StoreError> {
    let layout = store.layout();
    let index = layout.catalog_index();
    let index = index.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let entries = store.disk().list(&layout.state).unwrap_or_default();
    let mut files = 0;
    for entry in entries.iter().filter(|entry| entry.is_file) {
        let unfinished = Layout::place_of_unfinished(&entry.name);
        let name = unfinished.or_else(|| Layout::place_of_aside(&entry.name));
        let name = name.unwrap_or(&entry.name);
        if name == index || layout.is_digest_name(name) {
            let path = layout.state.join(&entry.name);
            if store.disk().remove(&path).is_ok() {
                files += 1;
            }
        }
    }
    Ok(files)
}

/// Takes the lines out of a log that name the player. Whether there were any.
fn clear_log(disk: &dyn Disk, path: &Path, name: &PlayerText) -> Result<bool, RequestError> {
    let bytes = match disk.read(path, MOST_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        read => read.map_err(|error| unreadable(path, error))?,
    };
    if !name.is_in(&bytes) {
        return Ok(false);
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let kept: Vec<u8> = lines.filter(|line| !name.is_in(line)).flatten().copied().collect();
    disk.replace(path, &kept).map_err(|error| unreadable(path, error))?;
    Ok(true)
}

fn unreadable(path: &Path, source: io::Error) -> RequestError {
    let action = crate::disk::StoreAction::Read;
    StoreError::Disk { action, path: path.to_owned(), source }.into()
}

/// A player who is erased because somebody asked for it.
pub(super) struct ErasePlayer {
    erasing: Erasing,
    ticket: Ticket,
}

impl ErasePlayer {
    pub(super) fn new(erasing: Erasing, ticket: Ticket) -> Self {
        Self { erasing, ticket }
    }
}

impl Job for ErasePlayer {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        *tools.acts_for = ActsFor::Asked(self.ticket);
        let result = match self.erasing.step(&mut tools.for_erasing()) {
            Ok(true) => return Slice::Going(self),
            Ok(false) => Ok(Box::new(self.erasing.receipt())),
            Err(error) => Err(error),
        };
        tools.news.push(News::PlayerErased { result, ticket: Some(self.ticket) });
        Slice::Done
    }

    fn holds(&self) -> Holds {
        self.erasing.holds()
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        self.erasing.let_go(finder);
    }

    fn is_long(&self) -> bool {
        true
    }
}

/// A player whose erasure was cut off, or had to wait.
pub(super) struct ResumeErasure(Option<Erasing>);

impl ResumeErasure {
    pub(super) fn new(erasure: Erasure) -> Self {
        Self(Erasing::resume(erasure))
    }
}

impl Job for ResumeErasure {
    fn urgency(&self) -> Urgency {
        Urgency::Spare
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        *tools.acts_for = ActsFor::Cleanup;
        let Some(erasing) = &mut self.0 else { return Slice::Done };
        match erasing.step(&mut tools.for_erasing()) {
            Ok(true) => return Slice::Going(self),
            Ok(false) => {
                let result = self.0.take().map(|erasing| Ok(Box::new(erasing.receipt())));
                tools.news.extend(result.map(|result| News::PlayerErased { result, ticket: None }));
            }
            Err(error) => {
                warn!(error = %with_sources(&error), "a player can't be erased to the end; it is tried again");
            }
        }
        Slice::Done
    }

    fn holds(&self) -> Holds {
        self.0.as_ref().map_or(Holds::Nothing, Erasing::holds)
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Some(erasing) = &mut self.0 {
            erasing.let_go(finder);
        }
    }
}
