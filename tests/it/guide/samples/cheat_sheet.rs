// After a crash: `proposed` is the newest checkpoint, or an older one if the game died soon after a restore.
fn ask(offers: Res<RecoveryOffers>, mut commands: Commands) {
    let Some(crash) = offers.offers().first() else { return };
    match crash.proposed.restore_from() {
        Some(from) => commands.session().recover(crash.session.id, from),
        // Three such deaths in a row: it stays listed, and a new one begins.
        None => {
            commands.session().decline(crash.session.id);
            commands.session().start(NewSession::named("Campaign"))
        }
    };
}
