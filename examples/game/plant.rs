//! `--plant N`: sessions that somebody could have played, so that there is something to search and to sort.
//! They are begun, played and left in a game without a window, the same ones each time.

use std::time::{Duration, SystemTime};

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::library::Archived;
use bevy_session::prelude::*;
use bevy_session::{SessionId, SessionUpdate};
use bevy_session_play::{Attempt, InsightsCommandsExt, OBJECTIVES};

use crate::insights::DODGE;
use crate::model::{Bite, Dice, Game, Lamp, Score};
use crate::options::Options;
use crate::scenarios::FILES;
use crate::texts::Texts;
use crate::{headless, lamplighter, objectives};

const MOODS: [&str; 10] =
    ["Long", "Quiet", "First", "Frozen", "Golden", "Hidden", "Burning", "Last", "Silver", "Stormy"];
const PLACES: [&str; 12] = [
    "Harbour", "Night", "Village", "Marsh", "Crossing", "Winter", "Watch", "Bridge", "Lantern",
    "Road", "Orchard", "Tide",
];
const PLAYERS: [&str; 4] = ["Ann", "Ben", "Chloé", "Dmitri"];
const TAGS: [&str; 5] = ["co-op", "ironman", "with friends", "speedrun", "first try"];
/// Real time of a frame while something is played.
const FRAME: Duration = Duration::from_secs(20);

/// Plants so many sessions below the directory of the options.
pub fn plant(options: &Options, texts: Texts, count: u32) -> Result<(), String> {
    let mut app = garden(options, texts, count)?;
    let mut dice = Dice(u64::from(count));
    for number in 0..count {
        play(&mut app, number, &mut dice)?;
    }
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 4);
    Ok(())
}

/// The game without a window, some weeks ago.
fn garden(options: &Options, texts: Texts, count: u32) -> Result<App, String> {
    let weeks_ago = SystemTime::now()
        .checked_sub((PAUSE + LONGEST) * count)
        .and_then(|began| jiff::Timestamp::try_from(began).ok())
        .ok_or("So many sessions have no room in time.")?;
    let session = lamplighter(&options.data).clock_from(weeks_ago);
    let mut app = headless::base(options, texts, session);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    app.finish();
    app.cleanup();
    frames(&mut app, 4);
    Ok(app)
}

/// No session is played for longer.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60 + 10 * 60);
/// Real time from one session to the next.
const PAUSE: Duration = Duration::from_secs(6 * 60 * 60);

fn play(app: &mut App, number: u32, dice: &mut Dice) -> Result<(), String> {
    let mut one_of = |all: &[&'static str]| {
        let at = (dice.fraction() * all.len() as f32) as usize;
        all[at.min(all.len() - 1)]
    };
    let name = format!("{} {}", one_of(&MOODS), one_of(&PLACES));
    let mut new = NewSession::named(name).player(one_of(&PLAYERS));
    let scenario = one_of(&FILES);
    new = new.session_type(scenario);
    new = new.field(OBJECTIVES, &objectives::places()).map_err(|error| error.to_string())?;
    for _ in 0..number % 3 {
        new = new.tag(one_of(&TAGS));
    }
    app.world_mut().commands().session().start(new);
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Loading);
    until_playing(app)?;
    light_lamps(app, dice.fraction());
    let bites = (dice.fraction() * 6.0) as u32;
    for _ in 0..bites {
        let across = dice.fraction() + dice.fraction() - 1.0;
        let at = Vec2::new(across * 1000.0, (dice.fraction() * dice.fraction() - 0.4) * 1000.0);
        app.world_mut().write_message(Bite { level: "village".to_owned(), at });
    }
    learn_to_dodge(app, number, scenario);
    let minutes = (dice.fraction() * dice.fraction() * 120.0) as u32;
    frames(app, 2 + minutes * 3);
    let current = app.world().get_resource::<CurrentSession>();
    let id = current.map(|session| session.id()).ok_or("No session is played.")?;
    leave(app, number, id);
    let pause = TimeUpdateStrategy::ManualDuration(PAUSE);
    app.insert_resource(pause);
    app.update();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    Ok(())
}

/// Shades come after the fireflies, and get them less and less often. On a moonless night they bite more.
fn learn_to_dodge(app: &mut App, number: u32, scenario: &str) {
    for chase in 0..12 {
        let luck = (number * 37 + chase * 61) % 100;
        let attempt = Attempt::new(luck < 30 + number / 2);
        app.world_mut().commands().insights().attempt(DODGE, attempt);
    }
    if scenario == "moonless" {
        for bite in 0..5 {
            let at = Vec2::new(bite as f32 * 150.0 - 400.0, 100.0);
            app.world_mut().write_message(Bite { level: "marsh".to_owned(), at });
        }
    }
}

/// Levels are loaded by other threads.
pub fn until_playing(app: &mut App) -> Result<(), String> {
    for _ in 0..20_000 {
        app.update();
        if *app.world().resource::<State<Game>>().get() == Game::Playing {
            return Ok(());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Err("The first level could not be loaded.".to_owned())
}

fn light_lamps(app: &mut App, share: f32) {
    let world = app.world_mut();
    let mut lamps = world.query::<&mut Lamp>();
    let all = lamps.iter(world).count();
    // Some light all of them.
    let lit = (share * (all + 1) as f32) as usize;
    for mut lamp in lamps.iter_mut(world).take(lit) {
        lamp.fireflies = lamp.needs;
    }
    let mut score = world.resource_mut::<Score>();
    score.lamps += lit as u32;
    score.points += 100 * lit as u32;
}

/// Most are closed. Some have ended, are favourites, or were put away.
fn leave(app: &mut App, number: u32, id: SessionId) {
    let mut commands = app.world_mut().commands();
    let mut session = commands.session();
    match number % 11 {
        3 => session.end(EndReason::Completed, LeaveCause::Player),
        5 => session.end(EndReason::Failed, LeaveCause::Player),
        7 => session.end(EndReason::Abandoned, LeaveCause::Player),
        _ => session.close(LeaveCause::Player),
    };
    if number % 7 == 2 {
        session.library().update(id, SessionUpdate::default().pin(true));
    }
    if number % 13 == 4 {
        session.library().archive(id, Archived::WithWorld);
    } else if number % 13 == 8 {
        session.library().delete(id);
    }
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Menu);
    frames(app, 6);
}

fn frames(app: &mut App, count: u32) {
    for _ in 0..count {
        app.update();
    }
}
