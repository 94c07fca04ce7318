//! A line of the log, as JSON.

use std::error::Error;
use std::fmt::Debug;

use bevy_session::SessionId;
use bevy_session::chapters::ChapterId;
use bevy_session::monitoring::Played;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

/// Bytes of one text that are kept.
const TEXT_BYTES: usize = 8 << 10;
/// Bytes of a stack trace that are kept.
const STACK_TRACE_BYTES: usize = 32 << 10;

/// A line of the log. The keys are those that OpenTelemetry has, where it has one.
#[derive(Serialize)]
pub(super) struct JsonLine<'a> {
    #[serde(serialize_with = "as_text")]
    timestamp: Timestamp,
    level: &'a str,
    target: String,
    message: String,
    #[serde(skip_serializing_if = "JsonFields::is_empty")]
    fields: JsonFields,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<JsonSpan>,
    #[serde(rename = "session.id", serialize_with = "as_optional_text")]
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(rename = "chapter.id", serialize_with = "as_optional_text")]
    #[serde(skip_serializing_if = "Option::is_none")]
    chapter: Option<ChapterId>,
}

/// A span around it.
#[derive(Serialize)]
pub(super) struct JsonSpan {
    pub name: &'static str,
    #[serde(skip_serializing_if = "JsonFields::is_empty")]
    pub fields: JsonFields,
}

/// Fields of an event or a span, with values of the kind that they were given as.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub(super) struct JsonFields(Map<String, Value>);

impl JsonFields {
    /// Takes over these, in the place of those of the same names.
    pub fn extend(&mut self, fields: Self) {
        self.0.extend(fields.0);
    }
}

impl<'a> JsonLine<'a> {
    /// One whose message is the field of that name.
    pub fn new(timestamp: Timestamp, level: &'a str, target: &str, mut fields: JsonFields) -> Self {
        let message = fields.take_text("message").unwrap_or_default();
        // What came by way of the `log` crate has its origin in fields.
        let target = fields.take_text("log.target").unwrap_or_else(|| target.to_owned());
        for name in ["log.module_path", "log.file", "log.line"] {
            fields.0.remove(name);
        }
        let (spans, session, chapter) = (Vec::new(), None, None);
        Self { timestamp, level, target, message, fields, spans, session, chapter }
    }

    /// The same within these spans, the outermost first.
    pub fn within(self, spans: Vec<JsonSpan>) -> Self {
        Self { spans, ..self }
    }

    /// The same of what is played.
    pub fn of(self, Played { session, chapter, .. }: Played) -> Self {
        Self { session, chapter, ..self }
    }

    pub fn to_text(&self) -> String {
        // Texts, numbers and truth values can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl JsonFields {
    pub fn of_message(message: &str) -> Self {
        let mut fields = Self::default();
        fields.set("message", message);
        fields
    }

    /// Sets a field. What is too long of a text is cut.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let mut value = value.into();
        if let Value::String(text) = &mut value {
            let most = if name == "exception.stacktrace" { STACK_TRACE_BYTES } else { TEXT_BYTES };
            text.truncate(text.floor_char_boundary(most));
        }
        // A raw identifier is the name that it stands for.
        self.0.insert(name.strip_prefix("r#").unwrap_or(name).to_owned(), value);
    }

    fn take_text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Visit for JsonFields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value);
    }

    /// JSON has no numbers that are none; they become `null`.
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field.name(), value.to_string());
    }
}

fn as_text<T: ToString, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

fn as_optional_text<T: ToString, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}
