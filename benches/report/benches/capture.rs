//! The main thread's time for copying, over shares of changes, sorts of components, sizes and archetypes:
//! `cargo bench -p bevy_session_benchmarks --bench capture`.

use std::time::Duration;

use bevy_session_benchmarks::game::{Cost, Game, on_files};
use bevy_session_benchmarks::worlds::{Mix, Shape};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Worlds of the grid, each with one thing else than the first.
const SHAPES: [(&str, Shape); 6] = [
    ("mixed", Shape { entities: 100_000, mix: Mix::Mixed, archetypes: 1 }),
    ("plain", Shape { entities: 100_000, mix: Mix::Plain, archetypes: 1 }),
    ("heap", Shape { entities: 100_000, mix: Mix::Heap, archetypes: 1 }),
    ("archetypes", Shape { entities: 100_000, mix: Mix::Mixed, archetypes: 500 }),
    ("small", Shape { entities: 1_000, mix: Mix::Mixed, archetypes: 1 }),
    ("large", Shape { entities: 1_000_000, mix: Mix::Mixed, archetypes: 1 }),
];
/// Changed entities, in thousandths. If nothing changed, no checkpoint is taken that could be
/// timed by itself; the report has that figure.
const SHARES: [usize; 4] = [1, 10, 100, 1_000];

fn captures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("capture");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(1));
    for (name, shape) in SHAPES {
        let files = tempfile::tempdir().expect("a temporary directory can be made");
        let mut game = Game::started(on_files(files.path()), shape);
        for share in SHARES {
            group.bench_function(BenchmarkId::new(name, format!("{share} per mille")), |bencher| {
                bencher.iter_custom(|rounds| {
                    total(rounds, || {
                        game.play((shape.entities * share).div_ceil(1_000));
                        game.checkpoint()
                    })
                });
            });
        }
        group.bench_function(BenchmarkId::new(name, "full"), |bencher| {
            bencher.iter_custom(|rounds| {
                total(rounds, || {
                    game.play(shape.entities / 100);
                    game.full_checkpoint()
                })
            });
        });
    }
    group.finish();
}

fn total(rounds: u64, mut checkpoint: impl FnMut() -> Cost) -> Duration {
    (0..rounds).filter_map(|_| checkpoint().capture).sum()
}

criterion_group!(benches, captures);
criterion_main!(benches);
