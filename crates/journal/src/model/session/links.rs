//! Links of a session to other sessions, and to pages outside of the game.

use std::collections::BTreeSet;
use std::fmt;

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

use super::RequestError;
use crate::model::ids::{SessionId, limits};

/// The target of a link: another session, or a text such as an address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LinkTarget {
    /// Another session. It may be gone by now, or be on another machine.
    Session(SessionId),
    /// An address, or any other text of the game. The plugin opens nothing.
    Text(String),
}

impl From<SessionId> for LinkTarget {
    fn from(session: SessionId) -> Self {
        Self::Session(session)
    }
}

impl From<&str> for LinkTarget {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for LinkTarget {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for LinkTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(session) => write!(formatter, "{session}"),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

/// One link of a session.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct Link {
    /// The target's relation to the session, in the game's own words: "sequel of", "guide".
    pub relation: String,
    /// The target of the link.
    pub to: LinkTarget,
}

impl Link {
    fn check(&self) -> Result<(), RequestError> {
        let text = match &self.to {
            LinkTarget::Session(_) => 0,
            LinkTarget::Text(text) => text.len(),
        };
        RequestError::refuse_longer(self.relation.len(), limits::TAG_BYTES)?;
        RequestError::refuse_longer(text, limits::LINK_BYTES)
    }
}

/// The links of a session, sorted by relation, each link once.
///
/// ```
/// use bevy_session_journal::{LinkTarget, Links};
///
/// let mut links = Links::default();
/// links.insert("guide", "https://example.org/frontier");
/// assert_eq!(links.of("guide").next(), Some(&LinkTarget::from("https://example.org/frontier")));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Serialize, Deserialize)
)]
#[serde(transparent)]
pub struct Links(BTreeSet<Link>);

impl Links {
    /// Adds a link. One that is there already changes nothing.
    pub fn insert(&mut self, relation: impl Into<String>, to: impl Into<LinkTarget>) {
        self.0.insert(Link { relation: relation.into(), to: to.into() });
    }

    /// Removes a link. Returns true if it was there.
    pub fn remove(&mut self, relation: &str, to: impl Into<LinkTarget>) -> bool {
        self.0.remove(&Link { relation: relation.to_owned(), to: to.into() })
    }

    /// The targets that have this relation to the session.
    pub fn of(&self, relation: &str) -> impl Iterator<Item = &LinkTarget> {
        self.iter().filter(move |link| link.relation == relation).map(|link| &link.to)
    }

    /// All links, sorted by relation.
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.0.iter()
    }

    /// The number of links.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no links.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns an error unless they are few and short enough for the header of a file: 16, with relations of 64 bytes
    /// and texts of 512.
    ///
    /// # Errors
    ///
    /// [`RequestError::TooManyLinks`] or [`RequestError::TextTooLong`].
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), RequestError> {
        let (links, limit) = (self.len(), limits::LINKS);
        if links > limit {
            return Err(RequestError::TooManyLinks { links, limit });
        }
        self.iter().try_for_each(Link::check)
    }

    /// Leaves out what [`check`](Self::check) refuses.
    pub(crate) fn cut_to_limits(&mut self) {
        self.0.retain(|link| link.check().is_ok());
        while self.0.len() > limits::LINKS {
            self.0.pop_last();
        }
    }
}

impl Extend<Link> for Links {
    fn extend<I: IntoIterator<Item = Link>>(&mut self, links: I) {
        self.0.extend(links);
    }
}

impl IntoIterator for Links {
    type Item = Link;
    type IntoIter = std::collections::btree_set::IntoIter<Link>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
