use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)] // this type is saved, and so is each entity that has it
struct Health(u32);

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)] // a resource
struct Score(u32);

#[derive(States, Reflect, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
enum Phase {
    #[default]
    Menu,
    Playing,
}

fn build(app: &mut App) {
    app.add_plugins(SessionPlugin::new("Studio", "Hop").resume_in_development(true))
        .init_resource::<Score>()
        .init_state::<Phase>()
        .save_component::<Transform>() // a type of Bevy's, on entities that are saved
        .save_state::<Phase>() // the game's state
        .checkpoint_session_while(in_state(Phase::Playing)) // no checkpoint of the menu
        .close_session_on_enter(Phase::Menu)
        .offer_recovery_in(Phase::Menu)
        .add_systems(Startup, spawn_level)
        .add_systems(Update, hud);
}

fn spawn_level(mut commands: Commands) {
    commands.spawn((Health(3), SaveKey::new("boss"))); // what a level spawns each time
}

// A dialog's button, shown in the menu while `recovery_is_pending`.
fn recover(offers: Res<RecoveryOffers>, mut commands: Commands) {
    offers.accept(&mut commands);
}

fn hud(session: Option<Res<CurrentSession>>) {
    if let Some(session) = session {
        info!("{}, played for {}", session.name(), session.play_time_text());
    }
}

enum Button { NewGame, Continue, Checkpoint, Save, Load, Back, Undo, Pause, Resume, Leave, Win }

fn press(In(button): In<Button>, mut commands: Commands, catalog: Res<SessionCatalog>) {
    let mut session = commands.session();
    match button {
        Button::NewGame => session.start(NewSession::named("Campaign")), // and the game enters `Phase::Playing`
        Button::Continue => {
            let Some(last) = catalog.newest_to_continue() else { return };
            session.continue_session(last.session.id)
        }
        Button::Checkpoint => session.checkpoint("Boss defeated"), // at once, with a name
        Button::Save => session.slots().save(SaveSlot::manual("2").overwrite()), // the player's slot 2, in all campaigns
        Button::Load => {
            // `slots()` has those of all players: compare `slot.session.player` if there are several.
            let Some(slot) = catalog.slots().iter().find(|slot| slot.name == "2") else { return };
            session.slots().load(slot.id)
        }
        Button::Back => session.rewind(RewindTo::Ago(Duration::from_secs(10))),
        Button::Undo => session.rewind(RewindTo::BeforeRewind),
        Button::Pause => session.pause(), // of the session: it isn't saved then, and the game runs on
        Button::Resume => session.resume(),
        Button::Leave => session.close(LeaveCause::Player), // can be continued
        Button::Win => session.end(EndReason::Completed, LeaveCause::Player), // can't be continued
    };
}

fn new_game_is_clicked(mut commands: Commands) {
    commands.run_system_cached_with(press, Button::NewGame);
}
