//! Decodes MessagePack into values.

use std::fmt;

use bevy_session_journal::limits;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::Value;

/// Why bytes are no value.
#[derive(Debug, thiserror::Error)]
pub enum NoValue {
    /// They aren't MessagePack, or are nested too deep.
    #[error(transparent)]
    Undecoded(#[from] rmp_serde::decode::Error),
    /// There is more behind it.
    #[error("{0} bytes are left over behind the value")]
    LeftOver(usize),
}

/// Reads a value that takes all of the bytes.
pub fn decode(bytes: &[u8]) -> Result<Value, NoValue> {
    let mut rest = bytes;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    // It counts the value itself as well, and a variant with content twice.
    deserializer.set_max_depth(2 * limits::VALUE_DEPTH);
    let value = Value::deserialize(&mut deserializer)?;
    match rest.len() {
        0 => Ok(value),
        more => Err(NoValue::LeftOver(more)),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(u64::try_from(value).map_or(Value::Signed(value), Value::Unsigned))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }

    /// An extension: its number, and its bytes.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_serde_wrote_are_decoded_to_readable_text() {
        #[derive(serde::Serialize)]
        enum Mood {
            Calm,
            Angry { at: u32 },
        }
        let bytes =
            rmp_serde::to_vec_named(&(Mood::Calm, Mood::Angry { at: 7 }, -3, 0.5_f32, ())).unwrap();
        let text = Value::decode(&bytes).unwrap().to_string();
        assert_eq!(text, r#"["Calm", {Angry: {at: 7}}, -3, 0.5, ()]"#);
    }

    #[test]
    fn malformed_or_too_deep_values_are_refused() {
        for bytes in
            [&[][..], &[0xc1], &[0x92, 1], &[1, 2], &[0xd9, 200, b'a'], &[0xdd, 255, 255, 255, 255]]
        {
            assert!(Value::decode(bytes).is_err(), "{bytes:02x?}");
        }
        let nested = |depth| [vec![0x91; depth], vec![0xc0]].concat();
        assert!(Value::decode(&nested(limits::VALUE_DEPTH)).is_ok());
        assert!(Value::decode(&nested(100_000)).is_err());
    }

    #[test]
    fn extensions_and_invalid_utf8_are_shown_as_bytes() {
        assert_eq!(Value::decode(&[0xd4, 5, 9]).unwrap().to_string(), "[5, 0x09]");
        assert_eq!(Value::decode(&[0xa1, 0xff]).unwrap().to_string(), "0xff");
    }
}
