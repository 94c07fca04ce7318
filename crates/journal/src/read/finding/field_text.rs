//! A custom field as a text that can be searched.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The text that a value is to people; `None` if it is none: a list, a struct, bytes.
pub(super) struct FieldText(pub Option<String>);

impl<'de> Deserialize<'de> for FieldText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyText)
    }
}

struct AnyText;

impl AnyText {
    fn text<E>(value: impl ToString) -> Result<FieldText, E> {
        Ok(FieldText(Some(value.to_string())))
    }
}

impl<'de> Visitor<'de> for AnyText {
    type Value = FieldText;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<FieldText, E> {
        Self::text(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<FieldText, E> {
        Self::text(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<FieldText, E> {
        Self::text(value)
    }

    fn visit_f32<E>(self, value: f32) -> Result<FieldText, E> {
        Self::text(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<FieldText, E> {
        Self::text(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<FieldText, E> {
        Self::text(value)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<FieldText, E> {
        Ok(FieldText(None))
    }

    fn visit_unit<E>(self) -> Result<FieldText, E> {
        Ok(FieldText(None))
    }

    fn visit_none<E>(self) -> Result<FieldText, E> {
        Ok(FieldText(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<FieldText, D::Error> {
        FieldText::deserialize(some)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<FieldText, D::Error> {
        FieldText::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<FieldText, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(FieldText(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldText, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(FieldText(None))
    }
}
