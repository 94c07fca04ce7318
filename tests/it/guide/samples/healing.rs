use bevy::prelude::*;

#[derive(Component, PartialEq)]
struct Health(f32);

fn plugin(app: &mut App) {
    app.add_systems(FixedUpdate, heal);
}

fn heal(mut wounded: Query<&mut Health>) {
    for mut health in &mut wounded {
        let healed = Health((health.0 + 0.1).min(100.0));
        health.set_if_neq(healed); // those at 100 aren't marked
    }
}
