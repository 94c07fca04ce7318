//! Marks of personal data, which stand in each full checkpoint for programs that don't know the game.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::history::Histories;

/// The types and custom fields that the game marked as personal data of players.
#[derive(Serialize, Deserialize, Clone, Default, PartialEq, Eq, Debug)]
#[serde(default)]
pub(crate) struct Personal {
    /// The names of their columns, former names included: values of older builds may be carried under those.
    pub(super) types: BTreeSet<String>,
    /// The names of custom fields of sessions and chapters.
    pub(super) fields: BTreeSet<String>,
}

impl Personal {
    /// Returns true if there is no mark.
    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.fields.is_empty()
    }

    /// Marks the former names of marked types as well.
    pub(super) fn add_former_names(&mut self, histories: &Histories) {
        let marked = self.types.iter().filter_map(|path| histories.get(&**path));
        let former =
            marked.flat_map(|history| history.former_names.iter().map(ToString::to_string));
        let former: Vec<String> = former.collect();
        self.types.extend(former);
    }

    /// The same marks, with the names that the types have today.
    pub(super) fn renamed(self, name: impl Fn(String) -> String) -> Self {
        Self { types: self.types.into_iter().map(name).collect(), fields: self.fields }
    }
}
