//! The colony: all that the player would miss after a crash.
//!
//! What is saved says so with `#[reflect(Saved)]`, and there is nothing else to do for it.

use bevy::prelude::*;
use bevy_session::events::RecordingExt;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::options::Options;

/// An entity's identity, which doesn't depend on its `Entity` in this process.
#[derive(Component, Reflect, Clone, Copy, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Identity {
    pub number: u32,
    /// When its turn is. A newcomer has the place of the one before.
    pub place: u32,
    pub kind: Kind,
}

#[derive(Reflect, Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    Worker,
    Ore,
    Building,
}

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Position {
    pub x: f32,
    pub y: f32,
}

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Condition {
    pub strength: f32,
    pub wear: u32,
}

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Inventory(pub Vec<u32>);

#[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Ore {
    #[entities]
    pub claimed_by: Option<Entity>,
}

#[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Building {
    #[entities]
    pub foreman: Option<Entity>,
    #[entities]
    pub staff: Vec<Entity>,
}

/// The state of the colony. There as long as there is a colony.
#[derive(Resource, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Colony {
    pub seed: u64,
    pub tick: u64,
    /// The number of times that somebody did something.
    pub deeds: u64,
    pub next_number: u32,
    /// The number of veins that were dug out since it was founded: as many as its log says.
    #[serde(default)]
    pub mined: u64,
    /// The work that is done in a step, as a share of a deed.
    #[serde(default)]
    pub pace: f64,
}

/// A bug in the rules: from a tick on, something that the colony does makes it panic.
#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Bug {
    /// Which bug it is; none for `None`.
    pub seed: Option<u64>,
    /// The tick from which on it shows.
    pub from: u64,
}

#[derive(States, Reflect, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Daytime {
    #[default]
    Day,
    Night,
}

/// A vein of ore was dug out. It is recorded beside the checkpoints: they say how the colony is, and this
/// how it came about.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
pub struct Mined {
    /// The number of the worker who had claimed the vein.
    pub worker: Option<u32>,
    /// The number of the vein.
    pub ore: u32,
    pub amount: u32,
}

/// A worker died in an accident.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
pub struct Died {
    /// The worker's number.
    pub worker: u32,
    /// The place.
    pub x: f32,
    pub y: f32,
}

/// The random choice of a member: all that doesn't follow from the colony itself.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
pub struct Choice {
    pub deed: u64,
    pub kind: Kind,
    pub lot: u64,
}

/// The rules from the command line, if they have changed.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
pub struct Rules {
    pub pace: f64,
    pub bug: Option<u64>,
    pub from: u64,
}

/// Everything in the colony, by place. It follows from what is saved, so it is built again instead
/// of being saved too.
#[derive(Resource, Default)]
pub struct Roster(pub Vec<Entity>);

pub fn plugin(app: &mut App) {
    app.init_resource::<Roster>()
        .init_state::<Daytime>()
        .save_state::<Daytime>()
        .save_component::<Name>()
        .add_message::<Mined>()
        .add_message::<Choice>()
        .add_message::<Rules>()
        .init_resource::<Bug>()
        .add_observer(found_colony)
        .add_observer(call_the_roll);
    app.record_messages::<Mined>();
    app.record_inputs::<Choice>(Update);
    app.record_inputs::<Rules>(Update);
}

/// A new game: the world that a session starts with.
fn found_colony(
    _: On<SessionStarted>,
    options: Res<Options>,
    mut roster: ResMut<Roster>,
    mut commands: Commands,
) {
    let next_number = options.entities + 1;
    let mut home = None;
    let mut last_worker = None;
    roster.0.clear();
    for number in 1..next_number {
        let kind = match number % 20 {
            1 => Kind::Building,
            11 => Kind::Ore,
            _ => Kind::Worker,
        };
        let mut entity = commands.spawn(somebody(number, number - 1, kind));
        roster.0.push(entity.id());
        match kind {
            Kind::Building => {
                home = Some(entity.id());
                entity.insert(Building {
                    foreman: last_worker,
                    staff: last_worker.into_iter().collect(),
                });
            }
            Kind::Ore => {
                entity.insert(Ore { claimed_by: last_worker });
            }
            Kind::Worker => {
                last_worker = Some(entity.id());
                if let Some(home) = home.filter(|_| number % 5 == 0) {
                    entity.insert(ChildOf(home));
                }
            }
        }
    }
    commands.insert_resource(Colony {
        seed: options.seed,
        tick: 0,
        deeds: 0,
        next_number,
        mined: 0,
        pace: 0.0,
    });
}

/// The components that all members of the colony have.
pub fn somebody(number: u32, place: u32, kind: Kind) -> impl Bundle {
    let name = match kind {
        Kind::Worker => format!("Worker {number}"),
        Kind::Ore => format!("Ore {number}"),
        Kind::Building => format!("Building {number}"),
    };
    let (column, row) = ((place % 100) as f32, (place / 100) as f32);
    (
        Identity { number, place, kind },
        Position { x: column * 10.0, y: row * 10.0 },
        Condition { strength: 100.0, wear: 0 },
        Inventory(vec![number, number / 2]),
        Name::new(name),
    )
}

/// After a restore, the entities are others than before.
fn call_the_roll(
    _: On<SessionRestored>,
    everybody: Query<(Entity, &Identity)>,
    mut roster: ResMut<Roster>,
) {
    let mut placed: Vec<_> = everybody.iter().map(|(e, identity)| (identity.place, e)).collect();
    placed.sort_unstable();
    roster.0 = placed.into_iter().map(|(_, entity)| entity).collect();
}
