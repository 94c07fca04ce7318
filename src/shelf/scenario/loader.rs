//! Reads scenarios from assets.

use std::io;

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, AssetPath, LoadContext};
use bevy::prelude::*;
use bevy_session_journal::{ScenarioError, ScenarioFiles};

use super::ScenarioAsset;

#[derive(TypePath, Default)]
pub(super) struct ScenarioLoader;

impl AssetLoader for ScenarioLoader {
    type Asset = ScenarioAsset;
    type Settings = ();
    type Error = ScenarioError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        (): &(),
        context: &mut LoadContext<'_>,
    ) -> Result<ScenarioAsset, ScenarioError> {
        let own = context.path().path().to_string_lossy().replace('\\', "/");
        let mut files = ScenarioFiles::of(&own);
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes).await;
        read.map_err(|source| ScenarioError::unreadable(&own, source))?;
        files.add(&bytes)?;
        while let Some(file) = files.missing().map(str::to_owned) {
            let source = context.path().source().clone_owned();
            let path = AssetPath::from(file.clone()).with_source(source);
            // The server remembers that the scenario depends on it.
            let read = context.read_asset_bytes(path).await;
            let bytes =
                read.map_err(|error| ScenarioError::unreadable(&file, io::Error::other(error)))?;
            files.add(&bytes)?;
        }
        Ok(ScenarioAsset(files.finish()?))
    }

    fn extensions(&self) -> &[&str] {
        &["scenario.ron"]
    }
}
