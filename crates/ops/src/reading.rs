//! The value of an alert's figure, as it is now.

use std::time::Duration;

use super::level::AlertLevel;
use super::measure::AlertMeasure;
use super::session_figures::{PlayedFigures, SessionFigures};
use super::window::Window;

/// The value of an alert's figure, as it is now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Reading {
    /// This, by so many samples.
    Is(AlertLevel, u64),
    /// There is nothing that it could be about: no session, nothing done in the window.
    Nothing,
    /// It was not asked yet, or can't be known.
    Unknown,
}

impl SessionFigures {
    pub(super) fn read(
        &self,
        measure: AlertMeasure,
        window: Window,
        deaths_within: Duration,
    ) -> Reading {
        match measure {
            AlertMeasure::Errors(operation) => {
                let lately = self.operation(operation).over(window);
                let share = lately.error_share();
                share.map_or(Reading::Nothing, |share| {
                    Reading::Is(AlertLevel::Share(share), lately.count + lately.errors)
                })
            }
            AlertMeasure::P95(operation) => {
                let lately = self.operation(operation).over(window);
                lately.p95.map_or(Reading::Nothing, |p95| {
                    Reading::Is(AlertLevel::Time(p95), lately.count)
                })
            }
            AlertMeasure::IndexHits => {
                let (index, hits) = (self.index(), self.index_hits());
                hits.map_or(Reading::Unknown, |hits| {
                    Reading::Is(AlertLevel::Share(hits), index.hits + index.misses)
                })
            }
            AlertMeasure::StaleLocks => number(self.locks().stale.map(u64::from)),
            AlertMeasure::DiskLeft => number(self.disk_left()),
            AlertMeasure::CheckpointAge => {
                let age = self.unsaved().map(AlertLevel::Time);
                age.map_or(Reading::Nothing, |age| Reading::Is(age, 1))
            }
            AlertMeasure::Crashes => {
                let counts = self.sessions();
                let share = super::window::share(counts.crashed_lately, counts.left_lately);
                share.map_or(Reading::Nothing, |share| {
                    Reading::Is(AlertLevel::Share(share), counts.left_lately)
                })
            }
            AlertMeasure::Memory => number(self.process().memory),
            AlertMeasure::SessionBytes => self.of_played(|played| number(played.bytes)),
            AlertMeasure::PlayTime => {
                self.of_played(|played| Reading::Is(AlertLevel::Time(played.play_time), 1))
            }
            AlertMeasure::Entities => self.of_played(|played| number(played.entities)),
            AlertMeasure::Deaths => number(Some(self.deaths_within(deaths_within))),
            AlertMeasure::ReplicaLag => {
                let lag = self.replica_lag().map(AlertLevel::Time);
                lag.map_or(Reading::Nothing, |lag| Reading::Is(lag, 1))
            }
        }
    }

    fn of_played(&self, read: impl FnOnce(PlayedFigures) -> Reading) -> Reading {
        self.played().map_or(Reading::Nothing, read)
    }
}

fn number(number: Option<u64>) -> Reading {
    number.map_or(Reading::Unknown, |number| Reading::Is(AlertLevel::Number(number), 1))
}
