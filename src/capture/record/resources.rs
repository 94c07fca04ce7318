//! One saved resource.

use std::any::Any;

use bevy::ecs::change_detection::{DetectChanges, Ref};
use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;

use super::columns::{Captured, CapturedColumn, RecordColumn};
use super::moment::{Extent, Moment};
use crate::capture::encode::ColumnWriter;
use crate::saved::{Codec, CopyCodec};

/// A copied value that belongs to no entity.
pub(crate) struct CapturedWorldValue<C: Codec> {
    pub codec: C,
    /// The value, if it is sent.
    pub value: Option<C::Value>,
    /// True if the world has one.
    pub is_present: bool,
    /// True if the world had one at the base.
    pub is_removed: bool,
}

impl<C: Codec> CapturedWorldValue<C> {
    /// The captured value, in the emptied buffer of an earlier capture if there is one.
    pub(super) fn fill(
        buffer: Option<Captured>,
        codec: &C,
        value: Option<C::Value>,
        [was_present, is_present]: [bool; 2],
        extent: Extent,
    ) -> Box<Self> {
        let is_removed = matches!(extent, Extent::Within(_)) && was_present && !is_present;
        let buffer = buffer.map(|buffer| -> Box<dyn Any> { buffer });
        let buffer = buffer.and_then(|buffer| buffer.downcast::<Self>().ok());
        let new = || Self { codec: codec.clone(), value: None, is_present, is_removed };
        let mut captured = buffer.unwrap_or_else(|| Box::new(new()));
        (captured.value, captured.is_present, captured.is_removed) =
            (value, is_present, is_removed);
        captured
    }
}

impl<C: Codec> CapturedColumn for CapturedWorldValue<C> {
    fn rows(&self) -> usize {
        usize::from(self.value.is_some() || self.is_removed)
    }

    fn live(&self) -> Option<u64> {
        Some(u64::from(self.is_present))
    }

    fn count(&self, writer: &mut ColumnWriter<'_>) {
        writer.count_world_value(self.is_present);
        if self.is_removed {
            writer.remove_world_value();
        }
    }

    fn encode(&mut self, writer: &mut ColumnWriter<'_>) {
        if let Some(value) = &mut self.value {
            writer.write_world_value(&self.codec, value);
        }
    }

    fn empty(&mut self) {
        self.value = None;
    }
}

/// Copies one resource.
pub(crate) struct ResourceRecorder<C: CopyCodec> {
    codec: C,
    component: ComponentId,
    was_present: bool,
}

impl<C: CopyCodec> ResourceRecorder<C> {
    /// A recorder for `world`.
    pub(crate) fn new(world: &mut World, codec: C) -> Self {
        let component = world.register_component::<C::Component>();
        Self { codec, component, was_present: false }
    }

    fn resource<'w>(&self, world: &'w World) -> Option<Ref<'w, C::Component>> {
        let entity = world.resource_entities().get(self.component)?;
        world.get_entity(entity).ok()?.get_ref()
    }
}

impl<C: CopyCodec> RecordColumn for ResourceRecorder<C> {
    fn record(&mut self, world: &World, moment: &Moment<'_>, buffer: Option<Captured>) -> Captured {
        let resource = self.resource(world);
        let is_present = resource.is_some();
        let sent = resource.filter(|resource| match moment.extent {
            Extent::All => true,
            Extent::Within(span) => span.contains(resource.last_changed()),
        });
        let value = sent.map(|resource| self.codec.copy(&resource));
        let presence = [std::mem::replace(&mut self.was_present, is_present), is_present];
        CapturedWorldValue::fill(buffer, &self.codec, value, presence, moment.extent)
    }

    fn restart(&mut self) {
        self.was_present = false;
    }

    fn take_for_recorded(&mut self, world: &World) {
        self.was_present = self.resource(world).is_some();
    }
}
