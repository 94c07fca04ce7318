//! The types of a checkpoint, and the number of rows of each.
//!
//! Every commit names them all, and consecutive commits nearly always name the same. A session has
//! thousands of commits, so a list that was seen before is shared, and the numbers of rows take a
//! byte or two each.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::wire::{Reader, put_varint};
use crate::model::ids::limits;

/// One type's part in a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TypeSummary {
    /// The type's path.
    pub path: String,
    /// The type's version.
    #[serde(default)]
    pub version: u32,
    /// The number of rows of the type at the checkpoint.
    pub rows: u64,
}

/// The same, as part of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct TypeRows<'a> {
    /// The type's path.
    pub path: &'a str,
    /// The type's version.
    pub version: u32,
    /// The number of rows of the type at the checkpoint.
    pub rows: u64,
}

/// The types of a checkpoint. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TypeList {
    names: Arc<[TypeName]>,
    /// One number for each name, each as long as it must be.
    rows: Arc<[u8]>,
}

#[derive(PartialEq, Eq, Hash)]
struct TypeName {
    path: Box<str>,
    version: u32,
}

impl TypeList {
    /// The number of types.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns true if there is no type.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The types in order.
    pub fn iter(&self) -> impl Iterator<Item = TypeRows<'_>> {
        let mut rows = Reader::new(&self.rows);
        self.names.iter().map(move |TypeName { path, version }| TypeRows {
            path,
            version: *version,
            rows: rows.varint().unwrap_or(0),
        })
    }

    /// Bytes that the names take.
    fn name_bytes(&self) -> usize {
        let paths = self.names.iter().map(|name| name.path.len());
        paths.sum::<usize>() + size_of_val(&*self.names)
    }
}

impl FromIterator<TypeSummary> for TypeList {
    fn from_iter<I: IntoIterator<Item = TypeSummary>>(summaries: I) -> Self {
        let mut rows = Vec::new();
        let names = summaries.into_iter().map(|summary| {
            put_varint(&mut rows, summary.rows);
            TypeName { path: summary.path.into_boxed_str(), version: summary.version }
        });
        Self { names: names.collect(), rows: rows.into() }
    }
}

impl fmt::Debug for TypeList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for TypeList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().collect::<Vec<_>>())
    }
}

impl<'de> Deserialize<'de> for TypeList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let summaries: Vec<TypeSummary> = at_most_types(deserializer)?;
        Ok(summaries.into_iter().collect())
    }
}

/// Reads a list of which a checkpoint has one entry for each type. Of a longer one, which no
/// writer makes, one entry too many is kept, so that it shows.
pub(super) fn at_most_types<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct AtMost<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for AtMost<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut kept = Vec::new();
            while kept.len() <= limits::TYPES {
                let Some(entry) = entries.next_element()? else { return Ok(kept) };
                kept.push(entry);
            }
            while entries.next_element::<IgnoredAny>()?.is_some() {}
            Ok(kept)
        }
    }

    deserializer.deserialize_seq(AtMost(PhantomData))
}

/// Lists that were seen before, so that equal ones take no memory.
#[derive(Debug, Default)]
pub struct KnownTypes {
    names: HashSet<Arc<[TypeName]>>,
    last_rows: Arc<[u8]>,
}

impl KnownTypes {
    /// Replaces entries by equal ones that were seen before, and returns the bytes of the rest.
    pub fn share(&mut self, list: &mut TypeList) -> usize {
        let mut own_bytes = 0;
        match self.names.get(&list.names) {
            Some(known) => list.names = Arc::clone(known),
            None => {
                own_bytes += list.name_bytes();
                self.names.insert(Arc::clone(&list.names));
            }
        }
        if self.last_rows == list.rows {
            list.rows = Arc::clone(&self.last_rows);
        } else {
            own_bytes += list.rows.len() + size_of::<[usize; 2]>();
            self.last_rows = Arc::clone(&list.rows);
        }
        own_bytes
    }
}

impl fmt::Debug for TypeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} v{}", self.path, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(types: usize, rows: u64) -> TypeList {
        let summary =
            |number| TypeSummary { path: format!("game::Type{number}"), version: 3, rows };
        (0..types).map(summary).collect()
    }

    #[test]
    fn a_type_list_is_encoded_like_a_list_of_summaries() {
        let summary = TypeSummary { path: "game::Health".to_owned(), version: 7, rows: 1 << 40 };
        let as_vec = rmp_serde::to_vec_named(&vec![summary.clone()]).unwrap();
        let types: TypeList = [summary].into_iter().collect();
        assert_eq!(rmp_serde::to_vec_named(&types).unwrap(), as_vec);
        assert_eq!(rmp_serde::from_slice::<TypeList>(&as_vec).unwrap(), types);
    }

    #[test]
    fn equal_lists_take_no_memory_twice() {
        let mut known = KnownTypes::default();
        let (mut first, mut same, mut grown) = (list(100, 5), list(100, 5), list(100, 6));
        assert!(known.share(&mut first) > 1_000);
        assert_eq!(known.share(&mut same), 0);
        assert!(known.share(&mut grown) <= 116, "the names are shared, the numbers are not");
        assert_eq!((&first, grown.iter().next().unwrap().rows), (&same, 6));
        assert!(Arc::ptr_eq(&first.names, &grown.names));
    }

    #[test]
    fn a_type_list_is_read_to_one_past_the_limit() {
        let long = rmp_serde::to_vec_named(&list(limits::TYPES + 1_000, 1)).unwrap();
        let read: TypeList = rmp_serde::from_slice(&long).unwrap();
        assert_eq!(read.len(), limits::TYPES + 1);
    }
}
