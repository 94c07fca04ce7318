//! Placed entities that are gone, and anchors: rows that belong to no saved entity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, Values};

use super::split::{Split, split_ids};
use crate::capture::placed::SaveKey;
use crate::saved::encode_message_pack;

/// Keys by id, as one column of the journal.
#[derive(Clone, Default, Debug)]
pub(crate) struct KeyedIds {
    /// The key of each id.
    keys: BTreeMap<SaveId, SaveKey>,
    /// The ids of each key: an entity that had an id before its key was known keeps it.
    ids: BTreeMap<SaveKey, BTreeSet<SaveId>>,
    /// The ids that the journal has already.
    written: BTreeMap<SaveId, SaveKey>,
    /// True if the journal may have others.
    has_changed: bool,
}

impl KeyedIds {
    /// Keys that a checkpoint has. The first capture that follows has all of them.
    pub(crate) fn of(keys: impl IntoIterator<Item = (SaveId, SaveKey)>) -> Self {
        let mut keyed = Self::default();
        keys.into_iter().for_each(|(id, key)| keyed.set(key, id));
        keyed
    }

    /// Adds a key, unless it is there.
    pub(super) fn add(&mut self, key: SaveKey, id: SaveId) {
        if !self.ids.contains_key(&key) {
            self.set(key, id);
        }
    }

    /// Sets the key of an id, and no other.
    pub(super) fn set(&mut self, key: SaveKey, id: SaveId) {
        if self.keys.get(&id) == Some(&key) {
            return;
        }
        self.remove_id(id);
        self.keys.insert(id, key.clone());
        self.ids.entry(key).or_default().insert(id);
        self.has_changed = true;
    }

    /// The first id of a key.
    pub(super) fn id(&self, key: &SaveKey) -> Option<SaveId> {
        self.ids.get(key)?.first().copied()
    }

    /// All ids with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SaveId, &SaveKey)> {
        self.keys.iter().map(|(id, key)| (*id, key))
    }

    /// The number of ids.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &SaveKey) {
        for id in self.ids.get(key).cloned().unwrap_or_default() {
            self.remove_id(id);
        }
    }

    /// Removes an id.
    pub(super) fn remove_id(&mut self, id: SaveId) {
        let Some(key) = self.keys.remove(&id) else { return };
        self.has_changed = true;
        if let Some(ids) = self.ids.get_mut(&key) {
            ids.remove(&id);
            if ids.is_empty() {
                self.ids.remove(&key);
            }
        }
    }

    /// Removes the ids that don't stay.
    pub(super) fn retain(&mut self, stays: impl Fn(SaveId) -> bool) {
        let gone: Vec<SaveId> = self.keys.keys().copied().filter(|id| !stays(*id)).collect();
        gone.into_iter().for_each(|id| self.remove_id(id));
    }

    /// All keys, or the difference from those written before.
    pub(super) fn blocks(&mut self, type_path: &Arc<str>, all: bool) -> Vec<Block> {
        if !std::mem::take(&mut self.has_changed) && !all {
            return Vec::new();
        }
        let written = if all { BTreeMap::new() } else { std::mem::take(&mut self.written) };
        let removed: Vec<SaveId> =
            written.keys().filter(|id| !self.keys.contains_key(id)).copied().collect();
        let new = self.keys.iter().filter(|(id, key)| written.get(id) != Some(key));
        let values = key_rows(new.map(|(id, key)| (*id, key)));
        self.written = self.keys.clone();
        let removed = split_ids(&removed).map(|ids| Block::removed(type_path.clone(), ids));
        let values = values.into_iter().map(|rows| Block::values(type_path.clone(), 0, rows));
        removed.chain(values).collect()
    }
}

fn key_rows<'a>(keys: impl Iterator<Item = (SaveId, &'a SaveKey)>) -> Vec<Values> {
    let mut rows = Split::default();
    let mut bytes = Vec::new();
    for (id, key) in keys {
        // A text can only be too long.
        if encode_message_pack(key, &mut bytes).is_ok() {
            rows.push(id, &bytes);
        }
    }
    rows.finish()
}
