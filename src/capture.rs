//! Saved data on its way out of the world.
//!
//! Two halves that meet in a [`Capture`]. On the main thread, [`record`] copies what changed since
//! the last capture into typed columns, and nothing else. On the writer's thread, [`encode`] gives
//! entities their ids in the session, writes values as MessagePack and hands blocks to the journal.
//! Neither knows of files.

mod app_ext;
mod build;
mod checkpoint_edit;
mod checkpoint_migration;
mod declaration;
mod descendants;
mod drift;
mod encode;
mod engine_moves;
mod former_names;
mod game_clock;
mod history;
mod in_chapter;
mod late_calls;
mod migrations;
mod personal;
mod placed;
mod problem;
mod record;
mod reflect_saved;
mod saveable;
mod saved_type;
mod state_log;
mod type_paths;
mod types;
mod unsaved;

#[cfg(test)]
pub(crate) mod test_kit;
#[cfg(test)]
mod tests;

pub use app_ext::SessionAppExt;
pub use checkpoint_edit::{CheckpointEdit, CheckpointEditError};
pub use drift::DriftedType;
pub use in_chapter::InChapter;
pub use migrations::Migrations;
pub use placed::{SaveKey, SaveScope};
pub use problem::{TypeProblem, TypeProblemReason};
pub use reflect_saved::ReflectSaved;
pub use saveable::{Saveable, SaveableState};
pub use unsaved::Unsaved;

pub(crate) use unsaved::{UnsavedMarkers, Unsettled};

pub(crate) use build::Build;
pub(crate) use checkpoint_edit::{EditedRow, EditedRows};
pub(crate) use checkpoint_migration::CheckpointMigration;
pub(crate) use declaration::{BeforeExit, Declarations, watch_saved_states};
pub(crate) use drift::drift_between;
#[cfg(test)]
pub(crate) use encode::EncodeFailureReason;
pub(crate) use encode::{
    Carried, ClaimedRows, EncodeFailure, Encoder, KeyedIds, NamedOrder, Settled, WrittenRows,
    put_in_place,
};
#[cfg(test)]
pub(crate) use encode::{Encoded, EncodedFacts};
pub(crate) use game_clock::{clock_of, set_clock};
pub(crate) use history::{Form, TypeHistory};
pub(crate) use late_calls::LateCalls;
pub(crate) use placed::{Parking, Placed, follow_state_scopes};
pub(crate) use record::{
    Capture, CaptureScope, ClosingStates, Known, Recorder, Related, StatesBeingLeft, WaysOut,
    hanging_from, is_about_to_leave, leads_out, ties_to,
};
pub(crate) use state_log::StateLog;
pub(crate) use type_paths::{crate_of, is_crate_of_engine, type_path_of};
pub(crate) use types::SavedTypes;
