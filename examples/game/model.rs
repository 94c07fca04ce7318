//! The model: what belongs to the player's progress, and when it is saved. What is drawn is made of it in `views.rs`,
//! and never saved.

use bevy::prelude::*;
use bevy_session::RecoveryOffer;
use bevy_session::chapters::{ChapterOutcome, NewChapter};
use bevy_session::ends::SessionEnding;
use bevy_session::prelude::*;
use bevy_session::recovery::RecoveryOption;
use bevy_session::scenarios::Scenario;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::level::LoadedLevel;
use crate::texts::Texts;

#[derive(
    States, TypePath, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Game {
    #[default]
    Menu,
    Loading,
    Playing,
    Paused,
    MissionComplete,
    /// Which night a new game is to be.
    Choosing,
    /// The figures of all games that were played.
    Insights,
    /// The lessons of all of them.
    Lessons,
}

/// Which level is played. It comes back before the level is loaded, so the right one is.
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct CurrentLevel(pub String);

impl Default for CurrentLevel {
    fn default() -> Self {
        Self("village".to_owned())
    }
}

/// The settings of a night, from the scenario. The session has it, so it isn't saved once more.
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct Night {
    /// Fireflies in each level, unless the command line says how many.
    pub fireflies: u32,
    /// The oil in the lantern at the beginning.
    pub oil: f32,
    /// The speed of shades; 1 is the usual one.
    pub shades: f32,
}

impl Default for Night {
    fn default() -> Self {
        Self { fireflies: 300, oil: 1.0, shades: 1.0 }
    }
}

impl Night {
    fn of(session: &CurrentSession) -> Self {
        let usual = Self::default();
        Self {
            fireflies: setting(session, "fireflies").unwrap_or(usual.fireflies),
            oil: setting(session, "oil").unwrap_or(usual.oil),
            shades: setting(session, "shades").unwrap_or(usual.shades),
        }
    }
}

fn setting<T: DeserializeOwned>(session: &CurrentSession, name: &str) -> Option<T> {
    session.get(&format!("{}{name}", Scenario::SETTING))
}

#[derive(Resource, Reflect, Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Score {
    pub points: u32,
    pub lamps: u32,
    pub stolen: u32,
}

/// A game that goes on goes on with the same dice.
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Dice(pub u64);

impl Default for Dice {
    fn default() -> Self {
        Self(1)
    }
}

impl Dice {
    /// A number from 0 to 1.
    pub fn fraction(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f32::from((mixed >> 48) as u16) / f32::from(u16::MAX)
    }

    pub fn direction(&mut self) -> Vec2 {
        Vec2::from_angle(self.fraction() * std::f32::consts::TAU)
    }
}

/// The lamplighter, followed by the fireflies that were caught, the first one right behind.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[require(Transform, Visibility)]
#[reflect(Component, Saved)]
pub struct Player {
    #[entities]
    pub tail: Vec<Entity>,
    /// When the next firefly goes into the lamp.
    pub pouring: Timer,
}

impl Default for Player {
    fn default() -> Self {
        Self { tail: Vec::new(), pouring: Timer::from_seconds(0.2, TimerMode::Repeating) }
    }
}

/// The lantern that the player carries, as a child. Its flare keeps shades away, as long as there is oil.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[require(Transform, Visibility)]
#[reflect(Component, Saved)]
pub struct Lantern {
    /// From 0 to 1.
    pub oil: f32,
    pub flares: bool,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[require(Transform, Visibility)]
#[reflect(Component, Saved)]
pub struct Firefly {
    pub drift: Vec2,
    pub caught: bool,
}

/// Placed by the level; how many fireflies it has is the player's doing.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[require(Transform, Visibility)]
#[reflect(Component, Saved)]
pub struct Lamp {
    pub name: String,
    pub needs: u32,
    pub fireflies: u32,
}

impl Lamp {
    pub fn is_lit(&self) -> bool {
        self.fireflies >= self.needs
    }
}

/// Placed by the level; hunts fireflies that were caught.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[require(Transform, Visibility)]
#[reflect(Component, Saved)]
pub struct Shade {
    #[entities]
    pub prey: Option<Entity>,
    pub home: Vec2,
    /// Seconds for which it has had enough.
    pub rests: f32,
}

/// A shade has reached the fireflies that followed the player.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Bite {
    pub level: String,
    pub at: Vec2,
}

pub fn plugin(app: &mut App) {
    let label = app.world().resource::<Texts>().begin_again.clone();
    let again = RecoveryOption::new("begin_again", label)
        .only_if(|offer, _| the_begin(offer).is_some())
        .proposed_after(2);
    app.init_state::<Game>()
        .init_resource::<CurrentLevel>()
        .init_resource::<Score>()
        .init_resource::<Dice>()
        .init_resource::<Night>()
        .add_observer(begin_night)
        .add_observer(
            |_: On<SessionRestored>, session: Res<CurrentSession>, mut night: ResMut<Night>| {
                *night = Night::of(&session);
            },
        )
        .save_component::<Transform>()
        // A game that comes back into a pause menu no one asked for is a nuisance.
        .save_state_as(|state| if state == Game::Paused { Game::Playing } else { state })
        .checkpoint_session_while(
            in_state(Game::Playing)
                .or_else(in_state(Game::Paused))
                .or_else(in_state(Game::MissionComplete)),
        )
        .checkpoint_session_on_enter(Game::MissionComplete)
        .pause_session_in(Game::Paused)
        .restore_session_through(Game::Loading)
        .restore_session_in(Game::Playing)
        .stay_in_level_if(
            |level: Res<CurrentLevel>, there: Option<Res<LoadedLevel>>, state: Res<State<Game>>| {
                let is_there = there.is_some_and(|there| there.name == level.0);
                is_there && !matches!(state.get(), Game::Menu | Game::Loading)
            },
        )
        .offer_recovery_in(Game::Menu)
        .close_session_on_enter(Game::Menu)
        .recovery_option(again, begin_again)
        .on_session_end(last_words)
        .add_systems(
            OnTransition { exited: Game::Loading, entered: Game::Playing },
            enter_place.run_if(not(session_is_restoring)),
        )
        .add_systems(
            OnEnter(Game::MissionComplete),
            complete_place.run_if(not(session_is_restoring)),
        );
}

/// A new game is in the place that its scenario names.
fn begin_night(
    _: On<SessionStarted>,
    session: Res<CurrentSession>,
    mut night: ResMut<Night>,
    mut level: ResMut<CurrentLevel>,
) {
    *night = Night::of(&session);
    level.0 = setting(&session, "place").unwrap_or_else(|| CurrentLevel::default().0);
}

fn last_words(score: Res<Score>, mut ending: ResMut<SessionEnding>) {
    if ending.words().is_empty() {
        ending.say(format!("{} points", score.points));
    }
}

/// Each place is a chapter. Its first checkpoint is kept, so that the player can begin it again.
fn enter_place(
    level: Res<LoadedLevel>,
    texts: Res<Texts>,
    session: Option<Res<CurrentSession>>,
    mut commands: Commands,
) {
    // One that was left without having been completed.
    if session.is_some_and(|session| session.chapters().current().is_some()) {
        commands.session().chapters().end_current(ChapterOutcome::Abandoned);
    }
    let place = NewChapter::named(texts.name_of(&level.name)).kind("place");
    commands.session().chapters().begin(place);
}

fn complete_place(session: Option<Res<CurrentSession>>, mut commands: Commands) {
    if session.is_some_and(|session| session.chapters().current().is_some()) {
        commands.session().chapters().end_current(ChapterOutcome::Completed);
    }
}

/// The first checkpoint of the place in which the game died.
fn the_begin(offer: &RecoveryOffer) -> Option<RestoreFrom> {
    let mut checkpoints = offer.checkpoints.iter();
    let newest = checkpoints.find(|listed| listed.id == offer.newest)?;
    let place = newest.summary.chapters.last()?;
    place.first_checkpoint.map(RestoreFrom::Checkpoint)
}

/// A way out of a crash, should every newer checkpoint be one that kills the game.
fn begin_again(In(offer): In<RecoveryOffer>, mut commands: Commands) {
    if let Some(from) = the_begin(&offer) {
        commands.session().recover(offer.session.id, from);
    }
}
