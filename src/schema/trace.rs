//! Finds out what a type reads, by letting it read.
//!
//! A `Deserialize` asks for one value after another, and says of each what it expects. It gets made-up values, in as many
//! passes as it takes to see each field of each struct, each variant of each enum. Nothing of a pass is kept but what
//! was asked for.

mod progress;

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Schema;
use super::node::{FieldNode, Node, Question, StructNode};
use super::trace_error::TraceError;
use progress::Progress;

/// Passes that a type gets. One takes a pass for each field and variant, and two questions about each field.
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

/// What a type reads from. It has a value of whatever is asked for, and notes that it was.
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

/// What distinguishes a struct or enum from others.
#[derive(Clone, Copy, PartialEq)]
struct Container {
    /// The type that reads it: with serde's derive another one for each type, with reflection always the same.
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
    /// How many levels out it is read already; 1 is the next one.
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

    /// Says that nobody can look into it.
    fn stop(mut self) -> TraceError {
        self.known(Schema::Unknown);
        TraceError::Stop
    }

    /// Whether the same type is being read around this place: then it is noted, and not read once more.
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

impl StructNode {
    /// Takes down what the type said when it was asked about a field.
    fn answer(&mut self, question: Question, said: Option<TraceError>) {
        self.asked += 1;
        match (question, said) {
            (Question::IsAlias(place), Some(TraceError::Duplicate(name))) => {
                if let Some(field) = self.fields.get_mut(place) {
                    field.alias_of = Some(name).filter(|name| *name != field.name);
                }
            }
            (Question::MayBeAbsent(place), None) => {
                if let Some(field) = self.fields.get_mut(place) {
                    field.optional = true;
                }
            }
            _ => {}
        }
    }
}

/// The fields of a struct, one after another.
struct Fields<'a> {
    fields: &'a mut [FieldNode],
    plan: std::vec::IntoIter<usize>,
    next: Option<usize>,
    progress: &'a Progress,
    outer: &'a Outer<'a>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = TraceError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TraceError> {
        self.next = self.plan.next();
        let name = self.next.and_then(|place| self.fields.get(place)).map(|field| field.name);
        let Some(name) = name else { return Ok(None) };
        let name: StrDeserializer<'_, TraceError> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TraceError> {
        let field = self.next.and_then(|place| self.fields.get_mut(place));
        let field = field.ok_or(TraceError::Stop)?;
        let (progress, outer) = (self.progress, Some(self.outer));
        seed.deserialize(Tracer { node: &mut field.node, progress, outer })
    }
}

/// The items of a tuple.
struct Items<'a> {
    items: std::slice::IterMut<'a, Node>,
    progress: &'a Progress,
    outer: Option<&'a Outer<'a>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = TraceError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, TraceError> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let (progress, outer) = (self.progress, self.outer);
        seed.deserialize(Tracer { node, progress, outer }).map(Some)
    }
}

/// At most one entry of a map.
struct Entry<'a> {
    entry: Option<(&'a mut Node, &'a mut Node)>,
    value: Option<&'a mut Node>,
    progress: &'a Progress,
    outer: Option<&'a Outer<'a>>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = TraceError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TraceError> {
        let Some((key, value)) = self.entry.take() else { return Ok(None) };
        self.value = Some(value);
        let (progress, outer) = (self.progress, self.outer);
        seed.deserialize(Tracer { node: key, progress, outer }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TraceError> {
        let node = self.value.take().ok_or(TraceError::Stop)?;
        let (progress, outer) = (self.progress, self.outer);
        seed.deserialize(Tracer { node, progress, outer })
    }
}

/// One variant of an enum.
struct Variant<'a> {
    name: &'static str,
    tracer: Tracer<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = TraceError;
    type Variant = Tracer<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Tracer<'a>), TraceError> {
        let name: StrDeserializer<'_, TraceError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.tracer))
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

    /// Of a struct it would be asked elsewhere: this is the key of a struct with `#[serde(flatten)]`.
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
