//! Finds out what a type reads, by letting it read.
//!
//! A `Deserialize` asks for one value after another, each with the type that it expects. It gets
//! made-up values, in as many passes as it takes to see each field of each struct, each variant of
//! each enum. Nothing of a pass is kept except these questions.

mod access;
mod progress;

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserializer;
use serde::de::{DeserializeSeed, VariantAccess, Visitor};

use super::Schema;
use super::node::{Node, StructNode};
use super::trace_error::TraceError;
use access::{Entry, Fields, Items, Variant};
use progress::Progress;

/// The most passes for a type. It takes a pass for each field and variant, and for two questions
/// about each field.
const MOST_PASSES: usize = 20_000;

/// The form of what `read` reads from a tracer.
pub(crate) fn trace(mut read: impl FnMut(Tracer<'_>) -> Result<(), TraceError>) -> Schema {
    let mut node = Node::default();
    let progress = Progress::default();
    for _ in 0..MOST_PASSES {
        let before = progress.learnt();
        // It is the game's own code that reads.
        let pass = catch_unwind(AssertUnwindSafe(|| {
            read(Tracer { node: &mut node, progress: &progress, outer: None })
        }));
        if pass.is_err() || node.is_complete() || progress.learnt() == before {
            break;
        }
    }
    node.into_schema()
}

/// Stands in for a file: it has a value of whatever type is requested, and notes the request.
pub(crate) struct Tracer<'a> {
    node: &'a mut Node,
    progress: &'a Progress,
    outer: Option<&'a Outer<'a>>,
}

/// The structs and enums that are being read around this place.
struct Outer<'a> {
    container: Container,
    outer: Option<&'a Outer<'a>>,
}

/// Identifies a struct or enum.
#[derive(Clone, Copy, PartialEq)]
struct Container {
    /// The type that reads it: with serde's derive a different one for each type, with reflection
    /// always the same.
    visitor: &'static str,
    name: &'static str,
    /// Its fields or variants.
    parts: &'static [&'static str],
}

impl Container {
    fn of<V>(name: &'static str, parts: &'static [&'static str]) -> Self {
        Self { visitor: type_name::<V>(), name, parts }
    }
}

impl Outer<'_> {
    /// The number of levels out to where it is already being read; 1 is the next one.
    fn levels_to(&self, container: Container) -> Option<usize> {
        if self.container == container {
            return Some(1);
        }
        self.outer?.levels_to(container).map(|levels| levels + 1)
    }
}

impl<'a> Tracer<'a> {
    /// Notes a form that has no parts.
    fn known(&mut self, schema: Schema) {
        if let Node::Unseen = self.node {
            *self.node = Node::Known(schema);
            self.progress.learn();
        }
    }

    fn begin(&mut self, node: impl FnOnce() -> Node) {
        if let Node::Unseen = self.node {
            *self.node = node();
            self.progress.learn();
        }
    }

    /// Notes that it can't be looked into.
    fn stop(mut self) -> TraceError {
        self.known(Schema::Unknown);
        TraceError::Stop
    }

    /// Notes a type that is already being read around this place, and returns true then: it isn't
    /// read once more.
    fn is_recursive(&mut self, container: Container) -> bool {
        let levels = self.outer.and_then(|outer| outer.levels_to(container));
        if let Some(levels) = levels {
            self.known(Schema::Recursive(levels));
        }
        levels.is_some()
    }

    fn read_struct<'de, V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        let container = Container::of::<V>(name, names);
        if self.is_recursive(container) {
            return Err(TraceError::Stop);
        }
        self.begin(|| Node::Struct(StructNode::new(names)));
        let progress = self.progress;
        let outer = Outer { container, outer: self.outer };
        let Node::Struct(it) = self.node else { return Err(TraceError::Stop) };
        let given = |it: &mut StructNode, plan: Vec<usize>, visitor: V| {
            let plan = plan.into_iter();
            visitor.visit_map(Fields {
                fields: &mut it.fields,
                plan,
                next: None,
                progress,
                outer: &outer,
            })
        };
        if let Some(place) = it.next_unknown() {
            let before = progress.learnt();
            let plan = [place].into_iter().chain(it.all_but(Some(place))).collect();
            let read = given(it, plan, visitor);
            if progress.learnt() == before
                && let Some(field) = it.fields.get_mut(place)
            {
                field.node.give_up();
                progress.learn();
            }
            return read.and(Err(TraceError::Stop));
        }
        match it.next_question() {
            Some((question, plan)) => {
                let said = given(it, plan, visitor).err();
                // It may be some other value that the type doesn't take.
                let is_answer = !matches!(said, Some(TraceError::Stop | TraceError::Refused));
                if is_answer || !progress.try_next_sample() {
                    it.answer(question, said);
                    progress.learn();
                }
                Err(TraceError::Stop)
            }
            None => {
                let plan = it.all_but(None);
                given(it, plan, visitor)
            }
        }
    }

    fn read_tuple<'de, V: Visitor<'de>>(
        mut self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.begin(|| Node::Tuple((0..length).map(|_| Node::Unseen).collect()));
        let (progress, outer) = (self.progress, self.outer);
        let Node::Tuple(items) = self.node else { return Err(TraceError::Stop) };
        let before = progress.learnt();
        let read = visitor.visit_seq(Items { items: items.iter_mut(), progress, outer });
        if progress.learnt() == before
            && let Some(item) = items.iter_mut().find(|item| !item.is_complete())
        {
            // One before it may be a value that the type doesn't take.
            if !progress.try_next_sample() {
                item.give_up();
                progress.learn();
            }
        }
        read
    }
}

impl<'de> VariantAccess<'de> for Tracer<'_> {
    type Error = TraceError;

    fn unit_variant(mut self) -> Result<(), TraceError> {
        self.known(Schema::Unit);
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, TraceError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.read_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.read_struct("", fields, visitor)
    }
}

macro_rules! plain {
    ($($read:ident => $schema:ident, $visit:ident($($value:expr)?);)*) => {
        $(fn $read<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
            self.known(Schema::$schema);
            visitor.$visit($($value)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = TraceError;

    plain! {
        deserialize_bool => Bool, visit_bool(true);
        deserialize_i8 => I8, visit_i8(1);
        deserialize_i16 => I16, visit_i16(1);
        deserialize_i32 => I32, visit_i32(1);
        deserialize_i64 => I64, visit_i64(1);
        deserialize_i128 => I128, visit_i128(1);
        deserialize_u8 => U8, visit_u8(1);
        deserialize_u16 => U16, visit_u16(1);
        deserialize_u32 => U32, visit_u32(1);
        deserialize_u64 => U64, visit_u64(1);
        deserialize_u128 => U128, visit_u128(1);
        deserialize_f32 => F32, visit_f32(1.0);
        deserialize_f64 => F64, visit_f64(1.0);
        deserialize_char => Char, visit_char('a');
        deserialize_unit => Unit, visit_unit();
        deserialize_ignored_any => Unknown, visit_unit();
    }

    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
        self.known(Schema::Text);
        visitor.visit_str(self.progress.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
        self.known(Schema::Bytes);
        visitor.visit_bytes(self.progress.bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, TraceError> {
        Err(self.stop())
    }

    /// A struct's identifiers are requested elsewhere: this is the key of a struct with
    /// `#[serde(flatten)]`.
    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, TraceError> {
        Err(self.stop())
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
        self.begin(|| Node::Option(Box::default()));
        let (progress, outer) = (self.progress, self.outer);
        match self.node {
            Node::Option(node) if !node.is_complete() => {
                visitor.visit_some(Tracer { node, progress, outer })
            }
            _ => visitor.visit_none(),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
        self.begin(|| Node::List(Box::default()));
        let Node::List(item) = self.node else { return Err(TraceError::Stop) };
        let unknown = if item.is_complete() { &mut [] } else { std::slice::from_mut(&mut **item) };
        let (progress, outer) = (self.progress, self.outer);
        visitor.visit_seq(Items { items: unknown.iter_mut(), progress, outer })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.read_tuple(length, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.read_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
        self.begin(|| Node::Map(Box::default(), Box::default()));
        let (progress, outer) = (self.progress, self.outer);
        let Node::Map(key, value) = self.node else { return Err(TraceError::Stop) };
        let is_known = key.is_complete() && value.is_complete();
        let before = progress.learnt();
        let entry = (!is_known).then_some((&mut **key, &mut **value));
        let read = visitor.visit_map(Entry { entry, value: None, progress, outer });
        if !is_known && progress.learnt() == before {
            [key, value].into_iter().for_each(|node| node.give_up());
            progress.learn();
        }
        read
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.read_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        let container = Container::of::<V>(name, variants);
        if self.is_recursive(container) {
            return Err(TraceError::Stop);
        }
        self.begin(|| Node::Enum(variants.iter().map(|name| (*name, Node::Unseen)).collect()));
        let progress = self.progress;
        let outer = Outer { container, outer: self.outer };
        let Node::Enum(known) = self.node else { return Err(TraceError::Stop) };
        let unknown = known.iter().position(|(_, node)| !node.is_complete());
        // Of a value that is only made up, the simplest variant.
        let simplest =
            || known.iter().position(|(_, node)| matches!(node, Node::Known(Schema::Unit)));
        let place = unknown.or_else(simplest).unwrap_or(0);
        let Some((name, node)) = known.get_mut(place) else { return Err(TraceError::Stop) };
        let before = progress.learnt();
        let tracer = Tracer { node, progress, outer: Some(&outer) };
        let read = visitor.visit_enum(Variant { name, tracer });
        if unknown.is_some() && progress.learnt() == before {
            if let Some((_, node)) = known.get_mut(place) {
                node.give_up();
            }
            progress.learn();
        }
        read
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
