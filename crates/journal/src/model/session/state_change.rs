//! One change of a saved state.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::context::cut_in_place;
use crate::model::ids::limits;

/// One change of a saved state, as it is recorded in the session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct StateChange {
    /// The state's type, without its module.
    pub state: String,
    /// The state before, as `Debug` writes it, up to 4 KiB; `None` for a sub-state that didn't exist.
    pub from: Option<String>,
    /// The state after; `None` for a sub-state that ceased to exist.
    pub to: Option<String>,
    /// Play time at that moment.
    #[serde(with = "crate::model::session::milliseconds")]
    pub play_time: Duration,
}

impl StateChange {
    /// A change of a state of this name, at a moment that is filled in later.
    #[doc(hidden)]
    #[must_use]
    pub fn new(state: String, from: Option<String>, to: Option<String>) -> Self {
        let (from, to) = (from.map(cut), to.map(cut));
        Self { state, from, to, play_time: Duration::ZERO }
    }
}

/// A state's text, which may be a whole level's, cut to what each checkpoint has room for.
fn cut(mut text: String) -> String {
    cut_in_place(&mut text, limits::STRING_BYTES);
    text
}
