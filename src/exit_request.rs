//! What asks this process to exit: sets a flag that the process record watches.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::watch;
#[cfg(windows)]
pub(crate) use windows::watch;

/// Elsewhere nothing asks a process to exit.
#[cfg(not(any(unix, windows)))]
pub(crate) fn watch(
    _: &std::sync::Arc<std::sync::atomic::AtomicBool>,
    _: bool,
) -> std::io::Result<()> {
    Ok(())
}
