//! The forms of all saved types, in a file beside the game's sources.

mod verdict;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Schema;

#[cfg(test)]
use verdict::{LockProblem, Verdict};

/// The version of the file's format. A higher one is of a newer release.
const FORMAT: u32 = 1;
/// The comment at the top of the file.
const HEAD: &str = "\
// The types that this game saves, as they are in players' saves: each in every version that was ever written.
// A test compares them with the game of today, and adds what is new. Commit this file.
// Nothing is taken out of it by hand, but for a version that no player has a save of.
// `accepted` is for losses that are meant: the test says which line, and takes it away again.
";

/// The forms of all saved types that players may have saves of.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Lock {
    /// Intended losses, in the form of [`LockProblem::entry`].
    accepted: BTreeSet<String>,
    /// By path and version.
    records: Vec<Record>,
}

/// The form of a type in one version.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Record {
    path: String,
    version: u32,
    schema: Schema,
    /// True once the game no longer reads its old values.
    #[serde(default, skip_serializing_if = "is_false")]
    given_up: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "SavedTypes")]
struct LockText {
    format: u32,
    accepted: Vec<String>,
    types: Vec<Record>,
}

/// A lock can't be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error(
        "it can't be read: {0}. If two branches changed it, keep the records of both, in any order"
    )]
    NotRead(String),
    #[error("a newer release of the library wrote it, in format {0}")]
    Newer(u32),
    #[error(
        "version {version} of {path} is in it twice, with two forms: two branches have each made one. Give the later \
         one the next version, in code with one more `then`, and here"
    )]
    Twice { path: String, version: u32 },
}

/// A saved type, and every form of it that a build reads.
#[derive(Clone, Debug)]
pub(crate) struct TypeForms {
    pub path: String,
    pub former_names: Vec<String>,
    /// By version. The last one is what the build writes.
    pub forms: Vec<(u32, Schema)>,
}

/// A form that a migration of whole checkpoints reads.
#[derive(Clone, Debug)]
pub(crate) struct TakenForm {
    pub path: String,
    pub version: u32,
    pub schema: Schema,
}

/// Every form that a build reads.
#[derive(Clone, Default, Debug)]
pub(crate) struct BuildForms {
    pub types: Vec<TypeForms>,
    pub taken: Vec<TakenForm>,
}

impl Lock {
    /// A lock before there was any.
    pub(crate) fn empty() -> Self {
        Self { accepted: BTreeSet::new(), records: Vec::new() }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, LockError> {
        let not_read = |error: ron::error::SpannedError| LockError::NotRead(error.to_string());
        let LockText { format, accepted, types } = ron::from_str(text).map_err(not_read)?;
        if format > FORMAT {
            return Err(LockError::Newer(format));
        }
        let mut records: Vec<Record> = types;
        records.sort_by(|one, other| one.key().cmp(&other.key()));
        records.dedup();
        let twice = records.windows(2).find_map(|pair| match pair {
            [one, other] if one.key() == other.key() => Some(one),
            _ => None,
        });
        match twice {
            Some(Record { path, version, .. }) => {
                Err(LockError::Twice { path: path.clone(), version: *version })
            }
            None => Ok(Self { accepted: accepted.into_iter().collect(), records }),
        }
    }

    /// The text of the file. Each field has its own line, so that branches can be merged.
    pub(crate) fn to_text(&self) -> Result<String, fmt::Error> {
        let accepted = self.accepted.iter().cloned().collect();
        let text = LockText { format: FORMAT, accepted, types: self.records.clone() };
        let style = ron::ser::PrettyConfig::new().indentor("  ");
        let text = ron::ser::to_string_pretty(&text, style).map_err(|_| fmt::Error)?;
        Ok(format!("{HEAD}{text}\n"))
    }

    fn record(&mut self, path: &str, version: u32) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.path == path && record.version == version)
    }

    fn add(&mut self, path: &str, version: u32, schema: Schema) {
        let path = path.to_owned();
        self.records.push(Record { path, version, schema, given_up: false });
        self.records.sort_by(|one, other| one.key().cmp(&other.key()));
    }
}

impl Record {
    fn key(&self) -> (&str, u32) {
        (&self.path, self.version)
    }
}

#[cfg(test)]
mod tests;
