//! Checks that there is a screen to play on.

use std::env;

/// Advice on a missing screen, in a sentence; `None` if there is one.
pub fn missing() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let Some(display) = env::var("DISPLAY").ok().filter(|display| !display.is_empty()) else {
        return Some(
            "There is no X11 display here: start the game from a desktop, or with \
             `xvfb-run` (packages xvfb and mesa-vulkan-drivers)."
                .to_owned(),
        );
    };
    let is_there = answers(&display);
    (!is_there).then(|| {
        format!("No X11 server answers at DISPLAY={display}: start one, or use `xvfb-run`.")
    })
}

/// True if a display server answers. A display on another machine isn't asked.
#[cfg(unix)]
fn answers(display: &str) -> bool {
    use std::os::unix::net::UnixStream;

    let Some(number) = display.strip_prefix(':').and_then(|rest| rest.split('.').next()) else {
        return true;
    };
    UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).is_ok()
}

#[cfg(not(unix))]
fn answers(_: &str) -> bool {
    true
}
