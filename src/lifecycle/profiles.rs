//! Whose sessions these are, and how the game goes on with those of somebody else.

use std::collections::VecDeque;

use bevy::prelude::*;
use tracing::{info, warn};

use super::notifications::{ProfileChanged, RequestRejected, notify};
use super::request_queue::{RequestQueue, check_text};
use super::runtime::{RuntimeParts, Transition};
use super::{RecoveryOffers, Request, SessionCatalog};
use crate::content::Order;
use crate::session::{Move, RequestError};

/// Whose sessions are listed, offered and started: the profile that
/// [`SessionPlugin::profile`](crate::SessionPlugin::profile) named, or
/// [`use_profile`](crate::SessionCommands::use_profile) since.
///
/// How the last process ended is known of the machine, not of a profile: a session that crashed is
/// offered when its profile is used next.
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
pub struct CurrentProfile {
    name: String,
}

impl CurrentProfile {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// The profile's name, as the game gave it. `default` if it gave none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl RuntimeParts {
    /// Closes the session that is being played, and goes on with the sessions of another profile.
    pub(super) fn use_profile(
        &mut self,
        world: &mut World,
        profile: &str,
    ) -> Result<(), RequestError> {
        check_text(profile)?;
        if self.playing.is_some() {
            self.leave(world, Move::Close, None)?;
            let mut queue = world.get_resource_or_init::<RequestQueue>();
            queue.0.push_front(Request::UseProfile(profile.to_owned()));
            return Ok(());
        }
        self.order(Order::UseProfile(profile.to_owned()));
        let request = Request::UseProfile(profile.to_owned());
        self.transition = Some(Transition::ChangingProfile(request));
        self.detected = false;
        Ok(())
    }

    /// Out of turn, since all other requests wait for the restore: who asks for another profile
    /// meanwhile would find the session closed that was just restored.
    pub(super) fn refuse_change_of_profile(&mut self, world: &mut World) {
        let restores =
            |at: &Transition| matches!(at, Transition::Preparing(_) | Transition::Restoring(_));
        if !self.transition.as_ref().is_some_and(restores) {
            return;
        }
        let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return };
        let is_refused = |request: &Request| matches!(request, Request::UseProfile(_));
        if !queue.0.iter().any(is_refused) {
            return;
        }
        let (refused, kept): (VecDeque<_>, VecDeque<_>) = queue.0.drain(..).partition(is_refused);
        queue.0 = kept;
        for request in refused {
            let error = RequestError::RestoreUnderWay;
            warn!(?request, %error, "request rejected");
            notify(world, RequestRejected { request, error });
        }
    }

    /// What is known of sessions was of the profile before.
    pub(super) fn profile_changed(&mut self, world: &mut World, profile: String) {
        self.transition.take_if(|at| matches!(at, Transition::ChangingProfile(_)));
        self.withheld.clear();
        world.insert_resource(SessionCatalog::default());
        world.insert_resource(RecoveryOffers::default());
        world.insert_resource(CurrentProfile::new(&profile));
        info!(profile, "profile changed");
        notify(world, ProfileChanged { profile });
    }
}
