//! Compares values whose parts come in any order.

use super::DecodeError;
use super::message_pack::{Reader, check_depth};

/// Returns true if two values are equal except for the order in their lists and maps.
pub(crate) fn differ_in_order_only(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (in_order(one), in_order(other));
    one.is_ok() && one == other
}

/// The value with all its lists and maps sorted.
fn in_order(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    // From here on, recursion is bounded.
    check_depth(bytes)?;
    next_in_order(&mut Reader { bytes })
}

fn next_in_order(rest: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let before = rest.bytes;
    let items = rest.item()?;
    let length = before.len() - rest.bytes.len();
    let mut ordered = before.get(..length).unwrap_or_default().to_vec();
    let is_map = matches!(before.first(), Some(0x80..=0x8f | 0xde | 0xdf));
    let (parts, items_in_each) = match items {
        None => (0, 0),
        Some(items) if is_map => (items / 2, 2),
        Some(items) => (items, 1),
    };
    let mut contents = Vec::new();
    for _ in 0..parts {
        let mut part = Vec::new();
        for _ in 0..items_in_each {
            part.extend(next_in_order(rest)?);
        }
        contents.push(part);
    }
    contents.sort_unstable();
    ordered.extend(contents.concat());
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    fn written(value: &impl Serialize) -> Vec<u8> {
        rmp_serde::to_vec_named(value).unwrap()
    }

    #[test]
    fn lists_and_maps_are_the_same_in_any_order_and_only_then() {
        let one = written(&([(1, "a"), (2, "b")], [vec![3_u64, 1 << 40], vec![]]));
        let moved = written(&([("b", 2), ("a", 1)], [vec![], vec![1_u64 << 40, 3]]));
        let changed = written(&([("b", 2), ("a", 1)], [vec![], vec![1_u64 << 40, 4]]));
        assert!(differ_in_order_only(&one, &moved));
        assert!(!differ_in_order_only(&one, &changed));
        assert!(!differ_in_order_only(&[0x92, 1], &[0x92, 1]), "half a value is none");
    }

    #[test]
    fn maps_with_swapped_values_differ() {
        let map =
            |pairs: [(&'static str, u32); 2]| written(&std::collections::BTreeMap::from(pairs));
        assert!(!differ_in_order_only(&map([("a", 1), ("b", 2)]), &map([("a", 2), ("b", 1)])));
    }
}
