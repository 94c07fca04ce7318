//! The cost of copying the world, and the size of the result.

use std::hint::black_box;
use std::time::Instant;

use bevy::app::App;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use crate::game::{
    ENTITIES, Health, Heard, Position, Velocity, memory_app, play, request, spawn_mixed, start,
};
use crate::measure::{ROUNDS, median, microseconds, ratio, row};

pub fn delta_captures() {
    let mut app = memory_app(&MemoryDisk::default());
    let entities = spawn_mixed(&mut app, ENTITIES);
    start(&mut app);
    for (name, step) in
        [("0.1 % changed", 1_000), ("1 % changed", 100), ("10 % changed", 10), ("100 % changed", 1)]
    {
        app.world_mut().resource_mut::<Heard>().captures.clear();
        for round in 0..ROUNDS {
            play(&mut app, &entities, step, round);
            request(&mut app, |commands| commands.session().checkpoint("bench"));
            app.update();
        }
        let captures = std::mem::take(&mut app.world_mut().resource_mut::<Heard>().captures);
        row(
            &format!("capture, 100,000 entities × 5 components, {name} (aim ≤ 500 µs at 1 %)"),
            microseconds(median(captures)),
        );
    }
}

pub fn full_capture_beside_memcpy() {
    let mut app = memory_app(&MemoryDisk::default());
    let rows =
        (0..ENTITIES).map(|_| (Position(1.0, 2.0, 3.0), Velocity(1.0, 2.0, 3.0), Health(1.0, 2.0)));
    app.world_mut().spawn_batch(rows);
    start(&mut app);
    let bytes = ENTITIES * (12 + 12 + 8 + 8);
    let source = vec![1_u8; bytes];
    let cold = vec![3_u8; 64 << 20];
    let (mut copies, mut captures) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        black_box(cold.iter().map(|byte| usize::from(*byte)).sum::<usize>());
        let begun = Instant::now();
        black_box(source.clone());
        copies.push(begun.elapsed());

        black_box(cold.iter().map(|byte| usize::from(*byte)).sum::<usize>());
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        (0..3).for_each(|_| app.update());
        app.world_mut().resource_mut::<Heard>().captures.clear();
        request(&mut app, |commands| commands.session().start(NewSession::named("Bench")));
        (0..3).for_each(|_| app.update());
        captures.extend(app.world().resource::<Heard>().captures.first());
    }
    let (capture, copy) = (median(captures), median(copies));
    row("memcpy of the same bytes with the entity ids", microseconds(copy));
    row(
        "full capture of three plain columns (aim ≤ 3 × memcpy)",
        format!("{} = {:.2} × memcpy", microseconds(capture), ratio(capture, copy)),
    );
}

pub fn small_game() {
    let mut app = memory_app(&MemoryDisk::default());
    let entities = spawn_mixed(&mut app, 200);
    start(&mut app);
    let bytes = |app: &App| app.world().resource::<Heard>().bytes.clone();
    let first = bytes(&app);
    let snapshot = first.first().copied().unwrap_or_default();
    play(&mut app, &entities, 10, 1);
    request(&mut app, |commands| commands.session().checkpoint("bench"));
    while bytes(&app).len() == first.len() {
        app.update();
    }
    let delta = bytes(&app).last().copied().unwrap_or_default();
    row("snapshot of a game with 200 entities × 5 components", format!("{snapshot} bytes"));
    row("its checkpoint with 10 % changed (aim ≤ 5 KB)", format!("{delta} bytes"));
}
