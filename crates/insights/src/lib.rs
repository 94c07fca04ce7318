#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod advice;
mod deed;
mod effect;
mod figure;
mod gathering;
mod lessons;
mod logged;
mod mark;
mod measure;
mod page;
mod questions;
mod reader;
mod report;
mod scores;
mod session;
mod skill;
mod skills;
pub mod statistics;
mod story;
mod study;
mod suggestion;
mod unusual;
mod withheld;

pub use advice::Situation;
pub use deed::{Deed, DeedKind};
pub use effect::Effect;
pub use figure::{Distribution, Figure};
pub use gathering::WITHHELD;
pub use lessons::{
    Comparison, FigurePair, FigureTrend, Hardness, Leaving, Lessons, LevelReport, ScenarioReport,
    Side, SuggestionReport, TrendStep,
};
pub use mark::Mark;
pub use measure::{Choice, Measure, Outcome};
pub use questions::Questions;
pub use reader::{DeclaredSkills, InsightsReader};
pub use report::{
    CalendarReport, ChapterReport, EndingsReport, InsightsReport, ObjectiveReport, TimesReport,
    WeekReport,
};
pub use scores::Weights;
pub use session::{
    ChapterInsights, GridCell, ObjectiveInsights, Said, SessionAbout, SessionInsights, SessionTimes,
};
pub use skill::{Attempt, Sitting, Skill, SkillRecord, Tally};
pub use skills::{CurvePoint, SkillReport};
pub use statistics::Estimate;
pub use story::{CountedText, Learnt, StorySoFar, StoryTexts, story_so_far};
pub use study::Study;
pub use suggestion::{
    Suggested, Suggestion, SuggestionKind, SuggestionMade, SuggestionReason, SuggestionStep,
};
pub use unusual::UnusualSession;
pub use withheld::WithheldPlayers;
