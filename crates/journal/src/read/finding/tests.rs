//! Searches of lists, small and large.

// Feature: Sessions are searched in any script, filtered, sorted, tagged, pinned and grouped.

mod numbers;
mod suggesting;
mod watching;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{GroupBy, GroupKey, Left, Outcome, SessionQuery, Shelf, SortBy};
use crate::model::ids::SessionId;
use crate::model::session::{LeaveCause, Leaving, NewSession, SessionStatus, ShelfPlace};
use crate::read::recovery::{SessionEntry, VersionFit};

fn id(number: u128) -> SessionId {
    SessionId::from(uuid::Uuid::from_u128((7 << 76) | (8 << 60) | number))
}

fn moment(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

/// A closed session, played last at an hour of its number.
pub(super) fn entry(number: u128, session: &NewSession) -> SessionEntry {
    let metadata = session.begin(id(number), Timestamp::UNIX_EPOCH);
    let mut entry = SessionEntry::begun(&metadata);
    entry.status = SessionStatus::Closed;
    entry.in_use = false;
    entry.left = Some(Leaving::by(LeaveCause::Player));
    entry.updated = moment(number as i64);
    entry.play_time = Duration::from_secs(60 * number as u64);
    entry.summary.fields = session.fields.clone();
    entry
}

fn named(number: u128, name: &str) -> SessionEntry {
    entry(number, &NewSession::named(name))
}

/// The numbers of those that are found, in their order.
fn found(entries: &[SessionEntry], query: &SessionQuery) -> Vec<u128> {
    let page = query.of(entries);
    let shelf = Shelf::of(entries.to_vec());
    let kept = shelf.query(query);
    assert_eq!(kept.entries, page.entries, "a shelf that keeps its texts should find the same");
    assert_eq!(kept.total, page.total);
    page.entries.iter().map(|entry| entry.session.id.uuid().as_u128() & 0xffff_ffff).collect()
}

fn search(entries: &[SessionEntry], text: &str) -> Vec<u128> {
    found(entries, &SessionQuery::default().search(text).reversed())
}

#[test]
fn a_search_finds_all_words_in_any_part_of_a_session() {
    let new = NewSession::named("The Frozen North").player("Zoë").tag("Co-op");
    let new = new.description("with Björn").session_type("campaign");
    let mut first = entry(1, &new);
    first.summary.fields.set(crate::CheckpointSummary::OBJECTIVE, "Find the Łódź bridge").unwrap();
    let entries = [first, named(2, "The warm south"), named(3, "Νησί των ΘΕΩΝ")];
    for text in
        ["north frozen", "ZOE", "bjo", "coop co-op", "op CAMP bridge", "lodz", "frozen\u{a0}north"]
    {
        let wanted: &[u128] = if text == "coop co-op" { &[] } else { &[1] };
        assert_eq!(search(&entries, text), wanted, "{text}");
    }
    assert_eq!(search(&entries, "the"), [1, 2]);
    assert_eq!(search(&entries, "θεων νησι"), [3]);
    assert!(search(&entries, "north south").is_empty());
    assert!(search(&entries, "northzoe").is_empty(), "no word goes from one part into the next");
}

#[test]
fn empty_and_huge_searches_are_answered() {
    let entries =
        [named(1, "Étude"), named(2, ""), named(3, "\n\u{301}\u{0}"), named(4, &"é".repeat(2000))];
    for nothing in ["", " \t\n", "\u{301}\u{302}", "\u{200b}\u{feff}", &"\u{323}".repeat(1 << 19)] {
        assert_eq!(search(&entries, nothing), [1, 2, 3, 4], "{nothing:.20}");
    }
    assert_eq!(search(&entries, &"E\u{301}".repeat(1 << 18)), [4], "1,000 letters of it count");
    assert!(search(&entries, &"x ".repeat(1 << 19)).is_empty());
    assert!(search(&entries, "\u{0}(.*)[%_\\").is_empty());
}

#[test]
fn fields_are_searched_by_text_and_by_value() {
    let with = |number, value: &dyn Fn(NewSession) -> NewSession| {
        entry(number, &value(NewSession::named("Campaign")))
    };
    let entries = [
        with(1, &|new| new.field("difficulty", "Hárd").unwrap()),
        with(2, &|new| new.field("difficulty", &3_u8).unwrap()),
        with(3, &|new| new.field("difficulty", &3_i64).unwrap()),
        with(4, &|new| new.field("difficulty", &vec![3, 4]).unwrap()),
        with(5, &|new| new),
        with(6, &|new| new.field("difficulty", &Some("hard")).unwrap()),
    ];
    let by_value = |value: &dyn Fn(SessionQuery) -> SessionQuery| {
        found(&entries, &value(SessionQuery::default()).reversed())
    };
    assert_eq!(by_value(&|query| query.with_field("difficulty", &3_u32)), [2, 3]);
    assert_eq!(by_value(&|query| query.with_field("difficulty", "Hárd")), [1]);
    assert_eq!(by_value(&|query| query.with_field("difficulty", &vec![3, 4])), [4]);
    assert!(by_value(&|query| query.with_field("level", &3)).is_empty());
    let in_field = |text: &str| by_value(&|query| query.search(text).in_field("difficulty"));
    assert_eq!(in_field("HARD"), [1, 6]);
    assert_eq!(in_field("3 campaign"), [2, 3]);
    assert!(search(&entries, "hard").is_empty(), "fields are searched that the game names");
    let unwritable = std::cell::RefCell::new(());
    let _held = unwritable.borrow_mut();
    assert!(by_value(&|query| query.with_field("difficulty", &unwritable)).is_empty());
}

#[test]
fn filters_select_the_matching_sessions() {
    let mut entries: Vec<SessionEntry> = (1..=6).map(|number| named(number, "Campaign")).collect();
    entries[0].session.player = Some("Ann".to_owned());
    entries[0].session.tags.insert("hard");
    entries[1].session.player = Some("ann".to_owned());
    entries[1].session.pinned = true;
    entries[2].status = SessionStatus::Active;
    entries[2].left = None;
    entries[3].status = SessionStatus::Paused;
    (entries[3].in_use, entries[3].left) = (true, None);
    entries[4].status = SessionStatus::Completed;
    entries[4].left = Some(Leaving::by(LeaveCause::Idle));
    entries[5].fit = VersionFit::Lossy;
    entries[5].session.session_type = "tutorial".to_owned();
    let asked = |narrow: &dyn Fn(SessionQuery) -> SessionQuery| {
        found(&entries, &narrow(SessionQuery::default()).reversed())
    };
    assert_eq!(asked(&|query| query), [1, 2, 3, 4, 5, 6]);
    assert_eq!(asked(&|query| query.player("Ann")), [1]);
    assert_eq!(asked(&|query| query.player("Ann").player("ann")), [1, 2]);
    assert_eq!(asked(&|query| query.tag("hard")), [1]);
    assert!(asked(&|query| query.tag("hard").tag("long")).is_empty());
    assert_eq!(asked(&|query| query.pinned(true)), [2]);
    assert_eq!(asked(&|query| query.left_by([Left::Crash])), [3]);
    assert_eq!(asked(&|query| query.left_by([Left::InUse])), [4]);
    assert_eq!(asked(&|query| query.left_by([Left::Cleanly])), [1, 2, 5, 6]);
    assert_eq!(asked(&|query| query.left_because([LeaveCause::Idle])), [5]);
    assert_eq!(asked(&|query| query.status([SessionStatus::Completed])), [5]);
    assert_eq!(asked(&|query| query.session_type("tutorial")), [6]);
    assert_eq!(asked(&|query| query.fits(VersionFit::Migratable)), [1, 2, 3, 4, 5]);
    assert_eq!(asked(&|query| query.updated(moment(2)..moment(4))), [2, 3]);
    assert_eq!(asked(&|query| query.updated(moment(5)..)), [5, 6]);
    let minute = Duration::from_secs(60);
    assert_eq!(asked(&|query| query.played(..=minute * 2)), [1, 2]);
    assert_eq!(asked(&|query| query.player("Ann").pinned(true)), [] as [u128; 0]);
}

#[test]
fn archived_and_deleted_sessions_are_found_only_on_request() {
    let mut entries: Vec<SessionEntry> = (1..=3).map(|number| named(number, "Campaign")).collect();
    entries[1].session.place = ShelfPlace::Archive { since: moment(1) };
    entries[2].session.place = ShelfPlace::Trash { since: moment(1) };
    assert_eq!(found(&entries, &SessionQuery::default()), [1]);
    assert_eq!(found(&entries, &SessionQuery::default().archived()), [2]);
    assert_eq!(found(&entries, &SessionQuery::default().in_trash()), [3]);
    assert_eq!(found(&entries, &SessionQuery::default().in_all_places()), [3, 2, 1]);
}

#[test]
fn each_order_can_be_turned_round() {
    let names = ["Öland", "oslo", "Åland", "Zürich"];
    let named_in_order = names.iter().zip(1..).map(|(name, number)| named(number, name));
    let mut entries: Vec<SessionEntry> = named_in_order.collect();
    entries[0].bytes = 5;
    entries[1].summary.fields.set(crate::CheckpointSummary::PROGRESS, &0.5_f32).unwrap();
    entries[2].summary.fields.set(crate::CheckpointSummary::PROGRESS, &0.2_f32).unwrap();
    entries[3].session.started = moment(9);
    let sorted = |by| found(&entries, &SessionQuery::default().sort(by));
    let reversed = |by| found(&entries, &SessionQuery::default().sort(by).reversed());
    assert_eq!(sorted(SortBy::Updated), [4, 3, 2, 1]);
    assert_eq!(reversed(SortBy::Updated), [1, 2, 3, 4]);
    assert_eq!(sorted(SortBy::Name), [3, 1, 2, 4]);
    assert_eq!(reversed(SortBy::Name), [4, 2, 1, 3]);
    assert_eq!(sorted(SortBy::PlayTime), [4, 3, 2, 1]);
    assert_eq!(sorted(SortBy::Started), [4, 1, 2, 3]);
    assert_eq!(sorted(SortBy::Bytes), [1, 2, 3, 4]);
    assert_eq!(reversed(SortBy::Bytes), [2, 3, 4, 1]);
    assert_eq!(sorted(SortBy::Progress), [2, 3, 1, 4]);
    assert_eq!(reversed(SortBy::Progress), [3, 2, 1, 4], "nothing is known of 1 and 4");
}

#[test]
fn pages_of_ten_thousand_equal_names_show_each_once() {
    let mut entries: Vec<SessionEntry> = (0..10_000).map(|number| named(number, "Same")).collect();
    entries.iter_mut().for_each(|entry| entry.updated = moment(1));
    entries.reverse();
    let shelf = Shelf::of(entries.clone());
    for by in [SortBy::Updated, SortBy::Name, SortBy::Started, SortBy::Bytes, SortBy::Progress] {
        for query in [SessionQuery::default().sort(by), SessionQuery::default().sort(by).reversed()]
        {
            let mut seen = Vec::new();
            for page in 0..=20 {
                let page = shelf.query(&query.clone().page(page * 500..(page + 1) * 500));
                assert_eq!(page.total, 10_000);
                seen.extend(page.entries.iter().map(|entry| entry.session.id));
            }
            assert!(seen.is_sorted() && seen.len() == 10_000, "{by:?}");
        }
    }
    let query = SessionQuery::default();
    assert!(shelf.query(&query.clone().page(10_000..20_000)).entries.is_empty());
    #[expect(clippy::reversed_empty_ranges, reason = "somebody computes such a page")]
    let backwards = 20..10;
    assert!(shelf.query(&query.page(backwards)).entries.is_empty());
}

#[test]
fn groups_have_their_count_and_newest_session() {
    let new = |player: &str| NewSession::named("Campaign").player(player).tag("long");
    let mut entries = vec![
        entry(1, &new("Ann").tag("hard")),
        entry(200, &new("Ben")),
        entry(3, &new("Ann")),
        named(40, "Other"),
    ];
    entries[1].status = SessionStatus::Failed;
    // The same mod twice is one.
    entries[0].session.context.mods = ["fish", "boats", "fish"].map(str::to_owned).into();
    entries[2].session.context.mods = vec!["fish".to_owned()];
    let shelf = Shelf::of(entries);
    let groups = |by| {
        let groups = shelf.groups(&SessionQuery::default(), by).groups;
        let plain = |group: super::SessionGroup| {
            (group.key, group.count, group.newest.session.id.uuid().as_u128() & 0xffff)
        };
        groups.into_iter().map(plain).collect::<Vec<_>>()
    };
    let player = |name: Option<&str>| GroupKey::Player(name.map(str::to_owned));
    let players =
        [(player(Some("Ben")), 1, 200), (player(None), 1, 40), (player(Some("Ann")), 2, 3)];
    assert_eq!(groups(GroupBy::Player), players);
    let tag = |name: Option<&str>| GroupKey::Tag(name.map(str::to_owned));
    let tags = [(tag(Some("long")), 3, 200), (tag(None), 1, 40), (tag(Some("hard")), 1, 1)];
    assert_eq!(groups(GroupBy::Tag), tags);
    let outcome = GroupKey::Outcome;
    let outcomes = [(outcome(Outcome::Failed), 1, 200), (outcome(Outcome::Closed), 3, 40)];
    assert_eq!(groups(GroupBy::Outcome), outcomes);
    let week = |begins| GroupKey::Week { begins };
    // 1970 began on a Thursday.
    let weeks = [(week(moment(4 * 24 + 7 * 24 - 7 * 24)), 1, 200), (week(moment(-3 * 24)), 3, 40)];
    assert_eq!(groups(GroupBy::Week), weeks);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let length =
        |from, until| GroupKey::Length { from: minutes(from), until: Some(minutes(until)) };
    let lengths = [(length(0, 15), 2, 3), (length(15, 60), 1, 40), (length(60, 240), 1, 200)];
    assert_eq!(groups(GroupBy::Length), lengths);
    let hour = GroupKey::Hour;
    let hours = [(hour(1), 1, 1), (hour(3), 1, 3), (hour(8), 1, 200), (hour(16), 1, 40)];
    assert_eq!(groups(GroupBy::Hour), hours);
    let name = |name: Option<&str>| GroupKey::Mod(name.map(str::to_owned));
    let mods = [(name(None), 2, 200), (name(Some("fish")), 2, 3), (name(Some("boats")), 1, 1)];
    assert_eq!(groups(GroupBy::Mod), mods);
}
