//! Placed entities: the level owns their existence, the checkpoint their values.
//!
//! A `SaveKey` is the name under which a level spawns an entity. Its hooks note arrivals and
//! despawns, so that even a coin that is taken between two captures is noticed. The states of a
//! key:
//!
//! | | in the world | in the journal |
//! | --- | --- | --- |
//! | *live* | the level's entity | rows like any other's, with the key as one of them |
//! | *gone* | despawned again as soon as it comes | a row in `bevy_session::Gone` |
//! | *waiting* | not there: its level isn't loaded, its player absent | all its rows, carried along as bytes |
//! | *anchor* | there, and not saved | a row in `bevy_session::Anchor`, so that references to it find it |
//!
//! A restore writes to the live ones, despawns the gone ones, and lets the writer keep the rows of
//! the waiting ones. When the root of a `SaveScope` is despawned, the hook copies the placed
//! entities below it while they still exist; the writer keeps those rows too. When an entity with a
//! waiting key arrives, the writer decodes its rows as a small checkpoint, and the same code that
//! restores a world writes them to it, with the same repair of changes by hooks and observers;
//! resources, the other saved entities and their lists are changed back to what they were before it
//! (`restore/others.rs`). References in the world to the entity that left lead to it then
//! (`saved/came_back.rs`). Until `ContentOrder::Settle` reports the outcome, the kept rows stay in
//! force: a checkpoint in between has the kept rows and leaves out the level's values of the entity
//! (`encode/claims.rs`), and the one after has the entity whole, since its marker counts as added.
//! In the journal, the lists of existing targets still name the waiting entities, since the encoder
//! inserts them at their places (`encode/awaited.rs`), and a claim includes those lists. Decoded
//! values are never stored on the main thread: waiting values have one place, and it is the one
//! that survives a crash.
//!
//! An entity that is despawned with its state, by `DespawnOnExit` or `DespawnOnEnter` on itself or
//! on an ancestor, isn't gone: the round is over, and its key begins again. `placed/rounds.rs`
//! marks such entities between the last look at the states that are left and Bevy's own despawning,
//! and forgets the keys of the round that are gone. The states of a key are noted when its entity
//! arrives, for all states that are saved or that a hook uses. A `SaveScope` nearer than the state
//! wins: the entities below it come back as they were left. Despawns before the process plays any
//! session aren't recorded.

mod arrivals;
mod key;
mod rounds;
mod scope;

pub(crate) use arrivals::{Departure, Parking, Placed};
pub use key::SaveKey;
pub(crate) use rounds::follow_state_scopes;
pub use scope::SaveScope;
