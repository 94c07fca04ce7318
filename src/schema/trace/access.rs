//! Supplies the parts of a made-up value, one after another.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess};

use super::progress::Progress;
use super::{Outer, Tracer};
use crate::schema::node::{FieldNode, Node};
use crate::schema::trace_error::TraceError;

/// The fields of a struct, one after another.
pub(super) struct Fields<'a> {
    pub(super) fields: &'a mut [FieldNode],
    pub(super) plan: std::vec::IntoIter<usize>,
    pub(super) next: Option<usize>,
    pub(super) progress: &'a Progress,
    pub(super) outer: &'a Outer<'a>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = TraceError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TraceError> {
        self.next = self.plan.next();
        let name = self.next.and_then(|place| self.fields.get(place)).map(|field| field.name);
        let Some(name) = name else { return Ok(None) };
        let name: StrDeserializer<'_, TraceError> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TraceError> {
        let field = self.next.and_then(|place| self.fields.get_mut(place));
        let field = field.ok_or(TraceError::Stop)?;
        let (progress, outer) = (self.progress, Some(self.outer));
        seed.deserialize(Tracer { node: &mut field.node, progress, outer })
    }
}

/// The items of a tuple.
pub(super) struct Items<'a> {
    pub(super) items: std::slice::IterMut<'a, Node>,
    pub(super) progress: &'a Progress,
    pub(super) outer: Option<&'a Outer<'a>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = TraceError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, TraceError> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let (progress, outer) = (self.progress, self.outer);
        seed.deserialize(Tracer { node, progress, outer }).map(Some)
    }
}

/// At most one entry of a map.
pub(super) struct Entry<'a> {
    pub(super) entry: Option<(&'a mut Node, &'a mut Node)>,
    pub(super) value: Option<&'a mut Node>,
    pub(super) progress: &'a Progress,
    pub(super) outer: Option<&'a Outer<'a>>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = TraceError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TraceError> {
        let Some((key, value)) = self.entry.take() else { return Ok(None) };
        self.value = Some(value);
        let (progress, outer) = (self.progress, self.outer);
        seed.deserialize(Tracer { node: key, progress, outer }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TraceError> {
        let node = self.value.take().ok_or(TraceError::Stop)?;
        let (progress, outer) = (self.progress, self.outer);
        seed.deserialize(Tracer { node, progress, outer })
    }
}

/// One variant of an enum.
pub(super) struct Variant<'a> {
    pub(super) name: &'static str,
    pub(super) tracer: Tracer<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = TraceError;
    type Variant = Tracer<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Tracer<'a>), TraceError> {
        let name: StrDeserializer<'_, TraceError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.tracer))
    }
}
