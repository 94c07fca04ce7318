//! Why a session was left, what lists show of it, and what ends or pauses it.

use bevy_session::MemoryDisk;

use super::stage::*;
use crate::common::*;

mod reasons {
    include!("samples/reasons.rs");

    use bevy_session::SessionStatus;

    use super::*;

    #[test]
    fn the_words_of_the_page_are_listed() {
        let mut app = game_on(&MemoryDisk::default(), |app| {
            app.insert_state(Game::Playing);
            plugin(app);
        });
        for (state, words, cause, status) in [
            (Game::Deserted, "ten minutes without input", LeaveCause::Idle, SessionStatus::Closed),
            (Game::Over, "The reactor blew up", LeaveCause::Player, SessionStatus::Failed),
        ] {
            let session = begin(&mut app, NewSession::named("Reactor"));
            enter(&mut app, state);
            assert!(!app.world().contains_resource::<CurrentSession>());
            let entry = entry(&app, session);
            let left = entry.left.clone().unwrap();
            assert_eq!((&*left.words, left.cause, entry.status), (words, cause, status));
        }
    }
}

mod lists {
    include!("samples/shown_in_lists.rs");

    use super::*;

    #[derive(
        States, TypePath, Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize,
    )]
    enum Difficulty {
        Hard,
    }

    #[test]
    fn a_list_shows_the_mission_of_the_page_before_anything_is_restored() {
        let disk = MemoryDisk::default();
        let game = |disk: &MemoryDisk| {
            game_on(disk, |app| {
                app.insert_state(Game::Menu);
                app.insert_state(Difficulty::Hard).save_state::<Difficulty>();
                plugin(app);
            })
        };
        let mut app = game(&disk);
        let session = begin(&mut app, NewSession::named("Campaign"));
        seconds(&mut app, 6.0);
        let mut app = game(&disk.snapshot());
        frames(&mut app, 3);
        let said = said(|| app.world_mut().run_system_cached(load_menu).unwrap());
        assert_said(&said, "Campaign: mission 3, Some(\"Hard\")");
        let summary = entry(&app, session).summary;
        assert_eq!(summary.progress(), Some(0.4));
        assert_eq!(summary.objective().as_deref(), Some("Find the bridge"));
    }
}

mod by_themselves {
    include!("samples/lamps.rs");

    use super::*;

    fn started() -> App {
        let mut app = game_on(&MemoryDisk::default(), |app| {
            plugin(app);
            listen::<SessionEnded>(app);
        });
        start(&mut app, "Lamps");
        app
    }

    #[test]
    fn the_session_of_the_page_is_completed_once_all_lamps_are_lit() {
        let mut app = started();
        let lamps = [true, false].map(|is_lit| app.world_mut().spawn(Lamp { is_lit }).id());
        frames(&mut app, 6);
        assert!(received::<SessionEnded>(&app).is_empty());
        app.world_mut().get_mut::<Lamp>(lamps[1]).unwrap().is_lit = true;
        frames(&mut app, 6);
        assert_eq!(received::<SessionEnded>(&app)[0].reason, EndReason::Completed);
    }

    #[test]
    fn the_session_of_the_page_is_paused_after_five_minutes_without_a_key() {
        let mut app = started();
        long(&mut app, 200);
        press(&mut app, KeyCode::Space);
        assert!(said(|| long(&mut app, 230)).is_empty(), "a key was pressed");
        assert_said(&said(|| long(&mut app, 30)), "The session is paused in 59.");
        assert!(app.world_mut().run_system_cached(session_is_active).unwrap());
        long(&mut app, 60);
        assert!(app.world_mut().run_system_cached(session_is_paused).unwrap());
    }
}

mod last_words {
    include!("samples/last_words.rs");

    use super::*;

    #[test]
    fn the_last_words_of_the_page_are_kept_and_the_play_is_summed_up() {
        let mut app = game_on(&MemoryDisk::default(), plugin);
        let session = begin(&mut app, NewSession::named("Party"));
        seconds(&mut app, 6.0);
        let said = said(|| close(&mut app));
        assert_said(&said, "s played, ");
        assert!(!said.iter().any(|it| it.contains(", 0 checkpoints")), "{said:?}");
        assert_eq!(entry(&app, session).left.unwrap().words, "The party rests in Brindle");
    }
}
