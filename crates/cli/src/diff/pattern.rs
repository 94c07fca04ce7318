//! Patterns of types and fields.

use std::convert::Infallible;
use std::str::FromStr;

/// Matches a type's path, or that with the way to a field behind it. `*` stands for anything but a dot,
/// `**` for anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(String);

impl FromStr for Pattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Pattern {
    /// Returns true if it matches a field of a type, or anything that the field is within. An empty field is all of the
    /// value.
    pub fn matches(&self, type_path: &str, field: &str) -> bool {
        let path = format!("{type_path}{field}");
        let is_end = |at: &usize| path.get(*at..).is_some_and(|rest| rest.starts_with(['.', '[']));
        let within = (type_path.len()..path.len()).filter(is_end).chain([path.len()]);
        within.filter_map(|end| path.get(..end)).any(|part| matches(&self.0, part))
    }
}

/// Goes through the pattern once, with all the places of the text at which what was passed may end: so the time
/// is bounded by the product of both lengths, however many stars there are.
fn matches(pattern: &str, text: &str) -> bool {
    let (mut reached, mut next) = (vec![false; text.len() + 1], vec![false; text.len() + 1]);
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    let mut rest = pattern;
    while !rest.is_empty() {
        let (symbol, after) = symbol(rest);
        next.fill(false);
        step(symbol, text, &reached, &mut next);
        std::mem::swap(&mut reached, &mut next);
        rest = after;
    }
    reached.last().copied().unwrap_or(false)
}

/// A symbol of a pattern.
#[derive(Clone, Copy)]
enum Symbol {
    Letter(char),
    Part,
    Anything,
}

fn symbol(pattern: &str) -> (Symbol, &str) {
    if let Some(after) = pattern.strip_prefix("**") {
        return (Symbol::Anything, after);
    }
    let mut letters = pattern.chars();
    match letters.next() {
        Some('*') => (Symbol::Part, letters.as_str()),
        Some(letter) => (Symbol::Letter(letter), letters.as_str()),
        None => (Symbol::Anything, ""),
    }
}

/// Steps from the places where the pattern so far ends to those where it ends with one symbol more.
fn step(symbol: Symbol, text: &str, reached: &[bool], next: &mut [bool]) {
    let mut set = |at: usize| {
        if let Some(is_reached) = next.get_mut(at) {
            *is_reached = true;
        }
    };
    let mut is_open = false;
    let letters = text.char_indices().map(|(at, letter)| (at, Some(letter)));
    for (at, letter) in letters.chain([(text.len(), None)]) {
        let is_here = reached.get(at).copied().unwrap_or(false);
        match symbol {
            Symbol::Letter(wanted) => {
                if is_here && letter == Some(wanted) {
                    set(at + wanted.len_utf8());
                }
            }
            Symbol::Part | Symbol::Anything => {
                is_open |= is_here;
                if is_open {
                    set(at);
                }
                is_open &= matches!(symbol, Symbol::Anything) || letter != Some('.');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_types_fields_and_all_within_them() {
        let matches = |pattern: &str, path: &str, field: &str| {
            pattern.parse::<Pattern>().unwrap().matches(path, field)
        };
        for (pattern, path, field) in [
            ("**.translation", "bevy::Transform", ".translation.x"),
            ("**.translation", "bevy::Transform", ".translation"),
            ("hop::Clock", "hop::Clock", ""),
            ("hop::Clock", "hop::Clock", ".seconds"),
            ("hop::*", "hop::Clock", "[3]"),
            ("**::Clock", "hop::world::Clock", ""),
            ("hop::Hero.*.current", "hop::Hero", ".health.current"),
            ("**", "hop::Hero", ""),
            ("**é*", "hop::Hé", ""),
        ] {
            assert!(matches(pattern, path, field), "{pattern} should match {path}{field}");
        }
        for (pattern, path, field) in [
            ("**.translation", "bevy::Transform", ".translations"),
            ("**.translation", "bevy::Transform", ""),
            ("hop::Clock.seconds", "hop::Clock", ""),
            ("hop::Hero.*.current", "hop::Hero", ".a.b.current"),
            ("hop", "hop::Hero", ""),
            ("", "hop::Hero", ""),
        ] {
            assert!(!matches(pattern, path, field), "{pattern} shouldn't match {path}{field}");
        }
    }

    #[test]
    fn a_pattern_with_many_stars_is_matched_quickly() {
        let pattern = "*a".repeat(2_000);
        assert!(!matches(&pattern, &"a".repeat(1_000)));
    }
}
