//! Who plays: Ann and, whenever somebody sits down beside her, Ben. They share a keyboard. Each has a character, which
//! stays theirs when the other one hosts, and waits for them while they are away.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{
    Characters, Crew, CrewChange, CrewCommandsExt, CrewExt, CrewPlugin, CrewRefusal, CrewRestored,
    CrewStep, PlayedBy, PlayerId,
};
use bevy_session_ui::session_ui_is_open;

use crate::hud::Note;
use crate::level::LoadedLevel;
use crate::model::{Game, Lantern, Night, Player};
use crate::play::Steering;
use crate::texts::Texts;

/// A half of the keyboard, and who plays on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seat {
    Left,
    Right,
}

impl Seat {
    pub const ALL: [Self; 2] = [Self::Left, Self::Right];

    /// The player's id in the crew. With accounts, it would be that of the account.
    pub fn id(self) -> &'static str {
        match self {
            Self::Left => "ann",
            Self::Right => "ben",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "Ann",
            Self::Right => "Ben",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    pub fn of(player: &PlayerId) -> Option<Self> {
        Self::ALL.into_iter().find(|seat| seat.id() == player.as_str())
    }

    /// Beside a place, so that two characters there don't stand in one another.
    pub fn beside(self, place: Vec2) -> Transform {
        let side = if self == Self::Left { -34.0 } else { 34.0 };
        Transform::from_translation((place + Vec2::new(side, 0.0)).extend(0.0))
    }
}

/// Who is at the keyboard.
#[derive(SystemParam)]
pub struct Seats<'w> {
    crew: Res<'w, Crew>,
}

impl Seats<'_> {
    pub fn is_here(&self, seat: Seat) -> bool {
        self.crew.get(seat.id()).is_some_and(|member| member.is_here())
    }

    pub fn are_both_here(&self) -> bool {
        Seat::ALL.into_iter().all(|seat| self.is_here(seat))
    }

    /// The player who uses this half of the keyboard: one player alone has both.
    pub fn at(&self, half: Seat) -> Seat {
        if self.is_here(half) || !self.is_here(half.other()) { half } else { half.other() }
    }

    /// The halves of the keyboard that a player has; none if they are away.
    pub fn halves(&self, of: Seat) -> impl Iterator<Item = Seat> {
        let is_here = self.is_here(of);
        Seat::ALL.into_iter().filter(move |half| is_here && self.at(*half) == of)
    }

    pub fn host(&self) -> Option<Seat> {
        self.crew.host().and_then(|host| Seat::of(host.player()))
    }
}

pub fn plugin(app: &mut App) {
    app.add_plugins(CrewPlugin)
        .say_refusals(|_: In<CrewRefusal>, crew: Res<Crew>, texts: Res<Texts>| {
            texts.only_host(&crew)
        })
        .add_observer(|_: On<SessionStarted>, mut commands: Commands| {
            commands.run_system_cached(sit_down);
        })
        .add_observer(|_: On<CrewRestored>, mut commands: Commands| {
            commands.run_system_cached(sit_down);
        })
        .add_systems(
            Update,
            (
                (own, give_characters).chain().run_if(in_state(Game::Playing)),
                // Where a place is completed, what is drawn is looked at. While it is played, its inputs say who is here.
                wake.run_if(resource_exists::<LoadedLevel>.and_then(not(in_state(Game::Playing)))),
            )
                .chain()
                .run_if(not(session_is_restoring)),
        );
}

/// The words on players who come and go, and the key by which they do.
pub fn seen(app: &mut App) {
    app.add_observer(say_who_is_here).add_systems(
        Update,
        come_and_go.before(own).run_if(
            in_state(Game::Playing)
                .and_then(not(session_ui_is_open))
                .and_then(not(session_is_restoring)),
        ),
    );
}

/// When a session begins or is resumed, no one is in it. The host sits down first, and then has the whole keyboard; the
/// other one is in the crew all the same, so that notes can be for them.
fn sit_down(crew: Res<Crew>, seats: Seats, mut commands: Commands) {
    if crew.here().next().is_some() {
        return;
    }
    let host = seats.host().unwrap_or(Seat::Left);
    commands.crew().join(host.id());
    for seat in [host, host.other()] {
        if crew.get(seat.id()).is_none() {
            if seat != host {
                commands.crew().invite(seat.id());
            }
            commands.crew().rename(seat.id(), seat.name());
        }
    }
}

/// One key for the player who doesn't host: they come and go as they like.
fn come_and_go(
    keys: Res<ButtonInput<KeyCode>>,
    gamepads: Query<&Gamepad>,
    seats: Seats,
    mut commands: Commands,
) {
    let is_select = |gamepad: &Gamepad| gamepad.just_pressed(GamepadButton::Select);
    if !keys.just_pressed(KeyCode::F2) && !gamepads.iter().any(is_select) {
        return;
    }
    let guest = seats.host().unwrap_or(Seat::Left).other();
    match seats.is_here(guest) {
        true => commands.crew().leave(guest.id()),
        false => commands.crew().join(guest.id()),
    }
}

/// A character of a build that knew one player only is hers.
fn own(unowned: Query<Entity, (With<Player>, Without<PlayedBy>)>, mut commands: Commands) {
    for character in &unowned {
        commands.entity(character).insert(PlayedBy::new(Seat::Left.id()));
    }
}

/// Who plays has a character, also if a rewind went to before they had come.
fn give_characters(
    seats: Seats,
    characters: Characters,
    played: Query<&Transform, (With<Player>, With<Steering>)>,
    level: Res<LoadedLevel>,
    night: Res<Night>,
    mut commands: Commands,
) {
    let start = played.iter().next().map_or(level.start, |at| at.translation.truncate());
    for seat in Seat::ALL {
        let has_one = characters.of(seat.id()).next().is_some();
        if seats.is_here(seat) && !has_one {
            commands
                .spawn((Player::default(), PlayedBy::new(seat.id()), seat.beside(start)))
                .with_child((
                    Lantern { oil: night.oil, flares: false },
                    Transform::from_xyz(11.0, -2.0, 0.0),
                ));
        }
    }
}

/// Characters of those who are here can be steered; the others sleep.
fn wake(
    seats: Seats,
    characters: Query<(Entity, &PlayedBy, Has<Steering>), With<Player>>,
    mut commands: Commands,
) {
    for (character, PlayedBy(player), is_steered) in &characters {
        let is_here = Seat::of(player).is_some_and(|seat| seats.is_here(seat));
        if is_here && !is_steered {
            commands.entity(character).insert(Steering::default());
        } else if !is_here && is_steered {
            commands.entity(character).remove::<Steering>();
        }
    }
}

fn say_who_is_here(
    change: On<CrewChange>,
    crew: Res<Crew>,
    texts: Res<Texts>,
    mut note: ResMut<Note>,
) {
    let Some(member) = crew.get(&change.player) else { return };
    let said = match change.step {
        // The host's start needs no note.
        CrewStep::Joined if !member.is_host() => &texts.has_come,
        CrewStep::Left => &texts.has_left,
        CrewStep::HandedOver => &texts.hosts_now,
        _ => return,
    };
    note.say(&said.replace("{name}", member.name()));
}
