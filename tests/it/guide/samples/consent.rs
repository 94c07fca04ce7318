use bevy::prelude::*;
use bevy_session::consent::{Consent, Purpose};

fn ticked(mut consent: ResMut<Consent>) {
    consent.give(Purpose::Insights);
}
