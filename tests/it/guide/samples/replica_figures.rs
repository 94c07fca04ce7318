use bevy::prelude::*;
use bevy_session::replica::{ReplicaBack, ReplicaLagging, ReplicaLost, SessionFenced};
use metrics::{counter, gauge};

fn plugin(app: &mut App) {
    app.add_observer(|_: On<SessionFenced>, mut exit: MessageWriter<AppExit>| { exit.write(AppExit::from_code(3)); })
        .add_observer(|_: On<ReplicaLost>| { gauge!("hop_replica_lost").set(1.0); })
        .add_observer(|_: On<ReplicaBack>| { gauge!("hop_replica_lost").set(0.0); })
        .add_observer(|_: On<ReplicaLagging>| { counter!("hop_replica_lagging_total").increment(1); });
}
