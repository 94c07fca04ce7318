use bevy::input::common_conditions::input_just_pressed;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{NoteCommandsExt, NoteOn, Notes};

fn plugin(app: &mut App) {
    app.add_systems(Update, bookmark.run_if(input_just_pressed(KeyCode::KeyB)))
        .add_systems(Update, back_to_newest_bookmark.run_if(input_just_pressed(KeyCode::KeyR)));
}

fn bookmark(mut commands: Commands) {
    commands.notes().by("steam:7").bookmark("Before the dragon");
}

fn back_to_newest_bookmark(notes: Res<Notes>, mut commands: Commands) {
    let mut bookmarks = notes.iter().rev().filter_map(|note| match note.on() {
        NoteOn::Checkpoint(checkpoint) => Some(*checkpoint),
        _ => None,
    });
    if let Some(checkpoint) = bookmarks.next() {
        commands.session().by("steam:7").rewind(RewindTo::Checkpoint(checkpoint));
    }
}
