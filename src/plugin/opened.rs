//! A start that opens a report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::prelude::*;
use bevy_session_journal::MemoryDisk;
use bevy_session_journal::internal::read::report::{self, Opened};
use tracing::{error, info};

use super::place::Place;
use super::{Beside, SessionLast, SessionPlugin, SessionSystems};
use crate::lifecycle::{RequestQueue, SlotRequest, tell_of_unopened};
use crate::mode::SessionMode;

impl SessionPlugin {
    /// Sets up the plugin with sessions in memory, and loads the report's checkpoint first of all.
    pub(super) fn set_up_opened(&self, app: &mut App, path: PathBuf) {
        let outside = self.place.outside();
        let in_memory = self.in_memory_of(MemoryDisk::default());
        let layout = in_memory.layout(in_memory.place.roots(&self.studio, &self.game));
        let opened = match report::open(&*outside, &path, &self.game_id(), &layout) {
            Ok(opened) => load(app, &path, opened),
            Err(error) => {
                error!(%error, "the report can't be opened");
                let tell = tell_of_unopened(path.clone(), error);
                app.add_systems(SessionLast, tell.before(SessionSystems::Run));
                MemoryDisk::default()
            }
        };
        let plugin = Self { outside: Some(outside), ..self.in_memory_of(opened) };
        plugin.set_up(app, SessionMode::Open(path));
    }

    /// The same plugin with its sessions on this disk in memory, and otherwise as players have it.
    fn in_memory_of(&self, disk: MemoryDisk) -> Self {
        let place = Place::Disk(Arc::new(disk));
        Self { place, beside: Beside::default(), replica: None, ..self.clone() }
    }
}

/// Requests the checkpoint, before any other request. Returns the disk that has it.
fn load(app: &mut App, path: &Path, opened: Opened) -> MemoryDisk {
    let Opened { disk, slot, checkpoint, note, .. } = opened;
    info!(report = %path.display(), %checkpoint, note, "the report is opened");
    let mut queue = app.world_mut().get_resource_or_init::<RequestQueue>();
    queue.push(SlotRequest::Load(slot.slot.id).into(), None);
    disk
}
