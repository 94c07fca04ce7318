//! Knows what must come back.

use std::collections::HashMap;

use serde_json::Value;

use super::game::Story;

/// The state that the next process must agree with, learned from what the processes before it printed.
#[derive(Default, Debug)]
pub struct Oracle {
    /// The hash of each checkpoint, as its capture reported it. A number that was captured and lost is
    /// given again; then the later capture counts, since the earlier one never was on disk.
    captured: HashMap<u64, String>,
    /// The newest number on the line that is played.
    newest: u64,
    /// The newest acknowledged number.
    saved: u64,
    /// The way in which the last process left the session, as far as was reported.
    left: Left,
    /// The way in which the last process resumed the session, and at which checkpoint.
    pub taken_up: Option<TakenUp>,
    pub recoveries: u32,
    pub acknowledged: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TakenUp {
    Started,
    Continued { at: u64 },
    Recovered { at: u64 },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Left {
    #[default]
    Killed,
    /// Killed while it was exiting, or, of a closed session, before it had a first checkpoint.
    /// What is on disk may be either.
    KilledOrClosed,
    Closed,
}

impl Oracle {
    /// The newest number that was captured.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Checks everything that a process said, and learns from it.
    pub fn listen(&mut self, story: &Story) -> Result<(), String> {
        self.taken_up = None;
        for line in &story.events {
            self.hear(line).map_err(|complaint| format!("{complaint}: {line}"))?;
        }
        if self.taken_up.is_some() && self.left == Left::Killed && story.asked_to_exit {
            self.left = Left::KilledOrClosed;
        }
        Ok(())
    }

    fn hear(&mut self, line: &Value) -> Result<(), String> {
        match line["event"].as_str().unwrap_or_default() {
            "session_started" => self.started(),
            "session_continued" if self.taken_up.is_some() => self.loaded(line),
            "session_continued" => {
                ensure(self.left != Left::Killed, "what was killed should be recovered")?;
                let at = self.restored(line)?;
                self.take_up(TakenUp::Continued { at })
            }
            "session_recovered" => {
                ensure(self.left != Left::Closed, "what was closed should be continued")?;
                let at = self.restored(line)?;
                self.recoveries += 1;
                self.take_up(TakenUp::Recovered { at })
            }
            "captured" => self.captured(line),
            "checkpoint_saved" => self.saved(line),
            "recovery_available" => {
                ensure(self.left != Left::Closed, "what was closed should be no crash")?;
                let exited = self.left == Left::KilledOrClosed && line["cause"] == "exited";
                ensure(exited || line["cause"] == "abnormal", "a kill should be abnormal")?;
                ensure(number(line, "newest")? >= self.saved, "the offer is too old")?;
                ensure(number(line, "checkpoints")? > 0, "there should be a choice")
            }
            "session_closed" => {
                ensure(self.saved == self.newest, "the last capture should be safe by now")?;
                self.left = Left::Closed;
                Ok(())
            }
            "command" => self.answered(line),
            _ => Err("this should not happen".into()),
        }
    }

    /// Checks an answer: its checkpoint is durable, and it is what was captured.
    fn answered(&mut self, line: &Value) -> Result<(), String> {
        let verb = line["command"].as_str().ok_or("an answer names its command")?;
        if line["ok"] != true {
            return ensure(line["error"].is_string(), "a failure should have a reason");
        }
        if ["checkpoint", "save"].contains(&verb) {
            let checkpoint = number(line, "checkpoint")?;
            let captured = self.captured.get(&checkpoint).ok_or("it never was captured")?;
            ensure(line["hash"] == **captured, &format!("it was captured as {captured}"))?;
            ensure(self.saved >= checkpoint, "it should be safe before it is answered")?;
        }
        Ok(())
    }

    fn started(&mut self) -> Result<(), String> {
        ensure(self.saved == 0, &format!("checkpoint {} was acknowledged", self.saved))?;
        // Nothing of it was acknowledged, so it may be gone, and another one starts over.
        self.captured.clear();
        self.newest = 0;
        self.take_up(TakenUp::Started)
    }

    fn restored(&mut self, line: &Value) -> Result<u64, String> {
        let checkpoint = number(line, "checkpoint")?;
        let saved = self.saved;
        ensure(checkpoint >= saved, &format!("checkpoint {saved} was acknowledged"))?;
        let captured = self.captured.get(&checkpoint).ok_or("it never was captured")?;
        ensure(line["hash"] == **captured, &format!("it was captured as {captured}"))?;
        ensure(line["recover_ms"].as_f64().is_some_and(|ms| ms > 0.0), "it should take time")?;
        self.newest = checkpoint;
        Ok(checkpoint)
    }

    /// A slot of this session. Numbers go on after the newest one that is on disk.
    fn loaded(&mut self, line: &Value) -> Result<(), String> {
        let captured = self.captured.get(&number(line, "checkpoint")?);
        let captured = captured.ok_or("it never was captured")?;
        ensure(line["hash"] == **captured, &format!("it was captured as {captured}"))?;
        self.newest = self.saved;
        Ok(())
    }

    fn take_up(&mut self, taken_up: TakenUp) -> Result<(), String> {
        ensure(self.taken_up.is_none(), "one process should take up one session")?;
        self.taken_up = Some(taken_up);
        if self.left == Left::Closed {
            self.left = Left::KilledOrClosed;
        }
        Ok(())
    }

    fn captured(&mut self, line: &Value) -> Result<(), String> {
        ensure(self.taken_up.is_some(), "the take-up should be reported first")?;
        let checkpoint = number(line, "checkpoint")?;
        ensure(checkpoint > self.newest, &format!("{} was captured before", self.newest))?;
        let kind = line["kind"].as_str().unwrap_or_default();
        ensure(["full", "delta"].contains(&kind), "the kind should be one of two")?;
        ensure(line["capture_us"].as_f64().is_some_and(|us| us > 0.0), "it should take time")?;
        number(line, "frame")?;
        let hash = line["hash"].as_str().ok_or("there should be a hash")?;
        // An exit in the very frame of another checkpoint is one all the same.
        let is_the_same = self.captured.get(&self.newest).is_some_and(|before| before == hash);
        let has_changed = number(line, "changed")? > 0;
        ensure(has_changed || is_the_same, "what is another colony should have changed")?;
        self.captured.insert(checkpoint, hash.to_owned());
        self.newest = checkpoint;
        Ok(())
    }

    fn saved(&mut self, line: &Value) -> Result<(), String> {
        ensure(self.taken_up.is_some(), "the take-up should be reported first")?;
        let checkpoint = number(line, "checkpoint")?;
        ensure(checkpoint > self.saved, &format!("{} was acknowledged before", self.saved))?;
        ensure(checkpoint <= self.newest, "it should have been captured before")?;
        ensure(number(line, "bytes")? > 0, "it should have bytes")?;
        ensure(line["write_ms"].as_f64().is_some_and(|ms| ms > 0.0), "it should take time")?;
        self.saved = checkpoint;
        self.left = Left::Killed;
        self.acknowledged += 1;
        Ok(())
    }
}

fn number(line: &Value, field: &str) -> Result<u64, String> {
    line[field].as_u64().ok_or_else(|| format!("{field} should be a number"))
}

fn ensure(holds: bool, complaint: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint.into()) }
}
