//! Raises alerts and clears them.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::hints::Code;
use bevy_session::internal::{LastLook, notify};
use tracing::{info, warn};

use super::alert::{Alert, AlertError, Rule};
use super::level::AlertLevel;
use super::measure::{AlertMeasure, Side};
use super::reading::Reading;
use super::session_figures::SessionFigures;
use super::standing;

/// Time between two looks at all alerts.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The alerts of an app. They can be changed at any time.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_ops::{Alert, AlertMeasure, SessionAlerts};
///
/// fn quiet_night(mut alerts: ResMut<SessionAlerts>) -> Result {
///     alerts.raise(Alert::disk_left_below(100 << 20))?; // in the place of the one before
///     alerts.remove(AlertMeasure::IndexHits);
///     Ok(())
/// }
/// # App::new().add_systems(Update, quiet_night);
/// ```
#[derive(Resource, Clone, Debug, Default)]
pub struct SessionAlerts {
    watched: Vec<Watched>,
    /// Alerts that were standing when they were removed, or when the session was left that they were about.
    removed: Vec<Standing>,
    /// The session that was played when they were looked at last.
    played: Option<SessionId>,
    looked: LastLook,
}

#[derive(Clone, Debug)]
struct Watched {
    alert: Alert,
    rule: Rule,
    /// Since when its level is passed.
    passed_since: Option<Duration>,
    standing: Option<Standing>,
}

#[derive(Clone, Debug)]
struct Standing {
    raised: SessionAlertRaised,
    since: Duration,
}

/// An alert was raised: its level is passed. Sent once, until it is cleared.
#[derive(Event, Message, Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionAlertRaised {
    /// Its code, which has advice and names a section of the runbook.
    pub code: Code,
    /// The figure that the alert watches.
    pub measure: AlertMeasure,
    /// The figure's value.
    pub value: AlertLevel,
    /// The level that is passed.
    pub level: AlertLevel,
    /// A description of the problem, in a sentence without a full stop.
    pub what: String,
}

/// An alert is over, or was removed. Sent once for each that was raised.
#[derive(Event, Message, Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionAlertCleared {
    /// Its code.
    pub code: Code,
    /// The figure that the alert watches.
    pub measure: AlertMeasure,
    /// The figure's value now; `None` if there is nothing left to measure.
    pub value: Option<AlertLevel>,
    /// The time for which it was raised, by the app's real time.
    pub lasted: Duration,
}

/// Adds alerts to an app.
pub trait AlertsExt: Sized {
    /// Adds an alert. It replaces one of the same measure; if that one was raised, it stays raised until this one
    /// clears.
    ///
    /// It needs a [`SessionFiguresPlugin`](super::SessionFiguresPlugin), added before or after it.
    ///
    /// # Errors
    ///
    /// [`AlertError`] if it makes no sense. Nothing is changed then.
    fn raise_session_alert(&mut self, alert: Alert) -> Result<&mut Self, AlertError>;
}

impl AlertsExt for App {
    fn raise_session_alert(&mut self, alert: Alert) -> Result<&mut Self, AlertError> {
        self.world_mut().get_resource_or_init::<SessionAlerts>().raise(alert)?;
        Ok(self)
    }
}

impl SessionAlerts {
    /// Adds an alert, as [`AlertsExt::raise_session_alert`] does.
    ///
    /// # Errors
    ///
    /// [`AlertError`] if it makes no sense. Nothing is changed then.
    pub fn raise(&mut self, alert: Alert) -> Result<(), AlertError> {
        let rule = alert.check()?;
        self.put(alert, rule);
        Ok(())
    }

    /// Adds an alert that makes sense.
    pub(super) fn put(&mut self, alert: Alert, rule: Rule) {
        self.looked = LastLook::default();
        match self.watched.iter_mut().find(|it| it.alert.measure() == alert.measure()) {
            Some(watched) => (watched.alert, watched.rule) = (alert, rule),
            None => {
                let watched = Watched { alert, rule, passed_since: None, standing: None };
                self.watched.push(watched);
            }
        }
    }

    /// Removes the alert that goes by this, and says whether there was one. If it was raised, it is cleared.
    pub fn remove(&mut self, measure: AlertMeasure) -> bool {
        let Some(place) = self.watched.iter().position(|it| it.alert.measure() == measure) else {
            return false;
        };
        self.removed.extend(self.watched.remove(place).standing);
        true
    }

    /// All alerts, raised or not.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.watched.iter().map(|watched| &watched.alert)
    }

    /// The alerts that are raised, as they were then.
    pub fn standing(&self) -> impl Iterator<Item = &SessionAlertRaised> {
        self.raised().map(|(_, raised)| raised)
    }

    /// The alerts that are raised, as they are now and as they were then.
    pub(super) fn raised(&self) -> impl Iterator<Item = (&Alert, &SessionAlertRaised)> {
        let raised = self.watched.iter().filter_map(|it| Some((&it.alert, it.standing.as_ref()?)));
        raised.map(|(alert, standing)| (alert, &standing.raised))
    }

    /// Looks at all alerts: what is to be said.
    fn look(&mut self, figures: &SessionFigures, now: Duration) -> Vec<Said> {
        self.follow_session(figures.played().map(|played| played.session));
        let removed = self.removed.drain(..).map(|standing| standing.clear(None, now));
        let mut said: Vec<Said> = removed.collect();
        if self.looked.is_due(now, BETWEEN_LOOKS) {
            said.extend(self.watched.iter_mut().filter_map(|watched| watched.look(figures, now)));
        }
        said
    }
}

impl SessionAlerts {
    /// Forgets what was raised because of one session when that isn't played any more, with its responses.
    fn follow_session(&mut self, played: Option<SessionId>) {
        if std::mem::replace(&mut self.played, played) == played {
            return;
        }
        self.looked = LastLook::default();
        let of_session = |watched: &&mut Watched| watched.alert.measure().is_of_session();
        for watched in self.watched.iter_mut().filter(of_session) {
            watched.passed_since = None;
            self.removed.extend(watched.standing.take());
        }
    }
}

/// A notification of an alert.
enum Said {
    Raised(SessionAlertRaised),
    Cleared(SessionAlertCleared),
}

impl Watched {
    fn look(&mut self, figures: &SessionFigures, now: Duration) -> Option<Said> {
        let (measure, rule) = (self.alert.measure(), self.rule);
        match figures.read(measure, rule.window, rule.deaths_within) {
            Reading::Unknown => None,
            Reading::Nothing => {
                self.passed_since = None;
                Some(self.standing.take()?.clear(None, now))
            }
            Reading::Is(_, samples) if samples < rule.at_least => None,
            Reading::Is(value, _) => self.compare(measure, value, now),
        }
    }

    fn compare(&mut self, measure: AlertMeasure, value: AlertLevel, now: Duration) -> Option<Said> {
        let (number, rule) = (value.to_float(), self.rule);
        let (is_passed, is_clear) = match measure.raised_on() {
            Side::Above => (number > rule.level, number <= rule.clears),
            Side::Below => (number < rule.level, number >= rule.clears),
        };
        if self.standing.is_some() {
            return is_clear.then(|| self.standing.take())?.map(|it| it.clear(Some(value), now));
        }
        if !is_passed {
            self.passed_since = None;
            return None;
        }
        let since = *self.passed_since.get_or_insert(now);
        if now.saturating_sub(since) < rule.lasts {
            return None;
        }
        self.passed_since = None;
        let level = self.alert.level();
        let what = measure.sentence(value, level);
        let raised = SessionAlertRaised { code: measure.code(), measure, value, level, what };
        self.standing = Some(Standing { raised: raised.clone(), since: now });
        Some(Said::Raised(raised))
    }
}

impl Standing {
    fn clear(self, value: Option<AlertLevel>, now: Duration) -> Said {
        let SessionAlertRaised { code, measure, .. } = self.raised;
        let lasted = now.saturating_sub(self.since);
        Said::Cleared(SessionAlertCleared { code, measure, value, lasted })
    }
}

/// Raises and clears what is due.
pub(super) fn watch(world: &mut World) {
    let now = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
    let said = world.resource_scope(|world, mut alerts: Mut<SessionAlerts>| {
        let Some(figures) = world.get_resource::<SessionFigures>() else { return Vec::new() };
        alerts.bypass_change_detection().look(figures, now)
    });
    let has_news = !said.is_empty();
    for said in said {
        match said {
            Said::Raised(raised) => {
                let code = raised.code;
                warn!(%code, advice = code.advice(), page = code.page(), "alert: {}", raised.what);
                notify(world, raised);
            }
            Said::Cleared(cleared) => {
                let SessionAlertCleared { code, lasted, value, .. } = &cleared;
                match value {
                    Some(_) => info!(%code, ?lasted, "alert cleared"),
                    None => info!(%code, ?lasted, "alert over: what it measured has ended"),
                }
                notify(world, cleared);
            }
        }
    }
    if has_news {
        standing::hand_over(world);
    }
}
