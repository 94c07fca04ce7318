//! Values of any type as JSON, for whoever reads what is kept without this library.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};

/// A value of any type. Keys that are no texts are written as texts, and byte strings as numbers.
pub struct AnyValue(pub Value);

struct AnyVisitor;

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = AnyValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<AnyValue, E> {
        Ok(AnyValue(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<AnyValue, E> {
        Ok(AnyValue(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<AnyValue, E> {
        Ok(AnyValue(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<AnyValue, E> {
        let number = Number::from_f64(value).map(Value::Number);
        Ok(AnyValue(number.unwrap_or_else(|| value.to_string().into())))
    }

    fn visit_str<E>(self, value: &str) -> Result<AnyValue, E> {
        Ok(AnyValue(value.into()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<AnyValue, E> {
        Ok(AnyValue(json!(value)))
    }

    fn visit_unit<E>(self) -> Result<AnyValue, E> {
        Ok(AnyValue(Value::Null))
    }

    fn visit_none<E>(self) -> Result<AnyValue, E> {
        Ok(AnyValue(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyValue, D::Error> {
        AnyValue::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<AnyValue, D::Error> {
        AnyValue::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AnyValue, A::Error> {
        let mut values = Vec::new();
        while let Some(AnyValue(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(AnyValue(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
        let mut values = Map::new();
        while let Some((AnyValue(key), AnyValue(value))) = map.next_entry()? {
            let key = match key {
                Value::String(key) => key,
                key => key.to_string(),
            };
            values.insert(key, value);
        }
        Ok(AnyValue(Value::Object(values)))
    }
}

/// A value of this library as JSON, with the names of its fields.
pub fn as_json<T: Serialize>(value: &T) -> Value {
    let bytes = rmp_serde::to_vec_named(value).unwrap_or_default();
    rmp_serde::from_slice(&bytes).map_or(Value::Null, |AnyValue(value)| value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn any_value_becomes_json() {
        let value: (u8, i64, f32, Option<bool>, BTreeMap<u8, &str>) =
            (7, -3, f32::NAN, None, BTreeMap::from([(1, "one")]));
        assert_eq!(as_json(&value), json!([7, -3, "NaN", null, { "1": "one" }]));
    }
}
