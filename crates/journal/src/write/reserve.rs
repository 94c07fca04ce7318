//! Room that is kept free, so that an exit can still be saved on a full disk.
//!
//! It is a file of random bytes in the state directory: zeros would take no room on file systems that
//! compress or leave holes. When the disk is full at an exit, it is removed.

use std::path::PathBuf;
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::disk::{AppendFile, DirectoryStore, Layout, StoreError, with_sources};
use crate::model::ids::random_u64;

/// The time that a run lasts before the file is looked for, and between later looks.
const FIRST_LOOK: Duration = Duration::from_secs(5);
const NEXT_LOOK: Duration = Duration::from_secs(60);
/// So many times its size must be free for it to be made: where there is less, the disk has better
/// use for it.
const TIMES_FREE: u64 = 16;
/// Bytes that one step writes.
const STEP_BYTES: usize = 256 << 10;

/// The file that keeps room free.
pub(super) struct Reserve {
    next_look: Duration,
    making: Option<Making>,
}

/// The file, as it is being made.
struct Making {
    file: Box<dyn AppendFile>,
    path: PathBuf,
    missing: u64,
    random: u64,
}

impl Reserve {
    pub(super) fn new(now: Duration) -> Self {
        Self { next_look: now + FIRST_LOOK, making: None }
    }

    pub(super) fn is_being_made(&self) -> bool {
        self.making.is_some()
    }

    /// Looks for the file now and then, or continues to make it.
    pub(super) fn step(&mut self, store: &DirectoryStore, bytes: u64, now: Duration) {
        if let Some(making) = self.making.take() {
            self.go_on(making, store);
        } else if now >= self.next_look {
            self.next_look = now + NEXT_LOOK;
            self.look(store, bytes);
        }
    }

    /// Stops making the file, since the run ends. A half-made one is removed: the next run makes its own.
    pub(super) fn stop(&mut self, store: &DirectoryStore) {
        if let Some(making) = self.making.take() {
            abandon(making, store);
        }
    }

    /// Gives the room up. Returns true if there was any.
    pub(super) fn release(&mut self, store: &DirectoryStore) -> bool {
        self.stop(store);
        let is_released = store.disk().remove(&store.layout().reserve()).is_ok();
        if is_released {
            info!("the disk is full: the reserve file was removed to make room");
        }
        is_released
    }

    fn look(&mut self, store: &DirectoryStore, bytes: u64) {
        if bytes > 0 && store.disk().room(&store.layout().state).is_err() {
            return;
        }
        let place = store.layout().reserve();
        let there = store.disk().open(&place).and_then(|file| file.len()).ok();
        if there == Some(bytes) || (there, bytes) == (None, 0) {
            return;
        }
        if there.is_some() {
            // It was made with other settings.
            let _ = store.disk().remove(&place);
        }
        if bytes == 0 || !has_room(store, bytes) {
            return;
        }
        let path = Layout::unfinished(&place);
        match store.disk().create_new(&path) {
            Ok(file) => {
                self.making = Some(Making { file, path, missing: bytes, random: random_u64() });
            }
            Err(error) => debug!(%error, "no room is kept free for an exit on a full disk"),
        }
    }

    fn go_on(&mut self, mut making: Making, store: &DirectoryStore) {
        match making.write(store) {
            Ok(true) => debug!("room is kept free for an exit on a full disk"),
            Ok(false) => self.making = Some(making),
            Err(error) => {
                warn!(error = %with_sources(&error), "the reserve file for an exit on a full disk can't be written");
                abandon(making, store);
            }
        }
    }
}

impl Making {
    /// Writes a part; after the last one, puts the file in its place. Returns true if it is done.
    fn write(&mut self, store: &DirectoryStore) -> Result<bool, StoreError> {
        let bytes = self.missing.min(STEP_BYTES as u64);
        let mut part = Vec::with_capacity(STEP_BYTES + 8);
        while (part.len() as u64) < bytes {
            part.extend_from_slice(&self.next_random().to_le_bytes());
        }
        part.truncate(usize::try_from(bytes).unwrap_or_default());
        store.append_to(&mut *self.file, &part, &self.path)?;
        self.missing -= bytes;
        if self.missing > 0 {
            return Ok(false);
        }
        store.finish_file(&mut *self.file, &self.path, &store.layout().reserve())?;
        Ok(true)
    }

    /// The next number of a series that doesn't compress (`SplitMix64`).
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Returns true if the file would keep room free where the sessions are, and take it from nothing else.
fn has_room(store: &DirectoryStore, bytes: u64) -> bool {
    let layout = store.layout();
    let room = |path| store.disk().room(path).ok();
    let (Some(state), Some(data)) = (room(&layout.state), room(&layout.data)) else {
        return false;
    };
    state.file_system == data.file_system && data.free >= bytes.saturating_mul(TIMES_FREE)
}

fn abandon(making: Making, store: &DirectoryStore) {
    let Making { file, path, .. } = making;
    drop(file);
    let _ = store.disk().remove(&path);
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::disk::MemoryDisk;

    const SIZE: u64 = 600 << 10;

    fn store(disk: &MemoryDisk) -> DirectoryStore {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(disk.clone()), layout);
        store.create_state_directory().unwrap();
        store
    }

    fn let_time_pass(reserve: &mut Reserve, store: &DirectoryStore, seconds: u64) -> usize {
        let now = reserve.next_look.max(Duration::from_secs(seconds));
        reserve.step(store, SIZE, now);
        let mut steps = 0;
        while reserve.is_being_made() {
            reserve.step(store, SIZE, now);
            steps += 1;
        }
        steps
    }

    #[test]
    fn a_reserve_is_written_in_steps_released_and_written_again() {
        let disk = MemoryDisk::default();
        disk.leave_room_for(20 * SIZE);
        let store = store(&disk);
        let mut reserve = Reserve::new(Duration::ZERO);
        reserve.step(&store, SIZE, FIRST_LOOK / 2);
        assert!(!reserve.is_being_made(), "a start has better things to do");
        assert_eq!(let_time_pass(&mut reserve, &store, 6), 3, "one for each 256 KiB");
        let content = disk.content(Path::new("state/reserve")).unwrap();
        assert_eq!(content.len() as u64, SIZE);
        let packed = zstd::bulk::compress(&content, 3).unwrap();
        assert!(packed.len() >= content.len(), "it shouldn't compress: {}", packed.len());

        assert!(reserve.release(&store));
        assert!(!reserve.release(&store));
        assert!(disk.content(Path::new("state/reserve")).is_none());
        let_time_pass(&mut reserve, &store, 100);
        assert!(disk.content(Path::new("state/reserve")).is_some());
    }

    #[test]
    fn no_reserve_is_kept_on_a_nearly_full_disk() {
        let disk = MemoryDisk::default();
        disk.leave_room_for(TIMES_FREE * SIZE - 1);
        let store = store(&disk);
        let mut reserve = Reserve::new(Duration::ZERO);
        assert_eq!(let_time_pass(&mut reserve, &store, 6), 0);
        disk.enlarge();
        assert_eq!(let_time_pass(&mut reserve, &store, 6), 0, "how much there is isn't known");
        disk.leave_room_for(TIMES_FREE * SIZE);
        assert_eq!(let_time_pass(&mut reserve, &store, 6), 3);
    }

    #[test]
    fn a_reserve_that_fails_leaves_no_file() {
        for operation in [
            crate::disk::Operation::Append,
            crate::disk::Operation::Sync,
            crate::disk::Operation::Replace,
        ] {
            let disk = MemoryDisk::default();
            disk.leave_room_for(20 * SIZE);
            let store = store(&disk);
            disk.fail_next(operation, std::io::ErrorKind::Other);
            let mut reserve = Reserve::new(Duration::ZERO);
            let_time_pass(&mut reserve, &store, 6);
            assert_eq!(disk.paths(), Vec::<PathBuf>::new(), "{operation:?}");
        }
    }

    #[test]
    fn a_change_of_settings_replaces_or_removes_the_reserve() {
        let disk = MemoryDisk::default();
        disk.leave_room_for(20 * SIZE);
        let store = store(&disk);
        disk.put(Path::new("state/reserve"), b"smaller");
        let mut reserve = Reserve::new(Duration::ZERO);
        let_time_pass(&mut reserve, &store, 6);
        assert_eq!(disk.content(Path::new("state/reserve")).unwrap().len() as u64, SIZE);
        let now = reserve.next_look;
        reserve.step(&store, 0, now);
        assert_eq!(disk.paths(), Vec::<PathBuf>::new(), "it is switched off");
    }
}
