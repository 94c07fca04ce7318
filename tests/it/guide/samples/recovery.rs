use bevy::prelude::*;
use bevy_session::prelude::*;

// The buttons of the dialog.
fn go_on(offers: Res<RecoveryOffers>, mut commands: Commands) {
    offers.accept(&mut commands);
}

fn leave_it(offers: Res<RecoveryOffers>, mut commands: Commands) {
    let Some(offer) = offers.offers().first() else { return };
    commands.session().decline(offer);
}
