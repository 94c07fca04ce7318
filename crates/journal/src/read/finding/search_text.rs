//! The texts of a session that are searched, folded once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::field_text::FieldText;
use super::folding::fold;
use crate::read::recovery::SessionEntry;

/// Stands between two parts of a text. Folding leaves none of it in them.
const BETWEEN: char = '\n';

/// The texts of a session that are searched, folded when they are first needed.
#[derive(Debug, Default)]
pub struct SearchText {
    /// Its name first.
    text: OnceLock<Box<str>>,
    fields: OnceLock<BTreeMap<Box<str>, Box<str>>>,
}

impl SearchText {
    /// Folded at once: on a thread that has the time for it.
    #[must_use]
    pub fn of(entry: &SessionEntry) -> Self {
        let text = Self::default();
        text.text(entry);
        text
    }

    /// Name, player, description, tags, type, objective and open chapters.
    pub(super) fn text(&self, entry: &SessionEntry) -> &str {
        self.text.get_or_init(|| folded(entry).into_boxed_str())
    }

    /// The session's name.
    pub(super) fn name(&self, entry: &SessionEntry) -> &str {
        self.text(entry).split(BETWEEN).next().unwrap_or_default()
    }

    /// A custom field, if it is a text, a number or a truth value.
    pub(super) fn field(&self, entry: &SessionEntry, name: &str) -> Option<&str> {
        let fields = self.fields.get_or_init(|| folded_fields(entry));
        fields.get(name).map(|text| &**text)
    }
}

fn folded(entry: &SessionEntry) -> String {
    let session = &entry.session;
    let mut text = fold(&session.name);
    let mut add = |part: &str| {
        if !part.is_empty() {
            text.push(BETWEEN);
            text.push_str(&fold(part));
        }
    };
    add(session.player.as_deref().unwrap_or_default());
    add(&session.description);
    session.tags.iter().for_each(&mut add);
    add(&session.session_type);
    add(&entry.summary.objective().unwrap_or_default());
    entry.summary.chapters.iter().for_each(|chapter| add(&chapter.name));
    text
}

fn folded_fields(entry: &SessionEntry) -> BTreeMap<Box<str>, Box<str>> {
    let fields = &entry.summary.fields;
    let texts = fields.names().filter_map(|name| {
        let FieldText(text) = fields.get(name)?;
        Some((name.into(), fold(&text?).into_boxed_str()))
    });
    texts.collect()
}
