//! The older versions of a saved type, and the steps that migrate their values.

use std::any::Any;
use std::convert::Infallible;
use std::fmt::{self, Display};
use std::sync::Arc;

use bevy::reflect::TypePath;
use bevy::state::state::FreelyMutableState;
use serde::de::DeserializeOwned;

use crate::saved::{Codec, DecodeError, SavedState, StateCodec, decode_message_pack};
use crate::schema::Schema;

/// The older versions of a saved type, with the steps that convert their values to the current one.
///
/// A chain of typed steps: each takes the result of the one before, and the last one returns the
/// current type. So no gap can be left and no step forgotten. Every step is a new version of the
/// type; the versions are counted, not written down.
///
/// Old types need nothing but `Deserialize`, and only the fields that the step uses. Fields that
/// are merely added, renamed or removed need no step: `#[serde(default)]` and `#[serde(alias =
/// "…")]` do that.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::SessionAppExt;
/// # use bevy_session::types::Migrations;
/// # use serde::{Deserialize, Serialize};
/// // Until 1.0, as a bare number.
/// #[derive(Deserialize)]
/// struct HealthOf1_0(f32);
///
/// // Until 1.4, in two fields.
/// #[derive(Deserialize)]
/// struct HealthOf1_4 {
///     current: f32,
///     max: f32,
/// }
///
/// // Today: a share of the maximum.
/// #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
/// struct Health {
///     share: f32,
///     max: f32,
/// }
///
/// # let mut app = App::new();
/// app.save_component::<Health>().migrate_saved(
///     Migrations::since(0)
///         .then(|old: HealthOf1_0| HealthOf1_4 { current: old.0, max: 100.0 })
///         .then(|old: HealthOf1_4| Health { share: old.current / old.max, max: old.max }),
/// );
/// ```
///
/// Steps run where values are decoded, not on the main thread. If one fails or panics, that value
/// is lost: it is reported as a [`RestoreLoss`](crate::recovery::RestoreLoss) and carried along
/// unchanged. References to entities pass through a step as they are; there is no world to look
/// them up in.
pub struct Migrations<T> {
    first: u32,
    /// Readers of each version before the current one, oldest first.
    older: Vec<Arc<dyn ReadOlder<T>>>,
}

impl<T> Migrations<T> {
    /// Begins with the type's form at `version`.
    ///
    /// That is 0 for a type that never had migrations. With a higher number, older versions are no
    /// longer read: the steps before it can be deleted, and values in those versions are lost,
    /// though carried along.
    #[must_use]
    pub fn since(version: u32) -> Self {
        Self { first: version, older: Vec::new() }
    }

    /// The version of values that are written from now on: the first version plus the number of
    /// steps.
    ///
    /// ```
    /// # use bevy_session::types::Migrations;
    /// assert_eq!(Migrations::since(2).then(|old: u8| u32::from(old)).version(), 3);
    /// ```
    #[must_use]
    pub fn version(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.older.len()).unwrap_or(u32::MAX))
    }

    /// The oldest version that can be read.
    pub(super) fn oldest(&self) -> u32 {
        self.first
    }

    /// Reads a value of an older version in the current form.
    pub(crate) fn read(&self, version: u32, row: &[u8]) -> Result<T, DecodeError> {
        self.reader(version)?.value(row)
    }

    /// The form in which values of each older version are read, the oldest first.
    fn older_schemas(&self) -> Vec<(u32, Schema)> {
        (self.first..).zip(self.older.iter().map(|reader| reader.schema())).collect()
    }

    fn reader(&self, version: u32) -> Result<&dyn ReadOlder<T>, DecodeError> {
        let place = version.checked_sub(self.first).map(|place| place as usize);
        let reader = place.and_then(|place| self.older.get(place));
        reader.map(|reader| &**reader).ok_or_else(|| DecodeError::Refused("no migration".into()))
    }
}

impl<T: DeserializeOwned + 'static> Migrations<T> {
    /// Adds a step to the next version.
    ///
    /// A step from a type to itself prevents older builds from reading the type, although its form
    /// is the same.
    #[must_use]
    pub fn then<New: 'static>(
        self,
        step: impl Fn(T) -> New + Send + Sync + 'static,
    ) -> Migrations<New> {
        self.try_then(move |old| Ok::<New, Infallible>(step(old)))
    }

    /// Adds a step to the next version that may fail for some values. A value for which it fails is
    /// reported as a loss, with the error.
    ///
    /// ```
    /// # use bevy_session::types::Migrations;
    /// // A number that was saved as text.
    /// let migrations = Migrations::since(0).try_then(|old: String| old.parse::<u32>());
    /// ```
    #[must_use]
    pub fn try_then<New: 'static, E: Display>(
        self,
        step: impl Fn(T) -> Result<New, E> + Send + Sync + 'static,
    ) -> Migrations<New> {
        let step: Arc<Step<T, New>> =
            Arc::new(move |old| step(old).map_err(|error| DecodeError::Refused(error.to_string())));
        let current: Arc<dyn ReadOlder<T>> = Arc::new(ReadAsIs);
        let older = self.older.into_iter().chain([current]);
        let older = older.map(|before| -> Arc<dyn ReadOlder<New>> {
            Arc::new(ReadThen { before, step: Arc::clone(&step) })
        });
        Migrations { first: self.first, older: older.collect() }
    }
}

impl<T> fmt::Debug for Migrations<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.first..=self.version();
        formatter.debug_struct("Migrations").field("versions", &versions).finish()
    }
}

impl<T> Clone for Migrations<T> {
    fn clone(&self) -> Self {
        Self { first: self.first, older: self.older.clone() }
    }
}

/// The migrations of some type.
pub(crate) struct AnyMigrations {
    pub type_path: &'static str,
    migrations: Box<dyn Any + Send + Sync>,
}

impl AnyMigrations {
    pub(super) fn new<T: TypePath>(migrations: Migrations<T>) -> Self {
        Self { type_path: T::type_path(), migrations: Box::new(migrations) }
    }

    /// The migrations, if they are of this type.
    pub(super) fn of<T: 'static>(&self) -> Option<Migrations<T>> {
        self.migrations.downcast_ref::<Migrations<T>>().cloned()
    }
}

type Step<Old, New> = dyn Fn(Old) -> Result<New, DecodeError> + Send + Sync;

/// Reads a row of one older version, migrated to the current one.
trait ReadOlder<T>: Send + Sync {
    /// A row that is such a value.
    fn value(&self, row: &[u8]) -> Result<T, DecodeError>;

    /// A row of a state, which holds two: the current and the pending one.
    fn state(&self, row: &[u8]) -> Result<SavedState<T>, DecodeError>;

    /// The form in which it reads values.
    fn schema(&self) -> Schema;
}

/// Reads a value as it is.
struct ReadAsIs;

impl<T: DeserializeOwned> ReadOlder<T> for ReadAsIs {
    fn value(&self, row: &[u8]) -> Result<T, DecodeError> {
        decode_message_pack(row)
    }

    fn state(&self, row: &[u8]) -> Result<SavedState<T>, DecodeError> {
        decode_message_pack(row)
    }

    fn schema(&self) -> Schema {
        Schema::of::<T>()
    }
}

/// Reads an older value and applies one step to it.
struct ReadThen<Old, New> {
    before: Arc<dyn ReadOlder<Old>>,
    step: Arc<Step<Old, New>>,
}

impl<Old, New> ReadOlder<New> for ReadThen<Old, New> {
    fn value(&self, row: &[u8]) -> Result<New, DecodeError> {
        (self.step)(self.before.value(row)?)
    }

    fn state(&self, row: &[u8]) -> Result<SavedState<New>, DecodeError> {
        self.before.state(row)?.try_map(&*self.step)
    }

    fn schema(&self) -> Schema {
        self.before.schema()
    }
}

/// Brings rows of one column into the current form.
pub(crate) trait MigrateRows: Send + Sync {
    /// The version of today.
    fn version(&self) -> u32;

    /// The oldest version that there are steps from.
    fn oldest(&self) -> u32;

    /// The form in which values of each older version are read, the oldest first.
    fn older_schemas(&self) -> Vec<(u32, Schema)>;

    /// Writes `row`, which is of an older version, as this build would write it.
    fn migrate(&self, version: u32, row: &[u8], current: &mut Vec<u8>) -> Result<(), DecodeError>;
}

/// Migrates rows of components and resources.
pub(super) struct MigrateValues<C: Codec> {
    pub codec: C,
    pub migrations: Migrations<C::Value>,
}

impl<C: Codec> MigrateRows for MigrateValues<C> {
    fn version(&self) -> u32 {
        self.migrations.version()
    }

    fn oldest(&self) -> u32 {
        self.migrations.oldest()
    }

    fn older_schemas(&self) -> Vec<(u32, Schema)> {
        self.migrations.older_schemas()
    }

    fn migrate(&self, version: u32, row: &[u8], current: &mut Vec<u8>) -> Result<(), DecodeError> {
        let value = self.migrations.reader(version)?.value(row)?;
        write(&self.codec, &value, current)
    }
}

/// Migrates rows of a state.
pub(super) struct MigrateStates<S> {
    pub migrations: Migrations<S>,
}

impl<S> MigrateRows for MigrateStates<S>
where
    S: FreelyMutableState + serde::Serialize + DeserializeOwned,
{
    fn version(&self) -> u32 {
        self.migrations.version()
    }

    fn oldest(&self) -> u32 {
        self.migrations.oldest()
    }

    fn older_schemas(&self) -> Vec<(u32, Schema)> {
        self.migrations.older_schemas()
    }

    fn migrate(&self, version: u32, row: &[u8], current: &mut Vec<u8>) -> Result<(), DecodeError> {
        let state = self.migrations.reader(version)?.state(row)?;
        write(&StateCodec::default(), &state, current)
    }
}

fn write<C: Codec>(codec: &C, value: &C::Value, row: &mut Vec<u8>) -> Result<(), DecodeError> {
    codec.encode(value, row).map_err(|error| DecodeError::Refused(error.to_string()))
}
