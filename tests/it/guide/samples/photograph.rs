use bevy::prelude::*;
use bevy_session_play::{NoteCommandsExt, Notes};

#[derive(Event)]
struct PictureTaken { png: Vec<u8> }

fn plugin(app: &mut App) {
    app.add_observer(photograph);
}

fn photograph(taken: On<PictureTaken>, notes: Res<Notes>, mut commands: Commands) {
    if let Some(note) = notes.iter().next_back() {
        commands.notes().by("steam:7").attach(note.id(), "photo", taken.png.clone());
    }
}
