//! Words by which a session is found among others.

use std::collections::BTreeSet;

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

use super::RequestError;
use crate::model::ids::limits;

/// Words by which a session is found among others: "ironman", "co-op", "favourite". In the order of the
/// alphabet, each once.
///
/// ```
/// use bevy_session_journal::Tags;
///
/// let tags = Tags::from_iter(["co-op", " hard ", "co-op"]);
/// assert_eq!(tags.iter().collect::<Vec<_>>(), ["co-op", "hard"]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Serialize, Deserialize)
)]
#[serde(transparent)]
pub struct Tags(BTreeSet<String>);

impl Tags {
    /// Adds a tag, without the space around it. One that is there already, or is nothing but space,
    /// changes nothing.
    pub fn insert(&mut self, tag: &str) {
        let tag = tag.trim();
        if !tag.is_empty() {
            self.0.insert(tag.to_owned());
        }
    }

    /// Removes a tag. Returns true if it was there.
    pub fn remove(&mut self, tag: &str) -> bool {
        self.0.remove(tag.trim())
    }

    /// Returns true if it has this tag, in exactly this spelling.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.0.contains(tag.trim())
    }

    /// All tags, in the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The number of tags.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns an error unless they are few and short enough for the header of a file: 32, of 64 bytes each.
    ///
    /// # Errors
    ///
    /// [`RequestError::TooManyTags`] or [`RequestError::TextTooLong`].
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), RequestError> {
        let (tags, limit) = (self.len(), limits::TAGS);
        if tags > limit {
            return Err(RequestError::TooManyTags { tags, limit });
        }
        let longest = self.iter().map(str::len).max().unwrap_or_default();
        RequestError::refuse_longer(longest, limits::TAG_BYTES)
    }

    /// Leaves out what [`check`](Self::check) refuses.
    pub(crate) fn cut_to_limits(&mut self) {
        self.0.retain(|tag| tag.len() <= limits::TAG_BYTES);
        while self.0.len() > limits::TAGS {
            self.0.pop_last();
        }
    }
}

impl<T: AsRef<str>> FromIterator<T> for Tags {
    fn from_iter<I: IntoIterator<Item = T>>(tags: I) -> Self {
        let mut all = Self::default();
        tags.into_iter().for_each(|tag| all.insert(tag.as_ref()));
        all
    }
}
