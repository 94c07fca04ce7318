use bevy::prelude::*;
use bevy_session_play::{NewNote, NoteCommandsExt, NoteOn, Notes, NotesPlugin};

fn game(app: &mut App) {
    app.add_plugins(NotesPlugin)
        .add_systems(Update, draw.run_if(resource_changed::<Notes>));
}

fn pin(mut commands: Commands) {
    let place = NoteOn::Place { map: "valley".to_owned(), at: Vec3::new(12.0, 0.0, -3.5) };
    commands.notes().by("steam:7").write(NewNote::new("Ore below the bridge, @Ann").on(place));
}

fn draw(notes: Res<Notes>) {
    notes.iter().for_each(|note| println!("{:?}: {}", note.on(), note.shown()));
}
