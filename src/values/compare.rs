//! The differences between two values, field by field.

use bevy::ecs::entity::Entity;

use super::tree::{Target, Tree, step_into};

/// One field in which two values differ.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Change {
    /// The path to the field, as `.weapon.damage`; empty for the value itself.
    pub field: String,
    pub sort: ChangeSort,
}

/// The kind of difference between two values in a field.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum ChangeSort {
    /// It has another value.
    Value { before: String, after: String },
    /// The same `Entity` as in the world before, which has no meaning in the world after.
    Unmapped(Entity),
    /// It referred to an unsaved entity, and is empty now.
    Lost { target: Entity, name: String },
}

/// The most fields of one value that are listed.
const LISTED: usize = 16;

/// The differences between two values, in the first few fields.
pub(crate) fn changes(before: &Tree, after: &Tree) -> Vec<Change> {
    let mut comparison = Comparison { path: String::new(), found: Vec::new() };
    comparison.compare(before, after);
    comparison.found
}

struct Comparison {
    path: String,
    found: Vec<Change>,
}

impl Comparison {
    fn compare(&mut self, before: &Tree, after: &Tree) {
        match (before, after) {
            (Tree::Reference(before), Tree::Reference(after)) => {
                // The two worlds share no entity, so one that is equal wasn't mapped.
                if before.entity == after.entity && after.entity != Entity::PLACEHOLDER {
                    self.note(ChangeSort::Unmapped(before.entity));
                } else if let (Target::Unsaved(target), Target::NoOne) =
                    (before.target, after.target)
                {
                    let name = before.name.clone();
                    self.note(ChangeSort::Lost { target, name });
                } else if before != after {
                    let (before, after) = (before.name.clone(), after.name.clone());
                    self.note(ChangeSort::Value { before, after });
                }
            }
            (Tree::List(some), Tree::List(others)) if some.len() == others.len() => {
                for (place, (before, after)) in some.iter().zip(others).enumerate() {
                    self.step(&format!("[{place}]"), before, after);
                }
            }
            (Tree::Fields(some), Tree::Fields(others)) if have_same_names(some, others) => {
                for ((name, before), (_, after)) in some.iter().zip(others) {
                    self.step(&format!(".{name}"), before, after);
                }
            }
            (Tree::Variant(name, before), Tree::Variant(other, after)) if name == other => {
                self.step(&step_into(name), before, after);
            }
            (Tree::Map(some), Tree::Map(others)) => self.compare_maps(some, others),
            (Tree::Set(some), Tree::Set(others)) => {
                if !self.note_unmapped_members(some, others) && some != others {
                    self.note_values(before, after);
                }
            }
            _ if before == after => {}
            _ => self.note_values(before, after),
        }
    }

    fn compare_maps(&mut self, some: &[(Tree, Tree)], others: &[(Tree, Tree)]) {
        let in_both = |key: &Tree, other: &[(Tree, Tree)]| {
            other.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        for (key, before) in some {
            let after = in_both(key, others).unwrap_or(Tree::Opaque("no entry".to_owned()));
            self.step(&key.as_step(), before, &after);
        }
        for (key, after) in others {
            if in_both(key, some).is_none() {
                self.step(&key.as_step(), &Tree::Opaque("no entry".to_owned()), after);
            }
        }
    }

    /// Entities without order can't be paired, but an unmapped one is in both.
    fn note_unmapped_members(&mut self, some: &[Tree], others: &[Tree]) -> bool {
        let unmapped = some.iter().find_map(|member| {
            let Tree::Reference(before) = member else { return None };
            let is_there = others.iter().any(
                |member| matches!(member, Tree::Reference(after) if after.entity == before.entity),
            );
            (is_there && before.entity != Entity::PLACEHOLDER).then_some(before.entity)
        });
        if let Some(entity) = unmapped {
            self.note(ChangeSort::Unmapped(entity));
        }
        unmapped.is_some()
    }

    fn step(&mut self, step: &str, before: &Tree, after: &Tree) {
        let length = self.path.len();
        self.path.push_str(step);
        self.compare(before, after);
        self.path.truncate(length);
    }

    fn note_values(&mut self, before: &Tree, after: &Tree) {
        let (before, after) = (before.to_string(), after.to_string());
        self.note(ChangeSort::Value { before, after });
    }

    fn note(&mut self, sort: ChangeSort) {
        if self.found.len() < LISTED {
            self.found.push(Change { field: self.path.clone(), sort });
        }
    }
}

fn have_same_names(some: &[(String, Tree)], others: &[(String, Tree)]) -> bool {
    some.iter().map(|(name, _)| name).eq(others.iter().map(|(name, _)| name))
}
