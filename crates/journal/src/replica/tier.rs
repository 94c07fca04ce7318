//! The tiers of replicas.

/// A tier of replicas. Each has a store, claims and seals of its own.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub enum ReplicaTier {
    /// The replica that decides who plays a session, and has what is newest of it.
    #[default]
    Main,
    /// A backup of that. It has what it had at the last transfer, and decides nothing.
    Backup,
}
