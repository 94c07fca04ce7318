//! Compares what was written with the world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, ENTITIES, Rows, Values};

use super::types::SavedTypes;
use crate::saved::ANCHORS;

/// A type whose values in a checkpoint differ from the world, since something was changed without a
/// trace.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct DriftedType {
    /// The type. `bevy_session::Saved` stands for whole entities, which are counted there and under
    /// none of their components.
    pub type_path: String,
    /// The number of its values that are missing, too many or wrong, as far as that is known.
    pub rows: u64,
}

/// The rows of one moment, by type.
type Moment = BTreeMap<Arc<str>, Vec<Values>>;

/// The differences between two records of one moment: the journal's, merged, and a full capture's.
/// Types that are `left_out` aren't compared.
///
/// Values are compared as bytes and, if these differ, as a restore would read them: a despawned
/// entity has lost its id, so remaining references to it are written with another one each time. A
/// set of entities is written in another order each time.
pub(crate) fn drift_between(
    types: &SavedTypes,
    journal: Vec<Block>,
    world: Vec<Block>,
    left_out: &[String],
) -> Vec<DriftedType> {
    let (journal, world) = (by_type(journal), by_type(world));
    let mut known = ids(&world, ENTITIES);
    let journaled = ids(&journal, ENTITIES);
    let strangers: BTreeSet<SaveId> = journaled.symmetric_difference(&known).copied().collect();
    known.extend(ids(&world, ANCHORS));
    let codecs: BTreeMap<&str, _> =
        types.columns().map(|column| (&**column.type_path(), column)).collect();
    let paths: BTreeSet<&Arc<str>> = journal.keys().chain(world.keys()).collect();
    let compared =
        paths.into_iter().filter(|path| !left_out.iter().any(|other| **other == ***path));
    let drifted = compared.filter_map(|path| {
        let mut rows = 0;
        for (id, one, other) in beside_each_other(journal.get(path), world.get(path)) {
            let is_the_same = match (one, other) {
                (Some(one), Some(other)) => {
                    let codec = codecs.get(&**path);
                    one == other
                        || codec.is_some_and(|codec| codec.reads_the_same(one, other, &known))
                }
                _ => false,
            };
            let is_counted = **path == *ENTITIES || !strangers.contains(&id);
            rows += u64::from(is_counted && !is_the_same);
        }
        (rows > 0).then(|| DriftedType { type_path: path.to_string(), rows })
    });
    drifted.collect()
}

fn by_type(blocks: Vec<Block>) -> Moment {
    let mut moment = Moment::new();
    for block in blocks {
        // A moment has no removals.
        if let Rows::Values(values) = block.rows {
            moment.entry(block.type_path).or_default().push(values);
        }
    }
    moment
}

fn ids(moment: &Moment, type_path: &str) -> BTreeSet<SaveId> {
    let rows = moment.iter().filter(|(path, _)| ***path == *type_path);
    rows.flat_map(|(_, rows)| rows).flat_map(Values::ids).copied().collect()
}

/// The rows of one type in two records, each id once.
fn beside_each_other<'a>(
    one: Option<&'a Vec<Values>>,
    other: Option<&'a Vec<Values>>,
) -> impl Iterator<Item = (SaveId, Option<&'a [u8]>, Option<&'a [u8]>)> {
    let mut one = one.into_iter().flatten().flat_map(Values::iter).peekable();
    let mut other = other.into_iter().flatten().flat_map(Values::iter).peekable();
    std::iter::from_fn(move || {
        let next = [one.peek(), other.peek()].into_iter().flatten().map(|(id, _)| *id).min()?;
        let one = one.next_if(|(id, _)| *id == next).map(|(_, value)| value);
        let other = other.next_if(|(id, _)| *id == next).map(|(_, value)| value);
        Some((next, one, other))
    })
}
