// After a crash: `proposed` is the newest checkpoint, or an older one if the game dies on it again and again.
fn ask(crash: On<RecoveryAvailable>, mut commands: Commands) {
    let session = crash.offer.session.id;
    match crash.offer.proposed.restore_from() {
        Some(from) => commands.session().recover(session, from),
        // Three such deaths in a row: it stays listed, and a new one begins.
        None => {
            commands.session().decline(session);
            commands.session().start(NewSession::named("Campaign"))
        }
    };
}
