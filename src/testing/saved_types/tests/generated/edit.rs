//! The changes that an update makes to a type, and the means to keep its old values.

use std::collections::BTreeMap;

use bevy::prelude::*;

use super::Values;
use super::dynamic::{Form, FormField, KINDS, Kind, NAMES, OldSlot, Slot, Value};
use crate::capture::test_kit::Dice;
use crate::capture::{Migrations, SessionAppExt};

/// The developer's care for old saves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keeping {
    Nothing,
    Everything,
}

/// The change that an update makes to the first of the two components.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Edit {
    Added {
        field: FormField,
    },
    /// Kept by the second component, which gets it under the last name.
    Removed {
        name: &'static str,
        kind: Kind,
    },
    Renamed {
        from: &'static str,
        to: &'static str,
    },
    Retyped {
        name: &'static str,
        from: Kind,
        to: Kind,
    },
    Reordered,
    /// To the second component of the entity above.
    Moved {
        name: &'static str,
        kind: Kind,
    },
}

/// A name that no field has before the edit.
const NEW: &str = NAMES[7];

impl Edit {
    pub(super) fn draw(dice: &mut Dice, old: &[Form; 2]) -> Self {
        let FormField { name, kind, has_default, .. } =
            old[0].fields[dice.roll(old[0].fields.len())].clone();
        match dice.roll(6) {
            0 => {
                let kind = KINDS[dice.roll(KINDS.len())];
                Self::Added { field: FormField { name: NEW, alias: None, kind, has_default } }
            }
            1 => Self::Removed { name, kind },
            2 => Self::Renamed { from: name, to: NEW },
            3 => Self::Retyped { name, from: kind, to: KINDS[dice.roll(KINDS.len())] },
            4 => Self::Reordered,
            _ => Self::Moved { name, kind },
        }
    }

    /// The forms after the edit.
    pub(super) fn forms(&self, old: &[Form; 2], keeping: Keeping) -> [Form; 2] {
        let mut forms = old.clone();
        let [first, second] = &mut forms;
        match self {
            Self::Added { field } => {
                let has_default = field.has_default || keeping == Keeping::Everything;
                first.fields.push(FormField { has_default, ..field.clone() });
            }
            Self::Renamed { from, to } => {
                if let Some(field) = first.field(from) {
                    field.name = to;
                    field.alias = (keeping == Keeping::Everything).then_some(*from);
                }
            }
            Self::Retyped { name, to, .. } => {
                if let Some(field) = first.field(name) {
                    field.kind = *to;
                }
            }
            Self::Reordered => first.fields.reverse(),
            Self::Removed { name, kind } | Self::Moved { name, kind } => {
                first.fields.retain(|field| field.name != *name);
                let (alias, has_default) = (None, true);
                second.fields.push(FormField { name: NEW, alias, kind: *kind, has_default });
            }
        }
        forms
    }

    /// Declares the means to keep old values.
    pub(super) fn keep(&self, app: &mut App, keeping: Keeping) {
        if keeping == Keeping::Nothing {
            return;
        }
        match self.clone() {
            Self::Retyped { name, from, to } if !is_read_as(from, to) => {
                app.migrate_saved(Migrations::since(0).then(move |old: OldSlot<0>| {
                    let mut values = old.0;
                    if let Some(value) = values.get_mut(name) {
                        *value = converted(value, to);
                    }
                    Slot::<0>(values)
                }));
            }
            Self::Removed { name, .. } => move_field(app, name, false),
            Self::Moved { name, .. } => move_field(app, name, true),
            _ => {}
        }
    }

    /// The text that the lock has to name if nothing keeps old values; `None` if they are read as
    /// they are.
    pub(super) fn what_the_lock_names(&self) -> Option<String> {
        match self {
            Self::Added { field } => {
                (!field.has_default).then(|| format!("{NEW}: added without a default"))
            }
            Self::Removed { name, .. } | Self::Moved { name, .. } => {
                Some(format!("{name}: dropped"))
            }
            Self::Renamed { from, .. } => Some(format!("{from}: dropped")),
            Self::Retyped { from, to, name } => {
                (!is_read_as(*from, *to)).then(|| format!("{name}: "))
            }
            Self::Reordered => None,
        }
    }

    /// The old values that aren't in their places.
    pub(super) fn lost_of(&self, before: &Values, after: &Values, keeping: Keeping) -> Values {
        let mut lost = BTreeMap::new();
        for (key, value) in before {
            let found = match self {
                Self::Renamed { from, to } if key.1 == 0 && key.2 == *from => {
                    after.get(&(key.0, 0, *to)) == Some(value)
                }
                Self::Retyped { name, from, to } if key.1 == 0 && key.2 == *name => {
                    let there = after.get(key);
                    // Another text of it is what the migration made.
                    let is_made = keeping == Keeping::Everything && !is_read_as(*from, *to);
                    there == Some(value) || is_made && there.is_some()
                }
                Self::Removed { name, .. } if key.1 == 0 && key.2 == *name => {
                    after.get(&(key.0, 1, NEW)) == Some(value)
                }
                Self::Moved { name, .. } if key.1 == 0 && key.2 == *name => {
                    count(after, 1, NEW, value) >= count(before, 0, name, value)
                }
                _ => after.get(key) == Some(value),
            };
            if !found {
                lost.insert(*key, value.clone());
            }
        }
        lost
    }
}

/// The number of entities that have this value in this field.
fn count(values: &Values, slot: usize, name: &str, value: &str) -> usize {
    let fields = values.iter().filter(|(at, _)| at.1 == slot && at.2 == name);
    fields.filter(|(_, there)| **there == value).count()
}

/// Returns true if serde reads values of one kind as those of another.
fn is_read_as(from: Kind, to: Kind) -> bool {
    from == to || (from, to) == (Kind::Number, Kind::Wide)
}

fn converted(value: &Value, to: Kind) -> Value {
    match to {
        Kind::Number | Kind::Wide => Value::Number(7),
        Kind::Text => Value::Text(format!("{value:?}")),
        Kind::Flag => Value::Flag(true),
        Kind::List => Value::List(vec![7]),
    }
}

/// Moves a field of the first component into the second one, of the same entity or of its parent. A
/// root gets a parent for it.
fn move_field(app: &mut App, name: &'static str, to_above: bool) {
    app.migrate_saved(Migrations::<Slot<0>>::since(1)).migrate_checkpoint(
        Slot::<0>::type_path(),
        0,
        move |old: OldSlot<0>, checkpoint| {
            let entity = checkpoint.entity().ok_or("no entity")?;
            let mut values = old.0;
            let moved = values.remove(name).ok_or("no such field")?;
            checkpoint.insert(entity, &Slot::<0>(values))?;
            let target = match checkpoint.get::<ChildOf>(entity)? {
                _ if !to_above => entity,
                Some(link) => link.parent(),
                None => checkpoint.spawn(),
            };
            let other = checkpoint.get::<Slot<1>>(target)?;
            let mut other = other.unwrap_or_else(Slot::<1>::without_values);
            other.0.insert(NEW, moved);
            checkpoint.insert(target, &other)?;
            Ok(())
        },
    );
}
