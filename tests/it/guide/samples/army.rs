use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::external::{ExternalAutosave, ExternalRestoreRequested, ExternalSave, ExternalSaves, ExternalSavesExt};

#[derive(Resource, Default)]
struct Army { soldiers: u32 }

struct ArmySaves(PathBuf);

impl ExternalSaves for ArmySaves {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        let files = std::fs::read_dir(&self.0)?.map(|file| {
            let file = file?;
            let slot = file.file_name().to_string_lossy().into_owned();
            Ok(ExternalSave::auto(slot, file.metadata()?.modified()?.try_into()?))
        });
        files.collect()
    }

    fn validate(&self, save: &ExternalSave) -> Result {
        let text = std::fs::read_to_string(self.0.join(&save.slot))?;
        if text.ends_with("(end)") { Ok(()) } else { Err("the file is cut short".into()) }
    }

    fn autosave(&self) -> ExternalAutosave {
        ExternalAutosave::Every(Duration::from_secs(300))
    }
}

fn load(asked: On<ExternalRestoreRequested>, mut commands: Commands) {
    let (slot, answer) = (asked.save.slot.clone(), asked.answer.clone());
    commands.queue(move |world: &mut World| match load_the_army(world, &slot) {
        Ok(()) => answer.done("the army is back"),
        Err(error) => answer.failed(error.to_string()),
    });
}

fn load_the_army(world: &mut World, slot: &str) -> Result {
    let text = std::fs::read_to_string(format!("saves/{slot}"))?;
    let soldiers = text.trim_end_matches(" (end)").parse::<u32>()?;
    world.insert_resource(Army { soldiers });
    Ok(())
}

/// At the start. After a crash, the newest whole backup is loaded over it.
fn begin(world: &mut World) {
    if let Err(error) = load_the_army(world, "autosave") {
        info!("a new army: {error}");
    }
    world.commands().session().start_or_continue(NewSession::named("Campaign"));
}

fn plugin(app: &mut App) {
    app.add_plugins(SessionPlugin::new("Studio", "Army"))
        .init_resource::<Army>()
        .external_saves(ArmySaves("saves".into()))
        .add_systems(Startup, begin)
        .add_observer(load); // and `save` from above
}
