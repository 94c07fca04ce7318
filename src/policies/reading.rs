//! Reads a policy file section by section, so that whoever reads one needs to know no other.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use bevy::prelude::*;
use bevy_session_journal::internal::disk::Disk;
use ron::error::SpannedError;
use ron::extensions::Extensions;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};

use super::retention::RetentionSection;
use super::settings::SettingsSection;
use super::{PolicyError, PolicySection};

/// The most bytes of a file.
const MOST_BYTES: usize = 1 << 20;

/// Puts a section into effect that was read.
pub(super) type Apply = Box<dyn FnOnce(&mut World)>;

/// The sections that plugins of this app read.
#[derive(Resource, Clone, Default)]
pub(super) struct Sections(Vec<Section>);

/// A section, and its reader: `None` if the text doesn't have it.
#[derive(Clone, Copy)]
pub(super) struct Section {
    name: &'static str,
    read: fn(&str) -> Result<Option<Apply>, SpannedError>,
}

impl Section {
    pub fn of<S: PolicySection>() -> Self {
        Self { name: S::NAME, read: read_section::<S> }
    }
}

impl Sections {
    pub fn add(&mut self, section: Section) {
        if self.0.iter().all(|known| known.name != section.name) {
            self.0.push(section);
        }
    }

    /// The sections of this crate, whose names nothing else can take, and those of other plugins.
    pub fn with_own(self) -> Self {
        let own = [Section::of::<SettingsSection>(), Section::of::<RetentionSection>()];
        let mut all = Self(own.to_vec());
        self.0.into_iter().for_each(|section| all.add(section));
        all
    }
}

/// Reads the whole file. The result is what puts it into effect.
pub(super) fn read(
    disk: &dyn Disk,
    file: &Path,
    sections: &Sections,
) -> Result<Vec<Apply>, PolicyError> {
    let bytes = disk.read(file, MOST_BYTES).map_err(|error| PolicyError::Unreadable {
        file: file.to_owned(),
        reason: error.to_string(),
    })?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        PolicyError::NotText { file: file.to_owned(), line }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let invalid = |error: SpannedError| PolicyError::Invalid {
        file: file.to_owned(),
        line: error.span.start.line,
        column: error.span.start.col,
        message: error.code.to_string(),
    };
    parse(text, Names(sections)).map_err(invalid)?;
    let read = sections.0.iter().filter_map(|section| (section.read)(text).transpose());
    read.map(|section| section.map_err(invalid)).collect()
}

fn read_section<S: PolicySection>(text: &str) -> Result<Option<Apply>, SpannedError> {
    let section = parse(text, Only::<S>(PhantomData))?;
    Ok(section.map(|section| Box::new(move |world: &mut World| section.apply(world)) as Apply))
}

fn parse<'a, T: DeserializeSeed<'a>>(text: &'a str, seed: T) -> Result<T::Value, SpannedError> {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options.from_str_seed(text, seed)
}

/// The name of the whole, which a file may have before its first bracket.
const WHOLE: &str = "Policies";

/// Checks the names of all sections, and passes over what is in them.
struct Names<'a>(&'a Sections);

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_struct(WHOLE, &[], self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sections of policies")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut unread: Vec<&str> = self.0.0.iter().map(|section| section.name).collect();
        while let Some(name) = map.next_key::<String>()? {
            let Some(place) = unread.iter().position(|known| *known == name) else {
                return Err(Error::custom(self.fault_of(&name)));
            };
            unread.swap_remove(place);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

impl Names<'_> {
    /// The reason why a name can't stand there.
    fn fault_of(&self, name: &str) -> String {
        let known: Vec<String> =
            self.0.0.iter().map(|section| format!("`{}`", section.name)).collect();
        if self.0.0.iter().any(|section| section.name == name) {
            return format!("the section `{name}` is there twice");
        }
        format!("no plugin of this app reads a section `{name}`; known are {}", known.join(", "))
    }
}

/// Reads one section, and passes over the others.
struct Only<S>(PhantomData<S>);

impl<'de, S: PolicySection> DeserializeSeed<'de> for Only<S> {
    type Value = Option<S>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<S>, D::Error> {
        deserializer.deserialize_struct(WHOLE, &[], self)
    }
}

impl<'de, S: PolicySection> Visitor<'de> for Only<S> {
    type Value = Option<S>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sections of policies")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<S>, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == S::NAME {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}
