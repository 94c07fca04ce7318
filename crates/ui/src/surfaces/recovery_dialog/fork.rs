//! Describes a session that went on in two places: where it parted, and what was played on each side.

use bevy::prelude::*;
use bevy_session::library::{Fork, ForkedLine};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::surfaces::SessionStrings;
use crate::surfaces::describe::fill;

/// The player's time zone, if the system says which it is.
#[derive(Resource, Clone, Debug)]
pub(super) struct LocalZone(pub Option<TimeZone>);

impl Default for LocalZone {
    fn default() -> Self {
        Self(TimeZone::try_system().ok())
    }
}

impl SessionStrings {
    /// A fork as a sentence, seen from the side that is shown: "The same until Tuesday 21:40; then 2 hours
    /// here (shown now), 20 minutes on another device."
    pub(super) fn forked(&self, fork: &Fork, zone: &LocalZone, now: Timestamp) -> String {
        let mut sides: Vec<&ForkedLine> = std::iter::once(&fork.own).chain(&fork.others).collect();
        sides.sort_by_key(|side| !side.is_from_here);
        let sides: Vec<String> = sides.into_iter().map(|side| self.side(side, fork)).collect();
        let sides = sides.join(", ");
        match fork.parted {
            Some(parted) => {
                let parted = self.moment(parted, zone, now);
                fill(&self.forked, &[("moment", &parted), ("sides", &sides)])
            }
            None => fill(&self.forked_some_time, &[("sides", &sides)]),
        }
    }

    fn side(&self, side: &ForkedLine, fork: &Fork) -> String {
        let text = if side.is_from_here { &self.forked_here } else { &self.forked_elsewhere };
        let played = fill(text, &[("time", &self.span(side.played))]);
        match side.newest == fork.own.newest {
            true => fill(&self.forked_shown, &[("side", &played)]),
            false => played,
        }
    }

    /// A moment as the player's clock shows it: the time, before that the day of the week, and further
    /// back the date. If the time zone isn't known, it is said how long ago it was.
    fn moment(&self, moment: Timestamp, zone: &LocalZone, now: Timestamp) -> String {
        let Some(zone) = &zone.0 else { return self.ago(Some(moment), now) };
        let (then, now) = (moment.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
        let time = then.strftime("%H:%M").to_string();
        let days = now.date().since(then.date()).map_or(i32::MAX, |past| past.get_days());
        let day = match days {
            0 => return time,
            1..=6 => self.weekday(then.weekday()).to_owned(),
            _ => then.date().to_string(),
        };
        format!("{day} {time}")
    }

    fn weekday(&self, day: Weekday) -> &str {
        match day {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bevy_session::CheckpointId;
    use bevy_session::checkpoints::RunId;

    use super::*;
    use bevy_session_journal::internal::deep::offers;

    const GERMAN: &str = include_str!("../../../../../assets/strings/de.ron");

    fn berlin() -> LocalZone {
        LocalZone(Some(TimeZone::fixed(jiff::tz::offset(1))))
    }

    fn side(run: u64, minutes: u64, is_from_here: bool) -> ForkedLine {
        let newest = CheckpointId { run: RunId(run), counter: 9 };
        offers::forked_line(newest, Duration::from_secs(60 * minutes), is_from_here)
    }

    /// Parted on a Tuesday at 21:40.
    fn fork() -> Fork {
        let parted = "2026-03-10T20:40:00Z".parse().ok();
        offers::fork(parted, side(1, 120, true), vec![side(2, 20, false)])
    }

    fn said(words: &SessionStrings, fork: &Fork, now: &str) -> String {
        words.forked(fork, &berlin(), now.parse().unwrap())
    }

    #[test]
    fn a_fork_is_described_by_where_it_parted_and_the_play_on_each_side() {
        let (english, german) = (SessionStrings::default(), ron::from_str(GERMAN).unwrap());
        assert_eq!(
            said(&english, &fork(), "2026-03-12T08:00:00Z"),
            "The same until Tuesday 21:40; then 2 hours here (shown now), 20 minutes on another \
             device. Both are kept."
        );
        assert_eq!(
            said(&german, &fork(), "2026-03-12T08:00:00Z"),
            "Bis Dienstag 21:40 gleich; danach 2 Stunden hier (wird gezeigt), 20 Minuten auf einem \
             anderen Gerät. Beides bleibt erhalten."
        );
    }

    #[test]
    fn play_on_this_device_is_named_first() {
        let other = offers::fork(fork().parted, side(2, 20, false), vec![side(1, 120, true)]);
        let said = said(&SessionStrings::default(), &other, "2026-03-12T08:00:00Z");
        assert!(said.contains("2 hours here, 20 minutes on another device (shown now)."), "{said}");
    }

    #[test]
    fn the_moment_of_a_fork_is_a_time_a_weekday_or_a_date() {
        let until = |now: &str| {
            let said = said(&SessionStrings::default(), &fork(), now);
            said.split_once("; ").unwrap().0.to_owned()
        };
        assert_eq!(until("2026-03-10T22:30:00Z"), "The same until 21:40");
        assert_eq!(until("2026-03-10T23:30:00Z"), "The same until Tuesday 21:40");
        assert_eq!(until("2026-03-16T22:30:00Z"), "The same until Tuesday 21:40");
        assert_eq!(until("2026-03-16T23:30:00Z"), "The same until 2026-03-10 21:40");
        assert_eq!(until("2026-03-01T00:00:00Z"), "The same until 2026-03-10 21:40");
    }

    #[test]
    fn a_fork_without_a_time_zone_or_common_moment_is_described_in_short() {
        let now = "2026-03-10T23:40:00Z".parse().unwrap();
        let words = SessionStrings::default();
        let said = words.forked(&fork(), &LocalZone(None), now);
        assert!(said.starts_with("The same until 3 hours ago; then"), "{said}");
        let mut apart = fork();
        apart.parted = None;
        let said = words.forked(&apart, &berlin(), now);
        assert!(said.starts_with("This game was continued in two places: 2 hours here"), "{said}");
    }
}
