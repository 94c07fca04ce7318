//! The oil: a bar for each player.

use bevy::prelude::*;
use bevy_session_play::PlayedBy;

use super::set_if_other;
use crate::crew::{Seat, Seats};
use crate::model::{Game, Lantern};
use crate::views::WARM;

/// The oil of a player.
#[derive(Component, Clone, Copy)]
struct OilBar(Seat);

/// The bar's background. There is none for a player who is away.
#[derive(Component, Clone, Copy)]
struct OilTank(Seat);

pub fn plugin(app: &mut App) {
    app.add_systems(Update, show_oil.run_if(not(in_state(Game::Menu))));
}

pub fn oil_bars() -> impl Bundle {
    (
        Node { row_gap: px(4), flex_direction: FlexDirection::Column, ..default() },
        children![oil_bar(Seat::Left), oil_bar(Seat::Right)],
    )
}

fn oil_bar(seat: Seat) -> impl Bundle {
    (
        OilTank(seat),
        Node { width: px(96), height: px(8), border_radius: BorderRadius::all(px(4)), ..default() },
        BackgroundColor(Color::srgb(0.13, 0.16, 0.22)),
        children![(
            OilBar(seat),
            Node { height: percent(100), border_radius: BorderRadius::all(px(4)), ..default() },
            BackgroundColor(WARM),
        )],
    )
}

fn show_oil(
    lanterns: Query<(&Lantern, &ChildOf)>,
    players: Query<&PlayedBy>,
    seats: Seats,
    mut bars: Query<(&OilBar, &mut Node, &mut BackgroundColor)>,
    mut tanks: Query<(&OilTank, &mut Node), Without<OilBar>>,
) {
    for (lantern, of) in &lanterns {
        let Some(seat) = players.get(of.parent()).ok().and_then(|it| Seat::of(&it.0)) else {
            continue;
        };
        for (_, mut node, mut color) in bars.iter_mut().filter(|(bar, ..)| bar.0 == seat) {
            set_if_other(&mut node, |node| &mut node.width, percent(lantern.oil * 100.0));
            let shown = if seats.are_both_here() { seat.light() } else { WARM };
            color.set_if_neq(BackgroundColor(shown));
        }
    }
    for (tank, mut node) in &mut tanks {
        let display = if seats.is_here(tank.0) { Display::Flex } else { Display::None };
        set_if_other(&mut node, |node| &mut node.display, display);
    }
}
