//! Requests for reports, and for handing sessions on.

use std::path::PathBuf;

use super::{Request, SessionCommands, SlotRequest};
use crate::ids::Ticket;
use crate::journal::SessionId;
use crate::scenario::Scenario;
use crate::session::{Report, WorldOf};

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
    pub fn report(&mut self, report: Report, path: impl Into<PathBuf>) -> Ticket {
        self.request(Request::Report { report, path: path.into() })
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
    pub fn export(&mut self, session: SessionId, path: impl Into<PathBuf>) -> Ticket {
        self.request(Request::Export { session, path: path.into() })
    }

    /// Makes a scenario of a session or a slot: writes its file, whose name ends with `.scenario.ron`, and beside that
    /// the world with which sessions of it begin. Of the session that is played it is the world of this frame; where a
    /// gate is closed, that of the newest checkpoint.
    ///
    /// [`Scenario::like`] takes over what the session says of itself, from which the game chooses. The file of the world
    /// has nothing but the world: not the session's id, name, player, fields, chapters, play time and attachments, and
    /// nothing of the machine. What the game saved in components and resources is in it as it is.
    ///
    /// [`ScenarioSaved`](crate::ScenarioSaved) follows, or [`RequestRejected`](crate::RequestRejected) with
    /// [`NotAScenario`](crate::RequestError::NotAScenario), [`UnknownSession`](crate::RequestError::UnknownSession),
    /// [`NothingToRestore`](crate::RequestError::NothingToRestore),
    /// [`FileExists`](crate::RequestError::FileExists), or what the disk says. No file takes the place of another, and
    /// both are there or none.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::shelf::Scenario;
    ///
    /// fn make_a_scenario_of_this(current: Res<CurrentSession>, mut commands: Commands) {
    ///     let mut scenario = Scenario::like(current.metadata(), current.fields());
    ///     scenario.name = "Ruins".to_owned();
    ///     let path = "assets/scenarios/ruins.scenario.ron";
    ///     commands.session().save_as_scenario(current.id(), scenario, path);
    /// }
    /// # bevy::ecs::system::assert_is_system(make_a_scenario_of_this);
    /// ```
    pub fn save_as_scenario(
        &mut self,
        of: impl Into<WorldOf>,
        scenario: Scenario,
        path: impl Into<PathBuf>,
    ) -> Ticket {
        let (of, scenario, path) = (of.into(), Box::new(scenario), path.into());
        self.request(Request::SaveAsScenario { of, scenario, path })
    }

    /// Makes a slot of a file that [`export`](Self::export) or [`report`](Self::report) wrote, or of the file
    /// of another slot, of this game on whatever machine. All of it is read and checked first.
    /// [`SlotImported`](crate::SlotImported) follows, and [`load`](Self::load) goes on from it, in the
    /// session that it came from.
    ///
    /// It is a manual slot with the name that it had there, and a number behind that if the player has
    /// one of that name. What can't be imported is rejected with
    /// [`SlotError::Report`](crate::SlotError::Report), and with
    /// [`SlotError::AlreadyThere`](crate::SlotError::AlreadyThere) if it was imported before.
    pub fn import(&mut self, path: impl Into<PathBuf>) -> Ticket {
        self.request(SlotRequest::Import(path.into()))
    }
}
