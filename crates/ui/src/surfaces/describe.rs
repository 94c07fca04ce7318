//! Puts causes, ages and times into words.

use std::time::Duration;

use bevy_session::attachments::AttachmentError;
use bevy_session::chapters::OpenChapter;
use bevy_session::checkpoints::{CheckpointError, DiskRefusal};
use bevy_session::external::UnsavedPlay;
use bevy_session::internal::between;
use bevy_session::library::VersionFit;
use bevy_session::recovery::{Elsewhere, HowItEnded, RecoveryError, RestorePhase};
use bevy_session::slots::{SlotError, SlotKind};
use bevy_session::{CheckpointKind, RecoveryOffer, RequestError, SessionActivity};
use jiff::Timestamp;

use super::SessionStrings;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Fills the parts of a text in.
pub(super) fn fill(text: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    // Each part once, so that a name with braces in it stays as it is.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let part = after.split_once('}');
        let value = part.and_then(|(name, _)| parts.iter().find(|(known, _)| *known == name));
        match (part, value) {
            (Some((_, after)), Some((_, value))) => {
                filled.push_str(value);
                rest = after;
            }
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// A text from elsewhere on one line, cut off after so many letters.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let mut line: String =
        text.chars().take(letters + 1).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > letters {
        line = line.chars().take(letters.saturating_sub(3)).collect();
        line.truncate(line.trim_end().len());
        line.push_str("...");
    }
    line
}

/// The names of chapters within each other, the outermost first: "Act 1 / Mission 3".
pub(super) fn names_of(chapters: &[OpenChapter]) -> Option<String> {
    let names = chapters.iter().map(|chapter| chapter.name.trim());
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| names.join(" / "))
}

impl SessionStrings {
    /// The time since a moment: "4 minutes ago".
    #[must_use]
    pub fn ago(&self, moment: Option<Timestamp>, now: Timestamp) -> String {
        let Some(moment) = moment else { return self.some_time_ago.clone() };
        let seconds = between(moment, now).as_secs();
        match seconds {
            0..MINUTE => self.just_now.clone(),
            MINUTE..HOUR => self.minutes_ago.of(seconds / MINUTE),
            HOUR..DAY => self.hours_ago.of(seconds / HOUR),
            _ => self.days_ago.of(seconds / DAY),
        }
    }

    /// A span of time in words: "40 seconds", "1 hour 5 minutes".
    #[must_use]
    pub fn span(&self, span: Duration) -> String {
        let seconds = span.as_secs();
        let (hours, minutes) = (seconds / HOUR, seconds % HOUR / MINUTE);
        match (hours, minutes) {
            (0, 0) => self.seconds.of(seconds),
            (0, minutes) => self.minutes.of(minutes),
            (hours, 0) => self.hours.of(hours),
            (hours, minutes) => {
                let (large, small) = (self.hours.of(hours), self.minutes.of(minutes));
                fill(&self.span_and_span, &[("large", &large), ("small", &small)])
            }
        }
    }

    /// A play time: "1 hour 5 minutes played".
    #[must_use]
    pub fn played(&self, play_time: Duration) -> String {
        fill(&self.played, &[("time", &self.span(play_time))])
    }

    /// The end of a process, as a sentence: "The game closed unexpectedly 4 minutes ago."
    #[must_use]
    pub fn how_it_ended(
        &self,
        cause: &HowItEnded,
        died_at: Option<Timestamp>,
        now: Timestamp,
    ) -> String {
        let sentence = match cause {
            HowItEnded::Crashed(_) => &self.ended_in_a_crash,
            HowItEnded::Abnormal { machine_restarted: true } => &self.ended_with_the_computer,
            HowItEnded::NotResponding => &self.ended_not_responding,
            HowItEnded::Exited => &self.ended_while_closing,
            HowItEnded::Elsewhere => &self.ended_elsewhere,
            _ => &self.ended_unexpectedly,
        };
        fill(sentence, &[("ago", &self.ago(died_at, now))])
    }

    /// The story of an offer, as a sentence: the end of its process, or that it is from another machine, or a fork.
    #[must_use]
    pub fn story(&self, offer: &RecoveryOffer, now: Timestamp) -> String {
        let sentence = match offer.elsewhere {
            Some(Elsewhere::All) => &self.elsewhere_all,
            Some(Elsewhere::Newer) => &self.elsewhere_newer,
            _ if offer.fork.is_some() && offer.cause == HowItEnded::Exited => &self.played_apart,
            _ => return self.how_it_ended(&offer.cause, offer.died_at, now),
        };
        let played = offer.checkpoints.first().map(|newest| newest.time);
        fill(sentence, &[("ago", &self.ago(played, now))])
    }

    /// The play that a crash took, as a sentence.
    #[must_use]
    pub fn loss(&self, unsaved: UnsavedPlay) -> String {
        if unsaved.acknowledged > 0 {
            return self.lost_saves.of(unsaved.acknowledged);
        }
        match unsaved.time {
            None => self.lost_unknown.clone(),
            Some(time) if time < Duration::from_secs(1) => self.nothing_lost.clone(),
            Some(time) => fill(&self.lost, &[("time", &self.span(time))]),
        }
    }

    /// The time between a checkpoint and the end.
    pub(super) fn before_the_end(&self, age: Duration) -> String {
        if age < Duration::from_secs(1) {
            return self.before_the_end_now.clone();
        }
        fill(&self.before_the_end, &[("time", &self.span(age))])
    }

    /// When a checkpoint was taken, and in which chapters: "40 seconds before the end, in "Act 1"".
    pub(super) fn moment_of(&self, age: Duration, chapters: &[OpenChapter]) -> String {
        let moment = self.before_the_end(age);
        match names_of(chapters) {
            None => moment,
            Some(names) => {
                let chapters = fill(&self.in_chapters, &[("chapters", &shortened(&names, 60))]);
                format!("{moment}, {chapters}")
            }
        }
    }

    pub(super) fn checkpoint_kind(&self, kind: CheckpointKind) -> &str {
        match kind {
            CheckpointKind::Manual => &self.kind_manual,
            CheckpointKind::Quick => &self.kind_quick,
            CheckpointKind::State => &self.kind_state,
            CheckpointKind::Pause => &self.kind_pause,
            CheckpointKind::Exit => &self.kind_exit,
            CheckpointKind::Opening => &self.kind_opening,
            CheckpointKind::Rewind => &self.kind_rewind,
            _ => &self.kind_auto,
        }
    }

    pub(super) fn slot_kind(&self, kind: SlotKind) -> &str {
        match kind {
            SlotKind::Quick => &self.kind_quick,
            SlotKind::Exit => &self.kind_exit_slot,
            _ => &self.kind_slot,
        }
    }

    /// A note about a save of another game version; `None` if it needs none.
    pub(super) fn version_fit(&self, fit: VersionFit) -> Option<&str> {
        match fit {
            VersionFit::Lossy => Some(&self.from_other_version),
            VersionFit::Newer => Some(&self.from_newer_version),
            _ => None,
        }
    }

    pub(super) fn why_request_failed<'a>(&'a self, error: &'a RequestError) -> &'a str {
        match error {
            RequestError::Refused { reason } => reason,
            RequestError::SessionInUse => &self.reason_in_use,
            RequestError::UnknownSession
            | RequestError::UnknownCheckpoint
            | RequestError::NothingToRestore => &self.reason_missing,
            RequestError::CrashUndecided => &self.reason_crashed,
            RequestError::Forked => &self.reason_forked,
            RequestError::SessionRunning { .. } => &self.reason_played,
            RequestError::WouldLose { .. } => &self.reason_newer,
            RequestError::Slot(error) => self.why_slot_failed(error),
            RequestError::Attachment(AttachmentError::Damaged { .. }) => &self.reason_damaged,
            RequestError::Store(cause) => self.why_disk_refuses(cause.refusal()),
            RequestError::WriterGone => &self.reason_disk,
            _ => &self.reason_other,
        }
    }

    pub(super) fn why_slot_failed(&self, error: &SlotError) -> &str {
        match error {
            SlotError::Unknown | SlotError::NoQuickSlot => &self.reason_missing,
            SlotError::Damaged { .. } => &self.reason_damaged,
            SlotError::NewerFormat { .. } => &self.reason_newer,
            SlotError::InUse => &self.reason_in_use,
            SlotError::NameTaken { .. } => &self.reason_name_taken,
            SlotError::Protected { .. } => &self.reason_protected,
            SlotError::Unreadable(_) | SlotError::CheckpointNotSaved => &self.reason_disk,
            SlotError::Disk(cause) => self.why_disk_refuses(cause.refusal()),
            _ => &self.reason_other,
        }
    }

    pub(super) fn why_checkpoint_failed(&self, error: &CheckpointError) -> &str {
        match error {
            CheckpointError::Disk(cause) => self.why_disk_refuses(cause.refusal()),
            CheckpointError::StoreVanished => &self.reason_missing,
            CheckpointError::LockLost => &self.reason_in_use,
            _ => &self.reason_other,
        }
    }

    pub(super) fn why_unrecoverable(&self, error: &RecoveryError) -> &str {
        match error {
            RecoveryError::AllDamaged => &self.reason_damaged,
            RecoveryError::NewerFormat(_) => &self.reason_newer,
            _ => &self.reason_disk,
        }
    }

    fn why_disk_refuses(&self, refusal: DiskRefusal) -> &str {
        match refusal {
            DiskRefusal::Full => &self.reason_disk_full,
            DiskRefusal::QuotaExceeded => &self.reason_quota,
            DiskRefusal::ReadOnly => &self.reason_read_only,
            _ => &self.reason_disk,
        }
    }
}

/// The share of a restore that its bar shows, from 0 to 1: most of it is reading, in steps that can be seen.
pub(super) fn restored_share(activity: SessionActivity) -> f32 {
    match (activity.restore(), activity.restore_progress()) {
        (Some(RestorePhase::Replacing), _) => 1.0,
        (Some(RestorePhase::WaitingForGate), _) => 0.9,
        (_, read) => 0.04 + (read.unwrap_or_default() * 50.0).floor() / 50.0 * 0.8,
    }
}

/// The phase of a restore, for the text below that bar.
pub(super) fn restoring(activity: SessionActivity, words: &SessionStrings) -> &String {
    match activity.restore() {
        None | Some(RestorePhase::Reading) => &words.restoring_reading,
        Some(RestorePhase::WaitingForGate) => &words.restoring_loading,
        Some(_) => &words.restoring_replacing,
    }
}

/// A session's name, with its player's.
pub(super) fn who(offer: &RecoveryOffer, letters: usize) -> String {
    let name = shortened(&offer.session.name, letters);
    match &offer.session.player {
        Some(player) => format!("{name} - {}", shortened(player, letters / 2)),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use bevy_session::chapters::{ChapterId, Chapters, NewChapter};

    use super::*;

    fn words() -> SessionStrings {
        SessionStrings::default()
    }

    #[test]
    fn ages_are_given_in_the_largest_unit() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let ago = |seconds: i64| {
            words().ago(Some(Timestamp::from_second(1_000_000 - seconds).unwrap()), now)
        };
        assert_eq!(ago(20), "just now");
        assert_eq!(ago(60), "a minute ago");
        assert_eq!(ago(250), "4 minutes ago");
        assert_eq!(ago(3 * 3600 + 59), "3 hours ago");
        assert_eq!(ago(9 * 86_400), "9 days ago");
        assert_eq!(ago(-50), "just now", "a clock that was set back is no age");
        assert_eq!(words().ago(None, now), "some time ago");
    }

    #[test]
    fn a_checkpoint_says_in_which_chapters_it_was_taken() {
        let mut chapters = Chapters::default();
        let age = Duration::from_secs(40);
        assert_eq!(words().moment_of(age, &chapters.listed()), "40 seconds before the end");
        for name in ["Act 1", " ", "Mission {3}"] {
            let (id, now) = (ChapterId::random(), Timestamp::UNIX_EPOCH);
            chapters.begin(id, NewChapter::named(name), now, age).unwrap();
        }
        let said = words().moment_of(age, &chapters.listed());
        assert_eq!(said, "40 seconds before the end, in \"Act 1 / Mission {3}\"");
    }

    #[test]
    fn spans_are_given_in_two_units_at_most() {
        let span = |seconds| words().span(Duration::from_secs(seconds));
        assert_eq!(span(1), "1 second");
        assert_eq!(span(3_599), "59 minutes");
        assert_eq!(span(3_600), "1 hour");
        assert_eq!(span(2 * 3_600 + 61), "2 hours 1 minute");
    }

    #[test]
    fn every_cause_has_a_sentence_of_its_own() {
        let panic: HowItEnded = HowItEnded::Crashed(bevy_session::recovery::PanicInfo {
            message: "boom".to_owned(),
            place: None,
            thread: None,
            backtrace: None,
            time: Timestamp::UNIX_EPOCH,
        });
        let causes = [
            panic,
            HowItEnded::Exited,
            HowItEnded::Abnormal { machine_restarted: false },
            HowItEnded::Abnormal { machine_restarted: true },
            HowItEnded::NotResponding,
            HowItEnded::Elsewhere,
        ];
        let now = Timestamp::from_second(240).unwrap();
        let sentences: std::collections::HashSet<String> = causes
            .iter()
            .map(|cause| words().how_it_ended(cause, Some(Timestamp::UNIX_EPOCH), now))
            .collect();
        assert_eq!(sentences.len(), causes.len());
        assert!(sentences.contains("The game closed unexpectedly 4 minutes ago."));
        assert!(sentences.iter().all(|sentence| sentence.contains("4 minutes ago")));
    }

    #[test]
    fn the_loss_is_described_exactly() {
        let loss = |time: Option<u64>, acknowledged| {
            let mut unsaved = UnsavedPlay::default();
            (unsaved.time, unsaved.acknowledged) = (time.map(Duration::from_secs), acknowledged);
            words().loss(unsaved)
        };
        assert_eq!(loss(Some(0), 0), "Nothing was lost.");
        assert_eq!(loss(Some(4), 0), "The last 4 seconds of play could not be saved.");
        assert_eq!(loss(None, 0), "The last moments of play may be missing.");
        assert!(loss(Some(4), 2).starts_with("2 saves are damaged"));
    }

    #[test]
    fn names_are_shortened_to_one_line() {
        assert_eq!(shortened("Campaign", 8), "Campaign");
        assert_eq!(shortened("Campaigns", 8), "Campa...");
        assert_eq!(shortened("a\nb\tc", 8), "a b c");
        assert_eq!(shortened(&"\u{5e9}".repeat(300), 8).chars().count(), 8);
        assert_eq!(shortened("", 8), "");
    }

    #[test]
    fn filled_in_values_are_not_filled_in_again() {
        assert_eq!(fill("{name}: {n}", &[("name", "{n}"), ("n", "3")]), "{n}: 3");
        assert_eq!(fill("{unknown} {", &[("n", "3")]), "{unknown} {");
    }
}
