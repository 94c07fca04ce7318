use bevy::prelude::*;
use bevy_session::prelude::*;

fn go_on(mut commands: Commands, offers: Res<RecoveryOffers>) {
    let Some(offer) = offers.offers().first() else { return };
    match offer.proposed.restore_from() {
        Some(from) => commands.session().recover(offer.session.id, from),
        // It died three times in a row soon after a restore. Start a new session.
        None => commands.session().decline(offer.session.id),
    };
}

fn leave_it(mut commands: Commands, offers: Res<RecoveryOffers>) {
    let Some(offer) = offers.offers().first() else { return };
    commands.session().decline(offer.session.id);
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
