//! JSON and RON: one document, in which each row is a line.

use std::io::Write;

use serde::Serialize;

use super::{About, Sheets, WorldRow};
use crate::events::ShownEvent;
use crate::failure::Failure;

/// The notation of a document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    Json,
    Ron,
}

/// A list of the document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Sessions,
    Entities,
    Resources,
    Events,
}

/// A document that is being written.
pub struct Document<'a> {
    writer: &'a mut dyn Write,
    notation: Notation,
    /// True if there is a list of sessions, and not one that everything is about.
    several: bool,
    has_begun: bool,
    open: Option<List>,
    is_first: bool,
}

impl<'a> Document<'a> {
    pub fn new(writer: &'a mut dyn Write, notation: Notation, several: bool) -> Self {
        Self { writer, notation, several, has_begun: false, open: None, is_first: true }
    }

    fn row(&mut self, list: List, row: &impl Serialize) -> Result<(), Failure> {
        self.go_to(list)?;
        let separator = if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        self.writer.write_all(separator.as_bytes())?;
        self.value(row)
    }

    /// Ends the lists before this one, be they empty, and begins it.
    fn go_to(&mut self, list: List) -> Result<(), Failure> {
        while self.open != Some(list) {
            let (next, name) = match self.open {
                None if self.several => (List::Sessions, "sessions"),
                None | Some(List::Sessions) => (List::Entities, "entities"),
                Some(List::Entities) => (List::Resources, "resources"),
                Some(_) => (List::Events, "events"),
            };
            if self.open.is_some() {
                self.writer.write_all(b"\n]")?;
            }
            self.begin_field(name)?;
            self.writer.write_all(b"[")?;
            (self.open, self.is_first) = (Some(next), true);
        }
        Ok(())
    }

    fn begin_field(&mut self, name: &str) -> Result<(), Failure> {
        let before = match (self.has_begun, self.notation) {
            (true, _) => ",\n",
            (false, Notation::Json) => "{",
            (false, Notation::Ron) => "(",
        };
        self.has_begun = true;
        match self.notation {
            Notation::Json => write!(self.writer, "{before}\"{name}\": ")?,
            Notation::Ron => write!(self.writer, "{before}{name}: ")?,
        }
        Ok(())
    }

    fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        match self.notation {
            Notation::Json => Ok(serde_json::to_writer(&mut self.writer, value)?),
            Notation::Ron => {
                let text = ron::to_string(value).map_err(std::io::Error::other)?;
                Ok(self.writer.write_all(text.as_bytes())?)
            }
        }
    }
}

impl Sheets for Document<'_> {
    fn about(&mut self, about: &About) -> Result<(), Failure> {
        if self.several {
            return self.row(List::Sessions, about);
        }
        self.begin_field("about")?;
        self.value(about)
    }

    fn entity_row(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        self.row(List::Entities, row)
    }

    fn resource(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        self.row(List::Resources, row)
    }

    fn event(&mut self, event: &ShownEvent) -> Result<(), Failure> {
        self.row(List::Events, event)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.go_to(List::Events)?;
        let end: &[u8] = if self.notation == Notation::Json { b"\n]}\n" } else { b"\n])\n" };
        Ok(self.writer.write_all(end)?)
    }
}
