//! Quit on macOS: by Cmd+Q, the menu, the Dock, a log-off or a shutdown.
//!
//! All of them call `-[NSApplication terminate:]`, which ends the process from within: the event
//! loop never returns, Bevy sends no `AppExit`, and no frame runs any more. So it is replaced by
//! one that asks the apps to exit, and returns: they see that in their next frame, take their last
//! checkpoint, and the event loop ends in order. The system continues a log-off once the process
//! has exited; a delegate that refused the first time, and asked again later, would cancel it. A
//! second Quit is AppKit's own, and ends the process at once.
//!
//! AppKit has no safe way to run code before it ends a process.

#![expect(unsafe_code, reason = "a method of AppKit is replaced, by one of the same signature")]

use std::mem::transmute;
use std::sync::OnceLock;

use objc2::runtime::{AnyClass, AnyObject, Imp, Sel};
use objc2::sel;
use tracing::debug;

use super::apps::{Asked, ask};

/// `- (void)terminate:(id)sender`
type Terminate = unsafe extern "C-unwind" fn(&AnyObject, Sel, *mut AnyObject);

/// AppKit's implementation of Quit.
static APPKITS: OnceLock<Terminate> = OnceLock::new();

/// Replaces AppKit's method, once. In a program without AppKit, such as a server or a tool, nothing
/// is replaced.
pub(super) fn install() {
    let class = AnyClass::get(c"NSApplication");
    let Some(method) = class.and_then(|class| class.instance_method(sel!(terminate:))) else {
        debug!("no AppKit here: nothing but signals asks this program to exit");
        return;
    };
    // SAFETY: the type is the signature of this method, by which its implementation is called.
    let appkits = unsafe { transmute::<Imp, Terminate>(method.implementation()) };
    if APPKITS.set(appkits).is_err() {
        return;
    }
    // SAFETY: pointers to functions are of one size, and it is called by its signature again.
    let ours = unsafe { transmute::<Terminate, Imp>(terminate) };
    // SAFETY: it has the method's signature, takes any sender, and lives as long as the program.
    unsafe { method.set_implementation(ours) };
}

/// Called by AppKit on the main thread, between two frames.
unsafe extern "C-unwind" fn terminate(app: &AnyObject, command: Sel, sender: *mut AnyObject) {
    if ask(|_| true) == Asked::ForTheFirstTime {
        return;
    }
    // Nobody is left to ask, or everybody was asked before.
    if let Some(appkits) = APPKITS.get() {
        // SAFETY: it is passed what it would have been.
        unsafe { appkits(app, command, sender) }
    }
}
