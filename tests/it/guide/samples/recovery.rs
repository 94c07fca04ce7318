use bevy::prelude::*;
use bevy_session::prelude::*;

fn go_on(offers: Res<RecoveryOffers>, mut commands: Commands) {
    offers.accept(&mut commands);
}

fn leave_it(offers: Res<RecoveryOffers>, mut commands: Commands) {
    let Some(offer) = offers.offers().first() else { return };
    commands.session().decline(offer);
}

/// Sent by the buttons of the dialog.
#[derive(Message)]
struct Continue;

#[derive(Message)]
struct Decline;

fn dialog(app: &mut App) {
    app.add_message::<Continue>()
        .add_message::<Decline>()
        .add_systems(Update, go_on.run_if(on_message::<Continue>))
        .add_systems(Update, leave_it.run_if(on_message::<Decline>));
}
