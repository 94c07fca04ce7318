//! A new session, as far as the player has chosen it.

use std::cmp::Ordering;

use bevy::prelude::*;
use bevy_session::NewSession;
use bevy_session::requests::SessionRequest;
use bevy_session::scenarios::ScenarioAsset;

/// The scenarios that the game has loaded; `None` for a game without scenarios.
#[derive(Clone, Copy)]
pub(super) struct Scenarios<'a>(pub Option<&'a Assets<ScenarioAsset>>);

/// A scenario to choose.
pub(super) type Offered<'a> = (AssetId<ScenarioAsset>, &'a ScenarioAsset);

impl<'a> Scenarios<'a> {
    /// All of them, the easiest first, and those of unknown difficulty last.
    pub fn all(self) -> Vec<Offered<'a>> {
        let mut all: Vec<Offered> = self.0.into_iter().flat_map(Assets::iter).collect();
        all.sort_by(|one, other| by_level(one.1, other.1).then_with(|| one.0.cmp(&other.0)));
        all
    }
}

fn by_level(one: &ScenarioAsset, other: &ScenarioAsset) -> Ordering {
    let key = |scenario: &ScenarioAsset| (scenario.level.is_none(), scenario.level);
    key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
}

/// The player's choices for a new session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Beginning {
    /// The text that was typed.
    pub name: String,
    /// The scenario; `None` as long as the game has none.
    scenario: Option<AssetId<ScenarioAsset>>,
}

/// The scenario that a new session begins with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice<'a> {
    /// None: the game had no scenarios when the form was last shown.
    Nothing,
    /// A scenario, with its place among all.
    One(usize, &'a ScenarioAsset),
    /// It was chosen, and the game has it no longer.
    Gone,
}

impl Beginning {
    /// Chooses the first scenario, unless one is chosen. It stays chosen when an easier one is loaded later: what is
    /// started is what was shown.
    pub fn choose_first(&mut self, all: &[Offered]) {
        self.scenario = self.scenario.or_else(|| Some(all.first()?.0));
    }

    pub fn choice<'a>(&self, all: &[Offered<'a>]) -> Choice<'a> {
        let Some(chosen) = self.scenario else { return Choice::Nothing };
        let place = all.iter().position(|(scenario, _)| *scenario == chosen);
        let found = place.and_then(|place| Some((place, all.get(place)?.1)));
        found.map_or(Choice::Gone, |(place, scenario)| Choice::One(place, scenario))
    }

    /// Chooses the scenario after the chosen one, or the one before it, all around.
    pub fn step(&mut self, all: &[Offered], forward: bool) {
        let count = all.len();
        let next = match self.choice(all) {
            Choice::One(place, _) if forward => (place + 1) % count,
            Choice::One(place, _) => (place + count - 1) % count,
            Choice::Nothing | Choice::Gone => 0,
        };
        self.scenario = all.get(next).map(|(scenario, _)| *scenario);
    }

    /// The request that starts it, after the session that is played was closed; `None` if its scenario is gone.
    pub fn request(&self, all: &[Offered]) -> Option<SessionRequest> {
        let scenario = match self.choice(all) {
            Choice::Nothing => None,
            Choice::One(_, scenario) => Some(scenario),
            Choice::Gone => return None,
        };
        let session = scenario.map_or_else(|| NewSession::named(""), |it| it.new_session());
        let session = match self.name.trim() {
            "" => session,
            name => session.name(name),
        };
        let session = session.replacing_current();
        Some(match scenario.and_then(|scenario| scenario.starting_world.clone()) {
            Some(world) => SessionRequest::StartIn { session: Box::new(session), world },
            None => SessionRequest::Start(session),
        })
    }
}
