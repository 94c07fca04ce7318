//! The errors of reading a scenario.

use std::io;

/// The error of reading a scenario. It names the file, and the line if there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The text isn't that of a scenario: an unknown field, a value of another type, a text that is too long, a bracket
    /// that is missing.
    #[error("{file}:{line}:{column}: {message}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The letter of that line, from 1.
        column: usize,
        /// The error, and what was expected instead.
        message: String,
    },
    /// The file is written for a newer release of this crate.
    #[error("{file}:{line}: its format is {format}, and this release reads up to {newest}")]
    Newer {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The format that it names.
        format: u32,
        /// The newest one that is known here.
        newest: u32,
    },
    /// Files extend each other in a circle.
    #[error("{file}:{line}: it extends itself: {}", chain.join(" extends "))]
    Cycle {
        /// The file that closes the circle.
        file: String,
        /// The line in which it does, from 1.
        line: usize,
        /// The files, the first one again at the end.
        chain: Vec<String>,
    },
    /// More files extend each other than a reader follows.
    #[error("{file}: more than {limit} files extend each other")]
    TooDeep {
        /// The file that extends one more.
        file: String,
        /// The most that are allowed.
        limit: usize,
    },
    /// The file is no text.
    #[error("{file}:{line}: it isn't UTF-8 text")]
    NotText {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// The file is larger than a scenario may be.
    #[error("{file}: {bytes} bytes are over the limit of {limit}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// Neither the file nor one that it extends has a name.
    #[error("{file}: neither it nor a file that it extends has a `name`")]
    NoName {
        /// The file.
        file: String,
    },
    /// With all that it extends, the scenario has more than a session can have.
    #[error("{file}: with what it extends, {message}")]
    TooMuch {
        /// The file.
        file: String,
        /// The quantity that is over its limit.
        message: String,
    },
    /// A value of a field or a setting has no form as text.
    #[error("it can't be written as text: {message}")]
    Unwritable {
        /// The value, and the reason.
        message: String,
    },
    /// The file could not be read.
    #[error("{file}: it can't be read")]
    Unreadable {
        /// The file.
        file: String,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl ScenarioError {
    /// A file could not be read.
    #[must_use]
    pub fn unreadable(file: &str, source: io::Error) -> Self {
        Self::Unreadable { file: file.to_owned(), source }
    }
}
