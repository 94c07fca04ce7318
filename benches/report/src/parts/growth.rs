//! The cost of one more entity, change and archetype, from the figures of the grid.

use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::statistics::milliseconds;
use bevy_session_benchmarks::worlds::Shape;

use super::grid::{World, find};
use crate::report::{Report, Section, Table};

/// Judges how the stall grows.
pub fn judge(report: &mut Report, worlds: &[World]) -> Outcome {
    let (small, large) =
        (find(worlds, Shape::mixed(100_000))?, find(worlds, Shape::mixed(1_000_000))?);
    let spread = find(worlds, Shape { archetypes: 500, ..small.shape })?;
    let columns = small.shape.mix.columns() as f64;

    let scan =
        nanoseconds_between(small.delta(0).capture, large.delta(0).capture) / (900_000.0 * columns);
    let table_cost =
        nanoseconds_between(small.delta(0).capture, spread.delta(0).capture) / (499.0 * columns);
    let spread_stall = spread.delta(10).stall;
    let cheap = nanoseconds_between(small.delta(10).capture, small.delta(100).capture)
        / (9_000.0 * columns);
    let costly = nanoseconds_between(small.delta(100).capture, small.delta(1_000).capture)
        / (90_000.0 * columns);
    // Twice as much for each of ten times as many would no longer be linear.
    let is_linear = costly <= cheap * 2.0;
    report.aim(
        5,
        "growth: in changes",
        "linear",
        format!("{cheap:.1} ns a value from 1 to 10 %, {costly:.1} ns from 10 to 100 %"),
        is_linear,
    );
    report.aim(
        5,
        "growth: scan",
        "≤ 0.15 ns per entity and column",
        format!("{scan:.3} ns"),
        scan <= 0.15,
    );
    report.aim(
        5,
        "growth: tables",
        "≤ 80 ns per table and column",
        format!("{table_cost:.0} ns"),
        table_cost <= 80.0,
    );
    report.aim(
        5,
        "500 archetypes, 1 % changed",
        "≤ 0.6 ms",
        milliseconds(spread_stall),
        spread_stall <= Duration::from_micros(600),
    );
    let rows = table([
        (
            "scan, per entity and column",
            scan,
            "nothing changed: 1,000,000 against 100,000 entities",
        ),
        ("per table and column", table_cost, "nothing changed: 500 archetypes against one"),
        ("per changed value", cheap, "100,000 entities: 10 % against 1 %"),
        ("per changed value", costly, "100,000 entities: 100 % against 10 %"),
    ]);
    let intro = "Differences between cells of the table above, of copying alone, divided by what the \
                 one has more. Changes are called linear as long as a value costs at most twice as \
                 much where ten times as many changed.";
    report.sections.push(Section { tables: vec![rows], ..Section::new(12, "How it grows", intro) });
    Ok(())
}

fn table(figures: [(&str, f64, &str); 4]) -> Table {
    let mut rows = Table::new(["what", "figure", "from"]);
    for (what, nanoseconds, from) in figures {
        let digits = if nanoseconds < 1.0 { 3 } else { 1 };
        rows.row([what, &format!("{nanoseconds:.digits$} ns"), from]);
    }
    rows
}

fn nanoseconds_between(less: Duration, more: Duration) -> f64 {
    (more.as_secs_f64() - less.as_secs_f64()) * 1e9
}
