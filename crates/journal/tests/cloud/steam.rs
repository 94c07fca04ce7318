//! Steam's cloud: whole files, before a start and after an end. Where both sides have changed, the player says which is to
//! stay, all files of it.

use crate::device::{Device, Files};
use crate::lines::Draws;

/// The files that the cloud has.
#[derive(Default)]
pub struct Steam {
    pub files: Files,
}

impl Steam {
    /// Brings both into step before the game starts. Says what it did.
    pub fn before_start(&mut self, device: &mut Device, draws: &mut Draws) -> &'static str {
        let here = device.files();
        match (here != device.synced, self.files != device.synced) {
            (false, false) => "has nothing to do",
            (false, true) if draws.one_in(8) => self.download_in_part(device, draws),
            (true, true) if draws.one_in(2) => self.download(device),
            (false, true) => self.download(device),
            (true, _) => self.upload(device),
        }
    }

    /// Uploads after the game's end; a conflict waits for the next start.
    pub fn after_end(&mut self, device: &mut Device) -> &'static str {
        let has_changed = device.files() != device.synced;
        if has_changed && self.files == device.synced {
            return self.upload(device);
        }
        "has nothing to do, or a conflict"
    }

    fn download(&mut self, device: &mut Device) -> &'static str {
        device.set_files(&self.files);
        device.synced = self.files.clone();
        "downloads"
    }

    fn upload(&mut self, device: &mut Device) -> &'static str {
        self.files = device.files();
        device.synced = self.files.clone();
        "uploads"
    }

    /// The connection breaks: some files are there, and one in half.
    fn download_in_part(&self, device: &mut Device, draws: &mut Draws) -> &'static str {
        for (path, bytes) in &self.files {
            match draws.below(3) {
                0 => device.disk.put(path, bytes),
                1 => device.disk.put(path, &bytes[..draws.below(bytes.len())]),
                _ => {}
            }
        }
        "downloads in part"
    }
}
