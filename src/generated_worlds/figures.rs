//! The amount of play.

use std::iter::Sum;

/// Declares the figures once, with the least that an ordinary run must reach.
macro_rules! figures {
    ($figures:ident: $($(#[$attribute:meta])* $name:ident >= $least:literal,)*) => {
        /// The amount of play.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $figures { $($(#[$attribute])* pub $name: u64,)* }

        impl $figures {
            /// Fails if less was played than in an ordinary run.
            pub fn fail_if_shrunk(&self) {
                $(assert!(
                    self.$name >= $least,
                    "{} {} are too few: {self:?}",
                    self.$name,
                    stringify!($name),
                );)*
            }
        }

        impl Sum for $figures {
            fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
                figures.fold(Self::default(), |sum, one| Self { $($name: sum.$name + one.$name,)* })
            }
        }
    };
}

figures! {
    Figures:
    /// Worlds that were captured, restored and compared.
    worlds >= 2_000,
    /// Operations on them.
    operations >= 45_000,
    /// Captures that were taken.
    captures >= 7_500,
    /// The deltas among them.
    deltas >= 4_800,
    /// Batches of captures that were merged.
    merges >= 6_000,
    /// Saved entities that were compared.
    entities >= 20_000,
    /// Values of those that were compared.
    values >= 80_000,
    /// Restores into an app that had played nothing.
    fresh_apps >= 140,
    /// Restores into an app that was being played.
    played_apps >= 3_800,
    /// References whose target wasn't saved, or was despawned.
    dangling >= 1_500,
    /// Entities that were spawned with a reused index.
    reused >= 1_700,
    /// Saved entities that were disabled.
    disabled >= 4_000,
    /// Changes of a state.
    transitions >= 2_000,
    /// Hooks that ran.
    hooks >= 45_000,
    /// Placed entities that were compared.
    keys >= 1_900,
    /// Those that were gone for good.
    losses >= 320,
    /// Those that were left in a room.
    left >= 370,
    /// Those that came late and got what was kept for them, in play or after a restore.
    came_back >= 470,
    /// Restores whose level was loaded in part only, so that the rest came late.
    late >= 180,
}

figures! {
    InPlaceFigures:
    /// Restores in place, to an earlier moment and to the end that was left.
    restores >= 4_000,
    /// Entities to which something was written.
    written >= 18_000,
    /// Entities that were spawned.
    spawned >= 10_000,
    /// Entities that were despawned.
    despawned >= 13_000,
    /// Entities that could not stay.
    respawned >= 1_000,
    /// Restores after which a run opened with a delta to the restored checkpoint.
    opened >= 1_000,
    /// Hooks that ran.
    hooks >= 64_000,
    /// Placed entities that were compared.
    keys >= 4_000,
    /// Those that were gone for good.
    losses >= 5_800,
    /// Those that were left in a room.
    left >= 1_000,
    /// Those that came late and got what was kept for them, in play or after a restore.
    came_back >= 940,
    /// Restores whose level was loaded in part only, so that the rest came late.
    late >= 220,
}
