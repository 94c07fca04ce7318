//! Measures `bevy_session` beside its peers and writes `docs/benchmarks.md` with its plots:
//! `cargo run --release -p bevy_session_benchmarks`. With names of parts, it measures these alone
//! and prints what comes of it.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

mod child;
mod machine;
mod parts;
mod peers;
mod plot;
mod report;

use std::path::Path;
use std::time::Instant;

use bevy_session_benchmarks::Outcome;

use crate::parts::PARTS;
use crate::report::Report;

const COMMAND: &str = "cargo run --release -p bevy_session_benchmarks";

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(task) = child::task_in(&words) {
        return child::run(task);
    }
    check(&words)?;
    let mut report = Report::default();
    for (name, measure) in PARTS {
        if !words.is_empty() && !words.iter().any(|word| word == name) {
            continue;
        }
        let begun = Instant::now();
        match measure(&mut report) {
            Ok(()) => println!("{name}: measured in {:.1} s", begun.elapsed().as_secs_f64()),
            Err(error) => {
                println!("{name}: {error}");
                report.failures.push(format!("{name}: {error}"));
            }
        }
    }
    if words.is_empty() {
        write(&mut report)?;
    } else {
        print(&mut report)?;
    }
    match report.failures.len() {
        0 => Ok(()),
        count => Err(format!("{count} parts could not be measured").into()),
    }
}

fn check(words: &[String]) -> Outcome {
    let names = PARTS.map(|(name, _)| name);
    match words.iter().find(|word| !names.contains(&word.as_str())) {
        Some(word) => {
            Err(format!("no part is called {word}; there are {}", names.join(", ")).into())
        }
        None => Ok(()),
    }
}

fn print(report: &mut Report) -> Outcome {
    let directory = std::env::temp_dir();
    draw(report, &directory)?;
    println!("{}", report.markdown(&directory.display().to_string()));
    Ok(())
}

fn write(report: &mut Report) -> Outcome {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let plots = docs.join("benchmarks");
    std::fs::create_dir_all(&plots)?;
    draw(report, &plots)?;
    let text = format!(
        "# Benchmarks\n\nWritten by `{COMMAND}`; don't edit by hand.\n\n{}\n{}",
        machine::markdown()?,
        report.markdown("benchmarks"),
    );
    let path = docs.join("benchmarks.md");
    std::fs::write(&path, text)?;
    println!("written: docs/benchmarks.md");
    Ok(())
}

fn draw(report: &Report, directory: &Path) -> Outcome {
    report
        .sections
        .iter()
        .flat_map(|section| &section.plots)
        .try_for_each(|plot| plot.draw(directory))
}
