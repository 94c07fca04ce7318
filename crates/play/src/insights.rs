//! Insights: what sessions say about how they are played, each by itself and all together.
//!
//! [`settings`] is what a game says and the digester that the plugin calls, [`gathering`] how events become the figures of a
//! [`session`]. Everything else are functions over such figures, without a world.
//!
//! | module of `insights` | what it is |
//! | --- | --- |
//! | `settings` | what a game names, and the digester that the plugin calls |
//! | `gathering` | one event after the other into figures: `passing` is what time goes to |
//! | `session`, `deed` | what is kept of one session |
//! | `marks` | what only the game can say, as a recorded message |
//! | `figure` | a value with its samples, or too few of them; distributions |
//! | `report`, `unusual` | what many sessions say |
//! | `story`, `story/texts` | the recap, as data and in words |
//! | `hints`, `consent`, `plugin` | what happens while a game runs |
//!
//! Time passes from one event of the line to the next, by play time, and goes to whatever was the case before.
//! Nothing is read of checkpoints: chapters, states and objectives are in the log, and reading a column of a large
//! one costs as much as a restore.

mod consent;
mod deed;
mod figure;
mod gathering;
mod hints;
mod marks;
mod plugin;
mod report;
mod session;
mod settings;
mod story;
mod unusual;

pub use consent::InsightsConsent;
pub use deed::{Deed, DeedKind};
pub use figure::{Distribution, Figure};
pub use hints::FailureRepeated;
pub use marks::{InsightMark, InsightsCommands, InsightsCommandsExt};
pub use plugin::{InsightsExt, SessionsInsights};
pub use report::{ChapterReport, InsightsReport, ObjectiveReport, WeekReport};
pub use session::{ChapterInsights, GridCell, ObjectiveInsights, SessionInsights};
pub use settings::Insights;
pub use story::{CountedText, StorySoFar, StoryTexts, story_so_far};
pub use unusual::UnusualSession;
