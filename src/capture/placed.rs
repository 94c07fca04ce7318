//! Placed entities: the level owns their existence, the checkpoint their values.

mod arrivals;
mod key;
mod rounds;
mod scope;

pub use key::SaveKey;
pub use scope::SaveScope;

pub(crate) use arrivals::{Departure, Parking, Placed};
pub(crate) use rounds::follow_state_scopes;
