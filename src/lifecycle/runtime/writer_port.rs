//! The driver's link to the writer.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::internal::read::recovery::ReadProgress;
use bevy_session_journal::internal::write::Quota;
use bevy_session_journal::{SessionFeature, SessionId};
use tracing::info;

use super::measured::Stopwatch;
use crate::content::{Link, Order};
use crate::lifecycle::SessionSettings;
use crate::monitoring::{Measurements, Restraints, WriterLoad};
use crate::switches::SessionSwitches;

/// An automatic capture waits while the writer has this many: the next one includes changes
/// meanwhile, so nothing is lost and memory stays bounded.
const AUTOMATIC_IN_FLIGHT: usize = 2;
/// A requested capture fails when the writer has this many.
const MOMENTS_IN_FLIGHT: usize = 16;

/// The driver's link to the writer, and the writer's known state.
pub(crate) struct WriterPort {
    pub(in crate::lifecycle) link: Link,
    /// The progress of reading a checkpoint.
    progress: ReadProgress,
    /// The quota that the writer knows.
    quota: Option<Quota>,
    /// True if the writer keeps an index of sessions, as far as is known here.
    keeps_index: bool,
    /// True if the writer keeps an audit log, as far as is known here.
    keeps_audit: bool,
    /// True once the writer's death was reported.
    loss_reported: bool,
    /// True if each order is logged.
    is_verbose: bool,
    /// The time between two cleanups, if there are any.
    cleanup: Option<Duration>,
    /// Measures the writer's operations, if measurements are requested.
    pub(in crate::lifecycle) stopwatch: Option<Box<Stopwatch>>,
}

impl WriterPort {
    pub(crate) fn new(link: Link, progress: ReadProgress) -> Self {
        Self {
            link,
            progress,
            quota: None,
            keeps_index: true,
            keeps_audit: false,
            loss_reported: false,
            is_verbose: false,
            cleanup: None,
            stopwatch: None,
        }
    }

    /// The same, and the writer's operations are measured if measurements are requested. The first
    /// listing was ordered just now.
    pub(crate) fn measured_for(mut self, world: &World) -> Self {
        if world.contains_resource::<Measurements>() {
            self.stopwatch = Some(Box::new(Stopwatch::since_first_listing()));
        }
        self
    }

    /// Has the writer read all sessions, once it has its settings.
    pub(crate) fn begin(&mut self, world: &World, now: Moment) {
        self.pass_on(world, now);
        self.link.send(Order::Detect { ticket: None }, now);
    }

    /// Returns true if an automatic capture would be more than the writer keeps up with.
    pub(in crate::lifecycle) fn is_busy(&self) -> bool {
        self.link.captures_in_flight() >= AUTOMATIC_IN_FLIGHT
    }

    /// Returns true if the writer takes no more captures for now.
    pub(in crate::lifecycle) fn is_behind(&self) -> bool {
        self.link.captures_in_flight() >= MOMENTS_IN_FLIGHT
    }

    /// The share of the checkpoint that has been read, from 0 to 1.
    pub(in crate::lifecycle) fn share_read(&self) -> f32 {
        self.progress.share()
    }

    /// Logs an order, if the settings want that.
    pub(in crate::lifecycle) fn log(&self, order: &Order, session: Option<SessionId>, now: Moment) {
        if self.is_verbose {
            let session = session.map(tracing::field::display);
            info!(order = order.name(), session, at = ?now.elapsed, "order");
        }
    }

    /// Sends the writer the settings, switches and restraints that concern it, if they changed.
    pub(crate) fn pass_on(&mut self, world: &World, now: Moment) {
        let Some(settings) = world.get_resource::<SessionSettings>() else { return };
        self.is_verbose = settings.verbose;
        self.cleanup = settings.storage.cleanup;
        let least = world.get_resource::<Restraints>().and_then(|it| it.history_bytes);
        let is_on = |feature| SessionSwitches::has_on(world, feature);
        let quota = Quota {
            removes: is_on(SessionFeature::Retention),
            session_bytes: least.unwrap_or(u64::MAX).min(settings.storage.max_session_bytes),
            total_bytes: settings.storage.max_total_bytes,
            named: settings.storage.max_named_checkpoints,
            branches: settings.storage.max_branches,
            trash: settings.storage.trash,
            unanswered_crashes: settings.storage.unanswered_crashes,
            reserve_bytes: settings.storage.reserve_bytes,
            ..Quota::default()
        };
        if self.quota.replace(quota) != Some(quota) {
            self.link.send(Order::Quota(quota), now);
        }
        let keeps_audit = settings.storage.audit;
        if std::mem::replace(&mut self.keeps_audit, keeps_audit) != keeps_audit {
            self.link.send(Order::KeepAudit(keeps_audit), now);
        }
        let keeps_index = is_on(SessionFeature::Index);
        if std::mem::replace(&mut self.keeps_index, keeps_index) != keeps_index {
            self.link.send(Order::KeepIndex(keeps_index), now);
        }
    }

    /// The time between two cleanups; `None` if the game leaves them out.
    pub(in crate::lifecycle) fn cleanup_every(&self) -> Option<Duration> {
        self.cleanup
    }

    /// Returns true if crashes end that nobody answers, as far as the writer knows.
    pub(in crate::lifecycle) fn gives_crashes_up(&self) -> bool {
        self.quota.is_some_and(|quota| quota.unanswered_crashes.is_some())
    }

    /// Publishes measurements, if they are requested. Returns true if it is time to have the writer
    /// look around.
    pub(in crate::lifecycle) fn publish_measured(
        &mut self,
        world: &mut World,
        requests: usize,
        now: Duration,
    ) -> bool {
        let Some(stopwatch) = &mut self.stopwatch else { return false };
        if let Some(mut measured) = world.get_resource_mut::<Measurements>() {
            let (captures, slots) = (self.link.captures_in_flight(), self.link.slots_in_flight());
            measured.load = WriterLoad { captures, slots, requests };
            measured.writer_is_gone = self.link.is_broken();
            stopwatch.publish(&mut measured);
        }
        stopwatch.is_look_due(now)
    }

    /// A session is played from now on that was asked for at this time.
    pub(in crate::lifecycle) fn note_start(&mut self, made_at: Option<Instant>) {
        if let Some(stopwatch) = &mut self.stopwatch {
            stopwatch.note_start(made_at);
        }
    }

    /// Sets the time that an exit waits for captures to be on disk.
    pub(in crate::lifecycle) fn be_patient_for(&mut self, patience: Duration) {
        self.link.patience = patience;
    }

    /// Returns true if the writer's death is still to be reported: once.
    pub(in crate::lifecycle) fn is_loss_news(&mut self) -> bool {
        !std::mem::replace(&mut self.loss_reported, true)
    }

    /// The content of the run that is being played, if the main loop drives the writer.
    pub(crate) fn content(&self) -> Option<&crate::capture::Encoder> {
        self.link.content()
    }
}
