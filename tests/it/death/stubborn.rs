//! Something that the writer can't write at once. It stands for a disk that takes its time, or
//! doesn't answer.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use crate::process::{directory, say};
use crate::waiting::wait_until;

/// The manner in which it is written from now on.
#[derive(Clone, Copy)]
pub enum Manner {
    Never = 1,
    /// As soon as the test has put a file "go on" there.
    OnceAllowed = 2,
    Slowly = 3,
}

static MANNER: AtomicU8 = AtomicU8::new(0);
static IS_BEING_WRITTEN: AtomicBool = AtomicBool::new(false);

pub fn write_as(manner: Manner) {
    MANNER.store(manner as u8, Ordering::Relaxed);
}

pub fn is_being_written() -> bool {
    IS_BEING_WRITTEN.load(Ordering::Relaxed)
}

/// A game with something stubborn in it that changes all the time.
pub fn stubborn(mut app: App) -> App {
    app.world_mut().spawn(Stubborn(0));
    app.add_systems(First, |mut stubborn: Single<&mut Stubborn>| stubborn.0 += 1);
    app
}

#[derive(Component, Reflect, Clone, Deserialize)]
#[reflect(Component, Saved)]
struct Stubborn(u32);

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let manner = MANNER.load(Ordering::Relaxed);
        IS_BEING_WRITTEN.store(manner != 0, Ordering::Relaxed);
        if manner == Manner::Never as u8 {
            loop {
                std::thread::park();
            }
        } else if manner == Manner::OnceAllowed as u8 {
            say("slow");
            wait_until(|| directory().join("go on").exists());
        } else if manner == Manner::Slowly as u8 {
            std::thread::sleep(Duration::from_millis(300));
        }
        serializer.serialize_u32(self.0)
    }
}
