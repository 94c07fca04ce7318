//! The report of a restore.

use bevy::ecs::entity::Entity;
#[cfg(feature = "reflect")]
use bevy::prelude::ReflectDefault;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use super::RestoreLoss;
use crate::capture::SaveKey;

/// The report of a restore: restored values and losses. Lists are bounded; their totals aren't.
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
#[non_exhaustive]
pub struct RestoreReport {
    /// Entities that were restored.
    pub entities: u64,
    /// True if it was done in place ([`RestoreManner::InPlace`](crate::RestoreManner::InPlace)).
    pub in_place: bool,
    /// Entities that stayed, and on which a component was written or removed.
    pub written: u64,
    /// Entities that were spawned.
    pub spawned: u64,
    /// Saved entities that were despawned, and those marked with [`DespawnOnRestore`](crate::recovery::DespawnOnRestore).
    pub despawned: u64,
    /// All entities that could not stay in a restore in place and were spawned again.
    /// [`respawned_as`](Self::respawned_as) looks up an entity's new id.
    pub respawned: Vec<RespawnedEntity>,
    /// Values that this build of the game could not use.
    pub losses: Vec<RestoreLoss>,
    /// References whose target isn't in the checkpoint; the first 64 are listed, and of each further
    /// type and kind its first one.
    pub dangling: Vec<DanglingReference>,
    /// The number of references without a target.
    pub dangling_total: u64,
    /// Saved entities that observers or level code spawned during the restore. The most common
    /// mistake: an `OnEnter` that adds a second player.
    pub extra: Vec<ExtraEntities>,
    /// Saved components that entities have although the checkpoint doesn't, since the build that
    /// took it didn't give them to such entities: it didn't know or require them. On entities with
    /// a key, it includes all that a level of another version of the game adds. They have the
    /// values that the game gives them. A resource is one as well, if that build didn't save the type, or
    /// is another version and nothing was played before in this process.
    pub new_components: Vec<NewComponents>,
    /// Types whose values were changed during the restore, by hooks, observers or the commands that
    /// those queued. The checkpoint's values were written again, in place, so that no hook or
    /// observer of the type runs once more; immutable and removed components were inserted again. A
    /// type that isn't serialized the same way twice, as with a `HashMap` in it, may be listed
    /// needlessly.
    pub overwritten: Vec<String>,
    /// Types of which some values are not as saved: hooks or observers change them again whenever
    /// they are inserted. Only immutable components can be here, and components that are removed
    /// again each time.
    pub not_as_saved: Vec<String>,
    /// Entities that levels place and that have keys.
    pub placed: PlacedReport,
    /// Unsaved entities that were despawned with the saved parent that they had, as a camera on the
    /// player is. A game that restores a player has to spawn its camera again: with a required
    /// component or an `On<Add<Player>>` observer.
    pub unsaved_children: u64,
    /// Restored entities that hooks or observers despawned at once.
    pub despawned_again: u64,
    /// Entities that could not be spawned with the id allocated for them, since hooks or observers
    /// had used it meanwhile. If an entity had that id, the saved values were written to it.
    pub not_spawned: u64,
    /// The despawning of the previous world's entities.
    pub clearing: WorldClearing,
}

/// Placed entities in a restore.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
#[non_exhaustive]
pub struct PlacedReport {
    /// Keys of placed entities that aren't in the world; at most 64 are listed. Their values are
    /// kept, and written when the level spawns them.
    pub unclaimed: Vec<SaveKey>,
    /// The number of placed entities that aren't in the world.
    pub unclaimed_total: u64,
    /// Keys under which the level has a different kind of entity now; at most 64 are listed. The
    /// saved values aren't written to it, but kept.
    pub mismatched: Vec<SaveKey>,
    /// Keys that more than one entity has; at most 64 are listed. The values went to the one that
    /// was spawned first.
    pub duplicate_keys: Vec<SaveKey>,
    /// Entities that the level had spawned although they had been despawned in play, and that were
    /// despawned again.
    pub gone_again: u64,
}

/// The despawning of the saved entities of the world before a restore.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
#[non_exhaustive]
pub struct WorldClearing {
    /// The number of rounds, more than one if despawning entities spawned saved ones again.
    pub rounds: u32,
    /// Entities that were still there after the last round.
    pub left: u64,
}

impl RestoreReport {
    /// The references that are listed, whatever they are; beyond them, this many of a kind.
    const LISTED_REFERENCES: usize = 64;
    const LISTED_OF_A_KIND: usize = 8;
    /// The most keys that are listed.
    const LISTED_KEYS: usize = 64;

    /// The entity that was spawned in the place of one that could not stay; `None` if it stayed, or is gone.
    #[must_use]
    pub fn respawned_as(&self, was: Entity) -> Option<Entity> {
        self.respawned.iter().find(|respawned| respawned.was == was).map(|respawned| respawned.is)
    }

    /// Returns true if everything was restored, and nothing else was spawned.
    /// References to nobody aren't looked at.
    pub(super) fn is_exact(&self) -> bool {
        let none_lost = self.losses.is_empty();
        let none_gone = self.despawned_again == 0 && self.not_spawned == 0;
        let none_more = self.extra.is_empty() && self.clearing.left == 0;
        none_lost
            && none_gone
            && none_more
            && self.new_components.is_empty()
            && self.not_as_saved.is_empty()
            && self.placed.unclaimed_total == 0
    }

    pub(super) fn add_dangling(&mut self, reference: DanglingReference) {
        self.dangling_total += 1;
        // Plain references to the dead are normal, and may be many. They must not keep lost parents out, in whatever order the
        // types come. Found from the end, since most follow one of their kind.
        let is_same = |listed: &&DanglingReference| listed.is_of_kind_of(&reference);
        let has_enough = || {
            let same = self.dangling.iter().rev().filter(is_same);
            same.take(Self::LISTED_OF_A_KIND).count() == Self::LISTED_OF_A_KIND
        };
        if self.dangling.len() < Self::LISTED_REFERENCES || !has_enough() {
            self.dangling.push(reference);
        }
    }

    pub(super) fn add_unclaimed(&mut self, key: &SaveKey) {
        self.placed.unclaimed_total += 1;
        if self.placed.unclaimed.len() < Self::LISTED_KEYS {
            self.placed.unclaimed.push(key.clone());
        }
    }

    pub(super) fn add_mismatched(&mut self, key: &SaveKey) {
        if self.placed.mismatched.len() < Self::LISTED_KEYS {
            self.placed.mismatched.push(key.clone());
        }
    }

    pub(super) fn add_duplicate_keys(&mut self, keys: impl Iterator<Item = SaveKey>) {
        self.placed.duplicate_keys.extend(keys);
        self.placed.duplicate_keys.truncate(Self::LISTED_KEYS);
    }

    pub(super) fn add_overwritten(&mut self, type_path: &str) {
        add_once(&mut self.overwritten, type_path);
    }

    pub(super) fn add_not_as_saved(&mut self, type_path: &str) {
        add_once(&mut self.not_as_saved, type_path);
    }
}

fn add_once(types: &mut Vec<String>, type_path: &str) {
    if !types.iter().any(|known| known == type_path) {
        types.push(type_path.to_owned());
    }
}

/// A reference to an entity that isn't in the checkpoint, since it wasn't saved.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct DanglingReference {
    /// The component or resource with the reference.
    pub type_path: String,
    /// The field, if the type is registered for reflection.
    pub field: Option<String>,
    /// The entity that has the component.
    pub entity: Entity,
    /// True if it is a relationship, which was left out. A plain reference is
    /// [`Entity::PLACEHOLDER`] now.
    pub is_relationship: bool,
    /// True if the saved value is no entity of the session: the field wasn't marked `#[entities]`
    /// in the build that saved it.
    pub was_unmapped: bool,
}

impl DanglingReference {
    fn is_of_kind_of(&self, other: &Self) -> bool {
        self.is_relationship == other.is_relationship
            && self.was_unmapped == other.was_unmapped
            && self.type_path == other.type_path
    }
}

/// An entity that could not stay in a restore in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct RespawnedEntity {
    /// Its id before the restore.
    pub was: Entity,
    /// Its id now.
    pub is: Entity,
}

/// Saved components of one type that came with an update of the game.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct NewComponents {
    /// The type.
    pub type_path: String,
    /// The number of entities that have one; 1 for a resource.
    pub entities: u64,
}

/// Saved entities that the checkpoint doesn't have.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct ExtraEntities {
    /// The saved type that describes them best; `None` if they have none.
    pub type_path: Option<String>,
    /// The number of such entities.
    pub entities: u64,
}
