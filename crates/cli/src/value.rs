//! Values of types that nobody here knows: what MessagePack says by itself.

mod decode;
mod text;

use serde::ser::{Serialize, SerializeMap, Serializer};

pub use decode::NoValue;
pub use text::hexadecimal;

/// A value of any type.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing: a unit, or a missing value.
    Nothing,
    Bool(bool),
    Unsigned(u64),
    /// A number below zero.
    Signed(i64),
    /// Apart from the next, since one tenth of these is another number than one tenth of those.
    Float(f32),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    /// Fields by name, or anything else that has keys.
    Map(Vec<(Self, Self)>),
}

impl Value {
    /// Reads an encoded value.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoValue> {
        decode::decode(bytes)
    }

    /// The same with what is encoded within it decoded as well, as custom fields are.
    pub fn unpacked(self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::decode(&bytes).unwrap_or(Self::Bytes(bytes)),
            Self::List(items) => Self::List(items.into_iter().map(Self::unpacked).collect()),
            Self::Map(entries) => {
                let entries = entries.into_iter();
                Self::Map(entries.map(|(key, value)| (key, value.unpacked())).collect())
            }
            other => other,
        }
    }

    /// The text that it is; `None` if it is something else.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// JSON has no bytes, and no number that is none: these are texts there.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Float(value) if value.is_finite() => serializer.serialize_f32(*value),
            Self::Double(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Float(_) | Self::Double(_) => serializer.collect_str(self),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&hexadecimal(bytes)),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    match key.as_text() {
                        Some(key) => map.serialize_entry(key, value)?,
                        None => map.serialize_entry(&key.to_string(), value)?,
                    }
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_nearest_json() {
        let map = Value::Map(vec![
            (Value::Text("half".to_owned()), Value::Float(0.1)),
            (Value::Unsigned(7), Value::Double(f64::NAN)),
            (Value::Text("raw".to_owned()), Value::Bytes(vec![0, 255])),
            (Value::Text("none".to_owned()), Value::Nothing),
            (
                Value::Text("low".to_owned()),
                Value::List(vec![Value::Signed(-1), Value::Bool(true)]),
            ),
        ]);
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, r#"{"half":0.1,"7":"NaN","raw":"0x00ff","none":null,"low":[-1,true]}"#);
    }
}
