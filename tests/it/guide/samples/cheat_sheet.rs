// A dialog's button, shown in the menu while `recovery_is_pending`.
fn recover(offers: Res<RecoveryOffers>, mut commands: Commands) {
    offers.accept(&mut commands);
}
