//! Work on several threads that aren't the engine's.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// Does the same to each item on several threads, including this one. Returns the results, in the
/// order of the items.
///
/// The threads live as long as the work. On the threads of Bevy's pools, the work would delay the
/// game's systems, which run there meanwhile, or wait behind the game's background tasks. As many
/// threads as Bevy gives its systems share the work with this one.
pub(super) fn side_by_side<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let helpers = (cores / 2).max(1).min(items.len().saturating_sub(1));
    let items = Mutex::new(items.into_iter().enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take_part = || {
        let mut done = Vec::new();
        while let Some((place, item)) = next() {
            done.push((place, work(item)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        // Where there can be no threads, this one does all of it.
        let helpers = (0..helpers).filter_map(|_| {
            Builder::new().name("session restore".to_owned()).spawn_scoped(scope, take_part).ok()
        });
        let helpers: Vec<_> = helpers.collect();
        let mut done = take_part();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
