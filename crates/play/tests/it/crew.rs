//! Who plays, who hosts, and what they may ask for.

// Feature: A crew has a host, members, roles and play times, and is handed over.
// Page: guide/crew.md

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsRead, Recordable};
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session::{RequestError, SessionPaused};
use bevy_session_play::*;

const MEDIC: Role = Role::new("medic");

/// The refusals in this process, and the changes of the crew, in order.
#[derive(Resource, Default)]
struct Heard(Vec<String>);

/// True if a restore may go on.
#[derive(Resource)]
struct GateIsOpen(bool);

/// The number of times that the crew was written.
#[derive(Resource, Default)]
struct Written(usize);

fn build(session: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(), session))
        .add_plugins(CrewPlugin)
        .crew_rights(Rights::default().grant(MEDIC, []))
        .init_resource::<Heard>()
        .init_resource::<Written>()
        .insert_resource(GateIsOpen(true))
        .restore_session_when(|gate: Res<GateIsOpen>| gate.0)
        .add_observer(|it: On<CrewRejected>, mut heard: ResMut<Heard>| {
            heard.0.push(it.reason.to_string());
        })
        .add_observer(|it: On<RequestRejected>, mut heard: ResMut<Heard>| {
            heard.0.push(it.error.to_string());
        })
        .add_observer(|it: On<CrewChange>, crew: Res<Crew>, mut heard: ResMut<Heard>| {
            let role = crew.get(&it.player).map_or_else(String::new, |it| it.role().to_string());
            heard.0.push(format!("{} {:?} {role}", it.player, it.step));
        })
        .add_systems(First, |crew: Res<Crew>, mut written: ResMut<Written>| {
            written.0 += usize::from(crew.is_changed());
        });
    add(&mut app);
    app
}

fn started_with(add: impl Fn(&mut App) + 'static) -> TestGame {
    let mut game = TestGame::new(move |session| build(session, &add));
    game.start(NewSession::named("Frontier")).unwrap();
    game
}

/// A session that Ann hosts and Ben plays in.
fn started() -> TestGame {
    let mut game = started_with(|_| ());
    ask(&mut game, |crew| crew.join("ann"));
    ask(&mut game, |crew| crew.join("ben"));
    heard(&mut game);
    game
}

fn ask(game: &mut TestGame, ask: impl FnOnce(&mut CrewCommands)) {
    game.request(|commands| ask(&mut commands.crew())).frames(1);
}

fn ask_by(game: &mut TestGame, by: &str, ask: impl FnOnce(&mut CrewCommands)) {
    game.request(|commands| ask(&mut commands.crew().by(by))).frames(1);
}

fn heard(game: &mut TestGame) -> Vec<String> {
    std::mem::take(&mut game.world().resource_mut::<Heard>().0)
}

fn crew(game: &TestGame) -> &Crew {
    game.app().world().resource()
}

/// The crew in a line: "ann host, ben player".
fn line(game: &TestGame) -> String {
    let members = crew(game).iter().map(|it| format!("{} {}", it.name(), it.role()));
    members.collect::<Vec<_>>().join(", ")
}

fn here(game: &TestGame) -> Vec<&str> {
    crew(game).here().map(|it| it.player().as_str()).collect()
}

/// The recorded events of a type, in order.
fn log<T: Recordable>(game: &mut TestGame) -> Vec<T> {
    let session = game.app().world().resource::<CurrentSession>().id();
    let types = vec![T::type_path().to_owned()];
    let query = EventQuery { types, limit: 10_000, newest_first: false, ..EventQuery::of(session) };
    game.request(|commands| commands.session().events().read(query)).frames(3);
    let messages = game.app().world().resource::<Messages<EventsRead>>();
    let mut cursor = messages.get_cursor();
    let page = cursor.read(messages).last().unwrap().result.clone().unwrap();
    page.events.iter().map(|event| event.decode().unwrap()).collect()
}

/// The requests, in a line each.
fn deeds(game: &mut TestGame) -> Vec<String> {
    let say = |deed: &CrewDeed| {
        let by = deed.by.as_ref().map_or("the game", |by| by.as_str());
        let outcome = match &deed.outcome {
            DeedOutcome::Refused { .. } => "refused".to_owned(),
            outcome => format!("{outcome:?}").to_lowercase(),
        };
        format!("{by} {} {outcome}", deed.request)
    };
    log::<CrewDeed>(game).iter().map(say).collect()
}

#[test]
fn the_first_who_joins_hosts_until_it_is_handed_over() {
    let mut game = started_with(|_| ());
    assert!(crew(&game).is_empty() && crew(&game).host().is_none());
    ask(&mut game, |crew| {
        crew.join("ann");
        crew.join("ben");
        crew.invite("cia");
        crew.rename("ben", "  Be\u{301}n ");
        crew.set_role("ann", MEDIC);
    });
    assert_eq!(line(&game), "ann host, Bén player, cia player");
    assert_eq!(here(&game), ["ann", "ben"]);
    ask_by(&mut game, "ann", |crew| crew.hand_over("cia"));
    assert_eq!(line(&game), "cia host, ann medic, Bén player");
    assert_eq!(crew(&game).host().unwrap().player(), &PlayerId::from("cia"));
    // Neither who leaves nor who isn't here makes another one the host.
    ask(&mut game, |crew| crew.leave("ann"));
    assert_eq!(line(&game), "cia host, ann medic, Bén player");
    assert_eq!(here(&game), ["ben"]);
    let heard = heard(&mut game);
    assert!(heard.contains(&"cia HandedOver host".to_owned()), "{heard:?}");
}

#[test]
fn invalid_crew_requests_are_refused_and_change_nothing() {
    let mut game = started();
    ask(&mut game, |crew| crew.invite("eve"));
    ask(&mut game, |crew| crew.set_role("eve", Role::SPECTATOR));
    let before = crew(&game).clone();
    heard(&mut game);
    ask(&mut game, |crew| {
        crew.hand_over("");
        crew.hand_over("Host");
        crew.hand_over("zed");
        crew.hand_over("eve");
        crew.remove("ann");
        crew.invite("ben");
        crew.set_role("ben", Role::HOST);
        crew.set_role("ben", "");
        crew.set_role("ben", "watchman");
        crew.rename("ben", "\u{1b}[2J");
        crew.rename("ben", "x".repeat(16 << 20));
        crew.leave("dan");
        crew.join("x".repeat(16 << 20));
    });
    let name = "a name has 1 to 200 bytes, and no control characters";
    let expected = [
        "the id of a player is empty",
        "`host` is a role, and can't be a player's id",
        "\"zed\" isn't in the crew",
        "\"eve\" is a spectator, and can't host",
        "\"ann\" is the host, and has to hand over first",
        "\"ben\" is in the crew already",
        "the role of host can't be given: the host hands it over",
        "a role has 1 to 50 bytes, and no control characters",
        "there is no role watchman in the game's `Rights`",
        name,
        name,
        "\"dan\" isn't in the crew",
        "the id of a player has 200 bytes at most, not 16777216",
    ];
    assert_eq!(heard(&mut game), expected);
    // What is so already is no change and no error.
    ask(&mut game, |crew| {
        crew.hand_over("ann");
        crew.join("ben");
        crew.leave("eve");
    });
    assert_eq!(heard(&mut game), [""; 0]);
    assert_eq!(*crew(&game), before);
}

#[test]
fn a_host_hands_over_once() {
    let mut game = started();
    ask(&mut game, |crew| crew.join("cia"));
    heard(&mut game);
    ask_by(&mut game, "ann", |crew| {
        crew.hand_over("ben");
        crew.hand_over("cia");
    });
    assert_eq!(line(&game), "ben host, ann player, cia player");
    let missing = CrewRefusal::MissingRight {
        player: "ann".into(),
        role: Role::PLAYER,
        right: Right::HandOver,
    };
    assert_eq!(heard(&mut game), ["ben HandedOver host".to_owned(), missing.to_string()]);
}

#[test]
fn a_player_is_the_same_in_every_unicode_form() {
    let mut game = started();
    ask(&mut game, |crew| crew.join("Zo\u{eb}"));
    heard(&mut game);
    ask(&mut game, |crew| crew.invite("Zoe\u{308}"));
    assert_eq!(heard(&mut game), ["\"Zoë\" is in the crew already"]);
    ask(&mut game, |crew| crew.hand_over("Zoe\u{308}"));
    game.request(|commands| commands.session().by("Zoe\u{308}").pause()).frames(1);
    assert_eq!(line(&game), "Zoë host, ann player, ben player");
    assert_eq!(deeds(&mut game), ["Zoë pause allowed"]);
}

// Feature: Roles and guards decide who may ask for what, and a log keeps who did.
// Page: guide/rights.md
#[test]
fn rights_follow_roles_and_their_use_is_recorded() {
    let mut game = started_with(|app| {
        let rights = Rights::default().grant(MEDIC, [Right::End, Right::Pause]).admin("root");
        app.crew_rights(rights.revoke(Role::PLAYER, [Right::Pause]));
    });
    ask(&mut game, |crew| {
        ["ann", "ben", "cia", "eve"].into_iter().for_each(|player| crew.join(player));
        crew.set_role("cia", MEDIC);
        crew.set_role("eve", Role::SPECTATOR);
    });
    heard(&mut game);
    game.request(|commands| {
        for player in ["ben", "eve", "stranger", "root", "ann", "cia"] {
            commands.session().by(player).checkpoint("here");
            commands.session().by(player).pause();
        }
        commands.session().resume();
        commands.session().checkpoint("the game itself may");
    });
    game.frames(3);
    let expected = [
        "refused: \"ben\" may not pause: the role is player",
        "refused: \"eve\" may not save: the role is spectator",
        "refused: \"eve\" may not pause: the role is spectator",
        "refused: \"stranger\" isn't in the crew",
        "refused: \"stranger\" isn't in the crew",
    ];
    assert_eq!(heard(&mut game)[..5], expected);
    let of = |whom: &str, deeds: &[String]| {
        deeds.iter().filter(|it| it.starts_with(whom)).cloned().collect::<Vec<_>>()
    };
    let deeds = deeds(&mut game);
    assert_eq!(of("ben", &deeds), ["ben checkpoint allowed", "ben pause refused"]);
    assert_eq!(of("root", &deeds), ["root checkpoint overridden", "root pause overridden"]);
    assert_eq!(of("cia", &deeds), ["cia checkpoint allowed", "cia pause allowed"]);
    assert_eq!(of("the game", &deeds), [""; 0], "what it does all the time isn't noted");
    assert_eq!(deeds.len(), 12);
    let rights = game.app().world().resource::<Rights>();
    assert_eq!(crew(&game).may("cia", Right::End, rights), Ok(()));
    assert_eq!(crew(&game).may("root", Right::Manage, rights), Ok(()));
    assert!(crew(&game).may("ben", Right::End, rights).is_err());
}

#[test]
fn changes_of_the_crew_need_the_right() {
    let mut game = started();
    ask_by(&mut game, "ben", |crew| crew.invite("cia"));
    ask_by(&mut game, "cia", |crew| crew.join("cia"));
    ask_by(&mut game, "ann", |crew| crew.invite("cia"));
    ask_by(&mut game, "cia", |crew| {
        crew.join("cia");
        crew.rename("cia", "Cia");
        crew.rename("ben", "Bean");
        crew.set_role("cia", MEDIC);
        crew.hand_over("cia");
        crew.remove("ben");
    });
    ask_by(&mut game, "ann", |crew| crew.set_role("ben", Role::SPECTATOR));
    ask_by(&mut game, "ben", |crew| crew.remove("ben"));
    assert_eq!(line(&game), "ann host, Cia player");
    let refused = heard(&mut game).into_iter().filter(|it| it.contains("may not")).count();
    assert_eq!(refused, 5);
    let changes = log::<CrewChange>(&mut game);
    let by = |by: &Option<PlayerId>| by.as_ref().map_or("-".to_owned(), ToString::to_string);
    let said = changes.iter().map(|it| format!("{} {}", by(&it.by), it.player));
    let expected = ["- ann", "- ben", "ann cia", "cia cia", "cia cia", "ann ben", "ben ben"]
        .map(str::to_owned);
    assert_eq!(said.collect::<Vec<_>>(), expected);
    assert_eq!(deeds(&mut game).len(), 6, "what was refused, the stranger's included");
}

#[test]
fn crew_changes_after_the_checkpoint_survive_a_crash() {
    let mut game = started();
    game.checkpoint("before").unwrap();
    ask_by(&mut game, "ann", |crew| crew.hand_over("ben"));
    ask(&mut game, |crew| {
        crew.join("cia");
        crew.rename("cia", "Cia");
        crew.set_role("ann", MEDIC);
    });
    game.seconds(1.0);
    let before = line(&game);
    assert_eq!(before, "ben host, ann medic, Cia player");
    for _ in 0..3 {
        game.crash_and_restart().recover().unwrap();
        game.frames(2);
        assert_eq!(line(&game), before);
        assert_eq!(here(&game), [""; 0], "those who were here went with their process");
        let heard = heard(&mut game);
        assert!(heard.contains(&"ben HandedOver host".to_owned()), "{heard:?}");
    }
    assert_eq!(log::<CrewChange>(&mut game).len(), 6, "nothing is recorded twice");
    // From the next checkpoint on it isn't handed out any more.
    game.checkpoint("after").unwrap();
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!((line(&game), heard(&mut game).len()), (before, 0));
}

#[test]
fn a_player_who_joins_on_the_restore_is_present() {
    let mut game = started_with(|app| {
        app.add_observer(|_: On<SessionRestored>, mut commands: Commands| {
            commands.crew().join("ann");
        });
    });
    ask(&mut game, |crew| crew.join("ben"));
    ask(&mut game, |crew| crew.join("ann"));
    game.seconds(2.0);
    game.checkpoint("here").unwrap();
    ask(&mut game, |crew| crew.hand_over("ann"));
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!((line(&game).as_str(), here(&game)), ("ann host, ben player", vec!["ann"]));
    let now = game.app().world().resource::<CurrentSession>().play_time();
    let played = |player: &str| crew(&game).get(player).unwrap().played(now);
    assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&played("ben")));
    assert!(played("ann") >= Duration::from_secs(2));
}

/// As in the guide: the host sits down first, wherever no one is here.
fn with_a_host_who_sits_down(app: &mut App) {
    fn sit_down(crew: Res<Crew>, mut commands: Commands) {
        if crew.here().next().is_none() {
            let host = crew.host().map(|host| host.player().clone());
            commands.crew().join(host.unwrap_or("ann".into()));
        }
    }
    app.add_observer(|_: On<SessionStarted>, mut commands: Commands| {
        commands.run_system_cached(sit_down);
    })
    .add_observer(|_: On<CrewRestored>, mut commands: Commands| {
        commands.run_system_cached(sit_down);
    });
}

#[test]
fn the_crew_is_reported_as_restored_once_after_each_restore() {
    let mut game = started_with(|app| {
        app.add_observer(
            |it: On<CrewRestored>,
             crew: Res<Crew>,
             session: Res<CurrentSession>,
             characters: Characters,
             mut heard: ResMut<Heard>| {
                assert_eq!(it.session, session.id());
                let host = crew.host().unwrap().player();
                let owned = characters.of(host.as_str()).count();
                let here = crew.here().count();
                heard.0.push(format!("complete: {host} hosts, has {owned}, {here} here"));
            },
        );
    });
    game.world().spawn(PlayedBy::new("ann"));
    game.world().spawn(PlayedBy::new("ben"));
    ask(&mut game, |crew| crew.join("ann"));
    ask(&mut game, |crew| crew.join("ben"));
    let before = game.checkpoint("before").unwrap();
    ask_by(&mut game, "ann", |crew| crew.hand_over("ben"));
    assert!(!heard(&mut game).iter().any(|it| it.starts_with("complete")), "nothing came back");
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(5);
    let complete = |game: &mut TestGame| {
        let mut heard = heard(game);
        heard.retain(|it| it.starts_with("complete"));
        heard
    };
    assert_eq!(complete(&mut game), ["complete: ben hosts, has 1, 2 here"]);
    ask_by(&mut game, "ben", |crew| crew.hand_over("ann"));
    game.seconds(1.0);
    game.crash_and_restart().recover().unwrap();
    game.frames(3);
    assert_eq!(complete(&mut game), ["complete: ann hosts, has 1, 0 here"]);
    game.exit_and_restart().continue_newest().unwrap();
    game.frames(3);
    assert_eq!(complete(&mut game), ["complete: ann hosts, has 1, 0 here"]);
}

#[test]
fn a_hand_over_after_the_checkpoint_survives_a_crash() {
    let mut game = started_with(with_a_host_who_sits_down);
    game.frames(2);
    ask(&mut game, |crew| crew.join("ben"));
    assert_eq!((line(&game).as_str(), here(&game)), ("ann host, ben player", vec!["ann", "ben"]));
    game.checkpoint("before").unwrap();
    ask_by(&mut game, "ann", |crew| crew.hand_over("ben"));
    for _ in 0..2 {
        game.frames(1).crash_and_restart().recover().unwrap();
        game.frames(4);
        assert_eq!((line(&game).as_str(), here(&game)), ("ben host, ann player", vec!["ben"]));
    }
}

#[test]
fn present_players_have_a_character_even_after_a_rewind_before_they_joined() {
    fn give_characters(crew: Res<Crew>, characters: Characters, mut commands: Commands) {
        for member in crew.here() {
            if characters.of(member.player()).next().is_none() {
                commands.spawn(PlayedBy::new(member.player()));
            }
        }
    }
    let mut game = started_with(|app| {
        app.add_systems(Update, give_characters.run_if(not(session_is_restoring)));
    });
    let owners = |game: &mut TestGame| {
        let mut owners = game.world().query::<&PlayedBy>();
        let mut owners: Vec<_> =
            owners.iter(game.app().world()).map(|it| it.0.to_string()).collect();
        owners.sort();
        owners
    };
    ask(&mut game, |crew| crew.join("ann"));
    game.frames(1);
    let before = game.checkpoint("before").unwrap();
    ask(&mut game, |crew| crew.join("ben"));
    game.seconds(1.0);
    assert_eq!(owners(&mut game), ["ann", "ben"]);
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(4);
    assert_eq!(owners(&mut game), ["ann", "ben"]);
    assert_eq!(here(&game), ["ann", "ben"]);
    // Ben has the one that he was given, and no second one.
    game.checkpoint("after").unwrap();
    game.crash_and_restart().recover().unwrap();
    game.frames(3);
    ask(&mut game, |crew| crew.join("ben"));
    game.frames(1);
    assert_eq!(owners(&mut game), ["ann", "ben"]);
}

#[test]
fn a_rewind_keeps_the_crew_and_its_played_time() {
    let mut game = started();
    let before = game.checkpoint("before").unwrap();
    game.seconds(3.0);
    ask(&mut game, |crew| {
        crew.join("cia");
        crew.hand_over("cia");
        crew.leave("ben");
    });
    game.seconds(1.0);
    let (crew_before, now) =
        (line(&game), game.app().world().resource::<CurrentSession>().play_time());
    let played = crew(&game).get("ann").unwrap().played(now);
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(4);
    let now = game.app().world().resource::<CurrentSession>().play_time();
    assert!(now < Duration::from_secs(2), "{now:?}");
    assert_eq!((line(&game), here(&game)), (crew_before.clone(), vec!["cia", "ann"]));
    let after = crew(&game).get("ann").unwrap().played(now);
    assert!(after >= played && after < played + Duration::from_secs(1), "{after:?} {played:?}");
    // Also if it dies before anybody does anything.
    game.crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(line(&game), crew_before);
}

#[test]
fn during_a_restore_a_hand_over_waits() {
    let mut game = started();
    let before = game.checkpoint("before").unwrap();
    for is_cancelled in [false, true] {
        let to = if is_cancelled { "ann" } else { "ben" };
        game.world().resource_mut::<GateIsOpen>().0 = false;
        game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(2);
        let host = crew(&game).host().unwrap().player().clone();
        ask(&mut game, |crew| crew.hand_over(to));
        game.frames(2);
        assert_eq!(crew(&game).host().unwrap().player(), &host);
        if is_cancelled {
            game.request(|commands| commands.session().cancel_restore());
        } else {
            game.world().resource_mut::<GateIsOpen>().0 = true;
        }
        game.frames(4);
        assert_eq!(crew(&game).host().unwrap().player(), &PlayerId::from(to));
    }
    assert_eq!(here(&game), ["ann", "ben"]);
    assert_eq!(heard(&mut game), ["ben HandedOver host", "ann HandedOver host"]);
}

#[test]
fn each_session_has_a_crew_of_its_own() {
    let mut game = started();
    let first = game.app().world().resource::<CurrentSession>().id();
    game.request(|commands| commands.crew().hand_over("ben"));
    game.request(|commands| {
        commands.session().start(NewSession::named("Second").replacing_current());
    });
    game.frames(5);
    assert!(crew(&game).is_empty());
    ask(&mut game, |crew| crew.join("zed"));
    game.request(|commands| commands.session().continue_session(first));
    game.frames(5);
    assert_eq!((line(&game).as_str(), here(&game)), ("ben host, ann player", vec![]));
    game.request(|commands| commands.session().close(LeaveCause::Player));
    game.frames(3);
    heard(&mut game);
    ask(&mut game, |crew| crew.join("ann"));
    assert_eq!(heard(&mut game), ["no session is played"]);
    assert_eq!(line(&game), "ben host, ann player", "a last screen may show it");
    // Without a session there are no roles, and every player may take one up.
    game.request(|commands| commands.session().by("stranger").continue_session(first));
    game.frames(5);
    assert_eq!(line(&game), "ben host, ann player");
}

#[test]
fn a_session_that_branches_off_begins_with_a_crew_of_its_own() {
    let mut game = started();
    let here = game.checkpoint("here").unwrap();
    let branch = NewSession::named("Another way");
    game.request(|commands| commands.session().library().branch_off(here, branch)).frames(5);
    assert!(crew(&game).is_empty(), "{}", line(&game));
    ask(&mut game, |crew| crew.join("ben"));
    assert_eq!(line(&game), "ben host");
}

#[test]
fn frames_without_a_change_write_nothing() {
    let mut game = started();
    game.frames(2);
    game.world().resource_mut::<Written>().0 = 0;
    game.seconds(2.0);
    ask(&mut game, |crew| {
        crew.join("ben");
        crew.hand_over("zed");
    });
    game.frames(2);
    assert_eq!(game.app().world().resource::<Written>().0, 0);
    ask(&mut game, |crew| crew.leave("ben"));
    game.frames(3);
    assert_eq!(game.app().world().resource::<Written>().0, 1);
}

#[test]
fn a_spectator_cannot_pause() {
    let mut game = started_with(|app| {
        app.add_observer(|_: On<SessionPaused>, mut heard: ResMut<Heard>| {
            heard.0.push("paused".to_owned());
        })
        .add_observer(|it: On<RequestRejected>| {
            assert!(matches!(it.error, RequestError::Refused { .. }), "{:?}", it.error);
        });
    });
    // As long as no member is there to have a role, everybody may.
    game.request(|commands| commands.session().by("ann").pause()).frames(2);
    game.request(|commands| commands.session().by("ann").resume()).frames(2);
    ask(&mut game, |crew| crew.join("ann"));
    ask(&mut game, |crew| crew.join("eve"));
    ask(&mut game, |crew| crew.set_role("eve", Role::SPECTATOR));
    assert_eq!(heard(&mut game)[0], "paused");
    game.request(|commands| commands.session().by("eve").pause()).frames(2);
    let refused = ["refused: \"eve\" may not pause: the role is spectator"];
    assert_eq!(heard(&mut game), refused);
}

#[test]
fn a_refusal_is_worded_by_the_game_and_recorded_in_plain_words() {
    #[derive(Resource, Default)]
    struct Answers(Vec<(Option<String>, RequestError)>);
    let mut game = started_with(|app| {
        app.init_resource::<Answers>()
            .say_refusals(|In(refusal): In<CrewRefusal>, crew: Res<Crew>| match refusal {
                CrewRefusal::MissingRight { right: Right::Load, .. } => {
                    format!("Das darf nur {}.", crew.host().unwrap().name())
                }
                other => other.to_string(),
            })
            .add_observer(|it: On<RequestRejected>, mut answers: ResMut<Answers>| {
                answers.0.push((it.by.clone(), it.error.clone()));
            });
    });
    ask(&mut game, |crew| crew.join("ann"));
    ask(&mut game, |crew| crew.rename("ann", "Änne"));
    ask(&mut game, |crew| crew.join("ben"));
    game.request(|commands| commands.session().by("ben").rewind(RewindTo::BeforeRewind)).frames(2);
    let reason = "Das darf nur Änne.".to_owned();
    let answers = std::mem::take(&mut game.world().resource_mut::<Answers>().0);
    assert_eq!(answers, [(Some("ben".to_owned()), RequestError::Refused { reason })]);
    let deeds = log::<CrewDeed>(&mut game);
    let plain = "\"ben\" may not go back or load: the role is player".to_owned();
    assert_eq!(deeds.last().unwrap().outcome, DeedOutcome::Refused { reason: plain });
}

#[test]
#[ignore = "measures: run it alone, with --nocapture"]
#[expect(clippy::print_stdout, reason = "it is what it is for")]
fn a_page_of_a_hundred_thousand_deeds() {
    let mut game = started();
    for _ in 0..100 {
        game.request(|commands| {
            for _ in 0..1_000 {
                commands.session().by("stranger").pause();
            }
        });
        game.frames(1);
        game.world().resource_mut::<Heard>().0.clear();
    }
    game.checkpoint("all of them").unwrap();
    let session = game.app().world().resource::<CurrentSession>().id();
    let types = vec![CrewDeed::TYPE_PATH.to_owned()];
    let mut after = None;
    for page in 0..5 {
        let query = EventQuery { types: types.clone(), after, ..EventQuery::of(session) };
        game.request(|commands| commands.session().events().read(query));
        let begun = std::time::Instant::now();
        game.frames(2);
        let took = begun.elapsed();
        let read = &game.app().world().resource::<bevy_session::events::SessionEvents>().page;
        assert_eq!(read.events.len(), 100);
        after = read.next;
        println!("page {page}: {:.2} ms, two frames included", took.as_secs_f64() * 1e3);
    }
}
