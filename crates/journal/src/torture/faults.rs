//! Lets every operation fail, in every way, once and for ever.

// Feature: No power cut and no failing operation of a simulated disk loses what was acknowledged.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::debt::{Debt, Promise};
use super::opening::Depth;
use super::properties::{check, is_archive, is_journal};
use super::{Action, Fact, History, Opened, Play, Script, failed_seeds, only_seed, rounds, tell};
use crate::disk::simulated_disk::{
    Fault, FaultKind, FileSystem, Image, Replay, SimulatedDisk, What,
};

/// Faults of the scenarios that every test run plays, and of drawn ones that failed once, about.
const FAULTS: usize = 1_600;
const FAULTS_OF_FAILED: usize = 400;
/// After this number of harmful ones it is clear that something is wrong.
const ENOUGH: usize = 20;

/// The error of one run, if there was one.
type Outcome = Result<(), String>;

/// All faults that may befall a scenario.
fn faults_of(script: &Script) -> Vec<Fault> {
    let operations = Play::of(script).disk.operations();
    let mut faults = Vec::new();
    for (at, operation) in operations.into_iter().enumerate() {
        for kind in FaultKind::ALL.into_iter().filter(|kind| kind.befalls(operation)) {
            faults.push(Fault { at, kind, for_ever: false });
            faults.push(Fault { at, kind, for_ever: true });
        }
    }
    faults
}

/// Plays a script with a fault, and checks what comes of it.
fn play_with(script: &Script, fault: Fault) -> Outcome {
    let mut play = Play::with_fault(script.seed, fault);
    play.perform(&script.actions);
    let struck = play.disk.heal().ok_or("the fault never struck")?;
    // The steps before are the same for all faults, and checked elsewhere.
    goes_on(&mut play)?;
    check_everything(&play, struck)
}

/// Checks that every checkpoint that isn't saved was reported, and that once the disk is well again, everything is
/// saved again.
fn goes_on(play: &mut Play) -> Outcome {
    if play.failures == 0 && play.game.playing.is_some() && !play.history.newest_is_acknowledged() {
        return Err("a checkpoint isn't saved, and nothing said so".to_owned());
    }
    play.pass(100);
    play.settle();
    let unsaved = play.saved_by_hand.iter().find(|id| !play.history.has_acknowledged(**id));
    if let Some(unsaved) = unsaved {
        return Err(format!("{unsaved} is to be tried again, and isn't"));
    }
    if play.game.playing.is_none() {
        return Ok(());
    }
    // Checkpoints that had to be given up are made good by a full capture, which takes a second try at most.
    play.perform(&[Action::Auto, Action::Settle, Action::Auto, Action::Settle]);
    if !play.history.newest_is_acknowledged() {
        return Err("the disk is well, and the newest checkpoint isn't saved".to_owned());
    }
    Ok(())
}

/// Checks what a play did, from a step on.
pub fn check_everything(play: &Play, from: usize) -> Outcome {
    check_history(&play.disk, &play.history, from)
}

/// Checks a trace, and what is owed at every moment at which something was reported or removed.
pub fn check_history(disk: &SimulatedDisk, history: &History, from: usize) -> Outcome {
    let trace = disk.trace();
    check(&trace)?;
    let mut moments: Vec<usize> = history.positions(|fact| {
        let is_slot = matches!(fact, Fact::SlotChanged { .. } | Fact::SlotRefreshed { .. });
        let is_slot = is_slot || matches!(fact, Fact::Attached { .. } | Fact::Reported { .. });
        let is_end = matches!(fact, Fact::Left | Fact::Declined | Fact::Forgotten);
        is_slot || is_end || matches!(fact, Fact::Acknowledged { .. })
    });
    let removals = trace.steps.iter().enumerate().filter_map(|(position, step)| match &step.what {
        What::Remove { path, .. } if is_journal(path.path()) || is_archive(path.path()) => {
            Some(position + 1)
        }
        _ => None,
    });
    moments.extend(removals);
    moments.push(trace.steps.len());
    moments.retain(|moment| *moment >= from);
    moments.sort_unstable();
    moments.dedup();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let mut debt = Debt::default();
    let mut last = None;
    for moment in moments {
        replay.advance_to(moment);
        debt.advance_to(history, moment);
        let strict = replay.strict();
        let images = [replay.kept(), strict];
        check_images(&debt, &images, &mut last)
            .map_err(|wrong| format!("after {moment} steps: {wrong}"))?;
    }
    Ok(())
}

fn check_images(
    debt: &Debt,
    [kept, strict]: &[Image; 2],
    last: &mut Option<(u64, Opened)>,
) -> Outcome {
    let mut open = |image: &Image| match last {
        Some((digest, opened)) if *digest == image.digest() => opened.clone(),
        _ => {
            let opened = Opened::of(&SimulatedDisk::from_image(image), Depth::Newest);
            *last = Some((image.digest(), opened.clone()));
            opened
        }
    };
    let opened = open(kept);
    debt.check(&opened, Promise::NothingIsLost).map_err(|wrong| format!("killed: {wrong}"))?;
    let opened = open(strict);
    debt.check(&opened, Promise::NothingIsLost).map_err(|wrong| format!("power cut: {wrong}"))
}

/// The scenarios whose every operation fails.
fn scripts() -> Vec<Script> {
    let names =
        ["play and close", "checkpoints while merging", "kill and recover", "forget", "slots"];
    let chosen = |script: &Script| names.contains(&&*script.name);
    Script::all().into_iter().filter(chosen).collect()
}

/// Plays all faults on two threads, and says what went wrong.
fn play_all(work: &[(Script, Fault)]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let is_enough = || wrong.lock().unwrap().len() >= ENOUGH;
                while !is_enough()
                    && let Some((script, fault)) = work.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    if let Err(story) = play_with(script, *fault) {
                        let Script { name, seed, .. } = script;
                        let story = format!("\"{name}\", seed {seed}, with {fault:?}: {story}");
                        wrong.lock().unwrap().push(story);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// Scenarios, each with all faults that may befall it.
fn work_of(scripts: impl IntoIterator<Item = Script>) -> Vec<(Script, Fault)> {
    let with_faults = |script: Script| {
        let faults = faults_of(&script);
        faults.into_iter().map(move |fault| (script.clone(), fault))
    };
    scripts.into_iter().flat_map(with_faults).collect()
}

/// About `count` of the faults, spread over all of them. An odd step leaves out another kind for every operation.
fn sample(work: Vec<(Script, Fault)>, count: usize) -> Vec<(Script, Fault)> {
    let every = (work.len() / count) | 1;
    work.into_iter().step_by(every).collect()
}

fn run(work: &[(Script, Fault)]) -> usize {
    let begun = Instant::now();
    tell(&format!("{} faults to play", work.len()));
    let wrong = play_all(work);
    let faults = work.len();
    tell(&format!("faults: {faults} in {:?}, {} of them harmful", begun.elapsed(), wrong.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    faults
}

#[test]
fn no_fault_loses_what_was_acknowledged_or_goes_unreported() {
    if let Some(seed) = only_seed() {
        run(&work_of([Script::drawn(seed)]));
        return;
    }
    let mut work = sample(work_of(scripts()), FAULTS);
    let failed = work_of(failed_seeds::FAULTS.map(Script::drawn));
    work.extend(sample(failed, FAULTS_OF_FAILED));
    run(&work);
}

#[test]
fn a_session_that_is_deleted_while_a_file_is_unreadable_is_not_back_in_an_older_state() {
    let is_meant = |script: &Script| script.name == "forget";
    let mut work = work_of(Script::all().into_iter().filter(is_meant));
    work.retain(|(_, fault)| fault.kind == FaultKind::InputOutput && !fault.for_ever);
    assert!(run(&work) > 200);
}

#[test]
fn no_fault_in_any_scenario_loses_what_was_acknowledged() {
    let Some(rounds) = rounds() else { return };
    let drawn = (0..rounds).map(Script::drawn);
    run(&work_of(Script::all().into_iter().chain(drawn)));
}

#[test]
fn a_decline_after_a_read_fault_fails_with_a_store_error() {
    use crate::model::session::RequestError;
    let mut refused = 0;
    for later in 0..16 {
        let mut play = Play::new(SimulatedDisk::default(), 5);
        play.perform(&[Action::Start, Action::Auto, Action::Settle, Action::Kill]);
        let session = play.game.local.store.sessions().unwrap()[0];
        let at = play.disk.operations().len() + later;
        play.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: false });
        match play.decline(session) {
            Ok(()) => {}
            Err(RequestError::Store(_)) => refused += 1,
            Err(error) => panic!("{later} operations later: {error:?}"),
        }
        play.disk.heal();
    }
    assert!(refused > 3, "{refused}");
}

#[test]
fn declining_or_deleting_a_session_locks_it_before_reading_it() {
    use crate::disk::Operation;
    use crate::model::session::RequestError;
    for forgets in [false, true] {
        let mut play = Play::new(SimulatedDisk::default(), 5);
        play.perform(&[Action::Start, Action::Auto, Action::Settle, Action::Kill]);
        let sessions = play.game.local.store.sessions().unwrap();
        let nobody = crate::model::ids::SessionId::from(uuid::Uuid::from_u128(7));
        let mut file = |session| {
            let begun = play.disk.operations().len();
            let filed = match forgets {
                true => play.delete(session),
                false => play.decline(session),
            };
            (filed, play.disk.operations().split_off(begun))
        };
        let unknown = file(nobody).0;
        assert!(matches!(unknown, Err(RequestError::UnknownSession)), "{unknown:?}");
        let (filed, operations) = file(sessions[0]);
        assert!(filed.is_ok(), "{filed:?}");
        let first = |wanted: &[Operation]| {
            operations.iter().position(|operation| wanted.contains(operation)).unwrap()
        };
        let looked = first(&[Operation::List, Operation::Open, Operation::Read]);
        assert!(first(&[Operation::Lock]) < looked, "{operations:?}");
    }
}

#[test]
fn a_full_disk_is_pruned_to_two_generations_and_saving_continues() {
    use Action::{Auto, Full, Merge, Settle, Start};
    // The growth of the world from one generation to the next has to fit beside them.
    for room in (2_100..6_000).step_by(150) {
        let mut play = Play::new(SimulatedDisk::default(), 31);
        play.perform(&[Start, Auto, Full, Auto, Full, Auto, Merge, Full, Settle]);
        let removed = |play: &Play| {
            let steps = play.disk.trace().steps;
            let is_removal =
                |what: &What| matches!(what, What::Remove { path, .. } if is_journal(path.path()));
            steps.iter().filter(|step| is_removal(&step.what)).count()
        };
        let before = removed(&play);
        play.leave_room_for(room);
        for _ in 0..6 {
            play.perform(&[Auto, Settle, Full, Settle]);
            play.pass(70);
            play.perform(&[Auto, Settle]);
            play.pass(70);
            play.settle();
        }
        // Files of events go first, and history with the try after that.
        for _ in 0..3 {
            play.pass(70);
            play.settle();
        }
        assert!(removed(&play) > before, "room for {room}: older generations should go");
        assert!(play.history.newest_is_acknowledged(), "room for {room}: the game should go on");
        let outcome = check_everything(&play, 0);
        assert_eq!(outcome, Ok(()), "room for {room}");
    }
}
