//! A world that becomes a scenario, and scenarios that are suggested.

use std::path::Path;

use bevy_session::MemoryDisk;
use bevy_session::library::disk::Disk;

use super::stage::*;
use crate::common::*;

mod ruins {
    include!("samples/ruins.rs");

    use super::*;

    #[test]
    fn a_key_makes_a_scenario_of_this_moment_in_two_files() {
        let disk = MemoryDisk::default();
        for directory in ["assets", "assets/scenarios"] {
            disk.create_dir(Path::new(directory)).unwrap();
        }
        let mut app = game_on(&disk, plugin);
        app.world_mut().spawn(Health(5));
        start(&mut app, "Built");
        press(&mut app, KeyCode::F7);
        assert!(rejected(&app).is_empty(), "{:?}", rejected(&app));
        let written = |name: &str| {
            disk.paths().iter().any(|path| path.ends_with(Path::new("assets/scenarios").join(name)))
        };
        assert!(written("ruins.scenario.ron") && written("ruins.world"), "{:?}", disk.paths());
        let paths = disk.paths();
        let file = paths.iter().find(|path| path.ends_with("ruins.scenario.ron")).unwrap();
        let text = String::from_utf8(disk.content(file).unwrap()).unwrap();
        assert!(text.contains("\"Ruins\""), "{text}");
    }
}

mod suggested {
    include!("samples/suggestions.rs");

    use super::*;

    #[test]
    fn ann_is_suggested_a_scenario_that_she_has_not_played() {
        let mut app = game_on(&MemoryDisk::default(), |_| {});
        frames(&mut app, 2);
        let frontier = r#"(name: "Frontier")"#;
        let frontier = Scenario::of_text("frontier.scenario.ron", frontier).unwrap();
        begin(&mut app, frontier.new_session().player("Ben"));
        close(&mut app);
        let catalog = app.world().resource::<SessionCatalog>();
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        let said = said(|| suggest_to_ann(catalog, std::iter::once(&frontier), now));
        assert_said(&said, "Frontier: You haven't tried it yet.");
    }
}
