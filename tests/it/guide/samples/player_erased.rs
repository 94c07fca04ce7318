use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::PlayerErased;

fn erase(commands: &mut Commands) {
    commands.session().library().erase_player("steam:42");
}

fn erased(erased: On<PlayerErased>) {
    let receipt = &erased.receipt;
    info!("{} files of {} bytes are gone", receipt.files, receipt.bytes);
    for remaining in &receipt.remaining {
        info!("{remaining}");
    }
}
