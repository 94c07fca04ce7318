//! This crate's types, for inspectors and remote tools.

use bevy_reflect::TypeRegistry;

use crate::{
    Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion, ChapterError,
    ChapterSummary, Chapters, CheckpointError, CheckpointKind, DiskRefusal, EndReason, HowItEnded,
    IllegalMove, Move, NewChapter, NewSession, OfferedCheckpoint, Purpose, RecoveryError,
    RecoveryOffer, ReportError, RequestError, RestoreFrom, RestoreReason, SaveId, SaveSlot,
    SessionEntry, SessionStatus, SlotEntry, StateChange, StopReason, UnreadableSlot, WrittenBy,
};

/// Registers the public data of this crate, with all that it is made of.
///
/// Ids, fields and attachments are opaque, and errors as well. Moments of the calendar are left out: their
/// type is another crate's.
pub fn register_types(registry: &mut TypeRegistry) {
    registry.register::<SaveId>();
    registry.register::<SessionEntry>();
    registry.register::<SlotEntry>();
    registry.register::<UnreadableSlot>();
    registry.register::<RecoveryOffer>();
    registry.register::<OfferedCheckpoint>();
    registry.register::<HowItEnded>();
    registry.register::<NewSession>();
    registry.register::<NewChapter>();
    registry.register::<Chapters>();
    registry.register::<ChapterSummary>();
    registry.register::<SaveSlot>();
    registry.register::<SessionStatus>();
    registry.register::<Move>();
    registry.register::<EndReason>();
    registry.register::<CheckpointKind>();
    registry.register::<RestoreFrom>();
    registry.register::<RestoreReason>();
    registry.register::<StateChange>();
    registry.register::<Attachment>();
    registry.register::<AttachmentOf>();
    registry.register::<AttachmentQuota>();
    registry.register::<AttachmentVersion>();
    registry.register::<WrittenBy>();
    registry.register::<ReportError>();
    registry.register::<RequestError>();
    registry.register::<AttachmentError>();
    registry.register::<ChapterError>();
    registry.register::<CheckpointError>();
    registry.register::<RecoveryError>();
    registry.register::<IllegalMove>();
    registry.register::<StopReason>();
    registry.register::<DiskRefusal>();
    registry.register::<Purpose>();
}

#[cfg(test)]
mod tests {
    use bevy_reflect::serde::TypedReflectSerializer;
    use bevy_reflect::structs::Struct;
    use bevy_reflect::{PartialReflect, Reflect};

    use super::*;
    use crate::{RunId, SessionId, SessionMetadata};

    fn registry() -> TypeRegistry {
        let mut registry = TypeRegistry::empty();
        register_types(&mut registry);
        registry
    }

    #[test]
    fn public_data_is_found_under_the_path_that_games_import_it_from() {
        let registry = registry();
        for name in
            ["SessionId", "CheckpointId", "SessionMetadata", "SlotKind", "Proposal", "Fields"]
        {
            let path = format!("bevy_session::{name}");
            assert!(registry.get_with_type_path(&path).is_some(), "{path} isn't registered");
        }
    }

    #[test]
    fn an_inspector_sees_what_a_session_is_called() {
        let metadata: SessionMetadata = crate::format::sample::header(1, 0).metadata;
        let reflected: &dyn Struct = &metadata;
        let name =
            reflected.field("name").and_then(<dyn PartialReflect>::try_downcast_ref::<String>);
        assert_eq!(name, Some(&metadata.name));
        assert!(reflected.field("started").is_none());
        let copy: Box<dyn Reflect> = metadata.reflect_clone().unwrap();
        assert_eq!(copy.downcast::<SessionMetadata>().ok().as_deref(), Some(&metadata));
    }

    #[test]
    fn a_remote_tool_reads_ids_as_they_are_written() {
        let registry = registry();
        let id = SessionId::from(uuid::Uuid::from_u128(7));
        let text = ron::to_string(&TypedReflectSerializer::new(&id, &registry)).unwrap();
        assert_eq!(text, ron::to_string(&id).unwrap());
        let run = ron::to_string(&TypedReflectSerializer::new(&RunId(7), &registry)).unwrap();
        assert_eq!(run, "7");
    }
}
