use bevy::prelude::*;
use bevy_session::prelude::*;

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
#[reflect(Component, Saved)]
struct Gold(u64);

fn join(In(account): In<String>, mut commands: Commands) {
    let seat = (SaveKey::new(format!("seat/{account}")), SaveScope::new(&account));
    let player = (Gold(10), SaveKey::new(format!("player/{account}")));
    commands.spawn((seat, children![player]));
}
