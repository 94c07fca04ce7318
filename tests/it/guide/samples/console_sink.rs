use bevy::prelude::*;
use bevy_session_ops::{LifecycleEvent, LifecycleSink, LifecycleSinkError, LifecycleSinkPlugin};

struct Console;

impl LifecycleSink for Console {
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        info!("{:?} {:?}", event.name, event.change);
        Ok(())
    }
}

fn operators(app: &mut App) {
    app.add_plugins(LifecycleSinkPlugin::new(Console));
}
