//! Placed entities that are gone, and anchors: rows that belong to no saved entity.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, Values};

use super::split::{Split, split_ids};
use crate::capture::placed::SaveKey;
use crate::saved::encode_message_pack;

/// Keys by id, as one column of the journal.
#[derive(Clone, Default, Debug)]
pub(crate) struct KeyedIds {
    ids: BTreeMap<SaveKey, SaveId>,
    /// The ids that the journal has already.
    written: BTreeMap<SaveId, SaveKey>,
    /// True if the journal may have others.
    has_changed: bool,
}

impl KeyedIds {
    /// Keys that a checkpoint has. The first capture that follows is full.
    pub(crate) fn of(keys: impl IntoIterator<Item = (SaveId, SaveKey)>) -> Self {
        let ids = keys.into_iter().map(|(id, key)| (key, id)).collect();
        Self { ids, written: BTreeMap::new(), has_changed: true }
    }

    /// Adds a key, unless it is there.
    pub(super) fn add(&mut self, key: SaveKey, id: SaveId) {
        self.ids.entry(key).or_insert(id);
        self.has_changed = true;
    }

    /// The id of a key.
    pub(super) fn id(&self, key: &SaveKey) -> Option<SaveId> {
        self.ids.get(key).copied()
    }

    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &SaveKey) {
        self.has_changed |= self.ids.remove(key).is_some();
    }

    /// Removes the keys that don't stay.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(&SaveKey, SaveId) -> bool) {
        let before = self.ids.len();
        self.ids.retain(|key, id| stays(key, *id));
        self.has_changed |= self.ids.len() < before;
    }

    /// All keys.
    pub(super) fn all(&self, type_path: &Arc<str>) -> Vec<Block> {
        Self { ids: self.ids.clone(), ..Self::default() }.blocks(type_path, true)
    }

    /// All keys, or the difference from those written before.
    pub(super) fn blocks(&mut self, type_path: &Arc<str>, all: bool) -> Vec<Block> {
        if !std::mem::take(&mut self.has_changed) && !all {
            return Vec::new();
        }
        let now: BTreeMap<SaveId, SaveKey> =
            self.ids.iter().map(|(key, id)| (*id, key.clone())).collect();
        let written = if all { BTreeMap::new() } else { std::mem::take(&mut self.written) };
        let removed: Vec<SaveId> =
            written.keys().filter(|id| !now.contains_key(id)).copied().collect();
        let new = now.iter().filter(|(id, key)| written.get(id) != Some(key));
        let values = key_rows(new.map(|(id, key)| (*id, key)));
        self.written = now;
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
