//! Placed entities: the level owns their existence, the checkpoint their values.
//!
//! A `SaveKey` is the name under which a level spawns an entity again. Its hooks note who comes and who is
//! despawned, so that not even a coin is missed that is taken between two captures. What becomes of a key:
//!
//! | | in the world | in the journal |
//! | --- | --- | --- |
//! | *live* | the level's entity | rows like any other's, with the key as one of them |
//! | *gone* | despawned again as soon as it comes | a row in `bevy_session::Gone` |
//! | *waiting* | not there: its level isn't loaded, its player absent | all its rows, carried along as bytes |
//! | *anchor* | there, and not saved | a row in `bevy_session::Anchor`, so that references to it find it |
//!
//! A restore writes onto the live ones, despawns the gone ones, and lets the writer keep the rows of those that
//! wait. When the root of a `SaveScope` is despawned, the hook copies what is placed below it while it is still
//! there; the writer keeps those rows too. When an entity comes whose key waits, the writer decodes its rows as a
//! small checkpoint, and the same code that restores a world writes them onto it, with the same repair of what
//! hooks and observers change meanwhile; resources, the other saved entities and their lists become what they were
//! before it (`restore/others.rs`). Until `ContentOrder::Settle` says what came of it, what was kept stays in
//! force: a checkpoint in between says the kept rows and leaves out what the level gave the entity
//! (`encode/claims.rs`), and the one after has the entity whole, since its marker counts as added. The lists of
//! targets that are there go on naming in the journal whoever waits, since the encoder puts them back where they
//! belong (`encode/awaited.rs`), and a claim brings those lists along. Values never lie decoded on the main thread:
//! there is one place for what waits, and it is the one that survives a crash.
//!
//! An entity that is despawned with its state, by `DespawnOnExit` or `DespawnOnEnter` on itself or on what it hangs
//! from, isn't gone: the round is over, and its key begins again. `placed/rounds.rs` marks such entities between
//! the last look at the states that are left and Bevy's own despawning, and forgets the keys of the round that are
//! gone. Which state a key belongs to is noted when its entity comes, for all states that are saved or that a hook
//! goes by. A `SaveScope` nearer than the state wins: what is below it comes back as it was left. What is despawned
//! before the process plays any session is recorded nowhere.

mod arrivals;
mod key;
mod rounds;
mod scope;

pub(crate) use arrivals::{Departure, Parking, Placed};
pub use key::SaveKey;
pub(crate) use rounds::follow_state_scopes;
pub use scope::SaveScope;
