//! Bevy's example `examples/showcase/mines.rs` (MIT OR Apache-2.0), without window, colours and layout, and with other dice.
//! Each line that the session took is marked at its end, or below it.

use std::ops::Range;

use bevy::prelude::*;
use bevy_session::prelude::*; // +
use serde::{Deserialize, Serialize}; // +

use super::stand_ins::{Camera2d, PointerButton, PointerClick, Text, default_plugins};
use crate::common::Dice;

mod play;

#[derive(Default, Clone, Copy, Reflect, Serialize, Deserialize)] // +
struct Tile {
    mined: bool,
    revealed: bool,
    flagged: bool,
}

#[derive(Reflect, Clone, Serialize, Deserialize)] // +
struct MineField {
    width: i32,
    height: i32,
    tiles: Vec<Tile>,
}

impl MineField {
    fn xs(&self) -> Range<i32> {
        0..self.width
    }

    fn ys(&self) -> Range<i32> {
        0..self.height
    }

    fn get(&self, p: IVec2) -> Option<usize> {
        if self.xs().contains(&p.x) && self.ys().contains(&p.y) {
            Some((p.y * self.width + p.x) as usize)
        } else {
            None
        }
    }

    fn new(width: i32, height: i32, mines: usize) -> Self {
        let mut tiles = vec![Tile::default(); (width * height) as usize];
        tiles.iter_mut().take(mines).for_each(|tile| tile.mined = true);

        Dice(7).shuffle(&mut tiles);

        Self { width, height, tiles }
    }

    fn get_adjacent(&self, target: IVec2) -> impl Iterator<Item = IVec2> + '_ {
        [(1, 1), (1, 0), (1, -1), (0, 1), (0, -1), (-1, 1), (-1, 0), (-1, -1)]
            .map(|d| target + IVec2::from(d))
            .into_iter()
            .filter(|adjacent| self.get(*adjacent).is_some())
    }

    fn count_adjacent_mines(&self, target: IVec2) -> usize {
        self.get_adjacent(target).filter(|&adjacent| self[adjacent].mined).count()
    }

    fn reveal(&mut self, target: IVec2) {
        let mut open = vec![target];
        while let Some(current) = open.pop() {
            if !self[current].revealed {
                self[current].revealed = true;
                if self.count_adjacent_mines(current) == 0 {
                    open.extend(self.get_adjacent(current));
                }
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (IVec2, Tile)> + '_ {
        self.ys()
            .flat_map(|y| self.xs().map(move |x| IVec2::new(x, y)))
            .map(|tile| (tile, self[tile]))
    }

    fn flag_count(&self) -> usize {
        self.tiles.iter().filter(|tile| tile.flagged).count()
    }

    fn mine_count(&self) -> usize {
        self.tiles.iter().filter(|tile| tile.mined).count()
    }

    fn is_cleared(&self) -> bool {
        self.tiles.iter().all(|tile| tile.revealed && !tile.mined || tile.mined && tile.flagged)
    }
}

impl std::ops::Index<IVec2> for MineField {
    type Output = Tile;

    fn index(&self, tile: IVec2) -> &Self::Output {
        let index = self.get(tile).unwrap();
        &self.tiles[index]
    }
}

impl std::ops::IndexMut<IVec2> for MineField {
    fn index_mut(&mut self, tile: IVec2) -> &mut Self::Output {
        let index = self.get(tile).unwrap();
        &mut self.tiles[index]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Difficulty {
    Easy,
    Normal,
    Hard,
}

impl Difficulty {
    fn field(self) -> MineField {
        match self {
            Difficulty::Easy => MineField::new(15, 10, 15),
            Difficulty::Normal => MineField::new(20, 15, 50),
            Difficulty::Hard => MineField::new(25, 15, 75),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, Hash, States)]
// A state that is saved.
#[derive(TypePath, Serialize, Deserialize)] // +
enum GameState {
    #[default]
    Menu,
    Playing,
}

#[derive(Resource, Reflect, Clone, Serialize, Deserialize)] // +
#[reflect(Resource, Saved)] // +
struct Game {
    field: MineField,
    game_over: bool,
}

impl Default for Game {
    fn default() -> Self {
        Self { field: Difficulty::Normal.field(), game_over: false }
    }
}

#[derive(Component)]
struct GameRoot;

#[derive(Component)]
struct TileCell(IVec2);

#[derive(Component, Clone, Copy)]
enum ButtonAction {
    NewGame(Difficulty),
    Menu,
    GoOn, // +
}

fn text_button(label: &'static str, action: ButtonAction) -> impl Bundle {
    (action, Text::new(label))
}

fn setup(mut commands: Commands) {
    commands.spawn(Camera2d);
}

fn setup_menu(mut commands: Commands) {
    commands.spawn((
        DespawnOnExit(GameState::Menu),
        children![
            Text::new("Bevy Mines"),
            text_button("easy", ButtonAction::NewGame(Difficulty::Easy)),
            text_button("normal", ButtonAction::NewGame(Difficulty::Normal)),
            text_button("hard", ButtonAction::NewGame(Difficulty::Hard)),
        ],
    ));
}

// after a crash, the menu has one more button
fn offer_to_go_on(_: On<RecoveryAvailable>, mut commands: Commands) {
    // +
    let button = text_button("go on", ButtonAction::GoOn); // +
    commands.spawn((DespawnOnExit(GameState::Menu), button)); // +
} // +

fn setup_game(mut commands: Commands, game: Res<Game>) {
    let root = commands.spawn((GameRoot, DespawnOnExit(GameState::Playing))).id();

    rebuild_game_ui(&mut commands, root, &game);
}

fn rebuild_game_ui(commands: &mut Commands, root: Entity, game: &Game) {
    commands.entity(root).despawn_related::<Children>();

    commands.entity(root).with_children(|parent| {
        for (position, tile) in game.field.iter() {
            if game.game_over && tile.mined {
                parent.spawn(Text::new("*"));
            } else if game.game_over || tile.revealed {
                let mine_count = game.field.count_adjacent_mines(position);
                if mine_count == 0 {
                    continue;
                }
                parent.spawn(Text::new(mine_count.to_string()));
            } else {
                parent.spawn(TileCell(position)).with_children(|parent| {
                    if tile.flagged {
                        parent.spawn(Text::new("flag"));
                    }
                });
            }
        }

        let flags_left = game.field.mine_count() - game.field.flag_count();
        parent.spawn(Text::new(format!("{flags_left} left")));

        if game.field.is_cleared() || game.game_over {
            parent.spawn(Text::new(if game.field.is_cleared() {
                "mines cleared!"
            } else {
                "boom!"
            }));

            parent.spawn(text_button("new game", ButtonAction::Menu));
        }
    });
}

fn on_button_click(
    click: On<PointerClick>,
    buttons: Query<&ButtonAction>,
    mut game: ResMut<Game>,
    mut next_state: ResMut<NextState<GameState>>,
    offers: Res<RecoveryOffers>, // +
    mut commands: Commands,      // +
) {
    if click.button != PointerButton::Primary {
        return;
    }

    let Ok(action) = buttons.get(click.event_target()) else {
        return;
    };

    match *action {
        ButtonAction::NewGame(difficulty) => {
            game.field = difficulty.field();
            game.game_over = false;
            next_state.set(GameState::Playing);
            commands.session().start(NewSession::named("Mines")); // +
        }
        ButtonAction::Menu => {
            next_state.set(GameState::Menu);
        }
        ButtonAction::GoOn => {
            // +
            offers.accept(&mut commands); // +
        } // +
    }
}

fn on_tile_click(
    click: On<PointerClick>,
    tiles: Query<&TileCell>,
    mut game: ResMut<Game>,
    mut commands: Commands,
    game_root: Single<Entity, With<GameRoot>>,
) {
    if game.game_over || game.field.is_cleared() {
        return;
    }

    let Ok(&TileCell(position)) = tiles.get(click.event_target()) else {
        return;
    };

    match click.button {
        PointerButton::Primary => {
            if game.field[position].mined {
                game.game_over = true;
                commands.session().end(EndReason::Failed, LeaveCause::Player); // +
            } else {
                game.field.reveal(position);
            }
        }
        PointerButton::Secondary => {
            if game.field[position].flagged {
                game.field[position].flagged = false;
            } else if game.field.flag_count() < game.field.mine_count() {
                game.field[position].flagged = true;
            }
        }
    }
    if game.field.is_cleared() {
        // +
        commands.session().end(EndReason::Completed, LeaveCause::Player); // +
    } // +

    rebuild_game_ui(&mut commands, *game_root, &game);
}

fn main(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins(default_plugins)
        .add_plugins(session) // +
        .save_state::<GameState>() // +
        .checkpoint_session_while(in_state(GameState::Playing)) // +
        .offer_recovery_in(GameState::Menu) // +
        .add_observer(offer_to_go_on) // +
        .init_resource::<Game>()
        .init_state::<GameState>()
        .add_systems(Startup, setup)
        .add_systems(OnEnter(GameState::Menu), setup_menu)
        .add_systems(OnEnter(GameState::Playing), setup_game)
        .add_observer(on_button_click)
        .add_observer(on_tile_click);
    app
}
