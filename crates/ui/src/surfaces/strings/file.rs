//! Strings from a file.

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, LoadContext};
use bevy::prelude::*;

use super::SessionStrings;

/// The file that the strings come from. Once it is loaded, and whenever it changes, [`SessionStrings`] is replaced.
#[derive(Resource, Clone, Debug)]
pub struct StringsFile(pub Handle<SessionStrings>);

/// Reads [`SessionStrings`] from RON.
#[derive(Default, TypePath)]
pub(in crate::surfaces) struct StringsLoader;

/// Why strings could not be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::surfaces) enum StringsError {
    #[error("the file can't be read")]
    Unreadable(#[from] std::io::Error),
    #[error("the file is no RON of `SessionStrings`")]
    NoStrings(#[from] ron::error::SpannedError),
}

impl AssetLoader for StringsLoader {
    type Asset = SessionStrings;
    type Settings = ();
    type Error = StringsError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        _: &(),
        _: &mut LoadContext<'_>,
    ) -> Result<SessionStrings, StringsError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        Ok(ron::de::from_bytes(&bytes)?)
    }
}

/// Takes the strings over from their file.
pub(in crate::surfaces) fn take_strings(
    file: Res<StringsFile>,
    assets: Res<Assets<SessionStrings>>,
    mut changes: MessageReader<AssetEvent<SessionStrings>>,
    mut strings: ResMut<SessionStrings>,
) {
    let id = file.0.id();
    let has_changed = changes.read().any(|change| {
        change.is_added(id) || change.is_modified(id) || change.is_loaded_with_dependencies(id)
    });
    if !has_changed && !file.is_changed() {
        return;
    }
    if let Some(loaded) = assets.get(id) {
        strings.set_if_neq(loaded.clone());
    }
}
