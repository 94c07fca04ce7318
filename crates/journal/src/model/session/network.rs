//! The network that a session is played over.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The network that a session is played over, as the game says: its kind and its region. It has no address.
///
/// ```
/// use bevy_session_journal::SessionNetwork;
///
/// assert_eq!(SessionNetwork::online("eu-west").to_string(), "online, eu-west");
/// assert_eq!(SessionNetwork::offline().to_string(), "offline");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct SessionNetwork {
    /// Its kind. Offline by default.
    #[serde(default)]
    pub kind: NetworkKind,
    /// The region in the game's own words, such as `eu-west`; may be empty. 512 bytes are kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
}

/// The kind of network that a session is played over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[serde(into = "&'static str", from = "String")]
#[non_exhaustive]
pub enum NetworkKind {
    /// None: nobody else takes part, or all at one machine.
    #[default]
    Offline,
    /// Machines that are connected directly, as at a party.
    Local,
    /// The Internet.
    Online,
    /// A kind that only a later version of this crate knows.
    Other,
}

impl NetworkKind {
    /// Its name in files and in the output of tools: `offline`, `local` or `online`; `other` of one that isn't known.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Local => "local",
            Self::Online => "online",
            Self::Other => "other",
        }
    }
}

impl From<NetworkKind> for &'static str {
    fn from(kind: NetworkKind) -> Self {
        kind.name()
    }
}

impl From<String> for NetworkKind {
    fn from(name: String) -> Self {
        let named = [Self::Offline, Self::Local, Self::Online];
        named.into_iter().find(|kind| kind.name() == name).unwrap_or(Self::Other)
    }
}

impl SessionNetwork {
    /// No network.
    #[must_use]
    pub fn offline() -> Self {
        Self::default()
    }

    /// Machines that are connected directly.
    #[must_use]
    pub fn local() -> Self {
        Self { kind: NetworkKind::Local, region: String::new() }
    }

    /// The Internet, with the region of the server or lobby; an empty one if it has none.
    #[must_use]
    pub fn online(region: impl Into<String>) -> Self {
        Self { kind: NetworkKind::Online, region: region.into() }
    }
}

impl fmt::Display for SessionNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.name())?;
        match self.region.as_str() {
            "" => Ok(()),
            region => write!(formatter, ", {region}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::SessionContext;

    #[test]
    fn networks_round_trip_and_an_unknown_kind_is_read_as_other() {
        for network in
            [SessionNetwork::offline(), SessionNetwork::local(), SessionNetwork::online("eu-west")]
        {
            let bytes = rmp_serde::to_vec_named(&network).unwrap();
            assert_eq!(rmp_serde::from_slice::<SessionNetwork>(&bytes).unwrap(), network);
        }
        let later = serde_json::json!({ "kind": "by_satellite", "region": "orbit" });
        let read: SessionNetwork = serde_json::from_value(later).unwrap();
        assert_eq!(read, SessionNetwork { kind: NetworkKind::Other, region: "orbit".to_owned() });
    }

    #[test]
    fn a_context_without_a_network_stores_none() {
        let bytes = rmp_serde::to_vec_named(&SessionContext::default()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("network"));
        assert_eq!(rmp_serde::from_slice::<SessionContext>(&bytes).unwrap().network, None);
    }
}
