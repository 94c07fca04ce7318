//! Settings, places, figures, alerts and sinks of a game or a server.

use std::io::ErrorKind;

use bevy_session::MemoryDisk;
use bevy_session::external::Operation;
use bevy_session::prelude::{CurrentSession, SessionCommandsExt, SessionSettings};

use super::stage::{app_on, assert_said, game_on, press, said};
use crate::common::{Score, frames, request, seconds, start};

#[expect(
    unused_imports,
    reason = "the plugin of the tests stands in for the one that the page imports"
)]
mod settings {
    include!("samples/save_less_often.rs");

    use super::*;
    use crate::guide::stage::SessionPlugin;

    #[test]
    fn a_key_sets_a_longer_interval_in_the_game_of_the_page() {
        let mut app = app_on(&MemoryDisk::default(), plugin);
        assert!(app.world().resource::<SessionSettings>().exit_slot);
        press(&mut app, KeyCode::F4);
        assert_eq!(app.world().resource::<SessionSettings>().interval, Duration::from_secs(30));
    }
}

mod server {
    use super::*;
    use crate::guide::stage;

    /// The plugin, for which the directory of the page is on the disk of the test.
    struct SessionPlugin(bevy_session::SessionPlugin);

    impl SessionPlugin {
        fn new(studio: &str, game: &str) -> Self {
            Self(stage::SessionPlugin::new(studio, game))
        }

        fn directory(self, directory: &str) -> bevy_session::SessionPlugin {
            assert_eq!(directory, "/var/lib/hop");
            self.0
        }
    }

    // Its `begin` hides the one of the tests.
    include!("samples/small_server.rs");

    #[test]
    fn the_first_server_of_the_page_goes_on_with_its_world() {
        let disk = MemoryDisk::default();
        let mut app = app_on(&disk, server);
        frames(&mut app, 6);
        let first = app.world().resource::<CurrentSession>().id();
        seconds(&mut app, 6.0);
        let mut app = app_on(&disk.snapshot(), server);
        frames(&mut app, 12);
        assert_eq!(app.world().resource::<CurrentSession>().id(), first);
    }
}

#[expect(
    unused_imports,
    reason = "the plugin of the tests stands in for the one that the page imports"
)]
mod place {
    include!("samples/second_place.rs");

    use super::*;
    use crate::guide::stage::SessionPlugin;

    #[test]
    fn the_player_is_told_that_saves_are_in_the_second_place() {
        let disk = MemoryDisk::default();
        disk.refuse_writes(Path::new("sessions"), ErrorKind::PermissionDenied);
        let said = said(|| {
            let mut app = app_on(&disk, |app| saves(app, Path::new("documents")));
            frames(&mut app, 3);
        });
        assert_said(&said, "saves are in documents/Hop saves/data for now");
    }
}

mod healing {
    include!("samples/healing.rs");

    use super::*;

    #[test]
    fn health_at_its_maximum_is_not_marked_as_changed() {
        let mut app = game_on(&MemoryDisk::default(), plugin);
        let [full, hurt] = [100.0, 50.0].map(|health| app.world_mut().spawn(Health(health)).id());
        frames(&mut app, 1);
        let before = app.world_mut().change_tick();
        frames(&mut app, 3);
        let now = app.world_mut().change_tick();
        let is_marked = |entity: Entity| {
            let ticks = app.world().entity(entity).get_change_ticks::<Health>().unwrap();
            ticks.is_changed(before, now)
        };
        assert!(is_marked(hurt) && !is_marked(full));
        assert!(app.world().get::<Health>(hurt).unwrap().0 > 50.0);
    }
}

mod alerts {
    include!("samples/alerts.rs");

    use super::*;

    #[test]
    fn the_alert_of_the_page_is_raised_when_checkpoints_fail() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, |app| monitoring(app).unwrap());
        app.init_resource::<Score>();
        start(&mut app, "Watched");
        disk.fail_always(Operation::Append, ErrorKind::StorageFull);
        let said = said(|| {
            for score in 0..10 {
                app.insert_resource(Score(score));
                request(&mut app, |commands| commands.session().checkpoint("again"));
                seconds(&mut app, 2.0);
            }
        });
        assert_said(&said, "BS0701");
        assert_said(&said, "more than 1.0 %");
    }
}

mod figures {
    use bevy_session_ops::{SessionFiguresPlugin, SessionHealth};

    use super::*;

    mod overlay {
        include!("samples/overlay.rs");

        pub fn add(app: &mut App) {
            plugin(app);
        }
    }

    mod answered {
        include!("samples/probe.rs");

        pub fn probed(health: &SessionHealth) -> u16 {
            probe(health)
        }
    }

    #[test]
    fn the_overlay_and_the_probe_of_the_page_say_how_it_goes() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, |app| {
            app.add_plugins(SessionFiguresPlugin).init_resource::<Score>();
            overlay::add(app);
        });
        start(&mut app, "Shown");
        assert_said(&said(|| frames(&mut app, 1)), "a second, p95 Some");
        let probe = |app: &bevy::prelude::App| answered::probed(app.world().resource());
        assert_eq!(probe(&app), 200);
        disk.fail_always(Operation::Append, ErrorKind::StorageFull);
        app.insert_resource(Score(1));
        seconds(&mut app, 60.0);
        assert_eq!(probe(&app), 503);
        assert!(app.world().resource::<SessionHealth>().is_degraded());
        assert_said(&said(|| _ = probe(&app)), "BS0603 a checkpoint of ");
        let said = said(|| frames(&mut app, 1));
        let failed = said.iter().find(|it| it.contains(" failed, Some(")).unwrap();
        assert!(!failed.starts_with("0 failed"), "{failed}");
    }
}

mod limits {
    use bevy_session_ops::{SessionAlerts, SessionFiguresPlugin};

    include!("samples/limits.rs");

    use super::*;

    #[test]
    fn each_limit_of_the_page_is_accepted() {
        use AlertResponse::{RefuseSessions, Stretch, ThinHistory};

        let app = game_on(&MemoryDisk::default(), |app| {
            app.add_plugins(SessionFiguresPlugin);
            limits(app).unwrap();
        });
        let alerts = app.world().resource::<SessionAlerts>();
        let responses: Vec<_> = alerts.alerts().map(|alert| alert.responses().to_vec()).collect();
        let expected = [
            vec![Stretch(4.0)],
            vec![Stretch(2.0)],
            vec![ThinHistory(64 << 20)],
            vec![RefuseSessions],
            vec![],
        ];
        assert_eq!(responses, expected);
    }
}

mod sink {
    use bevy_session_ops::LifecycleDeliveries;

    include!("samples/console_sink.rs");

    use super::*;

    #[test]
    fn the_sink_of_the_page_gets_what_happens() {
        let mut app = game_on(&MemoryDisk::default(), operators);
        start(&mut app, "Delivered");
        crate::common::until(&mut app, |app| {
            app.world().resource::<LifecycleDeliveries>().delivered() > 0
        });
    }

    #[test]
    fn the_sink_of_the_page_says_what_it_gets() {
        let event: LifecycleEvent = serde_json::from_value(serde_json::json!({
            "time": "2026-01-01T00:00:00Z",
            "session": null,
            "name": "Delivered",
            "player": null,
            "event": "started",
        }))
        .unwrap();
        let said = said(|| Console.deliver(&event).unwrap());
        assert_said(&said, r#"Some("Delivered") Started"#);
    }
}
