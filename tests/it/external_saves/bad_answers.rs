//! Answers that come twice, late, never, or to another request.

use bevy_session::RequestError;
use bevy_session::external::{
    ExternalError, ExternalOperations, ExternalOutcome, ExternalRequestId,
};

use super::*;

/// A game that was asked to save, and hasn't answered.
fn asked_game() -> (App, ExternalSaveRequested) {
    let provider = Provider::new(ExternalAutosave::Every(Duration::from_secs(5)));
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    seconds(&mut app, 5.0);
    until(&mut app, |app| !asked(app).is_empty());
    let asked = asked(&app)[0].clone();
    provider.says(ExternalAutosave::Off);
    (app, asked)
}

fn rejected(app: &App) -> Vec<RequestError> {
    received::<RequestRejected>(app).into_iter().map(|rejected| rejected.error).collect()
}

#[test]
fn a_second_answer_is_rejected_and_changes_nothing() {
    let (mut app, asked) = asked_game();
    answer(&mut app, &asked, "auto-1");
    let first = app.world().resource::<ExternalOperations>().clone();
    let id = asked.request;
    request(&mut app, |commands| commands.session().external().failed(id, "on second thought"));
    asked.answer.done("and once more");
    frames(&mut app, 3);
    let again = RequestError::External(ExternalError::AlreadyAnswered);
    assert_eq!(rejected(&app), [again.clone(), again]);
    assert_eq!(*app.world().resource::<ExternalOperations>(), first);
    assert_eq!(finished(&app).len(), 1);
}

#[test]
fn an_unanswered_save_times_out_and_a_late_answer_is_rejected() {
    let (mut app, asked) = asked_game();
    app.world_mut().resource_mut::<SessionSettings>().patience.external = Duration::from_secs(10);
    seconds(&mut app, 8.0);
    assert!(finished(&app).is_empty());
    seconds(&mut app, 3.0);
    let outcomes: Vec<_> = finished(&app).into_iter().map(|operation| operation.outcome).collect();
    assert_eq!(outcomes, [ExternalOutcome::TimedOut]);
    answer(&mut app, &asked, "auto-1");
    assert_eq!(rejected(&app), [RequestError::External(ExternalError::TooLate)]);
    assert_eq!(finished(&app).len(), 1);
}

#[test]
fn an_answer_to_another_request_is_rejected() {
    let (mut app, asked) = asked_game();
    let other = ExternalRequestId(asked.request.0.wrapping_add(77));
    request(&mut app, |commands| commands.session().external().done(other, "for another"));
    frames(&mut app, 2);
    assert_eq!(rejected(&app), [RequestError::External(ExternalError::UnknownRequest)]);
    assert!(finished(&app).is_empty(), "the open one should still wait");
    answer(&mut app, &asked, "auto-1");
    assert!(finished(&app)[0].is_done());
}

#[test]
fn an_answer_without_a_provider_is_rejected() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen_to_all);
    start(&mut app, "Campaign");
    let request_id = ExternalRequestId(7);
    request(&mut app, |commands| commands.session().external().done(request_id, "what?"));
    frames(&mut app, 2);
    assert_eq!(rejected(&app), [RequestError::External(ExternalError::NoProvider)]);
}

#[test]
fn an_answer_is_accepted_while_requests_wait() {
    let disk = killed(true, None);
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = bare_game(&disk, &provider, RecoveryPolicy::Ask);
    app.insert_resource(Loads::Never);
    until(&mut app, |app| slots(app).len() == 1);
    let session = offered(&app);
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    request(&mut app, |commands| commands.session().start(NewSession::named("Another")));
    frames(&mut app, 3);
    assert!(received::<SessionStarted>(&app).is_empty(), "a start waits for the backup");
    let asked = received::<ExternalRestoreRequested>(&app)[0].clone();
    request(&mut app, |commands| commands.session().external().done(asked.request, "at last"));
    frames(&mut app, 5);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
}
