//! Exit requests to this process: they set a flag that the process record watches.

#[cfg(any(windows, all(target_os = "macos", feature = "window"), test))]
mod apps;
#[cfg(all(target_os = "macos", feature = "window"))]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(all(unix, not(all(target_os = "macos", feature = "window"))))]
pub(crate) use unix::watch;
#[cfg(windows)]
pub(crate) use windows::watch;

/// From now on, `asked` is set when the process is asked to exit, by a signal or by Quit. A second
/// request ends it at once.
///
/// If Bevy handles Ctrl-C itself, `also_interrupt` is `false`, and it is left to Bevy.
#[cfg(all(target_os = "macos", feature = "window"))]
pub(crate) fn watch(
    asked: &std::sync::Arc<std::sync::atomic::AtomicBool>,
    also_interrupt: bool,
) -> std::io::Result<()> {
    static QUIT: std::sync::Once = std::sync::Once::new();
    apps::add(asked, also_interrupt);
    QUIT.call_once(macos::install);
    unix::watch(asked, also_interrupt)
}

/// Elsewhere nothing asks a process to exit.
#[cfg(not(any(unix, windows)))]
pub(crate) fn watch(
    _: &std::sync::Arc<std::sync::atomic::AtomicBool>,
    _: bool,
) -> std::io::Result<()> {
    Ok(())
}
