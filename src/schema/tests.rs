use std::collections::{BTreeMap, HashSet};

use super::*;

#[derive(Deserialize)]
#[expect(dead_code, reason = "only their forms are of interest")]
struct Weapon {
    damage: u16,
    #[serde(default)]
    name: String,
    #[serde(alias = "owner", alias = "holder")]
    wielder: Option<u64>,
    #[serde(alias = "weight")]
    mass: f32,
    #[serde(skip)]
    cached: u8,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only their forms are of interest")]
enum Item {
    Nothing,
    Coins(u32),
    Pair(u8, char),
    Bag { items: Vec<Item>, of: Vec<Weapon> },
}

fn field(schema: Schema) -> Field {
    Field { schema, optional: false, alias_of: None, dropped: false }
}

fn optional(schema: Schema) -> Field {
    Field { optional: true, ..field(schema) }
}

fn alias(schema: Schema, of: &str) -> Field {
    Field { alias_of: Some(of.to_owned()), ..field(schema) }
}

fn fields<const N: usize>(fields: [(&str, Field); N]) -> Schema {
    Schema::Struct(fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect())
}

fn weapon() -> Schema {
    let wielder = || Schema::Option(Box::new(Schema::U64));
    fields([
        ("damage", field(Schema::U16)),
        ("name", optional(Schema::Text)),
        ("wielder", optional(wielder())),
        ("owner", alias(wielder(), "wielder")),
        ("holder", alias(wielder(), "wielder")),
        ("mass", field(Schema::F32)),
        ("weight", alias(Schema::F32, "mass")),
    ])
}

#[test]
fn a_struct_is_seen_with_its_defaults_and_other_names() {
    assert_eq!(Schema::of::<Weapon>(), weapon());
}

#[test]
fn each_variant_is_seen_and_what_contains_itself_ends() {
    let bag = fields([
        ("items", field(Schema::List(Box::new(Schema::Recursive(2))))),
        ("of", field(Schema::List(Box::new(weapon())))),
    ]);
    let variants = [
        ("Nothing", Schema::Unit),
        ("Coins", Schema::U32),
        ("Pair", Schema::Tuple(vec![Schema::U8, Schema::Char])),
        ("Bag", bag),
    ];
    let variants = variants.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    assert_eq!(Schema::of::<Item>(), Schema::Enum(variants.collect()));
}

#[test]
fn containers_are_seen_through() {
    assert_eq!(
        Schema::of::<BTreeMap<String, (HashSet<i8>, [f64; 2])>>(),
        Schema::Map(
            Box::new(Schema::Text),
            Box::new(Schema::Tuple(vec![
                Schema::List(Box::new(Schema::I8)),
                Schema::Tuple(vec![Schema::F64, Schema::F64]),
            ]))
        )
    );
    assert_eq!(Schema::of::<Option<Box<bool>>>(), Schema::Option(Box::new(Schema::Bool)));
}

/// A value that isn't made of nothing: it can't be made up.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Checked;

impl TryFrom<String> for Checked {
    type Error = &'static str;

    fn try_from(_: String) -> Result<Self, &'static str> {
        Err("never right")
    }
}

#[test]
fn fields_with_validated_values_do_not_hide_their_neighbours() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is of interest")]
    struct Around {
        before: u8,
        checked: Checked,
        after: Vec<Checked>,
    }
    assert_eq!(
        Schema::of::<Around>(),
        fields([
            ("before", field(Schema::U8)),
            ("checked", field(Schema::Text)),
            ("after", field(Schema::List(Box::new(Schema::Text)))),
        ])
    );
}

#[test]
fn fields_with_parsed_values_do_not_hide_later_fields() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is of interest")]
    struct Around {
        since: jiff::Timestamp,
        id: uuid::Uuid,
        pair: (jiff::Timestamp, u32),
        #[serde(alias = "old")]
        new: u8,
        #[serde(default)]
        optional: Vec<jiff::Timestamp>,
    }
    assert_eq!(
        Schema::of::<Around>(),
        fields([
            ("since", field(Schema::Text)),
            ("id", field(Schema::Bytes)),
            ("pair", field(Schema::Tuple(vec![Schema::Text, Schema::U32]))),
            ("new", field(Schema::U8)),
            ("old", alias(Schema::U8, "new")),
            ("optional", optional(Schema::List(Box::new(Schema::Text)))),
        ])
    );
}

#[test]
fn self_describing_fields_are_unknown_and_hide_no_neighbour() {
    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its form is of interest")]
    enum Untagged {
        Number(u8),
        Text(String),
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is of interest")]
    struct Rest {
        more: u8,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is of interest")]
    struct Flat {
        #[serde(flatten)]
        rest: Rest,
        own: u8,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is of interest")]
    struct Around {
        before: u8,
        untagged: Untagged,
        flat: Flat,
        after: u8,
    }
    let schema = Schema::of::<Around>();
    let Schema::Struct(seen) = schema else { panic!() };
    assert_eq!(seen["untagged"].schema, Schema::Unknown);
    assert!(format!("{:?}", seen["flat"]).contains("Unknown"));
    assert_eq!((&seen["before"].schema, &seen["after"].schema), (&Schema::U8, &Schema::U8));
    assert!(!seen["after"].optional);
}

#[test]
fn a_type_that_panics_is_unknown() {
    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("it always does")
        }
    }
    assert_eq!(Schema::of::<Panics>(), Schema::Unknown);
}

fn changes(written: &Schema, read: &Schema) -> Vec<String> {
    let Comparison { changes, merged } = Comparison::of(written, read);
    // What was accepted once isn't asked for again.
    let again = Comparison::of(&merged, read).changes;
    assert_eq!(again, [], "{merged:?}");
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn every_loss_of_old_values_is_named() {
    let number = || field(Schema::U32);
    let old = fields([("hp", number()), ("armor", number())]);
    assert_eq!(changes(&old, &fields([("armor", number()), ("hp", number())])), [""; 0]);
    assert_eq!(changes(&old, &fields([("hp", number())])), ["armor: dropped"]);
    let renamed = fields([("health", number()), ("armor", number())]);
    assert_eq!(changes(&old, &renamed), ["hp: dropped", "health: added without a default"]);
    let with_default = fields([("health", optional(Schema::U32)), ("armor", number())]);
    assert_eq!(changes(&old, &with_default), ["hp: dropped"], "the default would hide it");
    let with_alias =
        fields([("health", number()), ("hp", alias(Schema::U32, "health")), ("armor", number())]);
    assert_eq!(changes(&old, &with_alias), [""; 0]);
    assert_eq!(changes(&with_alias, &renamed), ["hp: dropped"], "old saves have that name still");
    let retyped = fields([("hp", field(Schema::Text)), ("armor", field(Schema::F32))]);
    assert_eq!(changes(&old, &retyped), ["armor: u32 became f32", "hp: u32 became text"]);
    let wider = fields([("hp", field(Schema::U64)), ("armor", field(Schema::F64))]);
    assert_eq!(changes(&old, &wider), [""; 0]);
    assert_eq!(changes(&wider, &old), ["armor: f64 became u32", "hp: u64 became u32"]);
}

#[test]
fn a_field_that_may_be_absent_can_not_become_required() {
    let old = fields([("a", optional(Schema::U8))]);
    assert_eq!(changes(&old, &fields([("a", field(Schema::U8))])), ["a: added without a default"]);
}

#[test]
fn a_removed_field_that_returns_must_fit_its_old_values() {
    let old = fields([("a", field(Schema::U8)), ("b", field(Schema::U8))]);
    let without = fields([("b", field(Schema::U8))]);
    let Comparison { merged, .. } = Comparison::of(&old, &without);
    let again = fields([("a", optional(Schema::Text)), ("b", field(Schema::U8))]);
    assert_eq!(changes(&merged, &again), ["a: u8 became text"]);
    let required = fields([("a", field(Schema::U8)), ("b", field(Schema::U8))]);
    assert_eq!(changes(&merged, &required), ["a: added without a default"]);
}

#[test]
fn adding_a_variant_is_no_loss_and_removing_one_is() {
    let variants = |names: &[&str]| {
        Schema::Enum(names.iter().map(|name| ((*name).to_owned(), Schema::Unit)).collect())
    };
    assert_eq!(changes(&variants(&["A"]), &variants(&["A", "B"])), [""; 0]);
    assert_eq!(changes(&variants(&["A", "B"]), &variants(&["A"])), ["::B: variant dropped"]);
}
