//! Compares two forms: a build reads one, and values were written in the other.

use std::collections::BTreeMap;
use std::fmt;

use super::widening::widens;
use super::{Field, Schema};

/// The outcome for values that were written in one form and are read in another.
pub(crate) struct Comparison {
    /// Losses of old values.
    pub changes: Vec<SchemaChange>,
    /// The form of all existing values: old ones, and those that are written now.
    pub merged: Schema,
}

/// One reason why old values aren't read completely.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SchemaChange {
    /// The path of the field, as `.weapon.damage`; empty for the value itself.
    pub field: String,
    pub kind: ChangeKind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ChangeKind {
    /// Old values have it, and nothing reads it: it is lost silently.
    Dropped,
    /// There are old values without it, and it has no default: they can't be read.
    Missing,
    /// Old values hold one type where another is read: they can't be read, or not completely.
    Retyped { written: String, read: String },
    /// An enum no longer has the variant: old values with it can't be read.
    VariantGone,
}

impl Comparison {
    /// Compares the form in which values were written with the one in which they are read.
    pub(crate) fn of(written: &Schema, read: &Schema) -> Self {
        let mut comparer = Comparer { path: String::new(), changes: Vec::new() };
        let merged = comparer.merge(written, read);
        Self { changes: comparer.changes, merged }
    }
}

struct Comparer {
    path: String,
    changes: Vec<SchemaChange>,
}

impl Comparer {
    /// Notes losses. Returns the merged form.
    fn merge(&mut self, written: &Schema, read: &Schema) -> Schema {
        match (written, read) {
            (Schema::Struct(written), Schema::Struct(read)) => {
                Schema::Struct(self.merge_fields(written, read))
            }
            (Schema::Enum(written), Schema::Enum(read)) => {
                Schema::Enum(self.merge_variants(written, read))
            }
            (Schema::Option(written), Schema::Option(read)) => {
                Schema::Option(Box::new(self.merge(written, read)))
            }
            // What is there is written as it is.
            (written, Schema::Option(read)) if !matches!(written, Schema::Unit) => {
                Schema::Option(Box::new(self.merge(written, read)))
            }
            (Schema::List(written), Schema::List(read)) => {
                Schema::List(Box::new(self.step("[]", |it| it.merge(written, read))))
            }
            (Schema::Map(key, value), Schema::Map(read_key, read_value)) => Schema::Map(
                Box::new(self.step("{key}", |it| it.merge(key, read_key))),
                Box::new(self.step("[]", |it| it.merge(value, read_value))),
            ),
            (Schema::Tuple(written), Schema::Tuple(read)) if written.len() == read.len() => {
                let items = written.iter().zip(read).enumerate();
                let items = items.map(|(place, (written, read))| {
                    self.step(&format!(".{place}"), |it| it.merge(written, read))
                });
                Schema::Tuple(items.collect())
            }
            (written, read) if written == read || widens(written, read) => read.clone(),
            (written, read) => {
                self.note(ChangeKind::Retyped {
                    written: written.to_string(),
                    read: read.to_string(),
                });
                read.clone()
            }
        }
    }

    fn merge_fields(
        &mut self,
        written: &BTreeMap<String, Field>,
        read: &BTreeMap<String, Field>,
    ) -> BTreeMap<String, Field> {
        let mut merged = BTreeMap::new();
        for (name, old) in written {
            let field = match read.get(name) {
                Some(new) => {
                    let schema =
                        self.step(&format!(".{name}"), |it| it.merge(&old.schema, &new.schema));
                    // Where it isn't optional now, old values without it were given up, if there are any.
                    Field { schema, ..new.clone() }
                }
                None => {
                    if !old.dropped {
                        self.step(&format!(".{name}"), |it| it.note(ChangeKind::Dropped));
                    }
                    Field { dropped: true, alias_of: None, ..old.clone() }
                }
            };
            merged.insert(name.clone(), field);
        }
        for (name, new) in read {
            if new.alias_of.is_none() && !new.optional && !is_always_there(written, read, name) {
                self.step(&format!(".{name}"), |it| it.note(ChangeKind::Missing));
            }
            merged.entry(name.clone()).or_insert_with(|| new.clone());
        }
        merged
    }

    fn merge_variants(
        &mut self,
        written: &BTreeMap<String, Schema>,
        read: &BTreeMap<String, Schema>,
    ) -> BTreeMap<String, Schema> {
        let mut merged = read.clone();
        for (name, old) in written {
            match read.get(name) {
                Some(new) => {
                    let both = self.step(&format!("::{name}"), |it| it.merge(old, new));
                    merged.insert(name.clone(), both);
                }
                None => self.step(&format!("::{name}"), |it| it.note(ChangeKind::VariantGone)),
            }
        }
        merged
    }

    fn step<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let done = work(self);
        self.path.truncate(length);
        done
    }

    fn note(&mut self, kind: ChangeKind) {
        self.changes.push(SchemaChange { field: self.path.clone(), kind });
    }
}

/// True if all old values have a field, under this name or an alias of it.
fn is_always_there(
    written: &BTreeMap<String, Field>,
    read: &BTreeMap<String, Field>,
    name: &str,
) -> bool {
    let is_there = |name: &str| {
        written.get(name).is_some_and(|old| !old.optional && !old.dropped && old.alias_of.is_none())
    };
    let mut aliases = read.iter().filter(|(_, field)| field.alias_of.as_deref() == Some(name));
    is_there(name) || aliases.any(|(alias, _)| is_there(alias))
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.trim_start_matches('.');
        match (&self.kind, field) {
            (kind, "") => write!(formatter, "{kind}"),
            (kind, field) => write!(formatter, "{field}: {kind}"),
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => formatter.write_str("dropped"),
            Self::Missing => formatter.write_str("added without a default"),
            Self::Retyped { written, read } => write!(formatter, "{written} became {read}"),
            Self::VariantGone => formatter.write_str("variant dropped"),
        }
    }
}
