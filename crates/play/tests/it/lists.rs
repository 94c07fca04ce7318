//! Objectives in the HUD, menus, entries, slots and offers.

// Feature: The HUD, load menus, slots and offers show objectives and progress.
// Page: guide/objective-lists.md

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::CheckpointSummary;
use bevy_session::prelude::*;
use bevy_session_play::*;

use crate::common::*;

fn story(app: &mut App) {
    app.add_objectives([
        Objective::new("coast").order(2).weight(3.0),
        Objective::new("coast/boat").expected(Duration::from_secs(60)),
        Objective::new("coast/boat/oars").weight(3.0).expected(Duration::from_secs(20)),
        Objective::new("coast/boat/sail").title("Sew a sail").weight(1.0),
        Objective::new("coast/gulls").optional(),
        Objective::new("town").order(1),
        Objective::new("town/secret").hidden().needs("coast/gulls"),
    ]);
}

fn keys(game: &bevy_session::testing::TestGame) -> Vec<(usize, String)> {
    objectives(game).list().into_iter().map(|row| (row.depth, row.key.to_string())).collect()
}

#[test]
fn a_list_has_groups_before_what_is_in_them_and_hides_what_is_hidden() {
    let mut game = started(story);
    let row = |depth: usize, key: &str| (depth, key.to_owned());
    let mut expected = vec![
        row(0, "town"),
        row(0, "coast"),
        row(1, "coast/boat"),
        row(2, "coast/boat/oars"),
        row(2, "coast/boat/sail"),
        row(1, "coast/gulls"),
    ];
    assert_eq!(keys(&game), expected);
    assert_eq!(objectives(&game).list()[4].title, "Sew a sail");
    assert_eq!(objectives(&game).current().unwrap().key().as_str(), "coast/boat/oars");
    ask(&mut game, |objectives| objectives.complete("coast/gulls"));
    expected.insert(1, row(1, "town/secret"));
    assert_eq!(keys(&game), expected);
    assert_eq!(objectives(&game).current().unwrap().key().as_str(), "town/secret");
}

#[test]
fn the_weight_of_a_group_is_shared_by_its_members() {
    let mut game = started(story);
    ask(&mut game, |objectives| objectives.complete("coast/boat/oars"));
    // 3 of 4 of the boat, all that counts of the coast, which weighs 3 of 4.
    assert_eq!(objectives(&game).get("coast").unwrap().progress(), 0.75);
    assert_eq!(objectives(&game).progress(), 0.75 * 0.75);
    ask(&mut game, |objectives| objectives.complete("coast/gulls"));
    assert_eq!(objectives(&game).progress(), 0.75 * 0.75, "what is optional counts for nothing");
}

#[test]
fn entries_slots_and_offers_have_the_progress_of_objectives() {
    let mut game = started(story);
    ask(&mut game, |objectives| objectives.complete("coast/boat/oars"));
    game.request(|commands| commands.session().slots().save(SaveSlot::manual("Autumn"))).frames(3);
    game.seconds(2.0);
    game.checkpoint("here").unwrap();
    let play_time = game.app().world().resource::<CurrentSession>().play_time();
    game.frames(1).crash_and_restart().frames(3);
    let offers = game.app().world().resource::<RecoveryOffers>();
    let catalog = game.app().world().resource::<SessionCatalog>();
    let offered = &offers.offers()[0].fields;
    assert_eq!(offered.get(CheckpointSummary::OBJECTIVE), Some("Sew a sail".to_owned()));
    for summary in [&catalog.sessions()[0].summary, &catalog.slots()[0].summary] {
        assert_eq!(summary.progress(), Some(0.75 * 0.75));
        assert_eq!(summary.objective().as_deref(), Some("Sew a sail"));
        let all = ObjectivesSummary::of(summary).unwrap();
        assert_eq!((all.completed, all.total), (1, 3));
        assert_eq!(all.expected, Duration::from_secs(60), "what is said of a group is all of it");
        assert_eq!(all.played(play_time), play_time - all.since.unwrap());
        assert!(all.efficiency(play_time).unwrap() > 1.0);
    }
}

#[test]
fn fields_of_objectives_are_written_only_on_changes() {
    #[derive(Resource, Default)]
    struct Drawn(u32);
    let mut game = started(|app| {
        story(app);
        app.init_resource::<Drawn>().add_systems(
            Last,
            (|mut drawn: ResMut<Drawn>| drawn.0 += 1).run_if(resource_changed::<Objectives>),
        );
    });
    game.frames(3);
    let fields = |game: &bevy_session::testing::TestGame| {
        game.app().world().resource::<CurrentSession>().fields().clone()
    };
    let (before, drawn) = (fields(&game), game.app().world().resource::<Drawn>().0);
    game.seconds(2.0);
    assert_eq!(fields(&game), before);
    assert_eq!(game.app().world().resource::<Drawn>().0, drawn, "nothing is drawn again");
    ask(&mut game, |objectives| objectives.complete("coast/boat/oars"));
    game.frames(2);
    assert_ne!(fields(&game), before);
    assert_eq!(game.app().world().resource::<Drawn>().0, drawn + 1);
}

#[test]
fn completing_the_last_objective_ends_its_time() {
    let mut game = started(|app| {
        app.add_objective(Objective::new("well"));
    });
    assert_eq!(
        game.app()
            .world()
            .resource::<CurrentSession>()
            .get::<String>("bevy_session.objective")
            .as_deref(),
        Some("well")
    );
    game.seconds(1.0);
    ask(&mut game, |objectives| objectives.complete("well"));
    game.seconds(3.0);
    let session = game.app().world().resource::<CurrentSession>();
    assert_eq!(session.get::<String>("bevy_session.objective"), None);
    let summary: ObjectivesSummary = session.get(ObjectivesSummary::FIELD).unwrap();
    assert!(summary.played(session.play_time()) < Duration::from_secs(2), "{summary:?}");
}

#[test]
fn a_game_without_objectives_can_set_its_own_progress() {
    let mut game = started(|_| {});
    let mut session = game.world().resource_mut::<CurrentSession>();
    session.set("bevy_session.progress", &0.4_f32).unwrap();
    game.seconds(1.0);
    assert_eq!(
        game.app().world().resource::<CurrentSession>().get("bevy_session.progress"),
        Some(0.4_f32)
    );
}
