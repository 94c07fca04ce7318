//! Nothing succeeds in silence: what keeps the plugin from doing what a game expects is said.

use bevy::prelude::*;
use bevy_session::doctor::{Doctor, Finding};
use bevy_session::prelude::*;
use bevy_session::testing::{RecoverError, TestGame};
use bevy_session::{
    HintGiven, MemoryDisk, RestoreLossReason, RestoreLosses, SessionHint, SessionHints,
    SessionRestored,
};
use serde::{Deserialize, Serialize};

use crate::common::{
    Health, Phase, frames, game_with, listen, plugin, received, request, seconds, start,
};

fn build(add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<HintGiven>(app);
        add(app);
    })
}

fn hints(app: &mut App) -> Vec<SessionHint> {
    frames(app, 2);
    received::<HintGiven>(app).into_iter().map(|given| given.hint).collect()
}

fn standing(app: &App) -> Vec<SessionHint> {
    app.world().resource::<SessionHints>().iter().cloned().collect()
}

fn begin(app: &mut App) {
    request(app, |commands| commands.session().start(NewSession::named("Hinted")));
    frames(app, 2);
}

fn enter(app: &mut App, phase: Phase) {
    app.world_mut().resource_mut::<NextState<Phase>>().set(phase);
    frames(app, 1);
}

fn is_gate(hint: &SessionHint) -> bool {
    matches!(hint, SessionHint::GateStaysShut { .. })
}

#[test]
fn a_gate_that_stays_shut_is_named_once_and_taken_back_when_it_opens() {
    let mut app = build(|app| {
        app.checkpoint_while(in_state(Phase::Playing).and_then(|| true));
    });
    app.world_mut().spawn(Health(1));
    begin(&mut app);
    seconds(&mut app, 25.0);
    assert_eq!(hints(&mut app), []);
    seconds(&mut app, 60.0);
    let given = hints(&mut app);
    let [SessionHint::GateStaysShut { conditions, .. }] = &given[..] else { panic!("{given:?}") };
    assert!(conditions.len() == 1 && conditions[0].contains("in_state"), "{conditions:?}");
    assert!(given[0].to_string().contains("checkpoint_while"), "{}", given[0]);
    assert_eq!(standing(&app), given);
    let found = Doctor::default().examine(&mut app).findings;
    assert!(found.contains(&Finding::Hint(given[0].clone())), "{found:?}");

    enter(&mut app, Phase::Playing);
    frames(&mut app, 1);
    assert_eq!(standing(&app), []);
}

#[test]
fn a_pause_is_no_gate_that_stays_shut() {
    let mut app = build(|app| {
        app.checkpoint_while(in_state(Phase::Playing)).pause_session_in(Phase::Menu);
    });
    app.world_mut().spawn(Health(1));
    enter(&mut app, Phase::Playing);
    start(&mut app, "Paused");
    enter(&mut app, Phase::Menu);
    seconds(&mut app, 90.0);
    assert_eq!(hints(&mut app), []);
}

#[test]
fn the_doctor_and_the_kit_name_a_gate_that_is_shut() {
    let mut test = TestGame::new(|plugin| {
        game_with(plugin, |app| {
            app.checkpoint_while(in_state(Phase::Playing));
        })
    });
    test.world().spawn(Health(1));
    test.start(NewSession::named("Shut")).unwrap();
    let found = Doctor::default().examine(test.app_mut()).findings;
    let names_gate = |finding: &Finding| matches!(finding, Finding::Hint(hint) if is_gate(hint));
    assert!(found.iter().any(names_gate), "{found:?}");
    let error = test.checkpoint("never").unwrap_err();
    let RecoverError::GateShut(hint) = &error else { panic!("{error}") };
    assert!(is_gate(hint) && error.to_string().contains("in_state"), "{error}");
}

#[test]
fn a_condition_that_can_not_be_asked_is_said_at_once() {
    #[derive(Resource)]
    struct Forgotten;
    fn level_is_loaded(_: Res<Forgotten>) -> bool {
        true
    }
    let mut app = build(|app| {
        app.checkpoint_while(level_is_loaded);
    });
    begin(&mut app);
    let given = hints(&mut app);
    let [SessionHint::ConditionFailed { condition, error }] = &given[..] else {
        panic!("{given:?}")
    };
    assert!(condition.contains("level_is_loaded"), "{condition}");
    assert!(error.contains("does not exist"), "{error}");
    app.insert_resource(Forgotten);
    frames(&mut app, 2);
    assert!(app.world().resource::<CurrentSession>().last_checkpoint().is_some());
}

#[derive(States, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum NeverAdded {
    #[default]
    Menu,
    Playing,
}

#[test]
fn a_state_that_is_not_there_is_named_at_once_by_what_knows_it() {
    let ways: [fn(&mut App); 4] = [
        |app| {
            app.pause_session_in(NeverAdded::Playing);
        },
        |app| {
            app.checkpoint_on_exit(NeverAdded::Playing);
        },
        |app| {
            app.close_session_on_enter(NeverAdded::Menu);
        },
        |app| {
            app.offer_recovery_in(NeverAdded::Menu);
        },
    ];
    for way in ways {
        let mut app = build(way);
        let given = hints(&mut app);
        let [SessionHint::StateNotAdded { state }] = &given[..] else { panic!("{given:?}") };
        assert!(state.ends_with("NeverAdded"), "{state}");
        assert!(given[0].to_string().contains("init_state::<NeverAdded>()"), "{}", given[0]);
    }
}

#[test]
fn a_state_that_is_not_there_is_named_with_the_gate_that_it_keeps_shut() {
    let ways: [fn(&mut App); 2] = [
        |app| {
            app.checkpoint_while(in_state(NeverAdded::Playing));
        },
        |app| {
            app.checkpoint_while(in_state(NeverAdded::Playing).or_else(in_state(NeverAdded::Menu)));
        },
    ];
    for way in ways {
        let mut app = build(way);
        begin(&mut app);
        seconds(&mut app, 40.0);
        let given = hints(&mut app);
        // Where Bevy knows names, it is said at once as well.
        let hint = given.last().expect("a hint");
        let SessionHint::GateStaysShut { absent_state, .. } = hint else { panic!("{given:?}") };
        assert!(absent_state.as_ref().is_some_and(|state| state.ends_with("NeverAdded")));
        assert!(hint.to_string().contains("init_state::<NeverAdded>()"), "{hint}");
    }
}

#[test]
fn a_sub_state_that_does_not_exist_now_is_in_order() {
    #[derive(SubStates, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    #[source(Phase = Phase::Playing)]
    enum Turn {
        #[default]
        Mine,
    }
    let mut app = build(|app| {
        app.add_sub_state::<Turn>()
            .checkpoint_while(in_state(Turn::Mine))
            .checkpoint_on_exit(Turn::Mine);
    });
    assert_eq!(hints(&mut app), []);
}

#[test]
fn a_session_in_which_no_entity_is_saved_is_said_until_one_is() {
    let mut app = build(|app| {
        app.save_component::<Transform>();
    });
    app.world_mut().spawn(Transform::default());
    begin(&mut app);
    seconds(&mut app, 12.0);
    let given = hints(&mut app);
    let [SessionHint::NoEntitySaved { types }] = &given[..] else { panic!("{given:?}") };
    assert!(types.iter().any(|path| path.ends_with("Transform")), "{types:?}");
    assert!(given[0].to_string().contains("spawn((Saved"), "{}", given[0]);
    app.world_mut().spawn((Saved, Transform::default()));
    seconds(&mut app, 6.0);
    assert_eq!(standing(&app), []);
}

#[test]
fn a_game_that_starts_no_session_hears_of_it_unless_its_player_is_in_the_menu() {
    let mut app = build(|_| {});
    seconds(&mut app, 40.0);
    assert_eq!(hints(&mut app), [SessionHint::NoSessionStarted]);
    begin(&mut app);
    assert_eq!(standing(&app), []);

    let mut app = build(|app| {
        app.offer_recovery_in(Phase::Menu);
    });
    seconds(&mut app, 90.0);
    assert_eq!(hints(&mut app), []);
    enter(&mut app, Phase::Playing);
    seconds(&mut app, 40.0);
    assert_eq!(hints(&mut app), [SessionHint::NoSessionStarted]);
}

#[test]
fn calls_that_come_too_late_are_said_and_have_no_effect() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    struct Late;
    let mut app = build(|_| {});
    app.save_component::<Late>()
        .save_component::<Name>() // known from before
        .checkpoint_while(in_state(Phase::Playing))
        .restore_in(Phase::Playing)
        .checkpoint_on_exit(Phase::Playing)
        .checkpoint_on_enter(Phase::Playing)
        .renamed_from::<Health>("old::Health");
    let calls: Vec<String> = hints(&mut app)
        .into_iter()
        .map(|hint| match hint {
            SessionHint::CalledTooLate { call } => call,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(calls.len(), 6, "{calls:?}");
    assert_eq!(calls[0], "save_component::<Late>()");
    assert!(calls[1].starts_with("checkpoint_while(in_state<"), "{}", calls[1]);
    assert_eq!(calls[2], "restore_in(Playing)");
    assert_eq!(calls[4], "checkpoint_on_enter(Playing)");
    app.world_mut().spawn((Health(1), Late));
    start(&mut app, "Ungated");
}

#[test]
fn a_well_made_game_hears_nothing() {
    let mut app = build(|app| {
        app.checkpoint_while(in_state(Phase::Playing))
            .restore_in(Phase::Playing)
            .close_session_on_enter(Phase::Menu);
    });
    app.world_mut().spawn(Health(1));
    enter(&mut app, Phase::Playing);
    start(&mut app, "Well");
    seconds(&mut app, 60.0);
    assert_eq!(hints(&mut app), []);
}

#[test]
fn a_developer_hears_of_an_entity_that_is_not_mapped_while_the_game_runs() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Hunts {
        #[entities]
        prey: Entity,
        owners: Vec<Entity>,
    }
    let play = |is_development| {
        let disk = MemoryDisk::default();
        let mut app = game_with(plugin(&disk).development(is_development), listen::<HintGiven>);
        let prey = app.world_mut().spawn(Health(1)).id();
        app.world_mut().spawn(Hunts { prey, owners: vec![prey] });
        start(&mut app, "Hunt");
        seconds(&mut app, 6.0);
        hints(&mut app)
    };
    assert_eq!(play(false), []);
    let given = play(true);
    let [SessionHint::EntityNotMapped { type_path, field }] = &given[..] else {
        panic!("{given:?}")
    };
    assert!(type_path.ends_with("Hunts") && field == ".owners[]", "{type_path} {field}");
}

/// Can't be written where it is one of these.
#[derive(Component, Reflect, Clone, Deserialize)]
#[reflect(Component, Saved)]
struct Moody(u32);

const REFUSES: u32 = 13;
const PANICS: u32 = 14;

impl Serialize for Moody {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 != PANICS, "never");
        match self.0 {
            REFUSES => Err(serde::ser::Error::custom("not now")),
            value => serializer.serialize_u32(value),
        }
    }
}

#[test]
fn what_could_not_be_written_is_in_the_report_of_the_restore() {
    for (value, missing) in [(REFUSES, 1), (PANICS, 2)] {
        let disk = MemoryDisk::default();
        let mut app = game_with(plugin(&disk), |_| {});
        // The panic takes those that come after it along.
        app.world_mut().spawn(Moody(value));
        app.world_mut().spawn(Moody(1));
        request(&mut app, |commands| commands.session().start(NewSession::named("Moody")));
        frames(&mut app, 3);
        let mut app = game_with(plugin(&disk.snapshot()), |app| {
            listen::<SessionRestored>(app);
            app.world_mut().resource_mut::<SessionSettings>().losses = RestoreLosses::Refuse;
        });
        frames(&mut app, 2);
        let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        frames(&mut app, 3);
        let report = received::<SessionRestored>(&app)[0].report.clone();
        let [loss] = &report.losses[..] else { panic!("{report:?}") };
        assert!(loss.type_path.ends_with("Moody"), "{loss:?}");
        assert_eq!((&loss.reason, loss.rows), (&RestoreLossReason::NotWritten, missing));
    }
}
