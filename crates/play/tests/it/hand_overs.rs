//! Worlds that are handed over again and again, with crashes, rewinds and absent hosts in between: every character
//! keeps its player and its values. `BEVY_SESSION_SEED=7` plays one alone.

// Feature: A crew has a host, members, roles and play times, and is handed over.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session::CheckpointId;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;
use serde::{Deserialize, Serialize};

use crate::histories::{Dice, seed};

const PLAYERS: [&str; 6] = ["ann", "ben", "cia", "dan", "Zo\u{eb}", "steam:76561197960287930"];

/// The gold that a character has gathered.
#[derive(Component, Reflect, Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Gold {
    character: u64,
    gold: u64,
}

/// Characters by what makes them out, with their player and what they have.
type Characters = BTreeMap<u64, (String, u64)>;

fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(), session))
        .add_plugins(CrewPlugin)
        .register_type::<Gold>();
    app
}

/// A world, and what is expected of it.
struct Story {
    game: TestGame,
    dice: Dice,
    /// Who hosts, and then the others with whether they look on.
    crew: Vec<(&'static str, bool)>,
    characters: Characters,
    next_character: u64,
    /// The characters in the newest checkpoint, and those in checkpoints that may be gone back to.
    durable: Characters,
    earlier: Vec<(CheckpointId, Characters)>,
    hand_overs: u32,
    crashes: u32,
    steps: Vec<String>,
}

impl Story {
    fn begin(seed: u64) -> Self {
        let mut game = TestGame::new(build);
        game.start(NewSession::named("World")).unwrap();
        game.request(|commands| commands.crew().join(PLAYERS[0])).frames(1);
        Self {
            game,
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            crew: vec![(PLAYERS[0], false)],
            characters: Characters::new(),
            next_character: 0,
            durable: Characters::new(),
            earlier: Vec::new(),
            hand_overs: 0,
            crashes: 0,
            steps: Vec::new(),
        }
    }

    fn go_on(&mut self) {
        let player = PLAYERS[self.dice.roll(PLAYERS.len() as u64) as usize];
        let what = self.dice.roll(12);
        self.steps.push(format!("{what} {player}"));
        match what {
            0 => self.checkpoint(),
            1 => self.crash(),
            2 => self.rewind(),
            3 => self.look_on(player),
            4 | 5 => self.join(player),
            6 => self.ask(|crew| crew.leave(player)),
            7 => self.spawn(player),
            8 => self.earn(),
            _ => self.hand_over(player),
        }
        self.check();
    }

    fn ask(&mut self, ask: impl FnOnce(&mut CrewCommands)) {
        self.game.request(|commands| ask(&mut commands.crew())).frames(1);
    }

    fn join(&mut self, player: &'static str) {
        if !self.crew.iter().any(|(member, _)| *member == player) {
            self.crew.push((player, false));
        }
        self.ask(|crew| crew.join(player));
    }

    fn look_on(&mut self, player: &'static str) {
        let looks_on = self.dice.roll(3) == 0;
        if let Some(member) = self.crew.iter_mut().find(|(member, _)| *member == player) {
            member.1 = looks_on;
        }
        let role = if looks_on { Role::SPECTATOR } else { Role::PLAYER };
        self.ask(|crew| crew.set_role(player, role));
    }

    /// By the host, as the rights have it; to strangers and spectators too, which is refused.
    fn hand_over(&mut self, to: &'static str) {
        let host = self.crew[0].0;
        let place = self.crew.iter().position(|(member, _)| *member == to);
        if let Some(place @ 1..) = place.filter(|place| !self.crew[*place].1) {
            self.crew[..=place].rotate_right(1);
            self.hand_overs += 1;
        }
        self.game.request(|commands| commands.crew().by(host).hand_over(to)).frames(1);
    }

    fn spawn(&mut self, player: &'static str) {
        self.next_character += 1;
        let number = self.next_character;
        self.characters.insert(number, (player.to_owned(), 0));
        self.game.world().spawn((PlayedBy::new(player), Gold { character: number, gold: 0 }));
        self.game.frames(1);
    }

    fn earn(&mut self) {
        let gold = self.dice.roll(1_000);
        let world = self.game.world();
        world.query::<&mut Gold>().iter_mut(world).for_each(|mut it| it.gold += gold);
        self.characters.values_mut().for_each(|(_, has)| *has += gold);
    }

    fn checkpoint(&mut self) {
        let id = self.game.checkpoint("here").unwrap();
        self.durable = self.characters.clone();
        self.earlier.push((id, self.characters.clone()));
    }

    /// The world is that of the newest checkpoint, and the crew that of the frame before.
    fn crash(&mut self) {
        self.crashes += 1;
        self.game.frames(1).crash_and_restart().recover().unwrap();
        self.game.frames(2);
        self.characters = self.durable.clone();
        assert_eq!(self.game.app().world().resource::<Crew>().here().count(), 0);
    }

    fn rewind(&mut self) {
        if self.earlier.is_empty() {
            return;
        }
        let chosen = self.dice.roll(self.earlier.len() as u64) as usize;
        let (id, characters) = self.earlier[chosen].clone();
        self.game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(id))).frames(4);
        self.characters.clone_from(&characters);
        self.durable = characters;
        self.earlier.truncate(chosen + 1);
    }

    fn check(&mut self) {
        let world = self.game.world();
        let found: Vec<(String, bool)> = {
            let crew = world.resource::<Crew>();
            let hosts = crew.iter().filter(CrewMember::is_host).count();
            assert_eq!(hosts, 1, "{:?}", self.steps);
            crew.iter().map(|it| (it.player().to_string(), it.role() == Role::SPECTATOR)).collect()
        };
        let mut expected: Vec<(String, bool)> =
            self.crew.iter().map(|(player, looks_on)| ((*player).to_owned(), *looks_on)).collect();
        // The host plays, even if they are a spectator afterwards.
        expected[0].1 = false;
        assert_eq!(found, expected, "{:?}", self.steps);
        let mut all = world.query::<(&PlayedBy, &Gold)>();
        let said = |(by, it): (&PlayedBy, &Gold)| (it.character, (by.0.to_string(), it.gold));
        let found: Characters = all.iter(world).map(said).collect();
        assert_eq!(found, self.characters, "{:?}", self.steps);
    }
}

/// Plays until so many hand-overs have been; how many there were, and how many crashes.
fn play(seed: u64, hand_overs: u32) -> (u32, u32) {
    let mut story = Story::begin(seed);
    while story.hand_overs < hand_overs {
        story.go_on();
    }
    (story.hand_overs, story.crashes)
}

fn play_many(stories: u64) {
    let seeds = seed().map_or(1..=stories, |seed| seed..=seed);
    let (mut hand_overs, mut crashes) = (0, 0);
    for seed in seeds {
        let played = std::panic::catch_unwind(|| play(seed, 50));
        let Ok(played) = played else { panic!("BEVY_SESSION_SEED={seed}") };
        hand_overs += played.0;
        crashes += played.1;
    }
    assert!(hand_overs >= 50 && crashes >= 10, "{hand_overs} {crashes}");
}

#[test]
fn through_random_hand_overs_and_crashes_every_character_keeps_its_player_and_values() {
    play_many(2);
}

#[test]
#[ignore = "takes longer: 1,000 hand-overs"]
fn a_thousand_hand_overs() {
    play_many(20);
}
