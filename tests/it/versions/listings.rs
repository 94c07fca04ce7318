//! Listings: how a session fits this build.

use bevy_session::library::VersionFit;
use bevy_session::recovery::RecoveryError;

use super::*;

fn fit(app: &App, id: SessionId) -> VersionFit {
    app.world().resource::<SessionCatalog>().get(id).unwrap().fit
}

#[test]
fn a_listing_has_the_version_fit_of_a_session() {
    let (first, id) = played_by_the_first_build();
    let (second, _) = through(&first.snapshot(), id, v1::types);
    let (third, _) = through(&first.snapshot(), id, v2::types);
    let without_a_step: Types = |app| {
        app.init_state::<v0::Stage>()
            .save_component::<v1::Health>()
            .migrate_saved(Migrations::<v1::Health>::since(1))
            .save_resource::<v0::Purse>()
            .save_state::<v0::Stage>();
    };
    let nothing: Types = |_| {};
    for (disk, types, expected) in [
        (&first, v0::types as Types, VersionFit::Exact),
        (&first, v1::types, VersionFit::Migratable),
        (&first, v2::types, VersionFit::Migratable),
        (&first, nothing, VersionFit::Lossy),
        (&first, without_a_step, VersionFit::Lossy),
        (&second, v0::types, VersionFit::Newer),
        (&second, v1::types, VersionFit::Exact),
        (&second, v2::types, VersionFit::Migratable),
        (&third, v0::types, VersionFit::Lossy),
        (&third, v2::types, VersionFit::Exact),
    ] {
        let app = build(&disk.snapshot(), types);
        assert_eq!(fit(&app, id), expected);
        let offers = app.world().resource::<RecoveryOffers>();
        let offer = offers.of(id).next().unwrap();
        assert_eq!((offer.fit, offer.checkpoints[0].fit), (expected, expected));
    }
}

#[test]
fn the_version_fit_includes_carried_values_of_other_builds() {
    let (disk, id) = played_by_the_first_build();
    let (through_none, _) = through(&disk.snapshot(), id, |_| {});
    assert_eq!(fit(&build(&through_none.snapshot(), |_| {}), id), VersionFit::Lossy);
    assert_eq!(fit(&build(&through_none.snapshot(), v0::types), id), VersionFit::Exact);
    assert_eq!(fit(&build(&through_none, v2::types), id), VersionFit::Migratable);

    let (second, _) = through(&disk, id, v1::types);
    let (through_the_first, _) = through(&second, id, v0::types);
    assert_eq!(fit(&build(&through_the_first, v0::types), id), VersionFit::Newer);
}

#[test]
fn a_migrated_session_fits_exactly_once_it_is_written() {
    let (disk, id) = played_by_the_first_build();
    for (types, before, after) in [
        (v1::types as Types, VersionFit::Migratable, VersionFit::Exact),
        ((|_| {}) as Types, VersionFit::Lossy, VersionFit::Lossy),
    ] {
        let disk = disk.snapshot();
        let mut app = build(&disk, types);
        assert_eq!(fit(&app, id), before);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 3);
        assert_eq!(fit(&app, id), after, "as this process knows it");
        assert_eq!(fit(&build(&disk.snapshot(), types), id), after, "as the files say");
    }
}

#[test]
fn a_newer_game_that_saved_nothing_new_fits_exactly() {
    let disk = MemoryDisk::default();
    let mut app = build_of("9.0", &disk, v0::types);
    app.world_mut().spawn((Health(1), v0::Health(1.0)));
    start(&mut app, "Future");
    let id = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();
    assert_eq!(fit(&build_of("1.0", &disk.snapshot(), v0::types), id), VersionFit::Exact);
    let (_, report) = taken_up(&disk, id, v0::types);
    assert_eq!(report.losses, []);
}

#[test]
fn one_file_of_a_newer_format_makes_the_session_newer_and_unchanged() {
    let (disk, id) = played_by_the_first_build();
    let journal = journals(&disk).remove(0);
    let newer = of_a_newer_version(disk.content(&journal).unwrap());
    // As a cloud brings it from a machine with a newer game.
    disk.put(&journal.with_file_name("0123456789abcdef-000000.journal"), &newer);
    let before: Vec<_> = journals(&disk).iter().map(|path| disk.content(path)).collect();

    let mut app = build(&disk, v0::types);
    assert_eq!(fit(&app, id), VersionFit::Newer);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let error = received::<RecoveryFailed>(&app).pop().unwrap().error;
    assert!(matches!(error, RecoveryError::NewerFormat(_)), "{error:?}");
    assert!(error.to_string().contains("format 2.3, game version 1.2.3"), "{error}");
    let after: Vec<_> = journals(&disk).iter().map(|path| disk.content(path)).collect();
    assert_eq!(before, after);
}
