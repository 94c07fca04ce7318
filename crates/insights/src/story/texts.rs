//! The words of the story, in the languages that are shipped.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Learnt, StorySoFar};
use crate::deed::DeedKind;
use crate::skill::Tally;
use crate::statistics::{Estimate, rate};
use crate::suggestion::{Suggestion, SuggestionReason};

/// A text that counts something: `one` for 1, `other` for everything else, with `{n}` for the number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CountedText {
    /// The text for the number 1.
    pub one: String,
    /// The text for all other numbers.
    pub other: String,
}

impl CountedText {
    fn new(one: &str, other: &str) -> Self {
        Self { one: one.to_owned(), other: other.to_owned() }
    }

    fn of(&self, number: u64) -> String {
        let text = if number == 1 { &self.one } else { &self.other };
        text.replace("{n}", &number.to_string())
    }
}

/// Declares the texts with their English and German, so that none can be declared and forgotten.
macro_rules! texts {
    ($($(#[$attribute:meta])* $name:ident: $english:expr, $german:expr;)*) => {
        /// The words of a story. English and German are shipped; of another language, which may come from a file, what
        /// isn't named stays English. Parts in braces are filled in.
        ///
        /// ```
        /// use bevy_session_insights::StoryTexts;
        ///
        /// let pirates: StoryTexts = ron::from_str(r#"(next: "Now to {next}, ye dogs!")"#)?;
        /// assert_eq!(pirates.started, StoryTexts::english().started);
        /// # Ok::<(), ron::error::SpannedError>(())
        /// ```
        #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct StoryTexts {
            $($(#[$attribute])* pub $name: String,)*
            /// The player's deaths: `{n}`.
            pub died: CountedText,
            /// Some days ago: `{n}`.
            pub days_ago: CountedText,
            /// Some weeks ago: `{n}`.
            pub weeks_ago: CountedText,
        }

        impl StoryTexts {
            /// In English.
            #[must_use]
            pub fn english() -> Self {
                Self {
                    $($name: $english.to_owned(),)*
                    died: CountedText::new("There was a death.", "There were {n} deaths."),
                    days_ago: CountedText::new("yesterday", "{n} days ago"),
                    weeks_ago: CountedText::new("a week ago", "{n} weeks ago"),
                }
            }

            /// In German.
            #[must_use]
            pub fn german() -> Self {
                Self {
                    $($name: $german.to_owned(),)*
                    died: CountedText::new("Es gab einen Tod.", "Es gab {n} Tode."),
                    days_ago: CountedText::new("gestern", "vor {n} Tagen"),
                    weeks_ago: CountedText::new("vor einer Woche", "vor {n} Wochen"),
                }
            }
        }
    };
}

texts! {
    /// The last player, and when they played: `{player}`, `{session}`, `{when}`, `{play}`.
    opening_of_player: "{player} last played “{session}” {when}, {play} in all.",
        "{player} hat „{session}“ zuletzt {when} gespielt, insgesamt {play}.";
    /// The same if no player is named: `{session}`, `{when}`, `{play}`.
    opening: "“{session}” was last played {when}, {play} in all.",
        "„{session}“ wurde zuletzt {when} gespielt, insgesamt {play}.";
    /// Within a day.
    today: "today", "heute";
    /// If it isn't known when.
    some_time_ago: "some time ago", "vor einiger Zeit";
    /// A time of less than an hour: `{minutes}`.
    minutes: "{minutes} min", "{minutes} Minuten";
    /// A longer time: `{hours}`, `{minutes}`.
    hours: "{hours} h {minutes} min", "{hours} Std. {minutes} Min";
    /// The session was started.
    started: "A new game began.", "Ein neues Spiel begann.";
    /// `{name}`.
    chapter_begun: "“{name}” began.", "„{name}“ begann.";
    /// `{name}`.
    chapter_completed: "“{name}” was completed.", "„{name}“ wurde geschafft.";
    /// `{name}`.
    chapter_failed: "“{name}” was failed.", "„{name}“ ging verloren.";
    /// `{name}`.
    chapter_abandoned: "“{name}” was abandoned.", "„{name}“ wurde aufgegeben.";
    /// `{name}`.
    objective_completed: "Done: “{name}”.", "Erledigt: „{name}“.";
    /// `{name}`.
    objective_failed: "Failed: “{name}”.", "Gescheitert: „{name}“.";
    /// An earlier moment was put back.
    went_back: "Time was turned back.", "Die Zeit wurde zurückgedreht.";
    /// After a crash.
    recovered: "The game crashed, and what was saved came back.",
        "Das Spiel stürzte ab, und das Gespeicherte kam zurück.";
    /// A note of the player on what they learnt: `{text}`.
    wrote: "Learnt: {text}", "Gelernt: {text}";
    /// A skill that goes better: `{skill}`, `{from}`, `{to}` of a hundred, `{n}` attempts.
    better: "{skill}: from {from} % to {to} % of {n} attempts.",
        "{skill}: von {from} % auf {to} % von {n} Versuchen.";
    /// Why a hint is suggested: `{what}`, `{low}`, `{high}` of a hundred, `{n}` attempts.
    skill_is_low: "A hint for “{what}”: of the last {n} attempts {low} to {high} % succeed.",
        "Ein Tipp für „{what}“: von den letzten {n} Versuchen gelingen {low} bis {high} %.";
    /// Why a chapter may be made easier: `{what}`, `{low}`, `{high}`, `{n}` tries.
    chapter_is_hard: "Make “{what}” easier: {low} to {high} % of {n} tries complete it, fewer than of others.",
        "„{what}“ leichter machen: {low} bis {high} % von {n} Anläufen gelingen, weniger als sonst.";
    /// Why a scenario may be made harder: `{what}`, `{low}`, `{high}`, `{n}` games.
    scenario_is_easy: "Make “{what}” harder: {low} to {high} % of {n} games complete it.",
        "„{what}“ schwerer machen: {low} bis {high} % von {n} Spielen werden geschafft.";
    /// Why another scenario may be played: `{what}`, `{low}`, `{high}`, `{n}` games of others.
    others_complete: "Try “{what}”: others complete {low} to {high} % of {n} games.",
        "„{what}“ versuchen: andere schaffen {low} bis {high} % von {n} Spielen.";
    /// Why a break is suggested: `{low}`, `{high}` fewer of a hundred, `{n}` attempts.
    tires: "Take a break: {low} to {high} % fewer of {n} attempts succeed than at first.",
        "Eine Pause machen: von {n} Versuchen gelingen {low} bis {high} % weniger als anfangs.";
    /// The next objective: `{next}`.
    next: "Next: “{next}”.", "Als Nächstes: „{next}“.";
}

impl Default for StoryTexts {
    fn default() -> Self {
        Self::english()
    }
}

impl StoryTexts {
    /// The texts for a language as systems name it, such as `de_DE`; English if none is shipped.
    #[must_use]
    pub fn of_language(language: &str) -> Self {
        let begin: String = language.chars().take_while(char::is_ascii_alphabetic).collect();
        if begin.eq_ignore_ascii_case("de") { Self::german() } else { Self::english() }
    }

    pub(super) fn opening(&self, story: &StorySoFar, now: Timestamp) -> String {
        let (when, play) = (self.when(story.last_played, now), self.duration(story.play));
        let (text, player) = match &story.player {
            Some(player) => (&self.opening_of_player, player.as_str()),
            None => (&self.opening, ""),
        };
        let parts =
            [("player", player), ("when", &when), ("play", &play), ("session", &story.session)];
        filled(text, &parts)
    }

    pub(super) fn deed(&self, deed: &DeedKind) -> String {
        let named = |text: &str, name: &String| filled(text, &[("name", name)]);
        match deed {
            DeedKind::Started => self.started.clone(),
            DeedKind::ChapterBegun(name) => named(&self.chapter_begun, name),
            DeedKind::ChapterCompleted(name) => named(&self.chapter_completed, name),
            DeedKind::ChapterFailed(name) => named(&self.chapter_failed, name),
            DeedKind::ChapterAbandoned(name) => named(&self.chapter_abandoned, name),
            DeedKind::ObjectiveCompleted(name) => named(&self.objective_completed, name),
            DeedKind::ObjectiveFailed(name) => named(&self.objective_failed, name),
            DeedKind::Died(times) => self.died.of(u64::from(*times)),
            DeedKind::WentBack => self.went_back.clone(),
            DeedKind::Recovered => self.recovered.clone(),
        }
    }

    pub(super) fn learnt(&self, learnt: &Learnt) -> String {
        match learnt {
            Learnt::Wrote(text) => filled(&self.wrote, &[("text", text)]),
            Learnt::Changed { skill, from, to, .. } => {
                let percent = |tally: &Tally| {
                    rate(tally.succeeded, tally.all)
                        .map_or_else(String::new, |it| percent(it.value))
                };
                let number = (from.all + to.all).to_string();
                let parts = [
                    ("skill", &**skill),
                    ("from", &percent(from)),
                    ("to", &percent(to)),
                    ("n", &number),
                ];
                filled(&self.better, &parts)
            }
        }
    }

    /// A suggestion with its reason, in a sentence. What is suggested is called by its key, unless this knows a name.
    ///
    /// ```
    /// use bevy_session_insights::{StoryTexts, Suggestion};
    ///
    /// fn words(suggestion: &Suggestion) -> String {
    ///     StoryTexts::english().suggestion(suggestion, |key| (key == "parry").then(|| "Parrying".to_owned()))
    /// }
    /// # let _ = words;
    /// ```
    #[must_use]
    pub fn suggestion(
        &self,
        suggestion: &Suggestion,
        name: impl Fn(&str) -> Option<String>,
    ) -> String {
        let what = &suggestion.suggested.what;
        let what = name(what).unwrap_or_else(|| what.clone());
        let said = |text: &str, estimate: Estimate, samples: &usize| {
            let (low, high) = (percent(estimate.low), percent(estimate.high));
            let number = samples.to_string();
            filled(text, &[("what", &what), ("low", &low), ("high", &high), ("n", &number)])
        };
        match &suggestion.why {
            SuggestionReason::SkillIsLow { rate, samples } => {
                said(&self.skill_is_low, *rate, samples)
            }
            SuggestionReason::ChapterIsHard { rate, samples } => {
                said(&self.chapter_is_hard, *rate, samples)
            }
            SuggestionReason::ScenarioIsEasy { rate, samples } => {
                said(&self.scenario_is_easy, *rate, samples)
            }
            SuggestionReason::OthersComplete { rate, samples } => {
                said(&self.others_complete, *rate, samples)
            }
            SuggestionReason::Tires { change, samples } => {
                let less = Estimate { value: -change.value, low: -change.high, high: -change.low };
                said(&self.tires, less, samples)
            }
        }
    }

    /// The time since something happened. What is still to come was some time ago: a clock was set.
    fn when(&self, then: Option<Timestamp>, now: Timestamp) -> String {
        let passed = then.and_then(|then| Duration::try_from(now.duration_since(then)).ok());
        let days = passed.map(|passed| passed.as_secs() / (24 * 60 * 60));
        match days {
            None => self.some_time_ago.clone(),
            Some(0) => self.today.clone(),
            Some(days @ 1..7) => self.days_ago.of(days),
            Some(days) => self.weeks_ago.of(days / 7),
        }
    }

    fn duration(&self, duration: Duration) -> String {
        let minutes = duration.as_secs() / 60;
        let (hours, rest) = (minutes / 60, (minutes % 60).to_string());
        let text = if hours == 0 { &self.minutes } else { &self.hours };
        filled(text, &[("hours", &hours.to_string()), ("minutes", &rest)])
    }
}

/// A share of a hundred, without a fraction.
fn percent(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}

/// A template with its parts, each filled in once and never looked at again: a name may have braces.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let part = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = parts.iter().find(|(known, _)| *known == name)?;
            Some((*value, after))
        });
        match part {
            Some((value, after)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}
