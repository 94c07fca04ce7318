//! Watches of a shelf on which anything happens.

use super::super::{SessionChanges, SessionQuery, SessionWatch, Shelf};
use super::{id, named};
use crate::deep::Random;

#[test]
fn a_watch_reports_entered_left_and_changed_sessions_only() {
    let mut shelf = Shelf::of(vec![named(1, "North"), named(2, "South"), named(3, "Northwest")]);
    let mut watch = SessionWatch::new(SessionQuery::default().search("north"));
    let first = watch.look(&shelf);
    assert_eq!((first.entered, watch.total()), (vec![id(3), id(1)], 2));
    assert!(watch.look(&shelf).is_empty());

    shelf.put(named(2, "Elsewhere"));
    assert!(watch.look(&shelf).is_empty(), "what isn't found makes no difference");
    shelf.put(named(3, "Northwest"));
    assert!(watch.look(&shelf).is_empty(), "what is put there as it was makes none, either");

    shelf.put(named(2, "Far north"));
    shelf.remove(id(1));
    let mut other = named(3, "Northwest");
    other.bytes = 7;
    shelf.put(other);
    let changes = watch.look(&shelf);
    let wanted = SessionChanges {
        entered: vec![id(2)],
        left: vec![id(1)],
        changed: vec![id(3)],
        reordered: false,
    };
    assert_eq!(changes, wanted);
    assert_eq!(watch.page(&shelf, 0..1)[0].session.id, id(3));

    watch.set_query(SessionQuery::default().search("far"));
    assert_eq!(watch.look(&shelf).left, [id(3)]);
}

#[test]
fn a_watch_compares_another_shelf_with_the_one_before() {
    let mut watch = SessionWatch::new(SessionQuery::default());
    assert!(watch.look(&Shelf::default()).is_empty());
    watch.look(&Shelf::of(vec![named(1, "Home")]));
    let changes = watch.look(&Shelf::of(vec![named(2, "Away")]));
    assert_eq!((changes.entered, changes.left), (vec![id(2)], vec![id(1)]));
    assert_eq!(watch.look(&Shelf::default()).left, [id(2)]);
}

#[test]
fn applying_the_differences_of_a_watch_gives_the_list() {
    let mut random = Random::new(16);
    let mut shelf = Shelf::default();
    let mut watch = SessionWatch::new(SessionQuery::default().search("a"));
    let mut followed: Vec<_> = Vec::new();
    for _ in 0..2_000 {
        let number = u128::from(random.below(30));
        match random.below(4) {
            0 => drop(shelf.remove(id(number))),
            1 => {
                if let Some(entry) = shelf.get_mut(id(number)) {
                    entry.session.name.push('a');
                }
            }
            2 => shelf.put_all(Shelf::of((0..number).map(|it| named(it, "many")).collect())),
            _ => {
                let mut entry = named(number, ["alpha", "beta", "gone"][random.below(3) as usize]);
                entry.updated = super::moment(random.below(20) as i64);
                shelf.put(entry);
            }
        }
        let changes = watch.look(&shelf);
        followed.retain(|id| !changes.left.contains(id));
        followed.extend(changes.entered);
        let page = shelf.query(watch.query());
        let ids: Vec<_> = page.entries.iter().map(|entry| entry.session.id).collect();
        assert_eq!(ids, watch.ids().collect::<Vec<_>>());
        assert_eq!(page.entries, watch.page(&shelf, 0..100));
        let (mut sorted, mut wanted) = (followed.clone(), ids);
        sorted.sort();
        wanted.sort();
        assert_eq!(sorted, wanted);
        assert!(
            shelf
                .entries()
                .iter()
                .is_sorted_by_key(|entry| (std::cmp::Reverse(entry.updated), entry.session.id))
        );
    }
}

#[test]
fn a_shelf_keeps_its_order_when_sessions_are_removed() {
    let mut random = Random::new(35);
    let mut shelf = Shelf::of((0..50).map(|number| named(number, "many")).collect());
    let mut wanted: Vec<_> = shelf.entries().iter().map(|entry| entry.session.id).collect();
    while !wanted.is_empty() {
        let position = random.below(wanted.len() as u64) as usize;
        let gone = wanted.remove(position);
        assert_eq!(shelf.remove(gone).map(|entry| entry.session.id), Some(gone));
        assert_eq!(shelf.get(gone), None);
        let list = shelf.entries();
        let ids: Vec<_> = list.iter().map(|entry| entry.session.id).collect();
        assert_eq!(ids, wanted);
        let backwards: Vec<_> = list.iter().rev().map(|entry| entry.session.id).collect();
        assert!(backwards.iter().eq(wanted.iter().rev()));
        assert_eq!((list.len(), list.iter().len()), (wanted.len(), wanted.len()));
        assert_eq!(list.last().map(|entry| entry.session.id), wanted.last().copied());
        for (position, id) in wanted.iter().enumerate() {
            assert_eq!(list[position].session.id, *id);
            assert_eq!(shelf.get(*id).map(|entry| entry.session.id), Some(*id));
        }
    }
    assert!(shelf.entries().is_empty() && shelf.entries().first().is_none());
    assert_eq!(shelf.into_entries(), []);
}
