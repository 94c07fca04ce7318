//! A game with a history: a made-up player who plays sessions in all ways there are, by lot.

use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::chapters::NewChapter;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;
use serde::{Deserialize, Serialize};

use crate::common::app_with;

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
pub struct Died {
    pub x: f32,
    pub y: f32,
}

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
pub struct Looted;

#[derive(States, Reflect, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Daytime {
    #[default]
    Day,
    Night,
}

/// The size of a cell.
pub const CELL: f32 = 10.0;

pub fn build(session: SessionPlugin) -> App {
    app_with(session, |app| {
        app.add_plugins(StatesPlugin)
            .init_state::<Daytime>()
            .save_state::<Daytime>()
            .add_objectives([
                Objective::new("town").expected(std::time::Duration::from_secs(8)),
                Objective::new("town/well"),
                Objective::new("town/wall"),
                Objective::new("sail"),
            ])
            .insights(
                Insights::default()
                    .deaths::<Died>(|died| Some(GridCell::at(died.x, died.y, CELL)))
                    .counts::<Looted>()
                    .hint_after(5),
            );
    })
}

pub fn game() -> TestGame {
    TestGame::new(build)
}

/// Dice that always fall the same way.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Plays so many sessions to their ends, or until they are left.
pub fn plant(game: &mut TestGame, sessions: u64) {
    let mut dice = Dice(7);
    for number in 0..sessions {
        let player = ["Ann", "Ben"][dice.below(2) as usize];
        let session = NewSession::named(format!("Session {number}"))
            .player(player)
            .session_type(["meadow", "frontier"][dice.below(2) as usize])
            .tag(["calm", "hard"][dice.below(2) as usize]);
        game.start(session).unwrap();
        let deeds = 5 + dice.below(12);
        for _ in 0..deeds {
            do_something(game, &mut dice);
            game.frames(dice.below(9) as usize);
        }
        leave(game, &mut dice);
        if dice.below(4) == 0 {
            game.advance_clock(std::time::Duration::from_secs(3600 * (1 + dice.below(100))));
            game.exit_and_restart();
        }
    }
}

fn do_something(game: &mut TestGame, dice: &mut Dice) {
    match dice.below(16) {
        0..=2 => {
            let (x, y) = (dice.below(40) as f32, dice.below(20) as f32);
            game.world().write_message(Died { x, y });
        }
        3 | 4 => {
            game.world().write_message(Looted);
        }
        5 => complete_something(game, dice),
        6 => begin_chapter(game, dice),
        7 => end_chapter(game, dice),
        8 => {
            game.request(|commands| commands.session().pause()).frames(1 + dice.below(30) as usize);
            game.request(|commands| commands.session().resume());
        }
        9 => {
            let daytime = if dice.below(2) == 0 { Daytime::Day } else { Daytime::Night };
            if game.app().world().resource::<State<Daytime>>().get() != &daytime {
                game.world().resource_mut::<NextState<Daytime>>().set(daytime);
            }
        }
        10 => {
            game.checkpoint("before").unwrap();
            game.frames(dice.below(25) as usize);
            game.crash_and_restart().recover().unwrap();
        }
        11 => {
            let slot = SaveSlot::quick();
            game.request(|commands| commands.session().slots().save(slot)).frames(4);
            game.frames(dice.below(10) as usize);
            game.request(|commands| commands.session().slots().quick_load()).frames(4);
        }
        12 => {
            game.request(|commands| {
                commands.session().rewind(RewindTo::Ago(std::time::Duration::from_secs(1)));
            });
            game.frames(4);
        }
        13 => {
            let up = dice.below(2) == 0;
            game.request(|commands| {
                let mut insights = commands.insights();
                if up { insights.thumbs_up() } else { insights.thumbs_down() }
            });
        }
        14 => {
            game.request(|commands| commands.insights().focus(false))
                .frames(dice.below(10) as usize);
            game.request(|commands| commands.insights().focus(true));
        }
        _ => {
            game.request(|commands| {
                commands.insights().idle(std::time::Duration::from_millis(1500));
            });
        }
    }
    game.frames(1);
}

fn complete_something(game: &mut TestGame, dice: &mut Dice) {
    let key = ["town/well", "town/wall", "sail"][dice.below(3) as usize];
    let fails = dice.below(4) == 0;
    game.request(|commands| {
        let mut objectives = commands.objectives();
        if fails { objectives.fail(key) } else { objectives.complete(key) }
    });
}

fn begin_chapter(game: &mut TestGame, dice: &mut Dice) {
    let name = ["Act 1", "Act 2"][dice.below(2) as usize];
    game.request(|commands| {
        commands.session().chapters().begin(NewChapter::named(name));
    });
}

fn end_chapter(game: &mut TestGame, dice: &mut Dice) {
    use bevy_session::chapters::ChapterOutcome::{Abandoned, Completed, Failed};
    let current = game.app().world().resource::<CurrentSession>();
    let Some(chapter) = current.chapters().current().map(|chapter| chapter.id) else { return };
    let outcome = [Completed, Failed, Abandoned][dice.below(3) as usize];
    game.request(|commands| commands.session().chapters().end(chapter, outcome));
}

fn leave(game: &mut TestGame, dice: &mut Dice) {
    let reason = match dice.below(6) {
        0 => None,
        1 => Some(EndReason::Failed),
        _ => Some(EndReason::Completed),
    };
    game.request(|commands| match reason {
        Some(reason) => commands.session().end(reason, LeaveCause::Player),
        None => commands.session().close(LeaveCause::Player),
    });
    game.frames(4);
    assert!(!game.app().world().contains_resource::<CurrentSession>());
}
