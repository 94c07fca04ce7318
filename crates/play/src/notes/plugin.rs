//! Puts it together.

use bevy::prelude::*;
use bevy_session::events::RecordingExt;
use bevy_session::{SessionAppExt, SessionLast, SessionSystems};

use super::attachments::{Fallen, forget_taken_down};
use super::board::Notes;
use super::bookmarks::{
    Bookmarks, give_up_failed, give_up_rejected, give_up_replaced, write_saved,
};
use super::change::NoteChange;
use super::frame::{Mentioned, begin_with_session, go_on, settle_restored};
use super::requests::{NoteRejected, NoteRequests};
use crate::line::{HandedOut, keep_through_restores};
use crate::{CrewPlugin, CrewSystems};

/// Notes for the sessions of `bevy_session`, whose [`SessionPlugin`](bevy_session::SessionPlugin) is needed as well.
/// It adds [`CrewPlugin`], since notes are written by players. Adding it twice does no harm.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotesPlugin;

/// The step of a frame in which requests about notes are done, and mentions are passed on.
///
/// Runs in [`SessionLast`], after [`CrewSystems`] and before [`SessionSystems::Requests`]. What a system before it asks for
/// is done in the same frame.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoteSystems;

impl Plugin for NotesPlugin {
    fn build(&self, app: &mut App) {
        if app.world().contains_resource::<NoteRequests>() {
            return;
        }
        app.add_plugins(CrewPlugin)
            .init_resource::<Notes>()
            .init_resource::<NoteRequests>()
            .init_resource::<HandedOut<NoteChange>>()
            .register_type::<Notes>()
            .add_message::<NoteChange>()
            .add_message::<NoteRejected>()
            .add_message::<Mentioned>()
            .init_resource::<Bookmarks>()
            .init_resource::<Fallen>()
            .add_observer(forget_taken_down)
            .add_observer(begin_with_session)
            .add_observer(write_saved)
            .add_observer(give_up_failed)
            .add_observer(give_up_rejected)
            .add_observer(give_up_replaced);
        keep_through_restores::<Notes>(app, settle_restored);
        app.personal::<Notes>();
        app.record_messages::<NoteChange>().personal().replay_after_restore();
        app.configure_sets(
            SessionLast,
            NoteSystems.after(CrewSystems).before(SessionSystems::Requests),
        )
        .add_systems(SessionLast, go_on.in_set(NoteSystems));
    }

    fn is_unique(&self) -> bool {
        false
    }
}
