use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::{GroupBy, SessionQuery};

fn plugin(app: &mut App) {
    app.add_systems(Update, by_week.run_if(resource_changed::<SessionCatalog>));
}

fn by_week(catalog: Res<SessionCatalog>) {
    for group in catalog.groups(&SessionQuery::default(), GroupBy::Week).groups {
        info!("{:?}: {}, last {}", group.key, group.count, group.newest.session.name);
    }
}
