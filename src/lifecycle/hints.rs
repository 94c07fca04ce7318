//! What keeps the plugin from doing what a game expects of it, in plain words.
//!
//! What keeps the plugin from doing what a game expects of it is said: in the log, as `HintGiven`, and in
//! `SessionHints`, which panel, doctor and kit read. All of it goes through `give_hint` in `lifecycle/hints.rs`,
//! which says nothing twice in a session. `hints/watch.rs` looks once a frame, at counters only.
//! `doctor/running.rs` looks at a few values after each checkpoint, of types that may hold entities. What a restore
//! could not put back is in its report (`hints/restored.rs`); what entities had before it is left in the world by
//! `restore/reappearance.rs`, and compared after ten seconds of play, by sorts: entities on which the same types of
//! the game are saved. Nothing of it depends on debug assertions. Calls that come after the app was resolved are
//! refused by `LateCalls`.

mod about_data;
mod hint;
mod ignored;
mod restored;
mod watch;
mod watched;

use bevy::prelude::*;
use tracing::warn;

use super::notifications::{HintGiven, notify};

pub use hint::SessionHint;
pub(crate) use ignored::IgnoredTypes;
pub(crate) use restored::hint_at_dangling;
pub(super) use watch::give_hints;
pub(crate) use watched::HintWatch;

/// What keeps the plugin from doing what the game probably expects of it: a gate that stays shut, a
/// session in which no entity is saved, a call that came too late.
///
/// Each hint is given once, in the log, as [`HintGiven`](crate::hints::HintGiven), and here. A gate that opens
/// and an entity that is saved take their hint back; the others about a session go with it.
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
    /// What was said since the session began, though its cause may be gone.
    said: Vec<SessionHint>,
}

impl SessionHints {
    /// The hints, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &SessionHint> {
        self.standing.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Another session begins: what was said of the one before is no longer true, or has to be said
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
    warn!("{}: {hint}", hint.code());
    notify(world, HintGiven { hint });
}
