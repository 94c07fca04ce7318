#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod crew;
mod insights;
mod line;
mod notes;
mod objectives;

pub use crew::{
    Characters, Crew, CrewChange, CrewCommands, CrewCommandsExt, CrewDeed, CrewExt, CrewMember,
    CrewPlugin, CrewRefusal, CrewRejected, CrewRequest, CrewRestored, CrewStep, CrewSystems,
    DeedOutcome, PlayedBy, PlayerId, PlayerIdError, Right, Rights, Role,
};
pub use insights::{
    Attempt, CalendarReport, ChapterInsights, ChapterReport, Choice, Comparison, CountedText,
    CurvePoint, Deed, DeedKind, Distribution, DrawnSkill, Effect, EndingsReport, Estimate,
    FailureRepeated, Figure, FigurePair, FigureTrend, GridCell, Hardness, InsightMark, Insights,
    InsightsCommands, InsightsCommandsExt, InsightsExt, InsightsReport, Learnt, Leaving, Lessons,
    LessonsLearnt, LevelReport, Mark, Measure, ObjectiveInsights, ObjectiveReport, Outcome,
    Questions, Said, ScenarioReport, SessionAbout, SessionInsights, SessionTimes, SessionsInsights,
    SessionsLessons, Side, Situation, Skill, SkillRecord, SkillReport, SkillsExt, StorySoFar,
    StoryTexts, Suggested, Suggestion, SuggestionKind, SuggestionReason, SuggestionReport,
    SuggestionStep, Tally, TimesReport, TrendStep, UnusualSession, WeekReport, Weights, statistics,
    story_so_far, suggestions,
};
pub use notes::{
    Mentioned, NewNote, Note, NoteChange, NoteCommands, NoteCommandsExt, NoteId, NoteOn,
    NoteRefusal, NoteRejected, NoteRequest, NoteStep, NoteSystems, Notes, NotesPlugin,
};
pub use objectives::{
    Blocker, OBJECTIVES, Objective, ObjectiveAdvanced, ObjectiveAvailable, ObjectiveBlocked,
    ObjectiveChange, ObjectiveCommands, ObjectiveCommandsExt, ObjectiveCompleted, ObjectiveFailed,
    ObjectiveKey, ObjectiveKeyError, ObjectiveProblem, ObjectiveProblemFound, ObjectiveProblems,
    ObjectiveProgress, ObjectiveRefusal, ObjectiveRejected, ObjectiveReopened, ObjectiveRequest,
    ObjectiveResolved, ObjectiveRetired, ObjectiveRow, ObjectiveStanding, ObjectiveState,
    ObjectiveStep, ObjectiveSystems, ObjectiveView, Objectives, ObjectivesExt, ObjectivesPlugin,
    ObjectivesSummary,
};
#[cfg(feature = "ui")]
pub use objectives::{ObjectiveList, ObjectiveListPlugin};

/// The pages of the guide, whose examples are tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/guide/crew.md")]
    struct Crew;

    #[doc = include_str!("../../../docs/guide/rights.md")]
    struct Rights;

    #[doc = include_str!("../../../docs/guide/notes.md")]
    struct Notes;

    #[doc = include_str!("../../../docs/guide/insights.md")]
    struct Insights;

    #[doc = include_str!("../../../docs/guide/learning.md")]
    struct Learning;

    #[doc = include_str!("../../../docs/guide/objectives.md")]
    struct Objectives;

    #[doc = include_str!("../../../docs/guide/objective-lists.md")]
    struct ObjectiveLists;
}
