//! A game that plays the session on a machine: its journals, events, attachments and slots, written as the writer does.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::judge::{Contents, Lengths, Link, LinkFacts, Owed};
use super::{World, trace};
use crate::deep::Random;
use crate::disk::{AppendFile, Disk, Layout, LocalStore, session_of_slot};
use crate::format::sample::{self, SegmentBytes, commit, header};
use crate::format::{FileKind, SegmentHeader};
use crate::model::ids::{CheckpointId, RunId, SessionId, SlotId};
use crate::replica::MAX_PAYLOAD;

/// The bytes of an attachment, at most.
const ATTACHED: u64 = 400;
/// The names of slots, which sessions share.
const SLOTS: [&str; 3] = ["boss", "lord", "king"];

/// A run of the session on a machine.
pub struct Game {
    session: SessionId,
    run: RunId,
    counter: u64,
    segment: u32,
    head: Option<Link>,
    lineage: Vec<CheckpointId>,
    journal: Option<Journal>,
    events: Option<(String, Box<dyn AppendFile>)>,
    /// The attachment of the newest checkpoint.
    attachment: Option<String>,
}

struct Journal {
    name: String,
    file: Box<dyn AppendFile>,
    bytes: SegmentBytes,
    written: usize,
    is_named: bool,
}

/// The files that a game works with.
pub struct Table<'a> {
    pub world: &'a World,
    pub local: &'a LocalStore,
    pub random: Random,
    /// What it writes is often large.
    pub is_heavy: bool,
}

impl Table<'_> {
    fn disk(&self) -> &dyn Disk {
        &**self.local.store.disk()
    }

    fn layout(&self) -> &Layout {
        self.local.store.layout()
    }

    fn noise(&mut self) -> Vec<u8> {
        let is_large = self.random.below(if self.is_heavy { 2 } else { 400 }) == 0;
        let len = match is_large {
            true => MAX_PAYLOAD as u64 / 2 + self.random.below(MAX_PAYLOAD as u64),
            false => 1 + self.random.below(ATTACHED),
        };
        let begins = self.random.number().to_le_bytes();
        let filling = begins.iter().copied().cycle();
        filling.take(len as usize + begins.len()).collect()
    }
}

impl Game {
    /// A run that goes on from the newest checkpoint on this machine, or from none.
    pub fn begin(world: &World, session: SessionId, files: &Lengths) -> Self {
        let (run, head, lineage) = world.judge(|judge| {
            let head = judge.heads(files).into_iter().max();
            let lineage = head.map(|head| {
                let facts = judge.facts(head);
                let own = facts.lineage.iter().copied();
                std::iter::once(facts.checkpoint).chain(own).collect::<Vec<_>>()
            });
            judge.count("runs");
            (RunId(judge.counts["runs"]), head, lineage.unwrap_or_default())
        });
        let attachment =
            head.and_then(|head| world.judge(|judge| judge.facts(head).needs.first().cloned()));
        let (journal, events, counter) = (None, None, lineage.first().map_or(0, |it| it.counter));
        Self { session, run, counter, segment: 0, head, lineage, journal, events, attachment }
    }

    /// Does one thing, and says what is durable by then.
    pub fn act(&mut self, table: &mut Table<'_>) -> io::Result<Option<Owed>> {
        match table.random.below(20) {
            0..=9 => self.checkpoint(table).map(Some),
            10 => self.attach(table).map(|()| None),
            11 => self.happen(table).map(|()| None),
            12 => self.replace(table, "session.manifest", true).map(|()| None),
            13 => self.replace(table, "session.ron", false).map(|()| None),
            14 | 15 => {
                self.rotate();
                let done = self.checkpoint(table)?;
                self.prune(table, done)?;
                Ok(Some(done))
            }
            16 => save_slot(table, self.session).map(|hash| hash.map(Owed::Slot)),
            17 => delete_slot(table, self.session).map(|()| None),
            _ => Ok(None),
        }
    }

    /// The last checkpoint, with everything durable that was written at leisure.
    pub fn leave(&mut self, table: &mut Table<'_>) -> io::Result<Owed> {
        let done = self.checkpoint(table)?;
        table.disk().sync_dir(&table.layout().session(self.session))?;
        table.disk().sync_dir(&table.layout().slots())?;
        Ok(done)
    }

    fn path(&self, table: &Table<'_>, name: &str) -> PathBuf {
        table.layout().session(self.session).join(name)
    }

    fn rotate(&mut self) {
        self.journal = None;
    }

    fn checkpoint(&mut self, table: &mut Table<'_>) -> io::Result<Owed> {
        let written = self.write_checkpoint(table);
        if written.is_err() {
            // It can't be known what is in the file.
            self.rotate();
        }
        written.map(Owed::Checkpoint)
    }

    fn write_checkpoint(&mut self, table: &mut Table<'_>) -> io::Result<Link> {
        self.counter += 1;
        let is_first = self.journal.is_none();
        let mut journal = match self.journal.take() {
            Some(journal) => journal,
            None => self.begin_journal(table)?,
        };
        let base = (!is_first).then(|| self.counter - 1);
        journal.bytes.group(Vec::new(), &commit(self.counter, base));
        let bytes = journal.bytes.bytes[journal.written..].to_vec();
        journal.written += bytes.len();
        let facts = LinkFacts {
            parent: self.head,
            checkpoint: CheckpointId { run: self.run, counter: self.counter },
            lineage: self.lineage.clone(),
            file: journal.name.clone(),
            needs: self.attachment.iter().cloned().collect(),
        };
        let link = table.world.judge(|judge| {
            let link = judge.link(facts);
            judge.grow(&journal.name, &bytes, Some(link));
            judge.count("checkpoints");
            link
        });
        self.head = Some(link);
        journal.file.append(&bytes)?;
        journal.file.sync()?;
        if !std::mem::replace(&mut journal.is_named, true) {
            table.disk().sync_dir(&table.layout().session(self.session))?;
        }
        self.journal = Some(journal);
        Ok(link)
    }

    fn begin_journal(&mut self, table: &Table<'_>) -> io::Result<Journal> {
        let session = table.layout().session(self.session);
        table.local.store.create_directory(&session).map_err(io::Error::other)?;
        // An earlier process may have made it, and not have synced its name.
        table.disk().sync_dir(&table.layout().sessions())?;
        let ancestors = self.lineage.clone();
        let header =
            SegmentHeader { session: self.session, ancestors, ..header(self.run.0, self.segment) };
        self.segment += 1;
        let name = Layout::name_of(&header);
        let file = table.disk().create_new(&session.join(&name))?;
        let (bytes, is_named) = (SegmentBytes::new(&header), false);
        Ok(Journal { name, file, bytes, written: 0, is_named })
    }

    fn attach(&mut self, table: &mut Table<'_>) -> io::Result<()> {
        let version = table.world.judge(|judge| {
            judge.count("attachments");
            judge.counts["attachments"] as u32
        });
        let path = table.layout().session_attachment(self.session, "map", version);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        self.replace(table, &name, true)?;
        self.attachment = Some(name);
        Ok(())
    }

    fn replace(&self, table: &mut Table<'_>, name: &str, is_synced: bool) -> io::Result<()> {
        let (bytes, path) = (table.noise(), self.path(table, name));
        table.world.judge(|judge| judge.replace(name, &bytes));
        table.local.store.create_directory(path.parent().unwrap()).map_err(io::Error::other)?;
        match is_synced {
            true => table.disk().replace(&path, &bytes),
            false => table.disk().replace_unsynced(&path, &bytes),
        }
    }

    /// An event, in a file of its own.
    fn happen(&mut self, table: &mut Table<'_>) -> io::Result<()> {
        let is_new = self.events.is_none();
        let (name, mut file) = match self.events.take() {
            Some(events) => events,
            None => {
                let number = table.random.number() >> 40;
                let name = format!("{}-{number:06}.events", self.run);
                let path = self.path(table, &name);
                table
                    .local
                    .store
                    .create_directory(path.parent().unwrap())
                    .map_err(io::Error::other)?;
                (name, table.disk().create_new(&path)?)
            }
        };
        let bytes = table.noise();
        table.world.judge(|judge| judge.grow(&name, &bytes, None));
        file.append(&bytes)?;
        file.sync()?;
        if is_new {
            table.disk().sync_dir(&table.layout().session(self.session))?;
        }
        self.events = Some((name, file));
        Ok(())
    }

    /// Removes some of what the newest checkpoint goes on from.
    fn prune(&mut self, table: &mut Table<'_>, newest: Owed) -> io::Result<()> {
        let (Owed::Checkpoint(newest), Some(journal)) = (newest, &self.journal) else {
            return Ok(());
        };
        let directory = table.layout().session(self.session);
        let names: BTreeSet<String> =
            table.disk().list(&directory)?.into_iter().map(|entry| entry.name).collect();
        let gone_on_from: Vec<&String> = table.world.judge(|judge| {
            let is_passed =
                |name: &String| judge.links_of(name).all(|it| judge.is_before(it, newest));
            let journals =
                names.iter().filter(|it| Layout::is_segment_name(it) && **it != journal.name);
            journals.filter(|name| is_passed(name)).collect()
        });
        let pruned: BTreeSet<&String> =
            gone_on_from.into_iter().filter(|_| table.random.below(3) > 0).collect();
        for name in &pruned {
            table.disk().remove(&directory.join(name))?;
        }
        let kept = names.iter().filter(|name| !pruned.contains(name));
        let needed: BTreeSet<String> = table.world.judge(|judge| {
            let links = kept.flat_map(|name| judge.links_of(name));
            links.flat_map(|link| judge.facts(link).needs.clone()).collect()
        });
        let is_spare = |name: &&String| Layout::is_attachment(name) && !needed.contains(*name);
        for name in names.iter().filter(is_spare).filter(|it| Some(*it) != self.attachment.as_ref())
        {
            table.disk().remove(&directory.join(name))?;
        }
        table.world.judge(|judge| judge.count("prunings"));
        table.disk().sync_dir(&directory)
    }
}

/// Saves a slot of a session, and returns the hash of its bytes. `None` if its name is another session's, or another process
/// saves one.
pub fn save_slot(table: &mut Table<'_>, session: SessionId) -> io::Result<Option<u64>> {
    let slots = table.layout().slots();
    table.local.store.create_directory(&slots).map_err(io::Error::other)?;
    let name = *table.random.pick(&SLOTS).unwrap();
    let place = slots.join(format!("{name}.save"));
    let Some(_lock) = table.local.store.slots().lock().map_err(io::Error::other)? else {
        return Ok(None);
    };
    let before = read(table.disk(), &place);
    if before.is_some() && session_of_slot(table.disk(), &place) != Some(session) {
        return Ok(None);
    }
    let bytes = slot(session, name, table.random.number());
    trace(|| format!("  {session} saves {name}: {}", xxh3_64(&bytes)));
    let hash = table.world.judge(|judge| {
        judge.count("slots saved");
        judge.replace("slots/", &bytes)
    });
    let written = Layout::unfinished(&place);
    let mut file = table.disk().create_new(&written)?;
    file.append(&bytes)?;
    file.sync()?;
    table.disk().put_in_place(&written, &place)?;
    outdate(table, before);
    table.disk().sync_dir(&slots)?;
    Ok(Some(hash))
}

pub fn delete_slot(table: &mut Table<'_>, session: SessionId) -> io::Result<()> {
    let slots = table.layout().slots();
    let name = *table.random.pick(&SLOTS).unwrap();
    let place = slots.join(format!("{name}.save"));
    let Some(_lock) = table.local.store.slots().lock().map_err(io::Error::other)? else {
        return Ok(());
    };
    let before = read(table.disk(), &place);
    if session_of_slot(table.disk(), &place) != Some(session) {
        return Ok(());
    }
    trace(|| format!("  {session} deletes {name}"));
    outdate(table, before);
    table.disk().remove(&place)?;
    table.disk().sync_dir(&slots)
}

fn outdate(table: &Table<'_>, before: Option<Vec<u8>>) {
    let hash = before.map(|bytes| xxh3_64(&bytes));
    table.world.judge(|judge| hash.into_iter().for_each(|hash| judge.outdate_slot(hash)));
}

fn read(disk: &dyn Disk, path: &Path) -> Option<Vec<u8>> {
    disk.read(path, 64 << 20).ok()
}

/// The bytes of a slot.
fn slot(session: SessionId, name: &str, number: u64) -> Vec<u8> {
    let slot = sample::slot(SlotId(number), name);
    SegmentBytes::new(&SegmentHeader {
        session,
        kind: FileKind::Slot(Box::new(slot)),
        ..header(number | 1, 0)
    })
    .bytes
}

/// The files of a session on a disk, without those that are still being written.
pub fn files_of(disk: &dyn Disk, layout: &Layout, session: SessionId) -> Contents {
    let mut files = Contents::new();
    let directory = layout.session(session);
    for entry in disk.list(&directory).unwrap_or_default() {
        let bytes = read(disk, &directory.join(&entry.name)).unwrap_or_default();
        files.insert(entry.name, bytes);
    }
    for entry in disk.list(&layout.slots()).unwrap_or_default() {
        let path = layout.slots().join(&entry.name);
        if Layout::is_slot_name(&entry.name) && session_of_slot(disk, &path) == Some(session) {
            files.insert(format!("slots/{}", entry.name), read(disk, &path).unwrap_or_default());
        }
    }
    files
}
