//! The key of an objective, by which code names it.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

/// The name under which code knows an objective, such as `town/well`: segments with `/` between them.
///
/// The tree of objectives is in their keys: the objective `town` is the group of `town/well`, if there is one.
/// Every text can be one, and [`check`](Self::check) says what is wrong with it. An objective with a key that isn't
/// right doesn't count, and [`ObjectiveProblem::InvalidKey`](crate::ObjectiveProblem::InvalidKey) says so.
///
/// ```
/// use bevy_session_play::{ObjectiveKey, ObjectiveKeyError};
///
/// let well = ObjectiveKey::from("town/well");
/// assert_eq!(well.check(), Ok(()));
/// assert_eq!(well.name(), "well");
/// assert_eq!(well.groups().collect::<Vec<_>>(), ["town"]);
/// assert_eq!(ObjectiveKey::from("town//well").check(), Err(ObjectiveKeyError::EmptySegment));
/// ```
#[derive(Reflect, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[type_path = "bevy_session_play"]
pub struct ObjectiveKey(Arc<str>);

/// The reason why a text can't be a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveKeyError {
    /// A segment is empty, or the whole key is.
    #[error("a key is made of segments that aren't empty, with `/` between them")]
    EmptySegment,
    /// It is longer than [`ObjectiveKey::MAX_BYTES`].
    #[error("a key has {} bytes at most, not {bytes}", ObjectiveKey::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl ObjectiveKey {
    /// Bytes that a key may have: 200.
    pub const MAX_BYTES: usize = 200;

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The keys of the groups that it may be in, the innermost first.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let ends = self.0.rmatch_indices('/').map(|(end, _)| end);
        ends.filter_map(|end| self.0.get(..end))
    }

    /// Checks that it can be an objective's.
    ///
    /// # Errors
    ///
    /// [`ObjectiveKeyError`] says what is wrong with it.
    pub fn check(&self) -> Result<(), ObjectiveKeyError> {
        let bytes = self.0.len();
        if bytes > Self::MAX_BYTES {
            return Err(ObjectiveKeyError::TooLong { bytes });
        }
        match self.0.split('/').any(str::is_empty) {
            true => Err(ObjectiveKeyError::EmptySegment),
            false => Ok(()),
        }
    }
}

impl From<&str> for ObjectiveKey {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for ObjectiveKey {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl From<ObjectiveKey> for String {
    fn from(key: ObjectiveKey) -> Self {
        key.0.as_ref().to_owned()
    }
}

impl From<&Self> for ObjectiveKey {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl Deref for ObjectiveKey {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ObjectiveKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ObjectiveKey {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for ObjectiveKey {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl fmt::Display for ObjectiveKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectiveKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_not_empty_and_keys_not_long() {
        for wrong in ["", "/", "town/", "/well", "town//well"] {
            let checked = ObjectiveKey::from(wrong).check();
            assert_eq!(checked, Err(ObjectiveKeyError::EmptySegment), "{wrong:?}");
        }
        assert_eq!(ObjectiveKey::from("x".repeat(200)).check(), Ok(()));
        let long = ObjectiveKey::from("x".repeat(201)).check();
        assert_eq!(long, Err(ObjectiveKeyError::TooLong { bytes: 201 }));
    }

    #[test]
    fn groups_come_from_the_inside_out() {
        let key = ObjectiveKey::from("coast/town/well");
        assert_eq!(key.groups().collect::<Vec<_>>(), ["coast/town", "coast"]);
        assert_eq!(ObjectiveKey::from("well").groups().count(), 0);
    }
}
