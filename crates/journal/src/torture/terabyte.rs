//! A terabyte of zeros in the place of each kind of file, as a sparse file that takes no room: little of it is read.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::opening::layout;
use super::play::taking_up::wanted;
use super::{Action, Game, Play};
use crate::disk::simulated_disk::{Image, SimulatedDisk};
use crate::disk::{AppendFile, DirEntry, Disk, LocalStore, Lock, Room, StoredSession};
use crate::format::ReadAt;
use crate::model::clock::Moment;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{RestoreFrom, RestoreReason};
use crate::read::recovery::EventQuery;
use crate::read::report;
use crate::write::{News, Order};

const TERABYTE: u64 = 1 << 40;
/// Bytes of it that one start may read, with all that it is asked for.
const MOST_READ: u64 = TERABYTE >> 10;
/// Turns that an answer may take.
const TURNS: usize = 10_000;

/// Another disk, of which one file is a terabyte of zeros.
#[derive(Clone, Debug)]
struct HollowDisk {
    disk: SimulatedDisk,
    hollow: PathBuf,
    read: Arc<AtomicU64>,
}

struct Zeros(Arc<AtomicU64>);

impl ReadAt for Zeros {
    fn len(&self) -> io::Result<u64> {
        Ok(TERABYTE)
    }

    fn read_exact_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        let read = self.0.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        assert!(read <= MOST_READ, "it should not be read to its end");
        Ok(())
    }
}

impl Disk for HollowDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.disk.create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        match path == self.hollow {
            true => Ok(Arc::new(Zeros(Arc::clone(&self.read)))),
            false => self.disk.open(path),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = self.disk.list(directory)?;
        for entry in entries.iter_mut().filter(|it| directory.join(&it.name) == self.hollow) {
            entry.len = TERABYTE;
        }
        Ok(entries)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace(path, bytes)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace_unsynced(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.disk.put_in_place(written, place)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.disk.room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        if path != self.hollow {
            return self.disk.read(path, max_len);
        }
        // As a disk does that has to find out.
        self.read.fetch_add(max_len as u64 + 1, Ordering::Relaxed);
        Err(io::ErrorKind::FileTooLarge.into())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.disk.is_locked(path)
    }
}

/// A disk with a file of each kind.
fn everything() -> (Play, Image) {
    use Action::{
        Attach, AttachMap, Auto, Close, Exit, Full, Kill, Manual, Recover, Report, SaveSlot,
        Settle, Start,
    };
    let mut play = Play::new(SimulatedDisk::default(), 61);
    play.perform(&[Start, Settle, Auto, Full, Manual, Attach, AttachMap, Manual, Full, Manual]);
    play.perform(&[Full, Full, Full, Settle, SaveSlot, Settle, Close, Kill]);
    play.perform(&[Start, Settle, Auto, Auto, Kill, Report, Recover, Auto, Settle, Exit]);
    play.perform(&[Start, Settle, Auto, Kill, Recover, Kill]);
    let image = play.disk.image();
    (play, image)
}

/// The kind of a file: its extension, or its name.
fn kind(path: &Path) -> String {
    path.extension().or(path.file_name()).unwrap().to_string_lossy().into_owned()
}

/// Waits until something is reported. Returns what.
fn answer<T>(
    game: &mut Game,
    order: Order<super::content::Bytes>,
    now: Moment,
    answer: impl Fn(&News) -> Option<T>,
) -> T {
    let mut news = game.order(order, now);
    for _ in 0..TURNS {
        if let Some(answer) = news.iter().find_map(&answer) {
            return answer;
        }
        news = game.turn(now);
    }
    panic!("it should be answered");
}

/// Looks at all that there is, as a start of the game does and a player asks for.
fn look(disk: &HollowDisk, sessions: &[SessionId], now: Moment) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut game = Game::boot_on(shared, layout(), now.wall);
    let detected = |news: &News| matches!(news, News::Detected { .. }).then_some(());
    answer(&mut game, Order::Detect { ticket: None }, now, detected);
    let slots: Vec<_> = game.slots.values().copied().collect();
    let latest = sessions.iter().map(|id| (*id, RestoreFrom::Latest));
    let from = latest.chain(slots.iter().map(|slot| (slot.session, RestoreFrom::Slot(slot.id))));
    for (session, from) in from.collect::<Vec<_>>() {
        game.prepare(wanted(session, from, RestoreReason::Continued), now);
        game.order(Order::Release(session), now);
    }
    for session in sessions {
        let query = Box::new(EventQuery::of(*session));
        let read = |news: &News| matches!(news, News::EventsRead { .. }).then_some(());
        answer(&mut game, Order::ReadEvents { query, ticket: Ticket::new() }, now, read);
        let validated = |news: &News| matches!(news, News::EventsValidated { .. }).then_some(());
        let order = Order::ValidateEvents { session: *session, ticket: Ticket::new() };
        answer(&mut game, order, now, validated);
        let directory = layout().session(*session);
        if let Ok(mut stored) = StoredSession::open(disk, directory, *session) {
            drop(stored.check_frames());
            drop(stored.check_attachments(disk));
        }
    }
    if kind(&disk.hollow) == "tar" {
        assert!(report::open(disk, &disk.hollow, "", &layout()).is_err());
    }
    game.finish(now);
}

#[test]
fn a_terabyte_of_zeros_as_each_kind_of_file_is_read_in_part() {
    let (play, image) = everything();
    let sessions = play.game.local.store.sessions().unwrap();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let files: Vec<PathBuf> = image.files().map(|(place, _)| place.path().to_path_buf()).collect();
    for hollow in files {
        let read = Arc::default();
        let disk =
            HollowDisk { disk: SimulatedDisk::from_image(&image), hollow: hollow.clone(), read };
        look(&disk, &sessions, play.now);
        let read = disk.read.load(Ordering::Relaxed);
        assert!(read <= MOST_READ, "{read} bytes of {}", hollow.display());
        let most = kinds.entry(kind(&hollow)).or_default();
        *most = read.max(*most);
    }
    let wanted = [
        "archive",
        "attachment",
        "events",
        "host",
        "journal",
        "manifest",
        "record",
        "ron",
        "save",
        "tar",
        "trial",
    ];
    let missing: Vec<_> = wanted.iter().filter(|kind| !kinds.contains_key(**kind)).collect();
    assert!(missing.is_empty(), "{missing:?} of {kinds:?}");
    let unread = kinds.iter().filter(|(_, read)| **read == 0).map(|(kind, _)| kind);
    // A card is for people.
    let unread: Vec<_> =
        unread.filter(|kind| *kind != "ron" && wanted.contains(&kind.as_str())).collect();
    assert!(unread.is_empty(), "{unread:?} aren't looked at: {kinds:?}");
}

#[test]
fn a_terabyte_of_zeros_as_an_index_is_refused() {
    let (hollow, read) = (layout().catalog_index(), Arc::default());
    let disk = HollowDisk { disk: SimulatedDisk::default(), hollow, read };
    let local = LocalStore::new(Arc::new(disk.clone()), layout());
    assert!(local.store.index().read().is_err());
    let read = disk.read.load(Ordering::Relaxed);
    assert!((1..=MOST_READ).contains(&read), "{read}");
}
