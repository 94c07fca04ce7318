//! Values of any type as JSON, for readers without this library.

use std::fmt;
use std::io::Cursor;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};

/// A value as JSON. One that isn't MessagePack from its first byte to its last is in a form of the game's own, and is
/// shown as the numbers of its bytes.
pub(super) fn value_of(bytes: &[u8]) -> Value {
    let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(bytes));
    let value = AnyValue::deserialize(&mut deserializer);
    let is_whole = deserializer.get_ref().position() == bytes.len() as u64;
    match value {
        Ok(AnyValue(value)) if is_whole => value,
        _ => json!({ "bytes": bytes }),
    }
}

/// A value of any type. Keys that aren't strings become strings, unless two of them would be the same then: such a map
/// becomes a list of pairs. Byte strings become numbers.
struct AnyValue(Value);

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
        let mut entries = Vec::new();
        while let Some((AnyValue(key), AnyValue(value))) = map.next_entry()? {
            entries.push((key, value));
        }
        let mut values = Map::new();
        for (key, value) in &entries {
            let key = match key {
                Value::String(key) => key.clone(),
                key => key.to_string(),
            };
            if values.insert(key, value.clone()).is_some() {
                // Two keys are the same as text, a number and a string say.
                return Ok(AnyValue(json!({ "entries": entries })));
            }
        }
        Ok(AnyValue(Value::Object(values)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn any_value_becomes_json() {
        let value: (u8, i64, f32, Option<bool>, BTreeMap<u8, &str>) =
            (7, -3, f32::NAN, None, BTreeMap::from([(1, "one")]));
        let bytes = rmp_serde::to_vec_named(&value).unwrap();
        assert_eq!(value_of(&bytes), json!([7, -3, "NaN", null, { "1": "one" }]));
    }

    #[test]
    fn keys_that_are_the_same_as_text_lose_nothing() {
        let bytes = [0x82, 0x01, 0xa1, b'a', 0xa1, b'1', 0xa1, b'b'];
        assert_eq!(value_of(&bytes), json!({ "entries": [[1, "a"], ["1", "b"]] }));
    }

    #[test]
    fn bytes_that_are_not_one_value_stay_bytes() {
        assert_eq!(value_of(&[7]), json!(7));
        assert_eq!(value_of(&[7, 8]), json!({ "bytes": [7, 8] }), "a number, and something else");
        assert_eq!(value_of(&[0xc1]), json!({ "bytes": [0xc1] }));
        assert_eq!(value_of(&[]), json!({ "bytes": [] }));
    }
}
