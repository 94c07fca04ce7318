//! The features that can be switched off without losing progress.

use std::fmt;

/// Something that can be switched off, in a game that runs and for a start: checkpoints are taken and restored without it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum SessionFeature {
    /// `pictures`: small pictures of the screen beside checkpoints.
    Pictures,
    /// `events`: recording what the game records. The plugin's own lifecycle events are still noted. A crash then
    /// brings back the newest checkpoint, and nothing that came after it. Once it is on again, recording begins with
    /// the next checkpoint, which is taken within a second or so.
    Events,
    /// `retention`: removing old checkpoints, branches, recorded events, and sessions in the trash whose time is over.
    /// Sessions take more and more room then, and on a full disk none is made. The game and its player can still remove
    /// and replace.
    Retention,
    /// `index`: believing the index of sessions, and writing it. Each start reads all sessions then.
    Index,
    /// `digests`: what is made of the history of each session, such as insights.
    Digests,
}

impl SessionFeature {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Pictures, Self::Events, Self::Retention, Self::Index, Self::Digests];

    /// Its name, as the environment variable `BEVY_SESSION_OFF` has it: one word in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Events => "events",
            Self::Retention => "retention",
            Self::Index => "index",
            Self::Digests => "digests",
        }
    }
}

impl fmt::Display for SessionFeature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
