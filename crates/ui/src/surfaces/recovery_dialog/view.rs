//! All that the dialog shows, as a plain value.

use bevy_session::attachments::AttachmentOf;
use bevy_session::checkpoints::StandingAlert;
use bevy_session::external::{ExternalSaveKind, OfferedBackup};
use bevy_session::library::Validity;
use bevy_session::recovery::{
    Elsewhere, HowItEnded, OfferedCheckpoint, OfferedOption, Proposal, RestorePhase,
};
use bevy_session::slots::{SlotEntry, SlotKind};
use bevy_session::{CheckpointKind, PreviousRun, RecoveryOffer, RecoveryOffers, SessionActivity};
use jiff::Timestamp;

use super::fork::LocalZone;
use super::state::{Choice, Does, Failure, RecoveryDialog, Report, Stage, id};
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, restored_share, restoring, shortened, who};
use crate::surfaces::pictures::NEAR;

/// All that the dialog shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct DialogView {
    pub title: String,
    /// The sentence on how the process ended.
    pub story: String,
    /// The sentence on what was lost.
    pub loss: String,
    /// The error of the last try.
    pub alert: Option<String>,
    /// Why something else than the newest checkpoint is chosen.
    pub advice: Option<String>,
    /// The name of this session with its number among others, and true if there are others.
    pub session: Option<(String, bool)>,
    /// Where the session parted, if it went on in two places.
    pub fork: Option<String>,
    pub body: Body,
    pub buttons: Vec<(Does, String, bool)>,
    pub first_focus: Option<Does>,
}

/// The part between the texts and the buttons.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) enum Body {
    #[default]
    Nothing,
    Choices(Choices),
    Details {
        facts: Vec<(String, String)>,
        explained: String,
        report: Option<String>,
    },
    Progress {
        /// The progress, from 0 to 1.
        share: f32,
        text: String,
    },
}

/// The checkpoints and slots to choose from.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Choices {
    pub heading: Option<String>,
    /// The rows that are shown.
    pub rows: Vec<Row>,
    pub first: usize,
    /// The number of rows, shown or not.
    pub total: usize,
    /// The one that is chosen, wherever the list is scrolled to.
    pub chosen: Option<Row>,
    /// A note about the button that declines.
    pub keeps: String,
}

/// A checkpoint or slot.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Row {
    pub choice: Choice,
    pub title: String,
    pub detail: String,
    pub played: String,
    /// The place of its picture, if it can have one.
    pub picture: Option<AttachmentOf>,
    /// A note on what is wrong with it, if anything.
    pub mark: Option<String>,
    pub is_damaged: bool,
    pub is_chosen: bool,
}

/// Alerts that the details name at the most.
const ALERTS: usize = 3;

/// The inputs of the view, beside the dialog itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub offers: &'a RecoveryOffers,
    /// The run of the process before this one, if there was one.
    pub previous: Option<&'a PreviousRun>,
    pub words: &'a SessionStrings,
    pub now: Timestamp,
    pub zone: &'a LocalZone,
    /// The activity, with the progress of the restore.
    pub activity: SessionActivity,
    /// True if there is little room.
    pub is_compact: bool,
    /// Rows that there is room for.
    pub rows: usize,
}

impl RecoveryDialog {
    /// All that is shown now; `None` if the dialog is closed.
    pub(super) fn view(&self, facts: Facts) -> Option<DialogView> {
        let stage = self.stage?;
        let words = facts.words;
        let offer = self.shown(facts.offers);
        let mut view = DialogView { title: words.dialog_title.clone(), ..DialogView::default() };
        match offer {
            Some(offer) => self.describe(offer, facts, &mut view),
            None => self.describe_lost(words, &mut view),
        }
        match stage {
            Stage::Restoring { stalled } => {
                view.body = progress(facts.activity, stalled, words);
                (view.alert, view.advice, view.fork) = (None, None, None);
                if matches!(facts.activity.restore(), None | Some(RestorePhase::Reading)) {
                    view.buttons.push((Does::Cancel, words.cancel.clone(), false));
                }
            }
            Stage::Details => {
                let facts = offer.map(|offer| details(offer, facts)).unwrap_or_default();
                view.body = Body::Details {
                    facts,
                    explained: words.report_explained.clone(),
                    report: self.report_line(words),
                };
                (view.alert, view.advice, view.fork) = (None, None, None);
                let can_report = !matches!(self.report, Report::Writing(_) | Report::Written(_));
                view.buttons.push((Does::Back, words.back.clone(), !can_report));
                if can_report {
                    view.buttons.push((Does::SaveReport, words.save_report.clone(), true));
                }
            }
            Stage::Asking => {
                self.ask_for_choice(offer, facts, &mut view);
                // What happened was shown before; if room is short, what is new goes first.
                if facts.is_compact && (view.alert.is_some() || view.advice.is_some()) {
                    view.story.clear();
                    view.loss.clear();
                }
                if facts.is_compact && view.fork.is_some() {
                    view.loss.clear();
                }
            }
        }
        view.first_focus = view.first_focus.or_else(|| {
            let primary = view.buttons.iter().find(|(_, _, is_primary)| *is_primary);
            primary.or(view.buttons.first()).map(|(does, _, _)| does.clone())
        });
        Some(view)
    }

    fn describe(&self, offer: &RecoveryOffer, facts: Facts, view: &mut DialogView) {
        let words = facts.words;
        view.story = words.story(offer, facts.now);
        view.loss = words.loss(offer.unsaved);
        let asked = self.asked(facts.offers);
        let name = who(offer, 40);
        let place = asked.iter().position(|other| id(other) == id(offer)).unwrap_or_default() + 1;
        view.session = Some(match asked.len() {
            0 | 1 => (name, false),
            total => {
                let (n, total) = (place.to_string(), total.to_string());
                let parts = [("name", &*name), ("n", &*n), ("total", &*total)];
                (fill(&words.one_of, &parts), true)
            }
        });
        let fork = offer.fork.as_ref().map(|fork| words.forked(fork, facts.zone, facts.now));
        let is_fork = offer.elsewhere == Some(Elsewhere::Fork);
        view.fork = fork.or_else(|| is_fork.then(|| words.elsewhere_fork.clone()));
        if let Some(failure) = &self.failure {
            view.alert = Some(self.failed(failure, words));
        } else {
            view.advice = match offer.proposed {
                Proposal::Newest => None,
                Proposal::Older(_) => Some(words.older_is_chosen.clone()),
                Proposal::SafeStart => {
                    Some(words.fresh_is_chosen.of(u64::from(offer.deaths_in_a_row.max(1))))
                }
            };
        }
    }

    fn failed(&self, failure: &Failure, words: &SessionStrings) -> String {
        let reason = [("reason", why(failure, words))];
        if matches!(failure, Failure::NotDeclined(_)) {
            return fill(&words.menu_failed, &reason);
        }
        let alert = fill(&words.choice_failed, &reason);
        match self.chosen {
            Choice::Nothing => alert,
            _ => format!("{alert} {}", words.next_best),
        }
    }

    fn describe_lost(&self, words: &SessionStrings, view: &mut DialogView) {
        let Some(lost) = &self.lost else { return };
        let name = lost.name.as_ref().map(|name| shortened(name, 40));
        let name = name.as_ref().unwrap_or(&words.a_game);
        let error = self.failure.as_ref().map(|failure| why(failure, words));
        let reason = error.unwrap_or_else(|| words.why_unrecoverable(&lost.error));
        let parts = [("name", name.as_str()), ("reason", reason)];
        view.alert = Some(fill(&words.nothing_readable, &parts));
    }

    fn ask_for_choice(&self, offer: Option<&RecoveryOffer>, facts: Facts, view: &mut DialogView) {
        let words = facts.words;
        let rows = self.rows(offer, facts.offers, words, facts.now);
        let total = rows.len();
        let first = self.first_row.min(total.saturating_sub(facts.rows));
        let chosen = rows.iter().find(|row| row.is_chosen).cloned();
        let rows: Vec<Row> = rows.into_iter().skip(first).take(facts.rows).collect();
        let heading = (!facts.is_compact).then(|| words.continue_from.clone());
        let can_recover = chosen.is_some();
        let (decline, keeps) = match offer.is_some_and(|offer| offer.fork.is_some()) {
            true => (words.set_aside.clone(), words.set_aside_keeps.clone()),
            false => (words.start_fresh.clone(), words.start_fresh_keeps.clone()),
        };
        if total > 0 {
            view.body = Body::Choices(Choices { heading, rows, first, total, chosen, keeps });
        }
        if offer.is_some() {
            view.buttons.push((Does::Details, words.details.clone(), false));
            view.buttons.push((Does::StartFresh, decline, !can_recover));
        } else {
            view.buttons.push((Does::StartFresh, words.ok.clone(), !can_recover));
        }
        if can_recover {
            view.buttons.push((Does::Recover, words.recover.clone(), true));
        }
    }

    /// Everything that is listed, with what can't be chosen.
    fn rows(
        &self,
        offer: Option<&RecoveryOffer>,
        offers: &RecoveryOffers,
        words: &SessionStrings,
        now: Timestamp,
    ) -> Vec<Row> {
        let Some(offer) = offer else {
            let slots = self.lost.iter().flat_map(|lost| &lost.slots);
            let slots = slots.map(|slot| self.slot_row(slot, words));
            let backups = self.lost.iter().flat_map(|lost| lost.backups(offers));
            return slots.chain(backups.map(|it| self.backup_row(it, words, now))).collect();
        };
        let backups = offers.backups_for(offer).map(|it| self.backup_row(it, words, now));
        if offers.has_only_backups(offer) {
            return backups.collect();
        }
        let checkpoints = offer.checkpoints.iter();
        let checkpoints = checkpoints.map(|listed| self.checkpoint_row(offer, listed, words));
        let slots = offer.slots.iter().map(|slot| self.slot_row(slot, words));
        let options = offer.options.iter().enumerate();
        let options = options.map(|(place, option)| self.option_row(offer, place, option, words));
        let mut rows: Vec<Row> = checkpoints.chain(slots).chain(options).collect();
        // If a backup is proposed, backups come first.
        let place = if offers.proposed_backup(offer).is_some() { 0 } else { rows.len() };
        rows.splice(place..place, backups);
        rows
    }

    /// The number of rows.
    pub(super) fn row_count(&self, offers: &RecoveryOffers) -> usize {
        match self.shown(offers) {
            Some(offer) if offers.has_only_backups(offer) => offers.backups_for(offer).count(),
            Some(offer) => {
                let listed = offer.checkpoints.len() + offer.slots.len() + offer.options.len();
                listed + offers.backups_for(offer).count()
            }
            None => {
                self.lost.as_ref().map_or(0, |lost| lost.slots.len() + lost.backups(offers).len())
            }
        }
    }

    /// The row at a place of the whole list.
    pub(super) fn choice_at(&self, offers: &RecoveryOffers, row: usize) -> Option<Choice> {
        let words = SessionStrings::default();
        let rows = self.rows(self.shown(offers), offers, &words, Timestamp::UNIX_EPOCH);
        rows.get(row).filter(|row| !row.is_damaged).map(|row| row.choice)
    }

    fn checkpoint_row(
        &self,
        offer: &RecoveryOffer,
        listed: &OfferedCheckpoint,
        words: &SessionStrings,
    ) -> Row {
        let choice = Choice::Checkpoint(listed.id);
        let kind = words.checkpoint_kind(listed.kind);
        let label = listed.label.as_deref().filter(|label| !label.trim().is_empty());
        let is_damaged = listed.validity == Validity::Damaged || self.has_failed(offer, choice);
        let fit = words.version_fit(listed.fit).map(str::to_owned);
        Row {
            choice,
            title: shortened(label.unwrap_or(kind), 48),
            detail: words.moment_of(listed.age, &listed.summary.chapters),
            played: words.played(listed.play_time),
            picture: picture_near(offer, listed),
            mark: if is_damaged { Some(words.damaged.clone()) } else { fit },
            is_damaged,
            is_chosen: !is_damaged && self.chosen == choice,
        }
    }

    fn slot_row(&self, slot: &SlotEntry, words: &SessionStrings) -> Row {
        let choice = Choice::Slot(slot.id);
        let has_failed = self.tried.contains(&(slot.session.id, choice));
        let is_damaged = slot.validity == Validity::Damaged || has_failed;
        let kind = words.slot_kind(slot.kind);
        let name = if slot.name.trim().is_empty() { kind } else { &slot.name };
        Row {
            choice,
            title: shortened(name, 48),
            detail: kind.to_owned(),
            played: words.played(slot.play_time),
            picture: slot.thumbnail.then_some(AttachmentOf::Slot(slot.id)),
            mark: is_damaged.then(|| words.damaged.clone()),
            is_damaged,
            is_chosen: !is_damaged && self.chosen == choice,
        }
    }

    fn backup_row(&self, backup: &OfferedBackup, words: &SessionStrings, now: Timestamp) -> Row {
        let choice = Choice::Backup(backup.number);
        let is_damaged = backup.failure.is_some();
        let kind = match backup.save.kind {
            ExternalSaveKind::Auto => words.checkpoint_kind(CheckpointKind::Auto),
            ExternalSaveKind::Quick => words.slot_kind(SlotKind::Quick),
            ExternalSaveKind::Exit => words.slot_kind(SlotKind::Exit),
            _ => words.slot_kind(SlotKind::Manual),
        };
        let name = if backup.save.name.trim().is_empty() { kind } else { &backup.save.name };
        Row {
            choice,
            title: shortened(name, 48),
            detail: kind.to_owned(),
            played: words.ago(Some(backup.save.time), now),
            picture: None,
            mark: is_damaged.then(|| words.damaged.clone()),
            is_damaged,
            is_chosen: !is_damaged && self.chosen == choice,
        }
    }

    fn option_row(
        &self,
        offer: &RecoveryOffer,
        place: usize,
        option: &OfferedOption,
        words: &SessionStrings,
    ) -> Row {
        let choice = Choice::Option(place);
        let has_failed = self.has_failed(offer, choice);
        Row {
            choice,
            title: shortened(&option.label, 48),
            detail: words.kind_option.clone(),
            played: String::new(),
            picture: None,
            mark: has_failed.then(|| words.not_available.clone()),
            is_damaged: has_failed,
            is_chosen: !has_failed && self.chosen == choice,
        }
    }

    fn has_failed(&self, offer: &RecoveryOffer, choice: Choice) -> bool {
        self.tried.contains(&(offer.session.id, choice))
    }

    fn report_line(&self, words: &SessionStrings) -> Option<String> {
        match &self.report {
            Report::NotAsked => None,
            Report::Writing(_) => Some(words.saving_report.clone()),
            Report::Written(path) => {
                let path = path.display().to_string();
                Some(fill(&words.report_saved, &[("path", &path)]))
            }
            Report::Failed(error) => {
                Some(fill(&words.report_failed, &[("reason", words.why_request_failed(error))]))
            }
        }
    }
}

fn why<'a>(failure: &'a Failure, words: &'a SessionStrings) -> &'a str {
    match failure {
        Failure::Rejected(error) | Failure::NotDeclined(error) => words.why_request_failed(error),
        Failure::Damaged | Failure::NotLoaded => &words.reason_damaged,
    }
}

fn details(offer: &RecoveryOffer, facts: Facts) -> Vec<(String, String)> {
    let words = facts.words;
    let mut lines = vec![(words.what_happened.clone(), words.story(offer, facts.now))];
    if let HowItEnded::Crashed(panic) = &offer.cause {
        lines.push((words.message.clone(), shortened(&panic.message, 240)));
        if let Some(place) = &panic.place {
            lines.push((words.place.clone(), shortened(place, 120)));
        }
    }
    if let Some(died_at) = offer.died_at {
        let seen = died_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        lines.push((words.last_seen.clone(), seen));
    }
    lines.extend(alerts_at_the_end(offer, facts));
    let version = &offer.session.context.game_version;
    if !version.is_empty() {
        lines.push((words.game_version.clone(), shortened(version, 60)));
    }
    lines.push((words.files.clone(), shortened(&offer.directory.display().to_string(), 200)));
    lines
}

/// The alerts that stood when the process died that played it. Their sentences are for operators, and in English.
fn alerts_at_the_end(offer: &RecoveryOffer, facts: Facts) -> Vec<(String, String)> {
    let played = facts.previous.filter(|previous| previous.session == Some(offer.session.id));
    let alerts = played.map(|previous| &*previous.alerts).unwrap_or_default();
    let line = |alert: &StandingAlert| {
        let what = shortened(&format!("{}: {}", alert.code, alert.what), 120);
        (facts.words.alert_stood.clone(), what)
    };
    alerts.iter().take(ALERTS).map(line).collect()
}

fn progress(activity: SessionActivity, stalled: bool, words: &SessionStrings) -> Body {
    let text = match activity.restore() {
        Some(RestorePhase::WaitingForGate) if stalled => &words.restoring_stalled,
        _ => restoring(activity, words),
    };
    Body::Progress { share: restored_share(activity), text: text.clone() }
}

/// The picture of a checkpoint, or of a moment just before it.
fn picture_near(offer: &RecoveryOffer, listed: &OfferedCheckpoint) -> Option<AttachmentOf> {
    let near = listed.play_time.saturating_sub(NEAR)..=listed.play_time;
    let mut pictured = offer.checkpoints.iter().filter(|before| before.thumbnail);
    let picture = pictured.find(|before| near.contains(&before.play_time))?;
    Some(AttachmentOf::Checkpoint { session: offer.session.id, checkpoint: picture.id })
}

#[cfg(test)]
mod tests {
    use bevy_session::CheckpointId;
    use bevy_session::checkpoints::RunId;

    use super::*;
    use bevy_session_journal::internal::deep::offers;
    use std::time::Duration;

    #[test]
    fn a_checkpoint_without_a_picture_shows_that_of_one_shortly_before() {
        let id = |counter| CheckpointId { run: RunId(1), counter };
        let taken = |counter, seconds, thumbnail| {
            let mut listed = offers::offered(id(counter), Duration::from_secs(seconds));
            listed.thumbnail = thumbnail;
            listed
        };
        let all =
            vec![taken(4, 61, false), taken(3, 55, false), taken(2, 52, true), taken(1, 9, false)];
        let offer = offers::offer(all, id(4));
        let pictures = offer.checkpoints.iter().map(|listed| picture_near(&offer, listed));
        let of = |counter| AttachmentOf::Checkpoint {
            session: offer.session.id,
            checkpoint: id(counter),
        };
        assert_eq!(pictures.collect::<Vec<_>>(), [Some(of(2)), Some(of(2)), Some(of(2)), None]);
    }
}
