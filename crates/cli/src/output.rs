//! The one writer that everything goes through.

use std::fmt::Arguments;
use std::io::Write;
use std::time::Duration;

use bevy_session_journal::SessionStatus;
use jiff::Timestamp;
use serde::Serialize;

use crate::condition::Condition;
use crate::failure::Failure;
use crate::table::Table;
use crate::terminal::{Look, Tone};

/// Things that an error names at the most.
const MOST_NAMED: usize = 12;

/// The destination and form of results.
pub struct Output<'a> {
    writer: &'a mut dyn Write,
    json: bool,
    look: Look,
}

impl<'a> Output<'a> {
    /// Results go to `writer`, as JSON or as text.
    pub fn new(writer: &'a mut dyn Write, json: bool, look: Look) -> Self {
        Self { writer, json, look }
    }

    /// True if JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON object, on its own line.
    pub fn object(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self.writer, value)?;
        Ok(writeln!(self.writer)?)
    }

    /// Hands on what was written so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.writer.flush()?)
    }

    /// Bytes that are the tool's own, and no text of a file.
    pub fn script(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.writer.write_all(bytes)?)
    }

    /// The writer, for a document that isn't meant for a terminal.
    pub fn bytes(&mut self) -> &mut dyn Write {
        self.writer
    }

    /// One line of text. Names come from files that anybody may have made, so nothing gets through
    /// that a terminal would obey.
    pub fn line(&mut self, text: Arguments<'_>) -> Result<(), Failure> {
        self.toned(Tone::Plain, text)
    }

    /// One line of text in a colour.
    pub fn toned(&mut self, tone: Tone, text: Arguments<'_>) -> Result<(), Failure> {
        let safe = harmless(&text.to_string());
        let style = self.look.style(tone);
        Ok(writeln!(self.writer, "{style}{}{style:#}", safe.trim_end())?)
    }

    /// A table, as wide as the terminal.
    pub fn table(&mut self, table: &Table) -> Result<(), Failure> {
        let lines = table.lines(self.look.width);
        for (position, line) in lines.iter().enumerate() {
            let tone = if position == 0 { Tone::Heading } else { Tone::Plain };
            self.toned(tone, format_args!("{line}"))?;
        }
        Ok(())
    }
}

/// Text without what a terminal would obey, nor what turns its direction around.
pub fn harmless(text: &str) -> String {
    let is_obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The colour of a condition.
pub fn tone_of(condition: Condition) -> Tone {
    match condition {
        Condition::Good => Tone::Plain,
        Condition::Damaged => Tone::Warning,
        Condition::Lost => Tone::Bad,
    }
}

/// The first few of what there is, in words.
pub fn some_of(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    match (names.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => names.join(", "),
        (false, more) => format!("{} and {more} more", names.join(", ")),
    }
}

/// A moment to the second.
pub fn moment(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// Play time as hours, minutes and seconds.
pub fn play_time(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Milliseconds, for JSON.
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A status in small letters.
pub fn status_word(status: SessionStatus) -> String {
    format!("{status:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(look: Look, write: impl Fn(&mut Output<'_>) -> Result<(), Failure>) -> String {
        let mut written = Vec::new();
        assert!(write(&mut Output::new(&mut written, false, look)).is_ok());
        String::from_utf8_lossy(&written).into_owned()
    }

    #[test]
    fn control_characters_are_replaced_in_every_line() {
        let hostile = "a\u{1b}[2Jb\u{202e}\u{9b}\n";
        for look in [Look { colours: false, width: None }, Look { colours: true, width: None }] {
            let text = written(look, |output| output.line(format_args!("{hostile}")));
            assert_eq!(text, "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}\n");
        }
        assert_eq!(play_time(Duration::from_secs(3_725)), "1:02:05");
    }

    #[test]
    fn colours_are_written_only_if_enabled() {
        let bad = |output: &mut Output<'_>| output.toned(Tone::Bad, format_args!("lost"));
        assert_eq!(written(Look { colours: false, width: None }, bad), "lost\n");
        let text = written(Look { colours: true, width: None }, bad);
        assert_eq!(text, "\u{1b}[31mlost\u{1b}[0m\n");
    }
}
