//! A game in which gold is looted, by messages, and bosses are defeated, by events that bubble.

use bevy::ecs::entity::MapEntities;
use bevy::prelude::*;
use bevy_session::events::{EventsDropped, EventsReplayed, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId};
use serde::{Deserialize, Serialize};

use crate::common::*;

#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Looted {
    pub item: String,
    pub gold: u32,
}

#[derive(EntityEvent, MapEntities, TypePath, Clone, Debug, Serialize, Deserialize)]
#[entity_event(propagate, auto_propagate)]
pub struct Defeated {
    #[entities]
    pub entity: Entity,
    pub by: String,
}

/// The events that the game's systems have received, saved or not.
#[derive(Resource, Default)]
pub struct Heard {
    pub looted: Vec<String>,
    pub defeated: Vec<(Entity, String)>,
}

pub fn loot(app: &mut App, item: &str) {
    app.world_mut().write_message(Looted { item: item.to_owned(), gold: 10 });
}

/// The game on this disk, in which gold is part of the score that is saved.
pub fn game_on(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_of(plugin(disk), add)
}

/// The game with this plugin.
pub fn game_of(plugin: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin, |app| {
        app.add_message::<Looted>().init_resource::<Heard>();
        listen::<EventsReplayed>(app);
        listen::<EventsDropped>(app);
        listen::<SessionRestored>(app);
        app.add_systems(
            Update,
            |mut messages: MessageReader<Looted>,
             mut score: ResMut<Score>,
             mut heard: ResMut<Heard>| {
                for looted in messages.read() {
                    score.0 += looted.gold;
                    heard.looted.push(looted.item.clone());
                }
            },
        )
        .add_observer(|defeated: On<Defeated>, mut heard: ResMut<Heard>| {
            heard.defeated.push((defeated.entity, defeated.by.clone()));
        });
        add(app);
    })
}

/// The game as most of these tests want it.
pub fn recording_game(disk: &MemoryDisk) -> App {
    game_on(disk, |app| {
        app.record_messages::<Looted>().replay_after_restore();
        app.record_events::<Defeated>().map_entities().replay_after_restore();
    })
}

pub fn session(app: &App) -> SessionId {
    app.world().resource::<CurrentSession>().id()
}

/// The game after a crash at this moment, recovered at its newest checkpoint.
pub fn crash_and_recover(disk: &MemoryDisk, session: SessionId) -> (MemoryDisk, App) {
    let disk = disk.snapshot();
    let mut app = recording_game(&disk);
    recover(&mut app, session);
    (disk, app)
}

pub fn recover(app: &mut App, session: SessionId) {
    frames(app, 2);
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 4);
    assert_eq!(received::<SessionRestored>(app).len(), 1);
}

pub fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("here"));
    frames(app, 2);
}

pub fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

pub fn looted(app: &App) -> Vec<&str> {
    app.world().resource::<Heard>().looted.iter().map(String::as_str).collect()
}
