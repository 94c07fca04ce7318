//! Written values as trees: MessagePack describes itself.

use std::fmt;

use serde::de::{
    Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::tree::Tree;

/// A written value as a tree. `None` if the bytes are no MessagePack.
///
/// A set looks like a list here, so for types that may contain sets the order of lists doesn't
/// matter.
pub(crate) fn tree_of_bytes(bytes: &[u8], lists_have_order: bool) -> Option<Tree> {
    let Written(tree) = rmp_serde::from_slice(bytes).ok()?;
    Some(if lists_have_order { tree } else { without_order(tree) })
}

fn without_order(tree: Tree) -> Tree {
    match tree {
        Tree::List(items) => Tree::set(items.into_iter().map(without_order).collect()),
        Tree::Map(entries) => Tree::map(
            entries
                .into_iter()
                .map(|(key, value)| (without_order(key), without_order(value)))
                .collect(),
        ),
        other => other,
    }
}

struct Written(Tree);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Written)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Tree, E> {
        Ok(Tree::single(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Tree, E> {
        Ok(Tree::Bytes(value.to_vec()))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(Written(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some((Written(key), Written(value))) = entries.next_entry()? {
            map.push((key, value));
        }
        Ok(Tree::map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<Tree, A::Error> {
        let (Written(name), content) = variant.variant()?;
        let Written(content) = content.newtype_variant()?;
        Ok(Tree::Variant(name.to_string(), Box::new(content)))
    }
}
