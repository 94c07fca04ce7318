//! Finds the place where a written value doesn't match its type.

use crate::schema::Schema;
use crate::values::Tree;

/// A place where a written value doesn't match its type.
pub(super) struct Misfit {
    /// The path of the field; empty for the value itself.
    pub field: String,
    /// The written value, and the form that is read.
    pub message: String,
}

/// The first place where a written value doesn't match its type; `None` if the form alone doesn't
/// show it.
pub(super) fn misfit(value: &Tree, schema: &Schema) -> Option<Misfit> {
    let mut path = String::new();
    let message = find(value, schema, &mut path)?;
    Some(Misfit { field: path, message })
}

fn find(value: &Tree, schema: &Schema, path: &mut String) -> Option<String> {
    match (schema, value) {
        (Schema::Unknown | Schema::Recursive(_), _) | (Schema::Option(_), Tree::Nothing) => None,
        (Schema::Option(inner), value) => find(value, inner, path),
        (Schema::Struct(fields), Tree::Map(entries)) => {
            let named = |name: &str| {
                let is_name = |key: &Tree| matches!(key, Tree::Text(text) if text == name);
                entries.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value)
            };
            let wrong = fields.iter().find_map(|(name, field)| {
                let value = named(name)?;
                step(path, &format!(".{name}"), |path| find(value, &field.schema, path))
            });
            let is_missing = |name: &str| {
                let aliases = fields.iter().filter(|(_, it)| it.alias_of.as_deref() == Some(name));
                named(name).is_none()
                    && !aliases.into_iter().any(|(alias, _)| named(alias).is_some())
            };
            wrong.or_else(|| {
                let required =
                    fields.iter().filter(|(_, it)| !it.optional && it.alias_of.is_none());
                let missing = required.map(|(name, _)| name).find(|name| is_missing(name))?;
                path.push_str(&format!(".{missing}"));
                Some("isn't there, and has no default".to_owned())
            })
        }
        (Schema::List(item), Tree::List(items) | Tree::Set(items)) => {
            items.iter().enumerate().find_map(|(place, value)| {
                step(path, &format!("[{place}]"), |path| find(value, item, path))
            })
        }
        (Schema::Tuple(schemas), Tree::List(items)) if schemas.len() == items.len() => {
            schemas.iter().zip(items).enumerate().find_map(|(place, (schema, value))| {
                step(path, &format!(".{place}"), |path| find(value, schema, path))
            })
        }
        (Schema::Map(key_schema, schema), Tree::Map(entries)) => {
            entries.iter().find_map(|(key, value)| {
                step(path, "{key}", |path| find(key, key_schema, path))
                    .or_else(|| step(path, &format!("[{key}]"), |path| find(value, schema, path)))
            })
        }
        (Schema::Enum(variants), Tree::Text(name)) => match variants.get(name) {
            Some(_) => None,
            None => Some(format!("is variant `{name}`, which isn't there any more")),
        },
        (Schema::Enum(variants), Tree::Map(entries)) => match &**entries {
            [(Tree::Text(name), content)] => match variants.get(name) {
                Some(schema) => {
                    step(path, &format!("::{name}"), |path| find(content, schema, path))
                }
                None => Some(format!("is variant `{name}`, which isn't there any more")),
            },
            _ => Some(format!("is {value}, where {schema} is read")),
        },
        (schema, value) if is_such(value, schema) => None,
        (schema, value) => Some(format!("is {value}, where {schema} is read")),
    }
}

/// Goes one step deeper. If something is found there, the path stays.
fn step(
    path: &mut String,
    step: &str,
    find: impl FnOnce(&mut String) -> Option<String>,
) -> Option<String> {
    let length = path.len();
    path.push_str(step);
    let found = find(path);
    if found.is_none() {
        path.truncate(length);
    }
    found
}

/// True if a value without parts is of this kind.
fn is_such(value: &Tree, schema: &Schema) -> bool {
    let within = |number: i128, least: i128, most: i128| (least..=most).contains(&number);
    match (schema, value) {
        (Schema::Bool, Tree::Bool(_))
        | (Schema::F32 | Schema::F64, Tree::Single(_) | Tree::Double(_) | Tree::Number(_))
        | (Schema::Text, Tree::Text(_))
        | (Schema::Bytes, Tree::Bytes(_) | Tree::List(_) | Tree::Set(_))
        | (Schema::Unit, Tree::Nothing)
        | (Schema::I128 | Schema::U128, _) => true,
        (Schema::Char, Tree::Text(text)) => text.chars().count() == 1,
        (Schema::I8, Tree::Number(it)) => within(*it, i8::MIN.into(), i8::MAX.into()),
        (Schema::I16, Tree::Number(it)) => within(*it, i16::MIN.into(), i16::MAX.into()),
        (Schema::I32, Tree::Number(it)) => within(*it, i32::MIN.into(), i32::MAX.into()),
        (Schema::I64, Tree::Number(it)) => within(*it, i64::MIN.into(), i64::MAX.into()),
        (Schema::U8, Tree::Number(it)) => within(*it, 0, u8::MAX.into()),
        (Schema::U16, Tree::Number(it)) => within(*it, 0, u16::MAX.into()),
        (Schema::U32, Tree::Number(it)) => within(*it, 0, u32::MAX.into()),
        (Schema::U64, Tree::Number(it)) => within(*it, 0, u64::MAX.into()),
        _ => false,
    }
}
