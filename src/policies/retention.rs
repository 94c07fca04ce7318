//! The section `retention`: which sessions are kept.

use bevy::prelude::*;
use bevy_session_journal::{Archived, Keep, LeftAs, LetGo, Retention};
use serde::Deserialize;

use super::PolicySection;
use super::values::{SomeBytes, SomeTime};
use crate::lifecycle::CleanupPolicy;

#[derive(Deserialize, Default)]
#[serde(rename = "retention", deny_unknown_fields, default)]
pub(super) struct RetentionSection {
    closed: Option<Rule>,
    completed: Option<Rule>,
    failed: Option<Rule>,
    abandoned: Option<Rule>,
    declined_crash: Option<Rule>,
    total_bytes: Option<SomeBytes>,
    let_go: WrittenLetGo,
}

/// A rule that keeps something.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "WrittenRule")]
struct Rule(Keep);

#[derive(Deserialize, Default)]
#[serde(rename = "rule", deny_unknown_fields, default)]
struct WrittenRule {
    within: Option<SomeTime>,
    newest: usize,
    daily: usize,
    weekly: usize,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename = "let_go", rename_all = "snake_case")]
enum WrittenLetGo {
    #[default]
    Trash,
    Archive(Kept),
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename = "archive", rename_all = "snake_case")]
enum Kept {
    WithWorld,
    SummaryOnly,
}

impl TryFrom<WrittenRule> for Rule {
    type Error = &'static str;

    fn try_from(rule: WrittenRule) -> Result<Self, Self::Error> {
        let WrittenRule { within, newest, daily, weekly } = rule;
        if within.is_none() && newest == 0 && daily == 0 && weekly == 0 {
            return Err("a rule keeps something: expected `within`, `newest`, `daily` or `weekly`");
        }
        let keep = within.map_or_else(Keep::default, |within| Keep::within(within.0));
        Ok(Self(keep.or_newest(newest).or_daily(daily).or_weekly(weekly)))
    }
}

impl PolicySection for RetentionSection {
    const NAME: &'static str = "retention";

    /// Replaces the rules of the code: those of the first cleanup, and of each later one.
    fn apply(self, world: &mut World) {
        let rules = [
            (LeftAs::Closed, self.closed),
            (LeftAs::Completed, self.completed),
            (LeftAs::Failed, self.failed),
            (LeftAs::Abandoned, self.abandoned),
            (LeftAs::DeclinedCrash, self.declined_crash),
        ];
        let mut retention = Retention::default().let_go(self.let_go.into());
        for (left, rule) in rules {
            if let Some(Rule(keep)) = rule {
                retention = retention.keep(left, keep);
            }
        }
        if let Some(SomeBytes(bytes)) = self.total_bytes {
            retention = retention.total_bytes(bytes);
        }
        world.get_resource_or_init::<CleanupPolicy>().retention = Some(retention);
    }
}

impl From<WrittenLetGo> for LetGo {
    fn from(written: WrittenLetGo) -> Self {
        match written {
            WrittenLetGo::Trash => Self::Trash,
            WrittenLetGo::Archive(Kept::WithWorld) => Self::Archive(Archived::WithWorld),
            WrittenLetGo::Archive(Kept::SummaryOnly) => Self::Archive(Archived::SummaryOnly),
        }
    }
}
