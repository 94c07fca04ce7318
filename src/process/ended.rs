//! How a process ended, told from the record that it left.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::between;
use crate::store::{PanicInfo, ProcessRecord};

/// A process whose heart went on beating for this long after its last frame wasn't responding.
const NOT_RESPONDING_AFTER: Duration = Duration::from_secs(5);

/// How a process ended.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum HowItEnded {
    /// It was told to exit, by the game or a signal. If the exit was slow or interrupted, its last
    /// checkpoint may be missing.
    Exited,
    /// It panicked.
    Crashed(PanicInfo),
    /// It left no word: killed, a crash in native code, `process::exit`, or the power went.
    Abnormal {
        /// Whether the machine was started anew since, so that the power or the system may be to
        /// blame.
        machine_restarted: bool,
    },
    /// It drew no frame for a while, and then was killed.
    NotResponding,
    /// It ran on another machine, which may still be playing.
    Elsewhere,
}

/// Tells how the process of `record` ended, once it is known to be gone.
pub(crate) fn how_it_ended(record: &ProcessRecord, boot_now: &str) -> HowItEnded {
    if record.exiting.is_some() {
        return HowItEnded::Exited;
    }
    if let Some(panic) = &record.panic {
        return HowItEnded::Crashed(panic.clone());
    }
    let last_frame = record.last_frame.unwrap_or(record.started);
    let usual = Duration::from_millis(record.frame_gap).saturating_mul(4);
    if between(last_frame, record.heartbeat) >= NOT_RESPONDING_AFTER.saturating_add(usual) {
        return HowItEnded::NotResponding;
    }
    HowItEnded::Abnormal { machine_restarted: record.boot != boot_now }
}

/// The last moment at which the process of `record` is known to have lived.
pub(crate) fn time_of_death(record: &ProcessRecord) -> Timestamp {
    let panic = record.panic.as_ref().map(|panic| panic.time);
    panic.unwrap_or(record.heartbeat).max(record.exiting.unwrap_or(Timestamp::MIN))
}
