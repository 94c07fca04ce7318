//! The app that plays: it restores a checkpoint, and is compared with one.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy::app::{App, Main, SubApps};
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::schedule::ScheduleLabel;
use bevy::ecs::world::Mut;
use bevy_session_journal::internal::disk::{Layout, slots_in};
use bevy_session_journal::internal::format::{Block, Commit, Rows};
use bevy_session_journal::internal::read::recovery::{ABOUT_SESSION, ReadProgress};
use bevy_session_journal::{FailureCause, MemoryDisk, SaveId, SessionStatus, SlotError, SlotId};

use super::idle::Idle;
use super::pairing::pairs;
use super::segment::Segment;
use super::signature::Strangers;
use super::source::{GAME, Replay, STUDIO};
use super::{Keyframe, ReplayError};
use crate::capture::{Declarations, SavedTypes};
use crate::library::{CurrentProfile, SessionPlace};
use crate::lifecycle::Runtime;
use crate::recording::{HandOut, NOT_RECORDED, Reborn, Replaying};
use crate::restore::{RestoreLoss, WorldImage};
use crate::testing::{
    Difference, DifferenceKind, FreshWorld, RecoverError, SavedSnapshot, TestGame,
    begin_frame_of_owner, game_in_lent_world, plugin_on,
};
use crate::{
    CurrentSession, SessionCatalog, SessionCommandsExt, SessionPlugin, SessionRestored,
    SessionSettings,
};

/// The length of a frame in which the game waits for its loading screen, which may go by time.
const LOADING_FRAME: Duration = Duration::from_millis(16);

/// Builds the game's app.
pub(super) type Build = Arc<dyn Fn(SessionPlugin) -> App>;

/// The app that plays.
pub(super) struct Played {
    game: TestGame,
    /// The ids on the tape of the entities that are known in both worlds.
    known: EntityHashMap<SaveId>,
    /// The losses of the last restore.
    losses: Vec<RestoreLoss>,
}

impl Played {
    pub(super) fn new(build: &Build) -> Self {
        let build = Arc::clone(build);
        let game =
            TestGame::with(replaying_plugin(), MemoryDisk::default(), move |plugin| build(plugin));
        let mut played = Self::of(game);
        played.obey_the_tape();
        played
    }

    /// Plays in the world of an app whose runner lends it, with what draws that app.
    pub(super) fn lent(drawing: SubApps, disk: MemoryDisk) -> Self {
        let mut app = App::empty();
        app.sub_apps_mut().sub_apps = drawing.sub_apps;
        app.main_mut().update_schedule = Some(Main.intern());
        Self::of(game_in_lent_world(app, disk))
    }

    fn of(game: TestGame) -> Self {
        Self { game, known: EntityHashMap::default(), losses: Vec::new() }
    }

    /// The plugin of an app that lends its world.
    pub(super) fn plugin(disk: MemoryDisk) -> SessionPlugin {
        plugin_on(replaying_plugin(), disk)
    }

    /// Begins in a world that was lent and has run no frame yet.
    pub(super) fn begin_lent(&mut self) {
        self.game.frame_time(Duration::ZERO).frames(1);
        self.obey_the_tape();
    }

    /// A frame of the window begins, whose app lends its world.
    pub(super) fn begin_frame_of_window(&mut self) {
        begin_frame_of_owner(&mut self.game);
    }

    fn obey_the_tape(&mut self) {
        self.game.frame_time(Duration::ZERO);
        if let Some(mut settings) = self.game.world().get_resource_mut::<SessionSettings>() {
            settings.autosave = false;
        }
    }

    /// Runs a frame in which only the schedule `Idle` runs, and what draws.
    pub(super) fn idle(&mut self) {
        self.game.frame_time(Duration::ZERO);
        self.app().main_mut().update_schedule = Some(Idle.intern());
        // Whoever catches a panic of it doesn't play on.
        self.game.frames(1);
        self.app().main_mut().update_schedule = Some(Main.intern());
    }

    pub(super) fn app(&mut self) -> &mut App {
        self.game.app_mut()
    }

    /// Runs a frame of this duration.
    pub(super) fn frame(&mut self, delta: Duration) {
        self.game.frame_time(delta).frames(1);
    }

    /// Restores a checkpoint.
    pub(super) fn go_to(
        &mut self,
        replay: &Replay,
        keyframe: &Keyframe,
    ) -> Result<(), ReplayError> {
        let checkpoint = keyframe.checkpoint;
        self.replaying().restored = keyframe.restored;
        let bytes = replay.slot(keyframe)?;
        let slot =
            self.put(&bytes).map_err(|error| ReplayError::Checkpoint { checkpoint, error })?;
        self.replaying().is_loading = true;
        let restored = self.load(slot);
        self.replaying().is_loading = false;
        let restored = restored.map_err(|error| ReplayError::NotRestored { checkpoint, error })?;
        self.losses = restored.report.losses;
        self.known = self.ids();
        self.known.retain(|_, id| *id < keyframe.next_save_id);
        Ok(())
    }

    fn load(&mut self, slot: SlotId) -> Result<SessionRestored, RecoverError> {
        self.game.frame_time(Duration::ZERO);
        self.game.ask(|commands| commands.session().library().find())?;
        self.game.wait(|game| {
            let catalog = game.world().get_resource::<SessionCatalog>()?;
            catalog.slot(slot).map(drop)
        })?;
        self.game.ask(|commands| commands.session().slots().load(slot))?;
        self.game.wait_until_restored_in(LOADING_FRAME)
    }

    /// Stores a checkpoint as a slot, beside those that the game itself saves while it is played.
    fn put(&mut self, bytes: &[u8]) -> Result<SlotId, SlotError> {
        let world = self.game.app().world();
        let place = world.get_resource::<SessionPlace>();
        let profile = world.get_resource::<CurrentProfile>().map(CurrentProfile::name);
        let layout = Layout {
            data: place.map_or_else(PathBuf::new, |place| place.data().to_owned()),
            state: place.map_or_else(PathBuf::new, |place| place.state().to_owned()),
            profile: profile.unwrap_or_default().to_owned(),
        };
        let (disk, slots) = (self.game.disk(), layout.slots());
        let path = slots.join("keyframe.save");
        disk.put(&path, bytes);
        let there = slots_in(disk, &slots).map_err(|error| SlotError::Disk(error.into()))?;
        for slot in there {
            match slot {
                Ok(file) if *file.path == *path => return Ok(file.slot.id),
                Err(unread) if unread.path == path => return Err(unread.error),
                _ => {}
            }
        }
        Err(SlotError::Unknown)
    }

    /// The current ids of entities in the session.
    fn ids(&mut self) -> EntityHashMap<SaveId> {
        let runtime = self.game.world().get_resource_mut::<Runtime>();
        let known = runtime.and_then(|mut runtime| {
            let encoder = runtime.parts()?.writer.content()?;
            Some(encoder.ids().map(|(id, entity)| (entity, id)).collect())
        });
        known.unwrap_or_default()
    }

    /// Hands the game what it was handed after a crash.
    pub(super) fn hand_out(&mut self, segment: &Segment) {
        let mut entities = self.reborn();
        let failed = Runtime::with(self.game.world(), |parts, world| {
            let mut failed = Vec::new();
            for event in &segment.handed_out {
                let handed = parts.events.hand_out(world, event, &mut entities);
                let message = match handed {
                    Some(HandOut::Done | HandOut::Rejected) => continue,
                    Some(HandOut::Failed(message)) => message,
                    None => NOT_RECORDED.to_owned(),
                };
                failed.push((Arc::clone(&event.event_type.path), message));
            }
            world.flush();
            failed
        });
        self.note_unreadable(failed.unwrap_or_default());
    }

    fn reborn(&self) -> Reborn {
        Reborn(self.known.iter().map(|(entity, id)| (*id, *entity)).collect())
    }

    fn note_unreadable(&mut self, unreadable: Vec<(Arc<str>, String)>) {
        let mut replaying = self.replaying();
        for (path, error) in unreadable {
            if replaying.unreadable.iter().all(|(known, _)| *known != path) {
                replaying.unreadable.push((path, error));
            }
        }
    }

    /// Sets the position of the tape, and the inputs that are to come.
    pub(super) fn lay_out(&mut self, segment: &Segment) {
        let mut entities = self.reborn();
        let world = self.game.world();
        let unreadable = Runtime::with(world, |parts, world| {
            parts.events.forget_laid_out(world);
            let mut unreadable = Vec::new();
            for input in &segment.inputs {
                if let Err(error) = parts.events.lay_out(world, input, &mut entities) {
                    unreadable.push((Arc::clone(&input.event_type.path), error));
                }
            }
            unreadable
        });
        let here = world.get_resource::<crate::recording::FixedTicks>().map_or(0, |ticks| ticks.0);
        self.replaying().ticks_ahead = i128::from(segment.ticks()) - i128::from(here);
        self.note_unreadable(unreadable.unwrap_or_default());
    }

    fn replaying(&mut self) -> Mut<'_, Replaying> {
        self.game.world().get_resource_or_init()
    }

    pub(super) fn losses(&self) -> &[RestoreLoss] {
        &self.losses
    }

    /// The types of inputs that this build can't read, each with the reason.
    pub(super) fn unreadable(&self) -> &[(Arc<str>, String)] {
        let replaying = self.game.app().world().get_resource::<Replaying>();
        replaying.map_or(&[], |replaying| &replaying.unreadable)
    }

    /// Sets the number of the tape's next frame.
    pub(super) fn expect_frame(&mut self, number: u64) {
        self.replaying().frame = number;
    }

    /// The fixed steps on the tape so far.
    pub(super) fn ticks(&mut self) -> u64 {
        let world = self.game.world();
        let here = world.get_resource::<crate::recording::FixedTicks>().map_or(0, |ticks| ticks.0);
        let ahead = world.get_resource_or_init::<Replaying>().ticks_ahead;
        u64::try_from(i128::from(here) + ahead).unwrap_or_default()
    }

    /// Pauses or resumes the session, to its recorded status after a frame.
    pub(super) fn set_status(&mut self, status: SessionStatus) {
        if let Some(mut session) = self.game.world().get_resource_mut::<CurrentSession>() {
            session.status = status;
        }
    }

    /// Compares the world with a checkpoint: replayed values come first. From then on, entities
    /// that are the same in both have the ids of the tape.
    pub(super) fn differences(
        &mut self,
        replay: &Replay,
        keyframe: &Keyframe,
    ) -> Result<Vec<Difference>, ReplayError> {
        let types = Arc::new(SavedTypes::collect(self.game.world()));
        let recorded = Recorded::read(replay, keyframe, &types)?;
        let mut fresh = FreshWorld::beside_saved(self.game.world(), &types);
        let restored = fresh.restore(recorded.image);
        let checkpoint = keyframe.checkpoint;
        let restored =
            restored.map_err(|message| ReplayError::NotCompared { checkpoint, message })?;

        let saved = SavedSnapshot::saved(self.game.world(), &types);
        self.known.retain(|entity, _| saved.contains(entity));
        let known: HashSet<SaveId> = self.known.values().copied().collect();
        let mut here: Vec<Entity> =
            saved.into_iter().filter(|entity| !self.known.contains_key(entity)).collect();
        // As they were spawned, for the most part: a world gives new indexes in that order.
        here.sort_unstable_by_key(|entity| entity.index_u32());
        let (there_known, there): (EntityHashMap<SaveId>, EntityHashMap<SaveId>) = restored
            .ids
            .iter()
            .map(|(entity, id)| (*entity, *id))
            .partition(|(_, id)| known.contains(id));
        let mut there_in_order: Vec<Entity> = there.keys().copied().collect();
        there_in_order.sort_unstable_by_key(|entity| there.get(entity).copied());

        let ours = Strangers::of(here, &self.known, |ids, is_wanted| {
            SavedSnapshot::some_with_ids(self.game.world(), &types, ids, is_wanted)
        });
        let fresh_types = Arc::clone(&fresh.types);
        let theirs = Strangers::of(there_in_order, &there_known, |ids, is_wanted| {
            SavedSnapshot::some_with_ids(&mut fresh.world, &fresh_types, ids, is_wanted)
        });
        for (entity, recorded) in pairs(&ours, &theirs) {
            self.known.extend(there.get(&recorded).map(|id| (entity, *id)));
        }
        let states = state_differences(self.game.world(), &recorded.of_world);
        // They are in no world but the game's.
        let declarations = self.game.world().get_resource::<Declarations>().cloned();
        let declarations = declarations.unwrap_or_default();
        let is_alike = SavedSnapshot::is_written_alike(
            (self.game.world(), &types, &self.known),
            (&mut fresh.world, &fresh_types, &restored.ids),
            |type_path| !declarations.is_state(type_path),
        );
        if is_alike {
            return Ok(states);
        }
        let played = SavedSnapshot::with_ids(self.game.world(), &types, &self.known);
        let expected = SavedSnapshot::with_ids(&mut fresh.world, &fresh_types, &restored.ids);
        let mut found = played.differences(&expected);
        found.retain(|it| !it.type_path.as_deref().is_some_and(|it| declarations.is_state(it)));
        found.extend(states);
        Ok(found)
    }
}

fn replaying_plugin() -> SessionPlugin {
    SessionPlugin::new(STUDIO, GAME).replaying()
}

fn state_differences(
    world: &bevy::ecs::world::World,
    of_world: &[(Arc<str>, Vec<u8>)],
) -> Vec<Difference> {
    let Some(declarations) = world.get_resource::<Declarations>() else { return Vec::new() };
    let different = of_world.iter().filter_map(|(type_path, bytes)| {
        let (before, after) = declarations.compare_state(type_path, world, bytes)?;
        Some(Difference {
            entity: None,
            entity_name: None,
            type_path: Some(type_path.to_string()),
            field: String::new(),
            kind: DifferenceKind::Value { before, after },
        })
    });
    different.collect()
}

/// A checkpoint, as it was recorded.
struct Recorded {
    image: WorldImage,
    /// Rows that belong to no entity, as they were written.
    of_world: Vec<(Arc<str>, Vec<u8>)>,
}

impl Recorded {
    fn read(replay: &Replay, keyframe: &Keyframe, types: &SavedTypes) -> Result<Self, ReplayError> {
        let checkpoint = keyframe.checkpoint;
        let unreadable = |error: &dyn std::error::Error| ReplayError::Unreadable {
            path: replay.path().to_owned(),
            cause: FailureCause::new(error.to_string()),
        };
        let gone = || ReplayError::Checkpoint { checkpoint, error: SlotError::CheckpointNotSaved };
        let index = replay.stored().index();
        let plan = index.plan(checkpoint).ok_or_else(gone)?;
        let commit: Commit = index.commit(checkpoint).cloned().ok_or_else(gone)?;
        let blocks = replay.stored().blocks(&plan).map_err(|error| unreadable(&error))?;
        let blocks = blocks.collect::<Result<Vec<Block>, _>>();
        let mut blocks = blocks.map_err(|error| unreadable(&error))?;
        blocks.retain(|block| !ABOUT_SESSION.contains(&&*block.type_path));
        let of_world = blocks.iter().filter_map(|block| {
            let Rows::Values(rows) = &block.rows else { return None };
            let (_, value) = rows.iter().find(|(id, _)| *id == SaveId::WORLD)?;
            Some((Arc::clone(&block.type_path), value.to_vec()))
        });
        let of_world = of_world.collect();
        let read = blocks.into_iter().map(Ok::<_, std::convert::Infallible>);
        let image = WorldImage::decode(types, &commit, read, &ReadProgress::default());
        let Ok(image) = image;
        Ok(Self { image, of_world })
    }
}
