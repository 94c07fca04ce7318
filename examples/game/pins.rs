//! Notes that players pin to places: for the other one, or for a player who comes back after weeks.

mod photos;
mod writing;

use bevy::prelude::*;
use bevy::sprite::Anchor;
use bevy::text::{TextBounds, TextLayout};
use bevy_session_play::{
    Characters, Crew, Mentioned, NoteCommandsExt, NoteId, NoteOn, NoteRejected, Notes, NotesPlugin,
    PlayedBy,
};
use bevy_session_ui::{SessionTheme, session_ui_is_open};

use crate::controls::Half;
use crate::crew::{Seat, Seats};
use crate::hud;
use crate::level::LoadedLevel;
use crate::model::{Game, Player};
use crate::pause::Asking;
use crate::play::Steering;
use crate::texts::Texts;
use crate::views::Shapes;
pub use writing::Writing;

/// From how far a pin can be read.
const REACH: f32 = 60.0;
const PAPER: Color = Color::srgb(0.96, 0.92, 0.82);

/// A pin, as it is drawn.
#[derive(Component)]
struct Pin(NoteId);

#[derive(Component)]
struct PinLabel;

pub fn plugin(app: &mut App) {
    app.add_plugins((NotesPlugin, photos::plugin, writing::plugin))
        .add_systems(
            Update,
            (
                pin.run_if(in_state(Game::Playing).and_then(not(session_ui_is_open))),
                draw_pins.run_if(
                    resource_changed::<Notes>
                        .or_eager(resource_exists_and_changed::<LoadedLevel>)
                        .or_eager(resource_removed::<LoadedLevel>),
                ),
                read_nearest,
            ),
        )
        .add_observer(say_mentioned)
        .add_observer(
            |rejected: On<NoteRejected>, texts: Res<Texts>, mut note: ResMut<hud::Note>| {
                warn!("{:?}: {}", rejected.request, rejected.reason);
                note.say(&texts.not_possible);
            },
        );
}

/// The notes of this place and where they are, the oldest first.
fn pins<'a>(
    notes: &'a Notes,
    level: &'a LoadedLevel,
) -> impl Iterator<Item = (&'a bevy_session_play::Note, Vec3)> {
    notes.iter().filter_map(|note| match note.on() {
        NoteOn::Place { map, at } if *map == level.name => Some((note, *at)),
        _ => None,
    })
}

/// A key for each player: pins a note to where they are, or takes the one away that they have pinned there.
fn pin(
    keys: Res<ButtonInput<KeyCode>>,
    seats: Seats,
    characters: Characters,
    places: Query<&Transform, With<Player>>,
    (notes, level): (Res<Notes>, Res<LoadedLevel>),
    mut next: ResMut<NextState<Game>>,
    mut commands: Commands,
) {
    let half = Seat::ALL.into_iter().find(|half| keys.just_pressed(Half::of(*half).pin));
    let Some(player) = half.map(|half| seats.at(half)) else { return };
    let mut places = characters.of(player.id()).filter_map(|character| places.get(character).ok());
    let Some(here) = places.next().map(|at| at.translation) else { return };
    let own = pins(&notes, &level)
        .filter(|(note, at)| {
            note.by().and_then(Seat::of) == Some(player) && at.distance(here) < REACH
        })
        .min_by(|(_, a), (_, b)| a.distance(here).total_cmp(&b.distance(here)));
    if let Some((note, _)) = own {
        return commands.notes().by(player.id()).remove(note.id());
    }
    photos::take(&mut commands);
    commands.insert_resource(Asking(player));
    commands.insert_resource(Writing { at: here });
    next.set(Game::Paused);
}

/// All of them again, whenever there is another one, or another place.
fn draw_pins(
    notes: Res<Notes>,
    level: Option<Res<LoadedLevel>>,
    theme: Res<SessionTheme>,
    (shapes, old): (Res<Shapes>, Query<Entity, With<Pin>>),
    mut commands: Commands,
) {
    old.iter().for_each(|old| commands.entity(old).despawn());
    let Some(level) = level else { return };
    for (note, at) in pins(&notes, &level) {
        let color = note.by().and_then(Seat::of).map_or(PAPER, Seat::light);
        let pin = (Pin(note.id()), Transform::from_translation(at), Visibility::default());
        commands.spawn(pin).with_children(|view| {
            let at = Transform::from_xyz;
            view.spawn((shapes.glow(color.with_alpha(0.30), 70.0), at(0.0, 36.0, -0.6)));
            let needle = Sprite::from_color(PAPER, Vec2::new(2.5, 34.0));
            view.spawn((needle, at(0.0, 17.0, -0.5)));
            view.spawn((shapes.disc(color, 15.0), at(0.0, 38.0, -0.4)));
            view.spawn(photos::frame());
            view.spawn((
                PinLabel,
                Text2d::default(),
                TextFont { font: theme.font.clone(), font_size: FontSize::Px(16.0), ..default() },
                TextColor(PAPER),
                TextBackgroundColor(Color::srgba(0.02, 0.03, 0.06, 0.88)),
                TextBounds::new_horizontal(300.0),
                TextLayout::justify(Justify::Center),
                Anchor::BOTTOM_CENTER,
                at(0.0, 54.0, 6.0),
            ));
        });
    }
}

/// Shows the text of the nearest pin to the player who stands by it.
fn read_nearest(
    (notes, crew, texts): (Res<Notes>, Res<Crew>, Res<Texts>),
    players: Query<(&Transform, &PlayedBy), With<Steering>>,
    pins: Query<(&Pin, &Transform, &Children)>,
    mut labels: Query<&mut Text2d, With<PinLabel>>,
) {
    let near = players.iter().filter_map(|(player, PlayedBy(by))| {
        let distance = |at: &Transform| at.translation.distance(player.translation);
        let nearest = pins.iter().map(|(pin, at, _)| (pin.0, distance(at)));
        let nearest = nearest.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        (nearest.1 < REACH).then_some((nearest.0, by))
    });
    let near: Vec<_> = near.collect();
    for (Pin(id), _, children) in &pins {
        let mut shown = String::new();
        if near.iter().any(|(pin, _)| pin == id)
            && let Some(note) = notes.get(*id)
        {
            let author = note.by().and_then(|by| crew.get(by));
            shown = match author {
                Some(author) => format!("{}: {}", author.name(), note.shown()),
                None => note.shown().into_owned(),
            };
            let own = near.iter().find(|(pin, by)| pin == id && note.by() == Some(*by));
            if let Some(seat) = own.and_then(|(_, by)| Seat::of(by)) {
                let key = texts.pin_key(seat);
                shown = format!("{shown}\n{}", texts.pin_remove.replace("{key}", key));
            }
        }
        for &child in children {
            if let Ok(mut label) = labels.get_mut(child)
                && label.0 != shown
            {
                label.0.clone_from(&shown);
            }
        }
    }
}

/// Somebody who has come, or is here already, is meant.
fn say_mentioned(
    mentioned: On<Mentioned>,
    notes: Res<Notes>,
    crew: Res<Crew>,
    texts: Res<Texts>,
    mut say: ResMut<hud::Note>,
) {
    let Some(note) = notes.get(mentioned.note) else { return };
    let name = |player| crew.get(player).map_or_else(String::new, |it| it.name().to_owned());
    let said = texts.mentioned.replace("{name}", &name(&mentioned.player));
    let said = said.replace("{author}", &note.by().map(name).unwrap_or_default());
    say.say_for(7.0, &said.replace("{text}", &note.shown()));
}
