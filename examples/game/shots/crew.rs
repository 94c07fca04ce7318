//! Two lamplighters: one leaves a note for the other, who comes and gets the night to host.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{Crew, Mentioned, Notes};
use bevy_session_ui::SessionMenu;

use super::stage::Step::{self, Do, Frames, Press, Shot, Type, Until};
use super::story::{has_focus, is_playing, start_pilot, state, stop_pilot};
use crate::crew::Seat;
use crate::model::Game;
use crate::pause::Asking;

/// Who heard of a note, and whose requests were refused.
#[derive(Resource, Default)]
struct Heard {
    notes: Vec<Mentioned>,
    refused: Vec<String>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Heard>()
        .add_observer(|mentioned: On<Mentioned>, mut heard: ResMut<Heard>| {
            heard.notes.push(mentioned.clone());
        })
        .add_observer(|rejected: On<RequestRejected>, mut heard: ResMut<Heard>| {
            heard.refused.extend(rejected.by.clone());
        });
}

/// From one player to two, the second of whom hosts at the end.
pub fn play_together() -> Vec<Step> {
    let mut steps = leave_a_note();
    steps.extend([
        Press(&[KeyCode::F2]),
        Until("both at the keyboard", |world| are_here(world, 2)),
        Until("who is meant to hear of the note", |world| {
            let heard = &world.resource::<Heard>().notes;
            matches!(&heard[..], [heard] if heard.player.as_str() == Seat::Right.id())
        }),
        Frames(30),
        Shot("crew"),
        Do(start_pilot),
        Frames(120),
    ]);
    steps.extend(hand_over());
    steps
}

fn leave_a_note() -> Vec<Step> {
    vec![
        Do(stop_pilot),
        Press(&[KeyCode::KeyQ]),
        Until("a note to write", |world| state(world) == Game::Paused && has_focus(world)),
        Frames(10),
        Shot("pin"),
        Type("Shades in the east, @Ben"),
        Frames(5),
        Press(&[KeyCode::Enter]),
        Until("a pin", |world| world.resource::<Notes>().len() == 1),
        Until("play to go on", is_playing),
        Until("a photograph on it", |world| {
            let session = world.get_resource::<CurrentSession>();
            session.is_some_and(|session| session.timeline().attachments.len() == 1)
        }),
    ]
}

/// Ben asks for what only Ann may do, in the pause menu and in the one with all games, and gets the right to it from her.
fn hand_over() -> Vec<Step> {
    vec![
        Press(&[KeyCode::Backspace]),
        Until("his pause", |world| is_asking(world, Seat::Right) && has_focus(world)),
        // Below "Resume" and "Save".
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::Enter]),
        Until("the load menu", |world| world.resource::<SessionMenu>().is_open()),
        Frames(30),
        Press(&[KeyCode::Enter]),
        Until("his refusal", |world| {
            let refused = &world.resource::<Heard>().refused;
            refused.last().is_some_and(|by| by == Seat::Right.id())
        }),
        Frames(10),
        Shot("menu-refused"),
        Press(&[KeyCode::Escape]),
        Until("the end of the load menu", |world| !world.resource::<SessionMenu>().is_open()),
        // "Begin this place again".
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::Enter]),
        Frames(20),
        Shot("refused"),
        Press(&[KeyCode::Escape]),
        Until("play to go on", is_playing),
        Press(&[KeyCode::Escape]),
        Until("her pause", |world| is_asking(world, Seat::Left) && has_focus(world)),
        // The fifth button hands over.
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::ArrowDown]),
        Press(&[KeyCode::Enter]),
        Until("the other host", |world| hosts(world, Seat::Right)),
        Frames(10),
        Shot("handed-over"),
        Press(&[KeyCode::Escape]),
        Until("play to go on", is_playing),
    ]
}

/// True if so many play.
pub fn are_here(world: &mut World, count: usize) -> bool {
    world.resource::<Crew>().here().count() == count
}

/// True if this one hosts, alone or not.
pub fn hosts(world: &World, seat: Seat) -> bool {
    let host = world.resource::<Crew>().host();
    host.is_some_and(|host| host.is_here() && Seat::of(host.player()) == Some(seat))
}

fn is_asking(world: &World, seat: Seat) -> bool {
    world.get_resource::<Asking>().is_some_and(|asking| asking.0 == seat)
}
