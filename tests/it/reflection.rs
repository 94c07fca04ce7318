//! The types that inspectors and remote tools see.

// Feature: Inspectors see the plugin's data with the feature `reflect`.
// Page: ../README.md#features-and-packages

use bevy::prelude::*;
use bevy_session::library::SessionEntry;
use bevy_session::{CheckpointId, MemoryDisk, RecoveryOffer, RequestError, SessionId};

use crate::common::*;

#[test]
fn an_inspector_finds_the_data_of_sessions() {
    let app = game(&MemoryDisk::default());
    let registry = app.world().resource::<AppTypeRegistry>().read();
    for path in [
        SessionId::type_path(),
        CheckpointId::type_path(),
        SessionEntry::type_path(),
        RecoveryOffer::type_path(),
        RequestError::type_path(),
    ] {
        assert!(path.starts_with("bevy_session::"), "{path}");
        assert!(registry.get_with_type_path(path).is_some(), "{path} isn't registered");
    }
}
