//! Facts about the build that takes a checkpoint, for later builds of the game.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;
use serde::{Deserialize, Serialize};

use super::personal::Personal;

/// Facts about the build that takes a checkpoint, for later builds, beside the types that it saves.
/// They tell, of a component that an entity lacks, if the game had removed it, or if that build
/// never gave it to the entity.
#[derive(Serialize, Deserialize, Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Build {
    /// The game's version.
    #[serde(default)]
    pub version: String,
    /// The saved components that each saved component requires, by the names of their columns.
    #[serde(default)]
    required: BTreeMap<String, BTreeSet<String>>,
    /// The marks of personal data; a build without marks writes none.
    #[serde(default, skip_serializing_if = "Personal::is_empty")]
    personal: Personal,
}

impl Build {
    /// The build whose components these are, with its marks of personal data.
    pub(super) fn of(
        world: &World,
        components: &HashMap<Arc<str>, ComponentId>,
        personal: Personal,
    ) -> Self {
        let required = components.iter().filter_map(|(name, component)| {
            let required = world.get_required_components_by_id(*component)?;
            let required: BTreeSet<ComponentId> = required.iter_ids().collect();
            let saved = components.iter().filter(|(_, other)| required.contains(*other));
            let saved: BTreeSet<String> = saved.map(|(name, _)| name.to_string()).collect();
            (!saved.is_empty()).then(|| (name.to_string(), saved))
        });
        Self { version: String::new(), required: required.collect(), personal }
    }

    /// Returns true if one of the entity's components requires this one.
    pub(crate) fn requires<'a>(
        &self,
        mut components: impl Iterator<Item = &'a str>,
        required: &str,
    ) -> bool {
        components.any(|name| self.required.get(name).is_some_and(|all| all.contains(required)))
    }

    /// The same build, with the names that its types have today.
    pub(crate) fn renamed(self, today: &HashMap<&str, &str>) -> Self {
        let name = |name: String| today.get(&*name).map_or(name, |today| (*today).to_owned());
        let required = self.required.into_iter();
        let required = required
            .map(|(by, required)| (name(by), required.into_iter().map(name).collect()))
            .collect();
        Self { version: self.version, required, personal: self.personal.renamed(name) }
    }
}
