//! Requests reports, exports and scenarios from the writer.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::ReportSubject;
use bevy_session_journal::internal::read::report::{ReportOf, ReportOrder, ScenarioFile};
use bevy_session_journal::{
    CheckpointKind, Report, ReportError, RequestError, Scenario, SessionId, Ticket, WorldOf,
};
use tracing::info;

use super::checkpoints::take_checkpoint;
use super::consent::{require_for_last_run, require_for_report};
use super::notifications::{
    ReportNotOpened, ReportWritten, ScenarioSaved, SessionExported, notify,
};
use super::requests::{check_text, finish, reject};
use super::runtime::RuntimeParts;
use super::{CurrentSession, GameContext, PreviousRun, SessionCatalog};
use crate::consent::{Consent, Purpose};
use crate::content::Order;

/// The extension of a scenario's file, after its key.
const EXTENSION: &str = ".scenario.ron";

/// Orders a report.
pub(super) fn report(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    report: &Report,
    path: &Path,
) -> Result<(), RequestError> {
    check_text(&report.note)?;
    let (of, session, checkpoint) = match report.subject {
        ReportSubject::Now => {
            let session = parts.session().ok_or(RequestError::NoSession)?;
            let current = world.get_resource::<CurrentSession>();
            require_for_report(world, current.and_then(CurrentSession::player))?;
            capture_for_report(parts, world);
            (ReportOf::Now, Some(session), parts.newest_captured())
        }
        ReportSubject::LastRun => {
            let previous = world.get_resource::<PreviousRun>();
            let previous = previous.ok_or(RequestError::NothingToReport)?.clone();
            let catalog = world.get_resource::<SessionCatalog>();
            let listed = previous.session.zip(catalog);
            let listed = listed.and_then(|(session, catalog)| catalog.get(session));
            require_for_last_run(world, listed)?;
            let session = previous.session;
            (ReportOf::LastRun(Box::new(previous.into())), session, None)
        }
    };
    let (report, context) = (report.clone(), GameContext::of(world));
    let path = path.to_owned();
    let consent = world.get_resource::<Consent>();
    let asked = consent.and_then(|consent| consent.asked_in(Purpose::Reports));
    let order = Box::new(ReportOrder { path, of, session, checkpoint, report, asked, context });
    parts.order(Order::Describe { order, ticket });
    Ok(())
}

/// Takes the checkpoint that the report is about. If none can be taken, it is the newest one.
fn capture_for_report(parts: &mut RuntimeParts, world: &mut World) {
    if parts.is_captured() && parts.may_capture() && !parts.writer.is_behind() {
        take_checkpoint(parts, world, CheckpointKind::Quick, None);
    }
}

/// Orders the export of a session.
pub(super) fn export(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    session: SessionId,
    path: &Path,
) {
    let order = ReportOrder {
        path: path.to_owned(),
        of: ReportOf::Session,
        session: Some(session),
        checkpoint: None,
        report: Report::now().events(0),
        asked: None,
        context: GameContext::of(world),
    };
    parts.order(Order::Describe { order: Box::new(order), ticket });
}

/// Orders a scenario and its world.
pub(super) fn save_as_scenario(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    (of, scenario): (WorldOf, &Scenario),
    path: &Path,
) -> Result<(), RequestError> {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let key = name.strip_suffix(EXTENSION).filter(|key| !key.is_empty() && !key.contains('.'));
    let key = key.ok_or_else(|| RequestError::NotAScenario { path: path.to_owned() })?;
    check_text(&scenario.name)?;
    let beside = format!("{key}.world");
    let session = match of {
        WorldOf::Session(session) => Some(session),
        _ => None,
    };
    let is_played = session.is_some() && session == parts.session();
    if is_played {
        capture_for_report(parts, world);
    }
    let file = ScenarioFile { path: path.to_owned(), scenario: scenario.clone(), of };
    let order = ReportOrder {
        path: path.with_file_name(beside),
        of: ReportOf::Scenario(Box::new(file)),
        session,
        checkpoint: parts.newest_captured().filter(|_| is_played),
        report: Report::now().events(0),
        asked: None,
        context: GameContext::of(world),
    };
    parts.order(Order::Describe { order: Box::new(order), ticket });
    Ok(())
}

/// The writer has written a file, or could not.
pub(super) fn reported(
    world: &mut World,
    order: ReportOrder,
    (result, ticket): (Result<u64, RequestError>, Ticket),
) {
    let ReportOrder { path, of, session, .. } = order;
    let bytes = match result {
        Ok(bytes) => bytes,
        Err(error) => return reject(world, ticket, error),
    };
    match (of, session) {
        (ReportOf::Session, Some(session)) => {
            info!(%session, path = %path.display(), bytes, "session exported");
            notify(world, SessionExported { session, path, bytes });
        }
        (ReportOf::Scenario(file), _) => {
            let path = file.path;
            info!(path = %path.display(), bytes, "scenario saved");
            notify(world, ScenarioSaved { path, bytes });
        }
        _ => {
            info!(path = %path.display(), bytes, "report written");
            notify(world, ReportWritten { path, bytes });
        }
    }
    finish(world, ticket);
}

/// A system that reports once that the report which this start should open could not be opened.
pub(crate) fn tell_of_unopened(path: PathBuf, error: ReportError) -> impl FnMut(&mut World) {
    let mut pending = Some(ReportNotOpened { path, error });
    move |world| {
        if let Some(not_opened) = pending.take() {
            notify(world, not_opened);
        }
    }
}
