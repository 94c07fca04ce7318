//! The oracle objects to each thing that may not be, and to nothing else.

mod kept;

use std::collections::BTreeMap;

use super::{Debt, Promise};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::SessionStatus;
use crate::torture::Fact;
use crate::torture::game::description_of;
use crate::torture::history::{History, SlotChange};
use crate::torture::opening::{
    Opened, OpenedEntry, OpenedOffer, OpenedSession, OpenedSlot, Reading, key,
};
use crate::torture::reports::Report;

const SLOT: &str = "default/Boss";
const REPORT: &str = "root/1.tar";

fn session() -> SessionId {
    uuid::Uuid::from_u128(1).into()
}

fn id(counter: u64) -> CheckpointId {
    CheckpointId { run: RunId(1), counter }
}

fn digest(counter: u64) -> u64 {
    100 + counter
}

fn report(digest: u64) -> Report {
    Report { bytes: 40, digest }
}

fn captured(counter: u64, is_full: bool, is_named: bool) -> Fact {
    let (id, digest) = (id(counter), digest(counter));
    Fact::Captured { id, digest, is_full, is_named }
}

fn saving(number: u64, name: &str, counter: u64) -> Fact {
    let change = SlotChange::Save { name: name.to_owned(), id: id(counter) };
    Fact::SlotAsked { number, change }
}

/// The facts: a session is played, and has two checkpoints, the second one with an attachment and in a slot.
fn facts() -> Vec<Fact> {
    vec![
        Fact::Naming { name: "Play".to_owned() },
        Fact::JournalBegun,
        captured(1, true, false),
        Fact::Acknowledged { id: id(1) },
        captured(2, false, false),
        Fact::Acknowledged { id: id(2) },
        Fact::Attaching { id: id(2), version: 1 },
        Fact::Attached { id: id(2), version: 1 },
        saving(1, SLOT, 2),
        Fact::SlotChanged { number: 1 },
        Fact::Reported { path: REPORT.into(), report: report(7) },
    ]
}

/// And what a start finds then.
fn opened() -> Opened {
    let entry = OpenedEntry {
        name: "Play".to_owned(),
        description: description_of("Play"),
        status: SessionStatus::Active,
    };
    let found = OpenedSession {
        entry: Some(entry),
        offers: vec![OpenedOffer { newest: id(2), said_to_be_lost: 0, forked: false }],
        heads: vec![(id(2), Some(id(2)))],
        checkpoints: [1, 2].map(|it| (key(id(it)), Reading::Restored(digest(it)))).into(),
        attachments: [(key(id(2)), Some(1))].into(),
        has_unknown_frame: true,
        ..OpenedSession::default()
    };
    let slot = OpenedSlot {
        name: SLOT.to_owned(),
        checkpoint: key(id(2)),
        reading: Reading::Restored(digest(2)),
        attached: Some(Some(1)),
    };
    Opened {
        sessions: [(session(), found)].into(),
        slots: vec![slot],
        unread_slots: 0,
        reports: [(REPORT.into(), report(7))].into(),
    }
}

fn debt_of(facts: &[Fact]) -> Debt {
    let mut history = History::default();
    facts.iter().for_each(|fact| history.note(0, session(), fact.clone()));
    let mut debt = Debt::default();
    debt.advance_to(&history, 0);
    debt
}

/// Checks these findings after all facts, and `then`.
fn wrong(then: &[Fact], change: impl FnOnce(&mut Opened), promise: Promise) -> Result<(), String> {
    let mut opened = opened();
    change(&mut opened);
    debt_of(&[facts(), then.to_vec()].concat()).check(&opened, promise)
}

/// Expects an objection in these words.
fn objects(words: &str, then: &[Fact], change: impl FnOnce(&mut Opened)) {
    let outcome = wrong(then, change, Promise::NothingIsLost);
    let is_meant = outcome.as_ref().is_err_and(|wrong| wrong.contains(words));
    assert!(is_meant, "{words:?} should be said, and not {outcome:?}");
}

fn agrees(then: &[Fact], change: impl FnOnce(&mut Opened)) {
    assert_eq!(wrong(then, change, Promise::NothingIsLost), Ok(()));
}

fn found(opened: &mut Opened) -> &mut OpenedSession {
    opened.sessions.get_mut(&session()).expect("it is there")
}

fn entry(opened: &mut Opened) -> &mut OpenedEntry {
    found(opened).entry.as_mut().expect("it is listed")
}

fn read_as(counter: u64, reading: Reading) -> impl FnOnce(&mut Opened) {
    move |opened| {
        found(opened).checkpoints.insert(key(id(counter)), reading);
    }
}

#[test]
fn the_oracle_accepts_a_correct_state() {
    agrees(&[], |_| {});
    // A checkpoint that isn't acknowledged may be there or not.
    agrees(&[captured(3, false, false)], |_| {});
    agrees(&[captured(3, false, false)], read_as(3, Reading::Restored(digest(3))));
}

#[test]
fn the_oracle_rejects_checkpoints_that_were_never_captured() {
    objects("3@0000000000000001 never was", &[], read_as(3, Reading::Intact));
    objects("2@0000000000000001 is not what was captured", &[], read_as(2, Reading::Restored(9)));
    let later = |opened: &mut Opened| {
        found(opened).attachments.insert(key(id(2)), Some(2));
    };
    objects("has version Some(2) of its attachment", &[], later);
    objects("is offered and can't be restored", &[captured(3, false, false)], |opened| {
        found(opened).offers[0].newest = id(3);
    });
    objects("which never was", &[], |opened| opened.slots[0].checkpoint = key(id(3)));
    objects("isn't what", &[], |opened| opened.slots[0].reading = Reading::Restored(9));
    objects("has version Some(2)", &[], |opened| opened.slots[0].attached = Some(Some(2)));
}

#[test]
fn the_oracle_lets_a_lying_disk_lose_but_not_falsify() {
    let nothing = |opened: &mut Opened| *opened = Opened::default();
    assert_eq!(wrong(&[], nothing, Promise::NoFalseState), Ok(()));
    assert!(wrong(&[], read_as(2, Reading::Restored(9)), Promise::NoFalseState).is_err());
}

#[test]
fn the_oracle_rejects_a_loss() {
    objects("the session is gone", &[], |opened| opened.sessions.clear());
    objects("and nothing is there", &[], |opened| found(opened).heads.clear());
    objects("the newest that is there is 1@", &[], |opened| {
        found(opened).heads = vec![(id(2), Some(id(1)))];
    });
    objects("2@0000000000000001 can't be restored", &[], |opened| {
        found(opened).checkpoints.clear();
        found(opened).offers.clear();
    });
    objects("should be kept, and can't be restored", &[], read_as(1, Reading::Lost));
    objects("a failure is reported", &[], |opened| {
        found(opened).failure = Some("Unreadable".to_owned());
    });
    objects("lost its attachment", &[], |opened| found(opened).attachments.clear());
    objects("wrote isn't there any more", &[], |opened| found(opened).has_unknown_frame = false);
    objects("the report root/1.tar", &[], |opened| opened.reports.clear());
    objects("the report root/1.tar", &[], |opened| {
        opened.reports = BTreeMap::from([(REPORT.into(), report(8))]);
    });
}

#[test]
fn the_oracle_rejects_a_wrong_offer() {
    let second = OpenedOffer { newest: id(2), said_to_be_lost: 0, forked: true };
    objects("offered as a fork", &[], |opened| found(opened).offers.push(second.clone()));
    objects("was acknowledged, and isn't offered", &[], |opened| found(opened).offers.clear());
    objects("was acknowledged, and isn't offered", &[], |opened| {
        found(opened).offers[0].newest = id(1);
    });
    let left = [Fact::Leaving, Fact::Left];
    objects("set aside, and offered again", &left, |_| {});
    agrees(&left, |opened| found(opened).offers.clear());
    agrees(&[Fact::Leaving], |opened| found(opened).offers.clear());
    objects("set aside, and offered again", &[Fact::Declined], |_| {});
    // A fork is one where not every file could be read.
    agrees(&[Fact::TakenUpHalfBlind], |opened| found(opened).offers.push(second));
}

#[test]
fn the_oracle_rejects_a_deleted_session_that_is_back() {
    let forgotten = [Fact::Forgetting, Fact::Forgotten];
    objects("forgotten, and there again", &forgotten, |_| {});
    agrees(&forgotten, |opened| opened.sessions.clear());
    agrees(&[Fact::Forgetting], |opened| opened.sessions.clear());
    agrees(&[Fact::Forgetting], |_| {});
    objects("the newest that is there is 1@", &[Fact::Forgetting], |opened| {
        found(opened).heads = vec![(id(2), Some(id(1)))];
    });
    let taken_up = Fact::TakingUp { checkpoint: Some(id(2)) };
    objects("there again", &[&forgotten[..], &[taken_up]].concat(), |_| {});
}

#[test]
fn the_oracle_rejects_wrong_metadata_of_a_session() {
    let naming = |name: &str| Fact::Naming { name: name.to_owned() };
    let called = |name: &'static str| {
        move |opened: &mut Opened| {
            entry(opened).name = name.to_owned();
            entry(opened).description = description_of(name);
        }
    };
    objects("it is called \"Other\"", &[], called("Other"));
    agrees(&[naming("Other")], called("Other"));
    agrees(&[naming("Other")], |_| {});
    objects("it is called \"Play\"", &[naming("Other"), Fact::Stated], |_| {});
    objects("describes itself as", &[], |opened| entry(opened).description.clear());

    let paused = |opened: &mut Opened| entry(opened).status = SessionStatus::Paused;
    let pausing = Fact::Standing { status: SessionStatus::Paused };
    objects("it is Paused", &[], paused);
    agrees(std::slice::from_ref(&pausing), paused);
    agrees(std::slice::from_ref(&pausing), |_| {});
    objects("it is Active", &[pausing.clone(), Fact::Stated], |_| {});
    // A new run begins active, once anything in it is durable.
    let taken_up = Fact::TakingUp { checkpoint: Some(id(2)) };
    let resumed = [pausing, Fact::Stated, taken_up, captured(3, true, false)];
    agrees(&resumed, paused);
    objects(
        "it is Paused",
        &[&resumed[..], &[Fact::Acknowledged { id: id(3) }]].concat(),
        |opened| {
            read_as(3, Reading::Restored(digest(3)))(opened);
            found(opened).heads = vec![(id(3), Some(id(3)))];
            found(opened).offers[0].newest = id(3);
            paused(opened);
        },
    );
}

#[test]
fn the_oracle_rejects_slots_in_another_state_than_they_were_left() {
    let words = "and should be one of";
    let named = |name: &'static str| move |opened: &mut Opened| opened.slots[0].name = name.into();
    let asked = |change: SlotChange| Fact::SlotAsked { number: 2, change };
    let (from, to) = (SLOT.to_owned(), "default/Cave".to_owned());
    let renaming = asked(SlotChange::Rename { from: from.clone(), to: to.clone() });
    let copying = asked(SlotChange::Copy { from: from.clone(), to });
    let deleting = asked(SlotChange::Delete { name: from });
    let done = Fact::SlotChanged { number: 2 };
    let no_slot = |opened: &mut Opened| opened.slots.clear();

    objects("1 slots can't be read", &[], |opened| opened.unread_slots = 1);
    objects(words, &[], no_slot);
    objects(words, &[], named("default/Cave"));
    objects(words, &[], |opened| opened.slots[0].reading = Reading::Lost);
    objects(words, &[], |opened| opened.slots[0].attached = None);
    objects(words, &[], |opened| {
        let slot = &mut opened.slots[0];
        (slot.checkpoint, slot.reading, slot.attached) = (key(id(1)), Reading::Intact, None);
    });

    agrees(std::slice::from_ref(&renaming), named("default/Cave"));
    agrees(std::slice::from_ref(&renaming), |_| {});
    objects(words, &[renaming.clone(), done.clone()], |_| {});
    let refused = Fact::SlotRefused { number: 2 };
    objects(words, &[renaming.clone(), refused], named("default/Cave"));
    let unknown = Fact::SlotMayHaveChanged { number: 2 };
    agrees(&[renaming.clone(), unknown.clone()], named("default/Cave"));
    agrees(&[renaming.clone(), unknown], |_| {});
    agrees(&[renaming, Fact::ProcessEnded], named("default/Cave"));

    let both = |opened: &mut Opened| {
        let copy = OpenedSlot { name: "default/Cave".to_owned(), ..opened.slots[0].clone() };
        opened.slots.push(copy);
    };
    objects(words, &[], both);
    agrees(&[copying.clone(), done.clone()], both);
    objects(words, &[copying, done.clone()], |_| {});
    agrees(&[deleting.clone(), done.clone()], no_slot);
    objects(words, &[deleting, done], |_| {});
}

#[test]
fn the_oracle_rejects_a_slot_without_a_later_attachment() {
    let attached =
        [Fact::Attaching { id: id(2), version: 2 }, Fact::Attached { id: id(2), version: 2 }];
    let beside = |opened: &mut Opened| {
        found(opened).attachments.insert(key(id(2)), Some(2));
    };
    agrees(&attached, beside);
    let refreshed = [&attached[..], &[Fact::SlotRefreshed { name: SLOT.to_owned() }]].concat();
    objects("and should be one of", &refreshed, beside);
    agrees(&refreshed, |opened| {
        beside(opened);
        opened.slots[0].attached = Some(Some(2));
    });
}

#[test]
fn the_oracle_rejects_an_attachment_older_than_the_acknowledged_one() {
    let asked = |number: u64, drawing| Fact::MapAsked { number, drawing };
    let changed = |number| Fact::MapChanged { number };
    let has = |map: Option<Option<u32>>| move |opened: &mut Opened| found(opened).map = map;
    let drawn = |drawing| Some(Some(drawing));
    agrees(&[], has(None));
    let second = [asked(1, Some(1)), changed(1), asked(2, Some(2))];
    agrees(&second, has(drawn(1)));
    agrees(&second, has(drawn(2)));
    objects("its map is None", &second, has(None));
    objects("its map is Some(None)", &second, has(Some(None)));
    objects("which never was", &second, has(drawn(3)));
    let third = [&second[..], &[changed(2), asked(3, None), asked(4, Some(4))]].concat();
    objects("its map is Some(Some(1))", &third, has(drawn(1)));
    [None, drawn(2), drawn(4)].into_iter().for_each(|map| agrees(&third, has(map)));
    let refused = [&third[..], &[Fact::MapRefused { number: 4 }, changed(3)]].concat();
    agrees(&refused, has(None));
    objects("its map is Some(Some(2))", &refused, has(drawn(2)));
    objects("its map is Some(Some(4))", &refused, has(drawn(4)));
}
