//! Many values of one type as columns, so that a page has room for them: what is equal is written once, and
//! numbers stand beside each other without the names of their fields.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::base64::base64;
use crate::rows::Content;
use crate::value::Value;

/// Fields and items of one value that become columns of their own.
const MOST_PARTS: usize = 64;
/// The greatest depth of columns within columns.
const MOST_DEPTH: usize = 8;
/// The largest whole number of which a browser knows each.
const MOST_EXACT: u64 = 1 << 53;

/// Values as columns. Its forms:
///
/// - `{"c": value}`: all are this.
/// - `{"f": text}`: the bytes of 32-bit floats, in base64.
/// - `{"m": [names], "v": [columns]}`: maps with these keys.
/// - `{"l": [columns]}`: lists of one length.
/// - `{"d": [values], "i": [positions]}`: few values that come again and again.
/// - `{"v": [values]}`: anything else.
pub fn columns(values: &[&Value]) -> Json {
    within(values, 0)
}

fn within(values: &[&Value], depth: usize) -> Json {
    let Some(first) = values.first() else { return json!({ "v": [] }) };
    if values.iter().all(|value| value == first) {
        return json!({ "c": shown(first) });
    }
    if let Some(bytes) = floats(values) {
        return json!({ "f": base64(&bytes) });
    }
    if depth < MOST_DEPTH {
        match first {
            Value::Map(entries) if entries.len() <= MOST_PARTS => {
                if let Some(maps) = maps(values, entries, depth) {
                    return maps;
                }
            }
            Value::List(items) if items.len() <= MOST_PARTS && !items.is_empty() => {
                if let Some(lists) = lists(values, items.len(), depth) {
                    return lists;
                }
            }
            _ => {}
        }
    }
    few(values)
        .unwrap_or_else(|| json!({ "v": values.iter().map(|it| shown(it)).collect::<Vec<_>>() }))
}

/// The bytes of floats, if all are such.
fn floats(values: &[&Value]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4 * values.len());
    for value in values {
        let Value::Float(number) = value else { return None };
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    Some(bytes)
}

/// A column for each key, if all have the same.
fn maps(values: &[&Value], first: &[(Value, Value)], depth: usize) -> Option<Json> {
    let names: Vec<&str> = first.iter().map(|(key, _)| key.as_text()).collect::<Option<_>>()?;
    let mut parts: Vec<Vec<&Value>> = vec![Vec::with_capacity(values.len()); names.len()];
    for value in values {
        let Value::Map(entries) = value else { return None };
        if entries.len() != names.len() {
            return None;
        }
        for ((part, name), (key, value)) in parts.iter_mut().zip(&names).zip(entries) {
            if key.as_text() != Some(name) {
                return None;
            }
            part.push(value);
        }
    }
    let parts: Vec<Json> = parts.iter().map(|part| within(part, depth + 1)).collect();
    Some(json!({ "m": names, "v": parts }))
}

/// A column for each item, if all have as many.
fn lists(values: &[&Value], length: usize, depth: usize) -> Option<Json> {
    let mut parts: Vec<Vec<&Value>> = vec![Vec::with_capacity(values.len()); length];
    for value in values {
        let Value::List(items) = value else { return None };
        if items.len() != length {
            return None;
        }
        parts.iter_mut().zip(items).for_each(|(part, item)| part.push(item));
    }
    let parts: Vec<Json> = parts.iter().map(|part| within(part, depth + 1)).collect();
    Some(json!({ "l": parts }))
}

/// The values that there are, and which is where, if there are few.
fn few(values: &[&Value]) -> Option<Json> {
    let most = (values.len() / 4).min(4096);
    let (mut known, mut found) = (HashMap::new(), Vec::new());
    let mut positions = Vec::with_capacity(values.len());
    for value in values {
        let position = *known.entry(value.to_string()).or_insert_with(|| {
            found.push(shown(value));
            found.len() - 1
        });
        if found.len() > most {
            return None;
        }
        positions.push(position);
    }
    Some(json!({ "d": found, "i": positions }))
}

/// The value of a row, as the page has it.
pub fn value_of(content: Content) -> Value {
    match content {
        Content::Value(value) => value,
        Content::Unknown(bytes, _) => Value::Bytes(bytes),
        Content::Personal => Value::Nothing,
    }
}

/// A value as JSON, with numbers that a browser would round as texts.
pub fn shown(value: &Value) -> Json {
    match value {
        Value::Unsigned(number) if *number > MOST_EXACT => Json::String(number.to_string()),
        Value::Signed(number) if number.unsigned_abs() > MOST_EXACT => {
            Json::String(number.to_string())
        }
        Value::Float(number) if number.is_finite() => {
            // By way of its text, since a float of more bits would show more digits.
            number.to_string().parse::<f64>().map_or(Json::Null, |it| json!(it))
        }
        Value::List(items) => Json::Array(items.iter().map(shown).collect()),
        Value::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| {
                let key = key.as_text().map_or_else(|| key.to_string(), str::to_owned);
                (key, shown(value))
            };
            Json::Object(entries.iter().map(entry).collect())
        }
        other => serde_json::to_value(other).unwrap_or(Json::Null),
    }
}

/// Rising numbers as stretches without gaps: the first of each, and how many there are.
pub fn stretches(ids: &[u64]) -> Json {
    let mut stretches: Vec<[u64; 2]> = Vec::new();
    for id in ids {
        match stretches.last_mut() {
            Some([first, count]) if *first + *count == *id => *count += 1,
            _ => stretches.push([*id, 1]),
        }
    }
    json!(stretches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(of: &impl serde::Serialize) -> Value {
        Value::decode(&rmp_serde::to_vec_named(of).unwrap()).unwrap()
    }

    #[derive(serde::Serialize)]
    struct Place {
        x: f32,
        team: u8,
        tags: [u32; 2],
    }

    #[test]
    fn fields_are_packed_as_constants_dictionaries_or_lists() {
        let places: Vec<Value> = (0..8)
            .map(|at| value(&Place { x: 0.1, team: at % 2, tags: [7, u32::from(at)] }))
            .collect();
        let places: Vec<&Value> = places.iter().collect();
        assert_eq!(
            columns(&places),
            json!({ "m": ["x", "team", "tags"], "v": [
                { "c": 0.1 },
                { "d": [0, 1], "i": [0, 1, 0, 1, 0, 1, 0, 1] },
                { "l": [{ "c": 7 }, { "v": [0, 1, 2, 3, 4, 5, 6, 7] }] },
            ]})
        );
        let floats = [value(&1.0_f32), value(&-2.0_f32)];
        let floats: Vec<&Value> = floats.iter().collect();
        assert_eq!(columns(&floats), json!({ "f": "AACAPwAAAMA=" }));
        assert_eq!(stretches(&[2, 3, 4, 9, 11, 12]), json!([[2, 3], [9, 1], [11, 2]]));
    }

    #[test]
    fn numbers_that_a_browser_would_round_are_texts() {
        assert_eq!(shown(&Value::Unsigned(u64::MAX)), json!("18446744073709551615"));
        assert_eq!(shown(&Value::Unsigned(7)), json!(7));
        assert_eq!(shown(&Value::Float(f32::NAN)), json!("NaN"));
    }
}
