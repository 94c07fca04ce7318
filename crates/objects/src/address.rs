//! The address of a share.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bevy_session_journal::SessionId;
use url::Url;

use crate::check::CheckError;
use crate::failure::ObjectFailure;
use crate::keys::share_at;

/// The longest time for which an address can be valid, by the rules of S3.
pub(crate) const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A presigned address by which a session can be read until its end. `Debug` doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareAddress {
    session: SessionId,
    pub(crate) name: String,
    pub(crate) url: Url,
}

/// The reason that a session can't be shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// The time is less than a second, or longer than seven days.
    #[error("a session is shared for a second at least, and for seven days at most")]
    Length,
    /// The session's player has withdrawn it, or it was removed.
    #[error("the session was withdrawn by its player, or removed")]
    Withdrawn,
    /// The object storage gives no presigned addresses.
    #[error("this object storage gives no presigned addresses: a bucket of S3 does")]
    NoAddresses,
    /// The bucket can't be used.
    #[error("the bucket can't be used")]
    Check(#[source] CheckError),
    /// The server gave no answer.
    #[error(transparent)]
    Failure(#[from] ObjectFailure),
}

/// A text is no address of a share. It isn't shown, since it may be most of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it isn't the address of a shared session")]
pub struct NoAddress;

impl ShareAddress {
    pub(crate) fn of(url: Url) -> Result<Self, NoAddress> {
        let (session, name) = share_at(&url).ok_or(NoAddress)?;
        Ok(Self { session, name, url })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The text that a spectator needs, which [`str::parse`] reads. Who has it reads the session. It has the public name of the
    /// key that signed it.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.url.to_string()
    }
}

impl fmt::Debug for ShareAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ShareAddress")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl FromStr for ShareAddress {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        Self::of(Url::parse(text.trim()).map_err(|_| NoAddress)?)
    }
}
