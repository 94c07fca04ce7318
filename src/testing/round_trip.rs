//! Saves a world, restores it beside itself, and compares the two.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bevy::ecs::entity::EntityHashMap;
use bevy::ecs::hierarchy::ChildOf;
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;
use bevy::reflect::TypeRegistry;
use bevy_session_journal::SaveId;

use super::difference::{Difference, DifferenceKind};
use super::fresh_world::{FreshWorld, Restored};
use super::side::Side;
use super::trip::Supply;
use crate::SaveKey;
use crate::capture::{Declarations, SavedTypes};
use crate::restore::{
    DanglingReference, RestoreLoss, RestoreLossReason, RestoreReport, WorldImage,
};
use crate::saved::CHILD_OF;
use crate::values::{
    Change, ChangeSort, Target, changes, given_name, lists_have_order, name_of, tree_of_bytes,
};

/// The parts of a world that aren't restored as they are.
pub(super) fn differences(world: &mut World, supply: &[Supply]) -> Vec<Difference> {
    let types = Arc::new(SavedTypes::collect(world));
    let before = Side::of(world, &types, &EntityHashMap::default(), SaveId::FIRST);
    let trip = Trip { before: &before, types: &types, supply };
    let mut comparison = Comparison { before: &before, hidden: HashSet::new(), found: Vec::new() };
    comparison.note_what_was_not_written();
    let (mut fresh, restored) = match trip.restore(&HashSet::new()) {
        (fresh, Ok(restored)) => (fresh, restored),
        // What panicked is named, and everything else is compared without it.
        (_, Err(message)) => match trip.without_what_panics() {
            Some((fresh, restored, culprits)) => {
                for (type_path, message) in culprits {
                    let kind = DifferenceKind::Panicked { message };
                    comparison.note(SaveId::WORLD, Some(&type_path), kind);
                    comparison.hidden.insert(type_path);
                }
                (fresh, restored)
            }
            None => {
                comparison.note(SaveId::WORLD, None, DifferenceKind::Panicked { message });
                return comparison.found;
            }
        },
    };
    let after = Side::of(&mut fresh.world, &fresh.types, &restored.ids, before.saved.next_id());
    comparison.compare(&after, &restored.report);
    comparison.found
}

/// A world that is to be restored beside itself.
struct Trip<'a> {
    before: &'a Side<'a>,
    types: &'a Arc<SavedTypes>,
    supply: &'a [Supply],
}

/// Types for which code of the game panicked, with the messages.
type Culprits = Vec<(Arc<str>, String)>;

impl Trip<'_> {
    /// Restores all but some types into a fresh world.
    fn restore(&self, without: &HashSet<Arc<str>>) -> (FreshWorld, Result<Restored, String>) {
        let blocks = self.before.saved.blocks.iter();
        let blocks = blocks.filter(|block| !without.contains(&block.type_path)).cloned();
        let image = WorldImage::of_own_blocks(self.types, blocks);
        let mut fresh = FreshWorld::beside(self.before.world, &self.before.saved, self.supply);
        let restored = fresh.restore(image);
        (fresh, restored)
    }

    /// Finds the types that make code of the game panic, by leaving out more and more of them, and
    /// restores the others. `None` if it panics even without all of them.
    fn without_what_panics(&self) -> Option<(FreshWorld, Restored, Culprits)> {
        let mut left_out: HashSet<Arc<str>> = self.before.saved.rows.keys().cloned().collect();
        let (fresh, restored) = self.restore(&left_out);
        let mut best = (fresh, restored.ok()?);
        let mut culprits = Vec::new();
        let all: Vec<Arc<str>> = self.before.saved.rows.keys().cloned().collect();
        let mut waiting = vec![all];
        while let Some(mut types) = waiting.pop() {
            left_out.retain(|type_path| !types.contains(type_path));
            let (fresh, restored) = self.restore(&left_out);
            let message = match restored {
                Ok(restored) => {
                    best = (fresh, restored);
                    continue;
                }
                Err(message) => message,
            };
            left_out.extend(types.iter().cloned());
            let half = types.split_off(types.len() / 2);
            if types.is_empty() {
                culprits.extend(half.into_iter().map(|type_path| (type_path, message.clone())));
            } else {
                waiting.extend([half, types]);
            }
        }
        culprits.sort();
        Some((best.0, best.1, culprits))
    }
}

struct Comparison<'a> {
    before: &'a Side<'a>,
    /// Types that were left out, so that nothing is known about them.
    hidden: HashSet<Arc<str>>,
    found: Vec<Difference>,
}

/// References that a restore lost, by type and entity.
type Dangling<'a> = HashMap<(&'a str, SaveId), &'a DanglingReference>;

impl Comparison<'_> {
    fn note_what_was_not_written(&mut self) {
        for failure in &self.before.saved.failures {
            let entity = failure.entity.and_then(|entity| self.before.known.get(&entity));
            let message = failure.reason.to_string();
            self.note(
                entity.copied().unwrap_or(SaveId::WORLD),
                Some(&failure.type_path),
                DifferenceKind::NotWritten { message },
            );
        }
    }

    fn compare(&mut self, after: &Side<'_>, report: &RestoreReport) {
        self.note_losses(&report.losses);
        let lost: HashSet<&str> = report.losses.iter().map(|loss| &*loss.type_path).collect();
        let registry = self.before.world.get_resource::<AppTypeRegistry>().cloned();
        let registry = registry.unwrap_or_default();
        let registry = registry.read();
        let dangling = report.dangling.iter().map(|reference| {
            let id = after.known.get(&reference.entity).copied().unwrap_or(SaveId::WORLD);
            ((&*reference.type_path, id), reference)
        });
        let dangling: Dangling<'_> = dangling.collect();
        self.note_missing_entities(after);
        for extra in &report.extra {
            self.note(SaveId::WORLD, extra.type_path.as_deref(), DifferenceKind::Extra);
        }
        for (type_path, rows) in &self.before.saved.rows {
            for (id, bytes) in rows {
                self.compare_row((type_path, *id), bytes, after, &registry, &dangling, &lost);
            }
        }
        self.note_extra_rows(after);
    }

    fn note_losses(&mut self, losses: &[RestoreLoss]) {
        for loss in losses {
            match &loss.reason {
                RestoreLossReason::Undecodable { error, ids } => {
                    for id in ids {
                        let message = error.clone();
                        self.note(*id, Some(&loss.type_path), DifferenceKind::NotRead { message });
                    }
                }
                RestoreLossReason::NotRebuilt { message } => {
                    let (message, values) = (message.clone(), loss.rows);
                    let kind = DifferenceKind::NotRebuilt { values, message };
                    self.note(SaveId::WORLD, Some(&loss.type_path), kind);
                }
                _ => {}
            }
        }
    }

    fn note_missing_entities(&mut self, after: &Side<'_>) {
        let came_back: HashSet<SaveId> = after.saved.saved.values().copied().collect();
        let mut missing: Vec<SaveId> = self.before.saved.saved.values().copied().collect();
        missing.retain(|id| !came_back.contains(id));
        missing.sort_unstable();
        for id in missing {
            let key = self.before.entity(id).and_then(|entity| {
                let key = self.before.world.get::<SaveKey>(entity)?;
                after.world.get::<SaveKey>(after.entity_with_key(key)?).cloned()
            });
            let kind = match key {
                Some(key) => DifferenceKind::DuplicateKey { key },
                None => DifferenceKind::Missing,
            };
            self.note(id, None, kind);
        }
    }

    fn compare_row(
        &mut self,
        (type_path, id): (&str, SaveId),
        bytes: &[u8],
        after: &Side<'_>,
        registry: &TypeRegistry,
        dangling: &Dangling<'_>,
        lost: &HashSet<&str>,
    ) {
        let is_gone = id != SaveId::WORLD && after.entity(id).is_none();
        if is_gone || self.hidden.contains(type_path) {
            return;
        }
        if id == SaveId::WORLD
            && let Some(declarations) = self.before.world.get_resource::<Declarations>()
            && let Some((before, after)) =
                declarations.compare_state(type_path, self.before.world, bytes)
        {
            return self.note(id, Some(type_path), DifferenceKind::Value { before, after });
        }
        let as_reflected =
            (self.before.tree(type_path, id, registry), after.tree(type_path, id, registry));
        if let (Some(before), Some(after)) = &as_reflected {
            let changes = changes(before, after);
            if !changes.is_empty() {
                return self.note_changes(id, type_path, changes);
            }
        }
        if let Some(reference) = dangling.get(&(type_path, id)) {
            return self.note_dangling(id, reference, registry);
        }
        let Some(again) = after.saved.row(type_path, id) else {
            let is_state = id == SaveId::WORLD && !self.before.has_component(type_path);
            if !lost.contains(type_path) && !is_state {
                self.note(id, Some(type_path), DifferenceKind::Missing);
            }
            return;
        };
        if again != bytes {
            let have_order = lists_have_order(type_path, self.before.world.components(), registry);
            let trees = (tree_of_bytes(bytes, have_order), tree_of_bytes(again, have_order));
            if let (Some(before), Some(after)) = trees {
                self.note_changes(id, type_path, changes(&before, &after));
            }
        }
    }

    fn note_extra_rows(&mut self, after: &Side<'_>) {
        let mut extra = BTreeMap::<&str, Vec<SaveId>>::new();
        for (type_path, rows) in &after.saved.rows {
            for id in rows.keys() {
                if self.before.saved.row(type_path, *id).is_none() {
                    extra.entry(type_path).or_default().push(*id);
                }
            }
        }
        for (type_path, ids) in extra {
            for id in ids {
                // Those of an entity that is extra itself are no news.
                if id == SaveId::WORLD || self.before.entity(id).is_some() {
                    self.note(id, Some(type_path), DifferenceKind::Extra);
                }
            }
        }
    }

    fn note_dangling(
        &mut self,
        id: SaveId,
        reference: &DanglingReference,
        registry: &TypeRegistry,
    ) {
        let type_path = &*reference.type_path;
        let tree = self.before.tree(type_path, id, registry);
        let references = tree.iter().flat_map(|tree| tree.references());
        let unsaved = references.filter_map(|(_, reference)| match reference.target {
            Target::Unsaved(entity) => Some(entity),
            Target::NoOne | Target::Known(_) => None,
        });
        let parent = || {
            let entity = self.before.entity(id).filter(|_| type_path == CHILD_OF)?;
            self.before.world.get::<ChildOf>(entity).map(ChildOf::parent)
        };
        let target = unsaved.fuse().next().or_else(parent);
        let target_name = match target {
            Some(target) => name_of(self.before.world, target),
            None => "an entity".to_owned(),
        };
        let kind = DifferenceKind::LostReference { target, target_name };
        let field = reference.field.clone().unwrap_or_default();
        self.note_field(id, Some(type_path), field, kind);
    }

    fn note_changes(&mut self, id: SaveId, type_path: &str, changes: Vec<Change>) {
        for Change { field, sort } in changes {
            let kind = match sort {
                ChangeSort::Value { before, after } => DifferenceKind::Value { before, after },
                ChangeSort::Unmapped(_) => DifferenceKind::UnmappedEntity,
                ChangeSort::Lost { target, name } => {
                    DifferenceKind::LostReference { target: Some(target), target_name: name }
                }
            };
            self.note_field(id, Some(type_path), field, kind);
        }
    }

    fn note(&mut self, id: SaveId, type_path: Option<&str>, kind: DifferenceKind) {
        self.note_field(id, type_path, String::new(), kind);
    }

    fn note_field(
        &mut self,
        id: SaveId,
        type_path: Option<&str>,
        field: String,
        kind: DifferenceKind,
    ) {
        let entity = self.before.entity(id);
        let entity_name = entity.and_then(|entity| given_name(self.before.world, entity));
        let type_path = type_path.map(str::to_owned);
        self.found.push(Difference { entity, entity_name, type_path, field, kind });
    }
}
