//! The game that is played, in several variants.

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::state::state::StateTransitionSystems;

use super::hooks;
use super::levels::Fixture;
use super::links::{Home, InHerd, OwnedBy, PairedWith};
use crate::Saved;
use crate::capture::test_kit::*;
use crate::capture::{BeforeExit, follow_state_scopes};

/// Disables an entity, in the game's own way.
#[derive(Component)]
pub struct Asleep;

/// Disables an entity, in the game's own way, and in the other kind of storage.
#[derive(Component)]
#[component(storage = "SparseSet")]
pub struct Frozen;

/// The peculiarity of a game.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variant {
    /// Nothing.
    Plain,
    /// Its entities can be disabled in ways that the plugin doesn't know.
    Disabling,
    /// Its observers and hooks change whatever is spawned, and despawning has consequences.
    Meddling,
    /// It spawned entities before it declared them as saved.
    Late,
}

impl Variant {
    /// The variant that a seed plays.
    pub fn of(seed: u64) -> Self {
        match seed % 4 {
            0 => Self::Plain,
            1 => Self::Disabling,
            2 => Self::Meddling,
            _ => Self::Late,
        }
    }

    /// A game of this variant, before it is complete.
    pub fn app(self) -> App {
        let mut app = App::new();
        if self == Self::Late {
            app.world_mut().spawn((Health(0), Stat("early".to_owned())));
        }
        app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), StatesPlugin));
        complete(&mut app);
        app.register_type::<Stat<String>>()
            .register_type::<PairedWith>()
            .register_type::<OwnedBy>()
            .register_type::<InHerd>()
            .register_type::<Home>()
            .register_type::<Fixture>();
        hooks::add_to(&mut app);
        follow_states(&mut app);
        match self {
            Self::Plain | Self::Late => {}
            Self::Disabling => {
                app.world_mut().register_disabling_component::<Asleep>();
                app.world_mut().register_disabling_component::<Frozen>();
            }
            Self::Meddling => meddle(&mut app),
        }
        app
    }
}

/// What is despawned with a state isn't gone for good, as in a game with the plugin.
fn follow_states(app: &mut App) {
    app.configure_sets(
        StateTransition,
        BeforeExit::EndRound
            .after(StateTransitionSystems::DependentTransitions)
            .before(StateTransitionSystems::ExitSchedules),
    );
    follow_state_scopes::<Game>(app);
    follow_state_scopes::<Phase>(app);
}

fn meddle(app: &mut App) {
    hooks::meddle(app.world_mut());
    app.add_observer(|_: On<Add<Burning>>, mut armor: Query<&mut Armor>| {
        for mut armor in &mut armor {
            armor.0 += 1;
        }
    });
    app.add_observer(|added: On<Add<Player>>, mut commands: Commands| {
        commands.entity(added.entity).insert(Inventory(vec![1, 2, 3]));
    });
    app.add_observer(|_: On<Add<Health>>, score: Option<ResMut<Score>>| {
        if let Some(mut score) = score {
            score.0 += 1;
        }
    });
    app.add_observer(|_: On<Remove<Serial>>, mut commands: Commands| {
        commands.spawn((Name::new("loot"), Saved));
    });
}
