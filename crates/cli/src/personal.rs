//! Marks of personal data, which the game's build left in each full checkpoint.

use std::collections::BTreeSet;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, Plan, Rows};
use bevy_session_journal::internal::read::recovery::CHAPTERS;
use serde::Deserialize;

use crate::events::Privacy;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::rows::{Content, FIELDS, Row};
use crate::value::Value;

/// The column of the build's facts.
const BUILD: &str = "bevy_session::Build";
/// The key of a chapter's custom fields.
const FIELDS_OF_CHAPTER: &str = "fields";

/// The types and custom fields that the game marked as personal data of players.
#[derive(Deserialize, Default, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Personal {
    types: BTreeSet<String>,
    fields: BTreeSet<String>,
}

/// The facts about a build, as far as they matter here.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Build {
    personal: Personal,
}

impl Personal {
    /// The marks of a checkpoint that are to be kept to; none if its build had none, or if privacy is waived.
    pub fn to_keep(session: &OpenSession, plan: &Plan, privacy: Privacy) -> Result<Self, Failure> {
        let mut personal = Self::default();
        if privacy == Privacy::Waived {
            return Ok(personal);
        }
        for block in session.stored.blocks(plan)? {
            personal.add(&block?)?;
        }
        Ok(personal)
    }

    /// Adds the marks that a block holds, if it holds any. Marks that can't be read are a failure, since nothing could
    /// be left out by them.
    pub fn add(&mut self, block: &Block) -> Result<(), Failure> {
        let Rows::Values(rows) = &block.rows else { return Ok(()) };
        if *block.type_path != *BUILD {
            return Ok(());
        }
        let world = rows.ids().iter().position(|id| *id == SaveId::WORLD);
        let Some(bytes) = world.and_then(|position| rows.value(position)) else { return Ok(()) };
        let build: Build = rmp_serde::from_slice(bytes)
            .map_err(|error| Failure::UnreadableMarks { why: error.to_string() })?;
        self.types.extend(build.personal.types);
        self.fields.extend(build.personal.fields);
        Ok(())
    }

    /// Returns true if values of this type are personal.
    pub fn has_type(&self, type_path: &str) -> bool {
        self.types.contains(type_path)
    }

    /// The custom fields that are personal.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    /// The content of a row without what is personal.
    pub fn masked(&self, row: &Row) -> Content {
        if self.has_type(&row.type_path) {
            return Content::Personal;
        }
        match row.content() {
            // What can't be looked into may have any field.
            Content::Unknown(..) if has_fields(row) && !self.fields.is_empty() => Content::Personal,
            Content::Value(value) if *row.type_path == *FIELDS => {
                Content::Value(self.without(value))
            }
            Content::Value(value) if *row.type_path == *CHAPTERS => {
                Content::Value(self.without_in_chapters(value))
            }
            content => content,
        }
    }

    /// Custom fields without the personal ones.
    fn without(&self, fields: Value) -> Value {
        let Value::Map(mut entries) = fields else { return fields };
        entries.retain(|(key, _)| key.as_text().is_none_or(|name| !self.fields.contains(name)));
        Value::Map(entries)
    }

    fn without_in_chapters(&self, value: Value) -> Value {
        match value {
            Value::List(items) => {
                Value::List(items.into_iter().map(|item| self.without_in_chapters(item)).collect())
            }
            Value::Map(entries) => {
                let entries = entries.into_iter().map(|(key, value)| {
                    let value = match key.as_text() {
                        Some(FIELDS_OF_CHAPTER) => self.without(value),
                        _ => self.without_in_chapters(value),
                    };
                    (key, value)
                });
                Value::Map(entries.collect())
            }
            other => other,
        }
    }
}

fn has_fields(row: &Row) -> bool {
    [FIELDS, CHAPTERS].contains(&&*row.type_path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde::Serialize;

    use super::*;

    fn row(type_path: &str, value: &impl Serialize) -> Row {
        let bytes = rmp_serde::to_vec_named(value).unwrap();
        Row { type_path: Arc::from(type_path), version: 0, id: SaveId::WORLD, bytes }
    }

    fn fields() -> BTreeMap<&'static str, u8> {
        BTreeMap::from([("gold", 7), ("home", 9)])
    }

    fn marked() -> Personal {
        Personal {
            types: BTreeSet::from(["hop::Diary".to_owned()]),
            fields: BTreeSet::from(["home".to_owned()]),
        }
    }

    #[test]
    fn values_of_marked_types_are_left_out_and_others_stay() {
        let masked = marked().masked(&row("hop::Diary", &"my street"));
        assert_eq!(masked, Content::Personal);
        assert_eq!(serde_json::to_string(&masked).unwrap(), "null");
        assert!(masked.error().is_some_and(|why| why.contains("--private")));
        for path in ["hop::DiaryPage", "my::hop::Diary", "Diary"] {
            let open = row(path, &"my street");
            assert_eq!(marked().masked(&open), open.content(), "{path}");
        }
        let unmarked = row("hop::Diary", &"my street");
        assert_eq!(Personal::default().masked(&unmarked), unmarked.content());
    }

    #[test]
    fn marked_fields_are_left_out_of_sessions_and_chapters() {
        let text = |row: &Row| serde_json::to_string(&marked().masked(row)).unwrap();
        assert_eq!(text(&row(FIELDS, &fields())), r#"{"gold":7}"#);
        assert_eq!(CHAPTERS, "bevy_session::Chapters", "as docs/FORMAT.md has it");
        let chapters = BTreeMap::from([("open", vec![BTreeMap::from([("fields", fields())])])]);
        assert_eq!(text(&row(CHAPTERS, &chapters)), r#"{"open":[{"fields":{"gold":7}}]}"#);
        assert_eq!(text(&row("hop::Fields", &fields())), r#"{"gold":7,"home":9}"#);
    }

    #[test]
    fn undecodable_values_of_types_with_personal_fields_are_left_out() {
        let torn = Row { bytes: vec![0x81, 0xa4], ..row(FIELDS, &()) };
        assert_eq!(marked().masked(&torn), Content::Personal);
        assert!(matches!(Personal::default().masked(&torn), Content::Unknown(..)));
    }
}
