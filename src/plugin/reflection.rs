//! The types that inspectors and remote tools see.

use bevy::app::App;
#[cfg(feature = "reflect")]
use bevy::ecs::reflect::AppTypeRegistry;

use crate::chapters::InChapter;
use crate::restore::DespawnOnRestore;
use crate::{SaveKey, SaveScope, Saved, Unsaved};

/// Registers types that register themselves only with the feature `auto_register`.
pub(super) fn register_types(app: &mut App) {
    register_components(app);
    #[cfg(feature = "reflect")]
    register_data(app);
}

/// Components that games and scenes add to entities.
fn register_components(app: &mut App) {
    app.register_type::<Saved>()
        .register_type::<Unsaved>()
        .register_type::<SaveKey>()
        .register_type::<SaveScope>()
        .register_type::<InChapter>()
        .register_type::<DespawnOnRestore>();
}

/// Data about the plugin and its sessions.
#[cfg(feature = "reflect")]
fn register_data(app: &mut App) {
    use crate::checkpoints::{CaptureCost, CurrentPace, DriftedType, SessionPaces};
    use crate::checkpoints::{TypeProblem, TypeProblemReason};
    use crate::consent::Consent;
    use crate::doctor::{Diagnosis, Finding, FoundEntities};
    use crate::external::{ExternalOperations, OfferedBackup};
    use crate::hints::{SessionHint, SessionHints};
    use crate::library::{CurrentProfile, SessionPlace};
    use crate::recovery::{
        DanglingReference, ExtraEntities, NewComponents, PlacedReport, RespawnedEntity,
        RestoreLoss, RestoreLossReason, RestoreReport, WorldClearing,
    };
    use crate::{
        CurrentSession, GameContext, PreviousRun, RecoveryOffers, RestoreManner, SessionActivity,
        SessionCatalog, SessionMode, SessionSettings, SessionSwitches,
    };

    let registry = app.world_mut().get_resource_or_init::<AppTypeRegistry>().clone();
    bevy_session_journal::register_types(&mut registry.write());
    app.register_type::<TypeProblem>()
        .register_type::<TypeProblemReason>()
        .register_type::<DriftedType>()
        .register_type::<RestoreReport>()
        .register_type::<WorldClearing>()
        .register_type::<RestoreLoss>()
        .register_type::<RestoreLossReason>()
        .register_type::<DanglingReference>()
        .register_type::<ExtraEntities>()
        .register_type::<NewComponents>()
        .register_type::<PlacedReport>()
        .register_type::<RespawnedEntity>()
        .register_type::<RestoreManner>()
        .register_type::<SessionMode>()
        .register_type::<SessionHint>()
        .register_type::<SessionHints>()
        .register_type::<SessionSettings>()
        .register_type::<CurrentPace>()
        .register_type::<SessionPaces>()
        .register_type::<SessionSwitches>()
        .register_type::<Consent>()
        .register_type::<SessionActivity>()
        .register_type::<SessionCatalog>()
        .register_type::<RecoveryOffers>()
        .register_type::<CurrentSession>()
        .register_type::<CurrentProfile>()
        .register_type::<PreviousRun>()
        .register_type::<GameContext>()
        .register_type::<SessionPlace>()
        .register_type::<CaptureCost>()
        .register_type::<ExternalOperations>()
        .register_type::<OfferedBackup>()
        .register_type::<Diagnosis>()
        .register_type::<Finding>()
        .register_type::<FoundEntities>();
}

#[cfg(all(test, feature = "reflect"))]
mod tests {
    use std::any::TypeId;

    use bevy::ecs::reflect::ReflectResource;
    use bevy::reflect::{FromReflect, PartialReflect};

    use super::*;
    use crate::checkpoints::{CurrentPace, SessionPaces};
    use crate::doctor::{Diagnosis, FoundEntities};
    use crate::hints::SessionHints;
    use crate::library::CurrentProfile;
    use crate::recovery::{PlacedReport, RestoreLoss, RestoreLossReason, RestoreReport};
    use crate::{
        CurrentSession, PreviousRun, RecoveryOffers, SessionActivity, SessionCatalog,
        SessionSettings, SessionSwitches,
    };

    #[test]
    fn a_game_without_automatic_registration_has_the_types_and_what_they_contain() {
        let mut app = App::new();
        // In place of the one that types have registered themselves with.
        app.insert_resource(AppTypeRegistry::default());
        register_types(&mut app);
        let registry = app.world().resource::<AppTypeRegistry>().read();
        let known = [
            TypeId::of::<SaveKey>(),
            TypeId::of::<Vec<SaveKey>>(),
            TypeId::of::<Vec<RestoreLoss>>(),
            TypeId::of::<Option<FoundEntities>>(),
        ];
        assert!(known.iter().all(|known| registry.contains(*known)));
        let diagnosis = registry.get(TypeId::of::<Diagnosis>()).unwrap();
        assert!(diagnosis.contains::<ReflectResource>());
    }

    #[test]
    fn the_resources_that_a_game_reads_can_be_found_by_an_inspector() {
        let mut app = App::new();
        app.insert_resource(AppTypeRegistry::default());
        register_types(&mut app);
        let registry = app.world().resource::<AppTypeRegistry>().read();
        for resource in [
            TypeId::of::<CurrentSession>(),
            TypeId::of::<SessionSettings>(),
            TypeId::of::<CurrentPace>(),
            TypeId::of::<SessionPaces>(),
            TypeId::of::<SessionSwitches>(),
            TypeId::of::<SessionActivity>(),
            TypeId::of::<SessionCatalog>(),
            TypeId::of::<RecoveryOffers>(),
            TypeId::of::<SessionHints>(),
            TypeId::of::<CurrentProfile>(),
            TypeId::of::<PreviousRun>(),
        ] {
            let registered = registry.get(resource).unwrap();
            assert!(registered.contains::<ReflectResource>(), "{:?}", registered.type_info());
        }
        assert!(registry.contains(TypeId::of::<Vec<crate::library::SessionEntry>>()));
    }

    #[test]
    fn a_restore_report_round_trips_through_reflection() {
        let report = RestoreReport {
            entities: 3,
            losses: vec![RestoreLoss {
                type_path: "game::Health".to_owned(),
                rows: 2,
                reason: RestoreLossReason::NewerType { saved: 2, known: 1 },
            }],
            placed: PlacedReport {
                unclaimed: vec![SaveKey::new("level/door")],
                ..PlacedReport::default()
            },
            ..RestoreReport::default()
        };
        assert_eq!(RestoreReport::from_reflect(&*report.to_dynamic().unwrap()), Some(report));
    }
}
