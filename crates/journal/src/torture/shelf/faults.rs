//! Edits of sessions while the disk fails.

use crate::disk::simulated_disk::{Fault, FaultKind};
use crate::torture::Play;

/// Lets each operation of what is done fail, in every way, and once the disk is well again looks at the outcome.
/// Returns the number of faults.
pub(super) fn after_each_fault<T>(
    lasting: &[bool],
    begin: impl Fn() -> Play,
    mut act: impl FnMut(&mut Play) -> T,
    mut look: impl FnMut(&mut Play, T, &str),
) -> usize {
    let mut whole = begin();
    let from = whole.disk.operations().len();
    act(&mut whole);
    let operations = whole.disk.operations().split_off(from);
    let mut faults = 0;
    for (offset, operation) in operations.into_iter().enumerate() {
        for kind in FaultKind::ALL.into_iter().filter(|kind| kind.befalls(operation)) {
            for for_ever in lasting.iter().copied() {
                let mut play = begin();
                let at = play.disk.operations().len() + offset;
                play.disk.fail(Fault { at, kind, for_ever });
                let result = act(&mut play);
                play.disk.heal();
                faults += 1;
                look(&mut play, result, &format!("{kind:?} at {offset}"));
            }
        }
    }
    faults
}
