//! A failure that the game survived.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::session::cut;

/// Bytes of each text that a record keeps.
const TEXT_BYTES: usize = 2_048;

/// An error or a panic of the game's own code that it survived, since its error handler decided so.
///
/// The world is from then on as the failure left it: a system that fails in its middle has done half of its work.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct SurvivedFailure {
    /// The code that failed, as `system hop::combat::strike`. Bevy knows names with its feature `debug` alone.
    #[serde(default)]
    pub of: String,
    /// The error, in the words of its `Display`.
    #[serde(default)]
    pub error: String,
    /// True if it was a panic.
    #[serde(default)]
    pub panicked: bool,
    /// The frame, counted from 0 since the process was started.
    #[serde(default)]
    pub frame: u64,
    /// The moment at which that frame ended.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub at: Timestamp,
    /// Failures of this process until then, this one included.
    #[serde(default)]
    pub count: u64,
}

impl SurvivedFailure {
    /// One that happened in the frame that ends now. Its frame and its count are 0.
    #[doc(hidden)]
    #[must_use]
    pub fn new(of: String, error: String, panicked: bool, now: Timestamp) -> Self {
        Self { of, error, panicked, frame: 0, at: now, count: 0 }
    }

    /// The same with its texts cut to what a record has room for.
    pub(super) fn bounded(&self) -> Self {
        let short = |text: &str| cut(text, TEXT_BYTES).to_owned();
        Self { of: short(&self.of), error: short(&self.error), ..self.clone() }
    }
}
