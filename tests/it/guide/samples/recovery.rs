use bevy::prelude::*;
use bevy_session::prelude::*;

fn go_on(mut commands: Commands, offers: Res<RecoveryOffers>) {
    let Some(offer) = offers.offers().first() else { return };
    commands.session().recover(offer.session.id, RestoreFrom::Latest);
}

fn leave_it(mut commands: Commands, offers: Res<RecoveryOffers>) {
    let Some(offer) = offers.offers().first() else { return };
    commands.session().decline(offer.session.id);
}
