//! Describes forms in sentences.

use std::fmt;

use super::Schema;

/// The most parts of a form that are listed.
const LISTED: usize = 6;

impl fmt::Display for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => formatter.write_str("bool"),
            Self::I8 => formatter.write_str("i8"),
            Self::I16 => formatter.write_str("i16"),
            Self::I32 => formatter.write_str("i32"),
            Self::I64 => formatter.write_str("i64"),
            Self::I128 => formatter.write_str("i128"),
            Self::U8 => formatter.write_str("u8"),
            Self::U16 => formatter.write_str("u16"),
            Self::U32 => formatter.write_str("u32"),
            Self::U64 => formatter.write_str("u64"),
            Self::U128 => formatter.write_str("u128"),
            Self::F32 => formatter.write_str("f32"),
            Self::F64 => formatter.write_str("f64"),
            Self::Char => formatter.write_str("a letter"),
            Self::Text => formatter.write_str("text"),
            Self::Bytes => formatter.write_str("bytes"),
            Self::Unit => formatter.write_str("nothing"),
            Self::Option(inner) => write!(formatter, "an optional {inner}"),
            Self::List(item) => write!(formatter, "a list of {item}"),
            Self::Tuple(items) => write!(formatter, "({})", listed(items)),
            Self::Map(key, value) => write!(formatter, "a map of {key} to {value}"),
            Self::Struct(fields) => write!(formatter, "{{ {} }}", listed(fields.keys())),
            Self::Enum(variants) => write!(formatter, "one of {}", listed(variants.keys())),
            Self::Recursive(_) => formatter.write_str("another one of the same type"),
            Self::Unknown => formatter.write_str("something that can't be looked into"),
        }
    }
}

fn listed<T: fmt::Display>(parts: impl IntoIterator<Item = T>) -> String {
    let mut parts = parts.into_iter();
    let named: Vec<String> = parts.by_ref().take(LISTED).map(|part| part.to_string()).collect();
    let rest = if parts.next().is_some() { ", …" } else { "" };
    format!("{}{rest}", named.join(", "))
}
