//! `diff`: what is different at one checkpoint from another.

mod changes;
mod pattern;

use std::cmp::Ordering;
use std::fmt::Display;
use std::iter::Peekable;

use bevy_session_journal::internal::format::ReadError;
use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::rows::{Content, Row, RowsOf};
use crate::terminal::Tone;
use crate::value::Value;
use changes::{Change, changes};
use pattern::Pattern;

/// The options of a comparison.
#[derive(Args, Debug)]
pub struct Compared {
    /// Pass over these types and fields: `**.translation`, `hop::Clock`, `hop::Hero.health.*`
    ///
    /// `*` stands for anything but a dot, `**` for anything. What a pattern matches is passed over with all that
    /// is within it. May be given several times.
    #[arg(long, value_name = "PATTERN")]
    ignore: Vec<Pattern>,
}

/// A difference, as JSON has it.
#[derive(Serialize)]
struct Difference<'a, T: Serialize> {
    /// `added`, `removed` or `changed`.
    change: &'static str,
    /// The entity; `None` of a resource or state.
    entity: Option<u64>,
    #[serde(rename = "type")]
    type_path: &'a str,
    /// The place in the value, as `.health.current` or `[3]`; empty for all of it.
    field: &'a str,
    /// The value before; `None` if there was none.
    before: Option<&'a T>,
    /// The value after; `None` if there is none any more.
    after: Option<&'a T>,
}

/// Writes what is different in `after`, and whether anything is.
pub fn diff(
    before: RowsOf,
    after: RowsOf,
    compared: &Compared,
    output: &mut Output<'_>,
) -> Result<bool, Failure> {
    let mut differs = false;
    let _progress = Progress::begin_beside_output("comparing", 0);
    for pair in Pairs::of(before, after) {
        let found = match pair? {
            (Some(before), Some(after)) => compared.write_changes(&before, &after, output)?,
            (Some(before), None) => compared.write_whole(&before, Tone::Removed, output)?,
            (None, Some(after)) => compared.write_whole(&after, Tone::Added, output)?,
            (None, None) => false,
        };
        differs |= found;
    }
    Ok(differs)
}

/// The rows of two checkpoints beside each other.
pub struct Pairs {
    before: Peekable<RowsOf>,
    after: Peekable<RowsOf>,
}

impl Pairs {
    /// The pairs of two checkpoints' rows.
    pub fn of(before: RowsOf, after: RowsOf) -> Self {
        Self { before: before.peekable(), after: after.peekable() }
    }
}

impl Iterator for Pairs {
    type Item = Result<(Option<Row>, Option<Row>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.before.peek(), self.after.peek()) {
            (None, None) => return None,
            (Some(Ok(before)), Some(Ok(after))) => before.key().cmp(&after.key()),
            // An error is handed out at once.
            (Some(Err(_)), _) | (Some(_), None) => Ordering::Less,
            (_, Some(_)) => Ordering::Greater,
        };
        let before = self.before.next_if(|_| order != Ordering::Greater).transpose();
        let after = self.after.next_if(|_| order != Ordering::Less).transpose();
        Some(before.and_then(|before| Ok((before, after?))))
    }
}

impl Compared {
    fn is_ignored(&self, type_path: &str, field: &str) -> bool {
        self.ignore.iter().any(|pattern| pattern.matches(type_path, field))
    }

    /// A row that only one of both has.
    fn write_whole(&self, row: &Row, tone: Tone, output: &mut Output<'_>) -> Result<bool, Failure> {
        if self.is_ignored(&row.type_path, "") {
            return Ok(false);
        }
        let content = row.content();
        let (is_added, shown) = (tone == Tone::Added, Some(&content));
        if output.is_json() {
            output.object(&Difference {
                change: if is_added { "added" } else { "removed" },
                entity: row.entity().map(|id| id.0),
                type_path: &row.type_path,
                field: "",
                before: shown.filter(|_| !is_added),
                after: shown.filter(|_| is_added),
            })?;
            return Ok(true);
        }
        let sign = if is_added { '+' } else { '-' };
        output.toned(tone, format_args!("{sign} {} {} {content}", row.owner(), row.type_path))?;
        Ok(true)
    }

    /// A row that both have.
    fn write_changes(
        &self,
        before: &Row,
        after: &Row,
        output: &mut Output<'_>,
    ) -> Result<bool, Failure> {
        if before.bytes == after.bytes || self.is_ignored(&before.type_path, "") {
            return Ok(false);
        }
        let (Content::Value(old), Content::Value(new)) = (before.content(), after.content()) else {
            let (old, new) = (before.content(), after.content());
            write_change(after, "", Some(&old), Some(&new), output)?;
            return Ok(true);
        };
        let mut differs = false;
        for Change { field, before, after: now } in changes(&old, &new) {
            if !self.is_ignored(&after.type_path, &field) {
                differs = true;
                write_change::<Value>(after, &field, before, now, output)?;
            }
        }
        Ok(differs)
    }
}

fn write_change<T: Serialize + Display>(
    row: &Row,
    field: &str,
    before: Option<&T>,
    after: Option<&T>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let (change, tone) = match (before, after) {
        (None, _) => ("added", Tone::Added),
        (_, None) => ("removed", Tone::Removed),
        _ => ("changed", Tone::Plain),
    };
    if output.is_json() {
        return output.object(&Difference {
            change,
            entity: row.entity().map(|id| id.0),
            type_path: &row.type_path,
            field,
            before,
            after,
        });
    }
    // As patterns have it.
    let place = format!("{} {}{field}", row.owner(), row.type_path);
    match (before, after) {
        (Some(old), Some(new)) => output.toned(tone, format_args!("~ {place} {old} → {new}")),
        (Some(gone), None) => output.toned(tone, format_args!("- {place} {gone}")),
        (None, Some(new)) => output.toned(tone, format_args!("+ {place} {new}")),
        (None, None) => Ok(()),
    }
}
