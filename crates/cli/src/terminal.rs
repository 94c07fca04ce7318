//! The output's width, and whether it shows colours.

use std::env;
use std::io::{IsTerminal, stdout};

use clap::builder::styling::{AnsiColor, Style};

/// The look of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// True if there are colours.
    pub colours: bool,
    /// Columns that a line may have; `None` if it may be as long as it likes.
    pub width: Option<u16>,
}

/// The kind of a line, which decides its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Plain,
    /// The names of a table's columns.
    Heading,
    /// A new value.
    Added,
    /// A value that is gone.
    Removed,
    /// A damage that leaves something else to offer.
    Warning,
    /// Nothing good is left.
    Bad,
}

impl Look {
    /// The look of standard output: colours on a terminal only, and never with `NO_COLOR` or if it is said to
    /// be dumb. `COLUMNS` says how wide lines are if no terminal does.
    pub fn of_stdout() -> Self {
        let is_terminal = stdout().is_terminal();
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let columns = || env::var("COLUMNS").ok()?.parse().ok();
        let width = terminal_size::terminal_size_of(stdout()).map(|(width, _)| width.0);
        Self {
            colours: is_terminal && !is_dumb && !is_set("NO_COLOR"),
            width: width.or_else(columns),
        }
    }

    /// The style of text of this kind; its alternate form ends it.
    pub fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            _ if !self.colours => style,
            Tone::Plain => style,
            Tone::Heading => style.bold(),
            Tone::Added => style.fg_color(Some(AnsiColor::Green.into())),
            Tone::Removed | Tone::Bad => style.fg_color(Some(AnsiColor::Red.into())),
            Tone::Warning => style.fg_color(Some(AnsiColor::Yellow.into())),
        }
    }
}
