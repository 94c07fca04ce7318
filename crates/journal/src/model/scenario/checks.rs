//! Values of a file, checked while they are read, so that an error has their place.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::model::ids::limits;
use crate::model::session::{self, Fields};

/// A text that a session can have.
#[derive(Debug)]
pub(super) struct Text(pub String);

/// A time, as "45min" or "PT45M".
#[derive(Debug)]
pub(super) struct Time(pub Duration);

/// Values of the game's own.
#[derive(Default, Debug)]
pub(super) struct Values(pub Fields);

#[derive(Default, Debug)]
pub(super) struct Tags(pub session::Tags);

/// Texts by relation.
#[derive(Default, Debug)]
pub(super) struct Links(pub session::Links);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (text, limit) = (String::deserialize(deserializer)?, limits::STRING_BYTES);
        if text.len() > limit {
            let bytes = text.len();
            return Err(Error::custom(format!(
                "a text of {bytes} bytes is over the limit of {limit}"
            )));
        }
        Ok(Self(text))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = text.parse::<SignedDuration>().ok().and_then(|time| time.try_into().ok());
        time.map(Self).ok_or_else(|| {
            Error::custom(format!("expected a length of time such as \"45min\", found {text:?}"))
        })
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::default();
        for (name, value) in BTreeMap::<String, ron::Value>::deserialize(deserializer)? {
            fields.set(&name, &value).map_err(Error::custom)?;
        }
        Ok(Self(fields))
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tags: session::Tags = Vec::<String>::deserialize(deserializer)?.into_iter().collect();
        tags.check().map_err(Error::custom)?;
        Ok(Self(tags))
    }
}

impl<'de> Deserialize<'de> for Links {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut links = session::Links::default();
        for (relation, text) in BTreeMap::<String, String>::deserialize(deserializer)? {
            links.insert(relation, text);
        }
        links.check().map_err(Error::custom)?;
        Ok(Self(links))
    }
}
