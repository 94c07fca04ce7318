//! Mines is played, killed and started again.

// Feature: Three of Bevy's example games are kept as tests, and their added lines are counted.

use bevy::prelude::*;
use bevy_session::hints::SessionHint;
use bevy_session::prelude::*;
use bevy_session::testing::{RecoverError, TestGame, assert_restores};

use super::super::{checkpoint, hints};
use super::{Game, GameState, PointerButton, PointerClick, Text, TileCell};

/// What a player sees, and where the mines are.
#[derive(PartialEq, Debug)]
struct Scene {
    state: GameState,
    /// Per tile: mined, revealed, flagged.
    field: Vec<[bool; 3]>,
    covered: usize,
    texts: Vec<String>,
}

fn scene(game: &mut TestGame) -> Scene {
    let world = game.world();
    let tiles = world.resource::<Game>().field.tiles.iter();
    let field = tiles.map(|tile| [tile.mined, tile.revealed, tile.flagged]).collect();
    let covered = world.query::<&TileCell>().iter(world).count();
    let mut texts: Vec<_> = world.query::<&Text>().iter(world).map(|text| text.0.clone()).collect();
    texts.sort_unstable();
    let state = *world.resource::<State<GameState>>().get();
    Scene { state, field, covered, texts }
}

fn click(game: &mut TestGame, entity: Entity, button: PointerButton) {
    game.world().trigger(PointerClick { entity, button });
    game.frames(4);
}

/// Presses the button with this text, if it is there.
fn press(game: &mut TestGame, label: &str) -> bool {
    let world = game.world();
    let mut texts = world.query::<(Entity, &Text)>();
    let button = texts.iter(world).find(|(_, text)| text.0 == label).map(|(entity, _)| entity);
    if let Some(button) = button {
        click(game, button, PointerButton::Primary);
    }
    button.is_some()
}

/// Clicks on the first covered tile of this kind.
fn click_tile(game: &mut TestGame, button: PointerButton, kind: fn(&Game, IVec2) -> bool) {
    let world = game.world();
    let mut tiles = world.query::<(Entity, &TileCell)>();
    let state = world.resource::<Game>();
    let of_kind = tiles.iter(world).filter(|(_, cell)| kind(state, cell.0));
    let tile = of_kind.min_by_key(|(_, cell)| (cell.0.y, cell.0.x)).expect("such a tile").0;
    click(game, tile, button);
}

fn is_mined(game: &Game, tile: IVec2) -> bool {
    game.field[tile].mined && !game.field[tile].flagged
}

fn is_safe(game: &Game, tile: IVec2) -> bool {
    !game.field[tile].mined
}

fn is_alone(game: &Game, tile: IVec2) -> bool {
    is_safe(game, tile) && game.field.count_adjacent_mines(tile) == 0
}

fn revealed(scene: &Scene) -> usize {
    scene.field.iter().filter(|tile| tile[1]).count()
}

fn is_played(game: &TestGame) -> bool {
    game.app().world().contains_resource::<CurrentSession>()
}

/// An easy game, in which some tiles are revealed and one is flagged.
fn played() -> TestGame {
    let mut game = TestGame::new(super::main);
    game.frames(3);
    assert!(press(&mut game, "easy"));
    click_tile(&mut game, PointerButton::Primary, is_alone);
    click_tile(&mut game, PointerButton::Primary, is_safe);
    click_tile(&mut game, PointerButton::Secondary, is_mined);
    assert!(is_played(&game));
    game
}

/// True if the menu that the next process begins with has a button for the game that crashed.
fn is_offered(game: &mut TestGame) -> bool {
    game.crash_and_restart().frames(6);
    let menu = scene(game);
    assert_eq!((menu.state, menu.covered), (GameState::Menu, 0));
    menu.texts.contains(&"go on".to_owned())
}

#[test]
fn the_menu_offers_the_field_that_was_played() -> Result<(), RecoverError> {
    let mut game = played();
    assert_restores(game.app_mut());
    let before = checkpoint(&mut game, scene);
    assert_eq!((before.state, before.field.len()), (GameState::Playing, 150));
    assert_eq!(before.covered + revealed(&before), 150);
    assert!(before.texts.contains(&"14 left".to_owned()), "{before:?}");

    assert!(is_offered(&mut game));
    assert!(press(&mut game, "go on"));
    game.recover()?;
    assert_eq!(scene(&mut game), before);

    click_tile(&mut game, PointerButton::Primary, is_safe);
    assert!(revealed(&scene(&mut game)) > revealed(&before));
    game.seconds(12.0);
    // The field is a resource. The saved components are those of other games in this program.
    let hints: Vec<_> = hints(&game)
        .into_iter()
        .filter(|hint| !matches!(hint, SessionHint::NoEntitySaved { .. }))
        .collect();
    assert_eq!(hints, []);
    Ok(())
}

#[test]
fn a_mine_ends_the_session_and_the_next_game_is_another_one() {
    let mut game = played();
    click_tile(&mut game, PointerButton::Primary, is_mined);
    assert!(scene(&mut game).texts.contains(&"boom!".to_owned()));
    assert!(!is_played(&game));
    assert!(!is_offered(&mut game));

    assert!(press(&mut game, "hard"));
    let hard = checkpoint(&mut game, scene);
    assert_eq!((hard.covered, is_played(&game)), (375, true));
    assert!(is_offered(&mut game));
    // The player rather begins another one.
    assert!(press(&mut game, "easy"));
    assert_eq!((scene(&mut game).covered, is_played(&game)), (150, true));
}

#[test]
fn a_cleared_field_ends_the_session() {
    let mut game = played();
    let left = |game: &mut TestGame, kind: fn(&Game, IVec2) -> bool| {
        let world = game.world();
        let mut tiles = world.query::<&TileCell>();
        let state = world.resource::<Game>();
        tiles.iter(world).filter(|cell| kind(state, cell.0)).count()
    };
    while left(&mut game, is_mined) > 0 {
        click_tile(&mut game, PointerButton::Secondary, is_mined);
    }
    while left(&mut game, is_safe) > 0 {
        assert!(is_played(&game));
        click_tile(&mut game, PointerButton::Primary, is_safe);
    }
    assert!(!is_played(&game));
    assert!(press(&mut game, "new game"));
    assert_eq!(scene(&mut game).state, GameState::Menu);
    assert!(!is_offered(&mut game));
}
