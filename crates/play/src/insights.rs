//! Insights: what sessions say about how they are played, each by itself and all together.
//!
//! What is made of a log, and what of many sessions, is `bevy_session_insights`, which knows no engine, so that the tool
//! says the same. Here is what happens while a game runs.
//!
//! | module of `insights` | what it is |
//! | --- | --- |
//! | `settings` | what a game names: its types, scores, questions |
//! | `marks`, `drawing`, `windows`, `scoring` | what gets into the log, or is drawn from it |
//! | `learning` | lessons, made in a task of what the plugin's digester knows |
//! | `suggesting`, `hints`, `consent` | what the player gets of it, and has to say about it |
//! | `plugin` | puts it together |
//!
//! In `crates/insights`: `gathering` makes a [`SessionInsights`] of a log, one event after the other, `passing` is what time
//! goes to. Time passes from one event of the line to the next, by play time, and goes to the state before.
//! Nothing is read of checkpoints: chapters, states and objectives are in the log, and reading a column of a large
//! one costs as much as a restore. `study` holds sessions against each other, in columns that are kept, and
//! `statistics` says what can be claimed.

mod consent;
mod drawing;
mod hints;
mod learning;
mod marks;
mod plugin;
mod scoring;
mod settings;
mod suggesting;
#[cfg(feature = "window")]
mod windows;

pub use bevy_session_insights::{
    Attempt, CalendarReport, ChapterInsights, ChapterReport, Choice, Comparison, CountedText,
    CurvePoint, Deed, DeedKind, Distribution, Effect, EndingsReport, Estimate, Figure, FigurePair,
    FigureTrend, GridCell, Hardness, InsightsReport, Learnt, Leaving, Lessons, LevelReport, Mark,
    Measure, ObjectiveInsights, ObjectiveReport, Outcome, Questions, Said, ScenarioReport,
    SessionAbout, SessionInsights, SessionTimes, Side, Situation, Skill, SkillRecord, SkillReport,
    StorySoFar, StoryTexts, Suggested, Suggestion, SuggestionKind, SuggestionReason,
    SuggestionReport, SuggestionStep, Tally, TimesReport, TrendStep, UnusualSession, WeekReport,
    Weights, statistics, story_so_far,
};
pub use drawing::DrawnSkill;
pub use hints::FailureRepeated;
pub use learning::{LessonsLearnt, SessionsLessons, SkillsExt};
pub use marks::{InsightMark, InsightsCommands, InsightsCommandsExt};
pub use plugin::{InsightsExt, SessionsInsights};
pub use settings::Insights;
pub use suggesting::suggestions;
