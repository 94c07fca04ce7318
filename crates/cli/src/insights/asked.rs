//! The questions to all sessions, and the meaning of events in their logs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bevy_session_insights::{Attempt, InsightsReader, Questions, Skill};
use bevy_session_journal::RecordedEvent;
use clap::{Args, ValueHint};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::failure::Failure;
use crate::list::span;

/// The options of `insights`.
#[derive(Args, Debug)]
pub struct Asked {
    /// Write a page to this new file, which any browser opens
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Events of this type are attempts at a skill: `parry=hop::Struck:was_parried`
    ///
    /// FIELD says what came of one: `true`, or how well it went, from 0 to 1, half and more being a success. Attempts that
    /// the game records as such are known without it.
    #[arg(long, value_name = "NAME=TYPE:FIELD")]
    skill: Vec<DrawnFrom>,
    /// Events of this type are deaths of the player
    #[arg(long, value_name = "TYPE")]
    deaths: Vec<String>,
    /// Events of this type are counted
    #[arg(long, value_name = "TYPE")]
    count: Vec<String>,
    /// A session that neither ended nor was touched for so long was left for good
    #[arg(long, value_name = "AGE", value_parser = span, default_value = "14d")]
    left_after: Duration,
}

/// The source of attempts at a skill.
#[derive(Clone, PartialEq, Eq, Debug)]
struct DrawnFrom {
    skill: String,
    path: String,
    field: String,
}

impl FromStr for DrawnFrom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').and_then(|(skill, from)| {
            let (path, field) = from.rsplit_once(':')?;
            let is_whole = !path.ends_with(':') && ![skill, path, field].contains(&"");
            is_whole.then(|| [skill, path, field].map(str::to_owned))
        });
        let [skill, path, field] =
            parts.ok_or("expected NAME=TYPE:FIELD, as parry=hop::Struck:was_parried")?;
        Ok(Self { skill, path, field })
    }
}

/// The value of a field with an attempt's result.
#[derive(Deserialize)]
#[serde(untagged)]
enum Outcome {
    Flag(bool),
    Quality(f32),
    Other(IgnoredAny),
}

impl DrawnFrom {
    fn attempt(&self, event: &RecordedEvent) -> Option<Attempt> {
        let fields: BTreeMap<String, Outcome> = event.decode().ok()?;
        match fields.get(&self.field)? {
            Outcome::Flag(succeeded) => Some(Attempt::new(*succeeded)),
            Outcome::Quality(quality) => Some(Attempt::new(*quality >= 0.5).with_quality(*quality)),
            Outcome::Other(_) => None,
        }
    }
}

impl Asked {
    /// The reader of logs.
    pub fn reader(&self) -> Result<InsightsReader, Failure> {
        let reader = self.count.iter().fold(InsightsReader::default(), InsightsReader::counting);
        let reader = self.deaths.iter().fold(reader, |reader, path| reader.deaths(path, |_| None));
        for drawn in &self.skill {
            let from = drawn.clone();
            let skill = Skill::new(&*drawn.skill)
                .drawn_from_events(&*drawn.path, move |event| from.attempt(event));
            if !reader.declared_skills().declare(skill) {
                return Err(Failure::usage(format!("the skill {} is named twice", drawn.skill)));
            }
        }
        Ok(reader)
    }

    /// The questions to the sessions.
    pub fn questions(&self) -> Questions {
        Questions::default().left_after(self.left_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skill_is_named_with_its_type_and_field() {
        let from = |text: &str| text.parse::<DrawnFrom>().ok();
        let parry = from("parry=hop::Struck:was_parried").unwrap();
        assert_eq!([parry.skill, parry.path, parry.field], ["parry", "hop::Struck", "was_parried"]);
        for wrong in ["parry", "parry=hop::Struck", "=hop::Struck:it", "parry=:it", "parry=hop:"] {
            assert_eq!(from(wrong), None, "{wrong}");
        }
    }
}
