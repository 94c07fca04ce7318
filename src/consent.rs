//! Consent by purpose: the uses of a player's data that the player has agreed to.
//!
//! [`Consent`] is kept with the player, in the directory of the profile. [`SessionPlugin::ask_consent`] says which
//! [`Purpose`]s are off until the player agrees; the others are on until the player withdraws.
//!
//! | purpose | while it isn't given |
//! | --- | --- |
//! | [`Insights`](Purpose::Insights) | no figures, marks and hints are made; figures from before are removed |
//! | [`Recording`](Purpose::Recording) | no events, inputs and frames are recorded; those from before stay until they are erased |
//! | [`Reports`](Purpose::Reports) | requests for a report are rejected with [`ConsentNotGiven`] |
//! | [`Replica`](Purpose::Replica) | nothing is sent to the replica, and nothing counts as late |
//!
//! [`SessionPlugin::ask_consent`]: crate::SessionPlugin::ask_consent
//! [`ConsentNotGiven`]: crate::RequestError::ConsentNotGiven

use std::collections::{BTreeMap, BTreeSet};

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::{ErasedConsent, KeptConsents, PlayerConsent};
pub use bevy_session_journal::{ConsentAnswer, Purpose};
use jiff::{SignedDuration, Timestamp};

/// The purposes to which the player has agreed.
///
/// It holds the answers of all players of the profile. [`player`](Self::player) says whose count now: the player of the
/// played session if that names one, or else the one that the game has set. A change counts from the frame in which it is
/// made, and is kept, but for a start in which sessions are off or [policies](crate::SessionPlugin::policies) can't be read.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::consent::{Consent, Purpose};
///
/// fn the_box_was_unticked(mut consent: ResMut<Consent>) {
///     consent.withdraw(Purpose::Insights);
/// }
/// # bevy::ecs::system::assert_is_system(the_box_was_unticked);
/// ```
#[derive(Resource, Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(opaque, Resource, Clone, PartialEq, Debug, Default))]
pub struct Consent {
    /// The purposes that are off until they are given.
    asked: Vec<Purpose>,
    /// The version of the text.
    version: u32,
    /// The player of the played session, if that names one.
    played: Option<String>,
    /// The player that the game has set.
    set: Option<String>,
    /// The answers of who plays without a name.
    unnamed: PlayerConsent,
    named: BTreeMap<String, PlayerConsent>,
    /// The answers that the writer doesn't have yet, by player and purpose, each with the time of the one that it replaces.
    unwritten: BTreeMap<Option<String>, BTreeMap<Purpose, Option<Timestamp>>>,
    /// Some player of the profile has answered what can't be read.
    is_incomplete: bool,
    /// The players whose answers are to be erased.
    leaving: BTreeSet<String>,
    /// The purposes that any player of the profile has withdrawn, which each frame asks.
    withdrawn: Vec<Purpose>,
}

impl Consent {
    /// Nobody has answered yet.
    pub(crate) fn new(asked: &[Purpose], version: u32) -> Self {
        Self { asked: asked.to_vec(), version, ..Self::default() }
    }

    /// The player whose answers count now; `None` is the person of a profile in which no player is named.
    #[must_use]
    pub fn player(&self) -> Option<&str> {
        self.played.as_deref().or(self.set.as_deref())
    }

    /// Sets whose answers count while no session is played that names its player: in a menu, where the game knows who sits
    /// there. It holds after such a session as well. A change of profile sets it to `None`.
    pub fn set_player(&mut self, player: Option<&str>) {
        self.set = player.map(str::to_owned);
    }

    /// The player of the played session; `None` if that names none, or none is played.
    pub(crate) fn played_by(&self) -> Option<&str> {
        self.played.as_deref()
    }

    /// Sets the player of the played session.
    pub(crate) fn note_played(&mut self, player: Option<&str>) {
        self.played = player.map(str::to_owned);
    }

    /// The player agrees to this, in the [version](crate::SessionPlugin::consent_version) of today.
    pub fn give(&mut self, purpose: Purpose) {
        self.note(purpose, true);
    }

    /// The player doesn't agree to this, or no longer.
    pub fn withdraw(&mut self, purpose: Purpose) {
        self.note(purpose, false);
    }

    /// Returns true if the player agrees to this: if the player said so, in the version of today, or, unless it is to be
    /// [asked](crate::SessionPlugin::ask_consent), hasn't withdrawn it.
    #[must_use]
    pub fn is_given(&self, purpose: Purpose) -> bool {
        self.is_given_by(self.player(), purpose)
    }

    /// Returns true if this is to be [asked](crate::SessionPlugin::ask_consent): it is off until a player agrees.
    #[must_use]
    pub fn is_asked(&self, purpose: Purpose) -> bool {
        self.asked.contains(&purpose)
    }

    /// Returns true if any player of the profile agrees to this, or if it needn't be
    /// [asked](crate::SessionPlugin::ask_consent).
    #[must_use]
    pub fn is_given_by_any(&self, purpose: Purpose) -> bool {
        let mut answered = self.answered_by(purpose);
        !self.is_asked(purpose) || answered.any(|player| self.is_given_by(player, purpose))
    }

    /// Returns true if this player agrees to this, as [`is_given`](Self::is_given) has it of the one whose answers count now;
    /// `None` is the person who plays without a name.
    #[must_use]
    pub fn is_given_by(&self, player: Option<&str>, purpose: Purpose) -> bool {
        let asked = self.asked_in(purpose);
        self.of(player).map_or(asked.is_none(), |consent| consent.agrees(purpose, asked))
    }

    /// The version of the text of today, if this is to be asked.
    pub(crate) fn asked_in(&self, purpose: Purpose) -> Option<u32> {
        self.is_asked(purpose).then_some(self.version)
    }

    /// The players of the profile who have answered this in any way; `None` is the person who plays without a name, also if
    /// answers of the profile can't be read that may be that person's.
    pub fn answered_by(&self, purpose: Purpose) -> impl Iterator<Item = Option<&str>> {
        let may_have_answered = self.is_incomplete && self.is_asked(purpose);
        let has_answered = move |consent: &&PlayerConsent| {
            consent.answers.contains_key(purpose.name())
                || (may_have_answered && consent.player.is_none())
        };
        self.all().filter(has_answered).map(|consent| consent.player.as_deref())
    }

    /// The player's answer to this, and when it was given; `None` if there is none.
    #[must_use]
    pub fn answer(&self, purpose: Purpose) -> Option<ConsentAnswer> {
        self.of(self.player())?.answers.get(purpose.name()).copied()
    }

    /// The purposes to be asked that the player hasn't answered, or answered in another version of the text.
    pub fn unanswered(&self) -> impl Iterator<Item = Purpose> {
        let is_answered = |purpose: &Purpose| {
            self.answer(*purpose).is_some_and(|answer| answer.version == self.version)
        };
        self.asked.iter().copied().filter(move |purpose| !is_answered(purpose))
    }

    /// Returns true if all players of the profile agree to this who have answered, and, if it is asked, there is one.
    pub(crate) fn is_given_by_everybody(&self, purpose: Purpose) -> bool {
        let mut answered = self.answered_by(purpose);
        let is_known = !self.is_asked(purpose) || !self.is_incomplete;
        is_known
            && self.is_given_by_any(purpose)
            && answered.all(|player| self.is_given_by(player, purpose))
    }

    /// Returns true if this is given by a player of whom nothing is known.
    pub(crate) fn is_given_by_unknown(&self, purpose: Purpose) -> bool {
        !self.is_asked(purpose) && !self.withdrawn.contains(&purpose)
    }

    /// Takes the answers of the players of a profile in place of those of another.
    pub(crate) fn change_profile(&mut self, kept: KeptConsents) {
        (self.unnamed, self.named) = Default::default();
        (self.unwritten, self.leaving) = Default::default();
        (self.played, self.set) = Default::default();
        self.add_kept(kept);
    }

    /// Takes the answers that are kept of the players. What was answered since is newer.
    pub(crate) fn add_kept(&mut self, kept: KeptConsents) {
        self.is_incomplete = !kept.is_complete;
        for mut consent in kept.players {
            for (purpose, replaced) in self.unwritten.get_mut(&consent.player).into_iter().flatten()
            {
                if let Some(answer) = consent.answers.remove(purpose.name()) {
                    *replaced = answer.at.max(*replaced);
                }
            }
            self.of_mut(consent.player.clone()).merge(consent);
        }
        self.sum_up();
    }

    /// The answers of a player are erased later, once nothing else of theirs is left. What the player says until then stays,
    /// also if it is the same again.
    pub(crate) fn expect_erasure(&mut self, player: &str) {
        self.leaving.insert(player.to_owned());
    }

    /// Forgets the answers that were erased with their player.
    pub(crate) fn forget(&mut self, erased: &ErasedConsent) {
        self.leaving.retain(|player| !erased.is_of(Some(player)));
        self.named.retain(|player, consent| {
            if erased.is_of(Some(player)) {
                consent.forget_until(erased.until);
            }
            !consent.answers.is_empty()
        });
        self.sum_up();
    }

    /// Returns true if there are answers that the writer doesn't have.
    pub(crate) fn is_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Takes the answers that were given since the last time, which is now.
    pub(crate) fn take_unwritten(&mut self, now: Timestamp) -> Vec<PlayerConsent> {
        let unwritten = std::mem::take(&mut self.unwritten).into_iter();
        type OfPlayer = (Option<String>, BTreeMap<Purpose, Option<Timestamp>>);
        let of_player = |(player, purposes): OfPlayer| {
            let mut new = PlayerConsent { player: player.clone(), ..PlayerConsent::default() };
            let consent = self.of_mut(player);
            let answered_at = consent.answered_at();
            let known = &mut consent.answers;
            for (purpose, replaced) in purposes {
                if let Some(answer) = known.get_mut(purpose.name()) {
                    answer.at = Some(later_than(replaced.max(answered_at), now));
                    new.answers.insert(purpose.name().to_owned(), *answer);
                }
            }
            new
        };
        unwritten.map(of_player).collect()
    }

    fn note(&mut self, purpose: Purpose, is_given: bool) {
        let (player, version) = (self.player().map(str::to_owned), self.version);
        let answers = self.of(player.as_deref()).map(|consent| &consent.answers);
        let known = answers.and_then(|answers| answers.get(purpose.name()));
        let is_same =
            known.is_some_and(|known| (known.is_given, known.version) == (is_given, version));
        let replaced = known.and_then(|known| known.at);
        // The same answer keeps its time.
        if is_same && !player.as_ref().is_some_and(|player| self.leaving.contains(player)) {
            return;
        }
        let answers = &mut self.of_mut(player.clone()).answers;
        answers.insert(purpose.name().to_owned(), ConsentAnswer { is_given, version, at: None });
        self.unwritten.entry(player).or_default().entry(purpose).or_insert(replaced);
        self.sum_up();
    }

    fn of(&self, player: Option<&str>) -> Option<&PlayerConsent> {
        match player {
            Some(player) => self.named.get(player),
            None => Some(&self.unnamed),
        }
    }

    fn of_mut(&mut self, player: Option<String>) -> &mut PlayerConsent {
        match player {
            Some(name) => self.named.entry(name.clone()).or_insert_with(|| PlayerConsent {
                player: Some(name),
                ..PlayerConsent::default()
            }),
            None => &mut self.unnamed,
        }
    }

    fn all(&self) -> impl Iterator<Item = &PlayerConsent> {
        std::iter::once(&self.unnamed).chain(self.named.values())
    }

    /// Notes what any player has withdrawn.
    fn sum_up(&mut self) {
        let is_withdrawn = |purpose: &Purpose| {
            let mut answers = self.all().filter_map(|consent| consent.answers.get(purpose.name()));
            answers.any(|answer| !answer.is_given)
        };
        self.withdrawn = Purpose::ALL.into_iter().filter(is_withdrawn).collect();
    }
}

/// The time of an answer. A clock that was set back doesn't make it older than the answer that it replaces.
fn later_than(replaced: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let Some(replaced) = replaced else { return now };
    let next = replaced.checked_add(SignedDuration::from_nanos(1)).unwrap_or(replaced);
    next.max(now)
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::internal::model::session::consent_stem;

    use super::*;

    fn all_of(players: Vec<PlayerConsent>) -> KeptConsents {
        KeptConsents { players, is_complete: true }
    }

    fn asked(version: u32) -> Consent {
        Consent::new(&[Purpose::Insights], version)
    }

    #[test]
    fn asked_purposes_are_off_until_given_and_others_on_until_withdrawn() {
        let mut consent = asked(1);
        let given = |consent: &Consent| Purpose::ALL.map(|purpose| consent.is_given(purpose));
        assert_eq!(given(&consent), [false, true, true, true]);
        assert!(consent.unanswered().eq([Purpose::Insights]));
        consent.give(Purpose::Insights);
        consent.withdraw(Purpose::Replica);
        assert_eq!(given(&consent), [true, true, true, false]);
        assert_eq!(consent.unanswered().count(), 0);
        consent.withdraw(Purpose::Insights);
        assert!(!consent.is_given(Purpose::Insights));
        assert_eq!(consent.unanswered().count(), 0, "no is an answer");
    }

    #[test]
    fn another_version_of_the_text_is_another_question() {
        let mut before = asked(1);
        before.give(Purpose::Insights);
        before.give(Purpose::Reports);
        before.withdraw(Purpose::Recording);
        let kept = before.take_unwritten(Timestamp::UNIX_EPOCH);
        let mut after = asked(2);
        after.change_profile(all_of(kept));
        assert!(!after.is_given(Purpose::Insights) && after.is_given(Purpose::Reports));
        assert!(!after.is_given_by_any(Purpose::Insights), "nobody has agreed to the new text");
        assert!(!after.is_given(Purpose::Recording), "no stays no");
        assert!(after.unanswered().eq([Purpose::Insights]));
        assert_eq!(after.answer(Purpose::Insights).map(|answer| answer.version), Some(1));
    }

    #[test]
    fn each_player_has_answers_of_their_own() {
        let mut consent = asked(1);
        consent.set_player(Some("Ann"));
        consent.give(Purpose::Insights);
        consent.set_player(Some("Ben"));
        assert!(!consent.is_given(Purpose::Insights));
        assert!(consent.is_given_by_any(Purpose::Insights), "Ann's may be made");
        consent.withdraw(Purpose::Insights);
        assert!(consent.answered_by(Purpose::Insights).eq([Some("Ann"), Some("Ben")]));
        assert!(consent.is_given_by(Some("Ann"), Purpose::Insights));
        assert!(!consent.is_given_by(None, Purpose::Insights));
        assert_eq!(consent.take_unwritten(Timestamp::UNIX_EPOCH).len(), 2);
        consent.withdraw(Purpose::Reports);
        let stem = consent_stem(Some("Ben"));
        consent.forget(&ErasedConsent { stem, until: Timestamp::UNIX_EPOCH });
        assert!(consent.answered_by(Purpose::Insights).eq([Some("Ann")]));
        assert!(!consent.is_given(Purpose::Reports), "that was said since");
    }

    #[test]
    fn the_player_of_the_session_overrides_the_one_of_the_menu() {
        let mut consent = asked(1);
        consent.withdraw(Purpose::Replica);
        consent.note_played(Some("Ann"));
        consent.set_player(Some("Ben"));
        assert_eq!(consent.player(), Some("Ann"));
        consent.withdraw(Purpose::Recording);
        consent.note_played(None);
        assert_eq!(consent.player(), Some("Ben"));
        assert!(consent.is_given(Purpose::Recording), "Ann has refused it");
        consent.set_player(None);
        assert!(!consent.is_given(Purpose::Replica), "who has no name has refused it");
    }

    #[test]
    fn a_later_answer_is_newer_even_if_the_clock_was_set_back() {
        let mut consent = asked(1);
        consent.give(Purpose::Replica);
        let mut kept = consent
            .take_unwritten(Timestamp::MAX.checked_sub(SignedDuration::from_hours(1)).unwrap());
        consent.withdraw(Purpose::Replica);
        let new = consent.take_unwritten(Timestamp::UNIX_EPOCH).remove(0);
        kept[0].merge(new);
        assert!(!kept[0].answers["replica"].is_given);
    }

    #[test]
    fn an_answer_given_before_the_start_is_newer_than_kept_ones() {
        let mut before = asked(1);
        before.give(Purpose::Insights);
        before.give(Purpose::Reports);
        let kept = before.take_unwritten(Timestamp::UNIX_EPOCH);
        let mut consent = asked(1);
        consent.withdraw(Purpose::Insights);
        consent.add_kept(all_of(kept));
        assert!(!consent.is_given(Purpose::Insights) && consent.answer(Purpose::Reports).is_some());
        let new = consent.take_unwritten(Timestamp::UNIX_EPOCH).remove(0);
        assert!(new.answers.len() == 1 && new.answers["insights"].at > Some(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn an_answer_has_the_time_at_which_it_was_first_given() {
        let mut consent = asked(1);
        consent.give(Purpose::Insights);
        let first = Timestamp::from_second(7).ok();
        assert_eq!(consent.take_unwritten(first.unwrap_or_default()).len(), 1);
        consent.give(Purpose::Insights);
        assert!(!consent.is_unwritten());
        assert_eq!(consent.answer(Purpose::Insights).and_then(|answer| answer.at), first);
    }
}
