//! Pasts that a game declares, and those that make no sense.

use bevy_session::checkpoints::TypeProblemReason;
use bevy_session::recovery::RestoreLossReason;

use super::*;

/// The problems that a game is notified of when it is set up.
fn problems(set_up: impl FnOnce(&mut App)) -> Vec<(String, TypeProblemReason)> {
    let mut app = build(&MemoryDisk::default(), set_up);
    frames(&mut app, 2);
    let refused = received::<TypeNotSaved>(&app).into_iter();
    refused.map(|problem| (problem.type_path, problem.reason)).collect()
}

#[test]
fn contradictory_renames_and_migrations_are_reported_and_the_type_not_saved() {
    let health = || "hop::Hp".to_owned();
    let migrated_twice = problems(|app| {
        v1::types(app);
        app.migrate_saved(v1::health());
    });
    assert_eq!(migrated_twice, [(health(), TypeProblemReason::MigratedTwice)]);

    let of_none = problems(|app| {
        app.migrate_saved(v1::health()).rename_saved::<v2::Wallet>("hop::Purse");
    });
    let wallet = "hop::trade::Wallet".to_owned();
    let not_saved = TypeProblemReason::NotSaved;
    assert_eq!(of_none, [(health(), not_saved), (wallet.clone(), not_saved)]);

    let built_in = problems(|app| {
        app.migrate_saved(Migrations::<ChildOf>::since(1)).rename_saved::<ChildOf>("hop::Parent");
    });
    assert_eq!(built_in, [("bevy_ecs::hierarchy::ChildOf".to_owned(), not_saved)]);

    let another_types_path = problems(|app| {
        v0::types(app);
        app.save_component::<v2::Health>().rename_saved::<v2::Health>("hop::Hp");
    });
    let taken = TypeProblemReason::FormerNameTaken;
    assert_eq!(another_types_path, [("hop::combat::Health".to_owned(), taken)]);

    let of_two_types = problems(|app| {
        app.save_component::<v2::Health>()
            .rename_saved::<v2::Health>("hop::Old")
            .save_resource::<v2::Wallet>()
            .rename_saved::<v2::Wallet>("hop::Old");
    });
    assert_eq!(of_two_types, [("hop::combat::Health".to_owned(), taken), (wallet, taken)]);

    let the_marker = problems(|app| {
        app.save_component::<v2::Health>().rename_saved::<v2::Health>("bevy_session::Saved");
    });
    assert_eq!(the_marker, [("hop::combat::Health".to_owned(), taken)]);

    let endless = problems(|app| {
        app.save_component::<v2::Health>().rename_saved::<v2::Health>(&"x".repeat(5000));
    });
    assert_eq!(endless, [("hop::combat::Health".to_owned(), TypeProblemReason::PathTooLong)]);
}

#[test]
fn a_type_that_is_refused_is_carried_and_not_lost() {
    let (disk, id) = played_by_the_first_build();
    let (disk, report) = through(&disk, id, |app| {
        v1::types(app);
        app.migrate_saved(v1::health());
    });
    assert_eq!(loss_of(&report, "Hp").reason, RestoreLossReason::UnknownType);
    let (mut app, report) = taken_up(&disk, id, v1::types);
    assert_eq!(report.losses, []);
    assert_eq!(values::<v1::Health>(&mut app).len(), 3);
}

#[test]
fn chained_and_repeated_renames_are_accepted() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.rename_saved::<v2::Health>("hop::combat::Health")
            .rename_saved::<v2::Health>("hop::combat::Hp")
            .rename_saved::<v2::Health>("hop::Hp")
            .rename_saved::<v2::Health>("hop::Hp")
            .save_component::<v2::Health>()
            .migrate_saved(v2::health());
    });
    assert!(report.losses.iter().all(|loss| !loss.type_path.ends_with("Hp")));
    assert_eq!(values::<v2::Health>(&mut app).len(), 3);
    assert_eq!(received::<TypeNotSaved>(&app).len(), 0);
}
