//! The form of a type's values in files: its fields and their kinds.
//!
//! It is traced from the type's own `Deserialize`, so it is what that reads, whatever its serde
//! attributes. Two forms are compared to find out how a build that reads one treats values that
//! another build wrote in the other.

mod compare;
mod lock;
mod node;
mod text;
mod trace;
mod trace_error;
mod widening;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use compare::{ChangeKind, Comparison, SchemaChange};
pub(crate) use lock::{BuildForms, Lock, TakenForm, TypeForms};
pub(crate) use trace::trace;

/// The form that values of a type have in files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Schema {
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Text,
    Bytes,
    Unit,
    Option(Box<Schema>),
    /// Any number of values: a list or a set.
    List(Box<Schema>),
    /// A fixed number of values, each with its place.
    Tuple(Vec<Schema>),
    Map(Box<Schema>, Box<Schema>),
    Struct(BTreeMap<String, Field>),
    Enum(BTreeMap<String, Schema>),
    /// The struct or enum this many levels further out, which contains itself here.
    Recursive(usize),
    /// Its `Deserialize` accepts any value, so it has no form to see.
    Unknown,
}

/// A field of a struct.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Field {
    pub schema: Schema,
    /// True if there are values without it: it has a default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The field that is read under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<String>,
    /// True if it was given up: old values have it, and nothing reads it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dropped: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Schema {
    /// The form of a type, as its `Deserialize` reads it from MessagePack.
    pub(crate) fn of<T: DeserializeOwned>() -> Self {
        trace(|tracer| T::deserialize(tracer).map(drop))
    }

    /// The same form, in which no field has a default.
    pub(crate) fn without_defaults(self) -> Self {
        let boxed = |inner: Box<Self>| Box::new(inner.without_defaults());
        match self {
            Self::Option(inner) => Self::Option(boxed(inner)),
            Self::List(inner) => Self::List(boxed(inner)),
            Self::Map(key, value) => Self::Map(boxed(key), boxed(value)),
            Self::Tuple(items) => {
                Self::Tuple(items.into_iter().map(Self::without_defaults).collect())
            }
            Self::Struct(fields) => {
                let fields = fields.into_iter().map(|(name, field)| {
                    let schema = field.schema.without_defaults();
                    (name, Field { schema, optional: false, ..field })
                });
                Self::Struct(fields.collect())
            }
            Self::Enum(variants) => {
                let variants = variants.into_iter();
                Self::Enum(variants.map(|(name, it)| (name, it.without_defaults())).collect())
            }
            plain => plain,
        }
    }
}

#[cfg(test)]
mod tests;
