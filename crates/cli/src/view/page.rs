//! The page itself: a template with data in it that no browser takes for anything else.

use std::io::Write;

use crate::failure::Failure;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Data of the page, by the id of the element that it is in. `data` is read first.
pub struct Data {
    pub id: String,
    pub parts: Vec<Part>,
}

/// A part of the data: a name, and JSON.
pub struct Part {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// Writes the page, and says how many bytes it has.
pub fn write<'a>(
    title: &str,
    data: impl IntoIterator<Item = &'a Data>,
    writer: &mut dyn Write,
) -> Result<u64, Failure> {
    let (mut data, mut counted) = (data.into_iter(), Counted { writer, bytes: 0 });
    // What stands between two marks is one of these, in this order.
    let mut rest = TEMPLATE;
    for mark in ["@TITLE@", "@STYLE@", "@DATA@", "@SCRIPT@"] {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        rest = after;
        counted.write_all(before.as_bytes())?;
        match mark {
            "@TITLE@" => counted.write_all(escaped(title).as_bytes())?,
            "@STYLE@" => counted.write_all(STYLE.as_bytes())?,
            "@DATA@" => data.try_for_each(|data| write_data(data, &mut counted))?,
            _ => counted.write_all(SCRIPT.as_bytes())?,
        }
    }
    counted.write_all(rest.as_bytes())?;
    Ok(counted.bytes)
}

/// An element with one JSON object.
fn write_data(data: &Data, writer: &mut dyn Write) -> Result<(), Failure> {
    write!(writer, "<script id=\"{}\" type=\"application/json\">", escaped(&data.id))?;
    for (position, Part { name, bytes }) in data.parts.iter().enumerate() {
        let before = if position == 0 { "{" } else { ",\n" };
        write!(writer, "{before}\"{name}\":")?;
        write_harmless(bytes, writer)?;
    }
    Ok(writer.write_all(b"}</script>\n")?)
}

/// JSON without any `<`, which could end the element that it stands in. Within JSON it is only in texts, and
/// there it may be written as an escape.
fn write_harmless(json: &[u8], writer: &mut dyn Write) -> Result<(), Failure> {
    for (position, piece) in json.split(|byte| *byte == b'<').enumerate() {
        if position > 0 {
            writer.write_all(b"\\u003c")?;
        }
        writer.write_all(piece)?;
    }
    Ok(())
}

/// Text that is no markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            letter if letter.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            letter => escaped.push(letter),
        }
    }
    escaped
}

struct Counted<'a> {
    writer: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_cannot_end_the_script_of_a_page() {
        let hostile = "</script><script>alert(1)</script><!--";
        let bytes = serde_json::to_vec(hostile).unwrap();
        let mut written = Vec::new();
        let data = Data { id: "data".to_owned(), parts: vec![Part { name: "about", bytes }] };
        let length = write(hostile, [&data], &mut written).unwrap();
        let page = String::from_utf8(written).unwrap();
        assert_eq!(length, page.len() as u64);
        assert!(!page.contains("alert(1)</script>") && !page.contains("<script>alert"));
        assert_eq!(page.matches("</script>").count(), 2, "the two of the page itself");
        let (_, data) = page.split_once("<script id=\"data\" type=\"application/json\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["about"], hostile, "nothing of it is lost");
    }

    #[test]
    fn the_page_loads_nothing_from_the_network() {
        for text in [TEMPLATE, STYLE, SCRIPT] {
            for word in ["http:", "https:", "//cdn", "@import", "url(", "innerHTML", "eval("] {
                assert!(!text.contains(word), "{word}");
            }
        }
        assert!(TEMPLATE.contains("default-src 'none'"));
    }
}
