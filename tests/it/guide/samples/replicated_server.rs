use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replica::{DirectoryReplica, Replica};

fn server(shared: &std::path::Path) -> Result<App> {
    let store = DirectoryReplica::open(&shared.join("arena"))?;
    let replica = Replica::new(store).machine("arena-3").lease(Duration::from_secs(5));
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Arena").replica(replica)));
    Ok(app)
}
