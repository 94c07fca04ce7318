//! Finding a session among thousands: what is asked for, what is found, and groups of it.
//!
//! Knows listings alone and opens no file.

mod collection;
mod field_text;
mod filter;
mod folding;
mod groups;
mod listed;
mod query;
mod search_text;
mod sorting;
mod suggestions;
#[cfg(test)]
mod tests;
mod watch;

pub use collection::Shelf;
pub use groups::{GroupBy, GroupKey, Outcome, SessionGroup, SessionGroups};
pub use listed::{ListedSessions, ListedSessionsIter};
pub use query::{SessionPage, SessionQuery};
pub use search_text::SearchText;
pub use sorting::SortBy;
pub use suggestions::{Suggestion, SuggestionReason, suggest};
pub use watch::{SessionChanges, SessionWatch};

pub use filter::Left;
