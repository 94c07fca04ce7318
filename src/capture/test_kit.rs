//! A small game, and a journal that is a map, for the tests of `capture` and `restore`.

mod placed;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::ecs::change_detection::Tick;
use bevy::ecs::entity::MapEntities;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session_journal::internal::format::{
    Block, Commit, ENTITIES, Rows, TypeList, TypeSummary, Values,
};
use bevy_session_journal::internal::read::recovery::ReadProgress;
use bevy_session_journal::{CheckpointKind, SaveId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    Capture, CaptureScope, Encoded, Encoder, KeyedIds, Known, Recorder, SavedTypes, SessionAppExt,
};
use crate::ReflectSaved;
use crate::restore::{DroppedTypes, EntitiesReplaced, Leftovers, RestoreManner, WorldImage};

/// True if the engine can keep the newest change tick of a column.
pub(crate) const HAS_SUMMARY_TICKS: bool = true;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(Armor)]
pub(crate) struct Health(pub u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(summary_tick)]
pub(crate) struct Armor(pub u32);

impl Default for Armor {
    fn default() -> Self {
        Self(7)
    }
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(summary_tick)]
pub(crate) struct Inventory(pub Vec<u32>);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub(crate) struct Target {
    pub strength: u32,
    #[entities]
    pub targets: Vec<Entity>,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(storage = "SparseSet")]
pub(crate) struct Burning(pub u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable)]
pub(crate) struct Serial(pub u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub(crate) struct Player;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
#[reflect(Component, Saved, where T: Clone + Serialize + DeserializeOwned)]
pub(crate) struct Stat<T: Reflect + TypePath + Clone + Serialize + DeserializeOwned>(pub T);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = Crew)]
pub(crate) struct MemberOf(pub Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = MemberOf)]
pub(crate) struct Crew(Vec<Entity>);

/// Without serde: for `save_reflected`.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
#[reflect(Component, Default)]
pub(crate) enum Look {
    #[default]
    Plain,
    Dyed {
        colour: String,
    },
}

#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub(crate) struct Score(pub u32);

#[derive(Resource, MapEntities, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Leader(#[entities] pub Entity);

#[derive(
    States, TypePath, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
pub(crate) enum Game {
    #[default]
    Menu,
    Playing,
    Won,
}

#[derive(
    SubStates, TypePath, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
#[source(Game = Game::Playing)]
pub(crate) enum Phase {
    #[default]
    Day,
    Night,
}

/// The game, before it is complete.
pub(crate) fn game() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), StatesPlugin));
    complete(&mut app);
    SavedTypes::collect(app.world_mut());
    app
}

/// Declares everything that the game saves.
pub(crate) fn complete(app: &mut App) {
    app.init_state::<Game>()
        .add_sub_state::<Phase>()
        .register_type::<Health>()
        .register_type::<Armor>()
        .register_type::<Inventory>()
        .register_type::<Target>()
        .register_type::<Burning>()
        .register_type::<Serial>()
        .register_type::<Player>()
        .register_type::<Stat<f32>>()
        .register_type::<MemberOf>()
        .register_type::<Score>()
        .save_component::<Name>()
        .save_resource::<Leader>()
        .save_state::<Game>()
        .save_state::<Phase>()
        .save_reflected::<Look>();
}

/// A game that is being played, and everything that captures it.
pub(crate) struct Play {
    pub app: App,
    pub types: Arc<SavedTypes>,
    pub recorder: Recorder,
    pub encoder: Encoder,
    /// The journal's content.
    pub journal: Journal,
    /// The opening checkpoint of a run that began with a delta to the restored one.
    pub opened: Option<Journal>,
    /// Loads the level of the next restore, while that waits for it.
    pub load: Option<Box<dyn FnOnce(&mut World)>>,
    /// Happens while kept values are on their way to those who came back.
    pub(crate) while_claiming: Option<Box<dyn FnOnce(&mut World)>>,
    /// True if it is noted what becomes of placed entities, as while a session is played.
    notes_placed: bool,
}

impl Play {
    /// Plays the game.
    pub(crate) fn start() -> Self {
        Self::of(game())
    }

    /// Completes a game and starts to play it.
    pub(crate) fn of(mut app: App) -> Self {
        app.finish();
        app.cleanup();
        app.update();
        let types = Arc::new(SavedTypes::collect(app.world_mut()));
        let recorder = Recorder::new(app.world_mut(), &types);
        let encoder = Encoder::new(types.clone(), SaveId::FIRST);
        let (journal, opened, load) = (Journal::default(), None, None);
        Self {
            app,
            types,
            recorder,
            encoder,
            journal,
            opened,
            load,
            while_claiming: None,
            notes_placed: false,
        }
    }

    pub(crate) fn world(&mut self) -> &mut World {
        self.app.world_mut()
    }

    /// Ends a frame.
    pub(crate) fn frame(&mut self) {
        self.recorder.watch_removals(self.app.world());
        self.app.update();
    }

    pub(crate) fn look_thoroughly(&mut self) {
        self.recorder.look_thoroughly();
    }

    pub(crate) fn record(&mut self, scope: CaptureScope) -> Box<Capture> {
        self.recorder.capture(self.app.world_mut(), scope)
    }

    /// Takes a checkpoint.
    pub(crate) fn checkpoint(&mut self, scope: CaptureScope) -> Encoded {
        let capture = self.record(scope);
        let is_full = capture.scope() == CaptureScope::Full;
        let encoded = self.encoder.encode(capture);
        self.journal.fold(&encoded, is_full);
        encoded
    }

    pub(crate) fn full(&mut self) -> Encoded {
        self.checkpoint(CaptureScope::Full)
    }

    pub(crate) fn delta(&mut self) -> Encoded {
        self.checkpoint(CaptureScope::Delta)
    }

    pub(crate) fn image(&self, journal: &Journal) -> WorldImage {
        let blocks = journal.blocks().into_iter().map(Ok::<_, Infallible>);
        WorldImage::decode(&self.types, &journal.commit(), blocks, &ReadProgress::default())
            .unwrap()
    }

    /// Restores a checkpoint, and begins a new run with a full capture.
    pub(crate) fn restore(&mut self, journal: &Journal) -> EntitiesReplaced {
        let image = self.image(journal);
        self.restore_image(image, journal.next_save_id)
    }

    pub(crate) fn restore_image(
        &mut self,
        mut image: WorldImage,
        next: SaveId,
    ) -> EntitiesReplaced {
        self.prepare_world(&mut image);
        let replaced = image.replace_entities(self.world(), &Leftovers::none());
        self.begin_to_note_placed(&replaced);
        self.begin_run(next, &replaced);
        replaced
    }

    /// Restores a checkpoint in place, and begins a new run with a full capture.
    pub(crate) fn restore_in_place(
        &mut self,
        mut image: WorldImage,
        next: SaveId,
        since: Option<Tick>,
    ) -> EntitiesReplaced {
        image.note_living(self.encoder.ids());
        image.note_left(self.encoder.left());
        assert_eq!(image.manner(RestoreManner::InPlace), RestoreManner::InPlace);
        self.prepare_world(&mut image);
        let nothing = DroppedTypes::default();
        let known = since.map(|since| Known { since, recorder: &mut self.recorder });
        let (world, none) = (self.app.world_mut(), Leftovers::none());
        let mut replaced = image.write_in_place(world, &none, &nothing, known);
        let remains = replaced.remains.take();
        self.begin_to_note_placed(&replaced);
        match replaced.as_saved.zip(remains) {
            Some((captured, image)) => self.open_run_with(next, &replaced, captured, *image),
            None => {
                self.opened = None;
                self.begin_run(next, &replaced);
            }
        }
        replaced
    }

    /// Restores resources and states, and lets the game load its level.
    fn prepare_world(&mut self, image: &mut WorldImage) {
        self.stop_noting_placed();
        image.insert_resources(self.world());
        image.set_states(self.world(), None).unwrap();
        if let Some(load) = self.load.take() {
            load(self.world());
        }
    }

    /// Also begins a new run with a delta to the restored checkpoint.
    fn open_run_with(
        &mut self,
        next: SaveId,
        replaced: &EntitiesReplaced,
        as_saved: Tick,
        image: WorldImage,
    ) {
        let mut encoder = Encoder::new(self.types.clone(), next);
        encoder.seed(replaced.seeds.iter().copied());
        encoder.seed_absent(replaced.absent.iter().copied());
        encoder.note_places(KeyedIds::default(), KeyedIds::of(replaced.anchors.clone()));
        encoder.open_with(image.into_written());
        self.recorder.go_on_from(self.app.world(), as_saved);
        let capture = self.record(CaptureScope::Delta);
        assert_eq!(capture.scope(), CaptureScope::Delta);
        let encoded = encoder.encode(capture);
        assert!(encoded.drift.is_empty(), "rows were lost: {:?}", encoded.drift);
        let mut opened = Journal::default();
        opened.fold(&encoded, true);
        self.opened = Some(opened);
        self.begin_run(next, replaced);
    }

    fn begin_run(&mut self, next: SaveId, replaced: &EntitiesReplaced) {
        self.encoder = Encoder::new(self.types.clone(), next);
        self.encoder.seed(replaced.seeds.iter().copied());
        self.encoder.seed_absent(replaced.absent.iter().copied());
        self.encoder.carry(replaced.carried.clone());
        let [gone, anchors] = [&replaced.gone, &replaced.anchors];
        self.encoder.note_places(KeyedIds::of(gone.clone()), KeyedIds::of(anchors.clone()));
        self.recorder.restart(self.app.world());
        self.journal = Journal::default();
        self.full();
    }

    /// The only saved entity with a component.
    pub(crate) fn single<T: Component>(&mut self) -> Entity {
        self.world().query_filtered::<Entity, With<T>>().single(self.app.world()).unwrap()
    }
}

/// Returns true if `below` is `above` or one of its descendants.
pub(crate) fn is_above(world: &World, above: Entity, below: Entity) -> bool {
    let mut next = Some(below);
    while let Some(entity) = next {
        if entity == above {
            return true;
        }
        next = world.get::<ChildOf>(entity).map(ChildOf::parent);
    }
    false
}

/// A journal that is a map.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Journal {
    pub rows: BTreeMap<String, BTreeMap<SaveId, Vec<u8>>>,
    pub types: Vec<String>,
    pub next_save_id: SaveId,
}

impl Default for Journal {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), types: Vec::new(), next_save_id: SaveId::FIRST }
    }
}

impl Journal {
    /// Applies a checkpoint, as merging does, and checks that it is well formed.
    pub(crate) fn fold(&mut self, encoded: &Encoded, is_full: bool) {
        let keys: Vec<_> = encoded.blocks.iter().map(Block::key).collect();
        assert!(keys.is_sorted(), "blocks should be in the order of their keys");
        if is_full {
            self.rows.clear();
        }
        for block in &encoded.blocks {
            assert!(block.ids().is_sorted_by(|one, other| one < other), "ids should ascend");
            self.apply(block);
        }
        self.rows.retain(|_, rows| !rows.is_empty());
        self.types = encoded.types.iter().map(|summary| summary.path.clone()).collect();
        self.next_save_id = encoded.next_save_id;
        for summary in &encoded.types {
            let rows = self.rows.get(&summary.path).map_or(0, BTreeMap::len) as u64;
            assert_eq!(rows, summary.rows, "rows of {}", summary.path);
        }
    }

    fn apply(&mut self, block: &Block) {
        match &block.rows {
            Rows::Removed(ids) if *block.type_path == *ENTITIES => {
                for rows in self.rows.values_mut() {
                    rows.retain(|id, _| !ids.contains(id));
                }
            }
            Rows::Removed(ids) => {
                let rows = self.rows.entry(block.type_path.to_string()).or_default();
                rows.retain(|id, _| !ids.contains(id));
            }
            Rows::Values(values) => {
                let rows = self.rows.entry(block.type_path.to_string()).or_default();
                rows.extend(values.iter().map(|(id, value)| (id, value.to_vec())));
            }
        }
    }

    /// The rows as blocks.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let block = |(path, rows): (&String, &BTreeMap<SaveId, Vec<u8>>)| {
            let mut values = Values::default();
            rows.iter().for_each(|(id, value)| values.push(*id, value));
            Block::values(Arc::from(&**path), 0, values)
        };
        let mut blocks: Vec<Block> = self.rows.iter().map(block).collect();
        blocks.sort_by(|one, other| one.key().cmp(&other.key()));
        blocks
    }

    pub(crate) fn commit(&self) -> Commit {
        let summary = |path: &String| TypeSummary {
            path: path.clone(),
            version: 0,
            rows: self.rows.get(path).map_or(0, BTreeMap::len) as u64,
        };
        Commit {
            counter: 1,
            base: None,
            kind: CheckpointKind::Auto,
            label: None,
            time: jiff::Timestamp::UNIX_EPOCH,
            play_time: Duration::ZERO,
            entities: self.entities() as u64,
            types: self.types.iter().map(summary).collect(),
            carried: TypeList::default(),
            incomplete: Vec::new(),
            next_save_id: self.next_save_id,
            summary: None,
            events_through: 0,
            origin: None,
            without_world: false,
            after_failure: false,
            tape: None,
        }
    }

    pub(crate) fn entities(&self) -> usize {
        self.rows.get(ENTITIES).map_or(0, BTreeMap::len)
    }

    /// The rows of a type.
    pub(crate) fn of<T: TypePath>(&self) -> BTreeMap<SaveId, Vec<u8>> {
        self.rows.get(T::type_path()).cloned().unwrap_or_default()
    }

    /// The decoded values of a type.
    pub(crate) fn values<T: TypePath + DeserializeOwned>(&self) -> Vec<T> {
        self.of::<T>().values().map(|bytes| rmp_serde::from_slice(bytes).unwrap()).collect()
    }

    /// Replaces every target that isn't saved by a placeholder.
    pub(crate) fn forget_outside_targets(&mut self) {
        let saved: Vec<SaveId> =
            self.rows.get(ENTITIES).into_iter().flatten().map(|(id, _)| *id).collect();
        for (id, mut target) in self.of::<Target>().into_keys().zip(self.values::<Target>()) {
            for target in &mut target.targets {
                if !saved.contains(&SaveId(target.to_bits())) {
                    *target = Entity::PLACEHOLDER;
                }
            }
            self.set(Target::type_path(), id, &target);
        }
    }

    /// Replaces a value.
    pub(crate) fn set<V: Serialize>(&mut self, path: &str, id: SaveId, value: &V) {
        let bytes = rmp_serde::to_vec_named(value).unwrap();
        self.rows.entry(path.to_owned()).or_default().insert(id, bytes);
    }
}

/// Pseudo-random numbers, the same in every run.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { from.get(self.roll(from.len())).copied() }
    }
}
