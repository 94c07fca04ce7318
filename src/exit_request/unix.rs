//! Signals that ask the process to exit.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// From now on, `asked` is set when the process is asked to exit. A second signal of the same kind
/// ends it at once, so that a game which hangs on its way out can still be stopped.
///
/// If Bevy handles Ctrl-C itself, `also_interrupt` is `false` and SIGINT is left alone.
pub(crate) fn watch(asked: &Arc<AtomicBool>, also_interrupt: bool) -> io::Result<()> {
    let signals = if also_interrupt { &[SIGTERM, SIGINT][..] } else { &[SIGTERM][..] };
    for signal in signals {
        // The order matters: actions run as registered, so the first signal finds the flag unset.
        flag::register_conditional_shutdown(*signal, 128 + *signal, Arc::clone(asked))?;
        flag::register(*signal, Arc::clone(asked))?;
    }
    Ok(())
}
