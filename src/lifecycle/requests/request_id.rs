//! What tells requests apart.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What tells a request from others that are like it, in this process.
///
/// A checkpoint that was asked for carries it, so that who asked knows its own:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::{CheckpointKind, CurrentRequest, RequestId};
///
/// #[derive(Resource)]
/// struct BeforeTheDragon(RequestId);
///
/// fn save_moment(mut commands: Commands) {
///     let request = RequestId::new();
///     let label = "before the dragon".to_owned();
///     let kind = CheckpointKind::Manual;
///     commands.session().request(CurrentRequest::Checkpoint { label, kind, request });
///     commands.insert_resource(BeforeTheDragon(request));
/// }
///
/// fn is_safe(saved: On<CheckpointSaved>, asked: Res<BeforeTheDragon>) {
///     if saved.request == Some(asked.0) {
///         info!("checkpoint {} is the one", saved.checkpoint);
///     }
/// }
/// # App::new().add_systems(Update, save_moment).add_observer(is_safe);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RequestId(u64);

impl RequestId {
    /// An id that no other request of this process has.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two of them are alike")]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}
