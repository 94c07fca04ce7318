//! Finds out which restored values may have been changed by the game's hooks and observers.

use bevy::ecs::change_detection::{ComponentTicks, Tick};
use bevy::ecs::world::World;

/// The tick at which each entity was written, and if code of the game ran during that.
///
/// Changes by hooks, their commands and observers to an entity that was written earlier show in the
/// ticks, since each entity is written at a separate tick. Their changes to the entity that is
/// being written don't, so for that it counts that some ran: observers move the tick, and hooks
/// have to be known in advance.
#[derive(Default)]
pub(super) struct Stamps {
    written_at: Vec<Tick>,
    /// The tick at which staying entities were as is known.
    known_at: Tick,
    is_suspect: Vec<bool>,
    /// The world's tick after the last entity was written.
    last: Option<Tick>,
    any_is_suspect: bool,
}

impl Stamps {
    /// Stamps of this many entities. Staying ones were looked at at `known_at`.
    pub(super) fn new(entities: usize, known_at: Tick) -> Self {
        Self {
            written_at: vec![Tick::default(); entities],
            known_at,
            is_suspect: vec![false; entities],
            last: None,
            any_is_suspect: false,
        }
    }

    /// An entity is about to be written, at a separate tick.
    pub(super) fn begin(&mut self, rank: u32, world: &mut World) {
        world.increment_change_tick();
        if let Some(written_at) = self.written_at.get_mut(rank as usize) {
            *written_at = world.change_tick();
        }
    }

    /// An entity was written; `has_hooks` is true if hooks of the game ran.
    pub(super) fn end(&mut self, rank: u32, has_hooks: bool, world: &mut World) {
        let now = world.change_tick();
        let ran = self.written_at.get(rank as usize).is_none_or(|written_at| *written_at != now);
        if let Some(is_suspect) = self.is_suspect.get_mut(rank as usize) {
            *is_suspect = ran || has_hooks;
        }
        self.any_is_suspect |= ran || has_hooks;
    }

    /// All entities were written. Later changes of them have a later tick.
    pub(super) fn close(&mut self, world: &mut World) {
        world.increment_change_tick();
        self.last = Some(world.change_tick());
    }

    /// Increments the world's tick, so that later changes have a later one. Returns the tick up to
    /// here.
    pub(super) fn move_on(&mut self, world: &mut World) -> Tick {
        let is_calm = self.last == Some(world.read_change_tick());
        let before = world.increment_change_tick();
        if is_calm {
            self.last = Some(world.change_tick());
        }
        before
    }

    /// Notes that hooks of the game may have run since the entities were written.
    pub(super) fn note_hooks(&mut self) {
        self.any_is_suspect = true;
    }

    /// Returns true if none of the game's code ran since the first entity was written.
    pub(super) fn nothing_ran_until_now(&self, world: &World) -> bool {
        !self.any_is_suspect && self.last.is_none_or(|last| last == world.read_change_tick())
    }

    /// Returns true if a value is certainly the one that was written.
    pub(super) fn is_untouched(&self, rank: u32, ticks: Option<ComponentTicks>) -> bool {
        let rank = rank as usize;
        self.is_suspect.get(rank) == Some(&false)
            && ticks.is_some_and(|ticks| self.written_at.get(rank) == Some(&ticks.changed))
    }

    /// Returns true if a value of an entity that stays is certainly unchanged.
    pub(super) fn is_as_it_was(
        &self,
        rank: u32,
        ticks: Option<ComponentTicks>,
        world: &World,
    ) -> bool {
        let now = world.read_change_tick();
        self.is_suspect.get(rank as usize) == Some(&false)
            && ticks.is_some_and(|ticks| !ticks.changed.is_newer_than(self.known_at, now))
    }
}
