//! Insights: what sessions say about how they are played, each by itself and all together.
//!
//! [`settings`] is what a game says and the digester that the plugin calls, [`gathering`] how events become the figures of a
//! [`session`]. Everything else are functions over such figures, without a world.

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
