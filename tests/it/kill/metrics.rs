//! `--metrics`, where it can't be served.

use std::net::TcpListener;

use super::game::Game;

#[test]
fn metrics_that_cannot_be_served_are_refused_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let story = Game::start(directory.path(), &["--seconds", "1", "--metrics", &address]).finish();
    assert_eq!(story.exit_code(), Some(1), "{story}");
    let complaints = story.complaints();
    // The example was built either without the feature or with it.
    let needs_feature = "--metrics needs a build with the feature: --features metrics.";
    let is_taken = format!("Metrics can't be served on {address}: ");
    assert!(complaints.contains(needs_feature) || complaints.contains(&is_taken), "{complaints}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was begun");
}
