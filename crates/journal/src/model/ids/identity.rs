//! The macro that declares identities.

/// Declares an identity: a value that is written as it is, compared and sorted, and shown by its
/// `Display`.
macro_rules! identity {
    ($(#[$docs:meta])* pub struct $name:ident($visibility:vis $value:ty);) => {
        #[cfg(feature = "bevy_reflect")]
        use bevy_reflect::{ReflectDeserialize, ReflectSerialize};

        $(#[$docs])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[cfg_attr(
            feature = "bevy_reflect",
            derive(bevy_reflect::Reflect),
            type_path = "bevy_session",
            reflect(opaque, Clone, Debug, PartialEq, Hash, Serialize, Deserialize)
        )]
        #[serde(transparent)]
        pub struct $name($visibility $value);

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }
    };
}

pub(super) use identity;
