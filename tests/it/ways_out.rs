//! Crashes that are too old to ask about, the game's own ways out of a crash, and a probation of its choice.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::{Proposal, RecoveryOption};
use bevy_session::{MemoryDisk, RecoveryOffer, RequestError, SessionId, recovery_is_pending};

use crate::common::*;

/// The disk that `kill -9` leaves of a session that was played for a while.
fn killed() -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Killed");
    for minute in 1..=4 {
        request(&mut app, |commands| commands.session().checkpoint(format!("minute {minute}")));
        long(&mut app, 60);
    }
    let id = app.world().resource::<CurrentSession>().id();
    (disk.snapshot(), id)
}

/// A game that starts so many hours after the one that was killed.
fn hours_later(disk: &MemoryDisk, hours: i64, add: impl FnOnce(&mut App)) -> App {
    let origin: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let now = origin + jiff::SignedDuration::from_hours(hours);
    let mut app = game_with(plugin(disk).clock_from(now), |app| {
        listen::<RecoveryAvailable>(app);
        listen::<SessionStarted>(app);
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
        add(app);
    });
    frames(&mut app, 2);
    app
}

#[test]
fn a_crash_of_long_ago_is_not_asked_about_and_can_be_recovered() {
    let (disk, id) = killed();
    let app = hours_later(&disk.snapshot(), 23, |_| {});
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1, "yesterday's is asked about");
    let mut app = hours_later(&disk, 26, |_| {});
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert!(!app.world_mut().run_system_cached(recovery_is_pending).unwrap());
    let offers = app.world().resource::<RecoveryOffers>();
    assert_eq!((offers.offers().len(), offers.older().len(), offers.of(id).count()), (0, 1, 1));
    assert!(app.world().resource::<SessionCatalog>().get(id).unwrap().has_crashed());
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(app.world().resource::<RecoveryOffers>().older().is_empty());
}

#[test]
fn the_age_of_offers_is_a_setting_and_a_backward_clock_hides_no_crash() {
    let (disk, _) = killed();
    let always = |app: &mut App| {
        app.world_mut().resource_mut::<SessionSettings>().recovery_age = None;
    };
    let app = hours_later(&disk.snapshot(), 24 * 365, always);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
    let app = hours_later(&disk.snapshot(), -24 * 365, |_| {});
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1, "it seems to lie in the future");
    let automatic = |app: &mut App| {
        app.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
    };
    let mut app = hours_later(&disk, 26, automatic);
    frames(&mut app, 3);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert_eq!(received::<SessionRestored>(&app).len(), 1, "a server may be down for longer");
}

fn first_minute(offer: &RecoveryOffer) -> Option<RestoreFrom> {
    let mut checkpoints = offer.checkpoints.iter();
    let begin = checkpoints.find(|listed| listed.label.as_deref() == Some("minute 1"))?;
    Some(RestoreFrom::Checkpoint(begin.id))
}

#[derive(Resource, Default)]
struct IsPossible(bool);

/// A game that adds two ways out.
fn with_options(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    hours_later(disk, 0, |app| {
        let retry = RecoveryOption::new("retry", "Begin again")
            .only_if(|offer, world| {
                first_minute(offer).is_some() && world.resource::<IsPossible>().0
            })
            .proposed_after(1);
        let safe_mode = RecoveryOption::new("safe", "Safe mode");
        app.insert_resource(IsPossible(true))
            .recovery_option(retry, |In(offer): In<RecoveryOffer>, mut commands: Commands| {
                if let Some(from) = first_minute(&offer) {
                    commands.session().recover(offer.session.id, from);
                }
            })
            .recovery_option(safe_mode, |_: In<RecoveryOffer>, mut commands: Commands| {
                commands.session().start(NewSession::named("Safe"));
            });
        add(app);
    })
}

fn options(app: &App) -> Vec<(String, bool)> {
    let offer = &app.world().resource::<RecoveryOffers>().offers()[0];
    offer.options.iter().map(|option| (option.id.clone(), option.is_proposed)).collect()
}

// Feature: A game adds ways to recover of its own.
// Page: guide/recovery.md#your-own-ways-to-recover
#[test]
fn a_custom_recovery_option_is_offered_and_taken() {
    let (disk, id) = killed();
    let mut app = with_options(&disk, |_| {});
    assert_eq!(options(&app), [("retry".to_owned(), false), ("safe".to_owned(), false)]);
    assert_eq!(received::<RecoveryAvailable>(&app)[0].offer.options.len(), 2);
    request(&mut app, |commands| commands.session().external().take_option(id, "retry"));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(app.world().resource::<CurrentSession>().play_time() < Duration::from_secs(60));
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
}

#[test]
fn an_unavailable_recovery_option_is_rejected_and_the_offer_kept() {
    let (disk, id) = killed();
    let mut app = with_options(&disk, |_| {});
    app.world_mut().resource_mut::<IsPossible>().0 = false;
    for option in ["retry", "no such thing"] {
        request(&mut app, |commands| commands.session().external().take_option(id, option));
        frames(&mut app, 3);
        let error = received::<RequestRejected>(&app).pop().unwrap().error;
        assert_eq!(error, RequestError::UnknownOption { option: option.to_owned() });
    }
    assert_eq!(app.world().resource::<RecoveryOffers>().of(id).count(), 1);
    assert!(received::<SessionRestored>(&app).is_empty());
}

#[test]
fn a_recovery_option_is_proposed_on_the_ladder_and_taken_automatically() {
    let (disk, id) = killed();
    // One death soon after a restore.
    let mut app = with_options(&disk, |_| {});
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let disk = disk.snapshot();
    let app = with_options(&disk.snapshot(), |_| {});
    assert_eq!(options(&app), [("retry".to_owned(), true), ("safe".to_owned(), false)]);
    let mut app = with_options(&disk.snapshot(), |_| {});
    assert!(accept(&mut app));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(app.world().resource::<CurrentSession>().play_time() < Duration::from_secs(60));
    let mut app = with_options(&disk, |app| {
        app.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
    });
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(app.world().resource::<CurrentSession>().play_time() < Duration::from_secs(60));
}

#[test]
fn the_ladder_steps_back_by_a_minute_of_play() {
    let (disk, id) = killed();
    let mut app = hours_later(&disk, 0, |_| {});
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let tried = app.world().resource::<CurrentSession>().play_time();
    let app = hours_later(&disk.snapshot(), 0, |_| {});
    let offer = &app.world().resource::<RecoveryOffers>().offers()[0];
    let Proposal::Older(older) = offer.proposed else { panic!("{:?}", offer.proposed) };
    let older = offer.checkpoints.iter().find(|listed| listed.id == older).unwrap();
    let back = tried.saturating_sub(older.play_time);
    assert!((60..70).contains(&back.as_secs()), "{back:?}");
}

#[test]
fn the_probation_is_a_setting() {
    let (disk, id) = killed();
    let deaths_after = |probation: u64| {
        let set = move |app: &mut App| {
            app.world_mut().resource_mut::<SessionSettings>().probation =
                Duration::from_secs(probation);
        };
        let disk = disk.snapshot();
        let mut app = hours_later(&disk, 0, set);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        long(&mut app, 20);
        let app = hours_later(&disk.snapshot(), 0, set);
        app.world().resource::<RecoveryOffers>().offers()[0].deaths_in_a_row
    };
    assert_eq!((deaths_after(10), deaths_after(30)), (0, 1));
}
