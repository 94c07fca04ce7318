//! Errors of policy files.

use std::path::PathBuf;

/// The error of a policy file, with its place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file isn't there, may not be read, or its disk fails.
    #[error("{}: it can't be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The reason that the system gives.
        reason: String,
    },
    /// The file isn't text, such as one that was damaged.
    #[error("{}:{line}: it isn't UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The text has a word that isn't known, a value that makes no sense, or ends too early.
    #[error("{}:{line}:{column}: {message}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The letter of that line at which the last word begins that was read, from 1.
        column: usize,
        /// The error, and the words that are known there.
        message: String,
    },
}
