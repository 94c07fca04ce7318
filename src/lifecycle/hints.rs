//! Hints: reasons why the plugin doesn't do what a game expects of it, in plain words.
//!
//! A reason why the plugin doesn't do what a game expects is reported in the log, as `HintGiven`,
//! and in `SessionHints`, which panel, doctor and test kit read. All hints go through `give_hint`
//! in `lifecycle/hints.rs`, which gives each once in a session. `hints/watch.rs` runs once a frame
//! and reads counters only. `doctor/running.rs` reads a few values after each checkpoint, of types
//! that may hold entities. The report of a restore names what could not be restored
//! (`hints/restored.rs`). `restore/reappearance.rs` notes in the world what entities had before the
//! restore; after ten seconds of play the two are compared by sorts: entities on which the same
//! types of the game are saved. None of this depends on debug assertions. `LateCalls` refuses calls
//! that come after the app was resolved.

mod about_data;
mod hint;
mod ignored;
mod restored;
mod second_level;
mod watch;
mod watched;

use std::fmt;

use bevy::prelude::*;
use bevy_session_journal::Code;
use tracing::warn;

use super::notifications::{HintGiven, notify};

pub use hint::SessionHint;
pub(crate) use ignored::IgnoredTypes;
pub(crate) use restored::hint_at_dangling;
pub(crate) use second_level::LevelIsFollowed;
pub(super) use second_level::{follow_level, look_after_states, look_before_states};
pub(super) use watch::give_hints;
pub(crate) use watched::HintWatch;

/// The reasons why the plugin doesn't do what the game probably expects of it: a gate that stays
/// shut, a session in which no entity is saved, a call that came too late.
///
/// Each hint is given once: in the log, as [`HintGiven`](crate::hints::HintGiven), and here. The
/// hint of a shut gate or of unsaved entities is removed when its cause is gone; other hints about
/// a session are removed with the session.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::hints::SessionHints;
///
/// fn show(hints: Res<SessionHints>) {
///     for hint in hints.iter() {
///         println!("{hint}");
///     }
/// }
/// # bevy::ecs::system::assert_is_system(show);
/// ```
#[derive(Resource, Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct SessionHints {
    standing: Vec<SessionHint>,
    /// Hints given since the session began, though their cause may be gone.
    said: Vec<SessionHint>,
}

impl SessionHints {
    /// The hints, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &SessionHint> {
        self.standing.iter()
    }

    /// Returns true if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Another session begins: hints about the previous one no longer hold, or have to be given
    /// again.
    fn begin_session(&mut self) {
        self.standing.retain(|hint| !hint.is_of_session());
        self.said.retain(|hint| !hint.is_of_session());
    }

    /// The cause of these is gone.
    fn take_back(&mut self, is_gone: impl Fn(&SessionHint) -> bool) {
        self.standing.retain(|hint| !is_gone(hint));
    }
}

/// Gives a hint, unless it was given before in this session.
pub fn give_hint(world: &mut World, hint: SessionHint) {
    let mut hints = world.get_resource_or_init::<SessionHints>();
    if hints.said.iter().any(|said| said.is_about_the_same_as(&hint)) {
        return;
    }
    hints.said.push(hint.clone());
    hints.standing.push(hint.clone());
    warn!("{}", line_of(hint.code(), &hint));
    notify(world, HintGiven { hint });
}

/// The line of a hint or finding in the log: its code, its text, and the page that explains it.
pub(crate) fn line_of(code: Code, text: impl fmt::Display) -> String {
    format!("{code}: {text} ({})", code.page())
}
