//! The savings by change ticks of whole columns if nothing changed.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::game::{ENTITIES, Heard, look_at, memory_app, request, start};
use crate::measure::{ROUNDS, median, microseconds, ratio, row};

/// Five components of one form, which differ in what is asked of the engine.
macro_rules! world {
    ($world:ident $(, #[$attribute:meta])?) => {
        mod $world {
            use super::*;

            world!(@component A(f32, f32, f32) $(, #[$attribute])?);
            world!(@component B(f32, f32, f32) $(, #[$attribute])?);
            world!(@component C(f32, f32) $(, #[$attribute])?);
            world!(@component D(Vec<u32>) $(, #[$attribute])?);
            world!(@component E(String) $(, #[$attribute])?);

            /// A game with such a world.
            pub fn app() -> App {
                let mut app = memory_app(&MemoryDisk::default());
                app.world_mut().spawn_batch((0..ENTITIES).map(|number| {
                    let text = format!("worker {number}");
                    (A(1.0, 2.0, 3.0), B(0.1, 0.0, 0.0), C(1.0, 100.0), D(vec![1, 7, 9]), E(text))
                }));
                start(&mut app);
                app
            }

            /// The work of the game's own systems between two checkpoints.
            pub fn play(app: &mut App) {
                look_at::<A>(app);
                look_at::<B>(app);
                look_at::<C>(app);
            }
        }
    };
    (@component $name:ident($($field:ty),*) $(, #[$attribute:meta])?) => {
        #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
        #[reflect(Component, Saved)]
        $(#[$attribute])?
        pub struct $name($($field),*);
    };
}

world!(plain);
world!(summed, #[component(summary_tick)]);

pub fn summary_ticks() {
    let (mut plain, mut summed) = (plain::app(), summed::app());
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain::play(&mut plain);
        without.push(checkpoint(&mut plain));
        summed::play(&mut summed);
        with.push(checkpoint(&mut summed));
    }
    let (without, with) = (median(without), median(with));
    row("capture, 100,000 entities × 5 components, nothing changed", microseconds(without));
    row(
        "the same with `#[component(summary_tick)]` on all five (aim ≤ 0.2)",
        format!("{} = {:.3} ×", microseconds(with), ratio(with, without)),
    );
}

fn checkpoint(app: &mut App) -> Duration {
    app.world_mut().resource_mut::<Heard>().captures.clear();
    request(app, |commands| commands.session().checkpoint("bench"));
    app.update();
    app.world().resource::<Heard>().captures.first().copied().unwrap_or_default()
}
