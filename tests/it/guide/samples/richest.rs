use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::digests::{SessionDigester, SessionDigests, SessionDigestsExt};
use bevy_session::events::RecordedEvent;

struct Gold;

#[derive(serde::Deserialize)]
struct Looted {
    gold: u64,
}

impl SessionDigester for Gold {
    type Value = u64;
    const NAME: &'static str = "gold";

    fn take_event(&self, value: &mut u64, event: &RecordedEvent) {
        if &*event.event_type.path == "hop::Looted"
            && let Ok(Looted { gold }) = event.decode()
        {
            *value += gold;
        }
    }
}

fn show_richest(gold: Res<SessionDigests<Gold>>) {
    let complete = gold.sessions.iter().filter(|session| session.is_complete());
    info!("the richest session has {:?} gold", complete.map(|session| session.value).max());
}

fn digests(app: &mut App) {
    app.digest_sessions(Gold).add_systems(Update, show_richest);
}
