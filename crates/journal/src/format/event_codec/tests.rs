use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::*;
use crate::format::frame::{FrameKind, FramePlace, FrameSealer};
use crate::format::sample::noise;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Looted {
    item: String,
    amount: u32,
}

fn moment() -> EventMoment {
    EventMoment {
        time: Timestamp::new(1_900_000_000, 123_456_789).unwrap(),
        play_time: Duration::new(3600, 7),
        frame: 216_000,
        tick: 230_400,
        chapter: Some(0),
    }
}

fn of_type(path: &str, source: EventSource, privacy: EventPrivacy) -> EventType {
    EventType { path: Arc::from(path), version: 3, source, privacy }
}

fn looted() -> EventType {
    of_type("game::loot::Looted", EventSource::Message, EventPrivacy::Shared)
}

/// Events with these numbers and values.
fn column(event_type: EventType, events: &[(u64, &[u8])]) -> EventColumn {
    let mut column = EventColumn::new(event_type);
    events.iter().for_each(|(sequence, value)| column.push(*sequence, value));
    column
}

fn batch(columns: Vec<EventColumn>) -> EventBatch {
    EventBatch { moment: moment(), columns, durable: false }
}

/// The events of all payloads, one after the other.
fn read(encoded: &EncodedBatch) -> Vec<RecordedEvent> {
    let mut events = Vec::new();
    for payload in &encoded.payloads {
        let frame = EventFrame::decode(&payload.bytes).unwrap();
        let read: Vec<_> = frame.events(|_| true).collect();
        assert_eq!(read.len() as u64, payload.count);
        assert_eq!(read.first().map(|event| event.sequence), Some(payload.first));
        assert_eq!(read.last().map(|event| event.sequence), Some(payload.last));
        events.extend(read);
    }
    events
}

#[test]
fn a_batch_survives_in_the_order_of_its_numbers() {
    let boss = of_type("game::BossDefeated", EventSource::Event, EventPrivacy::Private);
    let batch = batch(vec![
        column(looted(), &[(7, b"gold"), (9, b"a sword"), (10, b"")]),
        column(boss.clone(), &[(8, b"boss"), (12, b"foss")]),
    ]);
    let events = read(&encode(&batch));
    let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, [7, 8, 9, 10, 12]);
    let values: Vec<&[u8]> = events.iter().map(|event| &*event.data).collect();
    assert_eq!(values, [&b"gold"[..], b"boss", b"a sword", b"", b"foss"]);
    assert_eq!((&events[0].event_type, &events[1].event_type), (&looted(), &boss));
    assert!(events.iter().all(|event| event.moment == moment()));
}

/// Every later build reads the bytes of this one: they are never to change.
#[test]
fn the_bytes_are_those_of_the_format() {
    let boss = of_type("game::BossDefeated", EventSource::Event, EventPrivacy::Private);
    let batch = batch(vec![
        column(looted(), &[(7, b"gold"), (9, b"a sword"), (10, b"")]),
        column(boss, &[(8, b"boss"), (12, b"foss")]),
    ]);
    // Not as the small frames of tests, but as one.
    let places = [(7, 0, 0), (8, 1, 0), (9, 0, 1), (10, 0, 2), (12, 1, 1)];
    let places = places.map(|(sequence, column, row)| Place { sequence, column, row });
    let bytes = payload(&batch, &places).unwrap().bytes;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let moment = "80ccfd930eaab4de7587c0e285e368c0970d80880e010702";
    let looted = "1267616d653a3a6c6f6f743a3a4c6f6f74656403000300030201040700676f6c64612073776f7264";
    let boss = "1267616d653a3a426f7373446566656174656403210201010404626f7373666f7373";
    assert_eq!(hex, [moment, looted, boss].concat());
}

#[test]
fn every_source_and_privacy_survives_and_so_do_moments_without_a_chapter() {
    let sources =
        [EventSource::Message, EventSource::Event, EventSource::Input, EventSource::Lifecycle];
    let privacies = [EventPrivacy::Shared, EventPrivacy::Personal, EventPrivacy::Private];
    for source in sources {
        for privacy in privacies {
            let event_type = of_type("t", source, privacy);
            let mut batch = batch(vec![column(event_type.clone(), &[(1, b"x")])]);
            batch.moment = EventMoment { time: Timestamp::MIN, ..EventMoment::default() };
            let events = read(&encode(&batch));
            assert_eq!((&events[0].event_type, events[0].moment), (&event_type, batch.moment));
        }
    }
}

#[test]
fn a_batch_is_split_where_a_frame_is_full_and_keeps_its_order() {
    let value = noise(limits::FILLED_BYTES / 4, 3);
    let numbers: Vec<(u64, &[u8])> = (1..40).map(|number| (number * 2, &*value)).collect();
    let others: Vec<(u64, &[u8])> = (1..40).map(|number| (number * 2 + 1, &b"o"[..])).collect();
    let other = of_type("game::Other", EventSource::Input, EventPrivacy::Shared);
    let encoded = encode(&batch(vec![column(looted(), &numbers), column(other, &others)]));
    assert!(encoded.payloads.len() > 10, "{}", encoded.payloads.len());
    let small = |payload: &EventPayload| payload.bytes.len() <= limits::FILLED_BYTES;
    assert!(encoded.payloads.iter().all(small));
    let read: Vec<u64> = read(&encoded).iter().map(|event| event.sequence).collect();
    assert_eq!(read, (2..80).collect::<Vec<_>>());
}

#[test]
fn a_large_event_has_a_frame_of_its_own_and_one_over_the_limit_is_left_out() {
    let (large, too_large) = (noise(limits::EVENT_BYTES, 1), vec![0; limits::EVENT_BYTES + 1]);
    let path = "p".repeat(limits::STRING_BYTES);
    let event_type = of_type(&path, EventSource::Event, EventPrivacy::Shared);
    let encoded =
        encode(&batch(vec![column(event_type, &[(1, b"a"), (2, &large), (3, &too_large)])]));
    let lengths: Vec<usize> = encoded.payloads.iter().map(|it| it.bytes.len()).collect();
    assert!(lengths.iter().all(|bytes| *bytes <= limits::EVENT_FRAME_BYTES), "{lengths:?}");
    assert_eq!(read(&encoded).len(), 2);
    assert_eq!(&*encoded.too_large[0], &*path);
}

#[test]
fn of_two_events_with_one_number_the_first_is_kept() {
    let encoded = encode(&batch(vec![column(looted(), &[(5, b"one"), (5, b"two")])]));
    let events = read(&encoded);
    assert_eq!((events.len(), &*events[0].data), (1, &b"one"[..]));
    assert!(encode(&batch(Vec::new())).payloads.is_empty());
}

#[test]
fn only_the_types_that_are_wanted_are_copied() {
    let other = of_type("game::Other", EventSource::Input, EventPrivacy::Shared);
    let encoded = encode(&batch(vec![
        column(looted(), &[(1, b"a"), (3, b"c")]),
        column(other, &[(2, b"b")]),
    ]));
    let frame = EventFrame::decode(&encoded.payloads[0].bytes).unwrap();
    assert_eq!(frame.sequences(|event_type| &*event_type.path == "game::Other"), [2]);
    assert_eq!(frame.events(|event_type| *event_type == looted()).count(), 2);
}

#[test]
fn a_value_is_decoded_as_its_type_and_no_other() {
    let value = Looted { item: "gold".to_owned(), amount: 3 };
    let mut column = EventColumn::new(looted());
    column
        .push_with(4, |bytes| {
            bytes.extend(rmp_serde::to_vec_named(&value)?);
            Ok::<_, rmp_serde::encode::Error>(())
        })
        .unwrap();
    let failed = column.push_with(5, |bytes| {
        bytes.push(1);
        Err("the game's own code failed")
    });
    assert!(failed.is_err());
    let events = read(&encode(&batch(vec![column])));
    assert_eq!(events.len(), 1, "what can't be written should be left out");
    assert_eq!(events[0].decode::<Looted>().unwrap(), value);
    let error = events[0].decode::<Vec<String>>().unwrap_err();
    assert_eq!(error.to_string(), "event 4 of game::loot::Looted can't be read as such a value");
}

#[test]
fn small_events_take_no_more_than_twenty_bytes_each() {
    let mut column = EventColumn::new(looted());
    for sequence in 1000..1100 {
        let amount = (sequence * 7919 % 1000) as u32;
        let value = Looted { item: "gold".to_owned(), amount };
        column.push(sequence, &rmp_serde::to_vec_named(&value).unwrap());
    }
    // Not as the small frames of tests, but as one.
    let places: Vec<Place> =
        (0..100).map(|row| Place { sequence: 1000 + row as u64, column: 0, row }).collect();
    let payload = payload(&batch(vec![column]), &places).unwrap();
    let place = FramePlace { first: true, last: true, sequence: 0, counter: payload.last };
    let frame = FrameSealer::new(7).seal(FrameKind::EVENTS, place, &payload.bytes);
    assert!(frame.len() <= 20 * 100, "{}", frame.len());
    let read = EventFrame::decode(&payload.bytes).unwrap();
    assert_eq!(read.events(|_| true).count(), 100);
}

#[test]
fn mutated_frames_never_panic_or_allocate_much() {
    let other = of_type("game::Other", EventSource::Input, EventPrivacy::Personal);
    let encoded = encode(&batch(vec![
        column(looted(), &[(1, b"gold"), (4, b"sword")]),
        column(other, &[(2, b"b"), (3, b"c")]),
    ]));
    let good = &encoded.payloads[0].bytes;
    for end in 0..good.len() {
        assert!(EventFrame::decode(&good[..end]).is_err(), "cut at {end}");
        for bit in 0..8 {
            let mut flipped = good.clone();
            flipped[end] ^= 1 << bit;
            // It may decode to something else: the checksum of the frame says that it is damaged.
            if let Ok(frame) = EventFrame::decode(&flipped) {
                assert!(frame.events(|_| true).count() <= limits::EVENTS_IN_FRAME);
            }
        }
    }
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(EventFrame::decode(&longer).unwrap_err(), EventError::TooLong);
}

#[test]
fn columns_that_announce_more_events_than_a_frame_may_have_are_refused() {
    let mut bytes = Vec::new();
    put_moment(&mut bytes, &moment());
    put_varint(&mut bytes, 1);
    put_varint(&mut bytes, 2);
    for _ in 0..2 {
        bytes.extend_from_slice(&[1, b't', 0, 0]);
        put_varint(&mut bytes, limits::EVENTS_IN_FRAME as u64);
        // Values without a byte, with numbers that follow each other.
        bytes.extend_from_slice(&[0, 0, 0]);
    }
    let refused = EventFrame::decode(&bytes).unwrap_err();
    assert!(matches!(refused, EventError::Wire(WireError::OverLimit { limit: 0, .. })));
}
