use bevy::prelude::*;
use bevy_session::prelude::*;

fn take_the_other_side(offers: Res<RecoveryOffers>, mut commands: Commands) {
    let Some(first) = offers.offers().first() else { return };
    let Some(offer) = offers.of(first.session.id).nth(1) else { return };
    commands.session().recover(offer.session.id, offer.restore_at(offer.newest));
}
