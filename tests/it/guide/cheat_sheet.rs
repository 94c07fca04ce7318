//! Every button of the cheat sheet.

use bevy_session::MemoryDisk;

use super::stage::{SessionPlugin, app_on, assert_said, enter, rejected, said};
use crate::common::{frames, listen, played_by_turns, received, seconds};

include!("samples/cheat_sheet.rs");

fn game(disk: &MemoryDisk) -> App {
    app_on(disk, |app| {
        build(app);
        listen::<CheckpointSaved>(app);
        listen::<SessionEnded>(app);
    })
}

/// A new game, which was played with this score.
fn begun(disk: &MemoryDisk, score: u32) -> App {
    let mut app = game(disk);
    frames(&mut app, 3);
    enter(&mut app, Phase::Playing);
    app.world_mut().run_system_cached(new_game_is_clicked).unwrap();
    frames(&mut app, 4);
    app.insert_resource(Score(score));
    seconds(&mut app, 6.0);
    app
}

fn click(app: &mut App, button: Button) {
    app.world_mut().run_system_cached_with(press, button).unwrap();
    frames(app, 6);
}

fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

fn is_played(app: &App) -> bool {
    app.world().contains_resource::<CurrentSession>()
}

#[test]
fn each_button_of_the_cheat_sheet_does_what_it_says() {
    let mut app = begun(&MemoryDisk::default(), 4);
    click(&mut app, Button::Checkpoint);
    let saved = received::<CheckpointSaved>(&app);
    assert!(saved.iter().any(|it| it.label.as_deref() == Some("Boss defeated")), "{saved:?}");

    click(&mut app, Button::Save);
    app.insert_resource(Score(9));
    seconds(&mut app, 30.0);
    click(&mut app, Button::Load);
    assert_eq!(score(&app), 4);
    app.insert_resource(Score(5));
    click(&mut app, Button::Save);
    let slots = app.world().resource::<SessionCatalog>().slots();
    assert_eq!(slots.iter().map(|slot| &*slot.name).collect::<Vec<_>>(), ["2"], "overwritten");
    app.insert_resource(Score(8));
    click(&mut app, Button::Load);
    assert_eq!(score(&app), 5, "overwritten");

    seconds(&mut app, 15.0);
    app.insert_resource(Score(6));
    seconds(&mut app, 2.0);
    click(&mut app, Button::Back);
    assert_eq!(score(&app), 5);
    click(&mut app, Button::Undo);
    assert_eq!(score(&app), 6);

    click(&mut app, Button::Pause);
    assert!(app.world_mut().run_system_cached(session_is_paused).unwrap());
    click(&mut app, Button::Resume);
    assert!(app.world_mut().run_system_cached(session_is_active).unwrap());

    click(&mut app, Button::Leave);
    assert!(!is_played(&app));
    app.insert_resource(Score(0));
    click(&mut app, Button::Continue);
    assert_eq!((is_played(&app), score(&app)), (true, 6));
    click(&mut app, Button::Win);
    assert_eq!(received::<SessionEnded>(&app)[0].reason, EndReason::Completed);
    click(&mut app, Button::Continue);
    assert!(!is_played(&app), "what has ended can't be continued");
    assert!(rejected(&app).is_empty());
}

#[test]
fn the_game_of_the_cheat_sheet_asks_in_its_menu_after_a_crash() {
    let disk = MemoryDisk::default();
    let mut app = begun(&disk, 4);
    let world = app.world_mut();
    let boss = world.query_filtered::<Entity, With<Health>>().single(world).unwrap();
    world.entity_mut(boss).insert((Health(1), Transform::from_xyz(3.0, 0.0, 0.0)));
    seconds(&mut app, 6.0);
    let mut app = game(&disk.snapshot());
    frames(&mut app, 3);
    assert!(!is_played(&app));
    app.world_mut().run_system_cached(recover).unwrap();
    frames(&mut app, 4);
    assert_eq!(score(&app), 4);
    assert_eq!(app.world().resource::<State<Phase>>().get(), &Phase::Playing);
    let world = app.world_mut();
    let (health, place) = world.query::<(&Health, &Transform)>().single(world).unwrap();
    assert_eq!(health.0, 1, "one boss, and it is hurt");
    assert_eq!(place.translation.x, 3.0, "and where it was");
    assert_said(&said(|| frames(&mut app, 1)), "Campaign, played for");
    enter(&mut app, Phase::Menu);
    assert!(!is_played(&app));
}

#[test]
fn the_button_of_the_cheat_sheet_continues_after_each_of_three_deaths() {
    let disk = MemoryDisk::default();
    let _dies = begun(&disk, 4);
    let played = played_by_turns(disk.snapshot(), 3, |disk| {
        app_on(disk, |app| {
            build(app);
            app.add_systems(Update, recover.run_if(on_message::<RecoveryAvailable>));
        })
    });
    assert_eq!(played, ["Campaign", "Campaign", "Campaign"]);
}
