use bevy::prelude::*;
use bevy_session_ops::{SessionFigures, SessionOperation, Window};

fn plugin(app: &mut App) {
    app.add_systems(Update, overlay);
}

fn overlay(figures: Res<SessionFigures>) {
    let checkpoints = figures.operation(SessionOperation::Checkpoint);
    let lately = checkpoints.over(Window::FiveMinutes);
    info!("{:.1} a second, p95 {:?}", lately.per_second(), lately.p95);
    info!("{} failed, {:?} of all", lately.errors, lately.error_share());
    info!("{} captures wait; {} bytes written", figures.load().captures, figures.bytes_written());
}
