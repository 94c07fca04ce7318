//! The token of a shared session.

use std::fmt;
use std::str::FromStr;

use bevy_session_journal::SessionId;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::failure::PostgresCheckError;

/// The random bytes of a token.
const BYTES: usize = 32;

/// The settings that stand over the defaults of a role. Each of its users may change those, and keep all others out.
const OWN_DEFAULTS: [(&str, &str); 6] = [
    // An older snapshot would still have what was ended.
    ("default_transaction_isolation", "read\\ committed"),
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("tcp_user_timeout", "0"),
    ("row_security", "on"),
    ("local_preload_libraries", ""),
];

/// A secret by which a session can be read until its end. `Debug` doesn't show it, and the database has its hash alone.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareToken {
    session: SessionId,
    secret: String,
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
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The server can't be used, or gave no answer.
    #[error(transparent)]
    Database(#[from] PostgresCheckError),
}

/// A text is no token. It isn't shown, since it may be most of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it isn't the token of a shared session")]
pub struct NoToken;

impl ShareToken {
    pub(crate) fn new(session: SessionId) -> Result<Self, ShareError> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| ShareError::Random)?;
        let secret = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { session, secret })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The text that a spectator needs, which [`str::parse`] reads: the session and the secret. Who has it reads the session.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.session, self.secret)
    }

    /// The options of a connection that has the token. No server logs those, as it may log the parameters of statements.
    pub(crate) fn options(&self) -> String {
        let own = OWN_DEFAULTS.map(|(name, value)| format!(" -c {name}={value}")).concat();
        format!("-c bevy_session.token={}{own}", self.secret)
    }

    /// Returns what the database knows of it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.secret.as_bytes()).as_ref().to_vec()
    }
}

impl fmt::Debug for ShareToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ShareToken").field("session", &self.session).finish_non_exhaustive()
    }
}

impl FromStr for ShareToken {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let (session, secret) = text.trim().split_once('.').ok_or(NoToken)?;
        // It stands in the options of a connection, where other letters would have a meaning.
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if secret.len() != 2 * BYTES || !secret.bytes().all(is_digit) {
            return Err(NoToken);
        }
        Ok(Self { session: session.parse().map_err(|_| NoToken)?, secret: secret.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_shown_by_nothing_else() {
        let token = ShareToken::new(SessionId::random()).unwrap();
        let text = token.reveal();
        assert_eq!(format!("{text}\n").parse(), Ok(token.clone()));
        let (session, secret) = text.split_once('.').unwrap();
        assert!(!format!("{token:?}").contains(secret) && format!("{token:?}").contains(session));
        assert_ne!(ShareToken::new(token.session()).unwrap(), token);
    }

    #[test]
    fn malformed_share_tokens_are_refused_without_being_shown() {
        let text = ShareToken::new(SessionId::random()).unwrap().reveal();
        for other in [
            String::new(),
            text.replace('.', ""),
            text[..text.len() - 1].to_owned(),
            format!("{text}0"),
            text.to_uppercase(),
            format!("{} -c role=x", &text[..text.len() - 10]),
            format!("x{text}"),
        ] {
            let error = other.parse::<ShareToken>().unwrap_err();
            assert_eq!(
                format!("{error} {error:?}"),
                "it isn't the token of a shared session NoToken"
            );
        }
    }
}
