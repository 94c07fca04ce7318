//! The audit log of a profile: a small file with an object of JSON a line, the newest thousand entries.
//!
//! It is replaced as a whole, durably. A line that can't be understood, such as a newer version's, is carried along.

use std::io;

use super::error::Attempt;
use super::{DirectoryStore, Lock, StoreAction, StoreError};
use crate::model::ids::limits;
use crate::model::session::{AuditEntry, cut};

/// Entries that are kept. The oldest go.
pub(crate) const MOST_ENTRIES: usize = if cfg!(test) { 20 } else { 1000 };
/// The largest file that is read: a thousand of the longest entries.
const MAX_BYTES: usize = 16 << 20;

/// The audit log of a profile.
#[derive(Clone, Copy, Debug)]
pub struct AuditFile<'a> {
    store: &'a DirectoryStore,
}

/// The right to write the audit log, for as long as this lives.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct AuditLock {
    _lock: Option<Box<dyn Lock>>,
}

impl<'a> AuditFile<'a> {
    /// The audit log of the store's profile.
    pub fn of(store: &'a DirectoryStore) -> Self {
        Self { store }
    }

    /// The entries, the oldest first. None if there is no such file.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be read.
    pub fn read(&self) -> Result<Vec<AuditEntry>, StoreError> {
        let lines = self.lines()?;
        Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Returns true if there is one.
    pub fn is_kept(&self) -> bool {
        self.store.disk().open(&self.store.layout().audit_log()).is_ok()
    }

    /// Takes the right to write it; `None` if another process writes it now. Where the file system has no locks, two
    /// processes that write at the same moment may lose an entry of one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn lock(&self) -> Result<Option<AuditLock>, StoreError> {
        self.store.create_state_directory()?;
        let path = self.store.layout().audit_lock();
        match self.store.disk().try_lock(&path) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Some(AuditLock { _lock: None }))
            }
            locked => {
                let locked = locked.attempt(StoreAction::Lock, &path)?;
                Ok(locked.map(|lock| AuditLock { _lock: Some(lock) }))
            }
        }
    }

    /// Adds entries, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The file is as it was then.
    pub fn add(&self, _lock: &AuditLock, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let path = self.store.layout().audit_log();
        let mut lines = self.lines()?;
        for entry in entries {
            let who = cut(&entry.who, limits::STRING_BYTES).to_owned();
            let line = serde_json::to_string(&AuditEntry { who, ..entry.clone() });
            let content =
                |source| StoreError::Content { path: path.clone(), source: Box::new(source) };
            lines.push(line.map_err(content)?);
        }
        lines.drain(..lines.len().saturating_sub(MOST_ENTRIES));
        self.replace(&lines)
    }

    /// Gives the players who are meant another name, durably. Returns true if any was.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The file is as it was then.
    pub fn rename(
        &self,
        _lock: &AuditLock,
        is_meant: impl Fn(&str) -> bool,
        name: &str,
    ) -> Result<bool, StoreError> {
        let mut lines = self.lines()?;
        let mut is_changed = false;
        for line in &mut lines {
            let Ok(mut value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            let is_player = value.get("by_player").and_then(serde_json::Value::as_bool);
            let who = value.get_mut("who").filter(|_| is_player.unwrap_or_default());
            let Some(who) = who else { continue };
            if who.as_str().is_some_and(&is_meant) {
                *who = name.into();
                *line = value.to_string();
                is_changed = true;
            }
        }
        if is_changed {
            self.replace(&lines)?;
        }
        Ok(is_changed)
    }

    fn lines(&self) -> Result<Vec<String>, StoreError> {
        let path = self.store.layout().audit_log();
        let bytes = match self.store.disk().read(&path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.attempt(StoreAction::Read, &path)?,
        };
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
    }

    fn replace(&self, lines: &[String]) -> Result<(), StoreError> {
        let path = self.store.layout().audit_log();
        let [data, profiles, profile, _] = self.store.layout().directories_to_sessions();
        let created = self.store.create_directory(&profile)?;
        let mut text = lines.join("\n");
        text.push('\n');
        let replaced = self.store.disk().replace(&path, text.as_bytes());
        replaced.attempt(StoreAction::Replace, &path)?;
        if !created.is_empty() {
            self.store.sync_directories(&[profiles, data])?;
        }
        self.store.sync_directories(&[profile])
    }
}
