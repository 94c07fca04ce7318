//! A bucket in trouble while a session is played: play goes on, nothing counts as replicated that isn't, and what is played
//! meanwhile is brought once the bucket answers again.

mod common;

use std::time::Duration;

use bevy_session_journal::replica::{Over, Pace, ReplicaReport};
use common::machine::Machine;
use common::{Answer, FakeServer, over};

const PACE: Pace = Pace { interval: Duration::from_secs(10), lease: Duration::from_secs(30) };

/// A machine that has played for half a minute.
fn playing(server: &FakeServer) -> Machine {
    let mut machine = Machine::new(over(server), PACE);
    for _ in 0..30 {
        assert!(machine.play().is_empty());
    }
    assert!(machine.replicated >= 18, "{}", machine.replicated);
    machine
}

/// Plays beside a server that answers like this, and returns what is reported. Its faults take real seconds each, so
/// that the machine's own seconds are counted by tens.
fn play_beside(server: &FakeServer, machine: &mut Machine, answer: Answer) -> Vec<ReplicaReport> {
    server.answer_with(answer);
    let before = machine.replicated;
    let mut reports = machine.play();
    for _ in 0..6 {
        reports.extend(machine.wait(10));
    }
    assert_eq!(machine.replicated, before, "{answer:?} acknowledges nothing");
    reports
}

/// Everything that was played comes there once the server answers as it should.
fn is_brought(server: &FakeServer, machine: &mut Machine) {
    server.answer_with(Answer::AsItShould);
    let mut reports = Vec::new();
    for _ in 0..15 {
        reports.extend(machine.play());
    }
    let is_back = reports.iter().any(|report| matches!(report, ReplicaReport::Back));
    assert!(is_back, "{reports:?}");
    machine.wait(20);
    assert_eq!(machine.replicated, machine.second - 20);
    assert_eq!(machine.bytes_in(over(server)), machine.bytes_here());
}

#[test]
fn a_server_that_is_overloaded_for_a_minute_is_caught_up_with() {
    let server = FakeServer::start();
    let mut machine = playing(&server);
    let reports = play_beside(&server, &mut machine, Answer::Everything(503, "SlowDown"));
    let lost = reports.iter().filter(|report| matches!(report, ReplicaReport::Lost(_))).count();
    let lags = reports.iter().any(|report| matches!(report, ReplicaReport::Lagging(..)));
    assert!(lost == 1 && lags, "it is said once: {reports:?}");
    is_brought(&server, &mut machine);
}

#[test]
fn keys_that_expire_while_a_session_is_played_are_said_and_replaced() {
    let server = FakeServer::start();
    let mut machine = playing(&server);
    let reports = play_beside(&server, &mut machine, Answer::Everything(400, "ExpiredToken"));
    let said = reports.iter().any(|report| match report {
        ReplicaReport::Lost(fault) => common::said(fault).contains("ExpiredToken"),
        _ => false,
    });
    assert!(said, "{reports:?}");
    is_brought(&server, &mut machine);
}

#[test]
fn a_server_that_answers_412_to_each_creation_fences_nobody() {
    let server = FakeServer::start();
    let mut machine = playing(&server);
    let reports = play_beside(&server, &mut machine, Answer::Creations(412, "PreconditionFailed"));
    let over = reports.iter().any(|report| matches!(report, ReplicaReport::Over(..)));
    assert!(!over, "{reports:?}");
    is_brought(&server, &mut machine);
}

#[test]
fn writes_whose_answers_are_cut_are_done_once() {
    let server = FakeServer::start();
    let mut machine = playing(&server);
    server.answer_with(Answer::CutAfterTheWrite);
    for _ in 0..3 {
        machine.play();
        machine.wait(10);
    }
    server.answer_with(Answer::AsItShould);
    machine.play();
    machine.wait(20);
    assert_eq!(machine.replicated, machine.second - 20);
    assert_eq!(machine.bytes_in(over(&server)), machine.bytes_here());
}

#[test]
fn a_bucket_that_is_emptied_is_noticed_and_filled_by_the_next_process() {
    let server = FakeServer::start();
    let mut machine = playing(&server);
    let before = machine.replicated;
    server.empty();
    let mut reports = Vec::new();
    for _ in 0..40 {
        reports.extend(machine.play());
    }
    let went_back =
        reports.iter().any(|report| matches!(report, ReplicaReport::Over(_, _, Over::WentBack)));
    assert!(went_back, "{reports:?}");
    assert!(machine.replicated <= before + 10, "nothing more counts as replicated");

    let mut next = machine.restarted(over(&server), PACE);
    let mut reports = Vec::new();
    for _ in 0..60 {
        reports.extend(next.play());
    }
    next.wait(20);
    assert_eq!(next.replicated, next.second - 20, "{reports:?}");
    assert_eq!(next.bytes_in(over(&server)), next.bytes_here());
}
