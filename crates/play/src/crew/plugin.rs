//! Puts it together.

use bevy::prelude::*;
use bevy_session::events::RecordingExt;
use bevy_session::{SessionAppExt, SessionHooksExt, SessionLast, SessionSystems};

use super::change::CrewChange;
use super::character::PlayedBy;
use super::deed::{CrewDeed, RefusalWords, guard_session_requests};
use super::frame::{begin_with_session, go_on, settle_restored};
use super::members::Crew;
use super::refusal::CrewRefusal;
use super::requests::{CrewRejected, CrewRequests};
use super::restored::{ComesBack, CrewRestored};
use super::rights::Rights;
use crate::line::{HandedOut, keep_through_restores};

/// A crew for the sessions of `bevy_session`, whose [`SessionPlugin`](bevy_session::SessionPlugin) is needed as well.
/// Adding it twice does no harm.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrewPlugin;

/// The step of a frame in which requests of the crew are done.
///
/// Runs in [`SessionLast`], after [`SessionSystems::Gates`] and before [`SessionSystems::Requests`]. What a system before
/// it asks for is done in the same frame, and before what is asked of the session in that frame.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CrewSystems;

/// Sets the rights of the crew, and the words of its refusals.
///
/// Calls may stand before or after the plugins. They add [`CrewPlugin`] if it isn't there.
pub trait CrewExt {
    /// Sets who may ask for what.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session_play::{CrewExt, Right, Rights, Role};
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .crew_rights(Rights::default().grant(Role::PLAYER, [Right::Load]));
    /// ```
    fn crew_rights(&mut self, rights: Rights) -> &mut Self;

    /// Puts into the game's own words and language why the crew refuses a request of the session: the reason in
    /// [`RequestError::Refused`](bevy_session::RequestError::Refused), which the ready-made menus show. By default it
    /// is what [`Display`](std::fmt::Display) says of a [`CrewRefusal`]. The latest call counts. What is recorded of it
    /// ([`CrewDeed`]) doesn't depend on the language.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session_play::{Crew, CrewExt, CrewRefusal};
    ///
    /// fn ask_the_host(_: In<CrewRefusal>, crew: Res<Crew>) -> String {
    ///     format!("Ask {} for that.", crew.host().map_or("the host", |host| host.name()))
    /// }
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .say_refusals(ask_the_host);
    /// ```
    fn say_refusals<M>(
        &mut self,
        words: impl IntoSystem<In<CrewRefusal>, String, M> + 'static,
    ) -> &mut Self;
}

impl CrewExt for App {
    fn crew_rights(&mut self, rights: Rights) -> &mut Self {
        self.add_plugins(CrewPlugin).insert_resource(rights)
    }

    fn say_refusals<M>(
        &mut self,
        words: impl IntoSystem<In<CrewRefusal>, String, M> + 'static,
    ) -> &mut Self {
        let words = self.register_system(words);
        self.add_plugins(CrewPlugin).insert_resource(RefusalWords(words))
    }
}

impl Plugin for CrewPlugin {
    fn build(&self, app: &mut App) {
        if app.world().contains_resource::<CrewRequests>() {
            return;
        }
        app.init_resource::<Crew>()
            .init_resource::<Rights>()
            .init_resource::<CrewRequests>()
            .init_resource::<ComesBack>()
            .init_resource::<HandedOut<CrewChange>>()
            .register_type::<Crew>()
            .register_type::<PlayedBy>()
            .add_message::<CrewChange>()
            .add_message::<CrewDeed>()
            .add_message::<CrewRejected>()
            .add_message::<CrewRestored>()
            .add_observer(begin_with_session)
            .guard_session_requests(guard_session_requests);
        keep_through_restores::<Crew>(app, settle_restored);
        app.personal::<Crew>();
        app.record_messages::<CrewChange>().personal().replay_after_restore();
        app.record_messages::<CrewDeed>().personal();
        app.configure_sets(
            SessionLast,
            CrewSystems.after(SessionSystems::Gates).before(SessionSystems::Requests),
        )
        .add_systems(SessionLast, go_on.in_set(CrewSystems));
    }

    fn is_unique(&self) -> bool {
        false
    }
}
