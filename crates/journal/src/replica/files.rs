//! The files that a log's entries make.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Change, Epoch, Position};
use crate::disk::Layout;

/// The longest name of a file.
const MAX_NAME: usize = 255;
/// The prefix of the name of a slot, which is outside of its session's directory.
const SLOTS: &str = "slots/";

/// The name of a file in a session's directory, or `slots/` and the name of a slot's file.
///
/// It never leads out of these two directories.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// A file in the session's directory; `None` for what is no name of a file on every system.
    #[must_use]
    pub fn in_session(name: &str) -> Option<Self> {
        is_plain(name).then(|| Self(name.to_owned()))
    }

    /// A slot; `None` for what is no name of a file on every system.
    #[must_use]
    pub fn of_slot(name: &str) -> Option<Self> {
        is_plain(name).then(|| Self(format!("{SLOTS}{name}")))
    }

    /// The name within its directory.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.strip_prefix(SLOTS).unwrap_or(&self.0)
    }

    /// Returns true if it is a slot's.
    #[must_use]
    pub fn is_slot(&self) -> bool {
        self.0.starts_with(SLOTS)
    }

    /// Returns true if it is a file of the session's own directory.
    #[must_use]
    pub fn is_in_session(&self) -> bool {
        !self.is_slot()
    }

    /// Returns true if it is a file that is only ever appended to: a journal, or one of events. Other bytes in it are
    /// damage.
    pub(super) fn only_grows(&self) -> bool {
        let name = self.name();
        !self.is_slot() && (Layout::is_segment_name(name) || Layout::is_events_name(name))
    }

    /// The same with something behind it, as of a file that is still being written.
    #[must_use]
    pub fn with(&self, suffix: &str) -> Self {
        Self(format!("{}{suffix}", self.0))
    }
}

impl TryFrom<String> for FileName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let plain = name.strip_prefix(SLOTS).unwrap_or(&name);
        if is_plain(plain) { Ok(Self(name)) } else { Err("no name of a file of a session") }
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Returns true if a name leads nowhere but to a file in the directory where it is looked for.
fn is_plain(name: &str) -> bool {
    let is_separator = |letter: char| matches!(letter, '/' | '\\' | ':') || letter.is_control();
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.starts_with('.')
        && !name.contains(is_separator)
}

/// A piece of a file: bytes in the payload of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// The epoch of the entry.
    pub epoch: Epoch,
    /// The entry's position there.
    pub position: Position,
    /// The offset of the piece in its payload.
    pub start: u64,
    /// Bytes of the piece.
    pub len: u64,
    /// XXH3 of these bytes.
    pub hash: u64,
}

/// A file as the log has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileState {
    /// The epoch in which it was created: none of its pieces is older.
    pub born: Epoch,
    /// Bytes of all pieces.
    pub bytes: u64,
    /// Its pieces, in order.
    pub extents: Vec<Extent>,
}

/// An entry changes a file as none can be changed: the log isn't one that this protocol wrote.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the entry {epoch}.{position} doesn't fit the file {name} as it was before")]
pub struct ReplayError {
    /// The entry's epoch.
    pub epoch: Epoch,
    /// Its position.
    pub position: Position,
    /// The file that it changes.
    pub name: FileName,
}

/// The files that the entries of a log make, as of one entry.
///
/// A log of which old epochs are gone is read from an epoch on before which files may have been there. Changes of such
/// a file are passed over: before the declaration by which the old epochs went, everything that was still wanted of
/// them was written once more.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Files {
    files: BTreeMap<FileName, FileState>,
}

impl Files {
    /// The files by name.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<FileName, FileState> {
        &self.files
    }

    /// The state of a file; `None` if there is none of this name.
    #[must_use]
    pub fn get(&self, name: &FileName) -> Option<&FileState> {
        self.files.get(name)
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }

    /// Does what an entry says, all of it.
    pub fn apply(
        &mut self,
        epoch: Epoch,
        position: Position,
        changes: &[Change],
    ) -> Result<(), ReplayError> {
        let mut start = 0;
        for change in changes {
            let misfit = |name: &FileName| ReplayError { epoch, position, name: name.clone() };
            match change {
                Change::Create { name } => {
                    if self.files.contains_key(name) {
                        return Err(misfit(name));
                    }
                    let created = FileState { born: epoch, bytes: 0, extents: Vec::new() };
                    self.files.insert(name.clone(), created);
                }
                Change::Append { name, offset, len, hash } => {
                    let extent = Extent { epoch, position, start, len: *len, hash: *hash };
                    start += len;
                    let Some(file) = self.files.get_mut(name) else { continue };
                    if file.bytes != *offset {
                        return Err(misfit(name));
                    }
                    file.bytes += len;
                    file.extents.push(extent);
                }
                Change::Remove { name } => drop(self.files.remove(name)),
                Change::Place { from, to } => match self.files.remove(from) {
                    Some(file) => drop(self.files.insert(to.clone(), file)),
                    None => drop(self.files.remove(to)),
                },
            }
        }
        Ok(())
    }

    /// The same for who knows all files: what fits none of them is refused, and nothing is done.
    pub(super) fn try_apply(
        &mut self,
        epoch: Epoch,
        position: Position,
        changes: &[Change],
    ) -> Result<(), ReplayError> {
        let names = changes.iter().flat_map(Change::names);
        let of_name = |name: &FileName| Some((name.clone(), self.files.get(name)?.clone()));
        let mut tried = Self { files: names.filter_map(of_name).collect() };
        for change in changes {
            if let Change::Append { name, .. } | Change::Place { from: name, .. } = change
                && !tried.files.contains_key(name)
            {
                return Err(ReplayError { epoch, position, name: name.clone() });
            }
            tried.apply(epoch, position, std::slice::from_ref(change))?;
        }
        self.apply(epoch, position, changes)
    }

    /// Forgets what was created before an epoch.
    pub fn forget_before(&mut self, epoch: Epoch) {
        self.files.retain(|_, file| file.born >= epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_cannot_leave_the_directory_of_the_session() {
        for name in
            ["", ".", "..", "a/b", "a\\b", "../x", "/etc", ".hidden", "c:", "a\0", &"x".repeat(256)]
        {
            assert_eq!(FileName::in_session(name), None, "{name}");
            assert_eq!(FileName::of_slot(name), None, "{name}");
            assert!(FileName::try_from(name.to_owned()).is_err(), "{name}");
            assert!(FileName::try_from(format!("slots/{name}")).is_err(), "{name}");
        }
        let slot = FileName::of_slot("boss-00.save").unwrap();
        assert!(slot.is_slot() && slot.name() == "boss-00.save");
        assert_eq!(FileName::try_from("slots/boss-00.save".to_owned()), Ok(slot));
        let copy = "00ff-000001 (conflicted copy).journal";
        assert!(!FileName::in_session(copy).unwrap().is_slot());
    }
}
