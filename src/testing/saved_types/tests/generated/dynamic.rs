//! Components with a random form, which are read as serde's derive reads structs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use bevy::prelude::*;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::capture::test_kit::Dice;
use crate::values::tree_of_bytes;

/// All names that a field can have.
pub(super) const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    Number,
    Wide,
    Text,
    Flag,
    List,
}

pub(super) const KINDS: [Kind; 5] = [Kind::Number, Kind::Wide, Kind::Text, Kind::Flag, Kind::List];

#[derive(Clone, PartialEq, Debug)]
pub(super) struct FormField {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    pub kind: Kind,
    pub has_default: bool,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Form {
    pub fields: Vec<FormField>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Number(u64),
    Text(String),
    Flag(bool),
    List(Vec<u32>),
}

thread_local! {
    /// The forms of the old build and of the current one.
    static FORMS: RefCell<[[Form; 2]; 2]> = RefCell::default();
}

/// Sets the components of the old build and of the current one.
pub(super) fn set_forms(old: &[Form; 2], today: &[Form; 2]) {
    FORMS.set([old.clone(), today.clone()]);
}

impl Form {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut form = Self::default();
        for name in &NAMES[..4] {
            if form.fields.is_empty() || dice.roll(3) > 0 {
                let kind = KINDS[dice.roll(KINDS.len())];
                let has_default = dice.roll(2) == 0;
                form.fields.push(FormField { name, alias: None, kind, has_default });
            }
        }
        form
    }

    pub(super) fn field(&mut self, name: &str) -> Option<&mut FormField> {
        self.fields.iter_mut().find(|field| field.name == name)
    }

    fn names(&self) -> &'static [&'static str] {
        let names = self.fields.iter().flat_map(|field| [Some(field.name), field.alias]);
        let names: Vec<&'static str> = names.flatten().collect();
        // serde wants them for ever, and it is a test.
        names.leak()
    }
}

impl Kind {
    fn default_value(self) -> Value {
        match self {
            Self::Number | Self::Wide => Value::Number(0),
            Self::Text => Value::Text(String::new()),
            Self::Flag => Value::Flag(false),
            Self::List => Value::List(Vec::new()),
        }
    }

    /// Another value than the default.
    fn draw(self, dice: &mut Dice) -> Value {
        match self {
            Self::Number => Value::Number(1 + dice.roll(1_000) as u64),
            Self::Wide => Value::Number((1 << 40) + dice.roll(1_000) as u64),
            Self::Text => Value::Text(format!("text {}", dice.roll(100))),
            Self::Flag => Value::Flag(true),
            Self::List => Value::List(vec![dice.roll(100) as u32; 1 + dice.roll(3)]),
        }
    }

    fn read<'de, A: MapAccess<'de>>(self, map: &mut A) -> Result<Value, A::Error> {
        Ok(match self {
            Self::Number => Value::Number(map.next_value::<u32>()?.into()),
            Self::Wide => Value::Number(map.next_value()?),
            Self::Text => Value::Text(map.next_value()?),
            Self::Flag => Value::Flag(map.next_value()?),
            Self::List => Value::List(map.next_value()?),
        })
    }
}

/// A component of the build that runs.
#[derive(Component, TypePath, Clone, PartialEq, Debug, Default)]
pub(super) struct Slot<const N: usize>(pub BTreeMap<&'static str, Value>);

/// A component as the old build wrote it.
pub(super) struct OldSlot<const N: usize>(pub BTreeMap<&'static str, Value>);

impl<const N: usize> Slot<N> {
    pub(super) fn draw(dice: &mut Dice, form: &Form) -> Self {
        Self(form.fields.iter().map(|field| (field.name, field.kind.draw(dice))).collect())
    }

    /// One whose fields all have their defaults.
    pub(super) fn without_values() -> Self {
        let form = FORMS.with_borrow(|forms| forms[1][N].clone());
        let fields = form.fields.iter();
        Self(fields.map(|field| (field.name, field.kind.default_value())).collect())
    }
}

impl<const N: usize> Serialize for Slot<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = FORMS.with_borrow(|forms| forms[1][N].clone());
        let mut map = serializer.serialize_map(Some(form.fields.len()))?;
        for field in &form.fields {
            map.serialize_key(field.name)?;
            match &self.0[field.name] {
                Value::Number(number) => map.serialize_value(number)?,
                Value::Text(text) => map.serialize_value(text)?,
                Value::Flag(flag) => map.serialize_value(flag)?,
                Value::List(list) => map.serialize_value(list)?,
            }
        }
        map.end()
    }
}

impl<'de, const N: usize> Deserialize<'de> for Slot<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = FORMS.with_borrow(|forms| forms[1][N].clone());
        deserializer.deserialize_struct("Slot", form.names(), Reader(form)).map(Self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for OldSlot<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = FORMS.with_borrow(|forms| forms[0][N].clone());
        deserializer.deserialize_struct("Slot", form.names(), Reader(form)).map(Self)
    }
}

struct Reader(Form);

impl<'de> Visitor<'de> for Reader {
    type Value = BTreeMap<&'static str, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a struct")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let is_key = |field: &&FormField| field.name == key || field.alias == Some(&*key);
            let Some(field) = self.0.fields.iter().find(is_key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if values.contains_key(field.name) {
                return Err(A::Error::duplicate_field(field.name));
            }
            values.insert(field.name, field.kind.read(&mut map)?);
        }
        for field in &self.0.fields {
            if values.contains_key(field.name) {
                continue;
            }
            if !field.has_default {
                return Err(A::Error::missing_field(field.name));
            }
            values.insert(field.name, field.kind.default_value());
        }
        Ok(values)
    }
}

/// The fields of a written value, as text.
pub(super) fn fields_of(bytes: &[u8]) -> Result<Vec<(&'static str, String)>, &'static str> {
    let Some(crate::values::Tree::Map(entries)) = tree_of_bytes(bytes, true) else {
        return Err("no struct");
    };
    let fields = entries.into_iter().filter_map(|(key, value)| {
        let crate::values::Tree::Text(key) = key else { return None };
        let name = NAMES.into_iter().find(|name| *name == key)?;
        Some((name, value.to_string()))
    });
    Ok(fields.collect())
}
