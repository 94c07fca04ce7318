//! Custom fields: values that the game keeps with a session.

use std::collections::BTreeMap;

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bytes;
use crate::model::ids::limits;

/// A value of a custom field, as encoded MessagePack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Serialize, Deserialize)
)]
#[serde(transparent)]
pub struct Field(#[serde(with = "bytes")] pub(crate) Vec<u8>);

/// Custom fields of a session: what the game wants to show in a listing, or to know before it
/// restores anything. They go back with a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Serialize, Deserialize)
)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, Field>);

impl Fields {
    /// Sets a field to any value that serde can write.
    ///
    /// ```
    /// # use bevy_session_journal::Fields;
    /// let mut fields = Fields::default();
    /// fields.set("current_mission", &3_u32)?;
    /// assert_eq!(fields.get("current_mission"), Some(3_u32));
    /// # Ok::<(), bevy_session_journal::FieldError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value's `Serialize` fails, or if name or value are larger than the
    /// format allows. The field keeps its former value then.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), FieldError> {
        if name.len() > limits::STRING_BYTES {
            return Err(FieldError::TooLarge { bytes: name.len(), limit: limits::STRING_BYTES });
        }
        let bytes = rmp_serde::to_vec_named(value)
            .map_err(|source| FieldError::Unwritable { name: name.to_owned(), source })?;
        if bytes.len() > limits::FRAME_BYTES / 16 {
            let limit = limits::FRAME_BYTES / 16;
            return Err(FieldError::TooLarge { bytes: bytes.len(), limit });
        }
        let others = self.bytes() - self.0.get(name).map_or(0, |field| field.0.len());
        let (together, limit) = (others + name.len() + bytes.len(), limits::FRAME_BYTES);
        if together > limit {
            return Err(FieldError::TooLarge { bytes: together, limit });
        }
        self.0.insert(name.to_owned(), Field(bytes));
        Ok(())
    }

    /// The value of a field; `None` if it isn't set or is of another type.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        rmp_serde::from_slice(&self.0.get(name)?.0).ok()
    }

    /// The value of a field as it is written.
    #[doc(hidden)]
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.0.get(name)
    }

    /// Returns true if a field is set.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Removes a field. Returns true if it was set.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// The names of all fields that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Bytes of all fields together. 1 MiB is the most.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(name, field)| name.len() + field.0.len()).sum()
    }

    /// Takes over every field of `other`.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The fields of at most `each` bytes each, and `together` bytes in all, in the order of their names.
    pub(super) fn within(&self, each: usize, together: usize) -> Self {
        let mut room = together;
        let fits = |(name, field): &(&String, &Field)| {
            let bytes = name.len() + field.0.len();
            let fits = bytes <= each.min(room);
            room -= if fits { bytes } else { 0 };
            fits
        };
        Self(
            self.0.iter().filter(fits).map(|(name, field)| (name.clone(), field.clone())).collect(),
        )
    }

    /// The same fields under longer names.
    pub(crate) fn under(&self, prefix: &str) -> Self {
        let named = |(name, field): (&String, &Field)| (format!("{prefix}{name}"), field.clone());
        Self(self.0.iter().map(named).collect())
    }

    /// Takes out all fields whose names begin so, under the rest of their names.
    pub(crate) fn take_under(&mut self, prefix: &str) -> Self {
        let (under, others): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.0).into_iter().partition(|(name, _)| name.starts_with(prefix));
        self.0 = others;
        let rest = |name: String| name.strip_prefix(prefix).map(str::to_owned).unwrap_or_default();
        Self(under.into_iter().map(|(name, field)| (rest(name), field)).collect())
    }

    /// Returns true if no field is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The error of setting a custom field.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The value's own `Serialize` failed.
    #[error("the value of field {name:?} can't be written")]
    Unwritable {
        /// The field.
        name: String,
        /// The error of its `Serialize`.
        source: rmp_serde::encode::Error,
    },
    /// Name or value are larger than the format allows.
    #[error("a field of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_another_type_reads_as_none() {
        let mut fields = Fields::default();
        fields.set("level", &"castle").unwrap();
        assert_eq!(fields.get::<u32>("level"), None);
        assert_eq!(fields.get::<String>("level").as_deref(), Some("castle"));
    }

    #[test]
    fn fields_survive_their_encoding() {
        let mut fields = Fields::default();
        fields.set("score", &(7_u8, vec![1.5_f32])).unwrap();
        let bytes = rmp_serde::to_vec_named(&fields).unwrap();
        assert_eq!(rmp_serde::from_slice::<Fields>(&bytes).unwrap(), fields);
    }

    #[test]
    fn an_oversized_field_keeps_the_former_value() {
        let mut fields = Fields::default();
        fields.set("notes", "short").unwrap();
        assert!(fields.set("notes", &"x".repeat(1 << 17)).is_err());
        assert_eq!(fields.get::<String>("notes").as_deref(), Some("short"));
    }
}
