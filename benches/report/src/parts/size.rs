//! The bytes of a whole world on a disk.

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::statistics::bytes;
use bevy_session_benchmarks::worlds::Shape;

use super::writer::files_below;
use super::{ENTITIES, directory};
use crate::peers::{dynamic_world, moonshine};
use crate::report::{Report, Section, Table};

pub fn measure(report: &mut Report) -> Outcome {
    let files = directory()?;
    let shape = Shape::mixed(ENTITIES);
    let _game = Game::started(on_files(files.path()), shape);
    let ours: u64 = files_below(&files.path().join("data"))
        .iter()
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    let (described, entities) = dynamic_world::app(shape);
    let text = dynamic_world::save(described.world(), &entities)?.into_bytes();
    let (mut filed, _) = moonshine::app(shape);
    let path = files.path().join("moonshine.ron");
    moonshine::save(filed.world_mut(), &path);
    let moonshine = std::fs::read(&path)?;
    let compressed = zstd::bulk::compress(&text, 1)?.len() as u64;
    let half = zstd::bulk::compress(&moonshine, 1)?.len() as u64;

    let share = text.len() as f64 / ours as f64;
    let of_compressed = ours as f64 / half as f64;
    report.aim(
        8,
        "size on disk of a full snapshot",
        "≤ 1/30 of the RON; a stretch: half of moonshine-save's file through zstd level 1",
        format!("1/{share:.0}; {of_compressed:.2} of the other"),
        share >= 30.0,
    );
    let mut table = Table::new(["what", "bytes", "ratio"]);
    for (what, size) in [
        ("bevy_session: the session's files after its first checkpoint", ours),
        ("`DynamicWorld` as RON", text.len() as u64),
        ("the same through zstd level 1", compressed),
        ("moonshine-save's file", moonshine.len() as u64),
        ("the same through zstd level 1", half),
    ] {
        table.row([what, &bytes(size), &format!("{:.2}", size as f64 / ours as f64)]);
    }
    let intro = "100,000 entities × 5 components.";
    report
        .sections
        .push(Section { tables: vec![table], ..Section::new(19, "Size on disk", intro) });
    Ok(())
}
