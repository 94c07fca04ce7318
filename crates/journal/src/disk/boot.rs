//! The boot of this machine.

/// Seconds that [`boot_id`] rounds to where it has to go by a clock.
#[cfg(not(target_os = "android"))]
const ROUNDED_TO_SECONDS: u64 = 60;

/// Text that is the same for as long as the machine runs, and another after it restarted.
///
/// A process of another boot can't be alive, and when one left no end, the machine may have stopped
/// rather than the game. On Linux and Android the kernel draws a random id for each boot. Elsewhere it is the
/// time of the boot, rounded to a minute because clocks are adjusted; an adjustment across the edge
/// of a minute looks like a restart, so a difference is a hint and no proof. Empty where the
/// platform says nothing.
pub fn boot_id() -> String {
    kernel_boot_id().or_else(boot_minute).unwrap_or_default()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(clippy::disallowed_methods, reason = "the kernel answers through a file")]
fn kernel_boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = text.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn kernel_boot_id() -> Option<String> {
    None
}

/// Android keeps the time of its boot from apps, and what is read instead is how long it has been up: of each minute
/// another boot.
#[cfg(target_os = "android")]
fn boot_minute() -> Option<String> {
    None
}

#[cfg(not(target_os = "android"))]
fn boot_minute() -> Option<String> {
    let seconds = sysinfo::System::boot_time().ok().filter(|seconds| *seconds != 0)?;
    let minute = (seconds + ROUNDED_TO_SECONDS / 2) / ROUNDED_TO_SECONDS;
    Some(format!("minute-{minute}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_keeps_its_id() {
        assert_eq!(boot_id(), boot_id());
    }
}
