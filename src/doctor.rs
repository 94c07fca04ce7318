//! Finds what a game forgot: types that look like progress and aren't saved, references to unsaved
//! entities, states without a gate for checkpoints.
//!
//! The [`Doctor`] examines a running game, and gives a [`Diagnosis`]. It can't know what a game
//! means to save, so each [`Finding`] is a question: if a component is rebuilt from saved values,
//! ignore it with [`Doctor::ignore`].
//!
//! In a test, when the game has something to examine:
//!
//! ```
//! use bevy::prelude::*;
//! use bevy_session::doctor::{Doctor, Finding};
//! use bevy_session::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
//! #[reflect(Component, Saved)]
//! struct Health(u32);
//!
//! #[derive(Component, Reflect)]
//! #[reflect(Component)]
//! struct Mana(u32); // forgotten
//!
//! #[derive(Component, Reflect)]
//! #[reflect(Component)]
//! struct HealthBar; // drawn again from `Health`
//!
//! let mut app = App::new();
//! app.add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()));
//! # #[cfg(not(feature = "auto_register"))]
//! # app.register_type::<Health>().register_type::<Mana>().register_type::<HealthBar>();
//! app.finish();
//! app.cleanup();
//! app.world_mut().spawn((Health(80), Mana(20), HealthBar));
//!
//! let diagnosis = Doctor::default().ignore::<HealthBar>().examine(&mut app);
//! assert_eq!(diagnosis.findings.len(), 1);
//! assert!(matches!(diagnosis.findings[0], Finding::ComponentNotSaved { .. }));
//! ```
//!
//! During development, as a plugin. It examines the game once, some frames after a session began,
//! and logs its findings; after 60 checkpoints it also reports types that could be captured faster:
//!
//! ```
//! # use bevy::prelude::*;
//! # use bevy_session::doctor::Doctor;
//! # struct HealthBar;
//! # let mut app = App::new();
//! app.add_plugins(Doctor::default().ignore::<HealthBar>());
//! ```
//!
//! To test that what *is* saved is restored unchanged, use the kit in [`testing`](crate::testing).

mod check_up;
mod diagnosis;
mod entities;
mod finding;
mod hints;
mod observers;
mod ownership;
mod patient;
mod rarely_changing;
mod references;
mod running;
mod settings;
mod states;
mod unsaved_types;

use std::sync::Arc;

use bevy::app::App;
use bevy::ecs::world::World;

pub use diagnosis::Diagnosis;
pub use finding::{Finding, FoundEntities};
pub use settings::Doctor;

pub(crate) use running::look_while_playing;

use crate::capture::SavedTypes;
use patient::Patient;

impl Doctor {
    /// Examines a game as it is now. The more is in the world, the more can be found.
    ///
    /// It can name only types that are registered for reflection, as every `#[derive(Reflect)]`
    /// that isn't generic is with the feature `auto_register`; others only with Bevy's feature
    /// `debug`, which is part of its feature `dev`. Types without a name are counted. Nothing of
    /// the game changes, except that entities get the marker [`Saved`](crate::Saved) as they do at
    /// a checkpoint. No session needs to be played.
    #[must_use]
    pub fn examine(&self, app: &mut App) -> Diagnosis {
        self.examine_world(app.world_mut())
    }

    /// Examines a game's world, as [`examine`](Self::examine) does.
    #[must_use]
    pub fn examine_world(&self, world: &mut World) -> Diagnosis {
        let types = Arc::new(SavedTypes::collect(world));
        let mut findings = Vec::from_iter(states::never_gated(self, world, &types));
        let shut_gate = hints::shut_gate(world);
        let rarely_changing = rarely_changing::types(self, world);
        let patient = Patient::new(self, world, &types);
        findings.extend(types.problems().iter().map(|problem| Finding::TypeNotSaved {
            type_path: problem.type_path.clone(),
            reason: problem.reason,
        }));
        findings.extend(unsaved_types::components(&patient));
        findings.extend(unsaved_types::places(&patient));
        findings.extend(unsaved_types::resources(&patient));
        findings.extend(references::references(&patient));
        findings.extend(entities::nothing_saved(&patient));
        findings.extend(entities::duplicate_keys(&patient));
        findings.extend(entities::keyed_not_saved(&patient));
        findings.extend(observers::entity_observers(&patient));
        findings.extend(hints::power_cuts(patient.world));
        let no_entity = hints::no_entity(patient.world, &types, !patient.saved.is_empty());
        findings.extend(unsaved_types::unknown(&patient));
        findings.extend(rarely_changing);
        for hint in hints::given(patient.world).into_iter().chain(shut_gate).chain(no_entity) {
            if !findings.iter().any(|known| known.says(&hint)) {
                findings.push(Finding::Hint(hint));
            }
        }
        Diagnosis { findings }
    }
}
