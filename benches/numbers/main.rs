//! Prints what the plugin costs, beside what the machine can do at best: `cargo bench`.
//!
//! Everything is measured through the public API, as a game would pay it. Figures are medians; the
//! machine may be shared, so ratios say more than times.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod beside;
mod captures;
mod external;
mod figures;
mod finding;
mod following;
mod frames;
mod game;
mod hostile;
mod keeping;
mod listings;
mod measure;
mod mentions;
mod recording;
mod replays;
mod reports;
mod restores;
mod scenarios;
mod summary_ticks;
mod thousands;

fn main() {
    if reports::has_opened() {
        return;
    }
    println!("| what | figure |");
    println!("| --- | --- |");
    let parts: [(&str, fn()); 25] = [
        ("idle", frames::idle),
        ("small_game", captures::small_game),
        ("delta_captures", captures::delta_captures),
        ("summary_ticks", summary_ticks::summary_ticks),
        ("full_capture", captures::full_capture_beside_memcpy),
        ("pauses", frames::pauses),
        ("restore", restores::restore),
        ("million", restores::million),
        ("rewinds", restores::rewinds),
        ("in_place", restores::in_place),
        ("forks", restores::forks),
        ("listing", listings::listing),
        ("catalogue", listings::catalogue),
        ("requests", frames::requests),
        ("placed", restores::placed),
        ("hooks", frames::hooks),
        ("external", external::external),
        ("figures", figures::figures),
        ("recording", recording::recording),
        ("replays", replays::replays),
        ("rebuild", replays::rebuild),
        ("reports", reports::reports),
        ("hostile", hostile::hostile),
        ("beside", beside::beside),
        ("scenarios", scenarios::scenarios),
    ];
    // `cargo bench --bench numbers -- catalogue` measures that alone.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    // What takes minutes is measured if it is named.
    let long: [(&str, fn()); 6] = [
        ("hundred_thousand", listings::hundred_thousand),
        ("ten_thousand", finding::ten_thousand),
        ("following", following::following),
        ("hour", replays::hour),
        ("people", keeping::people),
        ("cleanup", keeping::cleanup),
    ];
    for (name, measure) in long {
        if wanted.iter().any(|wanted| wanted == name) {
            measure();
        }
    }
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            measure();
        }
    }
}
