use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::RecoveryOffer;
use bevy_session::recovery::RecoveryOption;

#[derive(Resource)]
struct SafeMode;

fn start_in_safe_mode(In(offer): In<RecoveryOffer>, mut commands: Commands) {
    commands.insert_resource(SafeMode);
    commands.session().recover(offer.session.id, offer.restore_at(offer.newest));
}

fn options(app: &mut App) {
    app.recovery_option(
        RecoveryOption::new("safe_mode", "Continue without mods").proposed_after(1),
        start_in_safe_mode,
    );
}
