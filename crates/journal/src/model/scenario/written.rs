//! One file of a scenario, as it is written.

use std::fmt;

use ron::error::SpannedError;
use ron::extensions::Extensions;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::ScenarioError;
use super::checks::{Links, Tags, Text, Time, Values};

/// The newest format of such files. A file without one has the first.
const FORMAT: u32 = 1;
/// Bytes of a file at the most.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// The fields of a file. A field that is missing is taken from the file that it extends.
#[derive(Deserialize, Default, Debug)]
#[serde(rename = "Scenario", deny_unknown_fields, default)]
pub(super) struct Written {
    /// Looked at before anything else.
    #[serde(rename = "format")]
    _format: u32,
    pub extends: Option<Text>,
    pub version: Option<u32>,
    pub name: Option<Text>,
    pub description: Option<Text>,
    pub picture: Option<Text>,
    pub difficulty: Option<Text>,
    pub level: Option<u8>,
    pub expected: Option<Time>,
    pub fields: Values,
    pub settings: Values,
    pub tags: Tags,
    pub links: Links,
    pub world: Option<Text>,
}

/// The one field that every version of a file has in common.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Versioned {
    format: Known,
}

/// A format that this release reads.
#[derive(Default)]
struct Known;

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let format = u32::deserialize(deserializer)?;
        if format > FORMAT { Err(Error::custom(NewerFormat(format))) } else { Ok(Self) }
    }
}

/// The error by which a format that is too new gets through the parser: as a text, since the parser keeps nothing else
/// of an error but its place.
struct NewerFormat(u32);

impl fmt::Display for NewerFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{NEWER}{}", self.0)
    }
}

const NEWER: &str = "newer format ";

/// Fails where the field stands by which one file extends another.
#[derive(Deserialize)]
struct Extending {
    #[serde(rename = "extends")]
    _extends: Refused,
}

#[derive(Debug)]
struct Refused;

impl<'de> Deserialize<'de> for Refused {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer)?;
        Err(Error::custom("refused"))
    }
}

impl Written {
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, ScenarioError> {
        let text = text(file, bytes)?;
        match parsed::<Versioned>(text) {
            Err(error) if newer_format(&error).is_some() => {
                let (format, line) = (newer_format(&error).unwrap_or_default(), line(&error));
                Err(ScenarioError::Newer { file: file.to_owned(), line, format, newest: FORMAT })
            }
            // The parser that knows all fields has better words for any other error.
            _ => parsed(text).map_err(|error| invalid(file, error)),
        }
    }
}

fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, ScenarioError> {
    let (size, limit) = (bytes.len(), MOST_BYTES);
    if size > limit {
        return Err(ScenarioError::TooLarge { file: file.to_owned(), bytes: size, limit });
    }
    str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        ScenarioError::NotText { file: file.to_owned(), line }
    })
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, SpannedError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME).from_str(text)
}

fn newer_format(error: &SpannedError) -> Option<u32> {
    error.code.to_string().strip_prefix(NEWER)?.parse().ok()
}

fn line(error: &SpannedError) -> usize {
    error.span.end.line
}

fn invalid(file: &str, error: SpannedError) -> ScenarioError {
    ScenarioError::Invalid {
        file: file.to_owned(),
        line: line(&error),
        column: error.span.end.col,
        message: error.code.to_string(),
    }
}

/// The line of the `extends` field in a file that was parsed.
pub(super) fn line_of_extends(bytes: &[u8]) -> usize {
    let text = str::from_utf8(bytes).unwrap_or_default();
    parsed::<Extending>(text).err().map_or(1, |error| line(&error))
}
