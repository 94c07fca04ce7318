//! Notes about a session are there when players look for them, and reach those whom they mention.

// Feature: Notes have places, answers, mentions, pictures and bookmarks to rewind to.
// Page: guide/notes.md

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::CheckpointId;
use bevy_session::events::{EventQuery, EventsRead};
use bevy_session::external::Operation;
use bevy_session::library::TimelineCheckpoint;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;

/// The refusals, and the mentions that players got to know of.
#[derive(Resource, Default)]
struct Heard(Vec<String>);

fn build(session: SessionPlugin, add: &dyn Fn(&mut App)) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(), session))
        .add_plugins(NotesPlugin)
        .init_resource::<Heard>()
        .add_observer(|it: On<NoteRejected>, mut heard: ResMut<Heard>| {
            heard.0.push(it.reason.to_string());
        })
        .add_observer(|it: On<Mentioned>, notes: Res<Notes>, mut heard: ResMut<Heard>| {
            let text = notes.get(it.note).unwrap().text();
            heard.0.push(format!("{} is mentioned: {text}", it.player));
        });
    add(&mut app);
    app
}

/// A session that Ann hosts, with Ben, who is away.
fn started() -> TestGame {
    started_with(|_| ())
}

fn started_with(add: impl Fn(&mut App) + 'static) -> TestGame {
    let mut game = TestGame::new(move |session| build(session, &add));
    game.start(NewSession::named("Frontier")).unwrap();
    game.request(|commands| {
        let mut crew = commands.crew();
        crew.join("ann");
        crew.invite("b1");
        crew.rename("b1", "Ben");
    });
    game.frames(1);
    game
}

fn ask(game: &mut TestGame, by: &str, ask: impl FnOnce(&mut NoteCommands)) {
    game.request(|commands| ask(&mut commands.notes().by(by))).frames(1);
}

fn write(game: &mut TestGame, by: &str, text: &str) {
    ask(game, by, |notes| notes.write(NewNote::new(text)));
}

fn notes(game: &TestGame) -> &Notes {
    game.app().world().resource()
}

fn texts(game: &TestGame) -> Vec<&str> {
    notes(game).iter().map(Note::text).collect()
}

fn heard(game: &mut TestGame) -> Vec<String> {
    std::mem::take(&mut game.world().resource_mut::<Heard>().0)
}

fn joins(game: &mut TestGame, player: &str) {
    game.request(|commands| commands.crew().join(player)).frames(2);
}

#[test]
fn notes_have_targets_and_replies() {
    let mut game = started();
    let here = game.checkpoint("here").unwrap();
    let pin = NoteOn::Place { map: "valley".to_owned(), at: Vec3::new(1.0, 2.0, 3.0) };
    let targets =
        [NoteOn::Session, NoteOn::Checkpoint(here), NoteOn::Objective("town/well".into()), pin];
    for on in targets.clone() {
        ask(&mut game, "ann", |notes| notes.write(NewNote::new("Look").on(on)));
    }
    ask(&mut game, "ann", |notes| {
        notes.write(NewNote::new("Where?").reply_to(NoteId(4)));
        notes.write(NewNote::new("Where?").reply_to(NoteId(9)));
        notes.edit(NoteId(1), "  Look there\n");
        notes.remove(NoteId(2));
    });
    game.frames(1);
    for (on, id) in targets.iter().zip([Some(1), None, Some(3), Some(4)]) {
        let about = notes(&game).about(on).map(|note| note.id().0).next();
        assert_eq!(about, id, "{on:?}");
    }
    let reply = notes(&game).replies(NoteId(4)).next().unwrap();
    assert_eq!((reply.text(), reply.by()), ("Where?", Some(&PlayerId::from("ann"))));
    let edited = notes(&game).get(NoteId(1)).unwrap();
    assert_eq!(edited.text(), "Look there");
    assert!(edited.edited().unwrap() >= edited.at());
    assert_eq!(heard(&mut game), ["there is no note 9"]);
    // An id is never given again.
    ask(&mut game, "ann", |notes| notes.remove(NoteId(5)));
    write(&mut game, "ann", "Another");
    assert_eq!(notes(&game).iter().next_back().unwrap().id(), NoteId(6));
}

#[test]
fn notes_after_the_checkpoint_survive_a_crash_and_a_rewind() {
    let mut game = started();
    let before = game.checkpoint("before").unwrap();
    game.seconds(2.0);
    write(&mut game, "ann", "at two seconds");
    ask(&mut game, "ann", |notes| {
        notes.write(NewNote::new("wrong"));
        notes.edit(NoteId(2), "right");
    });
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    let there = ["at two seconds", "right"];
    assert_eq!(texts(&game), there);
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(4);
    assert_eq!(texts(&game), there);
    write(&mut game, "ann", "after the rewind");
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(texts(&game), ["at two seconds", "right", "after the rewind"]);
    // What happened is in the log once, on this line.
    let session = game.app().world().resource::<CurrentSession>().id();
    let types = vec![NoteChange::TYPE_PATH.to_owned()];
    let query = EventQuery { types, ..EventQuery::of(session) };
    game.request(|commands| commands.session().events().read(query)).frames(3);
    let messages = game.app().world().resource::<Messages<EventsRead>>();
    let mut cursor = messages.get_cursor();
    let page = cursor.read(messages).last().unwrap().result.clone().unwrap();
    assert_eq!(page.events.len(), 1);
}

#[test]
fn a_mentioned_player_is_notified_once_when_present() {
    let mut game = started();
    let before = game.checkpoint("before").unwrap();
    write(&mut game, "ann", "Careful with the bridge, @ben, says @ann");
    game.frames(2);
    assert_eq!(heard(&mut game), [""; 0], "Ben is away, and Ann knows what she wrote");
    game.frames(1).crash_and_restart().recover().unwrap();
    joins(&mut game, "ann");
    assert_eq!(heard(&mut game), [""; 0]);
    joins(&mut game, "b1");
    let mentioned = ["b1 is mentioned: Careful with the bridge, @ben, says @ann"];
    assert_eq!(heard(&mut game), mentioned);
    game.frames(1).crash_and_restart().recover().unwrap();
    joins(&mut game, "b1");
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(4);
    game.request(|commands| commands.crew().leave("b1")).frames(1);
    joins(&mut game, "b1");
    assert_eq!(heard(&mut game), [""; 0], "once is enough");
    // Who is here hears at once, and of a text that is changed only who wasn't mentioned before.
    game.request(|commands| commands.crew().join("ann")).frames(1);
    write(&mut game, "b1", "@Ann");
    assert_eq!(heard(&mut game), ["ann is mentioned: @Ann"]);
    ask(&mut game, "ann", |notes| notes.edit(NoteId(2), "@Ann and @Ben"));
    assert_eq!(heard(&mut game), ["b1 is mentioned: @Ann and @Ben"]);
    game.frames(1);
    assert_eq!(texts(&game)[1], "@Ann and @Ben");
}

#[test]
fn a_mention_removed_before_it_was_delivered_is_not_delivered() {
    let mut game = started();
    write(&mut game, "ann", "@Ben first");
    write(&mut game, "ann", "@Ben second");
    write(&mut game, "ann", "third");
    ask(&mut game, "ann", |notes| {
        notes.remove(NoteId(1));
        notes.edit(NoteId(2), "no one");
        notes.edit(NoteId(3), "@Ben third");
        notes.edit(NoteId(3), "@Ben third, once more");
    });
    joins(&mut game, "b1");
    assert_eq!(heard(&mut game), ["b1 is mentioned: @Ben third, once more"]);
}

#[test]
fn invalid_notes_are_refused() {
    let mut game = started();
    let place = |map: &str, at| NoteOn::Place { map: map.to_owned(), at };
    ask(&mut game, "ann", |notes| {
        notes.write(NewNote::new("x".repeat(16 << 20)));
        notes.write(NewNote::new("x".repeat(4_001)));
        notes.write(NewNote::new(" \n"));
        notes.write(NewNote::new("pin").on(place("valley", Vec3::NAN)));
        notes.write(NewNote::new("pin").on(place("", Vec3::ZERO)));
        notes.write(NewNote::new("well").on(NoteOn::Objective("town//well".into())));
        notes.edit(NoteId(1), "text");
        notes.remove(NoteId(1));
        notes.write(NewNote::new("x".repeat(4_000)));
        notes.write(NewNote::new("@someone \u{1b}[2J"));
    });
    let expected = [
        "a note has 4000 bytes at most, not 16777216",
        "a note has 4000 bytes at most, not 4001",
        "a note needs a text",
        "a place is a map's name of 1 to 200 bytes, and a position of numbers",
        "a place is a map's name of 1 to 200 bytes, and a position of numbers",
        "a key is made of segments that aren't empty, with `/` between them",
        "there is no note 1",
        "there is no note 1",
    ];
    assert_eq!(heard(&mut game), expected);
    let note = notes(&game).get(NoteId(2)).unwrap();
    assert_eq!((note.text(), &*note.shown()), ("@someone \u{1b}[2J", "@someone \u{fffd}[2J"));
    let messages = game.app().world().resource::<Messages<NoteRejected>>();
    let mut cursor = messages.get_cursor();
    let NoteRequest::Write(first) = &cursor.read(messages).next().unwrap().request else {
        panic!()
    };
    assert_eq!(*first, NewNote::new("x".repeat(4_000)), "nothing carries 16 MiB around");
}

#[test]
fn writing_and_removing_notes_needs_the_right() {
    let mut game = started();
    joins(&mut game, "b1");
    joins(&mut game, "eve");
    game.request(|commands| commands.crew().set_role("eve", Role::SPECTATOR)).frames(1);
    write(&mut game, "b1", "of Ben");
    write(&mut game, "ann", "of Ann");
    write(&mut game, "eve", "of Eve");
    write(&mut game, "stranger", "of a stranger");
    ask(&mut game, "b1", |notes| notes.edit(NoteId(2), "not of Ben"));
    ask(&mut game, "ann", |notes| notes.remove(NoteId(1)));
    game.request(|commands| commands.notes().write(NewNote::new("of the game"))).frames(1);
    assert_eq!(texts(&game), ["of Ann", "of the game"]);
    let expected = [
        "\"eve\" may not write notes: the role is spectator",
        "\"stranger\" isn't in the crew",
        "\"b1\" may not manage sessions: the role is player",
    ];
    assert_eq!(heard(&mut game), expected);
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
    write(&mut game, "ann", "too late");
    assert_eq!(heard(&mut game), ["no session is played"]);
    game.start(NewSession::named("Second")).unwrap();
    assert_eq!(texts(&game), [""; 0]);
}

/// The moments that are bookmarked.
fn bookmarks(game: &TestGame) -> Vec<CheckpointId> {
    let moment = |note: &Note| match note.on() {
        NoteOn::Checkpoint(checkpoint) => Some(*checkpoint),
        _ => None,
    };
    notes(game).iter().filter_map(moment).collect()
}

fn timeline(game: &TestGame) -> &[TimelineCheckpoint] {
    game.app().world().resource::<CurrentSession>().timeline().checkpoints.as_slice()
}

#[test]
fn a_rewind_starts_from_a_bookmark() {
    let mut game = started();
    game.seconds(1.0);
    let play_time =
        |game: &TestGame| game.app().world().resource::<CurrentSession>().play_time().as_secs_f32();
    ask(&mut game, "ann", |notes| notes.bookmark("Before the dragon\nwith @Ben"));
    game.frames(2);
    let bookmarked = play_time(&game);
    let [moment] = bookmarks(&game)[..] else { panic!("{:?}", notes(&game)) };
    let note = notes(&game).get(NoteId(1)).unwrap();
    assert_eq!(note.by(), Some(&PlayerId::from("ann")));
    game.seconds(5.0);
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(moment))).frames(4);
    let now = play_time(&game);
    assert!((now - bookmarked).abs() < 1.0, "{now} {bookmarked}");
    assert_eq!(bookmarks(&game), [moment], "it is there for the next time");
    joins(&mut game, "b1");
    assert_eq!(heard(&mut game), ["b1 is mentioned: Before the dragon\nwith @Ben"]);
}

#[test]
fn a_bookmark_whose_checkpoint_fails_is_not_made() {
    let mut game = started();
    game.world()
        .resource_mut::<Rights>()
        .set_if_neq(Rights::default().grant(Role::SPECTATOR, [Right::Annotate]));
    joins(&mut game, "eve");
    game.request(|commands| commands.crew().set_role("eve", Role::SPECTATOR)).frames(1);
    ask(&mut game, "eve", |notes| notes.bookmark("Eve was here"));
    game.frames(3);
    assert_eq!(heard(&mut game), ["the bookmark's checkpoint couldn't be saved"]);
    ask(&mut game, "ann", |notes| notes.bookmark("x".repeat(4_001)));
    assert_eq!(heard(&mut game), ["a note has 4000 bytes at most, not 4001"]);
    // Another checkpoint isn't taken for the bookmark.
    game.checkpoint("of the game").unwrap();
    game.frames(3);
    assert_eq!(bookmarks(&game), []);
}

#[test]
fn each_bookmark_points_to_its_own_checkpoint() {
    let mut game = started();
    // Between the bookmarks, the game and a player have checkpoints of the same name taken.
    game.request(|commands| {
        commands.session().checkpoint("The dragon");
        commands.notes().by("ann").bookmark("The dragon");
        commands.session().checkpoint("The dragon");
        commands.notes().by("ann").bookmark("The dragon");
    });
    game.frames(4);
    let named: Vec<CheckpointId> = timeline(&game)
        .iter()
        .filter(|it| it.label.as_deref() == Some("The dragon"))
        .map(|it| it.id)
        .collect();
    assert_eq!(named.len(), 4, "{named:?}");
    let on = bookmarks(&game);
    assert_eq!(on.len(), 2, "{:?}", notes(&game));
    assert_ne!(on[0], on[1], "two moments are two checkpoints");
    assert_eq!(heard(&mut game), [""; 0]);
}

#[test]
fn a_bookmark_behind_a_closed_gate_waits_for_its_own_checkpoint() {
    #[derive(Resource)]
    struct Gate(bool);
    let mut game = started_with(|app| {
        app.insert_resource(Gate(true)).checkpoint_session_while(|gate: Res<Gate>| gate.0);
    });
    game.world().resource_mut::<Gate>().0 = false;
    game.frames(2);
    game.request(|commands| commands.session().checkpoint("of the game"));
    ask(&mut game, "ann", |notes| notes.bookmark("of ann"));
    game.frames(3);
    assert_eq!(bookmarks(&game), []);
    game.world().resource_mut::<Gate>().0 = true;
    game.frames(3);
    let on = bookmarks(&game);
    let all = timeline(&game);
    let label = |id| all.iter().find(|it| it.id == id).and_then(|it| it.label.as_deref());
    assert_eq!(on.iter().map(|id| label(*id)).collect::<Vec<_>>(), [Some("of ann")]);
    // What is asked for behind the gate and never taken is answered.
    game.world().resource_mut::<Gate>().0 = false;
    game.frames(2);
    ask(&mut game, "ann", |notes| notes.bookmark("never"));
    game.request(|commands| commands.session().close(LeaveCause::Player)).frames(3);
    assert!(heard(&mut game).contains(&"the bookmark's checkpoint couldn't be saved".to_owned()));
}

#[test]
fn the_number_of_notes_is_limited() {
    let mut game = started();
    ask(&mut game, "ann", |notes| {
        (0..1_001).for_each(|number| notes.write(NewNote::new(format!("note {number}"))));
    });
    assert_eq!(notes(&game).len(), 1_000);
    assert_eq!(heard(&mut game), ["there are 1000 notes, and there can't be more"]);
}

/// The attachments of a note: names among those of the session, and versions.
fn hanging(game: &TestGame, note: u64) -> Vec<(String, u32)> {
    let session = game.app().world().resource::<CurrentSession>();
    let listed = notes(game).attachments(NoteId(note), session);
    listed.map(|listed| (listed.name.clone(), listed.version)).collect()
}

fn hang(game: &mut TestGame, by: &str, note: u64, bytes: &[u8]) {
    let bytes = bytes.to_vec();
    ask(game, by, |notes| notes.attach(NoteId(note), "photo", bytes));
    game.frames(4);
}

#[test]
fn an_attachment_of_a_note_survives_crash_and_rewind_until_it_is_removed() {
    let mut game = started();
    game.seconds(2.0);
    write(&mut game, "ann", "this bridge");
    write(&mut game, "ann", "and this one");
    hang(&mut game, "ann", 1, b"a picture");
    hang(&mut game, "ann", 2, b"another one");
    hang(&mut game, "ann", 1, b"a better picture");
    let photo = |note, version| vec![(format!("note-{note}-photo"), version)];
    assert_eq!(hanging(&game, 1), photo(1, 2));
    assert_eq!(hanging(&game, 2), photo(2, 1));

    game.seconds(6.0).crash_and_restart().recover().unwrap();
    game.frames(4);
    assert_eq!(hanging(&game, 1), photo(1, 2), "{:?}", heard(&mut game));
    let ago = RewindTo::Ago(Duration::from_secs(6));
    game.request(|commands| commands.session().rewind(ago)).frames(6);
    assert_eq!(hanging(&game, 1), photo(1, 2), "notes and what hangs on them don't go back");

    ask(&mut game, "ann", |notes| notes.detach(NoteId(2), "photo"));
    game.frames(4);
    assert_eq!(hanging(&game, 2), []);
    ask(&mut game, "ann", |notes| notes.remove(NoteId(1)));
    game.frames(4);
    let session = game.app().world().resource::<CurrentSession>();
    assert_eq!(session.timeline().attachments, []);
    assert_eq!(heard(&mut game), Vec::<String>::new());
}

#[test]
fn attachments_of_a_removed_note_are_deleted_after_a_crash() {
    let mut game = started();
    write(&mut game, "ann", "this bridge");
    write(&mut game, "ann", "and this one");
    hang(&mut game, "ann", 1, b"a picture");
    hang(&mut game, "ann", 2, b"another one");
    game.request(|commands| {
        commands.session().attachments().attach_to_session("notepad-1-x", vec![1])
    });
    game.frames(4);
    // The disk keeps what hangs there while the note goes.
    game.disk().fail_always(Operation::Remove, std::io::ErrorKind::Other);
    ask(&mut game, "ann", |notes| notes.remove(NoteId(1)));
    game.seconds(6.0);
    assert_eq!(hanging(&game, 1).len(), 1);
    game.crash_and_restart();
    game.disk().heal();
    game.recover().unwrap();
    game.frames(6);
    assert_eq!((hanging(&game, 1).len(), hanging(&game, 2).len()), (0, 1));
    let session = game.app().world().resource::<CurrentSession>();
    assert_eq!(session.attachments("notepad-1-x").count(), 1, "what isn't a note's is left alone");
}

#[test]
fn attachments_of_newer_notes_outlive_the_way_back_to_an_older_checkpoint() {
    let mut game = started();
    write(&mut game, "ann", "this bridge");
    let early = game.checkpoint("early").unwrap();
    write(&mut game, "ann", "and this one");
    hang(&mut game, "ann", 2, b"a picture");
    game.seconds(6.0).crash_and_restart();
    game.recover_from(RestoreFrom::Checkpoint(early)).unwrap();
    game.seconds(6.0);
    assert_eq!(texts(&game), ["this bridge"]);
    let photo = vec![("note-2-photo".to_owned(), 1)];
    assert_eq!(hanging(&game, 2), photo, "its note is in a newer checkpoint");

    write(&mut game, "ann", "a third one");
    assert!(notes(&game).get(NoteId(3)).is_some(), "another note's picture isn't its own");
    ask(&mut game, "ann", |notes| notes.remove(NoteId(3)));
    game.seconds(6.0);
    assert_eq!(hanging(&game, 2), photo);
}

/// Until then it isn't known what hangs on the notes of other branches.
#[test]
fn a_note_is_written_after_a_restore_once_the_timeline_is_there() {
    let mut game = started();
    write(&mut game, "ann", "this bridge");
    let early = game.checkpoint("early").unwrap();
    write(&mut game, "ann", "and this one");
    hang(&mut game, "ann", 2, b"a picture");
    game.seconds(6.0).crash_and_restart();
    game.recover_from(RestoreFrom::Checkpoint(early)).unwrap();
    write(&mut game, "ann", "a third one");
    game.seconds(6.0);
    assert!(notes(&game).get(NoteId(3)).is_some(), "{:?}", texts(&game));
    assert_eq!(hanging(&game, 3), []);
}

#[test]
fn an_id_that_one_slot_has_removed_may_be_of_another_note() {
    let mut game = started();
    write(&mut game, "ann", "this bridge");
    let early = game.checkpoint("early").unwrap();
    write(&mut game, "ann", "a mistake");
    ask(&mut game, "ann", |notes| notes.remove(NoteId(2)));
    game.seconds(6.0);
    let removed = game.checkpoint("removed").unwrap();
    game.seconds(6.0).crash_and_restart();
    game.recover_from(RestoreFrom::Checkpoint(early)).unwrap();
    game.seconds(6.0);
    write(&mut game, "ann", "another bridge");
    hang(&mut game, "ann", 2, b"a picture");
    game.seconds(6.0).crash_and_restart();
    game.recover_from(RestoreFrom::Checkpoint(removed)).unwrap();
    game.seconds(6.0);
    assert_eq!(hanging(&game, 2), vec![("note-2-photo".to_owned(), 1)]);
}

#[test]
fn attaching_to_foreign_or_missing_notes_is_refused() {
    let mut game = started();
    write(&mut game, "ann", "this bridge");
    game.request(|commands| commands.crew().join("b1")).frames(1);
    hang(&mut game, "b1", 1, b"a picture");
    hang(&mut game, "ann", 7, b"a picture");
    ask(&mut game, "ann", |notes| notes.attach(NoteId(1), "No Name", vec![1]));
    ask(&mut game, "ann", |notes| notes.attach(NoteId(1), "large", vec![1; (1 << 20) + 1]));
    assert_eq!(
        heard(&mut game),
        [
            "\"b1\" may not manage sessions: the role is player",
            "there is no note 7",
            "an attachment's name is 1 to 40 of a to z, 0 to 9, _ and -",
            "an attachment of 1048577 bytes is over the limit of 1048576",
        ]
    );
    assert_eq!(hanging(&game, 1), []);
}
