//! Where systemd listens, and for what.

use std::env;
use std::ffi::OsString;
use std::process;
use std::time::Duration;

/// The service manager that started this process.
#[derive(Clone, Debug)]
pub(super) struct Manager {
    pub socket: OsString,
    /// The time within which it expects a sign of life; `None` if it doesn't watch.
    pub watchdog: Option<Duration>,
}

impl Manager {
    /// The one that the environment names; `None` if there is none.
    pub fn of_environment() -> Option<Self> {
        let socket = env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())?;
        let text = |name: &str| env::var(name).ok();
        let watchdog = watchdog(text("WATCHDOG_USEC").as_deref(), text("WATCHDOG_PID").as_deref());
        Some(Self { socket, watchdog })
    }
}

/// The time that a watchdog allows. One of another process, such as of a parent, isn't ours.
fn watchdog(micros: Option<&str>, process: Option<&str>) -> Option<Duration> {
    let is_ours = process.is_none_or(|id| id.parse() == Ok(process::id()));
    let micros = micros?.parse().ok().filter(|micros| is_ours && *micros > 0)?;
    Some(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_watchdog_of_this_process_counts() {
        let second = Some(Duration::from_secs(1));
        let (this, other) = (process::id().to_string(), (process::id() + 1).to_string());
        assert_eq!(watchdog(Some("1000000"), None), second);
        assert_eq!(watchdog(Some("1000000"), Some(&this)), second);
        assert_eq!(watchdog(Some("1000000"), Some(&other)), None);
        for nonsense in [None, Some(""), Some("0"), Some("-1"), Some("soon")] {
            assert_eq!(watchdog(nonsense, None), None, "{nonsense:?}");
        }
    }
}
