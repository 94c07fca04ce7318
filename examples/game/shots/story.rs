//! The story, in two acts: what somebody does who plays, pulls the plug, and comes back.

use bevy::input_focus::InputFocus;
use bevy::prelude::*;
use bevy_session::attachments::AttachmentSaved;
use bevy_session::prelude::*;
use bevy_session::reports::ReportWritten;
use bevy_session_ui::{RecoveryDialog, SessionMenu, SessionPanel, SessionTimeline, StringsFile};

use super::crew::{are_here, hosts, play_together};
use super::digest::Comparison;
use super::pilot::Pilot;
use super::stage::Step::{Do, Frames, Hold, LetGo, Pad, Press, Shot, Until};
use super::stage::{Step, Story};
use crate::crashes::kill_at_once;
use crate::crew::Seat;
use crate::level::LevelRoot;
use crate::model::{Game, Lamp};
use crate::options::Options;
use crate::recap::Recap;
use crate::rewind::Rewinding;

/// The events since the story looked last.
#[derive(Resource, Default)]
struct Noticed {
    saved: u32,
    pictures: u32,
    reports: u32,
    refused: bool,
    focus: Option<Entity>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Noticed>()
        .add_observer(|_: On<CheckpointSaved>, mut noticed: ResMut<Noticed>| noticed.saved += 1)
        .add_observer(|_: On<AttachmentSaved>, mut noticed: ResMut<Noticed>| {
            noticed.pictures += 1;
        })
        .add_observer(|_: On<ReportWritten>, mut noticed: ResMut<Noticed>| noticed.reports += 1)
        .add_observer(|_: On<CheckpointFailed>, mut noticed: ResMut<Noticed>| {
            noticed.refused = true;
        })
        .add_systems(Startup, |options: Res<Options>, mut commands: Commands| {
            let act = match options.act {
                Some(1) => until_the_end(),
                Some(3) => go_on(|world| world.resource::<Noticed>().saved >= 4),
                Some(4) => go_on(|world| world.resource::<Noticed>().saved >= 8),
                Some(5) => which_is_meant(),
                Some(6) => super::shelf::look_at_the_shelf(),
                Some(7) => super::film::until_the_end(),
                Some(8) => super::film::after_the_end(),
                _ => after_the_end(),
            };
            commands.insert_resource(Story::new(act));
        });
}

fn until_the_end() -> Vec<Step> {
    let mut steps = vec![
        Until("the menu, with one button chosen", has_focus),
        Frames(20),
        Shot("menu"),
        Press(&[KeyCode::Enter]),
        Until("the nights, with one chosen", |world| {
            state(world) == Game::Choosing && has_focus(world)
        }),
        Frames(60),
        Shot("new-game"),
        Pad(GamepadButton::DPadDown),
        Press(&[KeyCode::ArrowDown]),
        Frames(60),
        Shot("new-game-hard"),
        Pad(GamepadButton::East),
        Until("the menu again", |world| state(world) == Game::Menu && has_focus(world)),
        Press(&[KeyCode::Enter]),
        Until("the nights again", |world| state(world) == Game::Choosing && has_focus(world)),
        Pad(GamepadButton::South),
        Until("a new game", is_playing),
        Do(start_pilot),
        Until("a lamp that is lit", |world| lit_lamps(world) >= 1),
        Press(&[KeyCode::F5]),
        Until("a quick save", |world| !world.resource::<SessionCatalog>().slots().is_empty()),
        Until("two lamps that are lit", |world| lit_lamps(world) >= 2),
        Frames(100),
        Shot("play"),
    ];
    steps.extend(play_together());
    steps.extend([
        Do(look_away),
        Until("a checkpoint with a picture", |world| world.resource::<Noticed>().pictures > 0),
        Do(|_| kill_at_once()),
        Until("the end of this process", |_| false),
    ]);
    steps
}

fn after_the_end() -> Vec<Step> {
    let mut steps = recover_by_keyboard();
    steps.extend(go_back_in_time());
    steps.extend(look_around());
    steps.extend(lose_the_disk());
    steps.extend([
        Until("the end of the level", |world| state(world) == Game::MissionComplete),
        Frames(20),
        Shot("complete"),
    ]);
    steps
}

/// Goes on with what was left, in the next place.
fn go_on(is_enough: fn(&mut World) -> bool) -> Vec<Step> {
    vec![
        Until("something to continue", |world| {
            world.resource::<SessionCatalog>().newest_to_continue().is_some()
        }),
        Until("the menu, with one button chosen", has_focus),
        Frames(20),
        Press(&[KeyCode::Enter]),
        Until("the place that was completed", |world| {
            state(world) == Game::MissionComplete && has_focus(world)
        }),
        Until("what was done last", |world| !world.resource::<Recap>().wanted),
        Frames(10),
        Shot("recap"),
        Frames(60),
        Shot("recap"),
        Press(&[KeyCode::Enter]),
        Until("the next place", is_playing),
        Do(start_pilot),
        Do(look_away),
        Until("some checkpoints", is_enough),
    ]
}

/// It went on in two places.
fn which_is_meant() -> Vec<Step> {
    vec![
        Until("the dialog", |world| world.resource::<RecoveryDialog>().is_open()),
        Frames(60),
        Shot("fork"),
        Do(|world| {
            let german = world.resource::<AssetServer>().load("strings/de.ron");
            world.insert_resource(StringsFile(german));
        }),
        Frames(60),
        Shot("fork-german"),
    ]
}

fn recover_by_keyboard() -> Vec<Step> {
    vec![
        Until("the dialog", |world| world.resource::<RecoveryDialog>().is_open()),
        Until("one of its buttons chosen", has_focus),
        Frames(30),
        Shot("dialog"),
        Do(look_away),
        Press(&[KeyCode::Tab]),
        Until("another button chosen", |world| !focus_is_as_before(world)),
        Press(&[KeyCode::ShiftLeft, KeyCode::Tab]),
        Until("the first button chosen again", focus_is_as_before),
        Press(&[KeyCode::Enter]),
        Until("the very game that was captured", |world| {
            *world.resource::<Comparison>() == Comparison::Same
        }),
        Until("the end of the dialog", |world| !world.resource::<RecoveryDialog>().is_open()),
        Until("play to go on", is_playing),
        Until("the host alone at the keyboard", |world| {
            hosts(world, Seat::Right) && are_here(world, 1)
        }),
        Press(&[KeyCode::F2]),
        Until("both at the keyboard", |world| are_here(world, 2)),
        Do(look_away),
    ]
}

fn go_back_in_time() -> Vec<Step> {
    vec![
        Until("some checkpoints", |world| world.resource::<Noticed>().saved >= 3),
        Press(&[KeyCode::KeyR]),
        Until("the timeline", timeline_is_open),
        Frames(10),
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::ArrowDown]),
        // The first chooses, the second leads to the button, and the third presses it.
        Do(|world| world.insert_resource(Comparison::NothingYet)),
        Press(&[KeyCode::Enter]),
        Press(&[KeyCode::Enter]),
        Press(&[KeyCode::Enter]),
        Until("the very moment that was chosen", |world| {
            *world.resource::<Comparison>() == Comparison::Same
        }),
        Until("play to go on", |world| is_playing(world) && !timeline_is_open(world)),
        Do(look_away),
        Until("some more checkpoints", |world| world.resource::<Noticed>().saved >= 3),
        Press(&[KeyCode::KeyR]),
        Until("the timeline with a branch", timeline_is_open),
        Frames(60),
        Shot("timeline"),
        Press(&[KeyCode::Escape]),
        Until("the end of the timeline", |world| !timeline_is_open(world)),
        Until("play to go on", is_playing),
        Do(look_away),
        Until("even more checkpoints", |world| world.resource::<Noticed>().saved >= 3),
        Do(note_level),
        Hold(&[KeyCode::KeyR]),
        Until("three steps back", |world| {
            world.get_resource::<Rewinding>().is_some_and(|rewinding| rewinding.steps >= 3)
        }),
        Shot("rewinding"),
        LetGo(&[KeyCode::KeyR]),
        Until("play to go on in the level that was there", |world| {
            is_playing(world) && !world.contains_resource::<Rewinding>() && is_in_noted_level(world)
        }),
        Do(look_away),
    ]
}

/// The level that was there when it was looked at.
#[derive(Resource)]
struct LevelThen(Vec<Entity>);

fn note_level(world: &mut World) {
    let roots = level_roots(world);
    world.insert_resource(LevelThen(roots));
}

fn is_in_noted_level(world: &mut World) -> bool {
    let roots = level_roots(world);
    world.resource::<LevelThen>().0 == roots
}

fn level_roots(world: &mut World) -> Vec<Entity> {
    world.query_filtered::<Entity, With<LevelRoot>>().iter(world).collect()
}

fn look_around() -> Vec<Step> {
    vec![
        Press(&[KeyCode::F8]),
        Until("a report", |world| world.resource::<Noticed>().reports > 0),
        Frames(10),
        Shot("report"),
        Press(&[KeyCode::F9]),
        Until("the panel", |world| world.resource::<SessionPanel>().is_open()),
        Until("some checkpoints", |world| world.resource::<Noticed>().saved >= 10),
        Shot("panel"),
        Press(&[KeyCode::F9]),
        // Ben's, who hosts and may load.
        Press(&[KeyCode::Backspace]),
        Until("the pause", |world| state(world) == Game::Paused && has_focus(world)),
        Frames(10),
        Shot("paused"),
        // From "Resume" to "Save": a slot, and then to "Load".
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::Enter]),
        Until("a slot", |world| world.resource::<SessionCatalog>().slots().len() >= 2),
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::Enter]),
        Until("the load menu", |world| world.resource::<SessionMenu>().is_open()),
        Frames(60),
        Shot("load"),
        Press(&[KeyCode::Escape]),
        Until("the end of the load menu", |world| !world.resource::<SessionMenu>().is_open()),
        Press(&[KeyCode::Escape]),
        Until("play to go on", is_playing),
    ]
}

fn lose_the_disk() -> Vec<Step> {
    vec![
        Do(look_away),
        Press(&[KeyCode::Digit5]),
        Until("a checkpoint that the disk refuses", |world| world.resource::<Noticed>().refused),
        Frames(30),
        Shot("indicator"),
        Press(&[KeyCode::Digit5]),
        Do(look_away),
        Until("a checkpoint that it takes", |world| world.resource::<Noticed>().saved > 0),
        Do(start_pilot),
    ]
}

pub fn state(world: &World) -> Game {
    *world.resource::<State<Game>>().get()
}

fn timeline_is_open(world: &mut World) -> bool {
    world.resource::<SessionTimeline>().is_open()
}

pub fn is_playing(world: &mut World) -> bool {
    state(world) == Game::Playing
}

pub fn has_focus(world: &mut World) -> bool {
    let focus = world.resource::<InputFocus>().get();
    focus.is_some_and(|focus| !world.entity(focus).contains::<Window>())
}

fn focus_is_as_before(world: &mut World) -> bool {
    world.resource::<InputFocus>().get() == world.resource::<Noticed>().focus
}

fn look_away(world: &mut World) {
    let focus = world.resource::<InputFocus>().get();
    world.insert_resource(Noticed { focus, ..default() });
}

pub fn start_pilot(world: &mut World) {
    world.resource_mut::<Pilot>().is_on = true;
}

/// No hand is on the keys.
pub fn stop_pilot(world: &mut World) {
    world.resource_mut::<Pilot>().is_on = false;
}

pub fn lit_lamps(world: &mut World) -> usize {
    world.query::<&Lamp>().iter(world).filter(|lamp| lamp.is_lit()).count()
}
