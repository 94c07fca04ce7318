//! Reads scenarios from assets.

use std::io;

use bevy::asset::io::Reader;
use bevy::asset::{AssetLoader, AssetPath, LoadContext};
use bevy::prelude::*;
use bevy_session_journal::{ScenarioError, ScenarioFiles, StartingWorld};

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
            files.add(&read_beside(&file, context).await?)?;
        }
        let scenario = files.finish()?;
        let starting_world = match &scenario.world {
            Some(file) => Some(StartingWorld::new(file, read_beside(file, context).await?)),
            None => None,
        };
        Ok(ScenarioAsset { scenario, starting_world })
    }

    fn extensions(&self) -> &[&str] {
        &["scenario.ron"]
    }
}

/// Reads another file of the same assets. The server notes that the scenario depends on it.
async fn read_beside(file: &str, context: &mut LoadContext<'_>) -> Result<Vec<u8>, ScenarioError> {
    let source = context.path().source().clone_owned();
    let path = AssetPath::from(file.to_owned()).with_source(source);
    let read = context.read_asset_bytes(path).await;
    read.map_err(|error| ScenarioError::unreadable(file, io::Error::other(error)))
}
