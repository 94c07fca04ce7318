//! What a server said, without anything that a key could be in.

use std::error::Error as _;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

/// Why an object, or an answer about one, can't be had.
///
/// It never has the server's own words: those of a refused signature name the key, and the token as well. Its code, such as
/// `SignatureDoesNotMatch`, is kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectFailure {
    /// The server can't be reached, or hangs up.
    #[error("the server can't be reached")]
    Unreachable,
    /// The server takes too long.
    #[error("the server takes too long")]
    TimedOut,
    /// There are no keys, or they can't be had from where they should come from.
    #[error("there are no keys")]
    NoKeys,
    /// The server refuses, or has troubles of its own.
    #[error("the server answers {status} {code}")]
    Answer {
        /// The status of HTTP.
        status: u16,
        /// What the server calls it; empty if it doesn't say.
        code: String,
    },
    /// The bucket keeps versions: the condition of a creation isn't honoured everywhere, and what is deleted stays.
    #[error("the bucket keeps versions by now")]
    KeepsVersions,
    /// The server says that an object is there already, and that it isn't there.
    #[error("the server refuses to create an object that isn't there")]
    Contradiction,
    /// An object is larger than any that was ever written.
    #[error("an object of {bytes} bytes is none of a session's")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// An answer that can't be understood.
    #[error("the server's answer can't be understood")]
    Unclear,
}

impl ObjectFailure {
    /// Whether the keys are wrong, have expired, or don't give the right.
    #[must_use]
    pub fn is_about_keys(&self) -> bool {
        match self {
            Self::NoKeys => true,
            Self::Answer { status, code } => {
                matches!(status, 401 | 403) || matches!(&**code, "ExpiredToken" | "InvalidToken")
            }
            _ => false,
        }
    }

    /// Whether there is no bucket of that name.
    #[must_use]
    pub fn is_about_the_bucket(&self) -> bool {
        matches!(self, Self::Answer { code, .. } if code == "NoSuchBucket")
    }

    pub(crate) fn of(error: &Error) -> Self {
        match (error, transport(error)) {
            (_, Some(HttpErrorKind::Timeout)) => return Self::TimedOut,
            (_, Some(_)) => return Self::Unreachable,
            // What is in memory or on a disk says it in no other way.
            (Error::NotFound { .. }, None) if status(&error.to_string()).is_none() => {
                return Self::Answer { status: 404, code: String::new() };
            }
            _ => {}
        }
        let text = error.to_string();
        match status(&text) {
            Some(status) => Self::Answer { status, code: code(&text) },
            None if text.contains("credential") || text.contains("metadata") => Self::NoKeys,
            None => Self::Unclear,
        }
    }
}

impl From<Error> for ObjectFailure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

/// What happened to the connection, if anything did.
fn transport(error: &Error) -> Option<HttpErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

/// The status: the client says it in its text alone.
fn status(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// What S3 calls it.
fn code(text: &str) -> String {
    let between = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = between.map(|(code, _)| code).unwrap_or_default();
    let is_code = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { code.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_and_nothing_that_a_server_makes_up() {
        assert_eq!(code("x <Code>SlowDown</Code><Key>AKIA</Key>"), "SlowDown");
        assert_eq!(code("<Code>AKIA 123</Code>"), "");
        assert_eq!(code("nothing"), "");
        assert_eq!(status("returned non-2xx status code: 503 Service"), Some(503));
    }
}
