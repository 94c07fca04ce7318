//! The story, in two acts: what somebody does who plays, pulls the plug, and comes back.

use bevy::input_focus::InputFocus;
use bevy::prelude::*;
use bevy_session::prelude::*;

use super::digest::Comparison;
use super::pilot::Pilot;
use super::stage::Step::{Do, Frames, Press, Shot, Until};
use super::stage::{Step, Story};
use crate::crashes::kill_at_once;
use crate::model::{Game, Lamp};
use crate::options::Options;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, |options: Res<Options>, mut commands: Commands| {
        let act = if options.act == Some(1) { until_the_end() } else { after_the_end() };
        commands.insert_resource(Story::new(act));
    });
}

fn until_the_end() -> Vec<Step> {
    vec![
        Until("the menu with its choice", has_focus),
        Frames(20),
        Shot("menu"),
        Press(KeyCode::Enter),
        Until("a new game", is_playing),
        Do(start_pilot),
        Until("a lamp that is lit", |world| lit_lamps(world) >= 1),
        Press(KeyCode::F5),
        Until("a quick save", |world| !world.resource::<SessionCatalog>().slots().is_empty()),
        Until("two lamps that are lit", |world| lit_lamps(world) >= 2),
        Frames(40),
        Shot("play"),
        Until("a checkpoint of this very time", is_safe),
        Do(|_| kill_at_once()),
        Frames(600),
    ]
}

fn after_the_end() -> Vec<Step> {
    vec![
        Until("an offer", |world| !world.resource::<RecoveryOffers>().is_empty()),
        Frames(20),
        Shot("dialog"),
        Do(|world| {
            let session = world.resource::<RecoveryOffers>().offers()[0].session.id;
            world.commands().recover(session, RestoreFrom::Latest);
            world.flush();
        }),
        Until("the game that was captured", |world| {
            *world.resource::<Comparison>() == Comparison::Same
        }),
        Frames(30),
        Shot("recovered"),
        Press(KeyCode::Escape),
        Frames(30),
        Shot("paused"),
        Press(KeyCode::Escape),
        Do(start_pilot),
        Until("the end of the level", |world| {
            *world.resource::<State<Game>>().get() == Game::MissionComplete
        }),
        Frames(20),
        Shot("complete"),
    ]
}

fn has_focus(world: &mut World) -> bool {
    world.resource::<InputFocus>().get().is_some()
}

fn is_playing(world: &mut World) -> bool {
    *world.resource::<State<Game>>().get() == Game::Playing
}

fn start_pilot(world: &mut World) {
    world.resource_mut::<Pilot>().is_on = true;
}

fn lit_lamps(world: &mut World) -> usize {
    world.query::<&Lamp>().iter(world).filter(|lamp| lamp.is_lit()).count()
}

fn is_safe(world: &mut World) -> bool {
    let session = world.get_resource::<CurrentSession>();
    session.is_some_and(|session| session.at_risk().as_millis() < 100)
}
