//! An operator's file of settings, rules and alerts: reads it section by section, and puts it into effect.

mod error;
mod reading;
mod retention;
mod settings;
mod values;

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session_journal::internal::disk::Disk;
use serde::de::DeserializeOwned;
use tracing::info;

use crate::lifecycle::notify;

pub use error::PolicyError;
pub use values::{PolicyBytes, PolicyTime};

use reading::{Section, Sections};

/// A section of the policy file, as its own type. Its `Deserialize` refuses what makes no sense, since an error
/// in it has the line and column.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::monitoring::policies::{PoliciesExt, PolicySection, PolicyTime};
/// use bevy_session::prelude::*;
/// use serde::Deserialize;
///
/// #[derive(Resource)]
/// struct Night(std::time::Duration);
///
/// /// `night: (length: "8h")`
/// #[derive(Deserialize)]
/// #[serde(rename = "night", deny_unknown_fields)]
/// struct NightSection {
///     length: PolicyTime,
/// }
///
/// impl PolicySection for NightSection {
///     const NAME: &'static str = "night";
///
///     fn apply(self, world: &mut World) {
///         world.insert_resource(Night(self.length.0));
///     }
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .read_policy_section::<NightSection>();
/// ```
pub trait PolicySection: DeserializeOwned + 'static {
    /// The name of the section in the file. `settings` and `retention` are the plugin's own.
    const NAME: &'static str;

    /// Puts the section into effect. Called while the app is finished, and only if the whole file could be read.
    fn apply(self, world: &mut World);
}

/// Adds sections to the policy file of an app.
pub trait PoliciesExt {
    /// Reads a section of the policy file, if this app has one. Call it while the app is built; a second call with
    /// the same section does nothing.
    fn read_policy_section<S: PolicySection>(&mut self) -> &mut Self;
}

impl PoliciesExt for App {
    fn read_policy_section<S: PolicySection>(&mut self) -> &mut Self {
        self.world_mut().get_resource_or_init::<Sections>().add(Section::of::<S>());
        self
    }
}

/// The policy file of this start. Only there if the game names one with
/// [`SessionPlugin::policies`](crate::SessionPlugin::policies).
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
pub struct SessionPolicies {
    file: PathBuf,
    error: Option<PolicyError>,
}

impl SessionPolicies {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The error in the file, for which no session can be played; `None` if it is in effect.
    #[must_use]
    pub fn error(&self) -> Option<&PolicyError> {
        self.error.as_ref()
    }
}

/// The policy file can't be read, so no session can be played until the game is started with a corrected one. Sent
/// once, in the first frame.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PoliciesRejected {
    /// The error, with its place in the file.
    pub error: PolicyError,
}

/// Reads the file, and puts all of it into effect, or nothing.
pub(crate) fn follow(world: &mut World, disk: &dyn Disk, file: &Path) -> Result<(), PolicyError> {
    let declared = world.get_resource_or_init::<Sections>().clone();
    let read = reading::read(disk, file, &declared.with_own());
    let error = read.as_ref().err().cloned();
    world.insert_resource(SessionPolicies { file: file.to_owned(), error });
    for apply in read? {
        apply(world);
    }
    info!(file = %file.display(), "policies are in effect");
    Ok(())
}

/// A system that notifies the game once that the policies were rejected.
pub(crate) fn tell_of_rejected(error: PolicyError) -> impl FnMut(&mut World) + Send + Sync {
    let mut pending = Some(PoliciesRejected { error });
    move |world| {
        if let Some(rejected) = pending.take() {
            notify(world, rejected);
        }
    }
}
