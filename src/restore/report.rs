//! What came back with a restore, and what didn't.

use bevy::ecs::entity::Entity;

use super::RestoreLoss;

/// What came back with a restore, and what didn't. Lists are bounded; their totals aren't.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct RestoreReport {
    /// Entities that were restored.
    pub entities: u64,
    /// Values that this build of the game could not use.
    pub losses: Vec<RestoreLoss>,
    /// References whose target isn't in the checkpoint; the first of them.
    pub dangling: Vec<DanglingReference>,
    /// How many references have no target.
    pub dangling_total: u64,
    /// Saved entities that observers or level code spawned while the checkpoint was put back. The
    /// commonest mistake: an `OnEnter` that adds a second player.
    pub extra: Vec<ExtraEntities>,
    /// Types of which observers changed values while they were restored. The values of the
    /// checkpoint were written again. A type that isn't written the same way twice, as with a
    /// `HashMap` in it, may be among them without need.
    pub overwritten: Vec<String>,
    /// Restored entities that observers despawned at once.
    pub despawned_again: u64,
    /// How often the old world had to be cleared, because its end spawned saved entities anew.
    pub despawn_rounds: u32,
    /// Old entities that were still there after the last round.
    pub not_despawned: u64,
}

impl RestoreReport {
    /// References that are listed.
    const LISTED_REFERENCES: usize = 64;

    pub(super) fn add_dangling(&mut self, reference: DanglingReference) {
        self.dangling_total += 1;
        if self.dangling.len() < Self::LISTED_REFERENCES {
            self.dangling.push(reference);
        }
    }

    pub(super) fn add_overwritten(&mut self, type_path: &str) {
        if !self.overwritten.iter().any(|known| known == type_path) {
            self.overwritten.push(type_path.to_owned());
        }
    }
}

/// A reference to an entity that isn't in the checkpoint, since it wasn't saved.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DanglingReference {
    /// The component or resource with the reference.
    pub type_path: String,
    /// The field, if the type is registered for reflection.
    pub field: Option<String>,
    /// The entity that has the component.
    pub entity: Entity,
    /// Whether it is a relationship, and was left out. A plain reference is
    /// [`Entity::PLACEHOLDER`] now.
    pub is_relationship: bool,
}

/// Saved entities that the checkpoint doesn't have.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ExtraEntities {
    /// The saved type that names them best; `None` if they have none.
    pub type_path: Option<String>,
    /// How many.
    pub entities: u64,
}
