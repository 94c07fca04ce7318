//! The findings of the doctor.

use std::fmt;

#[cfg(feature = "reflect")]
use bevy::ecs::reflect::ReflectResource;
use bevy::ecs::resource::Resource;
#[cfg(feature = "reflect")]
use bevy::prelude::ReflectDefault;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use super::Finding;

/// The findings of the [`Doctor`](super::Doctor). As a plugin, it inserts this resource.
///
/// [`Display`](fmt::Display) lists them, one finding per line.
#[derive(Resource, Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct Diagnosis {
    /// Things that the game may have forgotten.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Returns true if nothing was found.
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
