use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::events::{EventQuery, EventsRead, LifecycleEvent};
use bevy_session_play::{CrewChange, CrewDeed};

fn ask(session: Res<CurrentSession>, mut commands: Commands) {
    let types = [LifecycleEvent::TYPE_PATH, CrewChange::TYPE_PATH, CrewDeed::TYPE_PATH];
    let query = EventQuery {
        types: types.map(str::to_owned).into(),
        limit: 50,
        ..EventQuery::of(session.id())
    };
    commands.session().events().read(query);
}

fn show(read: On<EventsRead>) {
    let Ok(page) = &read.result else { return };
    for event in &page.events {
        if let Ok(deed) = event.decode::<CrewDeed>() {
            println!("{:?} asked for {}: {:?}", deed.by, deed.request, deed.outcome);
        }
    }
    // `page.next` goes into `EventQuery::after` for the next page.
}

fn plugin(app: &mut App) {
    app.add_observer(|_: On<bevy_session::SessionPaused>, mut commands: Commands| commands.run_system_cached(ask))
        .add_observer(show);
}
