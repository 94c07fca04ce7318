//! The differences of two values.

use crate::value::Value;

/// A part of a value that differs.
#[derive(PartialEq, Debug)]
pub struct Change<'a> {
    /// Its place, as `.health.current` or `[3]`; empty for all of it.
    pub field: String,
    pub before: Option<&'a Value>,
    pub after: Option<&'a Value>,
}

/// The smallest parts of two values that differ.
pub fn changes<'a>(before: &'a Value, after: &'a Value) -> Vec<Change<'a>> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare<'a>(
    field: String,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    found: &mut Vec<Change<'a>>,
) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::List(before)), Some(Value::List(after))) => {
            for position in 0..before.len().max(after.len()) {
                let field = format!("{field}[{position}]");
                compare(field, before.get(position), after.get(position), found);
            }
        }
        (Some(Value::Map(before)), Some(Value::Map(after))) => {
            for (key, value) in before {
                compare(within(&field, key), Some(value), value_of(after, key), found);
            }
            for (key, value) in after.iter().filter(|(key, _)| value_of(before, key).is_none()) {
                compare(within(&field, key), None, Some(value), found);
            }
        }
        _ => found.push(Change { field, before, after }),
    }
}

fn within(field: &str, key: &Value) -> String {
    match key.as_text() {
        Some(name) => format!("{field}.{name}"),
        None => format!("{field}[{key}]"),
    }
}

/// Keys of a map are mostly in the same order, and few.
fn value_of<'a>(entries: &'a [(Value, Value)], key: &Value) -> Option<&'a Value> {
    entries.iter().find(|(other, _)| other == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(of: &impl serde::Serialize) -> Value {
        Value::decode(&rmp_serde::to_vec_named(of).unwrap()).unwrap()
    }

    #[derive(serde::Serialize)]
    struct Hero<'a> {
        health: (u32, u32),
        bag: &'a [&'a str],
    }

    #[test]
    fn only_differing_fields_are_listed() {
        let before = value(&Hero { health: (80, 100), bag: &["lamp", "rope"] });
        let after = value(&Hero { health: (35, 100), bag: &["lamp"] });
        let found = changes(&before, &after);
        let found: Vec<(&str, String, String)> = found
            .iter()
            .map(|it| {
                let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
                (&*it.field, text(it.before), text(it.after))
            })
            .collect();
        let of = |field, before: &str, after: &str| (field, before.to_owned(), after.to_owned());
        assert_eq!(found, [of(".health[0]", "80", "35"), of(".bag[1]", "\"rope\"", "")]);
        assert_eq!(changes(&before, &before), []);
    }

    #[test]
    fn a_changed_variant_is_listed_as_removed_and_added() {
        let (before, after) = (value(&Ok::<u32, u32>(1)), value(&Err::<u32, u32>(1)));
        let found = changes(&before, &after);
        let fields: Vec<&str> = found.iter().map(|it| &*it.field).collect();
        assert_eq!(fields, [".Ok", ".Err"]);
    }
}
