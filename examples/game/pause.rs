//! The pause menu: who asked for it, who hosts, and what only the host may ask for.

use bevy::prelude::*;
use bevy::ui_widgets::Activate;
use bevy_session::RequestError;
use bevy_session::prelude::*;
use bevy_session_play::{
    Crew, CrewChange, CrewCommandsExt, CrewRefusal, CrewRejected, Right, Rights,
};
use bevy_session_ui::{OpenSessionMenu, SessionMenu};

use crate::crew::{Seat, Seats};
use crate::hud::Note;
use crate::level::LoadedLevel;
use crate::menu::{Action, Screen, fill, leave_room_for_notes, screen};
use crate::model::Game;
use crate::pins::Writing;
use crate::texts::Texts;

/// Who pressed pause, and so is the one who asks for what the menu has. There is one while the game is paused.
#[derive(Resource, Clone, Copy)]
pub struct Asking(pub Seat);

/// An action of the menu that takes a right.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ask {
    Save,
    Load,
    BeginAgain,
    HandOver,
    Leave,
}

impl Ask {
    /// The right that it takes; everybody may look at what can be loaded.
    fn right(self) -> Option<Right> {
        match self {
            Self::Save => Some(Right::Save),
            Self::Load => None,
            Self::BeginAgain => Some(Right::Load),
            Self::HandOver => Some(Right::HandOver),
            Self::Leave => Some(Right::End),
        }
    }

    /// Checks that the crew lets a player do it.
    pub fn check(self, by: Seat, crew: &Crew, rights: &Rights) -> Result<(), CrewRefusal> {
        self.right().map_or(Ok(()), |right| crew.may(by.id(), right, rights))
    }
}

pub fn plugin(app: &mut App) {
    app.add_systems(OnEnter(Game::Paused), pause_menu.run_if(not(resource_exists::<Writing>)))
        .add_systems(OnExit(Game::Paused), |mut commands: Commands| {
            commands.remove_resource::<Asking>();
        })
        .add_observer(ask)
        .add_observer(draw_again)
        .add_observer(say_who_may)
        .add_observer(say_what_is_not_possible);
}

fn pause_menu(
    texts: Res<Texts>,
    seats: Seats,
    asking: Res<Asking>,
    old: Query<Entity, With<Screen>>,
    mut commands: Commands,
) {
    old.iter().for_each(|old| commands.entity(old).despawn());
    let hand_over = texts.hand_over.replace("{name}", asking.0.other().name());
    let mut buttons = vec![
        (&texts.resume, Action::Resume),
        (&texts.save, Action::Ask(Ask::Save)),
        (&texts.load, Action::Ask(Ask::Load)),
        (&texts.begin_again, Action::Ask(Ask::BeginAgain)),
        (&texts.leave, Action::Ask(Ask::Leave)),
    ];
    let mut said = String::new();
    if seats.are_both_here() {
        buttons.insert(4, (&hand_over, Action::Ask(Ask::HandOver)));
        let host = seats.host().unwrap_or(Seat::Left);
        let who = if host == asking.0 { &texts.host_asks } else { &texts.guest_asks };
        said = who.replace("{host}", host.name()).replace("{name}", asking.0.name());
    }
    let screen = screen(&mut commands, Game::Paused, 0.62);
    leave_room_for_notes(&mut commands, screen);
    commands.entity(screen).entry::<Node>().and_modify(|mut node| node.row_gap = px(8));
    fill(&mut commands, screen, [&texts.paused, &said], &buttons);
}

/// Another one hosts: the menu says so, and has other buttons.
fn draw_again(_: On<CrewChange>, asking: Option<Res<Asking>>, mut commands: Commands) {
    if asking.is_some() {
        commands.run_system_cached(pause_menu);
    }
}

fn ask(
    activated: On<Activate>,
    actions: Query<&Action>,
    asking: Option<Res<Asking>>,
    (crew, rights): (Res<Crew>, Res<Rights>),
    session: Option<Res<CurrentSession>>,
    level: Option<Res<LoadedLevel>>,
    texts: Res<Texts>,
    mut note: ResMut<Note>,
    mut next: ResMut<NextState<Game>>,
    mut commands: Commands,
) {
    let (Ok(Action::Ask(ask)), Some(asking)) = (actions.get(activated.entity), asking) else {
        return;
    };
    let Asking(player) = *asking;
    match ask {
        Ask::Save => {
            let name = level.map_or("", |level| texts.name_of(&level.into_inner().name));
            commands.session().by(player.id()).slots().save(SaveSlot::manual(name).overwrite());
        }
        Ask::BeginAgain => {
            if let Some(place) = session.as_ref().and_then(|it| it.chapters().current()) {
                commands.session().by(player.id()).rewind(RewindTo::Chapter(place.id));
            }
        }
        Ask::HandOver => commands.crew().by(player.id()).hand_over(player.other().id()),
        Ask::Load => commands.trigger(OpenSessionMenu::by(player.id())),
        // A state is no request, so the rights are looked at here.
        Ask::Leave => match ask.check(player, &crew, &rights) {
            Err(_) => note.say(&texts.only_host(&crew)),
            Ok(()) => next.set(Game::Menu),
        },
    }
}

fn say_who_may(
    rejected: On<CrewRejected>,
    crew: Res<Crew>,
    texts: Res<Texts>,
    mut note: ResMut<Note>,
) {
    warn!("{:?} of {}: {}", rejected.request, rejected.player, rejected.reason);
    match rejected.reason {
        CrewRefusal::MissingRight { .. } => note.say(&texts.only_host(&crew)),
        _ => note.say(&texts.not_possible),
    }
}

fn say_what_is_not_possible(
    rejected: On<RequestRejected>,
    menu: Res<SessionMenu>,
    texts: Res<Texts>,
    mut note: ResMut<Note>,
) {
    warn!("{:?} by {:?}: {}", rejected.request, rejected.by, rejected.error);
    match &rejected.error {
        // The menu itself says why.
        _ if menu.is_open() => {}
        // In the words that the crew was given.
        RequestError::Refused { reason } => note.say(reason),
        _ => note.say(&texts.not_possible),
    }
}
