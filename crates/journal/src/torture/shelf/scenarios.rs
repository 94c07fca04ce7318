//! Worlds that scenarios begin with: of a session or a slot, without their player.

use std::path::Path;
use std::sync::Arc;

use super::faults::after_each_fault;
use super::{again, closed, stored};
use crate::disk::Disk;
use crate::model::ids::{SessionId, Ticket};
use crate::model::scenario::Scenario;
use crate::model::session::{Report, RequestError, SessionContext, ShelfPlace, WorldOf};
use crate::read::recovery::{ABOUT_SESSION, CLOCK};
use crate::read::report::{self, Opened, ReportOf, ReportOrder, ScenarioFile};
use crate::torture::Play;
use crate::write::{News, Order};

const SCENARIO: &str = "root/ruins.scenario.ron";
const WORLD: &str = "root/ruins.world";

fn save(play: &mut Play, session: SessionId) -> Result<u64, RequestError> {
    let scenario = Scenario { name: "Ruins".to_owned(), version: 1, ..Scenario::default() };
    let of = WorldOf::Session(session);
    let file = ScenarioFile { path: SCENARIO.into(), scenario, of };
    let order = ReportOrder {
        path: WORLD.into(),
        of: ReportOf::Scenario(Box::new(file)),
        session: Some(session),
        checkpoint: None,
        report: Report::now().events(0),
        asked: None,
        context: SessionContext::default(),
    };
    let mut news = play
        .game
        .order(Order::Describe { order: Box::new(order), ticket: Ticket::new() }, play.now);
    for _ in 0..1000 {
        let described = news.into_iter().find_map(|news| match news {
            News::Described { result, .. } => Some(result),
            _ => None,
        });
        if let Some(result) = described {
            return result;
        }
        news = play.game.turn(play.now);
    }
    panic!("it should be reported");
}

fn is_there(play: &Play, path: &str) -> bool {
    play.disk.open(Path::new(path)).is_ok()
}

fn open(play: &Play) -> Opened {
    let layout = play.game.local.store.layout();
    let disk: Arc<dyn Disk> = Arc::new(play.disk.clone());
    report::open(&*disk, Path::new(WORLD), "", layout).unwrap()
}

#[test]
fn the_world_of_a_scenario_has_no_data_about_its_session() {
    let (mut play, session) = closed();
    save(&mut play, session).unwrap();
    let Opened { stored: world, checkpoint, slot, .. } = open(&play);
    let from = stored(&play.game.local.store, session);
    let head = &from.index().heads()[0];
    let header = &*slot.header;
    assert!(header.session != session && checkpoint.run != head.id.run);
    assert_eq!((&*header.metadata.name, &header.metadata.player), ("Ruins", &None));
    assert_eq!((header.host, &*header.boot), (0, ""));
    assert!(header.ancestors.is_empty() && header.supersedes.is_empty());
    assert_eq!(header.metadata.place, ShelfPlace::Open);
    let commit = world.index().commit(checkpoint).unwrap();
    let made_of = from.index().commit(head.id).unwrap();
    assert_eq!((commit.entities, &commit.types), (made_of.entities, &made_of.types));
    assert_eq!((&commit.summary, &commit.label, commit.events_through), (&None, &None, 0));

    let blocks = |stored: &crate::disk::StoredSession, id| {
        let plan = stored.index().plan(id).unwrap();
        let blocks = stored.blocks(&plan).unwrap().map(Result::unwrap);
        blocks.collect::<Vec<_>>()
    };
    let (all, alone) = (blocks(&from, head.id), blocks(&world, checkpoint));
    let is_left_out = |path: &str| path != CLOCK && ABOUT_SESSION.contains(&path);
    assert!(
        all.iter().any(|block| is_left_out(&block.type_path)),
        "there is something to leave out"
    );
    let rest: Vec<_> = all.into_iter().filter(|block| !is_left_out(&block.type_path)).collect();
    assert_eq!(rest, alone);
}

#[test]
fn a_fault_leaves_both_files_of_a_scenario_or_none() {
    let (before, session) = closed();
    let act = |play: &mut Play| save(play, session);
    let faults = after_each_fault(&[false], again(&before), act, |play, result, fault| {
        let there = (is_there(play, SCENARIO), is_there(play, WORLD));
        let expected = result.is_ok();
        assert_eq!(there, (expected, expected), "{fault}: {result:?}");
        if !expected {
            save(play, session).unwrap();
        }
        open(play);
    });
    assert!(faults > 10, "{faults}");
}
