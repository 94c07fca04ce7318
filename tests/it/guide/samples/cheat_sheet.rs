// The button of a dialog, which is shown while `bevy_session::recovery_is_pending`.
fn recover(offers: Res<RecoveryOffers>, mut commands: Commands) {
    offers.accept(&mut commands);
}
