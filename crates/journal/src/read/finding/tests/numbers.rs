//! The cost of a search of ten thousand sessions. Printed, since machines differ; `benches/numbers` has the figures of
//! the whole.

use std::hint::black_box;
use std::time::Duration;

use super::super::{GroupBy, SessionQuery, SessionWatch, Shelf, SortBy};
use super::entry;
use crate::model::clock;
use crate::model::session::{NewSession, SessionStatus};
use crate::read::recovery::SessionEntry;

const WORDS: [&str; 8] = ["Frozen", "North", "Élan", "Bridge", "Ärger", "Salt", "River", "Ember"];

fn typical(number: u128) -> SessionEntry {
    let word = |step: u128| WORDS[(number / step % 8) as usize];
    let new = NewSession::named(format!("{} {} {number}", word(1), word(8))).tag(word(64));
    let new = new.player(["Ann", "Ben", "Zoë"][(number % 3) as usize]).description("With Björn");
    let new = new.field("difficulty", ["hard", "easy"][(number % 2) as usize]).unwrap();
    let mut entry = entry(number, &new);
    if number.is_multiple_of(5) {
        entry.status = SessionStatus::Completed;
    }
    entry
}

/// The median of many.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..51)
        .map(|_| {
            let begun = clock::instant();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[test]
#[ignore = "measures; run it in a release build"]
fn ten_thousand_sessions() {
    let entries: Vec<SessionEntry> = (0..10_000).map(typical).collect();
    let begun = clock::instant();
    let mut shelf = Shelf::of(entries);
    crate::deep::tell(&format!("folded and sorted: {:?}", begun.elapsed()));
    crate::deep::tell(&format!("bytes of an entry: {}", size_of::<SessionEntry>()));
    let page = |query: SessionQuery| query.page(0..50);
    let base = SessionQuery::default;
    for (what, query) in [
        ("search, common word", page(base().search("frozen"))),
        ("search, absent word", page(base().search("absent"))),
        (
            "search, three words and a status",
            page(base().search("el fro ann").status([SessionStatus::Completed])),
        ),
        ("search in a field", page(base().search("hard").in_field("difficulty"))),
        (
            "filter by status and player",
            page(base().status([SessionStatus::Completed]).player("Ann")),
        ),
        ("filter by tag", page(base().tag("Salt"))),
        ("filter by field", page(base().with_field("difficulty", "hard"))),
        ("nothing left out", page(base())),
        ("sorted by name", page(base().sort(SortBy::Name))),
    ] {
        let took = median(|| drop(black_box(shelf.query(&query))));
        crate::deep::tell(&format!("{what}: {took:?}, {} found", shelf.query(&query).total));
    }
    for by in [GroupBy::Player, GroupBy::Tag, GroupBy::Week, GroupBy::Outcome] {
        let took = median(|| drop(black_box(shelf.groups(&base(), by))));
        crate::deep::tell(&format!("groups by {by:?}: {took:?}"));
    }
    let mut watch = SessionWatch::new(base().search("frozen"));
    watch.look(&shelf);
    crate::deep::tell(&format!(
        "page of a watch: {:?}",
        median(|| drop(black_box(watch.page(&shelf, 50..100))))
    ));
    crate::deep::tell(&format!(
        "look of a watch: {:?}",
        median(|| drop(black_box(watch.look(&shelf))))
    ));
    let mut number = 0;
    let took = median(|| {
        number += 1;
        let mut entry = typical(number);
        entry.updated = super::moment(20_000 + number as i64);
        shelf.put(entry);
    });
    crate::deep::tell(&format!("one put in front: {took:?}"));
    let fresh = Shelf::of((0..10_000).map(typical).collect());
    let mut empty = Shelf::default();
    let begun = clock::instant();
    empty.put_all(fresh);
    crate::deep::tell(&format!("ten thousand put on an empty shelf: {:?}", begun.elapsed()));
}
