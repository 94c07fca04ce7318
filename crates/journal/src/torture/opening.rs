//! Opens a disk as the next start of a game would, and says what is found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::attachments::{self, drawing_of, version_of};
use super::content::Bytes;
use super::events;
use super::reports::{self, Report};
use super::unknown;
use super::world::{digest_of, with_commit, with_notes};
use crate::disk::process::dead_processes;
use crate::disk::simulated_disk::{Image, SimulatedDisk};
use crate::disk::{DirectoryStore, Disk, Layout, LocalStore, SlotShelf, StoredSession};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{AttachmentError, SessionStatus};
use crate::read::recovery::{AboutSession, FoundSession, SessionFinder, detect};

/// The profiles of the made-up game. Each process begins with the first.
pub const PROFILES: [&str; 2] = ["default", "second"];

/// A checkpoint's run and counter, which have an order.
pub type Key = (u64, u64);

/// A checkpoint, as a key.
pub fn key(id: CheckpointId) -> Key {
    (id.run.0, id.counter)
}

/// The findings of a start.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Opened {
    pub sessions: BTreeMap<SessionId, OpenedSession>,
    pub slots: Vec<OpenedSlot>,
    /// Files with names of slots that can't be used.
    pub unread_slots: usize,
    pub reports: BTreeMap<PathBuf, Report>,
}

/// The findings of a start about one slot.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OpenedSlot {
    /// The profile and the slot's name.
    pub name: String,
    pub checkpoint: Key,
    pub reading: Reading,
    /// The version of its attachment, if it has one and that can be read.
    pub attached: Option<Option<u32>>,
}

/// The findings of a start about one session.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct OpenedSession {
    /// Its entry, if it is in the catalogue.
    pub entry: Option<OpenedEntry>,
    pub offers: Vec<OpenedOffer>,
    /// The reason that nothing of it can be restored.
    pub failure: Option<String>,
    /// True if the game is notified of damage.
    pub damage_is_told: bool,
    pub forgotten: bool,
    /// The newest checkpoint of every line that could be read whole, by its head.
    pub heads: Vec<(CheckpointId, Option<CheckpointId>)>,
    /// The reading of every checkpoint.
    pub checkpoints: BTreeMap<Key, Reading>,
    /// The versions of the attachments of checkpoints; `None` if one can't be read.
    pub attachments: BTreeMap<Key, Option<u32>>,
    /// The drawing in the map that is attached to the session itself, if it has one and that can be read.
    pub map: Option<Option<u32>>,
    /// The events on the line of the newest intact checkpoint of every line, up to it.
    pub events: BTreeMap<Key, Vec<u64>>,
    /// True if the frame is there that a later release wrote.
    pub has_unknown_frame: bool,
}

/// The entry of a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OpenedEntry {
    pub name: String,
    pub description: String,
    pub status: SessionStatus,
}

/// The result of reading a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reading {
    /// There is no intact way to it.
    Lost,
    /// All its frames are good. Their content wasn't looked at.
    Intact,
    /// It was restored, and this is its digest.
    Restored(u64),
}

/// The part of a session that is restored, to see the result. Everything is verified in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// The checkpoint that a player is offered first.
    Newest,
    /// Every checkpoint.
    Everything,
}

/// An offer after a crash.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OpenedOffer {
    pub newest: CheckpointId,
    /// Acknowledged checkpoints that are said to be lost.
    pub said_to_be_lost: u64,
    pub forked: bool,
}

/// The layout of the made-up game's files.
pub fn layout() -> Layout {
    let profile = PROFILES[0].to_owned();
    Layout { data: "root/data".into(), state: "root/state".into(), profile }
}

/// The directory that holds everything that is owed: files elsewhere may come and go.
pub fn data_directory() -> PathBuf {
    layout().data
}

impl Opened {
    /// Opens a disk with this on it.
    ///
    /// # Panics
    ///
    /// If the code under test does, or if looking changes anything that belongs to the player.
    pub fn from_image(image: &Image) -> Self {
        Self::of(&SimulatedDisk::from_image(image), Depth::Everything)
    }

    /// Opens a disk.
    pub fn of(disk: &SimulatedDisk, depth: Depth) -> Self {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let local = Arc::new(LocalStore::new(shared, layout()));
        let dead = dead_processes(&local);
        let mut finder = SessionFinder::new(Arc::clone(&local), dead, Duration::ZERO);
        let mut opened = Self::default();
        for profile in PROFILES {
            let local = Arc::new(local.of_profile(profile));
            finder.move_to(Arc::clone(&local));
            opened.read_profile(&mut finder, &local.store, depth);
        }
        opened.reports = reports::on(&disk.image());
        opened
    }

    fn read_profile(&mut self, finder: &mut SessionFinder, store: &DirectoryStore, depth: Depth) {
        for found in detect(finder, &Bytes, Timestamp::UNIX_EPOCH) {
            self.sessions.insert(found.session, OpenedSession::reported(&found));
        }
        for session in store.sessions().unwrap_or_default() {
            if let Ok(stored) = store.open_session(session) {
                self.sessions.entry(session).or_default().read(store, stored, depth);
            }
        }
        self.read_slots(store);
    }

    fn read_slots(&mut self, store: &DirectoryStore) {
        let mut shelf = SlotShelf::default();
        if shelf.look(store).is_err() {
            return;
        }
        self.unread_slots += shelf.unread().count();
        for file in shelf.slots() {
            let Some(checkpoint) = file.header.slot_checkpoint() else { continue };
            let mut stored = store.slots().open(&file.path, &file.header);
            let read = read_checkpoint(&mut stored, checkpoint);
            let mut attached = stored.attachments();
            self.slots.push(OpenedSlot {
                name: format!("{}/{}", store.layout().profile, file.slot.name),
                checkpoint: key(checkpoint),
                reading: read.map_or(Reading::Lost, Reading::Restored),
                attached: attached.next().map(|attachment| {
                    attachment.ok().map(|one| version_of(checkpoint, one.bytes()))
                }),
            });
        }
        self.slots.sort_by(|a, b| (&a.name, a.checkpoint).cmp(&(&b.name, b.checkpoint)));
    }
}

impl OpenedSession {
    /// Returns true if the player sees anything of it.
    pub fn is_listed(&self) -> bool {
        self.entry.is_some() || !self.offers.is_empty()
    }

    /// Returns true if a checkpoint can be had back.
    pub fn restores(&self, checkpoint: Key) -> bool {
        self.checkpoints.get(&checkpoint).is_some_and(|reading| *reading != Reading::Lost)
    }

    /// The newest intact checkpoint of every line.
    pub fn intact_heads(&self) -> impl Iterator<Item = CheckpointId> {
        self.heads.iter().filter_map(|(_, intact)| *intact)
    }

    fn reported(found: &FoundSession) -> Self {
        let offers = found.offers.iter().map(|offer| OpenedOffer {
            newest: offer.newest,
            said_to_be_lost: offer.unsaved.acknowledged,
            forked: offer.forked,
        });
        Self {
            entry: found.entry.as_ref().map(|entry| OpenedEntry {
                name: entry.session.name.clone(),
                description: entry.session.description.clone(),
                status: entry.status,
            }),
            offers: offers.collect(),
            failure: found.failure.as_ref().map(|failure| format!("{failure:?}")),
            damage_is_told: found.corruption.is_some(),
            ..Self::default()
        }
    }

    /// Reads every checkpoint that there is.
    fn read(&mut self, store: &DirectoryStore, mut stored: StoredSession, depth: Depth) {
        self.forgotten = stored.index().is_forgotten();
        let heads = |stored: &StoredSession| -> Vec<CheckpointId> {
            stored.index().heads().iter().map(|head| head.id).collect()
        };
        // Others may come back while they are read.
        while !self.heads.iter().map(|(head, _)| head).eq(&heads(&stored)) {
            let read = heads(&stored).into_iter().map(|head| {
                let newest = stored.newest_verified(head).ok().flatten();
                (head, newest.map(|plan| plan.checkpoint))
            });
            self.heads = read.collect();
        }
        let ids: Vec<CheckpointId> =
            stored.index().checkpoints().into_iter().map(|info| info.id).collect();
        for id in ids {
            let is_newest = self.heads.iter().any(|(_, newest)| *newest == Some(id))
                || self.offers.iter().any(|offer| offer.newest == id);
            let reading = match depth == Depth::Everything || is_newest {
                true => read_checkpoint(&mut stored, id).map_or(Reading::Lost, Reading::Restored),
                false => verify(&mut stored, id),
            };
            self.checkpoints.insert(key(id), reading);
        }
        for (id, name) in stored.beside().iter().filter(|(_, name)| name == attachments::NAME) {
            let read = store.read_attachment(stored.id(), *id, name).ok();
            let version = read.map(|attachment| version_of(*id, attachment.bytes()));
            self.attachments.insert(key(*id), version);
        }
        self.map = match store.read_session_attachment(stored.id(), attachments::MAP, None) {
            Err(AttachmentError::Missing) => None,
            read => Some(read.ok().and_then(|map| drawing_of(stored.id(), map.bytes()))),
        };
        for id in self.heads.iter().filter_map(|(_, newest)| *newest) {
            self.events.insert(key(id), events::on_line(store, id, stored.id()));
        }
        let carried = stored.carried().unwrap_or_default();
        self.has_unknown_frame = carried.contains(&unknown::frame(stored.id()));
    }
}

fn verify(stored: &mut StoredSession, id: CheckpointId) -> Reading {
    match stored.verified_plan(id) {
        Ok(Some(_)) => Reading::Intact,
        _ => Reading::Lost,
    }
}

/// The digest of a checkpoint, if it can be restored.
pub fn read_checkpoint(stored: &mut StoredSession, id: CheckpointId) -> Option<u64> {
    let plan = stored.verified_plan(id).ok().flatten()?;
    let mut about = AboutSession::default();
    let blocks = stored.blocks(&plan).ok()?.inspect(|block| {
        if let Ok(block) = block {
            about.take_up(block);
        }
    });
    let world = digest_of(blocks).ok()?;
    let digest = with_commit(world, stored.index().commit(id)?);
    let chapters = about.chapters();
    Some(with_notes(digest, &about.fields, &chapters))
}
