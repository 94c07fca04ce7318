//! Values of any type, for comparison field by field.

use std::fmt;

use bevy::ecs::entity::Entity;

use bevy_session_journal::SaveId;

/// The depth to which a value is looked into. The format allows no deeper ones.
pub(crate) const DEPTH: usize = bevy_session_journal::internal::format::limits::VALUE_DEPTH;
/// The most characters of a value in a text about it.
const SHOWN: usize = 120;

/// A value of any type, for comparison field by field. Parts without order are sorted, so that two
/// equal maps are equal here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tree {
    /// `None`, `()`.
    Nothing,
    Bool(bool),
    Number(i128),
    /// The bits of an `f32`.
    Single(u32),
    /// The bits of an `f64`.
    Double(u64),
    Text(String),
    Bytes(Vec<u8>),
    /// A value that can't be looked into, as its `Debug` prints it.
    Opaque(String),
    Reference(Reference),
    List(Vec<Tree>),
    /// Values without order, sorted.
    Set(Vec<Tree>),
    /// The fields of a struct.
    Fields(Vec<(String, Tree)>),
    /// Keys and values, sorted.
    Map(Vec<(Tree, Tree)>),
    /// A variant of an enum, and its content.
    Variant(String, Box<Tree>),
}

/// An entity that a value names.
#[derive(Clone)]
pub(crate) struct Reference {
    /// The entity that is meant, by which two references are compared.
    pub target: Target,
    /// The entity in the value.
    pub entity: Entity,
    /// Its name.
    pub name: String,
}

/// The entity that a reference means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Target {
    /// No entity, or one that is gone: neither is restored.
    NoOne,
    /// An entity that is saved or has a key.
    Known(SaveId),
    /// An entity that exists and isn't saved.
    Unsaved(Entity),
}

impl Tree {
    /// A number, with all NaN values as one, and without negative zero.
    pub(crate) fn single(value: f32) -> Self {
        let value = if value.is_nan() { f32::NAN } else { value };
        Self::Single(if value == 0.0 { 0 } else { value.to_bits() })
    }

    /// A number, with all NaN values as one, and without negative zero.
    pub(crate) fn double(value: f64) -> Self {
        let value = if value.is_nan() { f64::NAN } else { value };
        Self::Double(if value == 0.0 { 0 } else { value.to_bits() })
    }

    /// Values whose order doesn't matter.
    pub(crate) fn set(mut items: Vec<Self>) -> Self {
        items.sort_unstable();
        Self::Set(items)
    }

    /// Keys and values, whose order doesn't matter.
    pub(crate) fn map(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort_unstable();
        Self::Map(entries)
    }

    /// All references in it, each with the path of its field.
    pub(crate) fn references(&self) -> Vec<(String, &Reference)> {
        let mut found = Vec::new();
        self.find_references(&mut String::new(), &mut found);
        found
    }

    fn find_references<'a>(&'a self, path: &mut String, found: &mut Vec<(String, &'a Reference)>) {
        if let Self::Reference(reference) = self {
            found.push((path.clone(), reference));
        }
        let length = path.len();
        for (step, part) in self.parts() {
            path.push_str(&step);
            part.find_references(path, found);
            path.truncate(length);
        }
        if let Self::Map(entries) = self {
            path.push_str("{key}");
            entries.iter().for_each(|(key, _)| key.find_references(path, found));
            path.truncate(length);
        }
    }

    /// Its parts, each with the path to it.
    fn parts(&self) -> Vec<(String, &Self)> {
        match self {
            Self::List(items) | Self::Set(items) => {
                items.iter().enumerate().map(|(at, item)| (format!("[{at}]"), item)).collect()
            }
            Self::Fields(fields) => {
                fields.iter().map(|(name, value)| (format!(".{name}"), value)).collect()
            }
            Self::Map(entries) => {
                entries.iter().map(|(key, value)| (key.as_step(), value)).collect()
            }
            Self::Variant(name, value) => vec![(step_into(name), value)],
            _ => Vec::new(),
        }
    }

    /// The path to the value under this key.
    pub(super) fn as_step(&self) -> String {
        match self {
            // What serde writes of a struct has its field names for keys.
            Self::Text(name) => format!(".{name}"),
            key => format!("[{key}]"),
        }
    }
}

/// The path into a variant. `Some` is left out, since people don't think of an option as a variant.
pub(super) fn step_into(variant: &str) -> String {
    if variant == "Some" { String::new() } else { format!("::{variant}") }
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target
    }
}

impl Eq for Reference {}

impl PartialOrd for Reference {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reference {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.target.cmp(&other.target)
    }
}

impl std::hash::Hash for Reference {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.target.hash(hasher);
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Shows the value for people, truncated if it is long.
impl fmt::Display for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(formatter, "{}…", text.get(..end).unwrap_or_default()),
            None => formatter.write_str(&text),
        }
    }
}

impl Tree {
    fn write(&self, text: &mut String) {
        // What isn't shown needn't be written.
        if text.len() > 4 * SHOWN {
            return;
        }
        match self {
            Self::Nothing => text.push_str("nothing"),
            Self::Bool(value) => text.push_str(&value.to_string()),
            Self::Number(value) => text.push_str(&value.to_string()),
            Self::Single(bits) => text.push_str(&format!("{:?}", f32::from_bits(*bits))),
            Self::Double(bits) => text.push_str(&format!("{:?}", f64::from_bits(*bits))),
            Self::Text(value) => text.push_str(&format!("{value:?}")),
            Self::Bytes(value) => text.push_str(&format!("{} bytes", value.len())),
            Self::Opaque(value) => text.push_str(value),
            Self::Reference(reference) => text.push_str(&reference.name),
            Self::List(items) => write_list(text, "[", "]", items, Self::write),
            Self::Set(items) => write_list(text, "{", "}", items, Self::write),
            Self::Fields(fields) => write_list(text, "{ ", " }", fields, |(name, value), text| {
                text.push_str(name);
                text.push_str(": ");
                value.write(text);
            }),
            Self::Map(entries) => write_list(text, "{ ", " }", entries, |(key, value), text| {
                key.write(text);
                text.push_str(": ");
                value.write(text);
            }),
            Self::Variant(name, value) => {
                text.push_str(name);
                if !matches!(**value, Self::Nothing) {
                    text.push(' ');
                    value.write(text);
                }
            }
        }
    }
}

fn write_list<T>(
    text: &mut String,
    open: &str,
    close: &str,
    items: &[T],
    write: impl Fn(&T, &mut String),
) {
    text.push_str(open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        write(item, text);
    }
    text.push_str(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_maps_are_equal_whatever_order_they_were_written_in() {
        let entry = |key: &str, value| (Tree::Text(key.to_owned()), Tree::Number(value));
        let one = Tree::map(vec![entry("a", 1), entry("b", 2)]);
        assert_eq!(one, Tree::map(vec![entry("b", 2), entry("a", 1)]));
        assert_ne!(one, Tree::map(vec![entry("a", 2), entry("b", 1)]));
    }

    #[test]
    fn nan_equals_itself_in_a_tree() {
        assert_eq!(Tree::single(f32::NAN), Tree::single(-f32::NAN));
        assert_eq!(Tree::double(0.0), Tree::double(-0.0));
        assert_ne!(Tree::single(1.0), Tree::single(2.0));
    }

    #[test]
    fn a_long_value_is_cut_off() {
        let long = Tree::Text("ä".repeat(10_000)).to_string();
        assert!(long.chars().count() == SHOWN + 1 && long.ends_with('…'), "{long}");
    }
}
