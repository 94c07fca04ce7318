//! Delayed commands and messages of a world that is being left.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::saved::unfiltered;
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::message::{Message, Messages};
use bevy::ecs::query::With;
use bevy::ecs::world::World;
use bevy::time::{DelayedCommandQueue, Time};
use tracing::debug;

/// Message types that are cleared, so that none reaches the restored world.
#[derive(Clone, Default)]
pub(crate) struct ClearedMessages(BTreeMap<TypeId, MessageType>);

/// Functions for the messages of one type.
#[derive(Clone, Copy)]
struct MessageType {
    clear: fn(&mut World),
    set_aside: fn(&mut World) -> Option<PutBack>,
}

type PutBack = Box<dyn FnOnce(&mut World)>;

/// Messages that are set aside while others are cleared.
pub(super) struct MessagesAside(Vec<PutBack>);

impl MessagesAside {
    /// Writes them back.
    pub(super) fn put_back(self, world: &mut World) {
        self.0.into_iter().for_each(|put_back| put_back(world));
    }
}

impl ClearedMessages {
    /// Adds a type.
    pub(crate) fn add<M: Message>(&mut self) {
        let known = MessageType { clear: clear::<M>, set_aside: set_aside::<M> };
        self.0.insert(TypeId::of::<M>(), known);
    }
}

fn clear<M: Message>(world: &mut World) {
    if let Some(mut messages) = world.get_resource_mut::<Messages<M>>() {
        messages.clear();
    }
}

fn set_aside<M: Message>(world: &mut World) -> Option<PutBack> {
    let there = std::mem::take(&mut *world.get_resource_mut::<Messages<M>>()?);
    Some(Box::new(move |world| {
        if let Some(mut messages) = world.get_resource_mut::<Messages<M>>() {
            *messages = there;
        }
    }))
}

/// Leftovers of a world that is being left, which mustn't reach the restored one: delayed commands,
/// and messages of the types that the game named.
///
/// Commands that were delayed since the restore began belong to the level that the game has loaded
/// for it, and stay.
pub(crate) struct Leftovers {
    messages: ClearedMessages,
    delayed_before: EntityHashSet,
}

impl Leftovers {
    /// Notes a restore's begin: commands that are delayed from now on belong to the restored world.
    pub(crate) fn note(world: &mut World, messages: ClearedMessages) -> Self {
        Self { messages, delayed_before: delayed(world) }
    }

    /// No leftovers, as in a separate world.
    pub(crate) fn none() -> Self {
        Self { messages: ClearedMessages::default(), delayed_before: EntityHashSet::default() }
    }

    /// Commands that the restored world has delayed so far.
    pub(super) fn put_off_since(&self, world: &mut World) -> EntityHashSet {
        let delayed = delayed(world).into_iter();
        delayed.filter(|entity| !self.delayed_before.contains(entity)).collect()
    }

    /// All commands that are delayed so far.
    pub(super) fn put_off_since_ever(&self, world: &mut World) -> EntityHashSet {
        delayed(world)
    }

    /// Sets the present messages aside, of the types that would be cleared.
    pub(super) fn set_messages_aside(&self, world: &mut World) -> MessagesAside {
        MessagesAside(self.messages.0.values().filter_map(|it| (it.set_aside)(world)).collect())
    }

    /// Drops all delayed commands except some.
    pub(super) fn drop_all_but(&self, world: &mut World, stays: &EntityHashSet) {
        let delayed: Vec<Entity> =
            delayed(world).into_iter().filter(|entity| !stays.contains(entity)).collect();
        if !delayed.is_empty() {
            debug!(
                queues = delayed.len(),
                "delayed commands of the world that is left are dropped"
            );
        }
        for entity in delayed {
            if let Ok(entity) = world.get_entity_mut(entity) {
                entity.despawn();
            }
        }
        for message in self.messages.0.values() {
            (message.clear)(world);
        }
    }

    /// The game's clock was set: keeps the remaining time of delayed commands.
    pub(crate) fn keep_delays(world: &mut World, clock_before: Duration) {
        let Some(now) = world.get_resource::<Time>().map(Time::elapsed) else { return };
        for entity in delayed(world) {
            if let Some(mut queue) = world.get_mut::<DelayedCommandQueue>(entity) {
                queue.submit_at = now + queue.submit_at.saturating_sub(clock_before);
            }
        }
    }
}

fn delayed(world: &mut World) -> EntityHashSet {
    let mut query =
        unfiltered(world, |world| world.query_filtered::<Entity, With<DelayedCommandQueue>>());
    query.iter(world).collect()
}
