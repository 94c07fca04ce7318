use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::SessionQuery;
use bevy_session::scenarios::{Scenario, suggest};

/// With assets, `all` is `scenarios.iter().map(|(_, asset)| &asset.scenario)`. `jiff` is the crate, 0.2.
fn suggest_to_ann<'a>(
    catalog: &SessionCatalog,
    all: impl Iterator<Item = &'a Scenario>,
    now: jiff::Timestamp,
) {
    let anns = catalog.query(&SessionQuery::default().player("Ann").in_all_places());
    for suggestion in suggest(all, anns.entries, now) {
        info!("{}: {}", suggestion.scenario.name, suggestion.why[0]);
    }
}
