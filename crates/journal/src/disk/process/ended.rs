//! The end of a process, by the record that it left.

use std::time::Duration;

use jiff::Timestamp;

use crate::disk::{PanicInfo, ProcessRecord};
use crate::model::clock::between;

/// A process whose heart still beat for this long after its last frame wasn't responding.
const NOT_RESPONDING_AFTER: Duration = Duration::from_secs(5);

/// The end of a process.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum HowItEnded {
    /// It was asked to exit, by the game or a signal. If the exit was slow or interrupted, its last
    /// checkpoint may be missing.
    Exited,
    /// It panicked.
    Crashed(PanicInfo),
    /// It left no word: killed, a crash in native code, `process::exit`, or the power went.
    Abnormal {
        /// True if the machine was started again since, so that the power or the system may be to blame.
        machine_restarted: bool,
    },
    /// It drew no frame for a while, and then was killed.
    NotResponding,
    /// It ran on another machine, or the file system has no locks: it may still be playing.
    Elsewhere,
}

impl HowItEnded {
    /// Its name in records: `exited`, `panicked`, `killed`, `machine_restarted`, `not_responding` or `elsewhere`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Crashed(_) => "panicked",
            Self::Abnormal { machine_restarted: false } => "killed",
            Self::Abnormal { machine_restarted: true } => "machine_restarted",
            Self::NotResponding => "not_responding",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// The panic, if it was one.
    #[must_use]
    pub fn panic(&self) -> Option<&PanicInfo> {
        match self {
            Self::Crashed(panic) => Some(panic),
            _ => None,
        }
    }
}

/// The end of the process of `record`, once it is known to be gone.
pub fn how_it_ended(record: &ProcessRecord, boot_now: &str) -> HowItEnded {
    let usual = Duration::from_millis(record.frame_gap).saturating_mul(4);
    let patience = NOT_RESPONDING_AFTER.saturating_add(usual);
    let last_frame = record.last_frame.unwrap_or(record.started);
    if let Some(exiting) = record.exiting {
        // A signal that a hanging game never answered is no exit.
        let was_hanging = between(last_frame, exiting) >= patience;
        return if was_hanging { HowItEnded::NotResponding } else { HowItEnded::Exited };
    }
    if let Some(panic) = &record.panic {
        return HowItEnded::Crashed(panic.clone());
    }
    if between(last_frame, record.heartbeat) >= patience {
        return HowItEnded::NotResponding;
    }
    HowItEnded::Abnormal { machine_restarted: record.boot != boot_now }
}

/// The last moment at which the process of `record` is known to have lived.
pub fn time_of_death(record: &ProcessRecord) -> Timestamp {
    let panic = record.panic.as_ref().map(|panic| panic.time);
    panic.unwrap_or(record.heartbeat).max(record.exiting.unwrap_or(Timestamp::MIN))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::disk::ProcessId;

    /// A process that drew a frame every 16 ms, the last one `silent` seconds before its heart
    /// stopped.
    fn record(silent: i64) -> ProcessRecord {
        let heartbeat = Timestamp::from_second(1_000).unwrap();
        ProcessRecord {
            boot: "this".to_owned(),
            heartbeat,
            last_frame: Some(heartbeat - SignedDuration::from_secs(silent)),
            frame_gap: 16,
            ..ProcessRecord::begun(ProcessId(1), Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_game_that_drew_no_frame_for_long_was_not_responding() {
        assert_eq!(how_it_ended(&record(20), "this"), HowItEnded::NotResponding);
        let killed = HowItEnded::Abnormal { machine_restarted: false };
        assert_eq!(how_it_ended(&record(1), "this"), killed);
    }

    #[test]
    fn a_game_that_draws_a_frame_a_minute_in_the_background_is_not_hanging() {
        let background = ProcessRecord { frame_gap: 60_000, ..record(50) };
        let killed = HowItEnded::Abnormal { machine_restarted: false };
        assert_eq!(how_it_ended(&background, "this"), killed);
    }

    #[test]
    fn a_signal_that_a_hanging_game_never_answered_is_no_exit() {
        let hanging = record(20);
        let asked = ProcessRecord { exiting: Some(hanging.heartbeat), ..hanging };
        assert_eq!(how_it_ended(&asked, "this"), HowItEnded::NotResponding);
        let playing = record(0);
        let asked = ProcessRecord { exiting: Some(playing.heartbeat), ..playing };
        assert_eq!(how_it_ended(&asked, "this"), HowItEnded::Exited);
    }

    #[test]
    fn a_changed_boot_id_means_that_the_machine_restarted() {
        let lost = HowItEnded::Abnormal { machine_restarted: true };
        assert_eq!(how_it_ended(&record(1), "another"), lost);
    }
}
