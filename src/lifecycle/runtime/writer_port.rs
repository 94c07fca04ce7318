//! The driver's end of the line to the writer.

use std::time::Duration;

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

/// An automatic capture waits while this many are with the writer: what changes meanwhile is in
/// the next one, so nothing is lost and memory stays bounded.
const AUTOMATIC_IN_FLIGHT: usize = 2;
/// A capture that must keep its moment fails when this many are with the writer.
const MOMENTS_IN_FLIGHT: usize = 16;

/// The driver's end of the line to the writer, and what is known of it.
pub(crate) struct WriterPort {
    pub(in crate::lifecycle) link: Link,
    /// How much has been read of the checkpoint that is being read.
    progress: ReadProgress,
    /// The quota that the writer knows.
    quota: Option<Quota>,
    /// Whether the writer keeps an index of sessions, as far as it knows.
    keeps_index: bool,
    /// Whether the writer's death was reported.
    loss_reported: bool,
    /// Whether each order is logged.
    is_verbose: bool,
    /// Time between two cleanups.
    pub(in crate::lifecycle) cleanup: Option<Duration>,
    /// Measures what is asked of the writer, where somebody wants to know.
    pub(in crate::lifecycle) stopwatch: Option<Box<Stopwatch>>,
}

impl WriterPort {
    pub(crate) fn new(link: Link, progress: ReadProgress) -> Self {
        Self {
            link,
            progress,
            quota: None,
            keeps_index: true,
            loss_reported: false,
            is_verbose: false,
            cleanup: None,
            stopwatch: None,
        }
    }

    /// The same, and what is asked of the writer is measured where somebody wants to know. The first listing
    /// was ordered just now.
    pub(crate) fn measured_for(mut self, world: &World) -> Self {
        if world.contains_resource::<Measurements>() {
            self.stopwatch = Some(Box::new(Stopwatch::since_first_listing()));
        }
        self
    }

    /// Has the writer look at all sessions, once it knows how.
    pub(crate) fn begin(&mut self, world: &World, now: Moment) {
        self.pass_on(world, now);
        self.link.send(Order::Detect { ticket: None }, now);
    }

    /// Whether an automatic capture would be more than the writer keeps up with.
    pub(in crate::lifecycle) fn is_busy(&self) -> bool {
        self.link.captures_in_flight() >= AUTOMATIC_IN_FLIGHT
    }

    /// Whether the writer takes no more captures at all now.
    pub(in crate::lifecycle) fn is_behind(&self) -> bool {
        self.link.captures_in_flight() >= MOMENTS_IN_FLIGHT
    }

    /// How much has been read of the checkpoint that is being read, from 0 to 1.
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

    /// Passes on what the settings, switches and restraints say of the writer, where that changed.
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
            audit: settings.storage.audit,
            reserve_bytes: settings.storage.reserve_bytes,
            ..Quota::default()
        };
        if self.quota.replace(quota) != Some(quota) {
            self.link.send(Order::Quota(quota), now);
        }
        let keeps_index = is_on(SessionFeature::Index);
        if std::mem::replace(&mut self.keeps_index, keeps_index) != keeps_index {
            self.link.send(Order::KeepIndex(keeps_index), now);
        }
    }

    /// Whether crashes that nobody answers are given up, as far as the writer knows.
    pub(in crate::lifecycle) fn gives_crashes_up(&self) -> bool {
        self.quota.is_some_and(|quota| quota.unanswered_crashes.is_some())
    }

    /// Publishes what was measured, if somebody asks for it; whether it is time to have the writer look around.
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

    /// How long an exit waits for what was captured to be on disk.
    pub(in crate::lifecycle) fn be_patient_for(&mut self, patience: Duration) {
        self.link.patience = patience;
    }

    /// Whether the writer's death is still to be reported. It is once.
    pub(in crate::lifecycle) fn is_loss_news(&mut self) -> bool {
        !std::mem::replace(&mut self.loss_reported, true)
    }

    /// The content of the run that is being played, if the main loop drives the writer.
    pub(crate) fn content(&self) -> Option<&crate::capture::Encoder> {
        self.link.content()
    }
}
