//! Changes to a session's metadata and custom fields.

use serde::Serialize;

use super::{
    FieldError, Fields, Link, LinkTarget, Links, RequestError, SessionMetadata, SessionPriority,
    Tags,
};
use crate::model::ids::limits;

/// Changes to a session's metadata and custom fields. Values that aren't set stay as they are.
///
/// ```
/// use bevy_session_journal::SessionUpdate;
///
/// let update = SessionUpdate::default()
///     .name("Chapter 2")
///     .field("current_mission", &"the bridge")?
///     .field("deaths", &3)?;
/// # Ok::<(), bevy_session_journal::FieldError>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SessionUpdate {
    name: Option<String>,
    player: Option<String>,
    description: Option<String>,
    session_type: Option<String>,
    priority: Option<SessionPriority>,
    add_tags: Tags,
    remove_tags: Tags,
    /// Links in the order in which they are to be there, or not.
    links: Vec<(Link, bool)>,
    pinned: Option<bool>,
    autosave: Option<bool>,
    recovery: Option<bool>,
    fields: Fields,
}

impl SessionUpdate {
    /// Sets a new name, as the player sees it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A new name of the player.
    #[must_use]
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.player = Some(player.into());
        self
    }

    /// Sets a new description: a sentence about the session.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the type of session.
    #[must_use]
    pub fn session_type(mut self, session_type: impl Into<String>) -> Self {
        self.session_type = Some(session_type.into());
        self
    }

    /// Sets a new priority, for retention and listings.
    #[must_use]
    pub fn priority(mut self, priority: SessionPriority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Adds a tag. One that is there already changes nothing.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.remove_tags.remove(tag);
        self.add_tags.insert(tag);
        self
    }

    /// Takes a tag away.
    #[must_use]
    pub fn untag(mut self, tag: &str) -> Self {
        self.add_tags.remove(tag);
        self.remove_tags.insert(tag);
        self
    }

    /// Links it with another session, or with an address; see
    /// [`NewSession::link`](super::NewSession::link).
    #[must_use]
    pub fn link(mut self, relation: impl Into<String>, to: impl Into<LinkTarget>) -> Self {
        self.links.push((Link { relation: relation.into(), to: to.into() }, true));
        self
    }

    /// Takes a link away.
    #[must_use]
    pub fn unlink(mut self, relation: impl Into<String>, to: impl Into<LinkTarget>) -> Self {
        self.links.push((Link { relation: relation.into(), to: to.into() }, false));
        self
    }

    /// Pins the session, so that no rule of retention removes it, or unpins it.
    #[must_use]
    pub fn pin(mut self, pinned: bool) -> Self {
        self.pinned = Some(pinned);
        self
    }

    /// Switches automatic checkpoints on or off.
    #[must_use]
    pub fn autosave(mut self, autosave: bool) -> Self {
        self.autosave = Some(autosave);
        self
    }

    /// Switches the offer after a crash on or off.
    #[must_use]
    pub fn recovery(mut self, recovery: bool) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Sets a custom field.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value can't be written.
    pub fn field<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, FieldError> {
        self.fields.set(name, value)?;
        Ok(self)
    }

    /// Returns an error if a text, the tags, the links or the fields would be too large to be kept beside what is
    /// there.
    ///
    /// # Errors
    ///
    /// [`RequestError::TextTooLong`], [`RequestError::TooManyTags`] or [`RequestError::TooManyLinks`] names
    /// what is too much.
    #[doc(hidden)]
    pub fn check(&self, metadata: &SessionMetadata, fields: &Fields) -> Result<(), RequestError> {
        self.tags_after(metadata).check()?;
        self.links_after(metadata).check()?;
        let texts = [&self.name, &self.player, &self.description, &self.session_type];
        let longest = texts.into_iter().flatten().map(String::len).max().unwrap_or_default();
        RequestError::refuse_longer(longest, limits::STRING_BYTES)?;
        let together = fields.bytes() + self.fields.bytes();
        RequestError::refuse_longer(together, limits::FRAME_BYTES)
    }

    /// Returns true if it changes custom fields.
    #[doc(hidden)]
    #[must_use]
    pub fn changes_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    fn tags_after(&self, metadata: &SessionMetadata) -> Tags {
        let mut tags = metadata.tags.clone();
        self.remove_tags.iter().for_each(|tag| _ = tags.remove(tag));
        self.add_tags.iter().for_each(|tag| tags.insert(tag));
        tags
    }

    fn links_after(&self, metadata: &SessionMetadata) -> Links {
        let mut links = metadata.links.clone();
        for (link, is_there) in self.links.iter().cloned() {
            match is_there {
                true => links.insert(link.relation, link.to),
                false => _ = links.remove(&link.relation, link.to),
            }
        }
        links
    }

    /// Makes the changes. Returns two values: true if any changed the metadata, and true if any changed the fields.
    #[doc(hidden)]
    pub fn apply(self, metadata: &mut SessionMetadata, fields: &mut Fields) -> (bool, bool) {
        let (before, fields_change) = (metadata.clone(), self.changes_fields());
        let (tags, links) = (self.tags_after(metadata), self.links_after(metadata));
        let put = |place: &mut String, text: Option<String>| {
            text.into_iter().for_each(|text| *place = text);
        };
        put(&mut metadata.name, self.name);
        put(&mut metadata.description, self.description);
        put(&mut metadata.session_type, self.session_type);
        metadata.player = self.player.or(metadata.player.take());
        metadata.priority = self.priority.unwrap_or(metadata.priority);
        (metadata.tags, metadata.links) = (tags, links);
        metadata.pinned = self.pinned.unwrap_or(metadata.pinned);
        metadata.autosave = self.autosave.unwrap_or(metadata.autosave);
        metadata.recovery = self.recovery.unwrap_or(metadata.recovery);
        fields.extend(self.fields);
        (*metadata != before, fields_change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::SessionId;
    use crate::model::session::{NewSession, ShelfPlace};
    use jiff::Timestamp;

    fn metadata() -> SessionMetadata {
        let session = NewSession::named("Colony").tag("hard").tag("co-op");
        session.begin(SessionId::random(), Timestamp::UNIX_EPOCH)
    }

    fn tags(metadata: &SessionMetadata) -> Vec<&str> {
        metadata.tags.iter().collect()
    }

    #[test]
    fn tags_are_added_and_removed_and_the_last_change_counts() {
        let (mut metadata, mut fields) = (metadata(), Fields::default());
        let update =
            SessionUpdate::default().tag(" iron ").untag("hard").untag("co-op").tag("co-op");
        assert_eq!(update.apply(&mut metadata, &mut fields), (true, false));
        assert_eq!(tags(&metadata), ["co-op", "iron"]);
        let again = SessionUpdate::default().tag("iron").untag("gone").pin(false);
        assert_eq!(again.apply(&mut metadata, &mut fields), (false, false));
    }

    #[test]
    fn more_tags_than_a_header_has_room_for_are_refused() {
        let many = (0..31).fold(SessionUpdate::default(), |all, n| all.tag(&n.to_string()));
        let (metadata, fields) = (metadata(), Fields::default());
        assert_eq!(
            many.clone().check(&metadata, &fields),
            Err(RequestError::TooManyTags { tags: 33, limit: 32 })
        );
        assert_eq!(many.untag("hard").check(&metadata, &fields), Ok(()));
        let long = SessionUpdate::default().tag(&"x".repeat(65));
        let too_long = RequestError::TextTooLong { bytes: 65, limit: 64 };
        assert_eq!(long.check(&metadata, &fields), Err(too_long));
    }

    #[test]
    fn links_are_added_and_removed_and_too_many_are_refused() {
        let (mut metadata, mut fields, other) =
            (metadata(), Fields::default(), SessionId::random());
        let update = SessionUpdate::default()
            .link("sequel of", other)
            .link("guide", "a page")
            .link("guide", "another")
            .unlink("guide", "a page");
        assert_eq!(update.apply(&mut metadata, &mut fields), (true, false));
        let links: Vec<_> = metadata.links.iter().map(|link| link.to.to_string()).collect();
        assert_eq!(links, ["another", &other.to_string()]);
        let again = SessionUpdate::default().link("guide", "another").unlink("guide", "gone");
        assert_eq!(again.apply(&mut metadata, &mut fields), (false, false));
        let many = (0..15)
            .fold(SessionUpdate::default(), |all, number| all.link("see", number.to_string()));
        let too_many = RequestError::TooManyLinks { links: 17, limit: 16 };
        assert_eq!(many.clone().check(&metadata, &fields), Err(too_many));
        assert_eq!(many.unlink("sequel of", other).check(&metadata, &fields), Ok(()));
        for (update, bytes, limit) in [
            (SessionUpdate::default().link("x".repeat(65), other), 65, 64),
            (SessionUpdate::default().link("x", "y".repeat(513)), 513, 512),
        ] {
            let too_long = RequestError::TextTooLong { bytes, limit };
            assert_eq!(update.check(&metadata, &fields), Err(too_long));
        }
    }

    #[test]
    fn session_metadata_round_trips_and_defaults_take_no_bytes() {
        let before = metadata();
        let plain =
            rmp_serde::to_vec_named(&SessionMetadata { tags: Tags::default(), ..before.clone() });
        let plain = String::from_utf8_lossy(&plain.unwrap()).into_owned();
        assert!(
            ["tags", "pinned", "place", "expected", "links", "planned"]
                .iter()
                .all(|key| !plain.contains(key))
        );
        let since = Timestamp::UNIX_EPOCH;
        for place in [ShelfPlace::Open, ShelfPlace::Archive { since }, ShelfPlace::Trash { since }]
        {
            let expected = Some(std::time::Duration::from_secs(7200));
            let mut written = SessionMetadata { place, pinned: true, expected, ..before.clone() };
            written.planned = Some(since);
            written.links.insert("sequel of", SessionId::random());
            written.links.insert("guide", "a page");
            let bytes = rmp_serde::to_vec_named(&written).unwrap();
            assert_eq!(rmp_serde::from_slice::<SessionMetadata>(&bytes).unwrap(), written);
        }
    }
}
