//! What the doctor found.

use std::fmt;

#[cfg(feature = "reflect")]
use bevy::ecs::reflect::ReflectResource;
use bevy::ecs::resource::Resource;
#[cfg(feature = "reflect")]
use bevy::prelude::ReflectDefault;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use super::Finding;

/// What the [`Doctor`](super::Doctor) found. As a plugin, it leaves this in the world.
///
/// [`Display`](fmt::Display) lists it, one finding to a line.
#[derive(Resource, Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct Diagnosis {
    /// What the game may have forgotten.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_healthy() {
            return formatter.write_str("nothing is missing");
        }
        for (place, finding) in self.findings.iter().enumerate() {
            if place > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "- {finding}")?;
        }
        Ok(())
    }
}
