//! A hint for a player who fails again and again.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy_session::consent::Consent;
use bevy_session::{CurrentSession, SessionId, session_is_active};
use bevy_session_insights::GridCell;

use super::consent::agrees;
use crate::line::announce;
use crate::objectives::ObjectiveCompleted;

/// The player of the session that is played has died as often in one place as
/// [`Insights::hint_after`](crate::Insights::hint_after) says, with no objective completed in between: "five deaths
/// here". A game may offer help.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FailureRepeated {
    /// The session.
    pub session: SessionId,
    /// The place, by the game's own grid; `None` for deaths without a place.
    pub place: Option<GridCell>,
    /// The number of deaths in this place by now.
    pub deaths: u32,
}

/// The number of deaths in each place since an objective was last completed.
#[derive(Resource, Default)]
pub(super) struct DeathsHere {
    session: Option<SessionId>,
    deaths: HashMap<Option<GridCell>, u32>,
}

/// Watches the deaths of a type.
pub(super) fn watch_deaths<T: Message>(
    app: &mut App,
    after: u32,
    place: impl Fn(&T) -> Option<GridCell> + Send + Sync + 'static,
) {
    let watch = move |mut died: MessageReader<T>,
                      session: Res<CurrentSession>,
                      consent: Res<Consent>,
                      mut here: ResMut<DeathsHere>,
                      mut commands: Commands| {
        let agrees = agrees(&consent, Some(&session));
        let session = session.id();
        if here.session.replace(session) != Some(session) {
            here.deaths.clear();
        }
        for died in died.read().filter(|_| agrees) {
            let place = place(died);
            let deaths = here.deaths.entry(place).or_default();
            *deaths += 1;
            if deaths.is_multiple_of(after) {
                let hint = FailureRepeated { session, place, deaths: *deaths };
                commands.queue(move |world: &mut World| announce(world, hint));
            }
        }
    };
    app.add_systems(Last, watch.run_if(session_is_active));
}

/// A player who gets somewhere has no need of a hint.
pub(super) fn forget_deaths(_: On<ObjectiveCompleted>, mut here: ResMut<DeathsHere>) {
    here.deaths.clear();
}
