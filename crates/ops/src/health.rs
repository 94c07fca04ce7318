//! The health of the plugin.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionSwitches;
use bevy_session::checkpoints::CurrentPace;
use bevy_session::hints::Code;
use bevy_session::library::SessionFeature;
use bevy_session::monitoring::policies::SessionPolicies;

use super::alerting::SessionAlerts;
use super::session_figures::SessionFigures;
use super::trouble::Trouble;

/// As in `bevy-session doctor`.
const LITTLE_ROOM: u64 = 256 << 20;
/// After how long what was captured is durable, or something is wrong.
const DURABLE_WITHIN: Duration = Duration::from_secs(30);
/// For how long it is said that a session was held by another process.
const HELD_FOR: Duration = Duration::from_secs(300);

/// The health of the plugin, as plain data: what a health probe answers, and what a panel shows.
///
/// Looked at once a frame by [`SessionFiguresPlugin`](super::SessionFiguresPlugin): whether the writer lives,
/// whether anything becomes durable, the room on the disk, locks, damaged sessions, the index, the policy file, and
/// alerts that are raised.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_ops::SessionHealth;
///
/// fn probe(health: Res<SessionHealth>) {
///     for finding in health.findings() {
///         warn!("{}: {}; {}", finding.code, finding.what, finding.code.advice());
///     }
/// }
/// # bevy::ecs::system::assert_is_system(probe);
/// ```
#[derive(Resource, Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionHealth {
    findings: Vec<HealthFinding>,
}

/// A finding of the health checks.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HealthFinding {
    /// Its code, which has advice and names a section of the runbook.
    pub code: Code,
    /// A description of it, in a sentence without a full stop.
    pub what: String,
}

impl SessionHealth {
    /// All findings: problems, and some that are only to be known. Empty if all is well.
    #[must_use]
    pub fn findings(&self) -> &[HealthFinding] {
        &self.findings
    }

    /// Returns true if something is wrong.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.findings.iter().any(|finding| finding.code.is_problem())
    }

    /// Returns true if there is a finding with this code.
    #[must_use]
    pub fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }
}

/// Looks whether all is well.
pub(super) fn look(
    figures: Res<SessionFigures>,
    alerts: Res<SessionAlerts>,
    trouble: Res<Trouble>,
    pace: Option<Res<CurrentPace>>,
    switches: Option<Res<SessionSwitches>>,
    policies: Option<Res<SessionPolicies>>,
    time: Option<Res<Time<Real>>>,
    mut health: ResMut<SessionHealth>,
) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    let interval = pace.map(|pace| pace.interval).unwrap_or_default();
    let checks = [
        writer(&trouble),
        durable(&figures, DURABLE_WITHIN.max(interval.saturating_mul(3))),
        disk(&figures),
        held(&trouble, now),
        damaged(&figures, &trouble),
        lost(&trouble),
        index(&figures),
        switched_off(switches.as_deref()),
        unreadable(policies.as_deref()),
    ];
    let mut findings: Vec<HealthFinding> = checks.into_iter().flatten().collect();
    let standing = alerts.standing();
    findings.extend(standing.map(|it| HealthFinding { code: it.code, what: it.what.clone() }));
    health.set_if_neq(SessionHealth { findings });
}

fn finding(code: Code, what: String) -> Option<HealthFinding> {
    Some(HealthFinding { code, what })
}

fn writer(trouble: &Trouble) -> Option<HealthFinding> {
    if trouble.writer_is_gone {
        return finding(Code::WriterGone, "the writer is gone, and nothing is saved".into());
    }
    let reason = trouble.stopped.as_ref()?;
    finding(Code::SavingStopped, format!("nothing is saved: {reason}"))
}

fn durable(figures: &SessionFigures, within: Duration) -> Option<HealthFinding> {
    let unsaved = figures.unsaved().filter(|unsaved| *unsaved > within)?;
    let seconds = unsaved.as_secs();
    finding(Code::NothingDurable, format!("a checkpoint of {seconds} s ago isn't on disk yet"))
}

fn disk(figures: &SessionFigures) -> Option<HealthFinding> {
    let left = figures.disk_left().filter(|left| *left < LITTLE_ROOM)?;
    finding(Code::DiskFull, format!("{} MB are left on the disk", left >> 20))
}

fn held(trouble: &Trouble, now: Duration) -> Option<HealthFinding> {
    trouble.refused_at.filter(|at| now.saturating_sub(*at) < HELD_FOR)?;
    finding(Code::SessionHeld, "another process plays a session that was asked for".into())
}

fn damaged(figures: &SessionFigures, trouble: &Trouble) -> Option<HealthFinding> {
    let damaged = figures.damaged.iter().filter(|session| !trouble.lost.contains(session));
    match damaged.count() {
        0 => None,
        1 => finding(Code::SessionDamaged, "a session is damaged".into()),
        many => finding(Code::SessionDamaged, format!("{many} sessions are damaged")),
    }
}

fn lost(trouble: &Trouble) -> Option<HealthFinding> {
    match trouble.lost.len() {
        0 => None,
        1 => finding(Code::SessionLost, "nothing of a session can be restored".into()),
        many => finding(Code::SessionLost, format!("nothing of {many} sessions can be restored")),
    }
}

fn index(figures: &SessionFigures) -> Option<HealthFinding> {
    let index = figures.index();
    if index.rebuilds == 0 || index.hits + index.misses == 0 {
        return None;
    }
    finding(Code::IndexMade, "the index of sessions couldn't be used, so all were read".into())
}

fn switched_off(switches: Option<&SessionSwitches>) -> Option<HealthFinding> {
    let off: Vec<&str> = switches?.off().map(SessionFeature::name).collect();
    if off.is_empty() {
        return None;
    }
    finding(Code::SwitchedOff, format!("switched off: {}", off.join(", ")))
}

fn unreadable(policies: Option<&SessionPolicies>) -> Option<HealthFinding> {
    let error = policies?.error()?;
    finding(
        Code::PoliciesUnreadable,
        format!("sessions are off, since the policies can't be read: {error}"),
    )
}
