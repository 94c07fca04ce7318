//! Values for people.

use std::fmt::{self, Display, Formatter, Write};

use super::Value;

/// Bytes that are shown at the most.
const SHOWN_BYTES: usize = 32;

/// All bytes, as digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        // Writing into a text never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// On one line; what a terminal would obey is written as an escape.
impl Display for Value {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("()"),
            Self::Bool(value) => value.fmt(formatter),
            Self::Unsigned(value) => value.fmt(formatter),
            Self::Signed(value) => value.fmt(formatter),
            Self::Float(value) => write!(formatter, "{value:?}"),
            Self::Double(value) => write!(formatter, "{value:?}"),
            Self::Text(text) => write!(formatter, "{text:?}"),
            Self::Bytes(bytes) => write_bytes(bytes, formatter),
            Self::List(items) => {
                formatter.write_char('[')?;
                separated(items, formatter, Display::fmt)?;
                formatter.write_char(']')
            }
            Self::Map(entries) => {
                formatter.write_char('{')?;
                separated(entries, formatter, |(key, value), formatter| {
                    write_key(key, formatter)?;
                    write!(formatter, ": {value}")
                })?;
                formatter.write_char('}')
            }
        }
    }
}

fn write_bytes(bytes: &[u8], formatter: &mut Formatter<'_>) -> fmt::Result {
    match bytes.get(..SHOWN_BYTES).filter(|_| bytes.len() > SHOWN_BYTES) {
        Some(shown) => write!(formatter, "{}… ({} bytes)", hexadecimal(shown), bytes.len()),
        None => formatter.write_str(&hexadecimal(bytes)),
    }
}

/// A field's name stands as it is; other keys are values.
fn write_key(key: &Value, formatter: &mut Formatter<'_>) -> fmt::Result {
    match key.as_text().filter(|text| is_name(text)) {
        Some(name) => formatter.write_str(name),
        None => key.fmt(formatter),
    }
}

/// True if a text needs no quotes as a key.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn separated<T>(
    items: &[T],
    formatter: &mut Formatter<'_>,
    write: impl Fn(&T, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            formatter.write_str(", ")?;
        }
        write(item, formatter)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_on_one_line_with_control_characters_escaped() {
        let text = |text: &str| Value::Text(text.to_owned());
        let value = Value::Map(vec![
            (text("name"), text("a\n\u{1b}[2J\"b\"")),
            (text("two words"), Value::Bytes(vec![7; 40])),
            (Value::Signed(-1), Value::Float(1.0)),
        ]);
        let shown = value.to_string();
        let sevens = "07".repeat(32);
        assert_eq!(
            shown,
            format!(
                r#"{{name: "a\n\u{{1b}}[2J\"b\"", "two words": 0x{sevens}… (40 bytes), -1: 1.0}}"#
            )
        );
    }
}
