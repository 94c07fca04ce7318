//! Lines of a game's log, which are JSON, as people read them.

use std::fmt::Write;

use serde_json::Value;

/// A line of a log for people: when, how bad, from where, and what with its fields. One of another form is as it is.
pub fn logged_line(line: &str) -> String {
    let Ok(Value::Object(said)) = serde_json::from_str(line) else { return line.to_owned() };
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut words =
        format!("{} {} {}: {}", text("timestamp"), text("level"), text("target"), text("message"));
    let fields = said.get("fields").and_then(Value::as_object).into_iter().flatten();
    // Of a panic, the message has it, and a stack trace is no line.
    for (name, value) in fields.filter(|(name, _)| !name.starts_with("exception.")) {
        // Writing into a text never fails.
        let _ = write!(words, " {name}={value}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_log_line_is_formatted_and_any_other_is_kept() {
        let line = r#"{"timestamp":"2026-01-01T00:00:00Z","level":"WARN","target":"hop::door","message":"stuck","fields":{"door":7,"key":"red"},"session.id":"x"}"#;
        assert_eq!(
            logged_line(line),
            r#"2026-01-01T00:00:00Z WARN hop::door: stuck door=7 key="red""#
        );
        assert_eq!(logged_line("half a li"), "half a li");
        assert_eq!(logged_line("[1]"), "[1]");
    }
}
