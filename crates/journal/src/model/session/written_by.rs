//! The version that wrote a file.

use std::fmt;

/// The version of the format, and of the game, that wrote a file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub struct WrittenBy {
    /// Major version of the format on disk. Another one than this crate's is never read.
    pub major: u16,
    /// Minor version of the format on disk. A newer one is read, unless the file needs a feature that this crate
    /// doesn't know.
    pub minor: u16,
    /// Version of the game; `None` if the file doesn't say.
    pub game_version: Option<String>,
}

impl WrittenBy {
    pub(crate) fn new(major: u16, minor: u16, game_version: &str) -> Self {
        let game_version = Some(game_version.to_owned()).filter(|version| !version.is_empty());
        Self { major, minor, game_version }
    }
}

impl fmt::Display for WrittenBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, game_version } = self;
        write!(formatter, "format {major}.{minor}")?;
        match game_version {
            Some(version) => write!(formatter, ", game version {version}"),
            None => Ok(()),
        }
    }
}
