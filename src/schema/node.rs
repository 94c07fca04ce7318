//! A form that is being traced.

use super::trace_error::TraceError;
use super::{Field, Schema};

/// A part of a form that is being traced.
#[derive(Default)]
pub(super) enum Node {
    /// Nothing has read it yet.
    #[default]
    Unseen,
    Known(Schema),
    Option(Box<Node>),
    List(Box<Node>),
    Tuple(Vec<Node>),
    Map(Box<Node>, Box<Node>),
    Struct(StructNode),
    Enum(Vec<(&'static str, Node)>),
}

/// A struct: its fields are traced first, then its reaction to each missing and each duplicate one.
pub(super) struct StructNode {
    pub fields: Vec<FieldNode>,
    /// The number of questions about fields that were asked: first whether each is an alias, then
    /// whether it may be absent.
    pub asked: usize,
}

pub(super) struct FieldNode {
    pub name: &'static str,
    pub node: Node,
    pub alias_of: Option<&'static str>,
    pub optional: bool,
}

impl StructNode {
    pub(super) fn new(names: &[&'static str]) -> Self {
        let field = |name: &&'static str| FieldNode {
            name,
            node: Node::Unseen,
            alias_of: None,
            optional: false,
        };
        Self { fields: names.iter().map(field).collect(), asked: 0 }
    }

    /// The first field that isn't known yet.
    pub(super) fn next_unknown(&self) -> Option<usize> {
        self.fields.iter().position(|field| !field.node.is_complete())
    }

    /// The fields of a whole value, except one.
    pub(super) fn all_but(&self, left_out: Option<usize>) -> Vec<usize> {
        let is_given = |place: &usize| {
            let field = self.fields.get(*place);
            Some(*place) != left_out && field.is_some_and(|field| field.alias_of.is_none())
        };
        (0..self.fields.len()).filter(is_given).collect()
    }

    /// The next question, with the fields of the value that asks it.
    pub(super) fn next_question(&mut self) -> Option<(Question, Vec<usize>)> {
        let count = self.fields.len();
        while self.asked < 2 * count {
            let asked = self.asked;
            if asked < count {
                return Some((Question::IsAlias(asked), vec![asked, asked]));
            }
            let place = asked - count;
            if self.fields.get(place).is_some_and(|field| field.alias_of.is_none()) {
                return Some((Question::MayBeAbsent(place), self.all_but(Some(place))));
            }
            self.asked += 1;
        }
        None
    }

    /// Stores the type's reaction to a question about a field.
    pub(super) fn answer(&mut self, question: Question, said: Option<TraceError>) {
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

/// A question about a field.
#[derive(Clone, Copy)]
pub(super) enum Question {
    /// Is it an alias of a field? It is there twice, and the error names the field.
    IsAlias(usize),
    /// Has it a default? Everything else is there.
    MayBeAbsent(usize),
}

impl Node {
    /// True if there is nothing more to find out.
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Unseen => false,
            Self::Known(_) => true,
            Self::Option(inner) | Self::List(inner) => inner.is_complete(),
            Self::Tuple(items) => items.iter().all(Self::is_complete),
            Self::Map(key, value) => key.is_complete() && value.is_complete(),
            Self::Struct(it) => it.asked >= 2 * it.fields.len() && it.next_unknown().is_none(),
            Self::Enum(variants) => variants.iter().all(|(_, node)| node.is_complete()),
        }
    }

    /// Marks everything as unknown that hasn't been seen yet.
    pub(super) fn give_up(&mut self) {
        match self {
            Self::Unseen => *self = Self::Known(Schema::Unknown),
            Self::Known(_) => {}
            Self::Option(inner) | Self::List(inner) => inner.give_up(),
            Self::Tuple(items) => items.iter_mut().for_each(Self::give_up),
            Self::Map(key, value) => [key, value].into_iter().for_each(|node| node.give_up()),
            Self::Struct(it) => {
                it.fields.iter_mut().for_each(|field| field.node.give_up());
                it.asked = 2 * it.fields.len();
            }
            Self::Enum(variants) => variants.iter_mut().for_each(|(_, node)| node.give_up()),
        }
    }

    pub(super) fn into_schema(self) -> Schema {
        let boxed = |node: Box<Self>| Box::new(node.into_schema());
        match self {
            Self::Unseen => Schema::Unknown,
            Self::Known(schema) => schema,
            Self::Option(inner) => Schema::Option(boxed(inner)),
            Self::List(inner) => Schema::List(boxed(inner)),
            Self::Tuple(items) => Schema::Tuple(items.into_iter().map(Self::into_schema).collect()),
            Self::Map(key, value) => Schema::Map(boxed(key), boxed(value)),
            Self::Struct(it) => {
                let fields = it.fields.into_iter().map(|field| {
                    let FieldNode { name, node, alias_of, optional } = field;
                    let alias_of = alias_of.map(str::to_owned);
                    let schema = node.into_schema();
                    (name.to_owned(), Field { schema, optional, alias_of, dropped: false })
                });
                Schema::Struct(fields.collect())
            }
            Self::Enum(variants) => {
                let variants = variants.into_iter();
                Schema::Enum(
                    variants.map(|(name, node)| (name.to_owned(), node.into_schema())).collect(),
                )
            }
        }
    }
}
