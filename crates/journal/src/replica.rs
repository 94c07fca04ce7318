//! A session's files on other machines than its own: stores, and the protocol by which one owner at a time writes there.
//!
//! The chapter *Replicas* of `docs/FORMAT.md` states the protocol sentence by sentence; `Sentence` names them. A
//! [`ReplicaStore`] has one primitive, *create if absent*. All else is built on that: a `Claimant` takes an epoch and
//! seals those before it, an `Owner` appends entries to it, and a `Log` is what was read of all of them. Entries
//! change `Files`, so that what a replica holds is at each moment a set of files, and `fetch` puts it where today's
//! planner opens it. The procedures wait for a store through `Reach`, which the simulator stands in for.

mod arrival;
mod catalogue;
mod catch_up;
mod claim;
mod compaction;
mod comparison;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "tests")]
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod directory_store;
mod entry;
mod extents;
mod fetch;
mod files;
mod keeper;
mod keeper_link;
mod keys;
mod log;
#[cfg(test)]
mod machines;
mod memory_store;
mod mirror;
mod owner;
mod pause;
mod pruning;
mod reach;
mod recorder;
mod removal;
mod sentence;
mod shipper;
#[cfg(test)]
mod shipper_tests;
#[cfg(test)]
mod simulator;
mod source;
mod store;
#[cfg(test)]
mod store_tests;
mod survey;
mod tail;
#[cfg(test)]
mod tests;
mod watch;

pub use catalogue::CatalogueLine;
pub use directory_store::DirectoryReplica;
pub use keys::{Epoch, Key, Position};
pub use memory_store::MemoryReplica;
pub use store::{Created, Listing, Pace, ReplicaStore, StoreFault};

// Made for `bevy_session`, without a promise of stability.
#[doc(hidden)]
pub use arrival::ArrivalError;
#[doc(hidden)]
pub use catch_up::CatchUp;
#[doc(hidden)]
pub use claim::{Claim, ClaimError, ClaimId, Claimant};
#[doc(hidden)]
pub use comparison::{CompareError, Difference, Mark, Standing, compare, difference};
#[doc(hidden)]
pub use entry::{Body, Change, Entry, EntryError, MAX_PAYLOAD};
#[doc(hidden)]
pub use fetch::{FetchError, Receiver, fetch};
#[doc(hidden)]
pub use files::{Extent, FileName, FileState, Files, ReplayError};
#[doc(hidden)]
pub use keeper::{Keeper, KeeperOptions, Patience, Readiness, ReplicaOrder, ReplicaReport};
#[doc(hidden)]
pub use keeper_link::{Driven, KeeperLink, Link, MirrorLink};
#[doc(hidden)]
pub use log::{Log, ReadError};
#[doc(hidden)]
pub use mirror::{
    Mirror, MirrorKeeper, MirrorNews, MirrorOptions, MirrorOrder, MirrorOver, MirrorReport, Side,
    Unmirrored,
};
#[doc(hidden)]
pub use owner::{Outcome, Owner, Trouble};
#[doc(hidden)]
pub use reach::{Direct, Reach, block_on};
#[doc(hidden)]
pub use recorder::{Happened, RecordedFiles, Recorder, Recorders, RecordingDisk, SessionFiles};
pub(crate) use removal::Removing;
#[doc(hidden)]
pub use removal::{Clearing, clear_removed};
#[doc(hidden)]
pub use shipper::{Over, ReplicaNews, Shipper, ShipperOptions};
#[doc(hidden)]
pub use source::Source;
pub use survey::{ReplicaOwner, ReplicaSession};
#[doc(hidden)]
pub use tail::{Tail, TailError, Tailed};
#[doc(hidden)]
pub use watch::{Watch, Watcher};

use sentence::Sentence;
