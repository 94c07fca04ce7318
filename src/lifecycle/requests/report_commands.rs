//! Requests for reports, and for handing sessions on.

use std::path::PathBuf;

use super::{Request, SessionCommands, SlotRequest};
use crate::journal::SessionId;
use crate::session::Report;

impl SessionCommands<'_, '_> {
    /// Writes a report: one file that a player can send, and that a developer can open with
    /// `BEVY_SESSION=open:report.tar` to be where the player was.
    ///
    /// It holds a checkpoint, complete in itself, the newest recorded events, what is known of program and machine,
    /// and what the [`Report`] asks for. [`Report::now`] takes a checkpoint of this frame first; where
    /// a gate is closed, it is about the newest one that was taken.
    /// [`Report::of_last_run`] also says how that ended, with message, place and
    /// backtrace of a panic; see [`PreviousRun`](crate::PreviousRun).
    ///
    /// The file is an uncompressed tar archive, described in `docs/FORMAT.md`. It is made off the main thread,
    /// in a directory that exists, and never in the place of another file. Apart from the checkpoint it has 16 MiB
    /// at most; what had no room is named in it. Home directories, the name of the user, e-mail and IP addresses are
    /// removed from its texts, private events are left out, and of personal ones the values. The checkpoint
    /// holds what the game saved, as it is: the session's name and the player's among it.
    ///
    /// [`ReportWritten`](crate::ReportWritten) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with what is in the way:
    /// [`NoSession`](crate::RequestError::NoSession),
    /// [`NothingToReport`](crate::RequestError::NothingToReport),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::Report;
    ///
    /// fn something_is_wrong(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
    ///     if keys.just_pressed(KeyCode::F8) {
    ///         let report = Report::now().note("The door ate my dog.").picture();
    ///         commands.session().report(report, "report.tar");
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(something_is_wrong);
    /// ```
    pub fn report(&mut self, report: Report, path: impl Into<PathBuf>) {
        self.request(Request::Report { report, path: path.into() });
    }

    /// Writes the newest checkpoint of a session that can be read into a file, from which another machine can
    /// [import](Self::import) it. The session may be the one that is being played; then it is its
    /// newest checkpoint that is safe.
    ///
    /// Its name, player, custom fields and attachments go with it. Its history doesn't: no other
    /// checkpoints, no events, no logs.
    ///
    /// [`SessionExported`](crate::SessionExported) follows, or
    /// [`RequestRejected`](crate::RequestRejected) with
    /// [`UnknownSession`](crate::RequestError::UnknownSession),
    /// [`NothingToRestore`](crate::RequestError::NothingToRestore),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says.
    pub fn export(&mut self, session: SessionId, path: impl Into<PathBuf>) {
        self.request(Request::Export { session, path: path.into() });
    }

    /// Makes a slot of a file that [`export`](Self::export) or [`report`](Self::report) wrote, of this
    /// game on whatever machine. All of it is read and checked first.
    /// [`SlotImported`](crate::SlotImported) follows, and [`load`](Self::load) goes on from it, in the
    /// session that it came from.
    ///
    /// It is a manual slot with the name that it had there, and a number behind that if the player has
    /// one of that name. What can't be imported is rejected with
    /// [`SlotError::Report`](crate::SlotError::Report), and with
    /// [`SlotError::AlreadyThere`](crate::SlotError::AlreadyThere) if it was imported before.
    pub fn import(&mut self, path: impl Into<PathBuf>) {
        self.request(SlotRequest::Import(path.into()));
    }
}
