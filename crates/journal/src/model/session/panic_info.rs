//! A panic, as it is written down.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cut;

/// Bytes of a panic's message or place that are kept.
const TEXT_BYTES: usize = 8 << 10;
/// Bytes of a panic's backtrace that are kept.
const BACKTRACE_BYTES: usize = 64 << 10;

/// Bytes of each text of a panic that are kept in a session's journal, which is read at each start.
const TEXT_BYTES_IN_JOURNAL: usize = 2 << 10;

/// A panic, as the hook saw it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct PanicInfo {
    /// The message of the panic.
    pub message: String,
    /// File, line and column.
    #[serde(default)]
    pub place: Option<String>,
    /// The name of the thread.
    #[serde(default)]
    pub thread: Option<String>,
    /// The call stack, if one was captured.
    #[serde(default)]
    pub backtrace: Option<String>,
    /// The time of the panic, by the machine's clock.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub time: Timestamp,
}

impl PanicInfo {
    /// The same with its texts cut to what is kept of them.
    pub(crate) fn bounded(&self) -> Self {
        self.cut_to(TEXT_BYTES, BACKTRACE_BYTES)
    }

    /// The same with its texts cut to what a journal keeps of them.
    pub(crate) fn brief(&self) -> Self {
        self.cut_to(TEXT_BYTES_IN_JOURNAL, TEXT_BYTES_IN_JOURNAL)
    }

    fn cut_to(&self, text_bytes: usize, backtrace_bytes: usize) -> Self {
        let short = |text: &String| cut(text, text_bytes).to_owned();
        Self {
            message: short(&self.message),
            place: self.place.as_ref().map(short),
            thread: self.thread.as_ref().map(short),
            backtrace: self.backtrace.as_ref().map(|text| cut(text, backtrace_bytes).to_owned()),
            time: self.time,
        }
    }
}
