//! The session menu's groups and tags, and lines that are too long for it.

// Feature: A menu searches, groups, continues, ends, archives, copies and deletes sessions.

use bevy::prelude::*;
use bevy::text::TextLayoutInfo;
use bevy::ui::UiGlobalTransform;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use super::session_menu::{is_open, menu_game, titles};
use crate::common::*;

/// Plays sessions one after the other, each of which is closed.
fn left(sessions: impl IntoIterator<Item = NewSession>) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    for new in sessions {
        request(&mut app, |commands| commands.session().start(new));
        frames(&mut app, 2);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 2);
    }
    disk.snapshot()
}

fn tagged(name: &str, tags: &[&str]) -> NewSession {
    tags.iter().fold(NewSession::named(name), |new, tag| new.tag(tag))
}

fn three() -> MemoryDisk {
    left([
        tagged("Alpha", &["hard"]),
        tagged("Bravo", &["co-op"]),
        tagged("Charlie", &["co-op", "hard"]),
    ])
}

/// Has the list grouped.
fn group_by(app: &mut App, before: &str, what: &str) {
    press(app, &format!("Group by: {before}"));
    press(app, what);
}

/// Presses a tag above the list.
#[track_caller]
fn press_tag(app: &mut App, tag: &str, count: &str) {
    let world = app.world_mut();
    let mut buttons = world.query_filtered::<Entity, With<bevy::ui_widgets::Button>>();
    let buttons: Vec<Entity> = buttons.iter(world).collect();
    let chip = buttons.into_iter().find(|entity| texts_below(world, *entity) == [tag, count]);
    let entity = chip.unwrap_or_else(|| panic!("no tag {tag:?} with {count}"));
    world.trigger(bevy::ui_widgets::Activate { entity });
    frames(app, 2);
}

#[test]
fn groups_have_headings_with_counts_and_ungrouped_sessions_come_last() {
    let ann = |name| NewSession::named(name).player("Ann");
    let disk = left([
        ann("Alpha"),
        NewSession::named("Bravo"),
        NewSession::named("Charlie").player("Bob"),
        ann("Delta"),
    ]);
    let mut app = menu_game(&disk);
    group_by(&mut app, "None", "Player");
    let lines = ["Alpha", "Bravo", "Charlie", "Delta", "Ann", "Bob", "No player", "1", "2"];
    assert_eq!(
        titles(&mut app, &lines),
        ["Ann", "2", "Delta", "Alpha", "Bob", "1", "Charlie", "No player", "1", "Bravo"]
    );
    press(&mut app, "Delta");
    press(&mut app, "Delete");
    frames(&mut app, 3);
    let shown = titles(&mut app, &lines);
    assert_eq!(shown[..6], ["Bob", "1", "Charlie", "Ann", "1", "Alpha"], "Delta isn't counted");
    press(&mut app, "Charlie");
    press(&mut app, "Delete");
    assert!(!is_shown(&mut app, "Bob"), "a group goes with its last session");
    group_by(&mut app, "Player", "None");
    assert!(!is_shown(&mut app, "No player"));
}

#[test]
fn sessions_are_grouped_by_scenario_week_and_outcome() {
    let disk = MemoryDisk::default();
    let weeks = ["2025-12-20T12:00:00Z", "2025-12-27T12:00:00Z", "2025-12-31T12:00:00Z"];
    for (name, moment) in ["Alpha", "Bravo", "Charlie"].into_iter().zip(weeks) {
        let clock = moment.parse().unwrap();
        let mut app = game_with(plugin(&disk).clock_from(clock), |_| {});
        let new = NewSession::named(name).session_type("first-night");
        let new = if name == "Bravo" { new.session_type("") } else { new };
        request(&mut app, |commands| commands.session().start(new));
        frames(&mut app, 2);
        request(&mut app, |commands| match name {
            "Charlie" => commands.session().end(EndReason::Completed, LeaveCause::Player),
            _ => commands.session().close(LeaveCause::Player),
        });
        frames(&mut app, 3);
    }
    let mut app = menu_game(&disk.snapshot());
    let names = ["Alpha", "Bravo", "Charlie"];
    let with = |heads: &[&'static str]| [&names[..], heads].concat();
    group_by(&mut app, "None", "Scenario");
    let shown = titles(&mut app, &with(&["First night", "No scenario"]));
    assert_eq!(shown, ["First night", "Charlie", "Alpha", "No scenario", "Bravo"]);
    group_by(&mut app, "Scenario", "Week");
    let shown = titles(&mut app, &with(&["This week", "Last week", "2 weeks ago"]));
    assert_eq!(shown, ["This week", "Charlie", "Last week", "Bravo", "2 weeks ago", "Alpha"]);
    group_by(&mut app, "Week", "Outcome");
    let shown = titles(&mut app, &with(&["Completed", "Game in progress"]));
    assert_eq!(shown, ["Completed", "Charlie", "Game in progress", "Bravo", "Alpha"]);
}

#[test]
fn a_session_with_two_tags_is_in_both_groups_and_keys_pass_each_row_once() {
    let mut app = menu_game(&three());
    group_by(&mut app, "None", "Tag");
    let names = ["Alpha", "Bravo", "Charlie"];
    let shown = titles(&mut app, &names);
    assert_eq!(shown, ["Charlie", "Bravo", "Charlie", "Alpha"]);
    press(&mut app, "Bravo");
    assert_eq!(focused(&mut app)[0], "Bravo");
    key(&mut app, KeyCode::ArrowUp);
    let mut walked = vec![focused(&mut app).swap_remove(0)];
    for _ in 0..3 {
        key(&mut app, KeyCode::ArrowDown);
        walked.extend(focused(&mut app).into_iter().filter(|text| names.contains(&text.as_str())));
    }
    assert_eq!(walked, shown);
}

#[test]
fn the_groups_are_kept_while_the_menu_is_closed_and_escape_leaves_the_question() {
    let mut app = menu_game(&three());
    group_by(&mut app, "None", "Week");
    assert_eq!(focused(&mut app), ["Group by: Week"], "one can choose again at once");
    press(&mut app, "Group by: Week");
    assert_eq!(focused(&mut app), ["Week"]);
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(is_open(&app));
    press(&mut app, "Close");
    app.world_mut().trigger(bevy_session_ui::OpenSessionMenu::default());
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "This week"), "{:?}", texts(&mut app));
}

#[test]
fn a_tag_narrows_the_list_and_widens_it_when_it_is_pressed_again() {
    let mut app = menu_game(&three());
    let names = ["Alpha", "Bravo", "Charlie"];
    press_tag(&mut app, "hard", "2");
    assert_eq!(titles(&mut app, &names), ["Charlie", "Alpha"]);
    press_tag(&mut app, "co-op", "1");
    assert_eq!(titles(&mut app, &names), ["Charlie"]);
    press_tag(&mut app, "hard", "1");
    assert_eq!(titles(&mut app, &names), ["Charlie", "Bravo"]);
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(is_open(&app), "escape takes the tags away first");
    assert_eq!(titles(&mut app, &names).len(), 3);
}

#[test]
fn tags_and_a_search_are_combined_and_an_empty_result_says_so() {
    let mut app = menu_game(&three());
    press_tag(&mut app, "hard", "2");
    focus_field(&mut app);
    type_text(&mut app, "alp");
    assert_eq!(titles(&mut app, &["Alpha", "Bravo", "Charlie"]), ["Alpha"]);
    press(&mut app, "Trash");
    assert!(is_shown(&mut app, "Nothing matches \"alp\"."), "{:?}", texts(&mut app));
    press(&mut app, "Clear the search");
    assert!(is_shown(&mut app, "The trash is empty."));
    press(&mut app, "Games");
    press_tag(&mut app, "hard", "2");
    press(&mut app, "Trash");
    assert!(is_shown(&mut app, "Nothing here is tagged \"hard\"."), "{:?}", texts(&mut app));
    press_tag(&mut app, "hard", "0");
    assert!(is_shown(&mut app, "The trash is empty."));
}

fn nodes(app: &mut App) -> usize {
    let world = app.world_mut();
    world.query_filtered::<(), With<Node>>().iter(world).count()
}

#[test]
fn only_visible_rows_of_a_thousand_grouped_sessions_are_built() {
    let some = |count: usize| {
        left((0..count).map(|number| {
            // As many are together at the top of both lists.
            let player = format!("Player {}", if number + 8 < count { number % 40 } else { 40 });
            NewSession::named(format!("Game {number:04}")).player(player)
        }))
    };
    let mut few = menu_game(&some(8));
    group_by(&mut few, "None", "Player");
    let mut app = menu_game(&some(1000));
    group_by(&mut app, "None", "Player");
    let (of_few, of_many) = (nodes(&mut few), nodes(&mut app));
    assert!(of_many <= of_few, "{of_many} nodes, and {of_few} for eight sessions");
    press(&mut app, "Game 0998");
    for _ in 0..230 {
        key(&mut app, KeyCode::PageDown);
    }
    assert!(focused(&mut app).iter().any(|text| text.starts_with("Game ")));
    // The oldest of the group whose newest is the oldest.
    assert!(is_shown(&mut app, "Game 0032"), "{:?}", texts(&mut app));
}

/// The texts that reach over the edge at which they are cut off.
fn cut_off(app: &mut App) -> Vec<String> {
    let world = app.world_mut();
    let mut texts = world.query::<(Entity, &Text, &TextLayoutInfo)>();
    let place = |entity: Entity| {
        let place = world.get::<UiGlobalTransform>(entity)?.translation;
        Some((place.x, world.get::<ComputedNode>(entity)?.size().x))
    };
    let is_cut = |entity: Entity, width: f32| {
        let mut at = entity;
        while let Some(parent) = world.get::<ChildOf>(at).map(ChildOf::parent) {
            let clips = world.get::<Node>(parent).is_some_and(|node| !node.overflow.is_visible());
            if clips && let (Some((x, own)), Some((middle, frame))) = (place(entity), place(parent))
            {
                return x - own / 2.0 + width > middle + frame / 2.0 + 1.0;
            }
            at = parent;
        }
        false
    };
    let cut = texts.iter(world).filter(|(entity, _, layout)| is_cut(*entity, layout.size.x));
    cut.map(|(_, text, _)| text.0.clone()).collect()
}

#[test]
fn a_line_that_is_too_long_ends_in_dots() {
    let long = "W".repeat(40);
    let sessions = [NewSession::named(long.clone()), NewSession::named("Bravo").player("Bob")];
    let mut app = menu_game(&left(sessions));
    for (width, height) in [(1280, 720), (640, 360), (360, 640), (3840, 2160)] {
        resize(&mut app, width, height, 1.0);
        frames(&mut app, 5);
        let cut = cut_off(&mut app);
        assert!(cut.is_empty(), "{width} x {height}: {cut:?}");
        let shown = texts(&mut app);
        let is_dotted = |text: &String| text.starts_with("WWWW") && text.ends_with("W...");
        assert!(shown.iter().any(is_dotted), "{width} x {height}: {shown:?}");
        assert!(is_shown(&mut app, "Bob, Game in progress, an hour ago"), "{shown:?}");
    }
    let entity = button(&mut app, "Bravo").expect("it should be there");
    app.world_mut().trigger(bevy::ui_widgets::Activate { entity });
    app.update();
    assert!(cut_off(&mut app).is_empty(), "what is drawn again is cut at once");
}

#[test]
fn groups_and_tags_are_tidy_in_every_window() {
    let tags =
        ["co-op", "WWWWWWWWWWWWWWWW", "MMMMMMMMMMMMMMMMM", "WMWMWMWMWMWMWMWMW", "a b c d e f g"];
    let long = "Long name ".repeat(30);
    let mut app = menu_game(&left([
        tagged("Alpha", &tags).player("Ann"),
        tagged("Bravo", &tags[..2]).player(long.clone()),
        tagged(&long, &tags[1..]),
        tagged("Delta", &[]).player("Bob"),
    ]));
    group_by(&mut app, "None", "Player");
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 4);
        let window = format!("{width} x {height} at {scale}");
        assert_tidy(&mut app, &format!("{window}, groups"));
        let is_tiny = button(&mut app, "More").is_some();
        if is_tiny {
            press(&mut app, "More");
            assert_tidy(&mut app, &format!("{window}, more"));
        }
        press(&mut app, "Group by: Player");
        assert_tidy(&mut app, &format!("{window}, the question"));
        press(&mut app, "Tag");
        assert_tidy(&mut app, &format!("{window}, groups by tag"));
        press(&mut app, "Group by: Tag");
        press(&mut app, "Player");
        if is_tiny {
            press(&mut app, "Back");
        }
    }
}
