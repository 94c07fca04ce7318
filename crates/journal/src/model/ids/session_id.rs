//! The identity of a session.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::identity::identity;

identity! {
    /// Identifies one play-through, for ever and on every machine.
    ///
    /// A version 7 UUID, so ids sort by the time at which sessions were created.
    pub struct SessionId(Uuid);
}

impl SessionId {
    /// Draws a new id, unique without coordination.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as the UUID that it is.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for SessionId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_id_survives_its_text_form() {
        let id = SessionId::random();
        assert_eq!(id.to_string().parse::<SessionId>(), Ok(id));
    }
}
