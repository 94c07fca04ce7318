//! The current profile, and switching to another one.

use bevy::prelude::*;
use bevy_session_journal::{LeaveCause, RequestError, Ticket};
use tracing::info;

use super::leaving;
use crate::content::Order;
use crate::lifecycle::notifications::{ProfileChanged, notify};
use crate::lifecycle::requests::{Request, RequestQueue, check_text, finish, reject_asked};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Departure, Transition};
use crate::lifecycle::{RecoveryOffers, SessionCatalog};

/// The profile whose sessions are listed, offered and started: the one that
/// [`SessionPlugin::profile`](crate::SessionPlugin::profile) set, or
/// [`use_profile`](crate::library::LibraryCommands::use_profile) since.
///
/// [`PreviousRun`](crate::PreviousRun) is about the machine, not about a profile: a session that
/// crashed is offered when its profile is next used.
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug))]
pub struct CurrentProfile {
    name: String,
}

impl CurrentProfile {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// The profile's name. `default` if the game set none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Closes the session that is being played, and switches to the sessions of another profile.
pub(in crate::lifecycle) fn use_profile(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    profile: &str,
) -> Result<(), RequestError> {
    check_text(profile)?;
    if parts.playing.is_some() {
        leaving::leave(parts, world, Departure::close(LeaveCause::ProfileChanged))?;
        let mut queue = world.get_resource_or_init::<RequestQueue>();
        queue.do_first(ticket, Request::UseProfile(profile.to_owned()));
        return Ok(());
    }
    parts.order(Order::UseProfile { profile: profile.to_owned(), ticket });
    parts.transition = Some(Transition::ChangingProfile);
    parts.start_up.look_again();
    Ok(())
}

/// Handled out of turn, since all other requests wait for the restore: a request for another
/// profile would close the session that was just restored, and a rewind would leave another moment
/// than the visible one.
pub(in crate::lifecycle) fn refuse_during_restore(parts: &mut RuntimeParts, world: &mut World) {
    let restores = |at: &Transition| match at {
        Transition::Preparing(_) | Transition::Restoring(_) | Transition::LoadingBackup(_) => true,
        Transition::Ending(ending) => ending.is_for_restore(),
        Transition::Leaving(leaving) => leaving.then.is_some(),
        _ => false,
    };
    if !parts.transition.as_ref().is_some_and(restores) {
        return;
    }
    let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return };
    for asked in queue.take(|request| request.rules().means_this_moment) {
        reject_asked(world, asked, RequestError::RestoreUnderWay);
    }
}

/// Replaces all state about sessions, which was of the previous profile.
pub(in crate::lifecycle) fn profile_changed(
    parts: &mut RuntimeParts,
    world: &mut World,
    profile: String,
    ticket: Ticket,
) {
    parts.transition.take_if(|at| matches!(at, Transition::ChangingProfile));
    parts.start_up.forget_offers();
    // A look that was under way was at the sessions of the other profile.
    parts.start_up.look_again();
    world.insert_resource(SessionCatalog::default());
    world.insert_resource(RecoveryOffers::default());
    world.insert_resource(CurrentProfile::new(&profile));
    info!(profile, "profile changed");
    notify(world, ProfileChanged { profile });
    finish(world, ticket);
}
