// After a crash, the button of a dialog: to the newest checkpoint, or an older one if the game died soon after a restore.
fn go_on(offers: Res<RecoveryOffers>, mut commands: Commands) {
    offers.accept(&mut commands);
}
