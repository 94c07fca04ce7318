//! The errors of a type's `Deserialize` while it is traced.

use std::fmt;

/// A pass ended before its value was whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TraceError {
    /// A field without default wasn't there.
    Missing(&'static str),
    /// A field was there twice.
    Duplicate(&'static str),
    /// There is no value to give, or enough was learnt in this pass.
    Stop,
    /// The type refused a value that was made up for it.
    Refused,
}

impl fmt::Display for TraceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

impl std::error::Error for TraceError {}

impl serde::de::Error for TraceError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Refused
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Duplicate(field)
    }
}
