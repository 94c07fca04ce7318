//! The failures of requests, without anything that a key could be in.

use std::error::Error as StdError;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use crate::credentials::NoKeys;

/// The reason that an object, or an answer about one, can't be had.
///
/// It never has the server's own words: those about a refused signature name the key, and the token as well. The server's
/// code is kept, such as `SignatureDoesNotMatch`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectFailure {
    /// The server can't be reached, or hangs up.
    #[error("the server can't be reached")]
    Unreachable,
    /// The server takes too long.
    #[error("the server doesn't answer in time")]
    TimedOut,
    /// There are no keys: neither in the environment, nor from the cloud's service for its machines.
    #[error("there are no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoKeys,
    /// The server refuses, or has troubles of its own.
    #[error("the server answers {status} {code}")]
    Answer {
        /// The status of HTTP.
        status: u16,
        /// The server's name for it; empty if it gives none.
        code: String,
    },
    /// The bucket keeps versions: the condition of a creation isn't honoured everywhere, and deleted objects stay.
    #[error("versioning was switched on for the bucket, which replicas can't use")]
    KeepsVersions,
    /// The server says that an object is there already, and that it isn't there.
    #[error("the server refuses to create an object that isn't there")]
    Contradiction,
    /// The object is larger than any that was ever written.
    #[error("an object of {bytes} bytes is too large to be a session's")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// The object's bytes end before its length.
    #[error("only {got} of an object's {bytes} bytes arrived")]
    Cut {
        /// The length that the server names.
        bytes: u64,
        /// The number of bytes that came.
        got: u64,
    },
    /// Below the prefix is an object whose name can't be read, so that no listing can be.
    #[error("an object below the prefix has a name that can't be read, as one with an empty part")]
    ForeignName,
    /// An address is of another bucket or server.
    #[error("the address is of another bucket, or names its server in another way")]
    Elsewhere,
    /// The answer can't be understood.
    #[error("the server's answer can't be understood")]
    Unclear,
}

impl ObjectFailure {
    /// Returns true if the keys are missing, wrong or expired, or don't give the right.
    #[must_use]
    pub fn is_about_keys(&self) -> bool {
        match self {
            Self::NoKeys => true,
            Self::Answer { status, code } => {
                let is_refused = matches!(status, 401 | 403) && !self.is_about_the_clock();
                is_refused || matches!(&**code, "ExpiredToken" | "InvalidToken")
            }
            _ => false,
        }
    }

    /// Returns true if there is no bucket of that name.
    #[must_use]
    pub fn is_about_the_bucket(&self) -> bool {
        matches!(self.code(), "NoSuchBucket" | "InvalidBucketName")
    }

    /// Returns true if the bucket is in another region than the one that was named.
    #[must_use]
    pub fn is_about_the_region(&self) -> bool {
        matches!(self, Self::Answer { status: 301 | 307 | 308, .. })
            || self.code() == "AuthorizationHeaderMalformed"
    }

    /// Returns true if this machine's clock is too far from the server's.
    #[must_use]
    pub fn is_about_the_clock(&self) -> bool {
        self.code() == "RequestTimeTooSkewed"
    }

    fn code(&self) -> &str {
        if let Self::Answer { code, .. } = self { code } else { "" }
    }

    pub(crate) fn of(error: &Error) -> Self {
        if cause::<NoKeys>(error).is_some() {
            return Self::NoKeys;
        }
        match cause::<HttpError>(error).map(HttpError::kind) {
            Some(HttpErrorKind::Timeout) => return Self::TimedOut,
            Some(HttpErrorKind::Decode) => return Self::Unclear,
            Some(_) => return Self::Unreachable,
            None => {}
        }
        let text = error.to_string();
        match (status(&text), error) {
            (Some(status), _) => Self::Answer { status, code: code(&text) },
            // Stores in memory and on a disk have no statuses.
            (None, Error::NotFound { .. }) => Self::Answer { status: 404, code: String::new() },
            (None, Error::InvalidPath { .. }) => Self::ForeignName,
            (None, _) => Self::Unclear,
        }
    }
}

impl From<Error> for ObjectFailure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

/// Returns true if an error says that an object isn't there. The 404 of a proxy, or about the bucket, doesn't.
pub(crate) fn is_absence(error: &Error) -> bool {
    let text = error.to_string();
    let is_meant = || matches!(&*code(&text), "NoSuchKey" | "BlobNotFound");
    matches!(error, Error::NotFound { .. }) && (status(&text).is_none() || is_meant())
}

/// The cause of a type, if an error has one.
fn cause<T: StdError + 'static>(error: &Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The status, which the client gives in its text alone.
fn status(text: &str) -> Option<u16> {
    // Amazon's answer about another region.
    if text.contains("redirect without LOCATION") {
        return Some(301);
    }
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// The code of S3.
pub(crate) fn code(text: &str) -> String {
    let between = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = between.map(|(code, _)| code).unwrap_or_default();
    let is_code = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { code.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_of_one_word_and_statuses_are_read() {
        assert_eq!(code("x <Code>SlowDown</Code><Key>AKIA</Key>"), "SlowDown");
        assert_eq!(code("<Code>AKIA 123</Code>"), "");
        assert_eq!(code("nothing"), "");
        assert_eq!(status("returned non-2xx status code: 503 Service"), Some(503));
    }
}
