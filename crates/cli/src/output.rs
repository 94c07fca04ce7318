//! The one writer that everything goes through.

use std::fmt::Arguments;
use std::io::Write;
use std::time::Duration;

use bevy_session_journal::SessionStatus;
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;

/// Where results go, and in which form.
pub struct Output<'a> {
    writer: &'a mut dyn Write,
    json: bool,
}

impl<'a> Output<'a> {
    /// Results go to `writer`, as JSON or as text.
    pub fn new(writer: &'a mut dyn Write, json: bool) -> Self {
        Self { writer, json }
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON object, on a line of its own.
    pub fn object(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self.writer, value)?;
        Ok(writeln!(self.writer)?)
    }

    /// One line of text. Names come from files that anybody may have made, so nothing gets through
    /// that a terminal would obey.
    pub fn line(&mut self, text: Arguments<'_>) -> Result<(), Failure> {
        let text = text.to_string();
        let safe: String = text
            .chars()
            .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
            .collect();
        Ok(writeln!(self.writer, "{}", safe.trim_end())?)
    }

    /// Rows of text below each other, the first as a heading.
    pub fn table<const N: usize>(&mut self, rows: &[[String; N]]) -> Result<(), Failure> {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..N).map(width).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.line(format_args!("{}", cells.collect::<Vec<_>>().join("  ")))?;
        }
        Ok(())
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

    #[test]
    fn nothing_that_a_terminal_would_obey_gets_through() {
        let mut written = Vec::new();
        assert!(Output::new(&mut written, false).line(format_args!("a\u{1b}[2Jb\n")).is_ok());
        assert_eq!(String::from_utf8_lossy(&written), "a\u{fffd}[2Jb\u{fffd}\n");
        assert_eq!(play_time(Duration::from_secs(3_725)), "1:02:05");
    }
}
