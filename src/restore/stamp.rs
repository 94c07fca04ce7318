//! Telling which restored values may have been changed by the game's observers.

use bevy::ecs::change_detection::{ComponentTicks, Tick};
use bevy::ecs::world::World;

/// When each entity was written, and whether one of the game's systems ran during that.
///
/// A system's writes carry the tick at which it began, so what it does to an entity that was
/// written earlier shows in the ticks. What it does to the very entity that is being written
/// doesn't, so there it counts that one ran.
#[derive(Default)]
pub(super) struct Stamps {
    written_at: Vec<Tick>,
    was_observed: Vec<bool>,
    /// The tick of the world when the last entity had been written.
    last: Option<Tick>,
    any_observed: bool,
}

impl Stamps {
    /// Stamps of so many entities.
    pub(super) fn new(entities: usize) -> Self {
        Self {
            written_at: vec![Tick::default(); entities],
            was_observed: vec![false; entities],
            last: None,
            any_observed: false,
        }
    }

    /// An entity is about to be written, with a tick of its own.
    pub(super) fn begin(&mut self, rank: u32, world: &mut World) {
        world.increment_change_tick();
        if let Some(written_at) = self.written_at.get_mut(rank as usize) {
            *written_at = world.change_tick();
        }
    }

    /// An entity was written.
    pub(super) fn end(&mut self, rank: u32, world: &mut World) {
        let now = world.change_tick();
        let ran = self.written_at.get(rank as usize).is_none_or(|written_at| *written_at != now);
        if let Some(was_observed) = self.was_observed.get_mut(rank as usize) {
            *was_observed = ran;
        }
        self.any_observed |= ran;
        self.last = Some(now);
    }

    /// Whether none of the game's systems ran since the first entity was written.
    pub(super) fn nothing_ran_until_now(&self, world: &World) -> bool {
        !self.any_observed && self.last.is_none_or(|last| last == world.read_change_tick())
    }

    /// Whether a value is certainly the one that was written.
    pub(super) fn is_untouched(&self, rank: u32, ticks: Option<ComponentTicks>) -> bool {
        let rank = rank as usize;
        self.was_observed.get(rank) == Some(&false)
            && ticks.is_some_and(|ticks| self.written_at.get(rank) == Some(&ticks.changed))
    }
}
