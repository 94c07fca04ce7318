//! Takes captures.

use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::change_detection::{CheckChangeTicks, Tick};
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::query::{QueryState, Without};
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;
use tracing::warn;

use super::capture::Capture;
use super::moment::{CaptureScope, Extent, Moment};
use super::recorders::Recorders;
use super::removals::Removals;
use super::tables::{SavedQuery, SavedTables};
use super::ticks::TickSpan;
use crate::capture::placed::{Placed, SaveKey};
use crate::capture::types::SavedTypes;
use crate::capture::unsaved::UnsavedMarkers;
use crate::saved::{Latecomers, Saved, unfiltered};

/// Takes captures of one world.
///
/// Between two captures it keeps the tick of the first, hints at removals, the resources that
/// existed, and the states. If a capture is dropped, the next one must be full.
pub(crate) struct Recorder {
    entities: SavedQuery,
    tables: SavedTables,
    columns: Recorders,
    removals: Removals,
    adoptions: Vec<Adoption>,
    unsaved: UnsavedMarkers,
    anchors: QueryState<(Entity, &'static SaveKey), (Without<Saved>, Without<IsResource>)>,
    /// The anchors of the last capture.
    last_anchors: Vec<(Entity, SaveKey)>,
    /// The newest tick that the last capture has seen; `None` if the next one must be full.
    base: Option<Tick>,
    thoroughness: Thoroughness,
    /// Encoded and emptied captures, to be filled again.
    #[expect(clippy::vec_box, reason = "a capture travels in its box, which is kept as well")]
    spares: Vec<Box<Capture>>,
    /// The number of captures that are to return. More are never kept.
    lent: usize,
}

/// Knowledge of a world that needs no look at its values.
pub(crate) struct Known<'a> {
    /// The tick until which all writes are in the checkpoint that is restored, or before it.
    pub since: Tick,
    /// Knows where the saved values are in the world.
    pub recorder: &'a mut Recorder,
}

/// Captures whose buffers are kept: two may be with the writer while the third is filled.
const KEPT: usize = 3;

/// The schedule for looking at each value's own tick, since a few ways of writing leave no trace in
/// the tick of a whole column: Bevy's `MutUntyped`, and code that bypasses change detection and
/// sets ticks itself.
struct Thoroughness {
    /// The number of captures until the next such look.
    captures: u32,
    /// The tick of the last one, to find the values that were missed since.
    last: Tick,
}

/// The interval, in captures, at which one looks at everything.
const THOROUGH: u32 = 60;

/// A type that was spawned before it could require the marker.
struct Adoption {
    type_path: Arc<str>,
    late: Latecomers,
    was_reported: bool,
}

impl Recorder {
    /// A recorder for `world`.
    pub(crate) fn new(world: &mut World, types: &SavedTypes) -> Self {
        let marker = world.register_component::<Saved>();
        let components: Vec<_> = types
            .columns()
            .enumerate()
            .filter_map(|(place, saved_type)| Some((place, saved_type.watched(world)?)))
            .collect();
        unfiltered(world, |world| Self {
            entities: QueryState::new(world),
            tables: SavedTables::default(),
            columns: Recorders::new(types.columns().map(|saved_type| saved_type.recorder(world))),
            removals: Removals::new(marker, components),
            adoptions: types
                .adopted()
                .map(|(type_path, component)| Adoption::new(world, type_path, component))
                .collect(),
            unsaved: UnsavedMarkers::new(world),
            anchors: QueryState::new(world),
            last_anchors: Vec::new(),
            base: None,
            thoroughness: Thoroughness { captures: 0, last: world.read_change_tick() },
            spares: Vec::with_capacity(KEPT),
            lent: 0,
        })
    }

    /// Notes removals. Called once a frame, since Bevy forgets them after two.
    pub(crate) fn watch_removals(&mut self, world: &World) {
        self.removals.note(world);
        if self.removals.give_up(world) {
            self.base = None;
        }
    }

    /// Keeps the base comparable with the ticks of the world. Called when Bevy clamps them.
    pub(crate) fn clamp_ticks(&mut self, check: CheckChangeTicks) {
        // A base as old as that can't be distinguished from changes that are as old, so it is given up.
        let is_too_old = self.thoroughness.last.check_tick(check);
        if self.base.as_mut().is_some_and(|base| base.check_tick(check)) || is_too_old {
            self.base = None;
        }
    }

    /// A tick up to which all writes are in the last capture, or before it: the capture's, or an
    /// earlier one if it has skipped columns without a look at each value.
    pub(crate) fn captured_at(&self) -> Option<Tick> {
        let base = self.base?;
        let age = |tick: &Tick| base.get().wrapping_sub(tick.get());
        Some(self.columns.passed_over_since().max_by_key(age).unwrap_or(base))
    }

    /// The entities whose component of each type was written or inserted after a tick, in the order
    /// of the types. Each value's own tick is looked at.
    pub(crate) fn changed_since(&mut self, world: &World, since: Tick) -> Vec<Vec<Entity>> {
        self.columns.changed_within(world, TickSpan::new(since, world.read_change_tick()))
    }

    /// Makes the next capture look at each value's own tick.
    pub(crate) fn look_thoroughly(&mut self) {
        self.thoroughness.captures = 0;
    }

    /// Makes the next capture full, and forgets everything up to now.
    pub(crate) fn restart(&mut self, world: &World) {
        self.base = None;
        self.removals.skip(world);
        self.last_anchors.clear();
        self.columns.restart();
    }

    /// Forgets the world that was recorded before this one, of which is known what was written
    /// since a tick, or nothing.
    pub(crate) fn begin_again(&mut self, world: &World, known: Option<Tick>) {
        match known {
            Some(tick) => self.go_on_from(world, tick),
            None => self.restart(world),
        }
    }

    /// Treats the world as recorded, except for writes after this tick.
    pub(crate) fn go_on_from(&mut self, world: &World, recorded: Tick) {
        self.restart(world);
        self.columns.take_for_recorded(world);
        self.look_thoroughly();
        self.base = Some(recorded);
    }

    /// Copies everything saved, or what changed of it.
    ///
    /// The first capture is full, whatever the scope. No change tick of the game's data moves and
    /// none of its hooks run; only entities that have to be adopted get their marker.
    pub(crate) fn capture(&mut self, world: &mut World, scope: CaptureScope) -> Box<Capture> {
        let buffers = self.buffers();
        let mut capture = self.fill(buffers, world, scope);
        let departed = world.get_resource_mut::<Placed>().filter(|placed| placed.has_departures());
        let departures = departed.map(|mut placed| placed.take_departures()).unwrap_or_default();
        capture.placed.departures = departures;
        capture
    }

    /// Copies as [`capture`](Self::capture) does, but leaves what is sent only once, the departures
    /// of placed entities, to the next capture.
    pub(crate) fn look(&mut self, world: &mut World, scope: CaptureScope) -> Box<Capture> {
        // Rare, and large: nothing to keep buffers for.
        self.fill(Box::default(), world, scope)
    }

    fn buffers(&mut self) -> Box<Capture> {
        self.spares.pop().unwrap_or_else(|| {
            let comes_back = self.lent < KEPT;
            self.lent += usize::from(comes_back);
            Box::new(Capture { comes_back, ..Capture::default() })
        })
    }

    fn fill(
        &mut self,
        buffers: Box<Capture>,
        world: &mut World,
        scope: CaptureScope,
    ) -> Box<Capture> {
        self.adopt(world);
        self.unsaved.settle(world);
        self.removals.note(world);
        // Everything written until now has this tick at most, and everything after it a later one.
        let newest = world.increment_change_tick();
        let extent = match (scope, self.base.replace(newest)) {
            (CaptureScope::Delta, Some(base)) => Extent::Within(TickSpan::new(base, newest)),
            (CaptureScope::Full, _) | (_, None) => Extent::All,
        };
        // What the engine says of whole tables is about the time since the world's last tick.
        let since = extent.base().unwrap_or_else(|| world.last_change_tick());
        let mut capture =
            world.last_change_tick_scope(since, |world| self.copy(buffers, world, extent, newest));
        let anchors = self.changed_anchors(world, extent);
        capture.placed.anchors = anchors;
        capture
    }

    fn changed_anchors(&mut self, world: &World, extent: Extent) -> Option<Vec<(Entity, SaveKey)>> {
        let living = self.anchors.iter(world);
        let is_changed = match extent {
            Extent::All => true,
            Extent::Within(_) => {
                let known = self.last_anchors.iter().map(|(entity, key)| (*entity, key));
                !living.clone().eq(known)
            }
        };
        if is_changed {
            self.last_anchors = living.map(|(entity, key)| (entity, key.clone())).collect();
        }
        is_changed.then(|| self.last_anchors.clone())
    }

    fn copy(
        &mut self,
        mut capture: Box<Capture>,
        world: &World,
        extent: Extent,
        newest: Tick,
    ) -> Box<Capture> {
        capture.scope = extent.scope();
        let buffer = std::mem::take(&mut capture.entities.saved);
        self.tables.scan(&mut self.entities, world, extent, buffer);
        capture.entities.live = self.tables.live();
        let is_thorough = self.thoroughness.is_time(extent, newest);
        let moment = Moment { extent, is_thorough, tables: &self.tables };
        self.columns.record(world, &moment, &mut capture.columns);
        self.removals.take_entities(world, &mut capture.entities);
        self.removals.take_rows(world, &mut capture.removed);
        if let Extent::Within(span) = extent {
            self.follow_markers(world, span, &mut capture);
        }
        capture.entities.saved = self.tables.take_entities();
        capture
    }

    /// Copies lists again if the marker of one of their members was inserted or removed.
    fn follow_markers(&self, world: &World, span: TickSpan, capture: &mut Capture) {
        let (fresh, unmarked) = (self.tables.entities(), &capture.entities.unmarked);
        if fresh.is_empty() && unmarked.is_empty() {
            return;
        }
        let entities = [fresh, unmarked].concat();
        self.columns.follow_markers(world, span, &entities, &mut capture.columns);
    }

    /// The time that copying took in the last capture of this scope, and the number of copied rows;
    /// one item for each type but the marker.
    pub(crate) fn costs<'a>(
        &'a self,
        capture: &'a Capture,
    ) -> impl Iterator<Item = (Duration, usize)> + use<'a> {
        let rows = capture.columns.iter().map(|column| column.rows());
        self.columns.costs(capture.scope()).iter().copied().zip(rows)
    }

    /// The number of deltas in a row in which no row of a type was copied; one item for each type
    /// but the marker.
    pub(crate) fn idle(&self) -> impl Iterator<Item = u32> {
        self.columns.idle().iter().copied()
    }

    /// Takes back the buffers of a capture that [comes back](Capture::comes_back). The encoding
    /// thread has emptied them already, which saves this thread the work.
    pub(crate) fn recycle(&mut self, mut capture: Box<Capture>) {
        capture.empty();
        if self.spares.len() < KEPT {
            self.spares.push(capture);
        }
    }

    fn adopt(&mut self, world: &mut World) {
        for adoption in &mut self.adoptions {
            adoption.adopt(world);
        }
    }
}

impl Thoroughness {
    fn is_time(&mut self, extent: Extent, newest: Tick) -> bool {
        let is_time = self.captures == 0 || matches!(extent, Extent::All);
        if is_time {
            *self = Self { captures: THOROUGH, last: newest };
        }
        self.captures -= 1;
        is_time
    }
}

impl Adoption {
    fn new(world: &mut World, type_path: Arc<str>, component: ComponentId) -> Self {
        Self { type_path, late: Latecomers::with(component, world), was_reported: false }
    }

    fn adopt(&mut self, world: &mut World) {
        let entities = self.late.mark(world);
        if entities > 0 && !std::mem::replace(&mut self.was_reported, true) {
            warn!(
                type_path = &*self.type_path,
                entities,
                "entities were spawned before their type was registered as saved; they are marked \
                 at each checkpoint instead. Register the type before anything is spawned"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::change_detection::MAX_CHANGE_AGE;

    use super::*;
    use crate::capture::test_kit::{Health, Play};

    #[test]
    #[ignore = "counts to half a thousand million, until Bevy looks at its ticks"]
    fn a_base_with_a_too_old_tick_needs_a_full_capture() {
        let mut play = Play::start();
        play.world().spawn(Health(1));
        play.full();
        let check = loop {
            play.world().increment_change_tick();
            if let Some(check) = play.world().check_change_ticks() {
                break check;
            }
        };
        play.recorder.clamp_ticks(check);
        assert!(play.record(CaptureScope::Delta).is_empty(), "this base is young enough");
        let age = MAX_CHANGE_AGE + 1;
        play.recorder.base = Some(Tick::new(check.present_tick().get().wrapping_sub(age)));
        play.recorder.clamp_ticks(check);
        assert_eq!(play.record(CaptureScope::Delta).scope(), CaptureScope::Full);
    }
}
