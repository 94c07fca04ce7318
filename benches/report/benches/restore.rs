//! From files to a running world: `cargo bench -p bevy_session_benchmarks --bench restore`.

use std::time::Duration;

use bevy_session::prelude::*;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::worlds::Shape;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn restores(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("restore");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(1));
    for entities in [1_000, 10_000, 100_000] {
        let files = tempfile::tempdir().expect("a temporary directory can be made");
        let mut game = Game::started(on_files(files.path()), Shape::mixed(entities));
        let session = game.session().expect("a session is played");
        game.close();
        drop(game);
        group.bench_function(BenchmarkId::from_parameter(entities), |bencher| {
            bencher.iter_custom(|rounds| {
                let restore = |_| {
                    let mut game = Game::new(on_files(files.path())).run();
                    game.ask(|commands| commands.session().continue_session(session));
                    game.spin_until(|heard| !heard.restores.is_empty()).expect("it comes back");
                    let time = game.heard().restores[0];
                    game.close();
                    time
                };
                (0..rounds).map(restore).sum()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, restores);
criterion_main!(benches);
