//! The section `settings`: fields of `SessionSettings`.

use bevy::prelude::*;
use serde::Deserialize;

use super::PolicySection;
use super::values::{PolicyBytes, PolicyTime, SomeBytes, SomeShare, SomeTime, TimeOrNever};
use crate::lifecycle::{
    CaptureBudget, Patience, RecoveryPolicy, RestoreLosses, SessionSettings, StorageSettings,
};

#[derive(Deserialize, Default)]
#[serde(rename = "settings", deny_unknown_fields, default)]
pub(super) struct SettingsSection {
    interval: Option<SomeTime>,
    autosave: Option<bool>,
    recovery: Option<Recovery>,
    recovery_age: Option<TimeOrNever>,
    probation: Option<PolicyTime>,
    max_bytes_per_second: Option<SomeBytes>,
    minimum_gap: Option<PolicyTime>,
    capture_budget: Option<Budget>,
    losses: Option<Losses>,
    exit_slot: Option<bool>,
    trust_index: Option<PolicyTime>,
    verbose: Option<bool>,
    storage: Storage,
    patience: Waits,
}

#[derive(Deserialize)]
#[serde(rename = "recovery", rename_all = "snake_case")]
enum Recovery {
    Ask,
    Automatic,
    Never,
}

#[derive(Deserialize)]
#[serde(rename = "losses", rename_all = "snake_case")]
enum Losses {
    Accept,
    Refuse,
}

#[derive(Deserialize, Default)]
#[serde(rename = "capture_budget", deny_unknown_fields, default)]
struct Budget {
    frame: Option<SomeTime>,
    share: Option<SomeShare>,
}

#[derive(Deserialize, Default)]
#[serde(rename = "storage", deny_unknown_fields, default)]
struct Storage {
    max_session_bytes: Option<SomeBytes>,
    max_total_bytes: Option<SomeBytes>,
    max_named_checkpoints: Option<usize>,
    max_branches: Option<usize>,
    trash: Option<TimeOrNever>,
    cleanup: Option<TimeOrNever>,
    unanswered_crashes: Option<TimeOrNever>,
    reserve_bytes: Option<PolicyBytes>,
    audit: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename = "patience", deny_unknown_fields, default)]
struct Waits {
    exit: Option<PolicyTime>,
    suspend: Option<PolicyTime>,
    restore: Option<PolicyTime>,
    external: Option<PolicyTime>,
}

impl PolicySection for SettingsSection {
    const NAME: &'static str = "settings";

    fn apply(self, world: &mut World) {
        let mut settings = world.get_resource_or_init::<SessionSettings>();
        put(&mut settings.interval, self.interval.map(|it| it.0));
        put(&mut settings.autosave, self.autosave);
        put(&mut settings.recovery, self.recovery.map(RecoveryPolicy::from));
        put(&mut settings.recovery_age, self.recovery_age.map(|it| it.0));
        put(&mut settings.probation, self.probation.map(|it| it.0));
        put(&mut settings.max_bytes_per_second, self.max_bytes_per_second.map(|it| it.0));
        put(&mut settings.minimum_gap, self.minimum_gap.map(|it| it.0));
        put(&mut settings.losses, self.losses.map(RestoreLosses::from));
        put(&mut settings.exit_slot, self.exit_slot);
        put(&mut settings.trust_index, self.trust_index.map(|it| it.0));
        put(&mut settings.verbose, self.verbose);
        if let Some(budget) = self.capture_budget {
            budget.apply(settings.capture_budget.get_or_insert_default());
        }
        self.storage.apply(&mut settings.storage);
        self.patience.apply(&mut settings.patience);
    }
}

impl Budget {
    fn apply(self, budget: &mut CaptureBudget) {
        put(&mut budget.frame, self.frame.map(|it| it.0));
        put(&mut budget.share, self.share.map(|it| it.0));
    }
}

impl Storage {
    fn apply(self, storage: &mut StorageSettings) {
        put(&mut storage.max_session_bytes, self.max_session_bytes.map(|it| it.0));
        put(&mut storage.max_total_bytes, self.max_total_bytes.map(|it| it.0));
        put(&mut storage.max_named_checkpoints, self.max_named_checkpoints);
        put(&mut storage.max_branches, self.max_branches);
        put(&mut storage.trash, self.trash.map(|it| it.0));
        put(&mut storage.cleanup, self.cleanup.map(|it| it.0));
        put(&mut storage.unanswered_crashes, self.unanswered_crashes.map(|it| it.0));
        put(&mut storage.reserve_bytes, self.reserve_bytes.map(|it| it.0));
        put(&mut storage.audit, self.audit);
    }
}

impl Waits {
    fn apply(self, patience: &mut Patience) {
        put(&mut patience.exit, self.exit.map(|it| it.0));
        put(&mut patience.suspend, self.suspend.map(|it| it.0));
        put(&mut patience.restore, self.restore.map(|it| it.0));
        put(&mut patience.external, self.external.map(|it| it.0));
    }
}

impl From<Recovery> for RecoveryPolicy {
    fn from(recovery: Recovery) -> Self {
        match recovery {
            Recovery::Ask => Self::Ask,
            Recovery::Automatic => Self::Automatic,
            Recovery::Never => Self::Never,
        }
    }
}

impl From<Losses> for RestoreLosses {
    fn from(losses: Losses) -> Self {
        match losses {
            Losses::Accept => Self::Accept,
            Losses::Refuse => Self::Refuse,
        }
    }
}

/// Replaces what the code has set, if the file has something.
fn put<T>(place: &mut T, written: Option<T>) {
    if let Some(written) = written {
        *place = written;
    }
}
