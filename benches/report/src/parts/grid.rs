//! The stall over sizes of worlds, shares of changes, sorts of components and archetypes.

use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Cost, Game, on_files};
use bevy_session_benchmarks::statistics::{median, milliseconds, spread, timed};
use bevy_session_benchmarks::worlds::{Mix, Shape, play};

use super::{directory, growth};
use crate::peers::dynamic_world;
use crate::plot::{Content, Plot};
use crate::report::{Report, Section, Table};

/// Changed entities, in thousandths of all.
pub const SHARES: [usize; 5] = [0, 1, 10, 100, 1_000];
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// The checkpoints of one world.
pub struct World {
    pub shape: Shape,
    /// One for each share of [`SHARES`].
    pub deltas: Vec<Stall>,
    pub full: Stall,
    /// Between which times most stalls at 1 % lie.
    pub spread: String,
}

/// Medians.
#[derive(Clone, Copy)]
pub struct Stall {
    /// All of it, copying included.
    pub stall: Duration,
    /// Copying alone.
    pub capture: Duration,
}

pub fn measure(report: &mut Report) -> Outcome {
    let worlds: Vec<World> = shapes().map(measure_world).collect::<Outcome<_>>()?;
    let largest = find(&worlds, Shape::mixed(1_000_000))?.delta(10).stall;
    report.aim(
        4,
        "1,000,000 entities, 1 % changed",
        "≤ 3 ms",
        milliseconds(largest),
        largest <= Duration::from_millis(3),
    );
    growth::judge(report, &worlds)?;
    report.sections.push(section(&worlds)?);
    Ok(())
}

fn shapes() -> impl Iterator<Item = Shape> {
    let mixes = [Mix::Plain, Mix::Heap, Mix::Mixed];
    let archetypes = [1, 500];
    SIZES.into_iter().flat_map(move |entities| {
        archetypes.into_iter().flat_map(move |archetypes| {
            mixes.into_iter().map(move |mix| Shape { entities, mix, archetypes })
        })
    })
}

fn measure_world(shape: Shape) -> Outcome<World> {
    let files = directory()?;
    let mut game = Game::started(on_files(files.path()), shape);
    let rounds = if shape.entities > 100_000 { 5 } else { 15 };
    let mut deltas = vec![Costs::default(); SHARES.len()];
    let (small, all) = deltas.split_at_mut(SHARES.len() - 1);
    for _ in 0..rounds {
        for (share, costs) in SHARES.into_iter().zip(&mut *small) {
            game.play((shape.entities * share).div_ceil(1_000));
            costs.add(game.checkpoint());
        }
    }
    // These come last: in a game no small checkpoint follows right after so large a one.
    for costs in all {
        for _ in 0..rounds.min(5) {
            game.play(shape.entities);
            costs.add(game.checkpoint());
        }
    }
    let mut full = Costs::default();
    for _ in 0..3 {
        game.play(shape.entities / 100);
        full.add(game.full_checkpoint());
    }
    let one_percent = SHARES.iter().position(|share| *share == 10).unwrap_or_default();
    let spread = spread(&deltas[one_percent].stalls);
    let deltas = deltas.iter().map(Costs::median).collect();
    Ok(World { shape, deltas, full: full.median(), spread })
}

#[derive(Clone, Default)]
struct Costs {
    stalls: Vec<Duration>,
    captures: Vec<Duration>,
}

impl Costs {
    fn add(&mut self, cost: Cost) {
        self.stalls.push(cost.stall);
        // If nothing changed, copying is not measured by itself.
        self.captures.push(cost.capture.unwrap_or(cost.stall));
    }

    fn median(&self) -> Stall {
        Stall { stall: median(&self.stalls), capture: median(&self.captures) }
    }
}

impl World {
    /// The checkpoints at a share in thousandths.
    pub fn delta(&self, share: usize) -> Stall {
        let place = SHARES.iter().position(|it| *it == share).unwrap_or_default();
        self.deltas[place]
    }
}

/// The world of this shape.
pub fn find(worlds: &[World], shape: Shape) -> Outcome<&World> {
    let found = worlds.iter().find(|world| world.shape == shape);
    found.ok_or_else(|| format!("{shape:?} was not measured").into())
}

fn section(worlds: &[World]) -> Outcome<Section> {
    let mut table = Table::new([
        "entities",
        "archetypes",
        "components",
        "0 %",
        "0.1 %",
        "1 %",
        "10 %",
        "100 %",
        "full",
        "1 %, 8 of 10",
    ]);
    for World { shape, deltas, full, spread } in worlds {
        let [nothing, tenth, one, ten, all] =
            [0, 1, 2, 3, 4].map(|place| milliseconds(deltas[place].stall));
        table.row([
            &thousands(shape.entities),
            &shape.archetypes.to_string(),
            &format!("{} {}", shape.mix.columns(), shape.mix),
            &nothing,
            &tenth,
            &one,
            &ten,
            &all,
            &milliseconds(full.stall),
            spread,
        ]);
    }
    let intro = "What the main thread spends in the plugin's schedule in the frame of a checkpoint. \
                 *plain* is three components of numbers, *heap* a `Vec<u32>`, a `String` and a \
                 `Vec<String>`, *mixed* three plain ones, a `Vec<u32>` and a `String`. All components \
                 of an entity that changed did. Between two checkpoints the game looks at every \
                 value, and nothing else is in the process. *full* is the median of three.";
    Ok(Section {
        tables: vec![table],
        plots: vec![
            against_entities(worlds, &MIXED)?,
            against_entities(worlds, &PLAIN)?,
            against_entities(worlds, &HEAP)?,
            against_changes(worlds)?,
        ],
        ..Section::new(11, "Stall, over sizes and changes", intro)
    })
}

/// A plot over numbers of entities with components of one sort.
struct OverEntities {
    mix: Mix,
    name: &'static str,
    title: &'static str,
}

const MIXED: OverEntities = OverEntities {
    mix: Mix::Mixed,
    name: "entities",
    title: "Stall of a checkpoint, 5 components",
};
const PLAIN: OverEntities = OverEntities {
    mix: Mix::Plain,
    name: "entities_plain",
    title: "Stall of a checkpoint, 3 plain components",
};
const HEAP: OverEntities = OverEntities {
    mix: Mix::Heap,
    name: "entities_heap",
    title: "Stall of a checkpoint, 3 components with heap",
};

fn against_entities(worlds: &[World], plot: &OverEntities) -> Outcome<Plot> {
    let mut lines = Vec::new();
    for (share, name) in SHARES.into_iter().zip(["nothing", "0.1 %", "1 %", "10 %", "everything"]) {
        let points = SIZES.into_iter().map(|entities| {
            let shape = Shape { mix: plot.mix, ..Shape::mixed(entities) };
            let stall = find(worlds, shape)?.delta(share).stall;
            Ok((entities as f64, stall.as_secs_f64() * 1e3))
        });
        lines.push((format!("{name} changed"), points.collect::<Outcome<_>>()?));
    }
    if plot.mix == Mix::Mixed {
        let text = SIZES
            .into_iter()
            .map(|entities| Ok((entities as f64, text_of(entities)?.as_secs_f64() * 1e3)));
        lines.push(("DynamicWorld + RON".to_owned(), text.collect::<Outcome<_>>()?));
    }
    Ok(Plot {
        name: plot.name,
        title: plot.title,
        x: "entities",
        y: "milliseconds on the main thread",
        content: Content::Lines(lines),
    })
}

/// The time of Bevy's own way for a world of this size.
fn text_of(entities: usize) -> Outcome<Duration> {
    let rounds = if entities > 100_000 { 1 } else { 3 };
    let (mut app, of_app) = dynamic_world::app(Shape::mixed(entities));
    let mut times = Vec::new();
    for round in 0..rounds {
        play(app.world_mut(), &of_app, entities / 100, round);
        let (text, time) = timed(|| dynamic_world::save(app.world(), &of_app));
        text?;
        times.push(time);
    }
    Ok(median(&times))
}

fn against_changes(worlds: &[World]) -> Outcome<Plot> {
    let shapes = [
        ("mixed", Shape::mixed(100_000)),
        ("plain", Shape { mix: Mix::Plain, ..Shape::mixed(100_000) }),
        ("heap", Shape { mix: Mix::Heap, ..Shape::mixed(100_000) }),
        ("mixed, 500 archetypes", Shape { archetypes: 500, ..Shape::mixed(100_000) }),
    ];
    let mut lines = Vec::new();
    for (name, shape) in shapes {
        let world = find(worlds, shape)?;
        let points = SHARES
            .into_iter()
            .filter(|share| *share > 0)
            .map(|share| (share as f64 / 10.0, world.delta(share).stall.as_secs_f64() * 1e3));
        lines.push((name.to_owned(), points.collect()));
    }
    Ok(Plot {
        name: "changes",
        title: "Stall of a checkpoint, 100,000 entities",
        x: "percent of the entities that changed",
        y: "milliseconds on the main thread",
        content: Content::Lines(lines),
    })
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|it| str::from_utf8(it).ok()).collect();
    groups.join(",")
}
